"""Saving, opening, recovering, exporting and closing, in the real window."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import panel_fixtures
import pytest
from dropping import drop_file
from menus import menu_entry
from opening import open_window, settings_for, wait_for_threads_to_end
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot
from safetensors.numpy import save_file

from rnnviz.app import unsaved
from rnnviz.app.application import make_application
from rnnviz.app.background import Job
from rnnviz.app.main_window import MainWindow
from rnnviz.engine.blas import Parallelism
from rnnviz.engine.checkpoint import load_model, save_model
from rnnviz.engine.errors import Interrupted
from rnnviz.engine.network import Network
from rnnviz.panels.theme import themes
from rnnviz.probes.reading import read_text
from rnnviz.session import commands
from rnnviz.session.autosave import recoverable
from rnnviz.session.config import RunConfig
from rnnviz.session.frames import Saved
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.prober import Answer
from rnnviz.session.run import build_run
from rnnviz.session.runfile import load_run
from rnnviz.session.runner import Budget, Runner
from rnnviz.text.corpus import Corpus

TEXT = "".join(
    f"{word}:\nthe {word} of the sea is {i} and never the {word} of the shore.\n\n"
    for i, word in enumerate(["wave", "tide", "salt", "wall", "gull", "rope", "mast"] * 40)
)
SMALL = RunConfig(hidden_size=16, seq_len=10, batch_size=4, cell="gru", num_layers=2)
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


class Windows:
    """Opens windows that share settings and the folder of autosaves, one after the other."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot, self.folder = qtbot, folder
        self.autosaves = folder / "autosave"
        self.settings = settings_for(folder, SMALL, TEXT)
        self.opened: list[MainWindow] = []

    def open(self, file: Path | None = None) -> MainWindow:
        kept = {"autosaves": self.autosaves, "file": file}
        self.opened.append(open_window(self.qtbot, self.settings, (1280, 720), **kept))
        return self.opened[-1]


@pytest.fixture
def windows(qtbot: QtBot, tmp_path: Path) -> Iterator[Windows]:
    make_application()
    themes().set_mode("dark")
    made = Windows(qtbot, tmp_path)
    yield made
    for window in made.opened:
        window.end()
    wait_for_threads_to_end(qtbot)


def click(widget: QPushButton) -> None:
    QTest.mouseClick(widget, LEFT, NONE, QPoint())


def train(qtbot: QtBot, window: MainWindow, steps: int = 30) -> None:
    """Trains for some steps and pauses."""
    panel_fixtures.train(qtbot, window, steps)
    window.controller.send(commands.Pause())
    qtbot.waitUntil(lambda: not window.controller.view.training)


def train_long(qtbot: QtBot, window: MainWindow) -> None:
    """Trains as if for minutes, so that the run is not thrown away without a question."""
    assert window.controller.live is not None
    window.controller.live.runner.seconds += 200.0
    train(qtbot, window)


