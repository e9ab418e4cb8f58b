"""The pointer of a test: moved by the event itself, so that no screen has to answer first."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget


def move_pointer(
    widget: QWidget, point: QPoint | QPointF, held: Qt.MouseButton = Qt.MouseButton.NoButton
) -> None:
    """Sends a move of the mouse over ``widget`` (pixels in the widget), with ``held`` pressed.

    ``QTest.mouseMove`` moves the pointer of the screen, and the screen's own answer may come any
    time later; on an X server a test that reads the result right away then fails now and then.
    """
    assert held is not Qt.MouseButton.NoButton or widget.hasMouseTracking(), "it would not be told"
    local = QPointF(point)
    QApplication.sendEvent(
        widget,
        QMouseEvent(
            QEvent.Type.MouseMove,
            local,
            QPointF(widget.mapToGlobal(local)),
            Qt.MouseButton.NoButton,
            held,
            Qt.KeyboardModifier.NoModifier,
        ),
    )


def turn_wheel(widget: QWidget, point: QPoint | QPointF, notches: int) -> None:
    """Turns the wheel over ``widget`` (pixels in the widget): away from the user where positive."""
    local = QPointF(point)
    QApplication.sendEvent(
        widget,
        QWheelEvent(
            local,
            QPointF(widget.mapToGlobal(local)),
            QPoint(),
            QPoint(0, 120 * notches),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        ),
    )
