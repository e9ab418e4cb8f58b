"""The axes every curve view shares, as the mouse and the keys move them.

Panels subclass `Plot` and paint their data in `paint_content`. Some hundred points cost about a
millisecond so, a fraction of what a graphics scene takes, and every label can avoid every other.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from rnnviz.panels.axes import Axes
from rnnviz.panels.curves import crisp
from rnnviz.panels.painting import shows_focus
from rnnviz.panels.theme import theme
from rnnviz.panels.ticks import Range
from rnnviz.panels.time_cursor import paint_time_cursor, time_cursor

_ZOOM = 1.25  # of the range per wheel notch


class Plot(Axes):
    """Axes to zoom and to pan, and to point at a time with.

    With `navigable` the wheel zooms (over an axis only that one), drags pan, Shift+drag boxes;
    arrows, + and - do the same. A double click or Home asks for the whole picture again.

    Where x is training steps, a subclass sets `step_axis` and overrides `step_under` and
    `column_of`: then the plot points at the time cursor, shows it, and a click pins it.
    """

    navigated = Signal()  # the user zoomed or panned
    reset_requested = Signal()
    step_axis = False

    def __init__(self, name: str, parent: QWidget | None = None, *, navigable: bool = True) -> None:
        super().__init__(name, parent)
        self.x_limits: Range | None = None  # how far the user may go
        self.y_limits: Range | None = None
        self.navigable = navigable
        self.hover: QPointF | None = None  # the mouse inside the axes, in widget coordinates
        self._drag_from: QPointF | None = None
        self._drag_ranges = (self.x_range, self.y_range)
        self._box_from: QPointF | None = None
        self._box_to = QPointF()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if navigable else Qt.FocusPolicy.NoFocus)
        if self.step_axis:
            time_cursor().changed.connect(self.cursor_moved)

    # For subclasses.

    def paint_over(self, painter: QPainter) -> None:
        """Draws what stands over the time cursor, such as a read-out; overridden."""

    def hover_changed(self) -> None:
        """The mouse moved (`self.hover`); overridden by plots that answer."""

    # The time cursor.

    def step_under(self, at: QPointF) -> float | None:
        """The training step at a point inside the axes; None where there is none."""
        return None

    def column_of(self, step: float) -> float | None:
        """The pixel column of a training step; None when it is not in the picture."""
        return None

    def cursor_column(self) -> float | None:
        """Where the time cursor is to be drawn, sharp; None when it is not in the picture."""
        step = time_cursor().step
        x = self.column_of(step) if step is not None else None
        if x is None or not self.area().left() - 1 <= x <= self.area().right() + 1:
            return None
        return crisp(x)

    def cursor_moved(self) -> None:
        """Shows the time cursor where it is now."""
        if self.isVisible():
            self.update()

    def point_again(self) -> None:
        """The picture moved under a mouse at rest: it points at another step now."""
        if self.step_axis and self.hover is not None:
            self._point_at_time()

    def _point_at_time(self) -> None:
        step = self.step_under(self.hover) if self.hover is not None else None
        time_cursor().point_at(step)

    # Painting.

    def paint_marks(self, painter: QPainter) -> None:
        """Draws the time cursor, what stands over it, the zoom box and the focus mark."""
        x = self.cursor_column() if self.step_axis else None
        if x is not None:
            paint_time_cursor(painter, x, self.area().top(), self.area().bottom())
        self.paint_over(painter)
        if self._box_from is not None:
            painter.setPen(QPen(theme().color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self._box_from, self._box_to).normalized())
        if shows_focus(self):
            painter.setPen(QPen(theme().color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.area().adjusted(0.5, 0.5, -0.5, -0.5))

    # Navigation.

    def _zoom(self, factor: float, at: QPointF, x: bool, y: bool) -> None:
        new_x, new_y = self.x_range, self.y_range
        if x:
            middle = self.plot_x(at.x())
            new_x = Range(
                middle - (middle - new_x.low) * factor, middle + (new_x.high - middle) * factor
            )
        if y:
            middle = self.plot_y(at.y())
            new_y = Range(
                middle - (middle - new_y.low) * factor, middle + (new_y.high - middle) * factor
            )
        self._navigate(new_x, new_y)

    def _navigate(self, x: Range, y: Range) -> None:
        x, y = _within(x, self.x_limits), _within(y, self.y_limits)
        if min(x.span, y.span) < 1e-6 or (x, y) == (self.x_range, self.y_range):
            return
        self.set_ranges(x, y)
        self.navigated.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms around the mouse."""
        notches = event.angleDelta().y() / 120.0
        if not self.navigable or not notches:
            event.ignore()
            return
        area, at = self.area(), event.position()
        over_y_axis, over_x_axis = at.x() < area.left(), at.y() > area.bottom()
        self._zoom(_ZOOM**-notches, at, not over_y_axis, not over_x_axis)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begins to pan, or with Shift to draw the box to zoom into."""
        if event.button() != Qt.MouseButton.LeftButton or not self.navigable:
            event.ignore()
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._box_from = self._box_to = event.position()
        else:
            self._drag_from = event.position()
            self._drag_ranges = (self.x_range, self.y_range)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pans, draws the box, or just points."""
        at = event.position()
        if self._box_from is not None:
            self._box_to = at
            self.update()
        elif self._drag_from is not None:
            moved = at - self._drag_from
            if moved.manhattanLength() > 3 or self.cursor().shape() == Qt.CursorShape.SizeAllCursor:
                self.setCursor(Qt.CursorShape.SizeAllCursor)
                area, (x, y) = self.area(), self._drag_ranges
                right = moved.x() * x.span / area.width()
                up = -moved.y() * y.span / area.height()
                self._navigate(Range(x.low - right, x.high - right), Range(y.low - up, y.high - up))
        self.hover = at if self.area().contains(at) and self._drag_from is None else None
        if self.step_axis:
            self._point_at_time()
        self.hover_changed()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ends the drag; a press that did not move is a click."""
        if self._box_from is not None:
            box = QRectF(self._box_from, event.position()).normalized()
            self._box_from = None
            if box.width() > 4 and box.height() > 4:
                self._navigate(
                    Range(self.plot_x(box.left()), self.plot_x(box.right())),
                    Range(self.plot_y(box.bottom()), self.plot_y(box.top())),
                )
            self.update()
        elif self._drag_from is not None:
            moved = event.position() - self._drag_from
            self._drag_from = None
            self.unsetCursor()
            if moved.manhattanLength() <= 3:
                self.clicked(event.position())

    def clicked(self, at: QPointF) -> None:
        """The user clicked without dragging: pins the time cursor; overridden for other marks."""
        step = self.step_under(at) if self.area().contains(at) else None
        if step is not None:
            time_cursor().pin(step)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Shows everything again; the first of the two clicks has pinned nothing."""
        if self.navigable and event.button() == Qt.MouseButton.LeftButton:
            if self.step_axis:
                time_cursor().clear()
            self.reset_requested.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Ends pointing."""
        self.hover = None
        if self.step_axis:
            time_cursor().point_at(None)
        self.hover_changed()

    def event(self, event: QEvent) -> bool:
        """Escape is for a pinned time cursor before it is for a shortcut of the window."""
        wanted = event.type() == QEvent.Type.ShortcutOverride and time_cursor().pinned
        if wanted and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Forgets where the mouse was."""
        self.hover = None
        super().resizeEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The panel's own menu opens instead."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows pan by a tenth, + and - zoom around the middle, Home shows everything."""
        if time_cursor().take_key(event):
            return
        if not self.navigable:
            super().keyPressEvent(event)
            return
        x, y, key = self.x_range, self.y_range, event.key()
        pans = {
            Qt.Key.Key_Left: (-0.1, 0.0),
            Qt.Key.Key_Right: (0.1, 0.0),
            Qt.Key.Key_Down: (0.0, -0.1),
            Qt.Key.Key_Up: (0.0, 0.1),
        }
        if key in pans:
            right, up = pans[Qt.Key(key)][0] * x.span, pans[Qt.Key(key)][1] * y.span
            self._navigate(Range(x.low + right, x.high + right), Range(y.low + up, y.high + up))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            factor = _ZOOM if key == Qt.Key.Key_Minus else 1 / _ZOOM
            self._zoom(factor, self.area().center(), True, True)
        elif key == Qt.Key.Key_Home:
            self.reset_requested.emit()
        else:
            super().keyPressEvent(event)


def _within(wanted: Range, limits: Range | None) -> Range:
    """The range moved, and if need be shortened, to lie inside the limits."""
    if limits is None:
        return wanted
    if wanted.span >= limits.span:
        return limits
    shift = max(limits.low - wanted.low, 0.0) - max(wanted.high - limits.high, 0.0)
    return Range(wanted.low + shift, wanted.high + shift)
