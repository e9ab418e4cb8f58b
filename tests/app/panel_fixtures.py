"""A real window with a small run in it, for the tests of pages, panels and sizes."""

from __future__ import annotations

from pathlib import Path

from opening import settings_for
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSplitter, QWidget
from pytestqt.qtbot import QtBot

from rnnviz.app.main_window import MainWindow
from rnnviz.app.settings import Settings
from rnnviz.session import commands
from rnnviz.session.config import RunConfig

TEXT = "AB:\nthe wave is over the wall, and so on.\n\nC:\nno.\n\n" * 60
CONTROL = Qt.KeyboardModifier.ControlModifier
SMALL = RunConfig(hidden_size=12, seq_len=10, batch_size=4, cell="rnn")


def small_settings(folder: Path) -> Settings:
    """Settings of a window that begins with a small run."""
    return settings_for(folder, SMALL, TEXT)


def train(qtbot: QtBot, window: MainWindow, steps: int = 5) -> None:
    """Waits until so many more steps were made."""
    view = window.controller.view
    assert view is not None
    wanted = view.step + steps
    window.controller.send(commands.Play())
    qtbot.waitUntil(lambda: view.step >= wanted, timeout=20_000)


def press(window: MainWindow, key: Qt.Key, modifiers: Qt.KeyboardModifier | None = None) -> None:
    """A key in the window."""
    QTest.keyClick(window, key, modifiers or Qt.KeyboardModifier.NoModifier)


def splitter_around(widget: QWidget, orientation: Qt.Orientation) -> QSplitter:
    """The innermost splitter that lies this way and has the widget in it."""
    around = widget.parentWidget()
    while not (isinstance(around, QSplitter) and around.orientation() == orientation):
        assert around is not None, "no such splitter"
        around = around.parentWidget()
    return around
