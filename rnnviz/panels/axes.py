"""A rectangle with axes: what is where in it, and the grid and numbers around it.

Background and axes are painted once into a picture, which stays while they do: a paint that only
moves the data costs no ticks and no text.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QFontMetricsF,
    QHideEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.curves import crisp
from rnnviz.panels.painting import is_for_keeps
from rnnviz.panels.sizing import sized
from rnnviz.panels.text_width import text_height, text_width
from rnnviz.panels.theme import px, theme, themes, ui_font
from rnnviz.panels.ticks import Range, Tick

Floats = NDArray[np.float64]


class Axes(QWidget):
    """Axes without a hand on them. Plot coordinates are what the subclass says (logarithms, say).

    A subclass paints its data in `paint_content` and what lies over them in `paint_marks`.
    """

    left_margin_least = 24.0

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.x_range, self.y_range = Range(0.0, 1.0), Range(0.0, 1.0)
        self.x_labels_end = 0.0  # right end of the last number of the x axis, as painted
        self._area: QRectF | None = None  # measured when needed: a paint asks many times
        self._axes: QPixmap | None = None  # background and axes, painted once for what they show
        self._axes_key: tuple[object, ...] = ()
        self.exposed = QRectF()  # what is being painted, in widget coordinates
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        sized(self, "least", lambda plot: plot.setMinimumSize(px(120), px(80)))
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        themes().changed.connect(self._theme_changed)

    # Geometry.

    def margins(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the axes in pixels; overridden for labels at the side."""
        return self.left_margin(), 6.0, 12.0, self.bottom_margin()

    def left_margin(self) -> float:
        """Room for the widest number of the y axis."""
        widest = max((text_width(t.label) for t in self.y_ticks() if t.label), default=0.0)
        # In steps, so that the picture does not shift with every new number.
        return max(self.left_margin_least, 8.0 * math.ceil((widest + 9.0) / 8.0))

    def bottom_margin(self) -> float:
        """Room for the numbers of the x axis."""
        return text_height() + 8.0

    def area(self) -> QRectF:
        """The axes' rectangle in widget coordinates, on whole pixels."""
        if self._area is None:
            left, top, right, bottom = (round(m) for m in self.margins())
            width, height = self.width() - left - right, self.height() - top - bottom
            self._area = QRectF(left, top, max(width, 1), max(height, 1))
        return self._area

    def measure_again(self) -> None:
        """Measures the margins anew when they are next needed."""
        self._area = None

    def relayout(self) -> None:
        """Measures the margins anew at the next paint, and paints."""
        self.measure_again()
        self.update()

    def _theme_changed(self) -> None:
        self._axes = None
        self.relayout()

    def pixel_x(self, x: Floats) -> Floats:
        """Widget coordinates of plot coordinates."""
        area = self.area()
        return area.left() + (x - self.x_range.low) * (area.width() / self.x_range.span)

    def pixel_y(self, y: Floats) -> Floats:
        """Widget coordinates of plot coordinates."""
        area = self.area()
        return area.bottom() - (y - self.y_range.low) * (area.height() / self.y_range.span)

    def at_x(self, x: float) -> float:
        """`pixel_x` of one number, without NumPy's cost per call."""
        area = self.area()
        return area.left() + (x - self.x_range.low) * area.width() / self.x_range.span

    def at_y(self, y: float) -> float:
        """`pixel_y` of one number."""
        area = self.area()
        return area.bottom() - (y - self.y_range.low) * area.height() / self.y_range.span

    def plot_x(self, pixel: float) -> float:
        """Plot coordinate of a widget coordinate."""
        area = self.area()
        return self.x_range.low + (pixel - area.left()) * self.x_range.span / area.width()

    def plot_y(self, pixel: float) -> float:
        """Plot coordinate of a widget coordinate."""
        area = self.area()
        return self.y_range.low + (area.bottom() - pixel) * self.y_range.span / area.height()

    def set_ranges(self, x: Range, y: Range) -> None:
        """Shows another part."""
        if (x, y) != (self.x_range, self.y_range):
            self.x_range, self.y_range = x, y
            self.relayout()

    # For subclasses.

    def x_ticks(self) -> list[Tick]:
        """Ticks of the x axis; overridden."""
        return []

    def y_ticks(self) -> list[Tick]:
        """Ticks of the y axis; overridden."""
        return []

    def ground_look(self) -> object:
        """What `paint_ground` paints, to compare: it is painted anew when that is another."""
        return None

    def paint_ground(self, painter: QPainter) -> None:
        """Draws what stands still between grid and data, such as reference lines; overridden."""

    def paint_content(self, painter: QPainter) -> None:
        """Draws the data over the grid; overridden. The painter is not antialiased.

        Of the widget `exposed` is to be painted, and nothing else will be.
        """

    def paint_marks(self, painter: QPainter) -> None:
        """Draws what lies over the data; overridden."""

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draws background, grid, ticks, data and the marks over them."""
        self.exposed = QRectF(event.rect())
        painter = QPainter(self)
        self._paint_ready_made(painter)
        self.paint_content(painter)
        self.paint_marks(painter)

    def _paint_ready_made(self, painter: QPainter) -> None:
        """Background and axes: while they stay as they are, ready-made."""
        x_ticks, y_ticks = self.x_ticks(), self.y_ticks()
        ratio = self.devicePixelRatioF()
        if is_for_keeps() or ratio != int(ratio):  # between whole pixels a picture would blur
            painter.fillRect(self.rect(), theme().color("surface"))
            self._paint_axes(painter, x_ticks, y_ticks)
            self.paint_ground(painter)
            return
        area = self.area()
        shown = (self.x_range, self.y_range, x_ticks, y_ticks, self.ground_look())
        key = (self.size(), ratio, area, *shown)
        if self._axes is None or key != self._axes_key:
            pixmap = QPixmap(self.size() * int(ratio))
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(theme().color("surface"))
            maker = QPainter(pixmap)
            self._paint_axes(maker, x_ticks, y_ticks)
            self.paint_ground(maker)
            maker.end()
            self._axes, self._axes_key = pixmap, key
        part = self.exposed
        painter.drawPixmap(part, self._axes, QRectF(part.topLeft() * ratio, part.size() * ratio))

    def hideEvent(self, event: QHideEvent) -> None:
        """What is not seen keeps no picture."""
        self._axes = None
        super().hideEvent(event)

    def _paint_axes(self, painter: QPainter, x_ticks: list[Tick], y_ticks: list[Tick]) -> None:
        colors = theme()
        area = self.area()
        metrics = QFontMetricsF(ui_font("tick"))
        grid, edge = QPen(colors.color("grid"), 1), QPen(colors.color("border"), 1)
        labels: list[tuple[QRectF, str]] = []
        painter.setPen(grid)
        for tick in x_ticks:
            x = crisp(self.at_x(tick.at))
            if tick.label:
                painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
                width = metrics.horizontalAdvance(tick.label)
                left = min(max(x - width / 2, area.left()), self.width() - width - 1)
                rect = QRectF(left, area.bottom() + 5, width + 1, metrics.height())
                if not labels or rect.left() > labels[-1][0].right() + 8:
                    labels.append((rect, tick.label))
        self.x_labels_end = labels[-1][0].right() if labels else 0.0
        last_top = math.inf
        for tick in sorted(y_ticks):
            y = crisp(self.at_y(tick.at))
            if tick.label:
                painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
                top = y - metrics.height() / 2
                if top + metrics.height() <= last_top + 1 and top >= -1:
                    width = metrics.horizontalAdvance(tick.label)
                    rect = QRectF(area.left() - 9 - width, top, width + 1, metrics.height())
                    labels.append((rect, tick.label))
                    last_top = top
        painter.setPen(edge)
        left, bottom = crisp(area.left()), crisp(area.bottom())
        if y_ticks:
            painter.drawLine(QPointF(left, area.top()), QPointF(left, bottom))
        if x_ticks:
            painter.drawLine(QPointF(left, bottom), QPointF(area.right(), bottom))
        for tick in x_ticks:
            if not tick.label:
                x = crisp(self.at_x(tick.at))
                painter.drawLine(QPointF(x, bottom + 1), QPointF(x, bottom + 3))
        for tick in y_ticks:
            if not tick.label:
                y = crisp(self.at_y(tick.at))
                painter.drawLine(QPointF(left - 3, y), QPointF(left - 1, y))
        painter.setFont(ui_font("tick"))
        painter.setPen(colors.color("text-muted"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip
        for rect, text in labels:
            painter.drawText(rect, flags, text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Measures anew."""
        self.relayout()
        super().resizeEvent(event)
