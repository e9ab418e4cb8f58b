"""The runner: commands between steps, samples, validation, divergence, saving and continuing."""

from __future__ import annotations

import json
import math
import threading
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from rnnviz.session import commands
from rnnviz.session.config import ConfigError, RunConfig
from rnnviz.session.due import sample_step
from rnnviz.session.frames import Row
from rnnviz.session.gauge import Gauge
from rnnviz.session.history import History
from rnnviz.session.mailbox import ROW_LIMIT, Delivery, Mailbox
from rnnviz.session.prober import Answer, Prober
from rnnviz.session.run import Run, build_run
from rnnviz.session.runfile import load_run, save_run, write_checkpoint
from rnnviz.session.runner import Budget, Runner
from rnnviz.text.corpus import Corpus

TEXT = "the quick brown fox jumps over the lazy dog.\n" * 60
SMALL = RunConfig(hidden_size=12, seq_len=10, batch_size=4, cell="rnn")


def small_run(**changes: object) -> Run:
    return build_run(SMALL.with_changes(**changes), Corpus("fox", TEXT, "fox"))


class Trained:
    """A runner in its thread."""

    def __init__(self, run: Run) -> None:
        self.mailbox = Mailbox()
        self.runner = Runner(run, self.mailbox)
        self.thread = threading.Thread(target=self.runner.loop)
        self.thread.start()
        self.seen = Delivery()

    def until(self, condition: object) -> Delivery:
        """Drains until the condition holds of all that was seen."""
        pause = threading.Event()
        for _ in range(2000):
            news = self.mailbox.drain()
            for kind in ("rows", "samples", "validations", "events", "checkpoints"):
                getattr(self.seen, kind).extend(getattr(news, kind))
            self.seen.state = news.state or self.seen.state
            self.seen.in_force = news.in_force or self.seen.in_force
            if condition(self.seen):  # type: ignore[operator]
                return self.seen
            pause.wait(0.005)
        raise AssertionError("the condition never held")

    def end(self) -> None:
        self.runner.send(commands.Stop())
        self.thread.join(5)
        assert not self.thread.is_alive()


@pytest.fixture
def trained() -> object:
    runners: list[Trained] = []

    def start(run: Run) -> Trained:
        runners.append(Trained(run))
        return runners[-1]

    yield start
    for runner in runners:
        runner.end()


def test_play_pause_and_single_steps(trained: object) -> None:
    live = trained(small_run())  # type: ignore[operator]
    live.runner.send(commands.StepOnce())
    live.until(lambda seen: len(seen.rows) == 1 and seen.state.phase == "paused")
    live.runner.send(commands.Play())
    live.until(lambda seen: len(seen.rows) > 20)
    live.runner.send(commands.Pause())
    seen = live.until(lambda seen: seen.state.phase == "paused")
    assert [row.step for row in seen.rows] == list(range(1, len(seen.rows) + 1))
    count = live.runner.run.trainer.steps
    live.runner.send(commands.StepOnce())
    live.until(lambda seen: seen.rows[-1].step == count + 1)


def test_live_settings_hold_from_the_next_step_and_are_acknowledged(trained: object) -> None:
    live = trained(small_run())  # type: ignore[operator]
    live.runner.send(commands.StepOnce())
    live.until(lambda seen: len(seen.rows) == 1)
    live.runner.send(commands.SetLearningRate(0.125))
    live.runner.send(commands.SetClipping("norm", 1e-6))
    live.runner.send(commands.SetOptimizer("sgd"))
    live.runner.send(commands.StepOnce())
    seen = live.until(lambda seen: len(seen.rows) == 2)
    assert seen.rows[1].learning_rate == 0.125
    assert not seen.rows[0].clipped
    assert seen.rows[1].clipped
    assert seen.in_force.clip_threshold == 1e-6
    assert seen.in_force.optimizer == "sgd"
    assert [event.kind for event in seen.events] == ["lr", "clip", "optimizer"]


