"""What a run's file keeps: history, best weights, clocks and view; damaged parts are refused."""

from __future__ import annotations

import csv
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from rnnviz.engine.blas import Parallelism
from rnnviz.engine.checkpoint import CheckpointError, load_model
from rnnviz.engine.evaluation import evaluate_streams
from rnnviz.session import commands
from rnnviz.session.commands import Pause, Play
from rnnviz.session.config import ConfigError, RunConfig
from rnnviz.session.export import write_csv, write_jsonl
from rnnviz.session.frames import Event, Row, Sample, Validation
from rnnviz.session.history import History
from rnnviz.session.mailbox import Delivery, Mailbox
from rnnviz.session.record import Record
from rnnviz.session.run import Run, build_run
from rnnviz.session.runfile import (
    SavedRun,
    load_run,
    save_run,
    summary,
    take_checkpoint,
    write_best,
    write_checkpoint,
)
from rnnviz.session.runner import Budget, Runner
from rnnviz.text.corpus import Corpus, load_text_file

TEXT = "the quick brown fox jumps over the lazy dog.\n" * 60
SMALL = RunConfig(hidden_size=12, seq_len=10, batch_size=4, cell="lstm", sample_length=20)
VIEW = {"seed": "the quick", "loss": {"unit": "bits"}}


def small_run(**changes: Any) -> Run:
    return build_run(SMALL.with_changes(**changes), Corpus("fox", TEXT, "fox"))


