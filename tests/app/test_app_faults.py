"""Things that go wrong while a run trains: each is told once, and everything else goes on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opening import open_window, settings_for, wait_for_threads_to_end
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from rnnviz.app.fault_report import ReportDialog, install_hooks
from rnnviz.app.main_window import MainWindow
from rnnviz.engine.trainer import Trainer
from rnnviz.panels.base import Panel
from rnnviz.panels.fault import guard_paint_events
from rnnviz.panels.fault_cover import FaultCover
from rnnviz.panels.loss import LossPanel
from rnnviz.probes.reading import read_text
from rnnviz.session import inspector, prober, questions
from rnnviz.session.config import RunConfig
from rnnviz.session.run import Run

TEXT = "one wave after another, and then one more for the shore.\n" * 300
SMALL = RunConfig(hidden_size=16, seq_len=10, batch_size=4)
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    """The window with the hooks of the program, on a small text."""
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    install_hooks()
    guard_paint_events()
    opened = open_window(qtbot, settings_for(tmp_path, SMALL, TEXT))
    yield opened
    opened.close()
    wait_for_threads_to_end(qtbot)


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, LEFT, Qt.KeyboardModifier.NoModifier, QPoint())


def steps(window: MainWindow) -> int:
    assert window.controller.view is not None
    return window.controller.view.step


def trains_on(qtbot: QtBot, window: MainWindow) -> None:
    at = steps(window)
    qtbot.waitUntil(lambda: steps(window) > at + 5, timeout=20_000)


def play(qtbot: QtBot, window: MainWindow) -> None:
    click(window.transport.play)
    trains_on(qtbot, window)


def pressed(window: QWidget, words: str) -> QPushButton:
    found = [b for b in window.findChildren(QPushButton) if b.text() == words and b.isVisible()]
    assert len(found) == 1, words
    return found[0]


def covered(panel: Panel) -> bool:
    return isinstance(panel.cover, FaultCover) and panel.cover.isVisible()


@pytest.mark.qt_no_exception_capture
def test_a_panel_that_cannot_be_painted_is_covered_and_can_be_tried_again(
    qtbot: QtBot,
    window: MainWindow,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    play(qtbot, window)
    panel = window.page.loss
    painted = []

    def fail(painter: QPainter) -> None:
        painted.append(1)
        raise ValueError("no paint left")

    monkeypatch.setattr(panel.plot, "paint_content", fail)
    qtbot.waitUntil(lambda: covered(panel), timeout=20_000)
    assert len(painted) == 1
    assert not panel.plot.isVisible()
    assert not covered(window.page.gradient_norm)
    trains_on(qtbot, window)
    panel.plot.repaint()
    window.grab()  # a painter left at work would end the process here
    assert len(painted) == 1, "it is not painted again and again"
    printed = capfd.readouterr().err
    assert printed.count("\nValueError: no paint left") == 1
    assert "QPaint" not in printed, "no complaint of Qt's"
    assert "QBackingStore" not in printed
    click(pressed(panel, "Try again"))
    qtbot.waitUntil(lambda: covered(panel) and len(painted) == 2, timeout=20_000)
    monkeypatch.undo()
    click(pressed(panel, "Try again"))
    qtbot.waitUntil(panel.plot.isVisible)
    trains_on(qtbot, window)
    window.grab()
    assert panel.cover is None


@pytest.mark.qt_no_exception_capture
def test_a_panel_that_fails_to_take_in_what_is_new_leaves_the_others_alone(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: LossPanel) -> None:
        raise KeyError("a column")

    with monkeypatch.context() as wrong:
        wrong.setattr(LossPanel, "refresh", fail)
        play(qtbot, window)
        qtbot.waitUntil(lambda: covered(window.page.loss), timeout=20_000)
        shown = window.transport.steps.text()
        qtbot.waitUntil(lambda: window.transport.steps.text() != shown, timeout=20_000)
        view = window.controller.view
        window.runs.reset()  # another run begins with the panel covered
        qtbot.waitUntil(lambda: window.controller.view is not view, timeout=20_000)
    assert covered(window.page.loss)
    click(pressed(window.page.loss, "Try again"))
    assert window.page.loss.plot.isVisible()
    play(qtbot, window)


@pytest.mark.qt_no_exception_capture
def test_the_report_has_versions_settings_and_traceback_and_goes_to_the_clipboard(
    qtbot: QtBot, window: MainWindow
) -> None:
    def fail() -> None:
        raise RuntimeError("a slot <b>failed</b>")

    for _ in range(3):
        QTimer.singleShot(0, window, fail)
    qtbot.waitUntil(lambda: "a slot <b>failed</b>" in window.notice.words())
    click(pressed(window.notice, "Show report"))
    (dialog,) = window.findChildren(ReportDialog)
    text = dialog.text.toPlainText()
    for wanted in ("in fail", "RuntimeError: a slot <b>failed</b>", "PySide6", "hidden_size: 16"):
        assert wanted in text
    click(dialog.copy)
    assert QGuiApplication.clipboard().text() == text
    play(qtbot, window)
    dialog.close()


@pytest.mark.qt_no_exception_capture
def test_a_fault_in_a_thread_of_no_one_is_told(qtbot: QtBot, window: MainWindow) -> None:
    def fail() -> None:
        raise OSError("in a thread")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: "in a thread" in window.notice.words())


def test_training_that_fails_stops_is_reported_and_can_be_tried_again(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(qtbot, window)
    with monkeypatch.context() as wrong:

        def fail(self: Trainer) -> None:
            raise ZeroDivisionError("in a step")

        wrong.setattr(Trainer, "step", fail)
        qtbot.waitUntil(lambda: "in a step" in window.notice.words(), timeout=20_000)
        live = window.controller.live
        qtbot.waitUntil(lambda: not live.at_work)
        click(pressed(window.notice, "Show report"))
        (dialog,) = window.findChildren(ReportDialog)
        assert "ZeroDivisionError: in a step" in dialog.text.toPlainText()
        dialog.close()
        window.page.next_character.set_seed("one more")
        qtbot.waitUntil(lambda: window.page.next_character.seed() == "one more")
    at = steps(window)
    click(window.transport.play)
    qtbot.waitUntil(lambda: steps(window) > at + 5, timeout=20_000)
    assert window.controller.view.history.step.values.tolist() == list(
        range(1, steps(window) + 1)
    ), "no step is missing and none was made twice"


def test_too_little_memory_for_a_step_is_told_and_the_run_is_kept(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(qtbot, window)
    with monkeypatch.context() as wrong:

        def fail(self: Trainer) -> None:
            raise MemoryError

        wrong.setattr(Trainer, "step", fail)
        qtbot.waitUntil(lambda: "not enough memory" in window.notice.words(), timeout=20_000)
    at = steps(window)
    click(pressed(window.notice, "Try again"))
    qtbot.waitUntil(lambda: steps(window) > at + 5, timeout=20_000)


def test_too_little_memory_for_a_validation_or_a_sample_only_leaves_these_out(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Run, "live_validation", fail)
    monkeypatch.setattr("rnnviz.session.runner.generate", fail)
    click(window.transport.play)
    qtbot.waitUntil(lambda: steps(window) > 30, timeout=20_000)
    view = window.controller.view
    assert view.training
    told = {event.text for event in view.history.events if event.kind == "memory"}
    assert told == {f"no {what}: not enough memory for it" for what in ("validation", "sample")}


@pytest.mark.parametrize("who", ["prober", "respondent", "inspector"])
def test_an_onlooker_that_fails_is_told_and_answers_the_next_question(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise IndexError(f"a fault of the {who}")

    with monkeypatch.context() as wrong:
        if who == "prober":
            wrong.setattr(prober, "read_text", fail)
        elif who == "inspector":
            wrong.setattr(inspector, "gradient_flow", fail)
            window.show_page("gradients")
        else:
            wrong.setattr(questions.Questions, "work", fail)
            window.show_page("probe")
        play(qtbot, window)
        qtbot.waitUntil(lambda: f"fault of the {who}" in window.notice.words(), timeout=20_000)
        trains_on(qtbot, window)
    if who == "prober":
        answers = []
        window.controller.answered.connect(answers.append)
        QTest.keyClicks(window.page.next_character.edit, "e")
        qtbot.waitUntil(lambda: bool(answers), timeout=20_000)
    elif who == "inspector":
        flows = []
        window.controller.inspected.connect(lambda found: flows.append(found.flow))
        qtbot.waitUntil(lambda: any(flow is not None for flow in flows), timeout=30_000)
    assert read_text is prober.read_text
    assert QApplication.activeModalWidget() is None
