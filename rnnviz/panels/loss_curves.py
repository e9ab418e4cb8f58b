"""The picture of the Loss panel: axes, reference lines, curves, dots and their labels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from rnnviz.panels.curves import crisp, dashed_pen, draw_curve, polygon
from rnnviz.panels.event_marks import paint_event_mark, stacked
from rnnviz.panels.loss_divergence import paint_divergence, paint_divergence_badge
from rnnviz.panels.loss_end_values import EndValue, end_value_widths, paint_end_values
from rnnviz.panels.loss_labels import line_label_places, paint_line_label, touches
from rnnviz.panels.loss_ticks import loss_ticks
from rnnviz.panels.loss_units import loss_text
from rnnviz.panels.plot import Plot
from rnnviz.panels.run_axis import RunAxis
from rnnviz.panels.text_width import text_width
from rnnviz.panels.theme import marker, stroke, theme, ui_font
from rnnviz.panels.ticks import Tick
from rnnviz.panels.time_cursor import time_cursor
from rnnviz.session.frames import Event
from rnnviz.session.history import History
from rnnviz.session.reference_lines import Reference

Floats = NDArray[np.float64]

DOT = 7.0  # diameter of a validation dot
_LEAST_NATS = 1e-4  # where a logarithmic loss axis ends
_LOW = 200  # height of the panel in pixels below which the title of the x axis is left out


class LossCurves(Plot):
    """Paints the curves, lines and labels; holds no decision about what is shown.

    Curves are given as values of the x axis (see `RunAxis`) and nats per character. Plot
    coordinates are those of the axis and nats or, with `log_y`, their decimal logarithm. Bits and
    perplexity only relabel y: perplexity is e^nats, so its axis is logarithmic over the same
    picture, and `log_y` does not touch it.
    """

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(name, parent)
        self.axis = RunAxis()
        self.unit = "nats"
        self.log_y = False
        self.peak: float | None = None  # nats, of a spike that leaves at the top
        self.lines: list[Reference] = []
        self.raw: tuple[Floats, Floats] = (np.empty(0), np.empty(0))  # x values, nats
        self.smooth: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
        self.dots: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
        self.dot_steps: Floats = np.empty(0)
        self.raw_only = True
        self.last_train: tuple[float, float] | None = None  # step, nats
        self.last_validation: tuple[float, float] | None = None
        self.events: list[Event] = []
        self.diverged_at: int | None = None
        self.empty_text = ""
        self.label_rects: dict[str, QRectF] = {}  # of reference lines, as painted
        self.value_rects: dict[str, QRectF] = {}  # of end values, as painted
        self.axis_rect = QRectF()  # of the words under the x axis, as painted
        self.axis_words_lit = False  # the mouse is over them
        self._label_places: dict[str, int] = {}
        self._y_ticks: list[Tick] = []
        self._y_ticks_key: tuple[object, ...] = ()
        self._look: tuple[object, ...] = ()  # of all but the ends of the curves, as last shown
        self._labels_look: tuple[object, ...] = ()  # for which the labels were placed

    @property
    def history(self) -> History | None:
        """The run whose values are read out."""
        return self.axis.history

    # Coordinates.

    @property
    def log_x(self) -> bool:
        """Whether the x axis is logarithmic."""
        return self.axis.log

    def x_of(self, step: float) -> float:
        """Plot coordinate of one step."""
        return self.axis.at(self.axis.value_of(step))

    def to_step(self, x: float) -> float:
        """The step of a plot coordinate."""
        return self.axis.step_of(self.axis.value_at(x))

    def to_y(self, nats: Floats) -> Floats:
        """Plot coordinates of losses."""
        return np.log10(np.maximum(nats, _LEAST_NATS)) if self.y_is_log() else nats

    def y_of(self, nats: float) -> float:
        """Plot coordinate of one loss."""
        return math.log10(max(nats, _LEAST_NATS)) if self.y_is_log() else nats

    def y_is_log(self) -> bool:
        """Whether y is the logarithm of the loss."""
        return self.log_y and self.unit != "perplexity"

    def pixel_of(self, nats: float) -> float:
        """Widget coordinate of a loss."""
        return self.at_y(self.y_of(nats))

    def _pixels(self, curve: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        x, nats = curve
        return self.pixel_x(self.axis.plotted(x)), self.pixel_y(self.to_y(nats))

    def x_ticks(self) -> list[Tick]:
        """Round numbers of what the axis counts."""
        return self.axis.ticks(self.x_range, max(int(self.width() / 90), 2))

    def y_ticks(self) -> list[Tick]:
        """Round numbers of the unit."""
        key = (self.y_range, self.height(), self.unit, self.log_y)
        if key != self._y_ticks_key:
            self._y_ticks_key, self._y_ticks = (
                key,
                loss_ticks(
                    self.y_range, max(int(self.height() / 30), 2), self.unit, self.y_is_log()
                ),
            )
        return self._y_ticks

    def margins(self) -> tuple[float, float, float, float]:
        """The end values stand at the right of the axes."""
        ends = [end[1] for end in (self.last_train, self.last_validation) if end is not None]
        number, word = end_value_widths(ends, self.unit)
        return self.left_margin(), 6.0, 8.0 + number + 6.0 + word + 2.0, self.bottom_margin()

    # What is to be painted anew.

    def show_changes(self, since: float | None) -> None:
        """Takes over what was set: paints what it touches, and no more.

        Up to the value `since` of the x axis the curves are as they were; None: they are others.
        """
        self.measure_again()
        look = self._whole_look()
        pointed = self.hover is not None or time_cursor().step is not None
        if since is None or look != self._look or pointed:
            self._look, self._labels_look = look, ()
            self.update()
            return
        left = self.at_x(self.axis.at(since)) - marker(4.5) - stroke() - 3
        if self._labels_are_touched(left):
            self._labels_look = ()
            self.update()
        else:
            left = math.floor(max(left, 0.0))
            self.update(left, 0, self.width() - left, self.height())

    def relayout(self) -> None:
        """Measures and places everything anew."""
        self._look = ()
        super().relayout()

    def _whole_look(self) -> tuple[object, ...]:
        return (
            *(self.size(), self.area(), self.x_range, self.y_range),
            *(self.axis.kind, self.axis.log, self.unit, self.log_y, self.raw_only, self.peak),
            *(self.lines, self.events, self.diverged_at, self.empty_text),
            *(len(self.dots[0]), self.last_validation, self.validation_is_old()),
        )

    def _labels_are_touched(self, left: float) -> bool:
        """Whether the curves have grown, right of a pixel column, into a label."""
        rects = [rect for rect in self.label_rects.values() if rect.right() + 5 >= left]
        if not rects:
            return False
        x, y = self._curve_pixels(left)
        return any(touches(rect, x, y) for rect in rects)

    # Painting.

    def drawn_points(self) -> int:
        """How many points a repaint draws; does not grow with the run."""
        return len(self.raw[0]) + len(self.smooth[0]) + len(self.dots[0])

    def paint_content(self, painter: QPainter) -> None:
        """Lines under curves under dots under labels."""
        area = self.area()
        painter.save()
        painter.setClipRect(area.adjusted(0, -2, 4, 0))
        if self.diverged_at is not None:
            paint_divergence(painter, self.at_x(self.x_of(self.diverged_at)), area)
        self._paint_curves(painter)
        self._paint_events(painter, area)
        painter.restore()
        self._paint_dots(painter, area)
        self._paint_line_labels(painter, area)
        self._paint_end_values(painter, area)
        self._paint_axis_words(painter, area)
        self._paint_empty(painter, area)
        self._paint_peak(painter, area)
        self._paint_badge(painter, area)

    def ground_look(self) -> object:
        """The reference lines."""
        return [line.nats for line in self.lines], self.unit, self.log_y

    def paint_ground(self, painter: QPainter) -> None:
        """The reference lines, which stand still."""
        area = self.area()
        painter.setPen(dashed_pen(theme().color("ref")))
        for line in self.lines:
            y = self.pixel_of(line.nats)
            if area.top() - 2 <= y < area.bottom():
                painter.drawLine(QPointF(area.left(), crisp(y)), QPointF(area.right(), crisp(y)))

    def _paint_curves(self, painter: QPainter) -> None:
        colors = theme()
        left = self.exposed.left() - stroke()
        x, y = self._pixels(self._right_of(left, self.raw))
        if len(x):
            share = 1.0 if self.raw_only else 0.45
            painter.setPen(QPen(colors.mixed("train", "surface", share), 1))
            painter.drawPolyline(polygon(x, y))
        x, y = self._pixels(self._right_of(left, self.smooth))
        if len(x):
            draw_curve(painter, x, y, colors.color("train"), stroke())

    def _right_of(self, left: float, curve: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        """What there is of a curve from a pixel column on, with what may reach into it."""
        x, y = curve
        if left <= self.area().left() or not len(x):
            return curve
        value = self.axis.value_at(self.plot_x(left))
        first = max(int(np.searchsorted(x, value)) - 2, 0)
        return x[first:], y[first:]

    def _paint_badge(self, painter: QPainter, area: QRectF) -> None:
        if self.diverged_at is None:
            return
        x = self.at_x(self.x_of(self.diverged_at))
        if area.left() <= x <= area.right() + 1:
            levels = [self.pixel_of(line.nats) for line in self.lines]
            labels = list(self.label_rects.values())
            paint_divergence_badge(
                painter, self.diverged_at, x, area, self._curve_pixels(), levels, labels
            )

    def event_columns(self) -> list[float]:
        """Where the marks are, in pixels."""
        if not self.events:
            return []
        steps = np.array([event.step for event in self.events], np.float64)
        columns: list[float] = self.pixel_x(self.axis.plotted(self.axis.values_of(steps))).tolist()
        return columns

    def _paint_events(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.color("surface"), 1))
        painter.setBrush(colors.color("text-2"))
        size = marker(4.5)
        foot, step = area.bottom() - size - 0.5, 2 * size + 2
        for event, x, below in stacked(self.events, self.event_columns()):
            seen = self.exposed.left() - step <= x <= self.exposed.right() + step
            if seen and area.left() <= x <= area.right():
                # All of it, also at the edges.
                x = min(max(x, area.left() + size + 1), area.right() - size)
                paint_event_mark(painter, event.kind, QPointF(x, foot - below * step), size)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_dots(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.color("surface"), 1))
        painter.setBrush(colors.color("validation"))
        near = area.adjusted(-1, -1, 1, 1)
        radius = marker(DOT) / 2 + 0.5
        for point in self.dot_points(self.exposed.left() - radius - 1):
            if near.contains(point):
                painter.drawEllipse(point, radius, radius)
        if self.last_train is not None:
            step, value = self.last_train
            point = QPointF(self.at_x(self.x_of(step)), self.pixel_of(value))
            # A run that has gone on from a divergence has its cross no longer.
            if near.contains(point) and (self.diverged_at is None or step >= self.diverged_at):
                painter.setBrush(colors.color("train"))
                painter.drawEllipse(point, marker(4.5), marker(4.5))
            elif near.contains(point):
                painter.setPen(QPen(colors.color("danger"), stroke(2)))
                paint_event_mark(painter, "diverged", point, marker(4.0))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def dot_points(self, left: float = -math.inf) -> list[QPointF]:
        """Where the validation dots are, in pixels: those right of a pixel column."""
        if not len(self.dots[0]):
            return []
        x, y = self._pixels(self._right_of(left, self.dots))
        return list(map(QPointF, x.tolist(), y.tolist()))

    def _paint_line_labels(self, painter: QPainter, area: QRectF) -> None:
        """Above its line where nothing is in the way, else below or further right, else not."""
        painter.setFont(ui_font("label"))
        metrics = QFontMetricsF(painter.font())
        texts = {line.id: loss_text(line.nats, self.unit) for line in self.lines}
        look = self._whole_look()
        if look != self._labels_look:
            self._labels_look = look
            wanted = [
                (
                    line.id,
                    text_width(f"{line.name} {texts[line.id]}", "label"),
                    self.pixel_of(line.nats),
                )
                for line in self.lines
            ]
            self.label_rects = line_label_places(
                wanted, metrics.height(), area, self._curve_pixels(), self._label_places
            )
        for line in self.lines:
            rect = self.label_rects.get(line.id)
            if rect is not None and rect.adjusted(-2, 0, 2, 0).intersects(self.exposed):
                paint_line_label(painter, rect, metrics.ascent(), line.name, texts[line.id])

    def forget_label_places(self) -> None:
        """Labels of the lines go back to the left where there is room."""
        self._label_places.clear()

    def _curve_pixels(self, left: float = -math.inf) -> tuple[Floats, Floats]:
        curves = [self._right_of(left, curve) for curve in (self.raw, self.smooth, self.dots)]
        x = np.concatenate([curve[0] for curve in curves])
        return self._pixels((x, np.concatenate([curve[1] for curve in curves])))

    def _paint_end_values(self, painter: QPainter, area: QRectF) -> None:
        if self.exposed.right() < area.right():
            return
        ends = []
        if self.last_validation is not None:
            nats = self.last_validation[1]
            ends.append(EndValue("val", nats, self.pixel_of(nats), self.validation_is_old()))
        if self.last_train is not None:
            ends.append(EndValue("train", self.last_train[1], self.pixel_of(self.last_train[1])))
        self.value_rects = paint_end_values(painter, ends, self.unit, area, self.width())

    def axis_words(self) -> str:
        """What the x axis counts."""
        words = {
            "step": self.tr("step"),
            "characters": self.tr("chars"),
            "seconds": self.tr("time"),
        }
        return words[self.axis.kind]

    def _paint_axis_words(self, painter: QPainter, area: QRectF) -> None:
        self.axis_rect = QRectF()
        if self.height() + 48 < _LOW:
            return
        painter.setFont(ui_font("tick"))
        metrics = QFontMetricsF(painter.font())
        words = self.axis_words()
        width = text_width(words)
        left = max(area.right() + 10, self.x_labels_end + 8)
        left = min(left, self.width() - width - 1)
        top = area.bottom() + 5
        self.axis_rect = QRectF(left - 2, top - 2, width + 4, metrics.height() + 4)
        if not self.axis_rect.intersects(self.exposed):
            return
        painter.setPen(theme().color("text" if self.axis_words_lit else "text-muted"))
        painter.drawText(QPointF(left, top + metrics.ascent()), words)

    def validation_is_old(self) -> bool:
        """Whether the newest validation was measured a while ago; its tooltip tells the step."""
        if self.last_validation is None or self.last_train is None:
            return False
        return self.last_validation[0] < 0.7 * self.last_train[0]

    def _paint_peak(self, painter: QPainter, area: QRectF) -> None:
        """Says how high the curve went where it leaves the picture."""
        if self.peak is None:
            return
        words = self.tr("▲ up to {0}").format(loss_text(self.peak, self.unit))
        painter.setFont(ui_font("tick"))
        metrics = QFontMetricsF(painter.font())
        left = area.right() - metrics.horizontalAdvance(words) - 6
        painter.setPen(theme().color("text-2"))
        painter.drawText(QPointF(left, area.top() + metrics.ascent() + 2), words)

    def _paint_empty(self, painter: QPainter, area: QRectF) -> None:
        if not self.empty_text:
            return
        painter.setFont(ui_font("body"))
        metrics = QFontMetricsF(painter.font())
        width = metrics.horizontalAdvance(self.empty_text)
        rect = QRectF(0, 0, width + 16, metrics.height() + 8)
        rect.moveCenter(area.center())
        # Right of the labels of the lines, where these leave the room.
        beside = max((label.right() for label in self.label_rects.values()), default=0.0)
        left = min(max(rect.left(), beside), self.width() - rect.width())
        rect.moveLeft(max(left, area.left() + 1))
        painter.fillRect(rect, theme().color("surface"))
        painter.setPen(theme().color("text-2"))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self.empty_text)
