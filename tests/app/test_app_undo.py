"""Undo and redo of settings and seed text, by the keys people know, in the real window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opening import a_window, settings_for
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from rnnviz.app.main_window import MainWindow
from rnnviz.app.undo import SettingsUndo
from rnnviz.session import commands
from rnnviz.session.config import RunConfig
from rnnviz.session.frames import InForce

SMALL = RunConfig(hidden_size=8, seq_len=10, batch_size=4, cell="gru", corpus="hello")
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


class _Recorder:
    """A target that notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def send(self, command: commands.Command) -> None:
        self.asked.append(command)

    def edit(self, changes: Any) -> None:
        self.asked.append(dict(changes))

    def choose_text(self, origin: str) -> None:
        self.asked.append(origin)

    def show_temperature(self, temperature: float) -> None:
        self.asked.append(temperature)

    def show_seed(self, text: str) -> None:
        self.asked.append(text)


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def recorder() -> _Recorder:
    return _Recorder()


@pytest.fixture
def undo(qtbot: QtBot, recorder: _Recorder, now: list[float]) -> SettingsUndo:
    made = SettingsUndo(recorder, clock=lambda: now[0])
    made.begin(RunConfig(), InForce(5e-3, "norm", 1.0, "adam", 0.8), 0.8, "hel")
    return made


def test_a_drag_is_one_change_and_a_later_one_another(
    undo: SettingsUndo, recorder: _Recorder, now: list[float]
) -> None:
    for value in (4e-3, 3e-3, 2e-3):
        undo.sent(commands.SetLearningRate(value))
        now[0] += 0.5
    assert undo.stack.count() == 1
    assert undo.stack.undoText() == "learning rate 2.0e-3"
    now[0] += 10
    undo.sent(commands.SetLearningRate(1e-3))
    assert undo.stack.count() == 2
    undo.stack.undo()
    undo.stack.undo()
    assert recorder.asked == [commands.SetLearningRate(2e-3), commands.SetLearningRate(5e-3)]
    undo.stack.redo()
    assert recorder.asked[-1] == commands.SetLearningRate(2e-3)


def test_controls_do_not_merge_with_each_other(undo: SettingsUndo, recorder: _Recorder) -> None:
    undo.sent(commands.SetLearningRate(1e-3))
    undo.sent(commands.SetClipping("value", 2.0))
    undo.sent(commands.SetOptimizer("sgd"))
    undo.sent(commands.SetTemperature(0.5))
    undo.seed_edited("hell")
    undo.edited(RunConfig(hidden_size=256))
    undo.edited(RunConfig(hidden_size=256, cell="lstm"))
    undo.text_chosen("hello", "hello")
    names = [undo.stack.text(i) for i in range(undo.stack.count())]
    assert names == [
        "learning rate 1.0e-3",
        "clip entries at 2",
        "optimizer sgd",
        "temperature 0.50",
        "seed text",
        "hidden units 256",
        "cell LSTM",
        "text hello",
    ]
    while undo.stack.canUndo():
        undo.stack.undo()
    assert recorder.asked == [
        "the-salt-crown",
        {"cell": "gru"},
        {"hidden_size": 128},
        "hel",
        0.8,
        commands.SetOptimizer("adam"),
        commands.SetClipping("norm", 1.0),
        commands.SetLearningRate(5e-3),
    ]


def test_what_comes_back_at_once_leaves_nothing(undo: SettingsUndo) -> None:
    undo.sent(commands.SetLearningRate(1e-3))
    undo.sent(commands.SetLearningRate(5e-3))
    assert not undo.stack.canUndo()


def test_what_the_engine_acknowledges_is_no_change(undo: SettingsUndo) -> None:
    undo.sent(commands.SetLearningRate(5e-3))
    undo.sent(commands.StepOnce())
    undo.edited(RunConfig())
    assert undo.stack.count() == 0


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    with a_window(qtbot, settings_for(tmp_path, SMALL)) as opened:
        yield opened


def type_number(box: QWidget, text: str, enter: bool = True) -> None:
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_A, CONTROL)
    QTest.keyClicks(box, text)
    if enter:
        QTest.keyClick(box, Qt.Key.Key_Return)


def test_live_and_waiting_settings_go_back_and_forth(qtbot: QtBot, window: MainWindow) -> None:
    view = window.controller.view
    assert view is not None
    window.runs.one_step()  # from now on what is edited waits
    qtbot.waitUntil(lambda: view.step == 1)
    setup = window.setup
    type_number(setup.live.rate, "3e-3")
    qtbot.waitUntil(lambda: view.in_force.learning_rate == 3e-3)
    assert window.registry["edit.undo"].text() == "Undo learning rate 3.0e-3"
    hidden = setup.network.numbers["hidden_size"]
    type_number(hidden, "32")
    assert setup.pending() == ("hidden_size",)
    QTest.keyClick(hidden, Qt.Key.Key_Z, CONTROL)  # with the keys still in the field
    assert setup.pending() == ()
    assert hidden.text() == "8"
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: view.in_force.learning_rate == SMALL.learning_rate)
    assert not window.registry["edit.undo"].isEnabled()
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL | SHIFT)
    qtbot.waitUntil(lambda: view.in_force.learning_rate == 3e-3)
    QTest.keyClick(window, Qt.Key.Key_Y, CONTROL)
    assert setup.pending() == ("hidden_size",)
    # A restart keeps the way back: the old size waits then.
    QTest.keyClick(window, Qt.Key.Key_R, CONTROL)
    assert setup.pending() == ()
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert setup.wanted.hidden_size == 8


def test_what_is_being_typed_into_a_number_is_the_fields_own(window: MainWindow) -> None:
    box = window.setup.network.numbers["batch_size"]
    type_number(box, "7", enter=False)
    assert box.text() == "7"
    QTest.keyClick(box, Qt.Key.Key_Z, CONTROL)
    assert box.text() == "4"
    assert window.undo.stack.count() == 0


def test_the_seed_is_one_text_with_one_history(window: MainWindow) -> None:
    edit = window.page.next_character.edit
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_A, CONTROL)
    QTest.keyClicks(edit, "hello")
    typed = edit.raw_text()
    assert typed == "hello"
    assert window.registry["edit.undo"].text() == "Undo seed text"
    before = window.undo.stack.count()
    assert before == 1
    window.show_page("probe")
    line = window.probe.expectations.edit
    line.setFocus()
    QTest.keyClick(line, Qt.Key.Key_Z, CONTROL)
    assert edit.raw_text() == line.raw_text() != "hello"
    QTest.keyClick(line, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert edit.raw_text() == line.raw_text() == "hello"


def test_temperature_and_revert(window: MainWindow, qtbot: QtBot) -> None:
    view = window.controller.view
    assert view is not None
    window.runs.one_step()
    qtbot.waitUntil(lambda: view.step == 1)
    panel = window.page.next_character
    type_number(panel.field, "1.5")
    assert panel.temperature() == 1.5
    type_number(window.setup.network.numbers["hidden_size"], "32")
    type_number(window.setup.network.numbers["batch_size"], "2")
    window.setup.revert()
    assert window.registry["edit.undo"].text() == "Undo 2 settings"
    window.registry["edit.undo"].trigger()
    assert window.setup.pending() == ("hidden_size", "batch_size")
    for _ in range(3):
        window.registry["edit.undo"].trigger()
    assert panel.temperature() == 0.8
    # Another preset is another beginning.
    type_number(panel.field, "1.2")
    window.runs.use_preset("hello")
    assert not window.undo.stack.canUndo()
