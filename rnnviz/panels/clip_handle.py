"""The tag at the right end of the clip line."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from rnnviz.panels.painting import shows_focus
from rnnviz.panels.theme import marker, theme, themes

_KEY_FACTOR, _PAGE_FACTOR = 1.05, 1.5


class ClipHandle(QWidget):
    """Drag it, or focus it and press Up or Down. Hollow while clipping is off."""

    pressed_at = Signal(float)  # y in the parent's coordinates
    dragged_to = Signal(float)
    released = Signal()
    scaled = Signal(float)  # the threshold times this
    reset_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("ClipHandle")
        self.setAccessibleName(self.tr("Clip threshold"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.SizeVerCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.hollow = False
        self.lifted = False  # the mouse is on the line
        self._dragging = False
        themes().changed.connect(self._resize)
        self._resize()

    def _resize(self) -> None:
        self.setFixedSize(round(marker(24)), round(marker(28)))
        self.update()

    def paintEvent(self, event: object) -> None:
        """Draws the tag with its two grip lines, larger under the mouse, hollow when off."""
        colors = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        large = self._dragging or self.lifted or self.underMouse()
        width, height = (marker(18), marker(22)) if large else (marker(14), marker(18))
        tag = QRectF(0, 0, width, height)
        tag.moveCenter(QRectF(self.rect()).center())
        if self.hollow:
            painter.setPen(QPen(colors.color("clip"), 1.5))
            painter.setBrush(colors.color("surface"))
            painter.drawRoundedRect(tag.adjusted(0.75, 0.75, -0.75, -0.75), 4, 4)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.color("clip"))
            painter.drawRoundedRect(tag, 4, 4)
        grip = colors.color("clip" if self.hollow else "surface")
        middle = tag.center()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for shift in (-3, 2):
            at = middle.y() + marker(shift)
            painter.fillRect(QRectF(middle.x() - marker(3), at, marker(6), 2), grip)
        if shows_focus(self):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(colors.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(tag.adjusted(-2, -2, 2, 2), 5, 5)

    def _y(self, event: QMouseEvent) -> float:
        return self.mapToParent(event.position()).y()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Takes the line."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragging = True
            self.pressed_at.emit(self._y(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Moves the line."""
        if self._dragging:
            self.dragged_to.emit(self._y(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Drops the line."""
        if self._dragging:
            self._dragging = False
            self.released.emit()
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the value the run started with."""
        self.reset_requested.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down change the threshold by 5 %, the Page keys by half, Home resets it."""
        match event.key():
            case Qt.Key.Key_Up:
                self.scaled.emit(_KEY_FACTOR)
            case Qt.Key.Key_Down:
                self.scaled.emit(1 / _KEY_FACTOR)
            case Qt.Key.Key_PageUp:
                self.scaled.emit(_PAGE_FACTOR)
            case Qt.Key.Key_PageDown:
                self.scaled.emit(1 / _PAGE_FACTOR)
            case Qt.Key.Key_Home:
                self.reset_requested.emit()
            case _:
                super().keyPressEvent(event)
