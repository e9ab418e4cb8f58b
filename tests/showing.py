"""Widgets of a test on the screen: shown, and in front, once the screen says so."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

_LONGEST = 20_000  # milliseconds: an X server on a busy machine answers late


def show(qtbot: QtBot, widget: QWidget, width: int, height: int) -> None:
    """Shows it at a size and waits until the screen has it."""
    qtbot.addWidget(widget)
    widget.resize(width, height)
    with qtbot.waitExposed(widget, timeout=_LONGEST):
        widget.show()


def activate(qtbot: QtBot, window: QWidget) -> None:
    """Makes a window the active one: focus and shortcuts belong to it."""
    with qtbot.waitActive(window, timeout=_LONGEST):
        window.show()
        window.activateWindow()
