"""The picture of the Loss panel: axes, curves, dots, and what is under the mouse."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from rnnviz.panels.curves import crisp, dashed_pen, draw_curve, polygon
from rnnviz.panels.event_marks import (
    events_near,
    paint_event_label,
    paint_event_mark,
    stacked,
)
from rnnviz.panels.loss_labels import line_label_places, spread, touches
from rnnviz.panels.loss_readout import loss_readout
from rnnviz.panels.loss_units import loss_text, unit_words
from rnnviz.panels.number_text import whole
from rnnviz.panels.plot import Plot
from rnnviz.panels.readout import Entry, paint_readout
from rnnviz.panels.run_axis import RunAxis
from rnnviz.panels.text_width import text_width
from rnnviz.panels.theme import marker, mono_font, stroke, theme, ui_font
from rnnviz.panels.ticks import Range, Tick, linear_ticks, log_ticks, nice_step
from rnnviz.panels.time_cursor import time_cursor
from rnnviz.panels.tip_at_point import shows_tip
from rnnviz.session.frames import Event
from rnnviz.session.history import History
from rnnviz.session.reference_lines import Reference
from rnnviz.session.series import Series

Floats = NDArray[np.float64]

_DOT = 7.0  # diameter of a validation dot
_LEAST_NATS = 1e-4  # where a logarithmic loss axis ends
_LN2 = math.log(2)
_LOW = 200  # height of the panel in pixels below which the title of the x axis is left out


class LossPlot(Plot):
    """Paints the curves, lines and labels; holds no decision about what is shown.

    Curves are given as values of the x axis (see `RunAxis`) and nats per character. Plot
    coordinates are those of the axis and nats or, with `log_y`, their decimal logarithm. Bits and
    perplexity only relabel y: perplexity is e^nats, so its axis is logarithmic over the same
    picture, and `log_y` does not touch it.
    """

    line_clicked = Signal(str)  # id of a reference line
    dot_clicked = Signal(int)  # step of a validation
    axis_clicked = Signal(QPointF)  # the words under the axis, in widget coordinates
    step_axis = True

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
        self.means: Series | None = None  # the smoothed loss, step by step
        self.raw_only = True
        self.last_train: tuple[float, float] | None = None  # step, nats
        self.last_validation: tuple[float, float] | None = None
        self.validation_tip = ""
        self.events: list[Event] = []
        self.diverged_at: int | None = None
        self.badge_rect = QRectF()  # what is said of a divergence, as painted
        self.empty_text = ""
        self.split_label = ""
        self.label_rects: dict[str, QRectF] = {}  # of reference lines, as painted
        self.value_rects: dict[str, QRectF] = {}  # of end values, as painted
        self.axis_rect = QRectF()  # of the words under the x axis, as painted
        self.readout: list[tuple[str, str]] = []  # what the time cursor points at, as painted
        self.readout_rect = QRectF()
        self.event_label = ""  # of the mark at the time cursor, as painted
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
            self._y_ticks_key, self._y_ticks = key, self._unit_ticks()
        return self._y_ticks

    def _unit_ticks(self) -> list[Tick]:
        room = max(int(self.height() / 30), 2)
        if self.unit == "perplexity":
            scale = math.log(10)
            shown = Range(self.y_range.low / scale, self.y_range.high / scale)
            return [Tick(t.at * scale, t.label) for t in log_ticks(shown, room)]
        scale = _LN2 if self.unit == "bits" else 1.0
        if self.log_y:
            shift = math.log10(scale)
            shown = Range(self.y_range.low - shift, self.y_range.high - shift)
            return [Tick(t.at + shift, t.label) for t in _loss_ticks(shown, room)]
        shown = Range(self.y_range.low / scale, self.y_range.high / scale)
        step = nice_step(shown.span, room)
        decimals = max(1, -math.floor(math.log10(step) + 1e-9))
        ticks = linear_ticks(shown, room, lambda value: f"{value:,.{decimals}f}")
        return [Tick(t.at * scale, t.label) for t in ticks]

    def margins(self) -> tuple[float, float, float, float]:
        """The end values stand at the right of the axes."""
        number, word = self._end_value_widths()
        return self.left_margin(), 6.0, 8.0 + number + 6.0 + word + 2.0, self.bottom_margin()

    def _end_value_widths(self) -> tuple[float, float]:
        texts = ["0.00"]
        for end in (self.last_train, self.last_validation):
            if end is not None:
                texts.append(loss_text(end[1], self.unit))
        return (
            max(text_width(text, "end-value", bold=True, mono=True) for text in texts),
            max(text_width(text, "label") for text in (self.tr("train"), self.tr("val"))),
        )

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
            *(len(self.dots[0]), self.last_validation, self._validation_is_old()),
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
        self._paint_divergence(painter, area)
        self._paint_curves(painter)
        self._paint_events(painter, area)
        painter.restore()
        self._paint_dots(painter, area)
        self._paint_line_labels(painter, area)
        self._paint_end_values(painter, area)
        self._paint_axis_words(painter, area)
        self._paint_empty(painter, area)
        self._paint_peak(painter, area)
        self._paint_divergence_badge(painter, area)

    def paint_over(self, painter: QPainter) -> None:
        """The read-out, or the name of the event that the time cursor is at."""
        self._paint_cursor_words(painter, self.area())

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

    def _paint_divergence(self, painter: QPainter, area: QRectF) -> None:
        if self.diverged_at is None:
            return
        x = crisp(self.at_x(self.x_of(self.diverged_at)))
        painter.setPen(dashed_pen(theme().color("danger"), 1))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _paint_divergence_badge(self, painter: QPainter, area: QRectF) -> None:
        """The words beside the line, where they cover no curve and no reference line."""
        self.badge_rect = QRectF()
        if self.diverged_at is None:
            return
        x = self.at_x(self.x_of(self.diverged_at))
        if not area.left() <= x <= area.right() + 1:
            return
        words = self.tr("✕ diverged at step {0}").format(whole(self.diverged_at))
        metrics = QFontMetricsF(ui_font("label"))
        width, height = metrics.horizontalAdvance(words) + 13, metrics.height() + 4
        left = x - 8 - width if x - 8 - width > area.left() else x + 8
        curve_x, curve_y = self._curve_pixels()
        levels = [self.pixel_of(line.nats) for line in self.lines]
        tops = np.arange(area.top() + 4, area.bottom() - height - 4, 6.0).tolist() or [area.top()]
        free = [
            top
            for top in tops
            if not touches(QRectF(left, top, width, height), curve_x, curve_y)
            and not any(top - 1 <= y <= top + height + 1 for y in levels)
            and not any(
                rect.intersects(QRectF(left, top, width, height))
                for rect in self.label_rects.values()
            )
        ]
        side = QRectF(left, area.top(), width, area.height())
        self.badge_rect = QRectF(left, (free or tops)[0], width, height)
        paint_event_label(painter, words, x, (free or tops)[0], side, "danger")

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
        radius = marker(_DOT) / 2 + 0.5
        for point in self._dot_points(self.exposed.left() - radius - 1):
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

    def _dot_points(self, left: float = -math.inf) -> list[QPointF]:
        if not len(self.dots[0]):
            return []
        x, y = self._pixels(self._right_of(left, self.dots))
        return list(map(QPointF, x.tolist(), y.tolist()))

    def _paint_line_labels(self, painter: QPainter, area: QRectF) -> None:
        """Above its line where nothing is in the way, else below or further right, else not."""
        colors = theme()
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
            if rect is None or not rect.adjusted(-2, 0, 2, 0).intersects(self.exposed):
                continue
            painter.fillRect(rect.adjusted(-2, 1, 2, -1), colors.color("surface"))
            baseline = rect.top() + metrics.ascent()
            painter.setPen(colors.color("text-muted"))
            painter.drawText(QPointF(rect.left(), baseline), line.name)
            painter.setPen(colors.color("text-2"))
            before = text_width(f"{line.name} ", "label")
            painter.drawText(QPointF(rect.left() + before, baseline), texts[line.id])

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
        colors = theme()
        number_font, word_font = mono_font("end-value", bold=True), ui_font("label")
        metrics = QFontMetricsF(number_font)
        height = metrics.height()
        ends = [
            # One that is not of now stands back: in brackets, no wider than the words beside it.
            (self.tr("(val)"), "text-muted", self.last_validation)
            if self._validation_is_old()
            else (self.tr("val"), "validation", self.last_validation),
            (self.tr("train"), "train", self.last_train),
        ]
        shown = [(word, token, end) for word, token, end in ends if end is not None]
        shown.sort(key=lambda entry: -entry[2][1])
        low, high = area.top() + height / 2, area.bottom() - height / 2
        middles = spread([self.pixel_of(end[1]) for _, _, end in shown], height, low, high)
        number_width, _ = self._end_value_widths()
        left = area.right() + 10
        self.value_rects.clear()
        for (word, token, end), middle in zip(shown, middles, strict=True):
            painter.setPen(colors.color(token))
            painter.setFont(number_font)
            baseline = middle + metrics.capHeight() / 2
            painter.drawText(QPointF(left, baseline), loss_text(end[1], self.unit))
            painter.setFont(word_font)
            painter.drawText(QPointF(left + number_width + 6, baseline), word)
            key = "train" if token == "train" else "val"
            self.value_rects[key] = QRectF(left, middle - height / 2, self.width() - left, height)

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
        over = self.hover is None and self._over_axis_words
        painter.setPen(theme().color("text" if over else "text-muted"))
        painter.drawText(QPointF(left, top + metrics.ascent()), words)

    _over_axis_words = False

    def _validation_is_old(self) -> bool:
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

    # The time cursor.

    def step_under(self, at: QPointF) -> float | None:
        """The reported step nearest to a point; none under a label, nor before the first step."""
        if self.history is None or not len(self.history) or self.line_at(at):
            return None
        dot = self.dot_at(at)
        if dot is not None:
            return float(dot)
        steps = self.history.step
        index = int(steps.places(round(self.to_step(self.plot_x(at.x())))))
        return float(steps.values[min(index, len(steps) - 1)])

    def column_of(self, step: float) -> float | None:
        """Where a step is."""
        return self.at_x(self.x_of(step))

    def _paint_cursor_words(self, painter: QPainter, area: QRectF) -> None:
        self.readout, self.event_label = [], ""
        cursor, x = time_cursor(), self.cursor_column()
        if x is None or cursor.step is None or self._box_from is not None:
            return
        events = events_near(self.events, self.event_columns(), x) if self.events else []
        self.event_label = "; ".join(event.text for event in events)
        if self.hover is None and not cursor.pinned:
            if events:  # pointed at from elsewhere: the marks alone are named
                top = area.bottom() - 2 * QFontMetricsF(ui_font("label")).height()
                paint_event_label(painter, self.event_label, x, top, area)
            return
        if self.history is None or not len(self.history):
            return
        self.readout = loss_readout(
            self.history, self.means, round(cursor.step), self.unit, self.split_label, self.axis
        )
        self.readout += [(event.text, "") for event in events]
        if cursor.pinned:
            self.readout.append((self.tr("pinned, Esc clears"), ""))
        # The step is the title; the next three have the colours of their curves.
        tokens = ["train", "train", "validation" if len(self.dot_steps) else ""]
        entries = [
            Entry(tokens[row] if row < len(tokens) else "", words, value)
            for row, (words, value) in enumerate(self.readout[1:])
        ]
        line = QFontMetricsF(ui_font("label")).height() + 3
        most = max(int((self.height() - 10) / line) - 1, 2)
        y = self.hover.y() if self.hover is not None else area.center().y()
        title = f"{self.readout[0][0]} {self.readout[0][1]}"
        within = QRectF(self.rect())
        at = QPointF(x, y)
        self.readout_rect = paint_readout(painter, within, at, title, entries[:most])

    # Pointing.

    def hover_changed(self) -> None:
        """The read-out follows the mouse; labels and dots show that they can be clicked."""
        at = self.hover
        over = at is not None and (self.line_at(at) is not None or self.dot_at(at) is not None)
        if self._drag_from is None:
            if over or self._over_axis_words:
                self.setCursor(Qt.CursorShape.PointingHandCursor)
            else:
                self.unsetCursor()
        self.update()

    def mouseMoveEvent(self, event: object) -> None:
        """The words under the axis can be clicked, too."""
        self._over_axis_words = self.axis_rect.contains(event.position())  # type: ignore[attr-defined]
        super().mouseMoveEvent(event)  # type: ignore[arg-type]

    def leaveEvent(self, event: QEvent) -> None:
        """Ends pointing."""
        self._over_axis_words = False
        super().leaveEvent(event)

    def line_at(self, at: QPointF) -> str | None:
        """The reference line whose label is under a point."""
        for key, rect in self.label_rects.items():
            if rect.adjusted(-2, -1, 2, 1).contains(at):
                return key
        return None

    def dot_at(self, at: QPointF) -> int | None:
        """The step of the validation whose dot is under a point."""
        reach = marker(_DOT) / 2 + 2.5
        for step, point in zip(self.dot_steps.tolist(), self._dot_points(), strict=True):
            if (point - at).manhattanLength() <= 1.4 * reach and (
                math.hypot(point.x() - at.x(), point.y() - at.y()) <= reach
            ):
                return int(step)
        return None

    def clicked(self, at: QPointF) -> None:
        """A reference label hides its line, a dot shows its sample; all else pins the cursor."""
        line, dot = self.line_at(at), self.dot_at(at)
        if self.axis_rect.contains(at):
            self.axis_clicked.emit(self.axis_rect.bottomLeft())
        elif line is not None:
            self.line_clicked.emit(line)
        elif dot is not None:
            self.dot_clicked.emit(dot)
        else:
            super().clicked(at)

    def event(self, event: QEvent) -> bool:
        """Tooltips: what a figure is, and what a click does."""
        return shows_tip(event, self, self.tip_at) or super().event(event)

    def tip_at(self, at: QPointF) -> str:
        """What is under a point; empty between the marks."""
        if self.axis_rect.contains(at):
            words = {
                "step": self.tr("Training steps"),
                "characters": self.tr("Characters read"),
                "seconds": self.tr("Training time, pauses not counted"),
            }
            return self.tr("{0}. Click to choose what the axis counts").format(
                words[self.axis.kind]
            )
        if self.line_at(at):
            return self.tr("Click to hide this line; the … menu brings it back")
        dot = self.dot_at(at)
        if dot is not None:
            return self.tr(
                "Validation at step {0}. Click for the text sampled nearest to it"
            ).format(whole(dot))
        if self.value_rects.get("val", QRectF()).contains(at):
            return self.validation_tip
        if self.value_rects.get("train", QRectF()).contains(at):
            return self.tr("Smoothed loss on the training text, {0}").format(unit_words(self.unit))
        return ""


def _loss_ticks(shown: Range, room: int) -> list[Tick]:
    """Ticks of a logarithmic loss axis, which seldom spans a decade: round numbers between."""
    if shown.span >= 1.3:
        return log_ticks(shown, room)
    low, high = 10.0**shown.low, 10.0**shown.high
    step = nice_step(high - low, 2 * room)
    decimals = max(1, -math.floor(math.log10(step) + 1e-9))
    ticks: list[Tick] = []
    least = shown.span / max(room, 1)
    for index in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        value = index * step
        if value > 0 and (not ticks or math.log10(value) - ticks[-1].at >= 0.9 * least):
            ticks.append(Tick(math.log10(value), f"{value:,.{decimals}f}"))
    return ticks
