"""Training steps: what they report, how they follow live settings, and exact continuation."""

import json
import math
import tracemalloc

import numpy as np
import pytest
from reference_cells import make_network
from trainer_states import assert_same_state

from rnnviz.engine.checkpoint import load_model, save_model
from rnnviz.engine.clipping import Clipping
from rnnviz.engine.errors import EngineError, Interrupted
from rnnviz.engine.evaluation import evaluate
from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.engine.optimizers import OPTIMIZERS, make_optimizer
from rnnviz.engine.schedules import Cosine
from rnnviz.engine.trainer import Trainer
from rnnviz.engine.truncation import Truncation

V, B, T = 5, 3, 4


class Windows:
    """The smallest thing a trainer can read from: a block of text, window by window."""

    def __init__(self, block, seq_len: int = T) -> None:
        self.block, self.seq_len = block, seq_len
        self.highest = int(block.max())
        self.position = self.epoch = 0
        self.windows_per_epoch = (block.shape[1] - 1) // seq_len

    @property
    def progress(self) -> float:
        return self.position / self.windows_per_epoch

    def next_window(self):
        start = self.position * self.seq_len
        is_start = start == 0
        inputs = self.block[:, start : start + self.seq_len].T
        targets = self.block[:, start + 1 : start + self.seq_len + 1].T
        self.position += 1
        if self.position == self.windows_per_epoch:
            self.position, self.epoch = 0, self.epoch + 1
        return inputs, targets, is_start

    def state_dict(self):
        return {"position": self.position, "epoch": self.epoch}

    def load_state_dict(self, state):
        self.position, self.epoch = state["position"], state["epoch"]


def make_trainer(cell="gru", optimizer="adam", dtype="float32", rng=None, **settings) -> Trainer:
    options = settings.pop("options", {})
    network = make_network(vocabulary_size=V, cell=cell, num_layers=2, dtype=dtype, **options)
    block = np.random.default_rng(3).integers(0, V, (B, 23))
    return Trainer(
        network,
        make_optimizer(optimizer, network.parameters),
        settings.pop("clipping", Clipping("norm", 0.5)),
        Windows(block),
        settings.pop("learning_rate", 0.05),
        rng=rng,
        **settings,
    )


def test_a_step_reports_what_it_did():
    trainer = make_trainer()
    result = trainer.step()
    assert (result.step, result.characters, result.epoch) == (1, T * B, 1 / 5)
    assert result.loss == pytest.approx(math.log(V), abs=1.0)
    assert result.grad_norm > 0.0
    assert result.max_abs_gradient <= result.grad_norm
    assert result.finite
    assert result.learning_rate == 0.05
    assert (trainer.steps, trainer.characters, trainer.epoch) == (1, T * B, 1 / 5)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_it_learns_a_repeating_text(cell, optimizer):
    text = np.tile(np.array([0, 1, 2, 2, 1, 3]), 12)
    config = ModelConfig(4, 16, cell=cell)
    network = Network(config, initialize(config, np.random.default_rng(0)))
    rates = {"sgd": 1.0, "momentum": 0.2, "nesterov": 0.2, "adagrad": 0.1, "rmsprop": 0.005}
    rate = rates.get(optimizer, 0.02)
    trainer = Trainer(
        network,
        make_optimizer(optimizer, network.parameters),
        Clipping("norm", 5.0),
        Windows(text[np.newaxis], 10),
        rate,
    )
    first = trainer.step().loss
    for _ in range(299):
        last = trainer.step().loss
    assert first > 1.0
    assert last < 0.15
    assert evaluate(network, text).nats < 0.25


def test_the_state_is_carried_and_starts_from_zero_with_each_pass():
    trainer = make_trainer(learning_rate=0.0)
    losses = [trainer.step().loss for _ in range(10)]
    assert losses[:5] == losses[5:]
    network = trainer.network
    block = trainer.streams.block
    whole = network.forward(block[:, :20].T, network.zero_state(B))
    for arrays, expected in zip(trainer.state, whole.state, strict=True):
        np.testing.assert_allclose(arrays, expected, atol=1e-6)


def test_settings_hold_from_the_next_step_on():
    trainer = make_trainer(schedule=Cosine())
    trainer.clipping = Clipping("norm", 1e-3)
    trainer.learning_rate = 0.5
    result = trainer.step()
    assert result.clipped
    assert result.clip_scale == pytest.approx(1e-3 / (result.grad_norm + 1e-6))
    assert result.learning_rate == 0.5
    trainer.clipping = Clipping("value", 1e-4)
    trainer.progress = 1.0
    result = trainer.step()
    assert 0.0 < result.clipped_share <= 1.0
    assert result.clip_cosine < 1.0
    assert result.learning_rate == pytest.approx(0.01)
    trainer.clipping = Clipping("off")
    trainer.progress = 0.5
    result = trainer.step()
    assert not result.clipped
    assert result.learning_rate == pytest.approx(0.255)
    trainer.optimizer = make_optimizer("sgd", trainer.network.parameters)
    assert trainer.step().finite


def test_the_summed_loss_has_gradients_times_the_characters_of_a_window():
    norms = [
        make_trainer(reduction=reduction, dtype="float64").step().grad_norm
        for reduction in ("mean", "sum")
    ]
    assert norms[1] == pytest.approx(norms[0] * T * B)