def choose(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """The next file dialogs answer with this path."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))


def saved(qtbot: QtBot, window: MainWindow, keys: str = "S") -> None:
    with qtbot.waitSignal(window.controller.keeper.saved, timeout=10_000) as signal:
        QTest.keyClick(window, getattr(Qt.Key, f"Key_{keys}"), CONTROL)
    assert signal.args[0].problem == ""


def saved_run(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> Path:
    """Saves the run in a file of its own, and returns that."""
    path = folder / "kept.safetensors"
    choose(monkeypatch, path)
    saved(qtbot, window)
    return path


def said(window: MainWindow, words: str) -> Any:
    return lambda: words in window.notice.words()


def button(window: MainWindow, words: str) -> QPushButton:
    box = window.findChild(QMessageBox)
    assert box is not None
    return next(b for b in box.buttons() if b.text() == words)


def figures(window: MainWindow) -> dict[str, bytes]:
    view = window.controller.view
    assert view is not None
    return {name: a.tobytes() for name, a in view.history.record().tensors().items()}


def test_a_run_opens_with_its_curves_samples_marks_and_panels(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = windows.open()
    train(qtbot, first)
    first.controller.send(commands.SetLearningRate(0.002))
    train(qtbot, first)
    page = first.page
    page.next_character.edit.selectAll()
    QTest.keyClicks(page.next_character.edit, "the tide")
    page.loss.set_unit("bits")
    page.loss.set_log_x(False)
    page.loss.set_line_shown("2", False)
    page.hidden_state.choose({"layer": "2", "signal": "z", "by_index": True})
    page.samples.set_mode("stream")
    page.next_character.choose({"order": "alphabet"})
    page.next_character.field.selectAll()
    QTest.keyClicks(page.next_character.field, "1.3")
    QTest.keyClick(page.next_character.field, Qt.Key.Key_Return)
    path = saved_run(qtbot, first, monkeypatch, tmp_path)
    before, choices = figures(first), first.page.choices()
    at = first.controller.view.step
    position = first.transport.steps.text()
    first.close()
    for other in ("unit", "log-x", "seed", "temperature"):
        windows.settings.remove(other)

    second = windows.open(path)
    view = second.controller.view
    assert figures(second) == before
    assert view.history.samples
    assert view.history.validations
    assert [event.text for event in view.history.events] == ["lr 5.0e-3 → 2.0e-3"]
    assert second.page.choices() == choices
    assert second.page.next_character.seed() == "the tide"
    assert second.page.next_character.temperature() == pytest.approx(1.3)
    assert view.in_force.learning_rate == 0.002
    assert second.transport.steps.text() == position
    assert second.page.loss.plot.last_train is not None
    assert second.page.loss.plot.last_train[0] == at
    assert len(second.page.loss.plot.smooth[0]) > 10
    qtbot.waitUntil(lambda: view.in_force.temperature == pytest.approx(1.3))


def test_a_run_goes_on_bit_for_bit_after_saving_and_opening(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = windows.open()
    train(qtbot, window)
    path = saved_run(qtbot, window, monkeypatch, tmp_path)
    first = window.controller.view
    window.open_path(str(path))
    qtbot.waitUntil(lambda: window.controller.view is not first)
    train(qtbot, window)
    live = window.controller.live
    assert live is not None
    steps = live.run.trainer.steps
    whole = build_run(live.run.config, live.run.corpus)
    Runner(whole, Mailbox()).train_until(Budget(steps=steps))
    assert (live.run.network.parameters.flat == whole.network.parameters.flat).all()
    assert live.run.trainer.streams.state_dict() == whole.trainer.streams.state_dict()
    history = window.controller.view.history
    assert list(history.step.values) == list(range(1, steps + 1))


def test_a_run_that_goes_on_otherwise_is_told(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = windows.open()
    train(qtbot, window)
    live = window.controller.live
    assert live is not None
    path = saved_run(qtbot, window, monkeypatch, tmp_path)
    window.open_path(str(path))
    qtbot.waitUntil(lambda: window.controller.live is not live)
    assert "goes on in" not in window.notice.words()
    live = window.controller.live
    live.run.parallelism = Parallelism(4000, 1)  # as if of a larger machine
    train(qtbot, window)
    saved(qtbot, window)
    window.open_path(str(path))
    qtbot.waitUntil(
        said(window, "kept.safetensors was trained in 4000 processes and goes on in one process"),
        timeout=10_000,
    )


def test_save_asks_once_and_save_as_always(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = windows.open()
    train(qtbot, window)
    choose(monkeypatch, tmp_path / "a")
    saved(qtbot, window)
    assert "Saved a.safetensors at step" in window.notice.words()
    view = window.controller.view
    assert not view.unsaved
    train(qtbot, window)
    assert view.unsaved
    choose(monkeypatch, tmp_path / "never")
    saved(qtbot, window)
    assert not view.unsaved
    choose(monkeypatch, tmp_path / "b.safetensors")
    with qtbot.waitSignal(window.controller.keeper.saved, timeout=10_000):
        QTest.keyClick(window, Qt.Key.Key_S, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    names = sorted(p.name for p in tmp_path.glob("*.safetensors"))
    assert names == ["a.safetensors", "b.safetensors"]
    assert load_run(tmp_path / "a.safetensors").record.last == view.history.last


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EBUSY])
def test_a_save_that_fails_is_one_message_and_training_goes_on(
    qtbot: QtBot,
    windows: Windows,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    number: int,
) -> None:
    window = windows.open()
    path = tmp_path / "kept.safetensors"
    choose(monkeypatch, path)
    train(qtbot, window)
    saved(qtbot, window)
    old = path.read_bytes()
    window.controller.send(commands.Play())

    def refuse(part: Path, target: Path) -> Path:
        raise OSError(number, os.strerror(number), str(part))

    monkeypatch.setattr(Path, "replace", refuse)
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(said(window, "cannot be written"), timeout=10_000)
    monkeypatch.undo()
    words = window.notice.words()
    assert str(path) in words
    assert os.strerror(number) in words
    assert ".part" not in words
    at = window.controller.view.step
    qtbot.waitUntil(lambda: window.controller.view.step > at)
    assert path.read_bytes() == old
    assert window.controller.view.unsaved
    choose(monkeypatch, tmp_path / "elsewhere.safetensors")
    click(window.notice.buttons()[0])
    qtbot.waitUntil(said(window, "Saved elsewhere.safetensors"), timeout=10_000)


def test_a_folder_that_vanished_is_told(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = windows.open()
    train(qtbot, window)
    folder = tmp_path / "stick"
    folder.mkdir()
    saved_run(qtbot, window, monkeypatch, folder)
    (folder / "kept.safetensors").unlink()
    folder.rmdir()
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(said(window, "No such file or directory"), timeout=10_000)
    train(qtbot, window)


def test_a_dropped_run_is_opened(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = windows.open()
    train(qtbot, window)
    path = saved_run(qtbot, window, monkeypatch, tmp_path)
    view = window.controller.view
    assert drop_file(window, path)
    qtbot.waitUntil(lambda: window.controller.view is not view)
    assert window.controller.view.step == view.step
    assert window.controller.view.path == str(path)


# Closing.


def test_a_short_run_closes_without_a_question_and_leaves_nothing(
    qtbot: QtBot, windows: Windows
) -> None:
    window = windows.open()
    train(qtbot, window)
    assert window.close()
    assert list(windows.autosaves.glob("*")) == []


def test_closing_a_long_unsaved_run_can_be_cancelled_or_discarded(
    qtbot: QtBot, windows: Windows
) -> None:
    window = windows.open()
    train_long(qtbot, window)
    window.controller.send(commands.Play())
    assert not window.close()
    box = window.findChild(QMessageBox)
    assert box is not None
    assert "Save run 1 before quitting?" in box.text()
    assert not window.close(), "one question is enough"
    assert len(window.findChildren(QMessageBox)) == 1
    at = window.controller.view.step
    qtbot.waitUntil(lambda: window.controller.view.step > at)  # it trains beneath the question
    click(button(window, "Cancel"))
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is None)
    assert window.isVisible()
    window.close()
    QTest.keyClick(window.findChild(QMessageBox), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is None)
    assert window.isVisible()
    window.close()
    click(button(window, "Discard"))
    qtbot.waitUntil(lambda: not window.isVisible())
    assert list(windows.autosaves.glob("*")) == []


def test_closing_a_long_unsaved_run_can_save_it_first(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = windows.open()
    train_long(qtbot, window)
    path = tmp_path / "kept.safetensors"
    choose(monkeypatch, path)
    window.close()
    click(button(window, "Save"))
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=10_000)
    assert load_run(path).record.last == window.controller.view.history.last
    assert list(windows.autosaves.glob("*")) == []


def never_ending_steps(monkeypatch: pytest.MonkeyPatch, runner: Runner) -> threading.Event:
    """From now on a step ends only when it is given up, as those of a very large network."""
    begun, trainer = threading.Event(), runner.run.trainer
    given_up = threading.Event()
    give_up = trainer.interrupt

    def step() -> None:
        begun.set()
        given_up.wait()
        raise Interrupted

    def interrupt() -> None:
        give_up()
        given_up.set()

    monkeypatch.setattr(trainer, "step", step)
    monkeypatch.setattr(trainer, "interrupt", interrupt)
    return begun


def test_closing_with_save_waits_for_no_step_and_says_what_it_does(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = windows.open()
    train_long(qtbot, window)
    at = window.controller.view.step
    begun = never_ending_steps(monkeypatch, window.controller.live.runner)
    window.controller.send(commands.Play())
    qtbot.waitUntil(begun.is_set)
    path = tmp_path / "kept.safetensors"
    choose(monkeypatch, path)
    window.close()
    click(button(window, "Save"))
    assert window.notice.words() == "Saving kept.safetensors; then the window closes."
    assert window.isVisible()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert load_run(path).record.last.step == at
    assert list(windows.autosaves.glob("*")) == []


@pytest.mark.parametrize("playing", [True, False])
def test_a_window_that_does_not_close_after_all_trains_on_as_before(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, playing: bool
) -> None:
    window = windows.open()
    train_long(qtbot, window)
    if playing:
        window.controller.send(commands.Play())
        qtbot.waitUntil(lambda: window.controller.view.training)
    choose(monkeypatch, tmp_path / "no" / "kept.safetensors")
    window.close()
    click(button(window, "Save"))
    qtbot.waitUntil(said(window, "cannot be written"))
    live, view = window.controller.live, window.controller.view
    qtbot.waitUntil(lambda: live.at_work)
    if not playing:
        qtbot.waitUntil(lambda: view.state.phase == "paused")
        window.controller.send(commands.Play())
    at = view.step
    qtbot.waitUntil(lambda: view.step > at + 20)
    assert view.history.step.values.tolist() == list(range(1, view.step + 1))
    choose(monkeypatch, tmp_path / "kept.safetensors")
    with qtbot.waitSignal(window.controller.keeper.saved):
        window.run_files.save()
    kept = load_run(tmp_path / "kept.safetensors")
    whole = build_run(kept.config, live.run.corpus)
    Runner(whole, Mailbox()).train_until(Budget(steps=kept.record.last.step))
    np.testing.assert_array_equal(kept.model.network.parameters.flat, whole.network.parameters.flat)


def test_a_window_whose_run_could_not_be_saved_stays(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = windows.open()
    train_long(qtbot, window)
    choose(monkeypatch, tmp_path / "no" / "kept.safetensors")
    window.close()
    click(button(window, "Save"))
    qtbot.waitUntil(said(window, "cannot be written"), timeout=10_000)
    assert window.isVisible()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    window.close()
    click(button(window, "Save"))  # and then no file is chosen
    train(qtbot, window)
    assert window.isVisible()


def test_a_saved_run_closes_without_a_question(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = windows.open()
    train_long(qtbot, window)
    saved_run(qtbot, window, monkeypatch, tmp_path)
    train(qtbot, window)
    assert window.close()


def test_a_window_without_a_folder_for_autosaves_ends_without_a_question(
    qtbot: QtBot, windows: Windows
) -> None:
    window = MainWindow(windows.settings)
    windows.opened.append(window)
    qtbot.addWidget(window)
    window.show()
    window.begin()
    qtbot.waitUntil(lambda: window.controller.view is not None, timeout=20_000)
    train_long(qtbot, window)
    window.end()
    assert not window.isVisible()
    assert window.findChild(QMessageBox) is None
    assert not windows.autosaves.exists()


# Autosaves.


def kept(windows: Windows) -> list[Path]:
    return list(windows.autosaves.glob("*.safetensors"))


def autosave_often(window: MainWindow) -> None:
    window.controller.keeper.rhythm.gap = 0.0
    window.controller.keeper.rhythm.soon()


def test_autosaves_come_while_training_and_are_silent(qtbot: QtBot, windows: Windows) -> None:
    window = windows.open()
    train(qtbot, window)
    assert kept(windows) == []
    autosave_often(window)
    train(qtbot, window)
    view = window.controller.view
    qtbot.waitUntil(lambda: bool(kept(windows)), timeout=10_000)
    keeper = window.controller.keeper
    qtbot.waitUntil(lambda: keeper.kept_step == view.step, timeout=10_000)
    assert load_run(kept(windows)[0]).record.last == view.history.last
    assert window.notice.words() == ""
    for _ in range(5):
        train(qtbot, window, 5)
        qtbot.waitUntil(lambda: keeper.kept_step == view.step, timeout=10_000)
    qtbot.waitUntil(lambda: keeper.findChildren(Job) == [])  # they hold copies of the weights
    assert not keeper.wants(view), "nothing is new, so nothing is written"


def test_a_saved_run_needs_no_autosave(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = windows.open()
    autosave_often(window)
    train(qtbot, window)
    qtbot.waitUntil(lambda: bool(kept(windows)), timeout=10_000)
    saved_run(qtbot, window, monkeypatch, tmp_path)
    qtbot.waitUntil(lambda: kept(windows) == [])


def test_a_new_run_takes_the_place_of_the_one_given_up(qtbot: QtBot, windows: Windows) -> None:
    window = windows.open()
    autosave_often(window)
    train(qtbot, window)
    qtbot.waitUntil(lambda: bool(kept(windows)), timeout=10_000)
    window.controller.keeper.rhythm.gap = 60.0
    window.runs.reset()
    assert kept(windows) == []


def test_an_autosave_that_fails_is_told_once(qtbot: QtBot, windows: Windows) -> None:
    windows.autosaves.write_text("a file where the folder should be")
    window = windows.open()
    autosave_often(window)
    problems: list[str] = []
    window.controller.keeper.saved.connect(lambda saved: problems.append(saved.problem))
    train(qtbot, window)
    qtbot.waitUntil(said(window, "could not be kept"), timeout=10_000)
    window.notice.dismiss()
    window.controller.send(commands.Play())
    qtbot.waitUntil(lambda: len(problems) >= 3, timeout=10_000)
    assert window.notice.words() == ""


def test_autosaves_go_on_when_their_folder_was_cleared_away(qtbot: QtBot, windows: Windows) -> None:
    window = windows.open()
    keeper = window.controller.keeper
    keeper.rhythm.gap = 0.0
    keeper.rhythm.soon()
    kept: list[Saved] = []
    keeper.saved.connect(kept.append)
    window.controller.send(commands.Play())
    qtbot.waitUntil(lambda: bool(kept))
    shutil.rmtree(windows.autosaves)
    del kept[:]
    qtbot.waitUntil(lambda: any(not saved.problem for saved in kept))
    window.end()
    (lost,) = recoverable(windows.autosaves)
    lost.slot.release(keep=True)
    assert lost.summary.step == window.controller.view.step


def test_two_windows_never_share_an_autosave(qtbot: QtBot, windows: Windows) -> None:
    first, second = windows.open(), windows.open()
    for window in (first, second):
        autosave_often(window)
        train(qtbot, window)
        assert window.notice.words() == ""
    qtbot.waitUntil(lambda: len(kept(windows)) == 2, timeout=10_000)
    assert recoverable(windows.autosaves) == []


def test_a_window_closed_without_a_question_keeps_its_run(qtbot: QtBot, windows: Windows) -> None:
    first = windows.open()
    assert first.controller.live is not None and first.controller.view is not None
    first.controller.live.runner.seconds += 20.0  # less than is asked about, more than nothing
    train(qtbot, first)
    assert first.controller.view.unsaved_seconds < unsaved.ASK_AFTER
    assert first.close() and first.unsaved.question is None
    second = windows.open()
    assert f"step {first.controller.view.step}" in second.notice.words()
    assert [b.text() for b in second.notice.buttons()] == ["Recover", "Discard"]


def test_a_moment_of_training_is_not_kept(qtbot: QtBot, windows: Windows, monkeypatch: Any) -> None:
    monkeypatch.setattr(unsaved, "KEEP_AFTER", 1e6)  # the machine may be slow
    first = windows.open()
    train(qtbot, first)
    assert first.close()
    assert recoverable(windows.autosaves) == []


def test_an_unsaved_run_is_offered_and_goes_on_bit_for_bit(qtbot: QtBot, windows: Windows) -> None:
    first = windows.open()
    train(qtbot, first)
    first.page.loss.set_unit("perplexity")
    first.end()  # as on SIGTERM: no question
    at = first.controller.view.step
    before = figures(first)

    second = windows.open()
    assert f"An unsaved run was kept: GRU 2 × 16 on sea.txt, step {at}" in second.notice.words()
    recover, discard = second.notice.buttons()
    assert (recover.text(), discard.text()) == ("Recover", "Discard")
    third = windows.open()  # while one window asks, another does not
    assert third.notice.words() == ""
    view = second.controller.view
    click(recover)
    qtbot.waitUntil(lambda: second.controller.view is not view)
    view = second.controller.view
    assert figures(second) == before
    assert (view.path, view.unsaved) == ("", True)
    assert second.page.loss.unit() == "perplexity"
    assert len(kept(windows)) == 1, "it stays until the run is saved"
    train(qtbot, second)
    live = second.controller.live
    whole = build_run(live.run.config, live.run.corpus)
    Runner(whole, Mailbox()).train_until(Budget(steps=live.run.trainer.steps))
    assert (live.run.network.parameters.flat == whole.network.parameters.flat).all()


def test_an_unsaved_run_can_be_thrown_away_and_the_next_is_offered(
    qtbot: QtBot, windows: Windows
) -> None:
    ends = []
    for window in (windows.open(), windows.open()):
        train(qtbot, window)
        ends.append(window)
    for window in ends:
        window.end()
    assert len(kept(windows)) == 2
    window = windows.open()
    click(window.notice.buttons()[1])
    assert len(kept(windows)) == 1
    assert "An unsaved run was kept" in window.notice.words()
    window.notice.dismiss()
    window.runs.reset()
    assert window.notice.words() == "", "asked once per start"
    assert window.registry["file.recover"].isEnabled()
    view = window.controller.view
    window.registry["file.recover"].trigger()
    qtbot.waitUntil(lambda: window.controller.view is not view)
    assert not window.registry["file.recover"].isEnabled()


def test_an_offer_not_taken_is_made_again_at_the_next_start(qtbot: QtBot, windows: Windows) -> None:
    first = windows.open()
    train(qtbot, first)
    first.end()
    windows.open().close()
    assert "An unsaved run was kept" in windows.open().notice.words()


def test_a_run_whose_text_is_gone_is_not_lost(qtbot: QtBot, windows: Windows) -> None:
    first = windows.open()
    train(qtbot, first)
    first.end()
    text = windows.folder / "sea.txt"
    text.rename(windows.folder / "moved.txt")
    windows.settings.remove("config")
    second = windows.open()
    click(second.notice.buttons()[0])
    qtbot.waitUntil(said(second, "sea.txt"), timeout=10_000)
    assert "could not be read" in second.notice.words()
    assert len(kept(windows)) == 1
    (windows.folder / "moved.txt").rename(text)
    view = second.controller.view
    second.registry["file.recover"].trigger()
    qtbot.waitUntil(lambda: second.controller.view is not view)


def test_a_failed_training_can_still_be_saved(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = windows.open()
    train(qtbot, window)
    live, view = window.controller.live, window.controller.view

    def fail() -> None:
        raise MemoryError

    monkeypatch.setattr(live.run.trainer, "step", fail)
    window.controller.send(commands.Play())
    qtbot.waitUntil(lambda: view.state.phase == "failed")
    qtbot.waitUntil(lambda: not live.at_work)
    saved_run(qtbot, window, monkeypatch, tmp_path)
    assert load_run(tmp_path / "kept.safetensors").record.last == view.history.last


# Best weights.


def test_the_best_weights_can_be_looked_at_trained_on_from_and_left_again(
    qtbot: QtBot, windows: Windows
) -> None:
    window = windows.open()
    view = window.controller.view
    command = window.registry["run.best"]
    window.registry.refresh()
    assert not command.isEnabled()
    train(qtbot, window)
    live = window.controller.live
    assert live is not None
    best = live.runner.best
    assert best is not None
    changed = best.parameters.copy()
    changed.flat *= 0.5  # so that they are nobody else's, and no validation is better
    live.runner.best = best = dataclasses.replace(
        best, parameters=changed.frozen_copy(), loss=0.001
    )
    answers: list[Answer] = []
    window.controller.answered.connect(answers.append)
    window.controller.send(commands.Play())
    qtbot.waitUntil(lambda: view.training)

    window.registry.refresh()
    command.trigger()
    qtbot.waitUntil(said(window, "The network has its best weights"), timeout=10_000)
    words = f"those of step {best.step:,}: {best.loss:.3f} nats/char on the held-out text"
    assert words in window.notice.words()
    qtbot.waitUntil(lambda: not view.training)
    assert (live.run.network.parameters.flat == best.parameters.flat).all()
    assert [e.text for e in view.history.events] == [f"weights of step {best.step:,}"]
    seen = window.page.next_character.seed()
    wanted = read_text(Network(live.run.network.config, best.parameters), view.vocabulary, seen)
    qtbot.waitUntil(lambda: np.array_equal(answers[-1].reading.logits, wanted.logits))

    click(next(b for b in window.notice.buttons() if b.text() == "Undo"))
    qtbot.waitUntil(said(window, "has its last weights again"), timeout=10_000)
    assert (live.run.network.parameters.flat != best.parameters.flat).any()

    command.trigger()
    qtbot.waitUntil(said(window, "The network has its best weights"), timeout=10_000)
    at = view.step
    click(next(b for b in window.notice.buttons() if b.text() == "Train on"))
    qtbot.waitUntil(lambda: view.step > at)
    assert "best weights" not in window.notice.words()
    window.runs.one_step()
    qtbot.waitUntil(lambda: not view.training)

    command.trigger()
    qtbot.waitUntil(said(window, "The network has its best weights"), timeout=10_000)
    window.runs.one_step()
    # What can't be undone any more is not offered.
    qtbot.waitUntil(lambda: window.notice.words() == "", timeout=10_000)


# Exports.


def export_actions(window: MainWindow) -> dict[str, QAction]:
    export = menu_entry(window.top_bar.menu_button.menu(), "File", "Export").menu()
    assert isinstance(export, QMenu)
    return {action.text(): action for action in export.actions()}


def test_exports_from_the_file_menu(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = windows.open()
    train(qtbot, window, 60)
    view = window.controller.view
    actions = export_actions(window)
    written = {}
    for words, name in (
        ("Metrics as CSV…", "m.csv"),
        ("Metrics as JSON lines…", "m.jsonl"),
        ("Samples as text…", "s.txt"),
        ("Best weights as a model…", "best.safetensors"),
    ):
        choose(monkeypatch, tmp_path / name)
        actions[words].trigger()
        qtbot.waitUntil(said(window, f"Wrote {name}"), timeout=10_000)
        written[name] = tmp_path / name
    assert len(written["m.csv"].read_text().splitlines()) == len(view.history) + 1
    last = json.loads(written["m.jsonl"].read_text().splitlines()[-1])
    assert last["step"] == view.step
    assert view.history.samples[0].text in written["s.txt"].read_text()
    best = min(view.history.validations, key=lambda v: v.loss)
    assert load_model(written["best.safetensors"]).config["best"]["step"] == best.step
    choose(monkeypatch, tmp_path / "no" / "m.csv")
    actions["Metrics as CSV…"].trigger()
    qtbot.waitUntil(said(window, "m.csv cannot be written (No such file"), timeout=10_000)


def test_event_files_get_a_name_tensorboard_looks_for(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard")
    window = windows.open()
    train(qtbot, window)
    choose(monkeypatch, tmp_path / "mine")
    export_actions(window)["Metrics for TensorBoard…"].trigger()
    qtbot.waitUntil(said(window, "Wrote mine.tfevents"), timeout=10_000)
    assert (tmp_path / "mine.tfevents").stat().st_size > 0


def test_without_tensorboard_it_is_told_before_a_name_is_asked_for(
    qtbot: QtBot, windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = windows.open()
    train(qtbot, window)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: pytest.fail("asked"))
    export_actions(window)["Metrics for TensorBoard…"].trigger()
    assert "pip install 'rnnviz[tensorboard]'" in window.notice.words()


# Models from elsewhere.


def test_a_pytorch_model_trains_on_with_the_present_text(
    qtbot: QtBot, windows: Windows, tmp_path: Path
) -> None:
    window = windows.open()
    train(qtbot, window)
    run = window.controller.live.run
    characters = (*run.vocabulary.characters[::-1], "é")  # another order, and one more
    rng = np.random.default_rng(1)
    size = len(characters)
    state = {
        "gru.weight_ih_l0": rng.normal(0, 0.1, (36, size)),
        "gru.weight_hh_l0": rng.normal(0, 0.1, (36, 12)),
        "gru.bias_ih_l0": np.zeros(36),
        "gru.bias_hh_l0": np.zeros(36),
        "fc.weight": rng.normal(0, 0.1, (size, 12)),
        "fc.bias": np.zeros(size),
    }
    path = tmp_path / "theirs.safetensors"
    save_file({name: array.astype(np.float32) for name, array in state.items()}, path)
    view = window.controller.view
    window.open_path(str(path))
    qtbot.waitUntil(said(window, "without its vocabulary"), timeout=10_000)
    assert window.controller.view is view
    path.with_suffix(".json").write_text(json.dumps(characters))
    window.open_path(str(path))
    qtbot.waitUntil(lambda: window.controller.view is not view)
    view = window.controller.view
    assert (view.config.cell, view.config.hidden_size, view.config.num_layers) == ("gru", 12, 1)
    assert view.vocabulary.characters == characters
    assert view.path == "", "saving must not overwrite somebody else's file"
    train(qtbot, window)
    losses = view.history.loss.values
    assert losses[-1] < losses[0]


def test_a_model_that_does_not_know_the_text_is_told(
    qtbot: QtBot, windows: Windows, tmp_path: Path
) -> None:
    window = windows.open()
    train(qtbot, window)
    view = window.controller.view
    network = build_run(SMALL, Corpus("digits", "0123456789 " * 500, "digits")).network
    path = tmp_path / "digits.safetensors"
    save_model(path, network, tuple(" 0123456789"))
    window.open_path(str(path))
    qtbot.waitUntil(said(window, "which the network does not know"), timeout=10_000)
    assert "sea.txt has the character" in window.notice.words()
    assert window.controller.view is view