def test_a_drag_of_a_setting_leaves_one_mark(trained: object) -> None:
    live = trained(small_run())  # type: ignore[operator]
    live.runner.send(commands.StepOnce())
    live.until(lambda seen: len(seen.rows) == 1)
    for threshold in (4.0, 3.0, 2.0):
        live.runner.send(commands.SetClipping("norm", threshold))
    live.runner.send(commands.SetLearningRate(0.5))
    seen = live.until(lambda seen: len(seen.events) == 4)
    assert [event.replaces for event in seen.events] == [False, True, True, False]
    history = History()
    history.extend(seen)
    assert [event.text for event in history.events] == ["clip 1 → 2", "lr 5.0e-3 → 5.0e-1"]


def test_the_first_sample_comes_at_step_ten_and_has_its_length(trained: object) -> None:
    live = trained(small_run())  # type: ignore[operator]
    live.runner.send(commands.Play())
    seen = live.until(lambda seen: len(seen.rows) > 25 and len(seen.samples) > 1)
    assert [sample.step for sample in seen.samples[:2]] == [10, 20]
    assert len(seen.samples[0].text) == 200
    assert set(seen.samples[0].text) <= set(TEXT)


def test_sample_steps_are_one_two_five_by_decade() -> None:
    assert [s for s in range(1, 2001) if sample_step(s)] == [
        10, 20, 50, 100, 200, 500, 1000, 2000,
    ]  # fmt: skip


def test_samples_do_not_change_the_training() -> None:
    losses = []
    for every in (0, 1):
        runner = Runner(small_run(sample_every=every), Mailbox())
        rows: list[Row] = []
        runner.train_until(Budget(steps=30), rows.append)
        losses.append([row.loss for row in rows])
    assert losses[0] == losses[1]


def test_validation_is_measured_from_the_first_step() -> None:
    mailbox = Mailbox()
    runner = Runner(small_run(), mailbox)
    runner.train_until(Budget(steps=3))
    measured = mailbox.drain().validations
    assert measured[0].step == 1
    assert measured[0].characters == measured[0].of_characters > 200


@pytest.mark.parametrize("split", ["contiguous", "interleaved"])
def test_live_and_final_validation_agree_on_a_small_text(split: str) -> None:
    run = small_run(split=split)
    Runner(run, Mailbox()).train_until(Budget(steps=200))
    live, _ = run.live_validation()
    final = run.final_validation()
    assert final is not None
    assert live.nats == pytest.approx(final.nats, rel=1e-5)
    assert final.nats < math.log(run.vocabulary.size)


def test_without_a_held_out_part_nothing_is_validated() -> None:
    run = small_run(val_fraction=0.0)
    mailbox = Mailbox()
    Runner(run, mailbox).train_until(Budget(steps=3))
    assert not mailbox.drain().validations
    assert run.final_validation() is None


