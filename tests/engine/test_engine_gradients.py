"""Every cell's forward pass against its plain twin, every gradient against central differences."""

import numpy as np
import pytest
from reference_cells import make_network, plain_forward, random_state

from rnnviz.engine.cells import tiles
from rnnviz.engine.layer import LARGEST_ONE_HOT, sum_by_character
from rnnviz.engine.loss import softmax_cross_entropy
from rnnviz.engine.network import Network

CELLS = [("rnn", "tanh"), ("rnn", "relu"), ("lstm", "tanh"), ("gru", "tanh")]
T, B, V = 6, 3, 7


def loss_of(network: Network, inputs, targets, state, reduction: str) -> float:
    logits, _ = plain_forward(network.config, network.parameters, inputs, state)
    total, _ = softmax_cross_entropy(logits, targets)
    return total / targets.size if reduction == "mean" else total


@pytest.mark.parametrize(("cell", "activation"), CELLS)
@pytest.mark.parametrize("layers", [1, 2, 4])
@pytest.mark.parametrize("vocabulary", [V, LARGEST_ONE_HOT // (T * B) + 1])
def test_forward_equals_the_plain_twin(cell, activation, layers, vocabulary):
    rng = np.random.default_rng(1)
    network = make_network(
        vocabulary_size=vocabulary, num_layers=layers, cell=cell, activation=activation
    )
    inputs = rng.integers(0, vocabulary, (T, B))
    state = random_state(network, B, rng)
    for _ in range(2):  # the second pass works in used buffers
        forward = network.forward(inputs, state)
        logits, final = plain_forward(network.config, network.parameters, inputs, state)
        np.testing.assert_allclose(forward.logits, logits, rtol=0, atol=1e-13)
        for arrays, expected in zip(forward.state, final, strict=True):
            np.testing.assert_allclose(arrays, expected, rtol=0, atol=1e-13)
        inputs, state = rng.integers(0, vocabulary, (T, B)), forward.state


@pytest.mark.parametrize(("cell", "activation"), CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_every_gradient_equals_central_differences(cell, activation, layers, reduction):
    rng = np.random.default_rng(2)
    network = make_network(
        seed=3,
        vocabulary_size=V,
        hidden_size=4,
        num_layers=layers,
        cell=cell,
        activation=activation,
    )
    inputs, targets = rng.integers(0, V, (T, B)), rng.integers(0, V, (T, B))
    state = random_state(network, B, rng)
    # A pass over other text first: nothing of it may be left in the buffers.
    other = network.forward(targets, network.zero_state(B))
    network.backward(other, softmax_cross_entropy(other.logits, inputs)[1])

    forward = network.forward(inputs, state)
    _, dlogits = softmax_cross_entropy(forward.logits, targets, reduction=reduction)
    gradients = network.backward(forward, dlogits)

    step = 1e-5
    for name, parameter in network.parameters.items():
        numeric = np.zeros_like(parameter)
        for index in np.ndindex(parameter.shape):
            value = parameter[index]
            parameter[index] = value + step
            above = loss_of(network, inputs, targets, state, reduction)
            parameter[index] = value - step
            below = loss_of(network, inputs, targets, state, reduction)
            parameter[index] = value
            numeric[index] = (above - below) / (2 * step)
        error = np.linalg.norm(gradients[name] - numeric) / np.linalg.norm(numeric)
        assert error <= 1e-6, f"{name}: relative error {error:.1e}"


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_gathered_vocabulary_has_the_gradients_of_a_one_hot_one(cell, monkeypatch):
    rng = np.random.default_rng(4)
    inputs, targets = rng.integers(0, V, (T, B)), rng.integers(0, V, (T, B))
    gradients = []
    for largest in (LARGEST_ONE_HOT, 0):
        monkeypatch.setattr("rnnviz.engine.layer.LARGEST_ONE_HOT", largest)
        network = make_network(vocabulary_size=V, num_layers=2, cell=cell)
        forward = network.forward(inputs, network.zero_state(B))
        dlogits = softmax_cross_entropy(forward.logits, targets)[1]
        gradients.append(network.backward(forward, dlogits).copy())
    np.testing.assert_allclose(gradients[0].flat, gradients[1].flat, rtol=0, atol=1e-15)


TILED_CELLS = [
    {"cell": "rnn"},
    {"cell": "lstm"},
    {"cell": "lstm", "peepholes": True},
    {"cell": "gru"},
]


@pytest.mark.parametrize("cell", TILED_CELLS)
@pytest.mark.parametrize("batch", [1, 3])
def test_products_in_tiles_are_the_same_products(cell, batch, monkeypatch):
    rng = np.random.default_rng(6)
    inputs, targets = rng.integers(0, V, (2, T, batch))
    monkeypatch.setattr(tiles, "_small_products_are_faster", lambda: True)
    monkeypatch.setattr(tiles, "_LEAST_COLUMNS", 2)
    found = []
    for most in (1_000_000, 100 * batch):
        monkeypatch.setattr(tiles, "_MOST_MULTIPLICATIONS", most)
        network = make_network(vocabulary_size=V, hidden_size=12, num_layers=2, **cell)
        state = random_state(network, batch, np.random.default_rng(7))
        forward = network.forward(inputs, state)
        dlogits = softmax_cross_entropy(forward.logits, targets)[1]
        gradients = network.backward(forward, dlogits, forward.state)
        found.append((forward.state, gradients.flat.copy(), network.state_gradient))
    assert tiles.tile_columns(batch, 12) == (12 if batch == 1 else 6)
    for whole, tiled in zip(found[0][0] + found[0][2], found[1][0] + found[1][2], strict=True):
        np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=0, atol=1e-14)


def test_tiles_are_small_enough_or_not_made(monkeypatch):
    monkeypatch.setattr(tiles, "_small_products_are_faster", lambda: True)
    for (rows, size), columns in {
        (32, 128): 128,
        (1, 2_048): 2_048,
        (25, 256): 128,
        (50, 256): 64,
        (25, 512): 64,
        (50, 512): 32,
        (500, 512): 512,  # not even sixteen columns are small
        (32, 301): 301,  # cannot be halved
    }.items():
        assert tiles.tile_columns(rows, size) == columns
    monkeypatch.setattr(tiles, "_small_products_are_faster", lambda: False)
    assert tiles.tile_columns(25, 512) == 512


def test_sum_by_character_adds_the_rows_of_each_character():
    deltas = np.arange(20.0).reshape(2, 5, 2)
    out = np.full((2, 2, 4), np.nan)
    sum_by_character(deltas, np.array([3, 0, 3, 1, 0]), out, np.empty((5, 2)))
    np.testing.assert_array_equal(out[0], [[10, 6, 0, 4], [12, 7, 0, 6]])
    np.testing.assert_array_equal(out[1], [[30, 16, 0, 24], [32, 17, 0, 26]])


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_float32_gradients_follow_float64(cell):
    rng = np.random.default_rng(5)
    inputs, targets = rng.integers(0, V, (T, B)), rng.integers(0, V, (T, B))
    results = []
    for dtype in ("float64", "float32"):
        network = make_network(vocabulary_size=V, num_layers=2, cell=cell, dtype=dtype)
        forward = network.forward(inputs, network.zero_state(B))
        assert forward.logits.dtype == dtype
        gradients = network.backward(forward, softmax_cross_entropy(forward.logits, targets)[1])
        assert gradients.dtype == dtype
        results.append(gradients.flat.astype(np.float64))
    np.testing.assert_allclose(results[1], results[0], rtol=0, atol=1e-6)
