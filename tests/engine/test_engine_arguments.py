"""Each wrong argument of a public function is named in the error, and initial values are right."""

import numpy as np
import pytest
from reference_cells import make_network

from rnnviz.engine.cells import CELLS
from rnnviz.engine.clipping import Clipping, clip
from rnnviz.engine.decoding import next_probabilities, sample
from rnnviz.engine.errors import EngineError
from rnnviz.engine.evaluation import evaluate, evaluate_streams
from rnnviz.engine.initializers import (
    INITIALIZERS,
    initialize,
    largest_eigenvalue,
    recurrent_blocks,
)
from rnnviz.engine.loss import (
    cross_entropy,
    log_softmax,
    probabilities,
    softmax_cross_entropy,
)
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.engine.optimizers import OPTIMIZERS, make_optimizer
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.schedules import SCHEDULES, Cosine, Step, WarmUp, make_schedule
from rnnviz.engine.trainer import Trainer
from rnnviz.text.batching import Streams

V = 6
NETWORK = make_network(vocabulary_size=V)
LSTM = make_network(vocabulary_size=V, cell="lstm")
PARAMETERS = NETWORK.parameters
TEXT = np.zeros(4, int)
WINDOW = np.zeros((3, 2), int)
LOGITS = np.zeros((V, 3, 2))
STATE = NETWORK.zero_state(2)
RNG = np.random.default_rng(0)


def backward(dlogits, *more):
    return NETWORK.backward(NETWORK.forward(WINDOW, STATE), dlogits, *more)


def trainer(**settings):
    optimizer = make_optimizer("sgd", PARAMETERS)
    given = {"learning_rate": 0.1, "streams": Streams(WINDOW.T, 1), **settings}
    return Trainer(NETWORK, optimizer, Clipping(), **given)


