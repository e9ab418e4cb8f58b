"""The curves of the update ratios over the steps, with the range in which they usually are."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import QWidget

from rnnviz.panels import parameter_groups
from rnnviz.panels.axes import Floats
from rnnviz.panels.curves import crisp, dashed_pen, draw_curve
from rnnviz.panels.group_bars import group_color
from rnnviz.panels.number_text import two_figures, whole
from rnnviz.panels.plot import Plot
from rnnviz.panels.readout import (
    Entry,
    draw_name,
    name_width,
    paint_message,
    paint_readout,
    power_of_ten,
    spread_apart,
)
from rnnviz.panels.theme import marker, stroke, theme, ui_font
from rnnviz.panels.ticks import Range, Tick, linear_ticks, log_ticks

_USUAL = (3e-4, 3e-3)
_USUAL_MIDDLE = 1e-3
POINTS = 400  # of a curve, at most
EMPTY_RANGE = Range(-5.0, -1.0)


class RatioCurve:
    """A group's update ratios thinned for drawing."""

    def __init__(self, group: str, steps: Floats, logs: Floats) -> None:
        self.group, self.steps, self.logs = group, steps, logs


class RatioPlot(Plot):
    """Steps to the right, the decimal logarithm of the update-to-weight ratio upwards."""

    highlighted = Signal(str)
    step_axis = True

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(name, parent)
        self.curves: list[RatioCurve] = []
        self.message = ""
        self.highlight = ""
        self.y_range = EMPTY_RANGE
        self.label_rects: dict[str, QRectF] = {}
        self.readout_rect = QRectF()

    def margins(self) -> tuple[float, float, float, float]:
        """Room for the names at the right ends."""
        font = ui_font("key", bold=True)
        widest = max([name_width(curve.group, font) for curve in self.curves] + [28.0])
        return self.left_margin(), 8.0, widest + 20.0, self.bottom_margin()

    def x_ticks(self) -> list[Tick]:
        """Steps."""
        return linear_ticks(self.x_range, max(int(self.width() / 90), 2), whole, least_step=1.0)

    def y_ticks(self) -> list[Tick]:
        """Decades."""
        return log_ticks(self.y_range, max(int(self.height() / 40), 2), power_of_ten)

    def paint_content(self, painter: QPainter) -> None:
        """The usual range, curves, names, and what is under the mouse."""
        area = self.area()
        painter.setClipRect(area.adjusted(0, 0, 2, 0))
        self._paint_usual(painter, area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for curve in self.curves:
            color = group_color(curve.group, self.highlight)
            x, y = self.pixel_x(curve.steps), self.pixel_y(curve.logs)
            if len(x) == 1:
                painter.setPen(QPen(color, 1.8))
                painter.setBrush(color)
                painter.drawEllipse(QPointF(x[0], y[0]), marker(2.5), marker(2.5))
            draw_curve(painter, x, y, color, stroke(1.8))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setClipping(False)
        self._paint_names(painter, area)
        self._paint_step(painter, area)
        if self.message:
            paint_message(painter, area, self.message)

    def paint_over(self, painter: QPainter) -> None:
        """The read-out."""
        if not self.message:
            self._paint_hover(painter, self.area())

    def _paint_usual(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        top, bottom = (self.at_y(math.log10(v)) for v in reversed(_USUAL))
        top, bottom = max(top, area.top()), min(bottom, area.bottom())
        if bottom <= top:
            return
        band = QRectF(area.left() + 1, top, area.width() - 1, bottom - top)
        painter.fillRect(band, colors.mixed("good", "surface", 0.13))
        painter.setPen(dashed_pen(colors.color("good")))
        y = crisp(self.at_y(math.log10(_USUAL_MIDDLE)))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        painter.setFont(ui_font("tick"))
        metrics = QFontMetricsF(painter.font())
        if bottom - y > metrics.height() + 4:
            painter.setPen(colors.color("good"))
            words = self.tr("usual range, about {0}").format("10⁻³")
            painter.drawText(QPointF(area.left() + 8, bottom - metrics.descent() - 3), words)

    def _paint_names(self, painter: QPainter, area: QRectF) -> None:
        self.label_rects = {}
        font = ui_font("key", bold=True)
        metrics = QFontMetricsF(font)
        ends = []
        for curve in self.curves:
            if not len(curve.steps):
                continue
            shown = np.flatnonzero(curve.steps <= self.x_range.high)
            if not len(shown):
                continue
            index = int(shown[-1])
            y = self.at_y(float(curve.logs[index]))
            x = self.at_x(float(curve.steps[index]))
            ends.append((curve.group, x, min(max(y, area.top()), area.bottom())))
        height = metrics.height()
        middles = spread_apart(
            [end[2] for end in ends], height, area.top() + height / 2, area.bottom() - height / 2
        )
        left = area.right() + 16
        for (group, x, y), middle in zip(ends, middles, strict=True):
            color = group_color(group, self.highlight)
            painter.setPen(QPen(color, 1))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawLine(QPointF(max(x, area.left()) + 2, y), QPointF(area.right() + 4, y))
            painter.drawLine(QPointF(area.right() + 4, y), QPointF(left - 3, middle))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            draw_name(painter, QPointF(left, middle + metrics.capHeight() / 2), group, font)
            self.label_rects[group] = QRectF(
                left - 3, middle - height / 2, self.width() - left + 3, height
            )

    def _paint_step(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(ui_font("tick"))
        painter.setPen(theme().color("text-muted"))
        metrics = QFontMetricsF(painter.font())
        words = self.tr("step")
        left = self.width() - metrics.horizontalAdvance(words) - 1
        if left > self.x_labels_end + 5:
            left = min(left, max(area.right() + 8, self.x_labels_end + 6))
            painter.drawText(QPointF(left, area.bottom() + 5 + metrics.ascent()), words)

    # Pointing.

    def group_at(self, at: QPointF) -> str:
        """The group whose name or curve is under a point."""
        for group, rect in self.label_rects.items():
            if rect.contains(at):
                return group
        best, found = 8.0, ""
        for curve in self.curves:
            if not self.area().contains(at) or not len(curve.steps):
                continue
            index = int(np.argmin(np.abs(curve.steps - self.plot_x(at.x()))))
            distance = abs(self.at_y(float(curve.logs[index])) - at.y())
            if distance < best:
                best, found = distance, curve.group
        return found

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Points at a group, also by its name beside the axes."""
        super().mouseMoveEvent(event)
        self.highlighted.emit(self.group_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Points at none."""
        super().leaveEvent(event)
        self.highlighted.emit("")

    def step_under(self, at: QPointF) -> float | None:
        """The drawn step nearest to a point."""
        steps = next((curve.steps for curve in self.curves if len(curve.steps)), None)
        if steps is None:
            return None
        return float(steps[int(np.argmin(np.abs(steps - self.plot_x(at.x()))))])

    def column_of(self, step: float) -> float | None:
        """Where a step is."""
        return self.at_x(step)

    def hover_changed(self) -> None:
        """The read-out follows the mouse."""
        self.update()

    def _paint_hover(self, painter: QPainter, area: QRectF) -> None:
        curves = [curve for curve in self.curves if len(curve.steps)]
        step = self.step_under(self.hover) if self.hover is not None else None
        if self.hover is None or step is None or self._box_from is not None:
            return
        x = self.at_x(step)
        if not area.left() - 1 <= x <= area.right() + 1:
            return
        entries = []
        for curve in curves:
            index = int(np.argmin(np.abs(curve.steps - step)))
            if abs(curve.steps[index] - step) < 1:
                value = two_figures(float(10.0 ** curve.logs[index]))
                words = curve.group
                entries.append(Entry(parameter_groups.token(curve.group), words, value))
        title = self.tr("step {0}").format(whole(step))
        at = QPointF(x, self.hover.y())
        self.readout_rect = paint_readout(painter, QRectF(self.rect()), at, title, entries)


def thinned(steps: Floats, logs: Floats, most: int) -> tuple[Floats, Floats]:
    """At most `most` points of a curve: means of equally many neighbours, last steps at the end."""
    if len(steps) <= most:
        return steps, logs
    edges = np.linspace(0, len(steps), most + 1).astype(np.intp)
    counts = np.diff(edges)
    means: Floats = np.add.reduceat(logs, edges[:-1]) / counts
    return steps[edges[1:] - 1], means
