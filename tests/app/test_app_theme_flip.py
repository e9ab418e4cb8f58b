"""Dark becomes light while everything is open: pages, panels' windows, dialogs, the lecture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from opening import open_window, program_threads
from panel_fixtures import press, small_settings, train
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from rnnviz.app.application import make_application
from rnnviz.app.main_window import MainWindow
from rnnviz.panels.theme import Theme, theme, themes
from rnnviz.session import commands

CONTROL = Qt.KeyboardModifier.ControlModifier
GROUNDS = ("bg", "surface", "surface-2", "surface-3")


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    make_application()
    themes().set_mode("dark")
    opened = open_window(qtbot, small_settings(tmp_path))
    train(qtbot, opened, 20)
    opened.controller.send(commands.Pause())
    view = opened.controller.view
    assert view is not None
    qtbot.waitUntil(lambda: not view.training)
    yield opened
    opened.close()
    themes().set_mode("dark")
    assert program_threads() == []


def share_of_grounds(widget: QWidget, colors: Theme) -> float:
    """The share of a picture that has exactly one of a theme's background colours."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1) & 0xFFFFFF
    wanted = [colors.color(token).rgb() & 0xFFFFFF for token in GROUNDS]
    return float(np.isin(pixels, wanted).mean())


def check(*widgets: QWidget) -> None:
    """All of it has the colours in force, and nothing those of the other theme."""
    other = Theme("light" if theme().is_dark else "dark")
    for widget in widgets:
        name = widget.windowTitle() or widget.objectName() or type(widget).__name__
        assert share_of_grounds(widget, theme()) > 0.3, name
        # The sign of the program is dark on light ground as well.
        assert share_of_grounds(widget, other) < 0.02, name


def test_everything_open_changes_its_colours_at_once(qtbot: QtBot, window: MainWindow) -> None:
    page = window.page
    window.show_about()
    window.show_shortcuts()
    about, keys = window.about, window.shortcuts
    assert about is not None and keys is not None
    out = [window.panel_windows.open(p) for p in (page.loss, window.gradients.gradient_norm)]
    window.notice.say("A sentence.", "info")
    shown = (window, about, keys, *out)
    qtbot.waitUntil(lambda: all(w.isVisible() for w in shown))
    for name in ("train", "gradients", "probe"):
        window.show_page(name)
        for _ in range(2):
            window.appearance.flip_theme()
            check(*shown)


def test_the_palette_changes_its_colours(window: MainWindow) -> None:
    window.command_search.toggle()
    palette = window.command_search.palette
    for _ in range(2):
        window.appearance.flip_theme()
        check(palette)
    window.command_search.toggle()


def test_the_lecture_changes_its_colours(qtbot: QtBot, window: MainWindow) -> None:
    press(window, Qt.Key.Key_F11)
    qtbot.waitUntil(lambda: window.caption.isVisible())
    for name in ("train", "gradients", "probe"):
        window.show_page(name)
        for _ in range(2):
            press(window, Qt.Key.Key_T, CONTROL)
            check(window)
    press(window, Qt.Key.Key_Escape)
