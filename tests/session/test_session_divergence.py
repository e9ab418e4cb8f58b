"""Divergence: what stops a step, where it came from, and the ways on from there."""

from __future__ import annotations

import dataclasses
import math
import threading
from pathlib import Path

import numpy as np
import pytest

from rnnviz.engine.blas import thread_limit
from rnnviz.engine.clipping import Clipping
from rnnviz.engine.network import Network
from rnnviz.paths import cache_folder
from rnnviz.session import commands
from rnnviz.session.config import RunConfig
from rnnviz.session.divergence import Divergence, find_divergence
from rnnviz.session.history import History
from rnnviz.session.mailbox import Delivery, Mailbox
from rnnviz.session.presets import load_preset
from rnnviz.session.rollback import GAP, Rollback
from rnnviz.session.run import Run, build_run
from rnnviz.session.runfile import load_run, write_checkpoint
from rnnviz.session.runner import Budget, Runner
from rnnviz.text.corpus import Corpus
from rnnviz.text.sources import load_source

TEXT = "the quick brown fox jumps over the lazy dog.\n" * 60
SMALL = RunConfig(cell="rnn", num_layers=2, hidden_size=12, seq_len=10, batch_size=4)


def small_run(**changes: object) -> Run:
    return build_run(SMALL.with_changes(**changes), Corpus("fox", TEXT, "fox"))


def poisoned(monkeypatch: pytest.MonkeyPatch, name: str, value: float) -> None:
    """From now on one entry of this parameter's gradient has this value."""
    backward = Network.unchecked_backward

    def wrong(self: Network, *arguments: object) -> object:
        gradients = backward(self, *arguments)  # type: ignore[arg-type]
        gradients[name].reshape(-1)[0] = value
        return gradients

    monkeypatch.setattr(Network, "unchecked_backward", wrong)


