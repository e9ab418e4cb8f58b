"""Backpropagation truncated, full and random; batches added up before an update."""

from itertools import product

import numpy as np
import pytest
from reference_cells import make_network
from test_engine_trainer import Windows
from trainer_states import assert_same_state

from rnnviz.engine.clipping import Clipping
from rnnviz.engine.errors import EngineError, Interrupted
from rnnviz.engine.loss import softmax_cross_entropy
from rnnviz.engine.optimizers import make_optimizer
from rnnviz.engine.schedules import Step, WarmUp
from rnnviz.engine.trainer import Trainer
from rnnviz.engine.truncation import Truncation

V, B, T, WINDOWS = 5, 2, 3, 4
BLOCK = np.random.default_rng(3).integers(0, V, (B, T * WINDOWS + 1))
CELLS = ["rnn", "lstm", "gru"]


class Recorder:
    """An optimizer that only looks."""

    name = "recorder"
    hyperparameters: dict[str, float] = {}  # noqa: RUF012

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def update(self, parameters, gradients, learning_rate, threads=1):
        self.seen.append(gradients.flat.copy())

    def state(self):
        return {}


def make_trainer(cell="gru", optimizer=None, seq_len=T, **settings) -> Trainer:
    options = settings.pop("options", {})
    network = make_network(vocabulary_size=V, cell=cell, num_layers=2, **options)
    return Trainer(
        network,
        Recorder() if optimizer is None else make_optimizer(optimizer, network.parameters),
        settings.pop("clipping", Clipping("off")),
        Windows(BLOCK, seq_len),
        0.05,
        **settings,
    )


def whole_gradient(trainer: Trainer, reduction: str, steps: int = T * WINDOWS) -> np.ndarray:
    network = trainer.network.snapshot()
    forward = network.forward(BLOCK[:, :steps].T, network.zero_state(B))
    targets = BLOCK[:, 1 : steps + 1].T
    dlogits = softmax_cross_entropy(forward.logits, targets, reduction=reduction)[1]
    return network.backward(forward, dlogits).flat.copy()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("probability", [0.3, 0.5, 1.0])
def test_random_truncation_is_full_backpropagation_on_average(
    cell, reduction, probability, monkeypatch
):
    truncation = Truncation("random", probability)
    expected = np.zeros(0)
    mean = 0.0
    for joints in product((False, True), repeat=WINDOWS - 1):  # every way to cut the stream
        chance = np.prod([1.0 - probability if on else probability for on in joints])
        if chance == 0.0:
            continue
        trainer = make_trainer(
            cell, reduction=reduction, rng=np.random.default_rng(), truncation=truncation
        )
        goes_on = iter(joints)
        monkeypatch.setattr(trainer, "_goes_on", lambda it=goes_on: next(it))
        while trainer.streams.epoch == 0:
            trainer.step()
        assert len(trainer.optimizer.seen) == 1 + joints.count(False)
        mean = mean + chance * sum(trainer.optimizer.seen)
        expected = whole_gradient(trainer, reduction)
    if reduction == "mean":  # a pass adds up to the mean times the windows of an average segment
        expected = expected * WINDOWS * probability
    if probability < 1.0:
        np.testing.assert_allclose(mean, expected, rtol=0, atol=1e-11)
    else:  # always cut: truncated backpropagation, which is something else
        assert np.abs(mean - expected).max() > 1e-4


def test_random_segments_have_the_asked_for_length():
    trainer = make_trainer(
        "rnn", rng=np.random.default_rng(0), truncation=Truncation("random", 0.25)
    )
    trainer.streams = Windows(np.zeros((B, 40_000), int), T)
    lengths = np.array([trainer.step().characters for _ in range(800)])
    blocks = np.diff(lengths) / (T * B)
    assert blocks.mean() == pytest.approx(4.0, rel=0.15)
    assert np.mean(blocks == 1) == pytest.approx(0.25, abs=0.05)
    assert len(trainer.network._windows) <= 3


@pytest.mark.parametrize("cell", CELLS)
def test_full_backpropagation_starts_each_window_from_zero(cell):
    trainer = make_trainer(cell, truncation=Truncation("full"))
    network = trainer.network.snapshot()
    for window in range(WINDOWS):
        trainer.step()
        part = slice(window * T, (window + 1) * T)
        forward = network.forward(BLOCK[:, part].T, network.zero_state(B))
        targets = BLOCK[:, 1:].T[part]
        dlogits = softmax_cross_entropy(forward.logits, targets)[1]
        np.testing.assert_array_equal(
            trainer.optimizer.seen[-1], network.backward(forward, dlogits).flat
        )


