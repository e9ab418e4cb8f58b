"""A horizontal slider over a range of numbers, linear or logarithmic, drawn in a series colour."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.sizing import tall
from rnnviz.panels.theme import px, theme, themes

_HANDLE = 14.0
_KEY_STEP = 1.05  # one arrow press multiplies a logarithmic value by this


class ValueSlider(QWidget):
    """Drag, click, wheel or arrow keys; double click returns to the default value."""

    edited = Signal(float)  # the user moved it

    def __init__(
        self,
        low: float,
        high: float,
        default: float,
        name: str,
        *,
        logarithmic: bool = True,
        token: str = "text-2",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._low, self._high, self._default = low, high, default
        self._value = default
        self._logarithmic = logarithmic
        self._token = token
        self._tick: float | None = None
        self._hover = self._pressed = False
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        tall(self, 24)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        themes().changed.connect(self.update)

    def value(self) -> float:
        """The value shown."""
        return self._value

    def set_value(self, value: float) -> None:
        """Shows a value; beyond the ends the handle stays at the end."""
        if value != self._value:
            self._value = value
            self.setAccessibleDescription(f"{value:.3g}")
            self.update()

    def set_default(self, value: float) -> None:
        """What a double click returns to."""
        self._default = value

    def set_tick(self, value: float | None) -> None:
        """A mark on the groove, for a value worth finding again."""
        self._tick = value
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(px(120), self.height())

    def minimumSizeHint(self) -> QSize:
        """Short, but still a slider."""
        return QSize(px(48), self.height())

    def _share(self, value: float) -> float:
        if self._logarithmic:
            value = max(value, self._low)
            share = math.log(value / self._low) / math.log(self._high / self._low)
        else:
            share = (value - self._low) / (self._high - self._low)
        return min(max(share, 0.0), 1.0)

    def _value_at(self, share: float) -> float:
        share = min(max(share, 0.0), 1.0)
        if self._logarithmic:
            value = self._low * (self._high / self._low) ** share
        else:
            value = self._low + (self._high - self._low) * share
        return float(f"{value:.2g}")  # two figures: what the field beside it shows

    def x_of(self, value: float) -> float:
        """Where the handle of a value stands, in widget coordinates."""
        return _handle() / 2 + self._share(value) * (self.width() - _handle())

    def paintEvent(self, event: object) -> None:
        """Draws groove, filled part, tick and handle."""
        colors = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        x = self.x_of(self._value)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.color("surface-3"))
        painter.drawRoundedRect(QRectF(0, middle - 2, self.width(), 4), 2, 2)
        if self._tick is not None:
            painter.setPen(QPen(colors.color("text-muted"), 1))
            at = round(self.x_of(self._tick)) + 0.5
            painter.drawLine(QPointF(at, middle - 7), QPointF(at, middle + 7))
            painter.setPen(Qt.PenStyle.NoPen)
        if not self.isEnabled():
            return
        painter.setBrush(colors.color(self._token))
        painter.drawRoundedRect(QRectF(0, middle - 2, x, 4), 2, 2)
        size = _handle() + 2 if self._hover or self._pressed else _handle()
        fill = "text" if self._token == "text-2" else self._token
        painter.setBrush(colors.color(fill))
        painter.setPen(QPen(colors.color("surface"), 1))
        painter.drawEllipse(QPointF(x, middle), size / 2, size / 2)
        if self.hasFocus():
            painter.setPen(QPen(colors.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(x, middle), size / 2 + 1.5, size / 2 + 1.5)

    def _edit(self, value: float) -> None:
        value = min(max(value, self._low), self._high)
        if value != self._value:
            self.set_value(value)
            self.edited.emit(value)

    def _edit_at(self, x: float) -> None:
        self._edit(self._value_at((x - _handle() / 2) / max(self.width() - _handle(), 1.0)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The handle jumps under the mouse."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = True
            self._edit_at(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drags while the button is down."""
        hover = abs(event.position().x() - self.x_of(self._value)) < _handle()
        if hover != self._hover:
            self._hover = hover
            self.update()
        if self._pressed:
            self._edit_at(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ends the drag."""
        self._pressed = False
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Returns to the default."""
        self._edit(self._default)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Only with focus, so that scrolling past a slider never turns it."""
        if not self.hasFocus():
            event.ignore()
            return
        self._nudge(1 if event.angleDelta().y() > 0 else -1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows change by 5 %, Page keys by 50 %, Home and End go to the ends."""
        match event.key():
            case Qt.Key.Key_Right | Qt.Key.Key_Up:
                self._nudge(1)
            case Qt.Key.Key_Left | Qt.Key.Key_Down:
                self._nudge(-1)
            case Qt.Key.Key_PageUp:
                self._nudge(8)
            case Qt.Key.Key_PageDown:
                self._nudge(-8)
            case Qt.Key.Key_Home:
                self._edit(self._low)
            case Qt.Key.Key_End:
                self._edit(self._high)
            case _:
                super().keyPressEvent(event)

    def _nudge(self, steps: int) -> None:
        if self._logarithmic:
            value = float(f"{self._value * _KEY_STEP**steps:.3g}")
        else:
            value = self._value + steps * (self._high - self._low) / 100
        self._edit(value)


def _handle() -> int:
    """Diameter of the handle."""
    return px(_HANDLE)
