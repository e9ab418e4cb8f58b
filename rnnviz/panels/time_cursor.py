"""The one cursor in time: the step pointed at, shown by every axis of steps in the window."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPen, QPolygonF

from rnnviz.panels.theme import theme

_PIN = 4.0  # half the width in pixels of the mark on a pinned line


class TimeCursor(QObject):
    """Holds the step under the mouse (fractions between two steps are allowed), or a pinned one.

    While it is pinned, pointing elsewhere does not move it.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.step: float | None = None
        self.pinned = False

    def point_at(self, step: float | None) -> None:
        """The mouse is over a step of some axis, or (None) over no axis any more."""
        if not self.pinned:
            self._set(step, False)

    def pin(self, step: float) -> None:
        """Keeps a step marked until `clear`; a second pin moves it."""
        self._set(step, True)

    def clear(self) -> None:
        """Takes the cursor away, pinned or not."""
        self._set(None, False)

    def take_key(self, event: QKeyEvent) -> bool:
        """Whether a key was for the cursor: Escape clears a pinned one."""
        if event.key() != Qt.Key.Key_Escape or not self.pinned:
            return False
        self.clear()
        return True

    def _set(self, step: float | None, pinned: bool) -> None:
        if (step, pinned) != (self.step, self.pinned):
            self.step, self.pinned = step, pinned
            self.changed.emit()


_cursor: TimeCursor | None = None


def time_cursor() -> TimeCursor:
    """The one cursor; made on first use, after the QApplication."""
    global _cursor
    if _cursor is None:
        _cursor = TimeCursor()
    return _cursor


def paint_time_cursor(painter: QPainter, x: float, top: float, bottom: float) -> None:
    """The line at a pixel column, sharp; a pinned one has a mark at its upper end."""
    color = theme().color("text-2")
    painter.setPen(QPen(color, 1))
    painter.drawLine(QPointF(x, top), QPointF(x, bottom))
    if time_cursor().pinned:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        corners = ((-_PIN, 0.0), (_PIN, 0.0), (0.0, 1.5 * _PIN))
        painter.drawPolygon(QPolygonF([QPointF(x + dx, top + dy) for dx, dy in corners]))
