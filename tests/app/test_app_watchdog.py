"""A step that does not come: told once, and the run can be given up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opening import a_window, settings_for
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from rnnviz.app.main_window import MainWindow
from rnnviz.app.watchdog import PATIENCE, Watchdog
from rnnviz.engine.errors import Interrupted
from rnnviz.engine.trainer import Trainer
from rnnviz.session.config import RunConfig


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def wait(dog: Watchdog, clock: Clock, seconds: float, step: int) -> list[float]:
    """Looks once a second; what it says."""
    found = []
    for _ in range(round(seconds)):
        clock.now += 1.0
        found.append(dog.look(step, True))
    return [said for said in found if said]


def test_a_step_that_takes_too_long_is_told_once() -> None:
    dog = Watchdog(clock := Clock())
    assert dog.look(4, True) == 0
    (said,) = wait(dog, clock, 60, 4)
    assert said == PATIENCE
    assert dog.look(5, True) == 0
    assert wait(dog, clock, 9, 5) == []


def test_a_network_of_slow_steps_is_given_more_time() -> None:
    dog = Watchdog(clock := Clock())
    dog.look(0, True)
    for step in range(1, 4):
        assert wait(dog, clock, 8, step - 1) == []
        dog.look(step, True)
    (said,) = wait(dog, clock, 60, 3)
    assert 20 < said < 30


def test_neither_pauses_nor_sleep_are_taken_for_a_step_that_hangs() -> None:
    dog = Watchdog(clock := Clock())
    for _ in range(60):
        clock.now += 1.0
        assert dog.look(4, False) == 0
    clock.now += 8 * 3600.0  # the lid was closed
    assert dog.look(4, True) == 0
    assert wait(dog, clock, 9, 4) == []


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    config = RunConfig(hidden_size=16, seq_len=10, batch_size=4)
    text = "one wave after another, and then one more for the shore.\n" * 300
    with a_window(qtbot, settings_for(tmp_path, config, text)) as opened:
        yield opened


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))


def test_a_run_that_hangs_can_be_given_up(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    window.controller.watchdog = Watchdog(clock)
    let_go = threading.Event()

    def hang(self: Trainer) -> None:
        let_go.wait(60)
        raise Interrupted

    with monkeypatch.context() as wrong:
        wrong.setattr(Trainer, "step", hang)
        click(window.transport.play)
        view = window.controller.view
        qtbot.waitUntil(lambda: view.training, timeout=20_000)

        def told() -> bool:
            clock.now += 0.04  # the window looks after some of these; less than a machine's sleep
            return "No step for" in window.notice.words()

        qtbot.waitUntil(told, timeout=60_000)
        hung = window.controller.live
    give_up = window.notice.buttons()[0]
    assert give_up.text() == "Give the run up"
    click(give_up)
    qtbot.waitUntil(lambda: window.controller.view is not view, timeout=20_000)
    assert window.controller.view.step == 0
    let_go.set()
    qtbot.waitUntil(lambda: not hung.at_work, timeout=20_000)
    click(window.transport.play)
    qtbot.waitUntil(lambda: window.controller.view.step > 5, timeout=20_000)
