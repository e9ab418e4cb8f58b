"""Gradient flow and step Jacobians against sums of their own and against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.engine.initializers import initialize
from rnnviz.engine.loss import softmax_cross_entropy
from rnnviz.engine.network import ModelConfig, Network, State
from rnnviz.probes.gradient_flow import gradient_flow, steps_per_halving
from rnnviz.probes.step_jacobian import elman_jacobian, spectrum, step_jacobian
from rnnviz.probes.windows import text_windows, visited_states


def make(seed: int = 3, scheme: str = "uniform", radius: float | None = None, **kind) -> Network:
    settings = {"vocabulary_size": 7, "hidden_size": 6, "dtype": "float64"} | kind
    config = ModelConfig(**settings)
    parameters = initialize(
        config, np.random.default_rng(seed), scheme, spectral_radius=radius or None
    )
    return Network(config, parameters)


def text(length: int, width: int, vocabulary: int = 7) -> np.ndarray:
    return np.random.default_rng(5).integers(0, vocabulary, (length, width))


def last_loss(network: Network, inputs: np.ndarray, target: int, state: State) -> float:
    """The loss of the last prediction of one text, read from a state."""
    forward = network.forward(inputs[:, np.newaxis], state)
    logits = forward.logits[:, -1:, :].copy()
    return softmax_cross_entropy(logits, np.array([[target]]))[0]


def differences(
    network: Network, window: np.ndarray, states: list[State], back: int, layer: int, name: int
) -> np.ndarray:
    """dL_T/ds_{T-back} of one window by central differences, (H,)."""
    start = len(window) - 1 - back
    found = []
    for unit in range(network.config.hidden_size):
        sides = []
        for sign in (1e-5, -1e-5):
            state = tuple(tuple(a[:, :1].copy() for a in arrays) for arrays in states[start])
            state[layer][name][unit] += sign
            sides.append(last_loss(network, window[start:-1], int(window[-1]), state))
        found.append((sides[0] - sides[1]) / 2e-5)
    return np.array(found)


KINDS = [
    {"cell": "rnn"},
    {"cell": "rnn", "activation": "relu", "layer_norm": True},
    {"cell": "rnn", "num_layers": 2},
    {"cell": "gru", "num_layers": 2, "residual": True, "layer_norm": True},
    {"cell": "lstm"},
    {"cell": "lstm", "peepholes": True, "num_layers": 3},
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
def test_flow_is_the_derivative_of_the_last_loss(kind: dict[str, object]) -> None:
    network = make(**kind)
    windows = text(10, 3)
    states = visited_states(network, windows[:-1])
    flow = gradient_flow(network, windows, states, 9)
    assert flow.steps == 9 and flow.windows == 3
    for name, array in flow.norms.items():
        index = network.state_names.index(name)
        for layer in range(flow.layers):
            for back in (1, 2, 5, 9):
                for column in range(3):
                    one = [
                        tuple(tuple(a[:, column : column + 1] for a in s) for s in state)
                        for state in states
                    ]
                    expected = differences(network, windows[:, column], one, back, layer, index)
                    found = array[layer, back, column]
                    assert found == pytest.approx(np.linalg.norm(expected), rel=1e-4, abs=1e-9)


def test_flow_of_a_plain_network_is_the_chain_of_its_jacobians() -> None:
    """The textbook product, in float64, back to the loss itself."""
    network = make(cell="rnn", radius=1.3)
    parameters = network.parameters
    windows = text(21, 2)
    states = visited_states(network, windows[:-1])
    flow = gradient_flow(network, windows, states, 20)
    for column in range(2):
        h = [state[0][0][:, column] for state in states]
        scores = parameters["decoder.weight"] @ h[-1] + parameters["decoder.bias"]
        error = np.exp(scores - scores.max())
        error /= error.sum()
        error[windows[-1, column]] -= 1
        gradient = parameters["decoder.weight"].T @ error
        for back in range(21):
            expected = np.linalg.norm(gradient)
            assert flow.norms["h"][0, back, column] == pytest.approx(expected, rel=1e-9)
            here = h[len(h) - 1 - back]
            gradient = parameters["rnn.weight_hh_l0"].T @ ((1 - here**2) * gradient)


def test_the_start_of_the_flow_goes_through_the_normalisation() -> None:
    network = make(cell="gru", layer_norm=True)
    windows = text(6, 1)
    states = visited_states(network, windows[:-1])
    flow = gradient_flow(network, windows, states, 2)
    h = states[-1][0][0][:, 0]
    p = network.parameters

    def loss(h: np.ndarray) -> float:
        y = (h - h.mean()) / np.sqrt(h.var() + 1e-5)
        y = y * p["rnn.norm_weight_l0"] + p["rnn.norm_bias_l0"]
        scores = p["decoder.weight"] @ y + p["decoder.bias"]
        return float(np.log(np.exp(scores).sum()) - scores[windows[-1, 0]])

    slope = [(loss(h + e) - loss(h - e)) / 2e-6 for e in 1e-6 * np.eye(6)]
    assert flow.norms["h"][0, 0, 0] == pytest.approx(np.linalg.norm(slope), rel=1e-5)


def test_lower_layers_begin_one_step_back() -> None:
    """Nothing carries their last state on; their part of the last step is in the layer above."""
    network = make(cell="rnn", num_layers=2)
    windows = text(6, 4)
    flow = gradient_flow(network, windows, visited_states(network, windows[:-1]), 3)
    assert np.isnan(flow.norms["h"][0, 0]).all()
    assert np.isfinite(flow.norms["h"][0, 1:]).all()
    assert np.isfinite(flow.norms["h"][1]).all()


def test_faint_gradients_are_not_rounded_away_in_float32() -> None:
    """240 steps of a factor of a tenth: far below what float32 can hold."""
    small = make(cell="rnn", scheme="gaussian", dtype="float32")
    windows = text(241, 2)
    flow = gradient_flow(small, windows, visited_states(small, windows[:-1]), 240)
    exact = make(cell="rnn", scheme="gaussian")
    expected = gradient_flow(exact, windows, visited_states(exact, windows[:-1]), 240)
    assert 0 < flow.norms["h"][0, 150].max() < 1e-60
    np.testing.assert_allclose(
        np.log(flow.norms["h"][0, :150]), np.log(expected.norms["h"][0, :150]), atol=0.01
    )


def test_huge_gradients_do_not_overflow_in_float32() -> None:
    network = make(cell="rnn", dtype="float32")
    for name, array in network.parameters.items():
        array[...] = 0.0 if "bias" in name or "ih" in name else array
    # All states stay zero, so every step multiplies by W_hh alone.
    network.parameters["rnn.weight_hh_l0"][...] = 4.0 * np.eye(6)
    windows = text(101, 2)
    flow = gradient_flow(network, windows, visited_states(network, windows[:-1]), 100)
    growth = flow.norms["h"][0, 100] / flow.norms["h"][0, 0]
    np.testing.assert_allclose(np.log2(growth), 200.0, rtol=1e-6)


def test_the_flow_of_weights_beyond_reason_is_infinite_without_a_warning() -> None:
    network = make(cell="gru", dtype="float32")
    for array in network.parameters.values():
        array[...] = np.where(array > 0, 1e30, -1e30)
    windows = text(30, 2)
    flow = gradient_flow(network, windows, visited_states(network, windows[:-1]), 20)
    assert not np.isfinite(flow.norms["h"]).all()


def test_flow_goes_no_further_than_the_text() -> None:
    network = make(cell="gru")
    windows = text(5, 2)
    assert gradient_flow(network, windows, visited_states(network, windows[:-1]), 99).steps == 4


def test_probing_a_twin_leaves_the_network_alone() -> None:
    network = make(cell="gru")
    windows = text(5, 2)
    forward = network.forward(windows, network.zero_state(2))
    before = forward.logits.copy()
    twin = network.snapshot().twin()
    states = visited_states(twin, windows[:-1])
    gradient_flow(twin, windows, states, 4)
    spectrum(twin, windows[:-1], states, 0)
    np.testing.assert_array_equal(forward.logits, before)
    network.backward(forward, np.zeros_like(forward.logits))  # still the last forward


@given(st.floats(0.5, 40.0), st.booleans())
def test_halving_of_an_exact_exponential(steps: float, grows: bool) -> None:
    sign = 1 if grows else -1
    curve = 3.0 * 2.0 ** (sign * np.arange(60) / steps)
    curve[0] = np.nan
    assert steps_per_halving(curve) == pytest.approx(-sign * steps, rel=1e-6)


def test_halving_of_what_does_not_halve() -> None:
    assert steps_per_halving(np.ones(9)) == np.inf
    assert np.isnan(steps_per_halving(np.zeros(9)))
    assert np.isnan(steps_per_halving(np.full(9, np.nan)))


def test_flow_quantiles_are_over_the_windows() -> None:
    network = make(cell="rnn")
    windows = text(8, 5)
    flow = gradient_flow(network, windows, visited_states(network, windows[:-1]), 7)
    np.testing.assert_allclose(flow.quantile("h", 0, 0.5), np.median(flow.norms["h"][0], axis=1))


# Jacobians.


def jacobian_by_differences(
    network: Network, character: int, state: State, layer: int
) -> np.ndarray:
    size, names = network.config.hidden_size, len(network.state_names)
    columns = []
    for index in range(names):
        for unit in range(size):
            sides = []
            for sign in (1e-6, -1e-6):
                moved = tuple(tuple(a.copy() for a in arrays) for arrays in state)
                moved[layer][index][unit] += sign
                after = network.forward(np.array([[character]]), moved).state[layer]
                sides.append(np.concatenate([a[:, 0] for a in after]))
            columns.append((sides[0] - sides[1]) / 2e-6)
    return np.array(columns).T


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
def test_jacobian_is_the_derivative_of_one_step(kind: dict[str, object]) -> None:
    network = make(**kind)
    inputs = text(12, 2)
    states = visited_states(network, inputs)
    for layer in range(network.config.num_layers):
        found = step_jacobian(network, inputs[-1], states[-2], layer)
        expected = np.mean(
            [
                jacobian_by_differences(
                    network,
                    int(inputs[-1, w]),
                    tuple(tuple(a[:, w : w + 1] for a in arrays) for arrays in states[-2]),
                    layer,
                )
                for w in range(2)
            ],
            axis=0,
        )
        np.testing.assert_allclose(found, expected, atol=1e-7)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_both_ways_to_the_plain_networks_jacobian_agree(activation: str) -> None:
    network = make(cell="rnn", num_layers=2, activation=activation)
    inputs = text(9, 3)
    states = visited_states(network, inputs)
    for layer in range(2):
        numeric = step_jacobian(network, inputs[-1], states[-2], layer)
        np.testing.assert_allclose(elman_jacobian(network, states[-1:], layer), numeric, atol=1e-12)


def test_a_plain_network_that_stays_at_zero_has_its_weights_for_a_jacobian() -> None:
    network = make(cell="rnn", radius=0.9)
    for name, array in network.parameters.items():
        if "hh" not in name or "bias" in name:
            array[...] = 0.0
    inputs = text(9, 3)
    found = spectrum(network, inputs, visited_states(network, inputs), 0)
    assert found.radius == pytest.approx(0.9)
    assert found.weight_radius == pytest.approx(0.9)
    np.testing.assert_allclose(found.jacobian, found.weights)


def test_spectrum_is_sorted_and_says_what_it_averaged() -> None:
    inputs = text(9, 3)
    network = make(cell="lstm")
    found = spectrum(network, inputs, visited_states(network, inputs), 0)
    assert found.state == ("h", "c") and found.jacobian.shape == (12,)
    assert found.weights is None and found.weight_radius is None and found.averaged == 3
    assert (np.diff(np.abs(found.jacobian)) <= 1e-12).all()
    assert found.radius == np.abs(found.jacobian).max()
    network = make(cell="rnn")
    found = spectrum(network, inputs, visited_states(network, inputs), 0)
    assert found.state == ("h",) and found.jacobian.shape == (6,) and found.averaged == 8 * 3


def test_an_lstm_remembers_by_its_forget_gate() -> None:
    """With closed input and open forget gates c is carried on: H eigenvalues are near 1."""
    network = make(cell="lstm")
    p = network.parameters
    p.flat[:] *= 0.1
    p["rnn.bias_ih_l0"][:6], p["rnn.bias_ih_l0"][6:12] = -20.0, 20.0
    inputs = text(9, 3)
    found = spectrum(network, inputs, visited_states(network, inputs), 0)
    np.testing.assert_allclose(np.abs(found.jacobian[:6]), 1.0, atol=1e-3)
    assert np.abs(found.jacobian[6:]).max() < 0.1


# Windows.


def test_windows_are_pieces_of_the_text_spread_over_it() -> None:
    indices = np.arange(100)
    windows = text_windows(indices, 4, 10)
    assert windows.shape == (10, 4)
    np.testing.assert_array_equal(windows[0], [0, 30, 60, 90])
    np.testing.assert_array_equal(np.diff(windows, axis=0), 1)


@pytest.mark.parametrize(("length", "shape"), [(5, (5, 1)), (12, (10, 3)), (11, (10, 2))])
def test_short_texts_give_fewer_windows(length: int, shape: tuple[int, int]) -> None:
    assert text_windows(np.arange(length), 24, 10).shape == shape


def test_visited_states_are_those_of_one_pass() -> None:
    network = make(cell="lstm", num_layers=2)
    inputs = text(6, 3)
    states = visited_states(network, inputs)
    assert len(states) == 7 and not states[0][0][0].any()
    at_once = network.forward(inputs, network.zero_state(3)).state
    for layer in range(2):
        for index in range(2):
            np.testing.assert_allclose(states[-1][layer][index], at_once[layer][index], atol=1e-12)