def test_divergence_stops_before_the_weights_are_touched(trained: object) -> None:
    run = small_run()
    live = trained(run)  # type: ignore[operator]
    live.runner.send(commands.StepOnce())
    live.until(lambda seen: len(seen.rows) == 1)
    kept = run.network.parameters.flat.copy()
    poisoned = kept.copy()
    poisoned[-1] = np.nan  # a bias of the output layer: every loss is NaN
    run.network.parameters.flat[:] = poisoned
    live.runner.send(commands.Play())
    seen = live.until(lambda seen: seen.state.phase == "diverged")
    assert "step 2" in seen.state.headline
    assert seen.events[-1].kind == "diverged"
    assert np.array_equal(run.network.parameters.flat, poisoned, equal_nan=True)
    run.network.parameters.flat[:] = kept
    live.runner.send(commands.Play())
    live.until(lambda seen: len(seen.rows) > 3 and seen.state.phase == "training")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"cell": "lstm", "peepholes": True, "optimizer": "rmsprop", "rmsprop_alpha": 0.9},
        {"num_layers": 2, "dropout": 0.3, "layer_norm": True, "residual": True},
        {"bptt": "random", "accumulate": 2, "optimizer": "nesterov", "warm_up": 25},
        {"bptt": "full", "optimizer": "adamw", "schedule": "step", "decay_after": 1},
        {"bptt": "whole", "batch_size": 50, "optimizer": "momentum", "learning_rate": 0.1},
        {"initialization": "orthogonal", "spectral_radius": 1.2, "forget_bias": 0.0},
        {"initialization": "identity", "activation": "relu", "top_k": 3, "top_p": 0.9},
    ],
)
def test_a_saved_run_continues_bit_for_bit(tmp_path: Path, changes: dict[str, object]) -> None:
    whole, half = small_run(**changes), small_run(**changes)
    Runner(whole, Mailbox()).train_until(Budget(steps=40))
    Runner(half, Mailbox()).train_until(Budget(steps=17))
    save_run(tmp_path / "half.safetensors", half, seconds=3.5)
    saved = load_run(tmp_path / "half.safetensors")
    assert saved.seconds == 3.5
    assert saved.belongs_to(half.corpus)
    resumed = saved.restore(half.corpus)
    Runner(resumed, Mailbox()).train_until(Budget(steps=40))
    assert resumed.trainer.steps == 40
    assert np.array_equal(resumed.network.parameters.flat, whole.network.parameters.flat)


def test_a_run_saved_before_there_were_options_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "old.safetensors"
    run = small_run()
    save_run(path, run)
    with safe_open(path, framework="numpy") as file:
        metadata = dict(file.metadata())
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    sections = json.loads(metadata["config"])
    newer = list(sections["run"])[list(sections["run"]).index("peepholes") :]
    assert "top_p" in newer
    for name in newer:
        del sections["run"][name]
    for name in ("peepholes", "dropout", "layer_norm", "residual"):
        del sections["model"][name]
    save_file(tensors, path, {**metadata, "config": json.dumps(sections)})
    saved = load_run(path)
    assert saved.config == run.config
    restored = saved.restore(run.corpus)
    assert restored.trainer.step() == run.trainer.step()


def test_a_batch_larger_than_the_text_is_told_before_anything_is_built() -> None:
    with pytest.raises(ConfigError, match="batch_size: the text has only 2,700 characters"):
        small_run(batch_size=2_000)


def test_whole_streams_are_read_in_one_step() -> None:
    run = small_run(bptt="whole", batch_size=50)
    result = run.trainer.step()
    assert result.characters == run.split.train.size - 50
    assert result.epoch == 1.0


def test_a_new_optimizer_has_the_settings_of_the_run(trained: object) -> None:
    live = trained(small_run(rmsprop_alpha=0.5))  # type: ignore[operator]
    live.runner.send(commands.SetOptimizer("rmsprop"))
    live.until(lambda seen: seen.in_force and seen.in_force.optimizer == "rmsprop")
    assert live.runner.run.trainer.optimizer.hyperparameters["alpha"] == 0.5


def test_samples_choose_among_the_likeliest_only() -> None:
    texts = []
    for changes in ({"temperature": 0.0}, {"top_k": 1}, {"top_p": 1e-6}):
        runner = Runner(small_run(sample_every=5, **changes), Mailbox())
        runner.train_until(Budget(steps=5))
        texts.append(runner.mailbox.drain().samples[0].text)
    assert texts[0] == texts[1] == texts[2]


def test_a_run_meets_only_its_own_text_again(tmp_path: Path) -> None:
    run = small_run()
    save_run(tmp_path / "run.safetensors", run)
    saved = load_run(tmp_path / "run.safetensors")
    with pytest.raises(ConfigError, match="another text"):
        saved.restore(Corpus("fox", TEXT + "!", "fox"))


