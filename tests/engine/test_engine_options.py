"""Peepholes, layer normalisation, residual connections and dropout, alone and combined."""

from itertools import product

import numpy as np
import pytest
from reference_cells import dropout_masks, make_network, plain_forward, random_state

from rnnviz.engine.decoding import next_probabilities
from rnnviz.engine.errors import EngineError
from rnnviz.engine.evaluation import evaluate
from rnnviz.engine.layer import LARGEST_ONE_HOT
from rnnviz.engine.loss import softmax_cross_entropy

T, B, V = 5, 3, 7
CELLS = [
    {"cell": "rnn"},
    {"cell": "rnn", "activation": "relu"},
    {"cell": "lstm"},
    {"cell": "lstm", "peepholes": True},
    {"cell": "gru"},
]
OPTIONS = [
    {"layer_norm": norm, "residual": residual, "dropout": dropout}
    for norm, residual, dropout in product((False, True), (False, True), (0.0, 0.4))
]


def identifier(settings: dict) -> str:
    return "-".join(
        f"{value}" if name == "cell" else name for name, value in settings.items() if value
    )


@pytest.fixture(params=CELLS, ids=identifier)
def cell(request):
    return request.param


@pytest.fixture(params=OPTIONS, ids=identifier)
def options(request):
    return request.param