def diverged(run: Run) -> tuple[Divergence, Runner]:
    """After one good step, the next one, which must be refused and change nothing."""
    runner = Runner(run, Mailbox())
    assert runner.divergence is None
    kept = run.network.parameters.flat.copy()
    position = run.trainer.streams.state_dict()
    assert runner.advance() is None
    assert runner.divergence is not None
    assert np.array_equal(run.network.parameters.flat, kept)
    assert run.trainer.streams.state_dict() == position
    return runner.divergence, runner


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_no_number_names_the_parameter_it_came_from(
    monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    poisoned(monkeypatch, "rnn.weight_hh_l1", value)
    found, _ = diverged(small_run())
    assert found.where == "weight_hh_l1"
    assert found.headline == "Diverged at step 1: the gradient is not a finite number"
    assert (
        found.cause
        == "First non-finite: weight_hh_l1 (layer 2). The weights it began with are kept."
    )


def test_the_layer_is_named_as_people_count_it() -> None:
    causes = [
        Divergence(9, 1.0, math.inf, where).cause
        for where in ("weight_hh_l0", "bias_ih_l2", "decoder.weight", "the state of layer 2", "")
    ]
    assert "weight_hh_l0 (layer 1)." in causes[0]
    assert "bias_ih_l2 (layer 3)." in causes[1]
    assert "decoder.weight (the output layer)." in causes[2]
    assert "First non-finite: the state of layer 2." in causes[3]
    assert causes[4] == "The weights of step 8 are kept."


def test_of_several_parameters_the_first_on_the_way_back_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l1", "rnn.weight_hh_l1"):
        poisoned(monkeypatch, name, math.nan)
    assert diverged(small_run())[0].where == "weight_hh_l1"
    poisoned(monkeypatch, "decoder.bias", math.nan)
    assert diverged(small_run())[0].where == "decoder.bias"


def test_a_huge_norm_counts_and_names_the_largest_part(monkeypatch: pytest.MonkeyPatch) -> None:
    poisoned(monkeypatch, "rnn.weight_hh_l0", 3.1e9)
    run = small_run(clip_kind="off")
    found, _ = diverged(run)
    assert found.where == "weight_hh_l0"
    assert found.headline == "Diverged at step 1: gradient norm 3.1e9"
    assert found.cause.startswith("Largest part: weight_hh_l0 (layer 1), 100% of the squared norm.")


@pytest.mark.parametrize("kind", ["norm", "value"])
def test_what_clipping_holds_back_is_no_divergence(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    poisoned(monkeypatch, "rnn.weight_hh_l0", 3.1e9)
    run = small_run(clip_kind=kind)
    assert Runner(run, Mailbox()).advance() is not None
    run.trainer.clipping = Clipping(kind, 1e12)
    assert Runner(run, Mailbox()).advance() is None


def test_a_loss_that_is_no_number_is_traced_forward() -> None:
    run = small_run(activation="relu", clip_kind="off")
    parameters = run.network.parameters
    parameters["rnn.weight_hh_l1"][...] = 1e30
    parameters["rnn.bias_ih_l1"][...] = 1.0
    found, _ = diverged(run)
    assert found.where == "the state of layer 2"
    assert found.headline == "Diverged at step 1: the loss is not a finite number"
    run = small_run()
    run.network.parameters["decoder.bias"][0] = np.nan
    trainer = run.trainer
    assert find_divergence(trainer, trainer.step()).where == "decoder.bias"


class Looped:
    """A runner in its thread, and all it has posted."""

    def __init__(self, runner: Runner) -> None:
        self.runner, self.seen = runner, Delivery()
        self.history = History()
        self.thread = threading.Thread(target=runner.loop)
        self.thread.start()

    def until(self, phase: str, step: int = 0) -> None:
        pause = threading.Event()
        for _ in range(4000):
            news = self.runner.mailbox.drain()
            self.history.extend(news)
            self.seen.state = news.state or self.seen.state
            last = self.history.last.step if self.history.last is not None else 0
            if self.seen.state is not None and self.seen.state.phase == phase and last >= step:
                return
            pause.wait(0.005)
        raise AssertionError(f"never {phase}")

    def end(self) -> None:
        self.runner.send(commands.Stop())
        self.thread.join(10)
        assert not self.thread.is_alive()


def test_a_step_tried_again_leaves_one_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    run = small_run(clip_kind="off")
    live = Looped(Runner(run, Mailbox()))
    try:
        live.runner.send(commands.StepOnce())
        live.until("paused", 1)
        with monkeypatch.context() as poison:
            poisoned(poison, "rnn.weight_hh_l0", math.nan)
            for _ in range(3):
                live.seen.state = None
                live.runner.send(commands.Play())
                live.until("diverged")
        marks = [(e.kind, e.step) for e in live.history.events]
        assert marks == [("diverged", 2)]
        live.runner.send(commands.Play())
        live.until("training", 5)
    finally:
        live.end()
    assert not live.runner.diverged


def test_going_back_takes_weights_from_before_it_ran_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, rollback = small_run(), Rollback()
    live = Looped(Runner(run, Mailbox(), rollback=rollback))
    try:
        live.runner.send(commands.Play())
        live.until("training", 2 * GAP)
        with monkeypatch.context() as poison:
            poisoned(poison, "rnn.weight_hh_l0", math.nan)
            live.until("diverged")
            at, state = run.trainer.steps, live.seen.state
            assert state is not None
            found = rollback.find(at)
            assert found is not None
            wanted = found[1].flat.copy()
            assert state.back_to == found[0] < at
            run.network.parameters.flat[:] = 7.0
            live.seen.state = None
            live.runner.send(commands.GoBack())
            live.runner.send(commands.StepOnce())
            live.until("diverged")  # the gradient is still wrong, so nothing has changed since
        assert np.array_equal(run.network.parameters.flat, wanted)
        assert run.trainer.state is None
        assert run.trainer.steps == at
        live.runner.send(commands.Play())
        live.until("training", at + 5)
    finally:
        live.end()
    assert "resumed" in [event.kind for event in live.history.events]


def test_without_copies_the_best_weights_are_gone_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner(small_run(), Mailbox())
    runner.train_until(Budget(steps=20))
    best = runner.best
    assert best is not None
    runner.best = dataclasses.replace(best, step=12)
    poisoned(monkeypatch, "decoder.bias", math.nan)
    runner.advance()
    state = runner.mailbox.drain().state
    assert state is not None
    assert (state.phase, state.step, state.back_to) == ("diverged", 20, 12)


def test_the_copies_are_of_a_little_while_ago() -> None:
    run, rollback = small_run(), Rollback()
    assert rollback.find(0) is None
    flats = {}
    for step in range(5 * GAP):
        flats[step] = run.network.parameters.flat.copy()
        rollback.before(step, run.network.parameters)
        found = rollback.find(step)
        assert found is not None
        back_to, parameters = found
        assert back_to == 0 or 10 <= step - back_to <= GAP + 10
        assert np.array_equal(parameters.flat, flats[back_to])
        assert parameters.read_only
        run.trainer.step()
    rollback.forget()
    assert rollback.find(5 * GAP) is None


def test_a_run_saved_after_it_diverged_says_so_when_it_is_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run, history = small_run(clip_kind="off"), History()
    runner = Runner(run, Mailbox())
    runner.train_until(Budget(steps=3))
    with monkeypatch.context() as poison:
        poisoned(poison, "rnn.weight_hh_l0", 5e9)
        runner.advance()
    assert runner.divergence is not None
    history.extend(runner.mailbox.drain())
    path = tmp_path / "diverged.safetensors"
    write_checkpoint(path, runner.checkpoint(), history.record(runner.last_row))
    saved = load_run(path)
    again = Runner(saved.restore(run.corpus), Mailbox())
    again.resume(saved)
    live = Looped(again)
    try:
        live.until("diverged")
        assert live.seen.state is not None
        assert live.seen.state.headline == runner.divergence.headline
        assert live.seen.state.message == runner.divergence.cause
        live.runner.send(commands.Play())  # what was wrong here was not in the weights
        live.until("training", 5)
    finally:
        live.end()


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 99, 123_456])
def test_the_preset_explode_diverges_at_once_whatever_the_seed(seed: int) -> None:
    play = load_source("the-salt-crown", cache_folder())
    config = load_preset("explode").config().with_changes(seed=seed)
    assert (config.cell, config.activation, config.clip_kind) == ("rnn", "tanh", "off")
    assert config.spectral_radius > 1
    assert config.dtype == "float32"
    runner = Runner(build_run(config, play), Mailbox())
    with thread_limit(1):
        runner.train_until(Budget(steps=10))
    assert runner.diverged


@pytest.mark.parametrize("seed", [1, 2])
def test_the_preset_explode_learns_when_it_is_clipped(seed: int) -> None:
    play = load_source("the-salt-crown", cache_folder())
    preset = load_preset("explode").config().with_changes(seed=seed)
    config = preset.with_changes(clip_kind="norm")  # the threshold is the preset's own
    run = build_run(config, play)
    runner = Runner(run, Mailbox())
    with thread_limit(1):
        runner.train_until(Budget(steps=150))
    assert not runner.diverged
    assert run.live_validation()[0].nats < math.log(run.vocabulary.size) - 1.0
