"""What must hold for any input: chunks, batch order, clipping, probabilities, extremes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference_cells import make_network, plain_forward, random_state

from rnnviz.engine.clipping import Clipping, clip
from rnnviz.engine.errors import EngineError
from rnnviz.engine.loss import cross_entropy, log_softmax, probabilities, softmax_cross_entropy
from rnnviz.engine.network import Network
from rnnviz.engine.optimizers import OPTIMIZERS, make_optimizer
from rnnviz.engine.optimizers.base import BLOCK
from rnnviz.engine.parameters import Parameters

CELLS = ["rnn", "lstm", "gru"]
V = 6


def random_text(data, steps: int, batch: int):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    return rng.integers(0, V, (steps, batch)), rng


OPTIONS = st.fixed_dictionaries(
    {
        "cell": st.sampled_from([*CELLS, "peepholes"]),
        "num_layers": st.integers(1, 3),
        "layer_norm": st.booleans(),
        "residual": st.booleans(),
    }
)


def optional_network(options) -> Network:
    peepholes = options["cell"] == "peepholes"
    cell = "lstm" if peepholes else options["cell"]
    return make_network(vocabulary_size=V, **{**options, "cell": cell, "peepholes": peepholes})


@settings(max_examples=50, deadline=None)
@given(st.data(), OPTIONS, st.integers(1, 12))
def test_a_text_in_chunks_equals_the_text_whole(data, options, steps):
    network = optional_network(options)
    text, rng = random_text(data, steps, 2)
    start = random_state(network, 2, rng)
    whole = network.forward(text, start)
    logits, final = whole.logits.copy(), whole.state
    cuts = sorted(data.draw(st.sets(st.integers(1, max(steps - 1, 1)), max_size=3)) | {0, steps})
    state, parts = start, []
    for begin, end in pairwise(cuts):
        forward = network.forward(text[begin:end], state)
        parts.append(forward.logits.copy())
        state = forward.state
    np.testing.assert_allclose(np.concatenate(parts, axis=1), logits, rtol=0, atol=1e-13)
    for arrays, expected in zip(state, final, strict=True):
        np.testing.assert_allclose(arrays, expected, rtol=0, atol=1e-13)


@settings(max_examples=50, deadline=None)
@given(st.data(), OPTIONS, st.permutations(range(4)))
def test_batch_order_does_not_matter(data, options, order):
    network = optional_network(options)
    text, rng = random_text(data, 5, 4)
    targets = rng.integers(0, V, text.shape)
    state = random_state(network, 4, rng)
    results = []
    for columns in (list(range(4)), list(order)):
        shuffled = tuple(tuple(a[:, columns] for a in arrays) for arrays in state)
        forward = network.forward(text[:, columns], shuffled)
        logits = forward.logits.copy()
        total, dlogits = softmax_cross_entropy(forward.logits, targets[:, columns])
        results.append((logits, total, network.backward(forward, dlogits).copy().flat))
    np.testing.assert_allclose(results[1][0], results[0][0][:, :, list(order)], atol=1e-13)
    assert results[1][1] == pytest.approx(results[0][1], abs=1e-12)
    np.testing.assert_allclose(results[1][2], results[0][2], rtol=0, atol=1e-13)


VECTORS = hnp.arrays(
    np.float64, st.integers(1, 30), elements=st.floats(-1e6, 1e6, allow_subnormal=False)
)
THRESHOLDS = st.floats(1e-3, 1e3)


@settings(deadline=None)
@given(VECTORS, THRESHOLDS)
def test_clipping_by_norm_keeps_the_direction(vector, threshold):
    gradients = Parameters(vector.copy(), {"w": vector.shape})
    report = clip(gradients, Clipping("norm", threshold))
    assert report.total_norm == pytest.approx(np.linalg.norm(vector), rel=1e-12)
    assert report.clipped == (report.scale < 1.0)
    assert np.linalg.norm(gradients.flat) <= threshold * (1 + 1e-12)
    np.testing.assert_allclose(gradients.flat, vector * report.scale, rtol=1e-12)


@settings(deadline=None)
@given(VECTORS, THRESHOLDS)
def test_clipping_by_value_limits_each_entry(vector, threshold):
    gradients = Parameters(vector.copy(), {"w": vector.shape})
    report = clip(gradients, Clipping("value", threshold))
    np.testing.assert_array_equal(gradients.flat, np.clip(vector, -threshold, threshold))
    assert report.clipped_share == np.mean(np.abs(vector) > threshold)
    assert report.max_abs == np.abs(vector).max()
    if report.clipped:
        both = np.dot(vector, gradients.flat)
        norms = np.linalg.norm(vector) * np.linalg.norm(gradients.flat)
        assert report.cosine == pytest.approx(both / norms, rel=1e-9)
    else:
        assert report.cosine == 1.0


def test_clipping_leaves_gradients_that_are_not_finite_alone():
    for bad in (np.nan, np.inf):
        gradients = Parameters(np.array([1.0, bad, 50.0]), {"w": (3,)})
        report = clip(gradients, Clipping("norm", 1.0))
        assert not report.finite
        assert not report.clipped
        np.testing.assert_array_equal(gradients.flat, [1.0, bad, 50.0])


def test_the_norm_of_huge_float32_gradients_does_not_overflow():
    gradients = Parameters(np.full(4, 1e30, np.float32), {"w": (4,)})
    report = clip(gradients, Clipping("norm", 1.0))
    assert report.total_norm == pytest.approx(2e30)
    np.testing.assert_allclose(gradients.flat, 0.5, rtol=1e-6)


@pytest.mark.parametrize("size", [1, 30_000, 65_536, 65_537, 98_304, 200_001])
def test_clipping_by_value_finds_every_entry_of_a_long_vector(size):
    rng = np.random.default_rng(size)
    vector = rng.normal(size=size)
    vector[rng.integers(0, size, 5)] = [7.0, -8.0, 9.0, -5.5, 6.0]
    vector[[-1, 0]] = 20.0, -21.0
    gradients = Parameters(vector.copy(), {"a": (size,)})
    report = clip(gradients, Clipping("value", 5.0))
    np.testing.assert_array_equal(gradients.flat, np.clip(vector, -5.0, 5.0))
    assert report.clipped_share == np.mean(np.abs(vector) > 5.0)
    assert report.max_abs == np.abs(vector).max()
    assert report.norms()["a"] == pytest.approx(np.linalg.norm(vector))


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_that_share_an_update_change_nothing(name, threads):
    rng = np.random.default_rng(1)
    shapes = {"a": (2 * BLOCK + 1234,), "b": (BLOCK // 2, 3)}
    size = sum(int(np.prod(shape)) for shape in shapes.values())
    alone, together = (
        Parameters(np.linspace(-1, 1, size, dtype=np.float32), shapes) for _ in range(2)
    )
    one, several = make_optimizer(name, alone), make_optimizer(name, together)
    for _ in range(3):
        gradients = Parameters(rng.normal(size=size).astype(np.float32), shapes)
        one.update(alone, gradients, 0.01)
        several.update(together, gradients, 0.01, threads)
    np.testing.assert_array_equal(alone.flat, together.flat)
    for key, value in one.state().items():
        np.testing.assert_array_equal(value, several.state()[key])


@settings(deadline=None)
@given(
    hnp.arrays(np.float32, (5, 3), elements=st.floats(-1e4, 1e4, width=32)),
    st.floats(0.0, 1e300),
)
def test_probabilities_sum_to_one_at_any_temperature(logits, temperature):
    result = probabilities(logits, temperature)
    assert np.isfinite(result).all()
    assert (result >= 0).all()
    np.testing.assert_allclose(result.sum(axis=0), 1.0, atol=1e-5)


def test_temperature_sharpens_and_zero_is_greedy():
    logits = np.array([0.0, 2.0, 1.0, 2.0])
    np.testing.assert_array_equal(probabilities(logits, 0.0), [0, 1, 0, 0])
    np.testing.assert_allclose(probabilities(logits, 1e300), 0.25)
    np.testing.assert_allclose(
        log_softmax(logits, temperature=0.5), log_softmax(logits * 2.0), atol=1e-15
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_loss_is_right_at_logits_of_1e4(dtype):
    logits = np.zeros((3, 1, 2), dtype)
    logits[0, 0, 0], logits[1, 0, 1] = 1e4, -1e4
    targets = np.array([[1, 0]])
    total, gradient = softmax_cross_entropy(logits, targets, reduction="sum")
    assert total == pytest.approx(1e4 + np.log(2.0), rel=1e-6)
    np.testing.assert_allclose(gradient[:, 0, 0], [1, -1, 0], atol=1e-7)
    np.testing.assert_allclose(gradient[:, 0, 1], [-0.5, 0, 0.5], atol=1e-7)
    np.testing.assert_allclose(cross_entropy(logits, targets), [[1e4, np.log(2.0)]], rtol=1e-6)


def test_the_loss_gradient_may_overwrite_the_logits():
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(5, 3, 2)), rng.integers(0, 5, (3, 2))
    total, gradient = softmax_cross_entropy(logits, targets)
    np.testing.assert_allclose(gradient.sum(axis=0), 0.0, atol=1e-16)
    again, same = softmax_cross_entropy(logits, targets, dlogits_out=logits)
    assert same is logits
    assert again == total
    np.testing.assert_array_equal(same, gradient)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_character_one_step_one_symbol(cell, dtype):
    network = make_network(vocabulary_size=1, cell=cell, hidden_size=1, dtype=dtype)
    text = np.zeros((1, 1), np.uint8)
    forward = network.forward(text, network.zero_state(1))
    total, dlogits = softmax_cross_entropy(forward.logits, text)
    assert total == 0.0
    assert not network.backward(forward, dlogits).flat.any()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("steps", [1, 12])
def test_a_vocabulary_of_five_thousand(cell, steps):
    network = make_network(vocabulary_size=5_000, hidden_size=3, cell=cell)
    rng = np.random.default_rng(2)
    inputs, targets = rng.integers(0, 5_000, (2, steps, 2))
    state = network.zero_state(2)
    forward = network.forward(inputs, state)
    expected, _ = plain_forward(network.config, network.parameters, inputs, state)
    np.testing.assert_allclose(forward.logits, expected, rtol=0, atol=1e-13)
    _, dlogits = softmax_cross_entropy(forward.logits, targets)
    gradients = network.backward(forward, dlogits)
    read = np.zeros(5_000, bool)
    read[inputs] = True
    columns = np.abs(gradients["rnn.weight_ih_l0"]).max(axis=0) > 0
    np.testing.assert_array_equal(columns, read)  # what was not read cannot have a gradient


@pytest.mark.parametrize("cell", CELLS)
def test_weights_that_are_nan_give_nan_without_a_warning(cell):
    network = make_network(vocabulary_size=V, cell=cell)
    network.parameters["rnn.weight_hh_l0"][0, 0] = np.nan
    forward = network.forward(
        np.zeros((3, 2), int), random_state(network, 2, np.random.default_rng())
    )
    assert np.isnan(forward.logits).any()
    # Nothing of it stays in the buffers once the weights are right again.
    network.parameters["rnn.weight_hh_l0"][0, 0] = 0.0
    forward = network.forward(np.zeros((3, 2), int), network.zero_state(2))
    _, dlogits = softmax_cross_entropy(forward.logits, np.zeros((3, 2), int))
    assert np.isfinite(network.backward(forward, dlogits).flat).all()


def test_weights_of_1e4_saturate_the_gates_without_overflow():
    for cell in CELLS:
        network = make_network(vocabulary_size=V, cell=cell, dtype="float32")
        network.parameters.flat[:] *= 1e4
        forward = network.forward(np.zeros((9, 2), int), network.zero_state(2))
        assert np.isfinite(forward.logits).all()


def test_a_forward_pass_whose_buffers_were_used_again_is_refused():
    network = make_network(vocabulary_size=V)
    text = np.zeros((3, 2), int)
    old = network.forward(text, network.zero_state(2))
    network.forward(text, network.zero_state(2))
    with pytest.raises(EngineError, match="forward is out of date"):
        network.backward(old, np.zeros((V, 3, 2)))


@pytest.mark.parametrize("cell", CELLS)
def test_a_trace_shows_every_signal_and_disturbs_nothing(cell):
    rng = np.random.default_rng(1)
    network = make_network(vocabulary_size=V, num_layers=2, cell=cell)
    text = rng.integers(0, V, (8, 1))
    forward = network.forward(text, network.zero_state(1))
    dlogits = softmax_cross_entropy(forward.logits, text)[1]
    expected = network.backward(forward, dlogits).copy().flat
    logits = forward.logits.copy()
    trace = network.trace(text[:, 0])
    np.testing.assert_array_equal(network.backward(forward, dlogits).flat, expected)
    np.testing.assert_allclose(trace.logits, logits[:, :, 0], atol=1e-14)
    for layer, signals in enumerate(trace.signals):
        assert tuple(signals) == network.signals
        assert all(signal.shape == (5, 8) for signal in signals.values())
        np.testing.assert_allclose(signals["h"][:, -1:], trace.state[layer][0], atol=1e-15)
        if cell == "lstm":
            tanh_c = np.tanh(signals["c"])
            np.testing.assert_allclose(signals["h"], signals["o"] * tanh_c, atol=1e-14)
            before = np.hstack([np.zeros((5, 1)), signals["c"][:, :-1]])
            kept, added = signals["f"] * before, signals["i"] * signals["g"]
            np.testing.assert_allclose(signals["c"], kept + added, atol=1e-14)
        if cell == "gru":
            before = np.hstack([np.zeros((5, 1)), signals["h"][:, :-1]])
            z = signals["z"]
            np.testing.assert_allclose(
                signals["h"], (1 - z) * signals["n"] + z * before, atol=1e-14
            )
            assert (signals["r"] > 0).all()


def test_a_snapshot_keeps_its_weights_and_shares_nothing():
    network = make_network(vocabulary_size=V)
    text = np.zeros((4, 1), int)
    snapshot = network.snapshot()
    before = snapshot.forward(text, snapshot.zero_state(1)).logits.copy()
    network.parameters.flat[:] = 0.0
    network.forward(text, network.zero_state(1))
    after = snapshot.forward(text, snapshot.zero_state(1)).logits
    np.testing.assert_array_equal(after, before)
    with pytest.raises(ValueError, match="read-only"):
        snapshot.parameters["decoder.bias"][0] = 1.0


def test_window_buffers_do_not_accumulate():
    network = make_network(vocabulary_size=V)
    for steps in range(1, 30):
        network.forward(np.zeros((steps, 1), int), network.zero_state(1))
    assert len(network._windows) <= 3


def test_parameters_are_views_of_one_vector():
    parameters = Parameters.zeros({"a": (2, 3), "b": (4,)}, "float32")
    parameters["b"][...] = 2.0
    assert parameters.flat.sum() == 8.0
    assert parameters.norms() == {"a": 0.0, "b": 4.0}
    copy = parameters.copy()
    copy.flat[:] = 1.0
    assert parameters.flat.sum() == 8.0