@pytest.mark.parametrize(
    ("named", "call"),
    [
        ("vocabulary_size", lambda: ModelConfig(0)),
        ("vocabulary_size", lambda: ModelConfig(True)),
        ("hidden_size", lambda: ModelConfig(V, hidden_size=0)),
        ("hidden_size", lambda: ModelConfig(V, hidden_size=2.5)),
        ("num_layers", lambda: ModelConfig(V, num_layers=0)),
        ("num_layers", lambda: ModelConfig(V, num_layers=5)),
        ("cell", lambda: ModelConfig(V, cell="transformer")),
        ("activation", lambda: ModelConfig(V, cell="rnn", activation="sin")),
        ("activation", lambda: ModelConfig(V, cell="gru", activation="relu")),
        ("dtype", lambda: ModelConfig(V, dtype="float16")),
        ("flat", lambda: Parameters(np.zeros(3), {"a": (2,)})),
        ("flat", lambda: Parameters(np.zeros(2, int), {"a": (2,)})),
        ("parameters", lambda: Network(ModelConfig(V, 9, dtype="float64"), PARAMETERS)),
        ("parameters", lambda: Network(ModelConfig(V, 5), PARAMETERS)),
        ("flat", lambda: Parameters([0.0, 1.0], {"a": (2,)})),
        ("config", lambda: Network({"cell": "gru"}, PARAMETERS)),
        ("parameters", lambda: Network(NETWORK.config, dict(PARAMETERS))),
        ("forward", lambda: NETWORK.backward(LOGITS, LOGITS)),
        ("gradients", lambda: clip(np.zeros(3), Clipping("norm"))),
        ("clipping", lambda: clip(PARAMETERS.copy(), "norm")),
        ("clipping", lambda: Trainer(NETWORK, None, 5.0, None, 0.1)),
        ("streams", lambda: trainer(streams=Streams(np.full((1, 4), V), 1))),
        ("network", lambda: Trainer(None, None, Clipping(), None, 0.1)),
        ("truncation", lambda: trainer(truncation="full")),
        ("batch", lambda: NETWORK.zero_state(0)),
        ("inputs", lambda: NETWORK.forward(TEXT, STATE)),
        ("inputs", lambda: NETWORK.forward(np.zeros((3, 2)), STATE)),
        ("inputs", lambda: NETWORK.forward(np.zeros((0, 2), int), STATE)),
        ("inputs", lambda: NETWORK.forward(WINDOW + V, STATE)),
        ("inputs", lambda: NETWORK.forward(WINDOW - 1, STATE)),
        ("state", lambda: NETWORK.forward(WINDOW, ())),
        ("state", lambda: NETWORK.forward(WINDOW, NETWORK.zero_state(3))),
        ("state", lambda: LSTM.forward(WINDOW, STATE)),
        ("dlogits", lambda: backward(np.zeros((V, 3, 1)))),
        ("dlogits", lambda: backward(LOGITS.astype(np.float32))),
        ("dlogits", lambda: backward(LOGITS.tolist())),
        ("indices", lambda: NETWORK.trace(WINDOW)),
        ("peepholes", lambda: ModelConfig(V, peepholes=True)),
        ("peepholes", lambda: ModelConfig(V, cell="lstm", peepholes=1)),
        ("dropout", lambda: ModelConfig(V, dropout=1.0)),
        ("dropout", lambda: ModelConfig(V, dropout=-0.1)),
        ("layer_norm", lambda: ModelConfig(V, layer_norm="yes")),
        ("residual", lambda: ModelConfig(V, residual=0)),
        ("dropout_rng", lambda: NETWORK.forward(WINDOW, STATE, 5)),
        ("link", lambda: NETWORK.forward(WINDOW, STATE, link=-1)),
        ("state", lambda: NETWORK.forward(WINDOW, ((np.zeros((5, 2), int),),))),
        ("d_state", lambda: backward(LOGITS, NETWORK.zero_state(1))),
        ("state_gradient", lambda: make_network(vocabulary_size=V).state_gradient),
        ("spectral_radius", lambda: initialize(NETWORK.config, RNG, spectral_radius=0.0)),
        ("rng", lambda: initialize(NETWORK.config, 3)),
        ("scheme", lambda: initialize(NETWORK.config, RNG, scheme="zeros")),
        ("forget_bias", lambda: initialize(LSTM.config, RNG, forget_bias=np.nan)),
        ("logits", lambda: softmax_cross_entropy(LOGITS[0], WINDOW)),
        ("targets", lambda: softmax_cross_entropy(LOGITS, WINDOW[1:])),
        ("targets", lambda: softmax_cross_entropy(LOGITS, WINDOW + V)),
        ("dlogits_out", lambda: softmax_cross_entropy(LOGITS, WINDOW, LOGITS[:, :1])),
        ("reduction", lambda: softmax_cross_entropy(LOGITS, WINDOW, reduction="max")),
        ("logits", lambda: log_softmax(WINDOW)),
        ("logits", lambda: log_softmax([1.0, 2.0])),
        ("axis", lambda: log_softmax(LOGITS, axis=3)),
        ("logits", lambda: probabilities(np.zeros(0))),
        ("logits", lambda: cross_entropy(LOGITS[0], WINDOW)),
        ("targets", lambda: cross_entropy(LOGITS, WINDOW + V)),
        ("temperature", lambda: log_softmax(LOGITS, temperature=0.0)),
        ("temperature", lambda: probabilities(LOGITS, -1.0)),
        ("temperature", lambda: probabilities(LOGITS, np.inf)),
        ("kind", lambda: Clipping("both")),
        ("threshold", lambda: Clipping("norm", 0.0)),
        ("threshold", lambda: Clipping("value", np.nan)),
        ("optimizer", lambda: make_optimizer("lion", PARAMETERS)),
        ("momentum", lambda: make_optimizer("sgd", PARAMETERS, momentum=0.9)),
        ("eps", lambda: make_optimizer("adagrad", PARAMETERS, eps=0.0)),
        ("momentum", lambda: make_optimizer("momentum", PARAMETERS, momentum=1.0)),
        ("momentum", lambda: make_optimizer("nesterov", PARAMETERS, momentum=-0.5)),
        ("alpha", lambda: make_optimizer("rmsprop", PARAMETERS, alpha=1.0)),
        ("eps", lambda: make_optimizer("rmsprop", PARAMETERS, eps=0.0)),
        ("weight_decay", lambda: make_optimizer("adamw", PARAMETERS, weight_decay=-1.0)),
        ("beta1", lambda: make_optimizer("adam", PARAMETERS, beta1=1.0)),
        ("beta2", lambda: make_optimizer("adam", PARAMETERS, beta2=-0.1)),
        (
            "gradients",
            lambda: make_optimizer("sgd", PARAMETERS).update(PARAMETERS, LSTM.parameters, 1),
        ),
        *(
            (
                "parameters",
                lambda name=name: make_optimizer(name, PARAMETERS).update(
                    LSTM.parameters, LSTM.parameters, 1
                ),
            )
            for name in OPTIMIZERS
            if name != "sgd"
        ),
        ("state", lambda: make_optimizer("sgd", PARAMETERS).load_state({"sum": TEXT})),
        ("state", lambda: make_optimizer("adagrad", PARAMETERS).load_state({"sum": TEXT})),
        ("schedule", lambda: make_schedule("random")),
        ("floor", lambda: Cosine(floor=1.0)),
        ("progress", lambda: Cosine().multiplier(-0.1)),
        ("factor", lambda: make_schedule("step", factor=1.5)),
        ("factor", lambda: make_schedule("step", factor=0)),
        ("after", lambda: make_schedule("step", after=0)),
        ("epoch", lambda: Step().multiplier(None, -1.0)),
        ("warm_up", lambda: make_schedule("cosine", warm_up=-1)),
        ("steps", lambda: WarmUp(Cosine(), 0)),
        ("floor", lambda: make_schedule("step", floor=0.1)),
        ("learning_rate", lambda: trainer(learning_rate=-1.0)),
        ("learning_rate", lambda: trainer(learning_rate=np.nan)),
        ("reduction", lambda: trainer(reduction="max")),
        ("indices", lambda: evaluate(NETWORK, TEXT[:1])),
        ("indices", lambda: evaluate(NETWORK, WINDOW)),
        ("streams", lambda: evaluate(NETWORK, TEXT, streams=0)),
        ("warmup", lambda: evaluate(NETWORK, TEXT, streams=2, warmup=-1)),
        ("chunk", lambda: evaluate(NETWORK, TEXT, chunk=0)),
        ("block", lambda: evaluate_streams(NETWORK, WINDOW[:, :1])),
        ("block", lambda: evaluate_streams(NETWORK, TEXT)),
        ("seed_indices", lambda: sample(NETWORK, TEXT[:0], 3, 1.0, RNG)),
        ("length", lambda: sample(NETWORK, TEXT, -1, 1.0, RNG)),
        ("temperature", lambda: sample(NETWORK, TEXT, 3, -1.0, RNG)),
        ("temperature", lambda: next_probabilities(NETWORK, TEXT, np.nan)),
        ("indices", lambda: next_probabilities(NETWORK, TEXT[:0])),
    ],
)
def test_the_wrong_argument_is_named(named, call):
    with pytest.raises(EngineError, match=rf"^{named}\b"):
        call()