@pytest.mark.parametrize("vocabulary", [V, LARGEST_ONE_HOT // (T * B) + 1])
def test_forward_equals_the_plain_twin(cell, options, vocabulary):
    rng = np.random.default_rng(1)
    network = make_network(vocabulary_size=vocabulary, num_layers=3, **cell, **options)
    state = random_state(network, B, rng)
    for _ in range(2):  # the second pass works in used buffers
        inputs = rng.integers(0, vocabulary, (T, B))
        forward = network.forward(inputs, state, np.random.default_rng(9))
        masks = dropout_masks(network.config, np.random.default_rng(9), T, B)
        logits, final = plain_forward(network.config, network.parameters, inputs, state, masks)
        np.testing.assert_allclose(forward.logits, logits, rtol=0, atol=1e-12)
        for arrays, expected in zip(forward.state, final, strict=True):
            np.testing.assert_allclose(arrays, expected, rtol=0, atol=1e-13)
        state = forward.state


@pytest.mark.parametrize("layers", [1, 3])
def test_every_gradient_equals_central_differences(cell, options, layers):
    rng = np.random.default_rng(2)
    network = make_network(
        seed=3, vocabulary_size=4, hidden_size=3, num_layers=layers, **cell, **options
    )
    inputs, targets = rng.integers(0, 4, (2, T, B))
    state = random_state(network, B, rng)
    d_final = random_state(network, B, rng)  # a loss that also looks at the final state
    # A pass over other text first: nothing of it may be left in the buffers.
    other = network.forward(targets, network.zero_state(B), rng)
    network.backward(other, softmax_cross_entropy(other.logits, inputs)[1], d_final)

    forward = network.forward(inputs, state, np.random.default_rng(9))
    _, dlogits = softmax_cross_entropy(forward.logits, targets)
    gradients = network.backward(forward, dlogits, d_final)
    masks = dropout_masks(network.config, np.random.default_rng(9), T, B)

    def loss() -> float:
        logits, final = plain_forward(network.config, network.parameters, inputs, state, masks)
        looked = sum(np.sum(d * a) for d, a in zip(sum(d_final, ()), sum(final, ()), strict=True))
        return softmax_cross_entropy(logits, targets)[0] / targets.size + looked

    pairs = [(name, network.parameters[name], gradients[name]) for name in gradients]
    for layer, arrays in enumerate(network.state_gradient):
        pairs += [(f"state {layer}", a, d) for a, d in zip(state[layer], arrays, strict=True)]
    for name, array, gradient in pairs:
        numeric = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            value = array[index]
            array[index] = value + 1e-5
            above = loss()
            array[index] = value - 1e-5
            numeric[index] = (above - loss()) / 2e-5
            array[index] = value
        size = np.linalg.norm(numeric)
        error = np.linalg.norm(gradient - numeric) / size if size else np.abs(gradient).max()
        assert error <= 1e-6, f"{name}: relative error {error:.1e}"


@pytest.mark.parametrize("more", [{}, {"layer_norm": True, "residual": True}], ids=identifier)
@pytest.mark.parametrize("T", [5, 1])
def test_a_chain_of_windows_has_the_gradients_of_one_long_window(cell, more, T):
    rng = np.random.default_rng(4)
    network = make_network(vocabulary_size=V, num_layers=2, **cell, **more)
    inputs, targets = rng.integers(0, V, (2, 4 * T, B))
    state = random_state(network, B, rng)
    whole = network.forward(inputs, state)
    dlogits = softmax_cross_entropy(whole.logits, targets, reduction="sum")[1]
    expected = network.backward(whole, dlogits).copy()
    expected_state = network.state_gradient

    chain = []
    for link in range(4):  # one more than a network keeps buffers for
        part = slice(link * T, (link + 1) * T)
        forward = network.forward(inputs[part], state, link=link)
        loss = softmax_cross_entropy(forward.logits, targets[part], reduction="sum")
        chain.append((forward, loss[1]))
        state = forward.state
    total, d_state = np.zeros_like(expected.flat), None
    for forward, dlogits in reversed(chain):
        total += network.backward(forward, dlogits, d_state).flat
        d_state = network.state_gradient
    np.testing.assert_allclose(total, expected.flat, rtol=0, atol=1e-11)
    for arrays, wanted in zip(d_state, expected_state, strict=True):
        np.testing.assert_allclose(arrays, wanted, rtol=0, atol=1e-12)
    assert len(network._windows) <= 3


def test_dropout_is_off_unless_a_generator_is_given():
    rng = np.random.default_rng(5)
    dropping = make_network(vocabulary_size=V, num_layers=3, dropout=0.5)
    plain = make_network(vocabulary_size=V, num_layers=3)
    text = rng.integers(0, V, 40)
    inputs = text[:39, np.newaxis]
    zero = plain.zero_state(1)
    np.testing.assert_array_equal(
        dropping.forward(inputs, zero).logits, plain.forward(inputs, zero).logits
    )
    np.testing.assert_array_equal(dropping.trace(text).logits, plain.trace(text).logits)
    np.testing.assert_array_equal(
        next_probabilities(dropping, text), next_probabilities(plain, text)
    )
    assert evaluate(dropping, text) == evaluate(plain, text)
    dropped = dropping.forward(inputs, zero, rng).logits
    assert not np.allclose(dropped, plain.forward(inputs, zero).logits)
    # Off again, also on the way back, in the very buffers that dropped.
    forward = dropping.forward(inputs, zero)
    dlogits = softmax_cross_entropy(forward.logits, inputs)[1]
    np.testing.assert_array_equal(
        dropping.backward(forward, dlogits).flat,
        plain.backward(plain.forward(inputs, zero), dlogits).flat,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_keeps_the_expected_value(dtype):
    from rnnviz.engine.dropout import Dropout

    dropout = Dropout(0.3, (200, 500), np.dtype(dtype))
    y = np.ones((200, 500), dtype)
    dropout.forward(y, np.random.default_rng(0))
    assert set(np.unique(y)) == {0.0, np.dtype(dtype).type(1.0 / 0.7)}
    assert y.mean() == pytest.approx(1.0, abs=0.01)
    d = np.full_like(y, 2.0)
    dropout.backward(d)
    np.testing.assert_array_equal(d, 2.0 * y)


def test_a_single_layer_has_nothing_to_drop_or_to_add():
    plain = make_network(vocabulary_size=V)
    optional = make_network(vocabulary_size=V, dropout=0.5, residual=True)
    text = np.arange(V)[:, np.newaxis]
    zero = plain.zero_state(1)
    np.testing.assert_array_equal(
        optional.forward(text, zero, np.random.default_rng(0)).logits,
        plain.forward(text, zero).logits,
    )
    assert not optional.config.drops


def test_signals_are_those_of_the_recurrence_whatever_lies_above_it():
    network = make_network(
        vocabulary_size=V, num_layers=2, cell="lstm", peepholes=True, layer_norm=True, residual=True
    )
    trace = network.trace(np.arange(V))
    for signals, state in zip(trace.signals, trace.state, strict=True):
        np.testing.assert_allclose(signals["h"][:, -1:], state[0], atol=1e-15)
        np.testing.assert_allclose(signals["h"], signals["o"] * np.tanh(signals["c"]), atol=1e-14)


def test_one_unit_normalised_is_its_bias():
    network = make_network(vocabulary_size=V, hidden_size=1, layer_norm=True)
    forward = network.forward(np.arange(V)[:, np.newaxis], network.zero_state(1))
    assert np.ptp(forward.logits, axis=1).max() == 0.0
    gradients = network.backward(forward, np.ones((V, V, 1)))
    assert np.isfinite(gradients.flat).all()
    assert not gradients["rnn.weight_hh_l0"].any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_character_one_step_one_symbol(cell, options, dtype):
    network = make_network(
        vocabulary_size=1, hidden_size=1, num_layers=2, dtype=dtype, **cell, **options
    )
    text = np.zeros((1, 1), np.uint8)
    forward = network.forward(text, network.zero_state(1), np.random.default_rng(0))
    total, dlogits = softmax_cross_entropy(forward.logits, text)
    assert total == 0.0
    assert not network.backward(forward, dlogits).flat.any()


# ReLU has no bound: 1e4 to the power of the steps overflows.
@pytest.mark.parametrize("cell", [c for c in CELLS if "activation" not in c], ids=identifier)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_of_1e4_give_finite_logits(cell, options, dtype):
    network = make_network(vocabulary_size=V, num_layers=3, dtype=dtype, **cell, **options)
    network.parameters.flat[:] *= 1e4
    inputs = np.zeros((9, 2), int)
    forward = network.forward(inputs, network.zero_state(2), np.random.default_rng(0))
    assert np.isfinite(forward.logits).all()
    dlogits = softmax_cross_entropy(forward.logits, inputs)[1]
    assert np.isfinite(dlogits).all()


def test_a_vocabulary_of_5000():
    rng = np.random.default_rng(6)
    network = make_network(vocabulary_size=5_000, num_layers=2, layer_norm=True, residual=True)
    inputs, targets = rng.integers(0, 5_000, (2, T, B))
    state = random_state(network, B, rng)
    forward = network.forward(inputs, state)
    logits, _ = plain_forward(network.config, network.parameters, inputs, state)
    np.testing.assert_allclose(forward.logits, logits, rtol=0, atol=1e-12)
    gradients = network.backward(forward, softmax_cross_entropy(forward.logits, targets)[1])
    assert set(np.flatnonzero(gradients["rnn.weight_ih_l0"].any(axis=0))) == set(inputs.flat)


def test_weights_that_are_not_finite_are_refused_before_anything_is_made():
    from rnnviz.engine.network import Network

    parameters = make_network(vocabulary_size=V).parameters.copy()
    parameters["rnn.bias_hh_l0"][1] = np.inf
    with pytest.raises(EngineError, match=r"^parameters\['rnn.bias_hh_l0'\] must be finite"):
        Network(make_network(vocabulary_size=V).config, parameters)
