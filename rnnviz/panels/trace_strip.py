"""The course of a unit over a text as a curve, and the scale of its colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QEvent,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.activation_colors import (
    STRIP_OPACITY,
    color_image,
)
from rnnviz.panels.curves import polygon
from rnnviz.panels.sizing import sized, tall
from rnnviz.panels.theme import px, theme, ui_font

_SCALE_WIDTH = 96  # pixels of the colour scale in the header
_SCALE_HEIGHT = 10  # at the designed type
_STRIP = 44  # height of the trace


class TraceStrip(QWidget):
    """The course of the unit over the whole text: values upwards, characters to the right."""

    pointed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        sized(self, "height", lambda strip: strip.setFixedHeight(px(_STRIP)))
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Course of the unit over the text"))
        self._values: NDArray[np.floating] = np.zeros(0)
        self._level, self._signed = 1.0, True
        self._at = -1

    def show_values(self, values: NDArray[np.floating], level: float, signed: bool) -> None:
        """Draws `values` (T,)."""
        self._values, self._level, self._signed = values, level, signed
        self.update()

    def point(self, position: int) -> None:
        """Marks a position."""
        if position != self._at:
            self._at = position
            self.update()

    def plot_rect(self) -> QRectF:
        """Where the curve is."""
        metrics = QFontMetricsF(ui_font("label"))
        wide = max(metrics.horizontalAdvance(text) for text in ("−20", *self.ends())) + 8
        return QRectF(wide, 6, max(self.width() - wide - 1, 1), self.height() - 12)

    def _words(self, value: float) -> str:
        return (f"{value:+g}" if self._signed else f"{value:g}").replace("-", "−", 1)

    def ends(self) -> tuple[str, str]:
        """The words at the two ends of the scale."""
        return self._words(-self._level if self._signed else 0.0), self._words(self._level)

    def _y(self, value: float) -> float:
        area = self.plot_rect()
        low = -self._level if self._signed else 0.0
        share = (value - low) / (self._level - low)
        return area.bottom() - min(max(share, 0.0), 1.0) * area.height()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Axis, curve and the position pointed at."""
        painter = QPainter(self)
        colors, area, count = theme(), self.plot_rect(), len(self._values)
        if not count:
            return
        low = -self._level if self._signed else 0.0
        painter.setFont(ui_font("label"))
        high = painter.fontMetrics().height()
        for value in (low, self._level):
            y = self._y(value)
            painter.fillRect(QRectF(area.left(), round(y), area.width(), 1), colors.color("grid"))
            painter.setPen(colors.color("text-muted"))
            words = self._words(value)
            painter.drawText(
                QRectF(0, y - high / 2, area.left() - 6, high),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                words,
            )
        if self._signed:
            zero = QRectF(area.left(), round(self._y(0.0)), area.width(), 1)
            painter.fillRect(zero, colors.color("border"))
        finite = np.nan_to_num(self._values.astype(np.float64), posinf=0.0, neginf=0.0)
        x = area.left() + (np.arange(count) + 0.5) * area.width() / count
        if self._at >= 0:
            at = round(x[min(self._at, count - 1)])
            painter.fillRect(QRectF(at, 0, 1, self.height()), colors.color("accent"))
        share = np.clip((finite - low) / (self._level - low), 0.0, 1.0)
        painter.setPen(QPen(colors.color("text-2"), 1))
        painter.drawPolyline(polygon(x, area.bottom() - share * area.height()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Reads out the character below the mouse."""
        area, count = self.plot_rect(), len(self._values)
        share = (event.position().x() - area.left()) / area.width()
        self.pointed.emit(int(share * count) if count and 0 <= share < 1 else -1)

    def leaveEvent(self, event: QEvent) -> None:
        """Ends the read-out."""
        self.pointed.emit(-1)


class ColorScale(QWidget):
    """The colour scale with its ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        tall(self, 24)
        self.setAccessibleName(self.tr("Colour scale"))
        self._level, self._signed = 1.0, True

    def show_level(self, level: float, signed: bool) -> None:
        """From -level, or from 0, to level."""
        if (level, signed) != (self._level, self._signed):
            self._level, self._signed = level, signed
            self.updateGeometry()
        self.update()

    def ends(self) -> tuple[str, str]:
        """The words at the two ends of the scale."""
        if self._signed:
            return f"−{self._level:g}", f"+{self._level:g}"
        return "0", f"{self._level:g}"

    def sizeHint(self) -> QSize:
        """Words and bar."""
        metrics = QFontMetricsF(ui_font("label"))
        words = sum(metrics.horizontalAdvance(end) for end in self.ends())
        return QSize(round(words) + _SCALE_WIDTH + 14, self.height())

    def minimumSizeHint(self) -> QSize:
        """As small as its hint."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Low end, colours, high end."""
        painter = QPainter(self)
        painter.setFont(ui_font("label"))
        painter.setPen(theme().color("text-2"))
        low, high = self.ends()
        wide = round(QFontMetricsF(ui_font("label")).horizontalAdvance(low))
        tall = px(_SCALE_HEIGHT)
        bar = QRect(wide + 5, (self.height() - tall) // 2, _SCALE_WIDTH, tall)
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(0, 0, wide + 2, self.height()), align, low)
        after = bar.right() + 6
        painter.drawText(QRect(after, 0, self.width() - after, self.height()), align, high)
        start = -self._level if self._signed else 0.0
        ramp = np.linspace(start, self._level, _SCALE_WIDTH)[np.newaxis]
        painter.drawImage(bar, color_image(ramp, self._level, self._signed, STRIP_OPACITY))