def test_saving_while_training_answers_and_goes_on(trained: object, tmp_path: Path) -> None:
    live = trained(small_run())  # type: ignore[operator]
    live.runner.send(commands.Play())
    live.until(lambda seen: len(seen.rows) > 5)
    live.runner.send(commands.Save("a"))
    live.runner.send(commands.Save("", automatic=True))
    seen = live.until(lambda seen: len(seen.checkpoints) == 2)
    asked, automatic = seen.checkpoints
    assert (asked.path, asked.automatic) == ("a", False)
    assert (automatic.path, automatic.automatic) == ("", True)
    count = len(seen.rows)
    live.until(lambda seen: len(seen.rows) > count + 5)
    # What goes on does not change the copy.
    assert asked.last_row is not None
    assert asked.step == asked.last_row.step
    write_checkpoint(tmp_path / "a.safetensors", asked)
    saved = load_run(tmp_path / "a.safetensors")
    whole = small_run()
    Runner(whole, Mailbox()).train_until(Budget(steps=asked.step))
    assert np.array_equal(saved.model.network.parameters.flat, whole.network.parameters.flat)


def test_an_undrained_mailbox_stays_bounded() -> None:
    mailbox = Mailbox()
    for step in range(ROW_LIMIT + 10):
        mailbox.post(Row(step, step, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, False, 0.1))
    rows = mailbox.drain().rows
    assert ROW_LIMIT // 2 <= len(rows) <= ROW_LIMIT
    assert rows[-1].step == ROW_LIMIT + 9
    assert [row.step for row in rows] == sorted(row.step for row in rows)


def test_the_prober_answers_with_the_newest_weights(trained: object) -> None:
    live = trained(small_run())  # type: ignore[operator]
    answers: list[Answer] = []
    arrived = threading.Condition()

    def take(answer: Answer) -> None:
        with arrived:
            answers.append(answer)
            arrived.notify_all()

    prober = Prober(live.mailbox, live.runner.run.vocabulary, take)
    prober.start()
    try:
        request = prober.ask("the quick")
        with arrived:
            assert arrived.wait_for(lambda: answers and answers[-1].request == request, 5)
        reading = answers[-1].reading
        assert reading.text == "the quick"
        assert reading.signals[0]["h"].shape == (12, 9)
        assert reading.logits.shape == (live.runner.run.vocabulary.size, 9)
        live.runner.send(commands.StepOnce())
        live.until(lambda seen: len(seen.rows) == 1)
        prober.renew()  # asks for the weights; they come between two steps
        with arrived:
            while answers[-1].step != 1:
                prober.renew()
                assert arrived.wait_for(lambda: answers[-1].step == 1, 0.2) or len(answers) < 50
        assert answers[-1].request == request
        request = prober.ask("")
        with arrived:
            assert arrived.wait_for(lambda: answers[-1].request == request, 5)
        assert answers[-1].reading.text == ""
    finally:
        assert prober.stop()


# Onlookers.


def test_measured_steps_are_posted_and_change_nothing() -> None:
    runs = small_run(), small_run()
    mailboxes = Mailbox(), Mailbox()
    gauge = Gauge(runs[0].trainer, lambda: 0.0)  # a clock by which nothing costs anything
    runners = Runner(runs[0], mailboxes[0], gauge=gauge), Runner(runs[1], mailboxes[1])
    for runner in runners:
        runner.train_until(Budget(steps=30))
    measured, unmeasured = mailboxes[0].drain(), mailboxes[1].drain()
    assert unmeasured.norms == []
    assert [norms.step for norms in measured.norms][:5] == [1, 2, 3, 4, 5]
    history = History()
    history.extend(measured)
    assert len(history.norms) == len(measured.norms)
    norms = history.norms.joint("gradients", history.norms.names)
    steps = history.norms.steps - 1
    np.testing.assert_allclose(norms, history.grad_norm.values[steps], rtol=1e-4)
    np.testing.assert_array_equal(runs[0].network.parameters.flat, runs[1].network.parameters.flat)


