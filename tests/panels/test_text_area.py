"""Fields of several lines: text that is dragged out of them leaves with one drag."""

from __future__ import annotations

import pytest
from pointing import move_pointer
from PySide6.QtCore import QAbstractEventDispatcher, QMimeData, QPoint, Qt, QTimer
from PySide6.QtGui import QDrag, QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rnnviz.panels.widgets.text_area import TextArea

LEFT = Qt.MouseButton.LeftButton


class Counted(TextArea):
    """Knows how often a drag began."""

    drags = 0

    def createMimeDataFromSelection(self) -> QMimeData:
        self.drags += 1
        return super().createMimeDataFromSelection()


@pytest.fixture
def area(qtbot: QtBot) -> Counted:
    if QGuiApplication.platformName() == "offscreen":
        pytest.skip("there nothing can be dragged")
    made = Counted("the sea and the ship")
    qtbot.addWidget(made)
    made.resize(300, 40)
    with qtbot.waitExposed(made):
        made.show()
    made.selectAll()
    return made


def drag_out(area: Counted) -> None:
    """The selected text far out of the field, where a drop is given up."""
    giving_up = QTimer()
    giving_up.timeout.connect(QDrag.cancel)
    giving_up.start(20)
    QTest.mousePress(area.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, QPoint(20, 10))
    move_pointer(area.viewport(), QPoint(20, 300), LEFT)
    giving_up.stop()


def test_a_drag_that_has_ended_does_not_begin_anew(area: Counted) -> None:
    drag_out(area)
    assert area.drags == 1
    # The field's own timer scrolls, and drags, while the button is held outside.
    assert QAbstractEventDispatcher.instance().registeredTimers(area) == []


def test_what_was_dragged_stays_selected(area: Counted) -> None:
    drag_out(area)
    assert area.textCursor().selectedText() == "the sea and the ship"
    assert area.toPlainText() == "the sea and the ship"
    drag_out(area)
    assert area.drags == 2
