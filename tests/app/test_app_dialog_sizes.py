"""What opens over the window fits the screen at every size of type, with its buttons in reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opening import a_window
from panel_fixtures import press, small_settings
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QScrollArea, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from showing import activate

from rnnviz.app.fitting_dialog import FittingDialog
from rnnviz.app.main_window import MainWindow
from rnnviz.panels.theme import themes

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    with a_window(qtbot, small_settings(tmp_path), (1280, 720)) as opened:
        yield opened


def inside(part: QWidget, whole: QWidget) -> bool:
    return whole.rect().contains(QRect(part.mapTo(whole, QPoint()), part.size()))


def fits(box: FittingDialog) -> bool:
    room = box.screen().availableGeometry()
    return room.contains(box.geometry()) and inside(box.close_button, box)


@pytest.mark.parametrize("points", [10, 20, 32])
@pytest.mark.parametrize("name", ["help.about", "help.shortcuts"])
def test_dialogs_fit_the_screen_whatever_the_type(
    qtbot: QtBot, window: MainWindow, points: float, name: str
) -> None:
    themes().set_points(points)
    window.registry[name].trigger()
    box = window.about if name == "help.about" else window.shortcuts
    assert box is not None
    qtbot.waitUntil(lambda: fits(box))
    scroll = box.findChild(QScrollArea)
    assert scroll is not None
    content = scroll.widget()
    assert content is not None
    if points == 10 and name == "help.about":
        assert content.height() <= scroll.viewport().height()  # nothing to scroll
    if scroll.verticalScrollBar().maximum() > 0:  # the end of it comes with the keys alone
        scroll.setFocus()
        QTest.keyClick(scroll, Qt.Key.Key_Down)
        assert scroll.verticalScrollBar().value() > 0
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert not box.isVisible()


def snug(box: FittingDialog) -> bool:
    """Whether all of it is in sight, and little else."""
    scroll = box.findChild(QScrollArea)
    assert scroll is not None
    content = scroll.widget()
    assert content is not None
    asked, room = content.sizeHint(), scroll.viewport().size()
    left = room - asked
    return fits(box) and 0 <= left.width() < 20 and 0 <= left.height() < 20


def test_an_open_dialog_follows_the_type(qtbot: QtBot, window: MainWindow) -> None:
    window.show_about()
    box = window.about
    assert box is not None
    qtbot.waitUntil(lambda: snug(box))
    small = box.width()
    themes().set_points(14)
    qtbot.waitUntil(lambda: box.width() > 1.2 * small and snug(box))
    themes().set_points(10)
    qtbot.waitUntil(lambda: box.width() < 1.2 * small and snug(box))
    box.close()


@pytest.mark.parametrize("points", [10, 20, 32])
@pytest.mark.parametrize("lecture", [False, True])
def test_the_first_tip_is_whole_and_points_at_play(
    qtbot: QtBot, window: MainWindow, points: float, lecture: bool
) -> None:
    if lecture:
        window.lecture.enter(full_screen=False)
    themes().set_points(points)
    tip = window.first_tip
    tip.begin()
    qtbot.waitUntil(lambda: inside(tip, window))
    for word in tip.findChildren(QLabel):
        if word.isVisible():
            assert inside(word, tip) and word.width() >= word.sizeHint().width()
    close = tip.findChild(QToolButton)
    assert close is not None and inside(close, tip)
    assert close.iconSize().width() > close.width() / 2
    play = window.transport.play
    assert tip.geometry().bottom() <= play.mapTo(window, QPoint()).y()


@pytest.mark.parametrize("points", [10, 20, 32])
def test_the_palette_cuts_none_of_its_words(
    qtbot: QtBot, window: MainWindow, points: float
) -> None:
    themes().set_points(points)
    activate(qtbot, window)
    press(window, Qt.Key.Key_K, CONTROL)
    palette = window.command_search.palette
    assert palette.is_open()
    for word in palette.findChildren(QLabel):
        if word.isVisible() and word.text():
            assert inside(word, window) and word.width() >= word.sizeHint().width()
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert not palette.is_open()