class Session:
    """A runner with the history of its run, as a window has them."""

    def __init__(self, run: Run, saved: SavedRun | None = None) -> None:
        self.runner = Runner(run, Mailbox())
        self.history = History()
        if saved is not None:
            self.runner.resume(saved)
            assert saved.record is not None
            self.history = History.of(saved.record)

    def train(self, steps: int) -> None:
        self.runner.train_until(Budget(steps=steps))
        self.history.extend(self.runner.mailbox.drain())

    def save(self, path: Path) -> None:
        checkpoint = self.runner.checkpoint()
        write_checkpoint(path, checkpoint, self.history.record(checkpoint.last_row), VIEW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.safetensors"


def test_a_night_in_the_middle_of_a_copy_is_no_reason_to_autosave_more_rarely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = iter(range(0, 10**9, 8 * 3600))
    for clock in ("perf_counter", "monotonic", "time"):
        monkeypatch.setattr(f"time.{clock}", lambda: float(next(now)))
    assert take_checkpoint(small_run()).seconds < 60


def test_a_run_goes_on_where_it_was_with_all_it_had(path: Path) -> None:
    whole, half = Session(small_run(seed=3)), Session(small_run(seed=3))
    whole.train(60)
    half.train(25)
    half.history.events.append(Event(7, "lr", "lr 5.0e-3 → 1.0e-2"))
    half.save(path)
    saved = load_run(path)
    assert saved.view == VIEW
    assert saved.seconds == half.runner.seconds
    again = Session(saved.restore(half.runner.run.corpus), saved)
    assert again.history.record().tensors().keys() == half.history.record().tensors().keys()
    for name, array in half.history.record().tensors().items():
        np.testing.assert_array_equal(again.history.record().tensors()[name], array)
    assert again.history.last == half.history.last
    assert again.history.samples == half.history.samples != []
    assert again.history.validations == half.history.validations != []
    assert again.history.events == half.history.events
    again.train(60)
    np.testing.assert_array_equal(
        again.runner.run.network.parameters.flat, whole.runner.run.network.parameters.flat
    )
    ours, theirs = again.runner.run.trainer, whole.runner.run.trainer
    assert ours.streams.state_dict() == theirs.streams.state_dict()
    for a, b in zip(ours.state or (), theirs.state or (), strict=True):
        np.testing.assert_array_equal(a, b)
    # The curves go on too: not a bend in the smoothed one.
    for name in ("step", "characters", "loss", "smoothed", "grad_norm", "clipped"):
        np.testing.assert_array_equal(
            getattr(again.history, name).values, getattr(whole.history, name).values
        )
    assert [s for s in again.history.samples if s.step > 25] == [
        s for s in whole.history.samples if s.step > 25
    ]


def test_where_an_opened_run_goes_on_is_marked_once(path: Path) -> None:
    first = Session(small_run())
    first.train(10)
    first.save(path)
    saved = load_run(path)
    again = Session(saved.restore(first.runner.run.corpus), saved)
    assert again.history.events == []  # opened, but not trained
    for command in (Play(), Pause(), Play()):
        again.runner.send(command)
    again.runner._obey(wait=False)
    again.history.extend(again.runner.mailbox.drain())
    assert [(e.kind, e.step) for e in again.history.events] == [("resumed", 10)]
    assert "10" in again.history.events[0].text


@pytest.mark.skipif(sys.platform == "win32", reason="training is not shared out there")
def test_a_run_goes_on_in_as_many_processes_as_it_was_trained_in(path: Path) -> None:
    """The last bits of a sum depend on its parts."""
    shared = Parallelism(processes=2, threads=1)
    whole, half = (
        Session(build_run(SMALL, Corpus("fox", TEXT, "fox"), cores=2, parallelism=shared))
        for _ in range(2)
    )
    assert half.runner.run.parallelism == shared
    whole.train(40)
    half.train(15)
    half.save(path)
    saved, corpus = load_run(path), half.runner.run.corpus
    again = Session(saved.restore(corpus, cores=2), saved)
    alone = Session(load_run(path).restore(corpus, cores=1), saved)
    assert again.runner.run.parallelism == shared
    assert saved.departure(again.runner.run) == ""
    assert saved.departure(alone.runner.run) == (
        "run.safetensors was trained in 2 processes and goes on in one process, so its figures "
        "will differ in their last digits from those of an unbroken run."
    )
    sessions = whole, half, again, alone
    for session in (again, alone):
        session.train(40)
    flat, _, resumed, other = (s.runner.run.network.parameters.flat for s in sessions)
    np.testing.assert_array_equal(resumed, flat)
    np.testing.assert_allclose(other, flat, atol=1e-3)
    assert (other != flat).any(), "then the sentence would be wrong"
    for session in sessions:
        session.runner.run.trainer.close()


@pytest.mark.parametrize(
    "section",
    [None, [2, 1], {}, {"processes": True, "threads": 1}, {"processes": 0, "threads": 1}]
    + [{"processes": n, "threads": 1} for n in (-1, 2.0, 10**30, "2")]
    + [{"processes": 4000, "threads": 1}, {"processes": 1, "threads": 4000}],
)
def test_senseless_numbers_of_processes_are_as_good_as_none(path: Path, section: object) -> None:
    run = small_run()
    save_run(path, run)
    with safe_open(path, framework="numpy") as file:
        metadata = dict(file.metadata())
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    config = json.loads(metadata["config"]) | {"parallelism": section}
    save_file(tensors, path, {**metadata, "config": json.dumps(config)})
    assert load_run(path).restore(run.corpus).parallelism == Parallelism(1, 1)


def test_curves_of_a_long_history_are_drawn_the_same_after_opening(path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = [
        Row(i + 1, 40 * (i + 1), 0.01 * i, i / 900, x, x, x, x, bool(x > 2), 0.01)
        for i, x in enumerate(rng.lognormal(size=70_000))
    ]
    history = History()
    for start in range(0, len(rows), 977):
        history.add_rows(rows[start : start + 977])
    run = small_run()
    save_run(path, run, record=history.record())
    again = History.of(load_run(path).record or pytest.fail("no history"))
    for log_x in (True, False):
        for shown in ((1, 70_000), (30_000, 31_000)):
            for a, b in zip(
                again.curve("loss", *shown, 400, log_x),
                history.curve("loss", *shown, 400, log_x),
                strict=True,
            ):
                np.testing.assert_array_equal(a, b)


def test_a_record_is_cut_at_its_step_and_later_steps_do_not_change_it() -> None:
    session = Session(small_run())
    session.train(20)
    row = session.history.last
    record = session.history.record()
    before = {name: array.copy() for name, array in record.tensors().items()}
    session.train(3000)
    for name, array in record.tensors().items():
        np.testing.assert_array_equal(array, before[name])
    cut = session.history.record(row)
    assert (len(cut), cut.last) == (20, row)
    assert all(item.step <= 20 for item in (*cut.samples, *cut.validations))


def test_a_divergence_is_in_the_record_of_the_step_before() -> None:
    session = Session(small_run())
    session.train(5)
    row = session.history.last
    session.history.extend(Delivery(events=[Event(6, "diverged", "…"), Event(6, "lr", "later")]))
    assert [event.kind for event in session.history.record(row).events] == ["diverged"]


def test_the_best_weights_are_kept_beside_the_last(path: Path, tmp_path: Path) -> None:
    session = Session(small_run())
    session.train(60)
    session.runner.run.trainer.learning_rate = 5.0
    session.train(140)
    runner, measured = session.runner, session.history.validations
    best = min(measured, key=lambda v: v.loss)
    assert runner.best is not None
    assert (runner.best.step, runner.best.loss) == (best.step, best.loss)
    assert best.loss < measured[-1].loss, "so large a rate spoils it"
    session.save(path)
    saved = load_run(path)
    assert saved.best is not None
    assert (saved.best.step, saved.best.loss) == (best.step, best.loss)
    np.testing.assert_array_equal(saved.best.parameters.flat, runner.best.parameters.flat)
    resumed = Session(saved.restore(runner.run.corpus), saved).runner
    assert resumed.best == saved.best
    # As a model of their own they are what was measured.
    model = tmp_path / "best.safetensors"
    write_best(model, runner.run.network.config, runner.run.vocabulary, runner.best)
    loaded = load_model(model)
    run = small_run()
    run.network.parameters.flat[:] = loaded.network.parameters.flat
    assert run.live_validation()[0].nats == best.loss
    assert loaded.config["best"] == {"step": best.step, "loss": best.loss}


def test_without_a_validation_there_are_no_best_weights(tmp_path: Path) -> None:
    run = small_run(val_fraction=0.0)
    with pytest.raises(CheckpointError, match="no best weights yet"):
        write_best(tmp_path / "best.safetensors", run.network.config, run.vocabulary, None)
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_history_still_opens(path: Path) -> None:
    run = small_run()
    Runner(run, Mailbox()).train_until(Budget(steps=5))
    save_run(path, run, seconds=2.5)
    change(path, lambda sections, tensors: move_seconds(sections))
    saved = load_run(path)
    assert (saved.record, saved.best, saved.view, saved.seconds) == (None, None, {}, 2.5)
    runner = Runner(saved.restore(run.corpus), Mailbox())
    runner.resume(saved)
    assert runner.seconds == 2.5
    assert runner.advance() is not None
    assert runner.checkpoint().last_row is not None


def move_seconds(sections: dict[str, Any]) -> None:
    sections["trainer"]["seconds"] = sections.pop("runner")["seconds"]


def change(path: Path, how: Any) -> None:
    """Rewrites a run file with its sections and tensors changed."""
    with safe_open(path, framework="numpy") as file:
        metadata = dict(file.metadata())
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    sections = json.loads(metadata["config"])
    how(sections, tensors)
    save_file(tensors, path, {**metadata, "config": json.dumps(sections)})


def lines(*items: object) -> np.ndarray:
    return np.frombuffer("".join(json.dumps(i) + "\n" for i in items).encode(), np.uint8)


DAMAGE: dict[str, tuple[str, np.ndarray | None, str]] = {
    "short column": ("history.loss", np.zeros(3, np.float32), "not equally long"),
    "no column": ("history.seconds", None, "has no seconds"),
    "wrong dtype": ("history.step", np.zeros(25, np.float32), "no column of int64"),
    "matrix": ("history.step", np.zeros((25, 1), np.int64), "no column of int64"),
    "steps back": ("history.step", np.arange(25, 0, -1), "steps do not rise"),
    "time back": ("history.seconds", np.arange(25.0)[::-1].copy(), "seconds do not rise"),
    "no last row": ("history.last", lines(), "last row"),
    "text for lists": ("history.events", np.frombuffer(b"\xff[[[[", np.uint8), "cannot be read"),
    "deep": ("history.events", np.frombuffer(b"[" * 50_000, np.uint8), "cannot be read"),
    "not objects": ("history.samples", lines([1]), "cannot be read"),
    "other parts": ("history.validations", lines({"step": 1}), "other parts"),
    "wrong type": (
        "history.events",
        lines({"step": "1", "kind": "lr", "text": "", "replaces": False}),
        "step = '1'",
    ),
    "huge step": (
        "history.events",
        lines({"step": 10**30, "kind": "lr", "text": "", "replaces": False}),
        "step = ",
    ),
    "best of another shape": ("best.decoder.bias", np.zeros(3, np.float32), "do not fit"),
    "best missing": ("best.decoder.bias", None, "do not fit"),
    "best not finite": ("best.decoder.bias", np.full(28, np.nan, np.float32), "do not fit"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_part_is_one_sentence_with_the_file(path: Path, kind: str) -> None:
    session = Session(small_run())
    session.train(25)
    session.save(path)
    name, array, words = DAMAGE[kind]

    def damage(_: object, tensors: dict[str, np.ndarray]) -> None:
        assert name in tensors
        if array is None:
            del tensors[name]
        else:
            tensors[name] = array

    change(path, damage)
    with pytest.raises(CheckpointError) as caught:
        load_run(path)
    said = str(caught.value)
    assert words in said
    assert str(path) in said
    assert "use another copy" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "runner", [{}, {"smoother": [math.inf, 2]}, {"smoother": "x", "validations": [1], "samples": 3}]
)
def test_clocks_that_make_no_sense_begin_anew(path: Path, runner: dict[str, Any]) -> None:
    session = Session(small_run())
    session.train(5)
    session.save(path)
    change(path, lambda sections, tensors: sections.update(runner=runner))
    saved = load_run(path)
    again = Runner(saved.restore(session.runner.run.corpus), Mailbox())
    again.resume(saved)
    row = again.advance()
    assert row is not None
    assert row.smoothed == row.loss


def test_a_summary_is_read_without_the_tensors(path: Path) -> None:
    session = Session(small_run())
    session.train(12)
    session.save(path)
    found = summary(path)
    assert (found.step, found.what) == (12, "LSTM 1 × 12 on fox")
    assert found.seconds == session.runner.seconds
    for content in (b"", b"\x80\x04 pickle", b"\xff" * 100):
        path.write_bytes(content)
        with pytest.raises(CheckpointError):
            summary(path)


def test_a_text_is_found_again_from_another_folder(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lazy.txt").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    corpus = load_text_file("lazy.txt")
    save_run(path, build_run(SMALL, corpus))
    monkeypatch.chdir("/")
    assert load_run(path).corpus_origin == str(tmp_path / "lazy.txt")


def test_a_network_keeps_its_own_order_of_characters() -> None:
    own = small_run()
    shuffled = own.vocabulary.characters[::-1]
    network = own.network.snapshot()
    parameters = network.parameters.copy()
    parameters["rnn.weight_ih_l0"][...] = parameters["rnn.weight_ih_l0"][:, ::-1]
    for name in ("decoder.weight", "decoder.bias"):
        parameters[name][...] = parameters[name][::-1]
    other = build_run(
        SMALL,
        own.corpus,
        type(network)(network.config, parameters),
        vocabulary=type(own.vocabulary)(shuffled),
    )
    assert other.split.validation is not None
    assert own.split.validation is not None
    assert evaluate_streams(other.network, other.split.validation).nats == pytest.approx(
        evaluate_streams(own.network, own.split.validation).nats, rel=1e-5
    )
    with pytest.raises(ConfigError, match="fox has the character 'q', which the network"):
        build_run(SMALL, own.corpus, network, vocabulary=type(own.vocabulary)(tuple("the \n")))


def test_an_automatic_save_is_a_command_like_any_other() -> None:
    assert commands.Save("a") != commands.Save("a", automatic=True)


def test_exports_hold_every_step(tmp_path: Path) -> None:
    session = Session(small_run(clip_threshold=0.5))
    session.train(40)
    record = session.history.record()
    write_csv(tmp_path / "m.csv", record, "contiguous 90/10")
    write_jsonl(tmp_path / "m.jsonl", record)
    with (tmp_path / "m.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    objects = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    measured = {v.step: v.loss for v in record.validations}
    assert len(table) == len(objects) == 40
    for i, (row, line) in enumerate(zip(table, objects, strict=True)):
        assert int(row["step"]) == line["step"] == i + 1
        assert np.float32(line["loss"]) == record.columns["loss"][i]
        assert float(row["loss"]) == pytest.approx(line["loss"], rel=1e-6)
        assert float(row["grad_norm"]) == pytest.approx(line["grad_norm"], rel=1e-6)
        assert bool(int(row["clipped"])) == line["clipped"] == (line["grad_norm"] > 0.5)
        assert line.get("val_loss") == measured.get(i + 1)
        assert row["val_split"] == ("contiguous 90/10" if i + 1 in measured else "")


def test_numbers_that_json_lacks_become_null(tmp_path: Path) -> None:
    history = History()
    history.add_rows([Row(1, 4, 0.0, 0.0, math.nan, math.inf, 1.0, 1.0, False, 0.1)])
    write_jsonl(tmp_path / "m.jsonl", history.record())
    line = json.loads((tmp_path / "m.jsonl").read_text(), parse_constant=pytest.fail)
    assert (line["loss"], line["smoothed_loss"]) == (None, None)


def test_texts_of_samples_come_back_whatever_is_in_them() -> None:
    odd = "\x00 \ud800 \u2028 \n <b> \x85 🙂"
    record = Record(
        History().record().columns,
        None,
        (Validation(1, math.nan, 1, 2),),
        (Sample(1, 0.5, 0.8, odd, "why"),),
        (Event(1, "lr", odd, True),),
    )
    again = Record.from_tensors(record.tensors())
    assert again.samples == record.samples
    assert again.events == record.events
    assert math.isnan(again.validations[0].loss)