@pytest.mark.parametrize("cell", sorted(CELLS))
def test_uniform_start_is_within_pytorchs_bounds(cell):
    config = ModelConfig(V, 16, 2, cell)
    parameters = initialize(config, np.random.default_rng(0), forget_bias=3.0)
    assert parameters.flat.size == config.parameter_count
    if cell == "lstm":
        for layer in range(2):
            assert (parameters[f"rnn.bias_ih_l{layer}"][16:32] == 3.0).all()
            assert not parameters[f"rnn.bias_hh_l{layer}"][16:32].any()
            parameters[f"rnn.bias_ih_l{layer}"][16:32] = 0.0
    assert np.abs(parameters.flat).max() <= 0.25
    assert np.abs(parameters.flat).max() > 0.24


def test_gaussian_start_has_small_weights_and_no_bias():
    parameters = initialize(ModelConfig(V, 64, cell="rnn"), np.random.default_rng(0), "gaussian")
    assert parameters["rnn.weight_hh_l0"].std() == pytest.approx(0.01, rel=0.05)
    assert not parameters["rnn.bias_hh_l0"].any()
    assert not parameters["decoder.bias"].any()


def test_xavier_start_is_within_its_bounds():
    config = ModelConfig(V, 40, 2, "gru")
    parameters = initialize(config, np.random.default_rng(0), "xavier")
    for name, inputs in (("rnn.weight_ih_l0", V), ("rnn.weight_hh_l1", 40), ("decoder.weight", V)):
        largest = np.abs(parameters[name]).max()
        assert largest == pytest.approx(np.sqrt(6 / (40 + inputs)), rel=0.05)
    assert not parameters["rnn.bias_ih_l0"].any()