def test_the_initial_network_is_known_after_any_step() -> None:
    run = small_run(initialization="orthogonal")
    before = run.initial_network()
    Runner(run, Mailbox()).train_until(Budget(steps=3))
    after = run.initial_network()
    assert not np.array_equal(run.network.parameters.flat, before.parameters.flat)
    np.testing.assert_array_equal(before.parameters.flat, after.parameters.flat)


@pytest.mark.parametrize("changes", [{}, {"bptt": "whole"}])
def test_weights_come_with_what_was_read_last(changes: dict[str, object]) -> None:
    run = small_run(**changes)
    stream = run.vocabulary.decode(run.split.train[0])
    windows = run.trainer.streams.windows_per_epoch
    window = len(stream) - 1 if changes else 10
    assert run.last_read(256) == ""
    for read in range(1, windows + 2):
        run.trainer.step()
        end = (read - 1) % windows * window + window
        assert run.last_read(256) == stream[max(end - 256, 0) : end]
    assert run.last_read(3) == stream[end - 3 : end]


def test_a_sample_that_cannot_be_written_says_so_and_training_goes_on() -> None:
    run = small_run()
    runner = Runner(run, Mailbox())
    row = runner.advance()
    assert row is not None
    run.network.parameters["decoder.bias"][:] = np.nan
    sample = runner.sample(row)
    assert sample.text == ""
    assert sample.problem == "could not be sampled: every probability was NaN"


@pytest.mark.parametrize("asleep_in", ["step", "validation", "sample"])
def test_a_machine_that_sleeps_has_not_trained_for_hours(asleep_in: str) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 0.5
        return now[0]

    runner = Runner(small_run(sample_every=1, sample_length=5), Mailbox(), clock)
    runner.train_until(Budget(steps=5))
    before = runner.seconds
    owner, name = {
        "step": (runner.run.trainer, "step"),
        "validation": (runner.run, "live_validation"),
        "sample": (runner, "sample"),
    }[asleep_in]
    work, nights = getattr(owner, name), []

    def slept(*arguments: object) -> object:
        nights.append(8 * 3600.0)
        now[0] += nights[-1]
        return work(*arguments)

    setattr(owner, name, slept)
    while len(nights) < 4:
        runner.advance()
    assert runner.seconds - before < 3600
    delattr(owner, name)
    runner.mailbox.drain()
    runner.train_until(Budget(seconds=runner.seconds + 400))
    delivery = runner.mailbox.drain()
    assert delivery.validations, "they come on after it, as if nobody had slept"
    assert delivery.samples


def test_a_machine_that_becomes_slow_is_believed() -> None:
    now, cost = [0.0], [0.001]

    def clock() -> float:
        now[0] += cost[0]
        return now[0]

    runner = Runner(small_run(val_fraction=0.0), Mailbox(), clock)
    runner.train_until(Budget(steps=5))
    cost[0] = 20.0
    for _ in range(25):
        runner.advance()
    before = runner.seconds
    runner.advance()
    assert runner.seconds - before >= 20.0


def test_a_run_on_narrow_indices_is_that_on_wide_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus("fox", "the quick brown fox jumps over the lazy dog.\n" * 60, "fox")
    config = RunConfig(hidden_size=12, seq_len=10, batch_size=4, cell="gru")
    assert corpus.indices.dtype == np.uint8

    def trained(text: Corpus) -> tuple[np.ndarray, list[float]]:
        runner = Runner(build_run(config, text), Mailbox())
        runner.train_until(Budget(steps=20))
        return runner.run.network.parameters.flat.copy(), [
            validation.loss for validation in runner.mailbox.drain().validations
        ]

    weights, losses = trained(corpus)
    wide = Corpus("fox", corpus.text, "fox")
    monkeypatch.setattr(Corpus, "indices", corpus.indices.astype(np.int32))
    expected, expected_losses = trained(wide)
    np.testing.assert_array_equal(weights, expected)
    assert losses == expected_losses
    assert losses