def test_a_loss_that_is_not_finite_changes_nothing():
    trainer = make_trainer()
    trainer.step()
    weights = trainer.network.parameters.flat
    good = weights.copy()
    weights[0] = np.nan
    before = trainer.state_dict()
    result = trainer.step()
    assert not result.finite
    assert result.step == 2
    assert_same_state(trainer.state_dict(), before)
    weights[:] = good
    result = trainer.step()
    assert result.finite
    assert result.step == 2


def test_an_infinite_gradient_leaves_the_weights():
    trainer = make_trainer(cell="rnn", clipping=Clipping("off"))
    trainer.network.parameters["decoder.weight"][...] = 3e38
    before = trainer.network.parameters.flat.copy()
    assert not trainer.step().finite
    np.testing.assert_array_equal(trainer.network.parameters.flat, before)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_save_load_and_continue_equals_never_having_stopped(cell, optimizer, tmp_path):
    rng = np.random.default_rng(11)
    through = make_trainer(cell, optimizer, rng=rng)
    for _ in range(7):
        through.step()
        rng.random()
    saved = through.state_dict(include_parameters=False)
    path = tmp_path / "run.safetensors"
    save_model(
        path,
        through.network,
        list("abcde"),
        {"trainer": json.dumps(saved["values"])},
        saved["tensors"],
    )
    expected = [(through.step(), rng.random()) for _ in range(9)]

    loaded = load_model(path)
    resumed = make_trainer(cell, optimizer, rng=np.random.default_rng(999))
    resumed.network.parameters.flat[:] = loaded.network.parameters.flat
    values = json.loads(loaded.metadata["trainer"])
    resumed.load_state_dict({"tensors": loaded.tensors, "values": values})
    assert [(resumed.step(), resumed.rng.random()) for _ in range(9)] == expected
    ends = through.state_dict(), resumed.state_dict()
    assert ends[0]["values"] == ends[1]["values"]
    assert ends[0]["tensors"].keys() == ends[1]["tensors"].keys()
    for name, tensor in ends[0]["tensors"].items():
        assert tensor.tobytes() == ends[1]["tensors"][name].tobytes(), name


def test_state_with_parameters_needs_no_model_file():
    first, second = make_trainer("lstm"), make_trainer("lstm")
    for _ in range(3):
        first.step()
    second.load_state_dict(first.state_dict())
    assert second.step() == first.step()
    assert second.network.parameters.flat.tobytes() == first.network.parameters.flat.tobytes()


def test_state_that_does_not_fit_is_refused_and_changes_nothing():
    trainer = make_trainer()
    trainer.step()
    good = trainer.state_dict()

    def broken(tensors=None, drop=None, **values):
        kept = {k: v for k, v in good["tensors"].items() if k != drop}
        return {"tensors": kept | (tensors or {}), "values": good["values"] | values}

    cases = [
        (broken(drop="parameters.decoder.bias"), "parameters"),
        (
            broken({"parameters.decoder.bias": np.zeros(3, np.float32)}),
            r"parameters\.decoder\.bias",
        ),
        (broken(drop="optimizer.mean"), "mean"),
        (broken({"optimizer.mean": np.zeros(3, np.float32)}), "mean"),
        (broken(drop="state.1.h"), r"state\."),
        (broken({"state.1.h": np.zeros((2, B), np.float32)}), r"state\[1\]"),
        (broken(optimizer="sgd"), "optimizer"),
        (broken(rng={"bit_generator": "PCG64"}), "rng"),
        (broken(learning_rate=-1.0), "learning_rate"),
        (broken(step="many"), "step"),
        (broken(progress=math.nan), "progress"),
        ({"tensors": {}, "values": {}}, "value"),
    ]
    for state, named in cases:
        with pytest.raises(EngineError, match=named):
            trainer.load_state_dict(state)
    assert_same_state(trainer.state_dict(), good)


def test_a_generator_of_another_kind_is_refused():
    trainer = make_trainer(rng=np.random.default_rng(0))
    state = trainer.state_dict()
    state["values"]["rng"] = np.random.Generator(np.random.MT19937(0)).bit_generator.state
    with pytest.raises(EngineError, match="rng"):
        trainer.load_state_dict(state)


def test_an_interrupted_step_changes_nothing():
    trainer = make_trainer()
    trainer.step()
    before = trainer.state_dict()
    trainer.network.interrupt()
    with pytest.raises(Interrupted):
        trainer.step()
    assert_same_state(trainer.state_dict(), before)


def array_memory() -> int:
    """Bytes NumPy holds for the values of arrays; the interpreter's own caches do not count."""
    arrays = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
    snapshot = tracemalloc.take_snapshot().filter_traces([arrays])
    return sum(entry.size for entry in snapshot.statistics("filename"))


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"accumulate": 2},
        {"truncation": Truncation("random", 0.3)},
        {"options": {"dropout": 0.2, "layer_norm": True, "residual": True}},
    ],
)
def test_steps_allocate_nothing_that_stays(cell, settings):
    tracemalloc.start()
    try:
        trainer = make_trainer(cell, "adam", rng=np.random.default_rng(0), **settings)
        for _ in range(20):
            trainer.step()
        before = array_memory()
        for _ in range(100):
            trainer.step()
        assert array_memory() == before
    finally:
        tracemalloc.stop()