def test_full_backpropagation_of_the_whole_stream():
    trainer = make_trainer(seq_len=T * WINDOWS, truncation=Truncation("full"))
    result = trainer.step()
    assert (result.characters, result.epoch) == (BLOCK[:, 1:].size, 1.0)
    np.testing.assert_allclose(
        trainer.optimizer.seen[0], whole_gradient(trainer, "mean"), rtol=0, atol=1e-15
    )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_accumulated_batches_make_one_update(reduction):
    single = make_trainer(reduction=reduction)
    losses = [single.step().loss for _ in range(WINDOWS)]
    together = make_trainer(reduction=reduction, accumulate=WINDOWS)
    result = together.step()
    assert (result.step, result.characters, result.epoch) == (1, T * B * WINDOWS, 1.0)
    assert result.loss == pytest.approx(np.mean(losses), abs=1e-14)
    expected = sum(single.optimizer.seen) / (WINDOWS if reduction == "mean" else 1)
    np.testing.assert_allclose(together.optimizer.seen[0], expected, rtol=0, atol=1e-13)
    assert result.grad_norm == pytest.approx(np.linalg.norm(expected))
    for own, theirs in zip(together.state, single.state, strict=True):
        np.testing.assert_array_equal(own, theirs)


ALL = {
    "options": {"dropout": 0.3, "layer_norm": True, "residual": True},
    "truncation": Truncation("random", 0.5),
    "accumulate": 2,
    "clipping": Clipping("norm", 0.5),
    "schedule": WarmUp(Step(0.5, 1), 5),
}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("optimizer", ["momentum", "rmsprop", "adamw"])
def test_continuing_equals_never_having_stopped_with_every_option(cell, optimizer):
    through = make_trainer(cell, optimizer, rng=np.random.default_rng(1), **ALL)
    for _ in range(5):
        through.step()
    saved = through.state_dict()
    expected = [through.step() for _ in range(6)]
    resumed = make_trainer(cell, optimizer, rng=np.random.default_rng(2), **ALL)
    resumed.load_state_dict(saved)
    assert [resumed.step() for _ in range(6)] == expected
    assert resumed.network.parameters.flat.tobytes() == through.network.parameters.flat.tobytes()
    assert resumed.rng.random() == through.rng.random()


@pytest.mark.parametrize("how", ["nan", "interrupted"])
def test_a_step_that_fails_draws_nothing(how):
    trainer = make_trainer(optimizer="adam", rng=np.random.default_rng(1), **ALL)
    trainer.step()
    if how == "nan":
        trainer.network.parameters["decoder.bias"][0] = np.nan
    before = trainer.state_dict()
    epoch = trainer.epoch
    if how == "nan":
        result = trainer.step()
        assert not result.finite
        assert result.epoch == epoch
    else:
        trainer.network.interrupt()
        with pytest.raises(Interrupted):
            trainer.step()
    assert_same_state(trainer.state_dict(), before)


def test_schedules_follow_epoch_and_updates():
    trainer = make_trainer(schedule=WarmUp(Step(0.5, 1), 2))
    rates = [trainer.step().learning_rate / 0.05 for _ in range(3 * WINDOWS)]
    expected = [0.5, *[1.0] * (WINDOWS - 1), *[0.5] * WINDOWS, *[0.25] * WINDOWS]
    np.testing.assert_allclose(rates, expected)


@pytest.mark.parametrize("kind", ["norm", "value", "off"])
def test_the_norm_of_each_gradient_before_clipping_on_demand(kind):
    trainer = make_trainer(clipping=Clipping(kind, 1e-3))
    plain = make_trainer()
    assert trainer.clip_report is None
    result = trainer.step()
    plain.step()
    norms = trainer.clip_report.norms()
    assert result.clipped == (kind != "off")
    assert list(norms) == list(trainer.network.parameters)
    assert norms == pytest.approx(plain.clip_report.norms(), rel=1e-12)
    total = np.linalg.norm(list(norms.values()))
    assert total == pytest.approx(result.grad_norm, rel=1e-12)


@pytest.mark.parametrize(
    ("named", "settings"),
    [
        ("kind", lambda: Truncation("never")),
        ("probability", lambda: Truncation("random", 0.0)),
        ("probability", lambda: Truncation("random", 1.1)),
        ("accumulate", lambda: make_trainer(accumulate=0)),
        ("rng", lambda: make_trainer(truncation=Truncation("random"))),
        ("rng", lambda: make_trainer(options={"dropout": 0.5})),
        ("rng", lambda: make_trainer(rng=7)),
    ],
)
def test_the_wrong_argument_is_named(named, settings):
    with pytest.raises(EngineError, match=rf"^{named}\b"):
        settings()