@pytest.mark.parametrize("cell", sorted(CELLS))
def test_orthogonal_start_keeps_lengths(cell):
    config = ModelConfig(V, 12, 2, cell, dtype="float64")
    blocks = recurrent_blocks(initialize(config, np.random.default_rng(0), "orthogonal"), config)
    assert len(blocks) == 2 * CELLS[cell].gates
    for block in blocks:
        np.testing.assert_allclose(block @ block.T, np.eye(12), atol=1e-14)


@pytest.mark.parametrize(("cell", "content"), [("rnn", 0), ("lstm", 2), ("gru", 2)])
def test_identity_start_keeps_the_state(cell, content):
    config = ModelConfig(V, 8, 1, cell, dtype="float64")
    parameters = initialize(config, np.random.default_rng(0), "identity")
    for gate, block in enumerate(recurrent_blocks(parameters, config)):
        if gate == content:
            np.testing.assert_array_equal(block, np.eye(8))
        else:
            assert 0.0 < np.abs(block).max() < 0.006


def test_an_irnn_repeats_its_state_when_nothing_comes_in():
    config = ModelConfig(V, 8, 1, "rnn", "relu", dtype="float64")
    network = Network(config, initialize(config, np.random.default_rng(0), "identity"))
    network.parameters["rnn.weight_ih_l0"][...] = 0.0
    state = ((np.random.default_rng(1).random((8, 2)),),)
    np.testing.assert_array_equal(network.forward(WINDOW, state).state[0][0], state[0][0])


@pytest.mark.parametrize("scheme", sorted(INITIALIZERS))
@pytest.mark.parametrize("radius", [0.3, 1.1])
def test_the_spectral_radius_is_the_one_asked_for(scheme, radius):
    config = ModelConfig(V, 9, 2, "gru", dtype="float64")
    parameters = initialize(config, np.random.default_rng(0), scheme, spectral_radius=radius)
    for block in recurrent_blocks(parameters, config):
        assert largest_eigenvalue(block) == pytest.approx(radius, rel=1e-12)


@pytest.mark.parametrize("scheme", sorted(INITIALIZERS))
def test_normalisation_starts_as_pytorchs(scheme):
    config = ModelConfig(V, 9, 2, "lstm", peepholes=True, layer_norm=True)
    parameters = initialize(config, np.random.default_rng(0), scheme)
    for layer in range(2):
        assert (parameters[f"rnn.norm_weight_l{layer}"] == 1.0).all()
        assert not parameters[f"rnn.norm_bias_l{layer}"].any()
        drawn = parameters[f"rnn.weight_peephole_l{layer}"].any()
        assert drawn == (scheme in ("uniform", "gaussian", "identity"))
        assert (parameters[f"rnn.bias_ih_l{layer}"][9:18] == 1.0).all()


@pytest.mark.parametrize("scheme", sorted(INITIALIZERS))
def test_both_precisions_start_alike(scheme):
    single, double = (
        initialize(ModelConfig(V, 8, cell="lstm", dtype=dtype), np.random.default_rng(5), scheme)
        for dtype in ("float32", "float64")
    )
    np.testing.assert_array_equal(single.flat, double.flat.astype(np.float32))


def test_schedules_go_from_one_to_their_floor():
    assert make_schedule("constant").multiplier(0.7) == 1.0
    cosine = make_schedule("cosine")
    values = [cosine.multiplier(x) for x in np.linspace(0, 1, 11)]
    assert values[0] == 1.0
    assert values[-1] == pytest.approx(0.02)
    assert values == sorted(values, reverse=True)
    assert cosine.multiplier(5.0) == values[-1]
    assert cosine.multiplier(None, 3.0, 7) == 1.0
    assert all(SCHEDULES[name]().name == name for name in SCHEDULES)


def test_the_step_schedule_falls_after_each_epoch_as_in_char_rnn():
    step = make_schedule("step", factor=0.95, after=10)
    for epoch, power in ((0.0, 0), (9.99, 0), (10.0, 1), (10.5, 1), (11.0, 2), (49.9, 40)):
        assert step.multiplier(None, epoch) == pytest.approx(0.95**power)


def test_a_warm_up_leads_into_any_schedule():
    for name in SCHEDULES:
        warm = make_schedule(name, warm_up=4)
        assert warm.name == name
        after = make_schedule(name).multiplier(0.25, 12.0)
        rises = [warm.multiplier(0.25, 12.0, steps) / after for steps in range(6)]
        np.testing.assert_allclose(rises, [0.25, 0.5, 0.75, 1.0, 1.0, 1.0])
