"""The Loss panel: raw, smoothed and held-out loss against steps, with the n-gram reference lines.

Plot coordinates are the step (or its decimal logarithm) and nats per character. Bits and perplexity
only relabel the y axis: perplexity is e^nats, so its axis is logarithmic over the same picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QPainter,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QToolTip, QWidget

from rnnviz.panels.base import Panel
from rnnviz.panels.plot import (
    Plot,
    Range,
    Tick,
    crisp,
    dashed_pen,
    grown,
    linear_ticks,
    log_ticks,
    nice_step,
    polygon,
    whole,
)
from rnnviz.panels.theme import mono_font, theme, ui_font
from rnnviz.panels.time_cursor import time_cursor
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.panels.widgets.toggle import Toggle
from rnnviz.session.export import write_csv
from rnnviz.session.frames import Event, Validation
from rnnviz.session.history import History
from rnnviz.session.view import RunView

Floats = NDArray[np.float64]

_RAW_ONLY_STEPS = 20  # before that a smoothed curve is the raw one
_LINE_WIDTH = 2.2
_DOT = 7.0  # diameter of a validation dot
_LARGEST_EXPONENT = 700.0  # e^710 overflows
_TALLEST = 1.5  # times ln V: spikes above leave the picture while the rest can be read
_NARROW, _LOW = 420, 200  # panel sizes in pixels below which parts are left out

_ORDER_NAMES = {1: "unigram", 2: "bigram", 3: "trigram"}
_LINE_ORDERS = (2, 3, 5)


def loss_text(nats: float, unit: str) -> str:
    """A loss in nats per character as a number in the unit: 2 decimals, perplexity 3 figures."""
    if unit == "nats":
        return f"{nats:.2f}"
    if unit == "bits":
        return f"{nats / math.log(2):.2f}"
    perplexity = math.exp(min(nats, _LARGEST_EXPONENT))
    if perplexity < 100:
        return f"{perplexity:.2f}" if perplexity < 10 else f"{perplexity:.1f}"
    return f"{perplexity:,.0f}" if perplexity < 1e5 else f"{perplexity:.1e}"


@dataclass(frozen=True)
class Reference:
    """A dashed line: what counting alone achieves, in nats per character."""

    id: str
    name: str
    nats: float


def references(view: RunView) -> list[Reference]:
    """The lines of a run, highest first; before they are computed only the uniform one."""
    found = view.references
    if found is None:
        return [Reference("uniform", "uniform", math.log(max(view.vocabulary.size, 1)))]
    lines = [Reference("uniform", "uniform", found.uniform)]
    for order in _LINE_ORDERS:
        if order in found.ngram:
            name = _ORDER_NAMES.get(order, f"{order}-gram")
            lines.append(Reference(f"{order}", name, found.ngram[order]))
    return sorted(lines, key=lambda line: -line.nats)


def below_since(
    lines: Sequence[Reference], validations: Sequence[Validation]
) -> tuple[Reference, int] | None:
    """The lowest line the validation loss is under, and the first step from which it stayed so."""
    if not validations:
        return None
    passed = [line for line in lines if validations[-1].loss < line.nats]
    if not passed:
        return None
    best = min(passed, key=lambda line: line.nats)
    since = validations[-1].step
    for validation in reversed(validations):
        if validation.loss >= best.nats:
            break
        since = validation.step
    return best, since


class _LossPlot(Plot):
    """Paints the curves, lines and labels; holds no decision about what is shown."""

    line_clicked = Signal(str)  # id of a reference line
    step_axis = True

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(name, parent)
        self.unit = "nats"
        self.peak: float | None = None  # nats, of a spike that leaves at the top
        self.log_x = True
        self.lines: list[Reference] = []
        self.raw: tuple[Floats, Floats] = (np.empty(0), np.empty(0))  # steps, nats
        self.smooth: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
        self.dots: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
        self.raw_only = True
        self.last_train: tuple[float, float] | None = None  # step, nats
        self.last_validation: tuple[float, float] | None = None
        self.validation_tip = ""
        self.events: list[Event] = []
        self.diverged_at: int | None = None
        self.empty_text = ""
        self.history: History | None = None
        self.split_label = ""
        self.label_rects: dict[str, QRectF] = {}  # of reference lines, as painted
        self.value_rects: dict[str, QRectF] = {}  # of end values, as painted
        self.readout: list[tuple[str, str]] = []  # what the mouse points at, as painted
        self.readout_rect = QRectF()

        self._label_places: dict[str, int] = {}

    # Coordinates.

    def to_x(self, steps: Floats) -> Floats:
        """Plot coordinate of steps."""
        return np.log10(np.maximum(steps, 1.0)) if self.log_x else steps

    def x_of(self, step: float) -> float:
        """Plot coordinate of one step."""
        return math.log10(max(step, 1.0)) if self.log_x else float(step)

    def step_at(self, pixel: float) -> float:
        """The step under a pixel column."""
        return self.to_step(self.plot_x(pixel))

    def to_step(self, x: float) -> float:
        """The step of a plot coordinate."""
        return float(10.0**x) if self.log_x else x

    def x_ticks(self) -> list[Tick]:
        """Decades of steps, or round numbers of them."""
        room = max(int(self.width() / 90), 2)
        if self.log_x:
            return log_ticks(self.x_range, room, whole)
        return linear_ticks(self.x_range, room, whole, least_step=1.0)

    def y_ticks(self) -> list[Tick]:
        """Round numbers of the unit."""
        room = max(int(self.height() / 30), 2)
        if self.unit == "perplexity":
            scale = math.log(10)
            shown = Range(self.y_range.low / scale, self.y_range.high / scale)
            return [Tick(t.at * scale, t.label) for t in log_ticks(shown, room)]
        scale = math.log(2) if self.unit == "bits" else 1.0
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
        number = QFontMetricsF(self._number_font())
        word = QFontMetricsF(ui_font("label"))
        texts = ["0.00"]
        for end in (self.last_train, self.last_validation):
            if end is not None:
                texts.append(loss_text(end[1], self.unit))
        return (
            max(number.horizontalAdvance(text) for text in texts),
            max(word.horizontalAdvance(text) for text in (self.tr("train"), self.tr("val"))),
        )

    def _number_font(self) -> QFont:
        font = mono_font("end-value")
        font.setBold(True)
        return font

    # Painting.

    def drawn_points(self) -> int:
        """How many points a repaint draws; does not grow with the run."""
        return len(self.raw[0]) + len(self.smooth[0]) + len(self.dots[0])

    def paint_content(self, painter: QPainter) -> None:
        """Lines under curves under dots under labels."""
        area = self.area()
        painter.save()
        painter.setClipRect(area.adjusted(0, -2, 4, 0))
        self._paint_lines(painter, area)
        self._paint_divergence(painter, area)
        self._paint_curves(painter)
        self._paint_events(painter, area)
        painter.restore()
        self._paint_dots(painter, area)
        self._paint_line_labels(painter, area)
        self._paint_end_values(painter, area)
        self._paint_empty(painter, area)
        self._paint_peak(painter, area)

    def paint_over(self, painter: QPainter) -> None:
        """The read-out."""
        self._paint_hover(painter, self.area())

    def _paint_lines(self, painter: QPainter, area: QRectF) -> None:
        painter.setPen(dashed_pen(theme().color("ref")))
        for line in self.lines:
            y = crisp(self.at_y(line.nats))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))

    def _paint_curves(self, painter: QPainter) -> None:
        colors = theme()
        steps, nats = self.raw
        if len(steps):
            share = 1.0 if self.raw_only else 0.45
            painter.setPen(QPen(colors.mixed("train", "surface", share), 1))
            painter.drawPolyline(polygon(self.pixel_x(self.to_x(steps)), self.pixel_y(nats)))
        steps, nats = self.smooth
        if len(steps):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(colors.color("train"), _LINE_WIDTH))
            painter.drawPolyline(polygon(self.pixel_x(self.to_x(steps)), self.pixel_y(nats)))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_divergence(self, painter: QPainter, area: QRectF) -> None:
        if self.diverged_at is None:
            return
        x = crisp(self.at_x(self.x_of(self.diverged_at)))
        painter.setPen(dashed_pen(theme().color("danger"), 1))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.setFont(ui_font("label"))
        text = self.tr("diverged at step {0}").format(whole(self.diverged_at))
        metrics = QFontMetricsF(painter.font())
        width, height = metrics.horizontalAdvance(text), metrics.height()
        left = x - width - 6 if x - width - 6 > area.left() else x + 6
        curve_x, curve_y = self._curve_pixels()
        line_y = [self.at_y(line.nats) for line in self.lines]
        for top in np.arange(area.top() + 4, area.bottom() - height - 12, 6.0).tolist():
            rect = QRectF(left, top, width, height)
            if not _touches(rect, curve_x, curve_y) and not any(
                top - 1 <= y <= top + height + 1 for y in line_y
            ):
                painter.setPen(theme().color("danger"))
                painter.drawText(QPointF(left, top + metrics.ascent()), text)
                return

    def _paint_events(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.color("surface"), 1))
        painter.setBrush(colors.color("text-2"))
        last = -math.inf
        for event in self.events:
            x = self.at_x(self.x_of(event.step))
            if x - last < 3:  # a drag of the clip line leaves hundreds at one place
                continue
            last = x
            middle = QPointF(x, area.bottom() - 5)
            painter.drawPolygon(
                [middle + QPointF(*d) for d in ((0, -4.5), (4.5, 0), (0, 4.5), (-4.5, 0))]
            )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_dots(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.color("surface"), 1))
        painter.setBrush(colors.color("validation"))
        near = area.adjusted(-1, -1, 1, 1)
        steps, nats = self.dots
        if len(steps):
            x, y = self.pixel_x(self.to_x(steps)), self.pixel_y(nats)
            for point in map(QPointF, x.tolist(), y.tolist()):
                if near.contains(point):
                    painter.drawEllipse(point, _DOT / 2 + 0.5, _DOT / 2 + 0.5)
        if self.last_train is not None:
            step, value = self.last_train
            point = QPointF(self.at_x(self.x_of(step)), self.at_y(value))
            if near.contains(point) and self.diverged_at is None:
                painter.setBrush(colors.color("train"))
                painter.drawEllipse(point, 4.5, 4.5)
            elif near.contains(point):
                painter.setPen(QPen(colors.color("danger"), 2))
                for sign in (1, -1):
                    painter.drawLine(point + QPointF(-4, -4 * sign), point + QPointF(4, 4 * sign))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_line_labels(self, painter: QPainter, area: QRectF) -> None:
        """Above its line where nothing is in the way, else below or further right, else not."""
        colors = theme()
        font = ui_font("label")
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        height = metrics.height()
        curve_x, curve_y = self._curve_pixels()
        heights = [self.at_y(line.nats) for line in self.lines]
        self.label_rects.clear()
        taken: list[QRectF] = []
        for line, y in zip(self.lines, heights, strict=True):
            if not area.top() - 1 <= y <= area.bottom() + 1:
                continue
            value = loss_text(line.nats, self.unit)
            width = metrics.horizontalAdvance(f"{line.name} {value}")
            places = [
                QRectF(left, top, width, height)
                for top in (y - height - 1, y + 2)
                for left in (
                    area.left() + 8,
                    area.right() - width - 8,
                    area.left() + (area.width() - width) * 0.33,
                    area.left() + (area.width() - width) * 0.66,
                )
                if area.top() - 4 <= top and top + height <= area.bottom()
            ]
            order = list(range(len(places)))
            kept = self._label_places.get(line.id, -1)
            if kept in order[:4]:  # stays put while it can
                order.insert(0, kept)
            others = [other for other in heights if other != y]
            place = next(
                (
                    index
                    for index in order
                    if not any(places[index].adjusted(-4, 0, 4, 0).intersects(o) for o in taken)
                    and not any(
                        places[index].top() - 1 <= o <= places[index].bottom() + 1 for o in others
                    )
                    and not _touches(places[index], curve_x, curve_y)
                ),
                None,
            )
            if place is None:
                continue
            self._label_places[line.id] = place
            rect = places[place]
            taken.append(rect)
            self.label_rects[line.id] = rect
            painter.fillRect(rect.adjusted(-2, 1, 2, -1), colors.color("surface"))
            baseline = rect.top() + metrics.ascent()
            painter.setPen(colors.color("text-muted"))
            painter.drawText(QPointF(rect.left(), baseline), line.name)
            painter.setPen(colors.color("text-2"))
            before = metrics.horizontalAdvance(f"{line.name} ")
            painter.drawText(QPointF(rect.left() + before, baseline), value)

    def forget_label_places(self) -> None:
        """Labels of the lines go back to the left where there is room."""
        self._label_places.clear()

    def _curve_pixels(self) -> tuple[Floats, Floats]:
        steps = np.concatenate([self.raw[0], self.smooth[0], self.dots[0]])
        nats = np.concatenate([self.raw[1], self.smooth[1], self.dots[1]])
        return self.pixel_x(self.to_x(steps)), self.pixel_y(nats)

    def _paint_end_values(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        number_font, word_font = self._number_font(), ui_font("label")
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
        middles = spread([self.at_y(end[1]) for _, _, end in shown], height, low, high)
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
        if self.height() + 48 >= _LOW:
            painter.setFont(ui_font("tick"))
            painter.setPen(colors.color("text-muted"))
            tick = QFontMetricsF(painter.font())
            after = max(left, self.x_labels_end + 8)
            painter.drawText(QPointF(after, area.bottom() + 5 + tick.ascent()), self.tr("step"))

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
        painter.fillRect(rect, theme().color("surface"))
        painter.setPen(theme().color("text-2"))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self.empty_text)

    # Pointing.

    def step_under(self, at: QPointF) -> float | None:
        """The reported step nearest to a point; none under a label, nor before the first step."""
        if self.history is None or not len(self.history) or self._line_at(at):
            return None
        steps = self.history.step.values
        index = int(np.searchsorted(steps, round(self.step_at(at.x()))))
        return float(steps[min(index, len(steps) - 1)])

    def column_of(self, step: float) -> float | None:
        """Where a step is."""
        return self.at_x(self.x_of(step))

    def hover_changed(self) -> None:
        """The cross-line and the read-out follow the mouse; a reference label can be clicked."""
        over = self._line_at(self.hover) if self.hover is not None else None
        if self._drag_from is None:
            if over:
                self.setCursor(Qt.CursorShape.PointingHandCursor)
            else:
                self.unsetCursor()
        self.update()

    def _line_at(self, at: QPointF) -> str | None:
        for key, rect in self.label_rects.items():
            if rect.adjusted(-2, -1, 2, 1).contains(at):
                return key
        return None

    def event(self, event: QEvent) -> bool:
        """Tooltips: what a figure is, and how a line is hidden."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = QPointF(event.pos())
            tip = ""
            if self._line_at(at):
                tip = self.tr("Click to hide this line; the … menu brings it back")
            elif self.value_rects.get("val", QRectF()).contains(at):
                tip = self.validation_tip
            elif self.value_rects.get("train", QRectF()).contains(at):
                tip = self.tr("Smoothed loss on the training text, {0}").format(
                    unit_words(self.unit)
                )
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)

    def _paint_hover(self, painter: QPainter, area: QRectF) -> None:
        self.readout = []
        cursor, x = time_cursor(), self.cursor_column()
        if x is None or cursor.step is None or self.history is None or not len(self.history):
            return
        if (self.hover is None and not cursor.pinned) or self._box_from is not None:
            return
        history = self.history
        steps = history.step.values
        index = min(int(np.searchsorted(steps, round(cursor.step))), len(steps) - 1)
        step = int(steps[index])
        smoothed = float(history.smoothed.values[index])
        self.readout = [
            (self.tr("step"), whole(step)),
            (self.tr("train"), loss_text(float(history.loss.values[index]), self.unit)),
            (self.tr("smoothed"), loss_text(smoothed, self.unit)),
        ]
        before = [v for v in history.validations if v.step <= step]
        if before:
            words = self.tr("validation, {0}").format(self.split_label)
            if before[-1].step != step:
                words += self.tr(" (step {0})").format(whole(before[-1].step))
            self.readout.append((words, loss_text(before[-1].loss, self.unit)))
        if self.unit != "perplexity":
            self.readout.append((self.tr("perplexity"), loss_text(smoothed, "perplexity")))
        for event in self.events:
            if abs(self.at_x(self.x_of(event.step)) - x) <= 4:
                self.readout.append((event.text, ""))
                break
        if cursor.pinned:
            self.readout.append((self.tr("pinned, Esc clears"), ""))
        y = self.hover.y() if self.hover is not None else area.center().y()
        self._paint_readout(painter, area, QPointF(x, y))

    def _paint_readout(self, painter: QPainter, area: QRectF, at: QPointF) -> None:
        colors = theme()
        words, numbers = ui_font("label"), mono_font("label")
        word_metrics, number_metrics = QFontMetricsF(words), QFontMetricsF(numbers)
        line = max(word_metrics.height(), number_metrics.height()) + 2
        width = 20 + max(
            word_metrics.horizontalAdvance(name) + 16 + number_metrics.horizontalAdvance(value)
            for name, value in self.readout
        )
        height = line * len(self.readout) + 10
        left = at.x() + 12
        if left + width > self.width():
            left = at.x() - 12 - width
        top = min(max(at.y() - height / 2, area.top()), area.bottom() - height)
        rect = QRectF(max(left, 0.0), max(top, 0.0), width, height)
        self.readout_rect = rect
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.color("border-strong"), 1))
        painter.setBrush(colors.color("surface-2"))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for row, (name, value) in enumerate(self.readout):
            cell = QRectF(rect.left() + 10, rect.top() + 5 + row * line, width - 20, line)
            painter.setFont(words)
            painter.setPen(colors.color("text-2"))
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(cell, middle | Qt.AlignmentFlag.AlignLeft, name)
            painter.setFont(numbers)
            painter.setPen(colors.color("text"))
            painter.drawText(cell, middle | Qt.AlignmentFlag.AlignRight, value)

    def clicked(self, at: QPointF) -> None:
        """A click on a reference label asks to hide its line."""
        line = self._line_at(at)
        if line is not None:
            self.line_clicked.emit(line)
        else:
            super().clicked(at)


def _touches(rect: QRectF, x: Floats, y: Floats) -> bool:
    inside = (x > rect.left() - 5) & (x < rect.right() + 5)
    return bool(np.any(inside & (y > rect.top() - 2) & (y < rect.bottom() + 1)))


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """At most two rising places, moved apart to `gap` and into [low, high] as little as needed."""
    places = [min(max(place, low), high) for place in wanted]
    if len(places) == 2 and places[1] - places[0] < gap:
        middle = (places[0] + places[1]) / 2
        middle = min(max(middle, low + gap / 2), high - gap / 2)
        places = [middle - gap / 2, middle + gap / 2]
    return places


def unit_words(unit: str) -> str:
    """A unit as it is written after a number."""
    return {"nats": "nats/char", "bits": "bits/char"}.get(unit, "perplexity per character")


class LossPanel(Panel):
    """Loss of the current run against steps, live."""

    interval = 0.1

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Loss", "", parent)
        self.plot = _LossPlot(self.tr("Loss against steps"), self)
        self.body.addWidget(self.plot)
        self._hidden: set[str] = set()
        self._following = True
        self._drawn_key: tuple[object, ...] = ()
        self._seen_y: Range | None = None  # of the data so far, in nats
        self.follow_button = QToolButton()
        self.follow_button.setProperty("framed", True)
        self.follow_button.setText(self.tr("Follow"))
        self.follow_button.setToolTip(self.tr("Show the whole run and keep up with it again"))
        self.follow_button.setFixedHeight(24)
        self.follow_button.setStyleSheet("padding: 0 8px;")
        self.follow_button.clicked.connect(self.follow)
        self.follow_button.hide()
        self.units = Segmented(
            [
                ("nats", self.tr("nats")),
                ("bits", self.tr("bits")),
                ("perplexity", self.tr("perplexity")),
            ],
            self.tr("Unit of the loss"),
        )
        self.units.set_tips(
            {
                "nats": self.tr("Natural logarithm, per character"),
                "bits": self.tr("Base 2 logarithm, per character"),
                "perplexity": self.tr("e to the loss in nats: as unsure as among so many"),
            }
        )
        self.log_toggle = Toggle(self.tr("log x"), self.tr("Logarithmic step axis"))
        self.log_toggle.setToolTip(self.tr("Logarithmic step axis"))
        self.log_toggle.setChecked(True)
        for widget in (self.follow_button, self.units, self.log_toggle):
            self.add_header_control(widget)
        self.units.changed.connect(self.set_unit)
        self.log_toggle.toggled.connect(self.set_log_x)
        self.plot.navigated.connect(self._navigated)
        self.plot.reset_requested.connect(self.follow)
        self.plot.line_clicked.connect(lambda line: self.set_line_shown(line, False))
        self._clauses: list[str] = []  # the same words, from long to short
        self._clause.installEventFilter(self)
        self._fill_menu()

    def _fill_menu(self) -> None:
        self.menu.addAction(self.tr("Save data as CSV…"), self._ask_and_save_csv)
        self.menu.addSeparator()
        self._unit_actions: dict[str, QAction] = {}
        units = self.menu.addMenu(self.tr("Unit"))
        for unit in self.units.options():
            action = units.addAction(unit)
            action.setCheckable(True)
            action.setChecked(unit == self.plot.unit)
            action.triggered.connect(lambda _=False, chosen=unit: self.set_unit(chosen))
            self._unit_actions[unit] = action
        self._log_action = self.menu.addAction(self.tr("Logarithmic step axis"))
        self._log_action.setCheckable(True)
        self._log_action.setChecked(True)
        self._log_action.toggled.connect(self.set_log_x)
        self._line_menu = QMenu(self.tr("Reference lines"), self.menu)
        self.menu.addMenu(self._line_menu)
        self._line_menu.aboutToShow.connect(self._fill_line_menu)
        self.menu.addAction(self.tr("Reset view"), self.follow)

    def _fill_line_menu(self) -> None:
        self._line_menu.clear()
        if self.view is None:
            return
        for line in references(self.view):
            text = f"{line.name} {loss_text(line.nats, self.plot.unit)}"
            action = self._line_menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(line.id not in self._hidden)
            action.toggled.connect(lambda on, key=line.id: self.set_line_shown(key, on))

    # What the user chooses.

    def set_unit(self, unit: str) -> None:
        """nats, bits or perplexity; of anything else nothing comes."""
        if unit not in self._unit_actions:
            return
        self.units.set_current(unit)
        self.plot.unit = unit
        for key, action in self._unit_actions.items():
            action.setChecked(key == unit)
        self.plot.relayout()
        self._redraw()

    def set_log_x(self, on: bool) -> None:
        """Logarithmic or linear steps; a zoomed view keeps the steps it shows."""
        if on == self.plot.log_x:
            return
        low, high = (self.plot.to_step(x) for x in self.plot.x_range)
        self.plot.log_x = on
        for control in (self.log_toggle, self._log_action):
            control.setChecked(on)
        if not self._following:
            x = Range(self.plot.x_of(max(low, 1.0)), self.plot.x_of(high))
            self.plot.set_ranges(x, self.plot.y_range)
        self._redraw()

    def set_line_shown(self, key: str, shown: bool) -> None:
        """Shows or hides a reference line: uniform, 2, 3 or 5."""
        (self._hidden.discard if shown else self._hidden.add)(key)
        self._redraw()

    def follow(self) -> None:
        """Shows the whole run and keeps up with it."""
        self._following = True
        self._seen_y = None
        self.plot.forget_label_places()
        self.follow_button.hide()
        self._redraw()

    def choices(self) -> dict[str, Any]:
        """Unit, axis, hidden lines and, when it does not follow the run, what is shown of it."""
        shown = (*self.plot.x_range, *self.plot.y_range)
        return {
            "unit": self.units.current(),
            "log_x": self.plot.log_x,
            "hidden": sorted(self._hidden),
            "zoom": [] if self._following else [float(value) for value in shown],
        }

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes them back."""
        unit, hidden, zoom = (choices.get(name) for name in ("unit", "hidden", "zoom"))
        if unit in self.units.options():
            self.set_unit(str(unit))
        self.set_log_x(choices.get("log_x") is not False)
        if isinstance(hidden, list):
            self._hidden = {key for key in hidden if isinstance(key, str)}
        if isinstance(zoom, list) and len(zoom) == 4 and all(type(v) is float for v in zoom):
            x, y = Range(zoom[0], zoom[1]), Range(zoom[2], zoom[3])
            if np.isfinite(zoom).all() and x.span > 0 and y.span > 0:
                self.plot.set_ranges(x, y)
                self._navigated()
        self._redraw()

    def following(self) -> bool:
        """Whether the axes keep up with the run."""
        return self._following

    def _navigated(self) -> None:
        self._following = False
        self.follow_button.setVisible(True)
        self._redraw()

    def _redraw(self) -> None:
        self._drawn_key = ()
        self.refresh()

    # Drawing.

    def set_view(self, view: RunView) -> None:
        """Another run: its own axes, from the beginning."""
        self._following = True
        self._seen_y = None
        self._drawn_key = ()
        self.follow_button.hide()
        super().set_view(view)

    def apply_theme(self) -> None:
        """The plot reads colours while it paints."""
        self.plot.relayout()

    def refresh(self) -> None:
        """Takes over what is new in the run."""
        view = self.view
        if view is None:
            return
        history = view.history
        key = (
            len(history),
            len(history.validations),
            len(history.events),
            view.references,
            view.state,
            self.plot.size(),
        )
        if key == self._drawn_key:
            return
        self._drawn_key = key
        plot = self.plot
        plot.history = history
        plot.split_label = view.split_label
        lines = references(view)
        plot.lines = [line for line in lines if line.id not in self._hidden]
        if self.height() < _LOW:
            plot.lines = plot.lines[:1] + plot.lines[1:][-2:]
        plot.raw_only = view.step < _RAW_ONLY_STEPS
        self._take_ends(view)
        plot.events = [e for e in history.events if e.kind in ("lr", "clip", "optimizer")]
        diverged = [e.step for e in history.events if e.kind == "diverged"]
        plot.diverged_at = diverged[-1] if diverged else None
        plot.empty_text = "" if len(history) or view.training else self.tr("Press Play")
        plot.relayout()
        if self._following:
            self._fit(lines)
        self._take_curves(history)
        self._set_words(view, lines)
        plot.relayout()

    def _take_ends(self, view: RunView) -> None:
        plot, last = self.plot, view.history.last
        plot.last_train = None
        if last is not None:
            value = last.loss if plot.raw_only else last.smoothed
            plot.last_train = (float(last.step), value)
        plot.last_validation = None
        if view.history.validations:
            newest = view.history.validations[-1]
            plot.last_validation = (float(newest.step), newest.loss)

    def _fit(self, lines: list[Reference]) -> None:
        """Axes that hold everything, growing in steps; while following they never shrink."""
        plot, view = self.plot, self.view
        assert view is not None
        history = view.history
        values = [np.array([line.nats for line in lines] + [v.loss for v in history.validations])]
        if len(history):
            _, minima, maxima = history.curve("loss", 1, math.inf, 64, plot.log_x)
            values += [minima, maxima]
        data = np.concatenate(values)
        data = data[np.isfinite(data)]
        low, high = float(data.min()), float(data.max())
        if history.last is not None:
            # A spike may leave at the top, marked: else it would press all that follows flat.
            uniform = lines[0].nats if lines else high
            newest = history.last.smoothed
            enough = max(_TALLEST * uniform, 1.15 * newest if math.isfinite(newest) else 0.0)
            plot.peak = high if high > enough else None
            high = min(high, enough)
            if self._seen_y is not None:  # what once had to be shown may have passed
                self._seen_y = Range(self._seen_y.low, min(self._seen_y.high, enough))
        if not len(history):
            low = min(low, 1.5)
        if self._seen_y is not None:
            low, high = min(low, self._seen_y.low), max(high, self._seen_y.high)
        self._seen_y = Range(low, high)
        span = max(high - low, 0.5)
        quantum = nice_step(span, 14)
        bottom = quantum * math.floor((low - 0.04 * span) / quantum)
        top = high + 0.09 * span  # room for the label above the highest line
        half = quantum / 2
        y = Range(max(bottom, 0.0) if low >= 0 else bottom, half * math.ceil(top / half))
        end = grown(max(view.step, plot.diverged_at or 0, 10))
        start = plot.x_of(1.0)
        x = Range(start, plot.x_of(end))
        plot.x_limits = Range(start, plot.x_of(end * 10.0 if plot.log_x else end * 2.0))
        plot.y_limits = Range(min(0.0, y.low) - span, y.high + 2 * span)
        plot.set_ranges(x, y)

    def _take_curves(self, history: History) -> None:
        plot = self.plot
        empty = (np.empty(0), np.empty(0))
        plot.raw = plot.smooth = plot.dots = empty
        if not len(history):
            return
        area = plot.area()
        low, high = (plot.to_step(x) for x in plot.x_range)
        columns = max(int(area.width()), 16)
        x, minima, maxima = history.curve("loss", low, high, columns, plot.log_x)
        if np.array_equal(minima, maxima):
            plot.raw = (x, minima)
        else:
            plot.raw = (np.repeat(x, 2), np.stack([minima, maxima], axis=1).ravel())
        plot.raw = _finite(*plot.raw)
        if not plot.raw_only:
            x, minima, maxima = history.curve("smoothed", low, high, columns // 2, plot.log_x)
            plot.smooth = _finite(x, (minima + maxima) / 2)
        if history.validations:
            steps = np.array([v.step for v in history.validations], dtype=np.float64)
            losses = np.array([v.loss for v in history.validations])
            # Dots closer than 4 pixels hide each other: one of them, and always the newest, stays.
            cell = np.floor(plot.pixel_x(plot.to_x(steps)) / 4)
            kept = np.append(cell[1:] != cell[:-1], True)
            kept &= (steps >= low) & (steps <= high)
            plot.dots = _finite(steps[kept], losses[kept])

    def _set_words(self, view: RunView, lines: list[Reference]) -> None:
        history = view.history
        split = view.split_label
        unit = unit_words(self.plot.unit)
        crossed = below_since(lines, history.validations)
        variants = [self.tr("{0}, {1}").format(split, unit), split]
        if crossed is not None:
            line, step = crossed
            table = line.name
            if line.id != "uniform":
                table = self.tr("the {0} table").format(line.name)
            variants = [  # from long to short
                self.tr("{0}: validation below {1} since step {2}").format(
                    split, table, whole(step)
                ),
                self.tr("{0}: val below {1} since step {2}").format(split, line.name, whole(step)),
                self.tr("{0}: val below {1} since {2}").format(split, line.name, whole(step)),
                self.tr("{0}: val below {1}").format(split, line.name),
                split,
            ]
        self._clauses = variants
        self._choose_clause()
        if history.validations:
            newest = history.validations[-1]
            self.plot.validation_tip = self.tr(
                "Validation loss at step {0}, {1}, {2} split: measured on {3} of {4} "
                "held-out characters"
            ).format(
                whole(newest.step),
                unit,
                split,
                whole(newest.characters),
                whole(newest.of_characters),
            )
        self.plot.setAccessibleDescription(self._in_words())

    def _choose_clause(self) -> None:
        """The longest clause that fits: the split comes first and is never lost."""
        room, metrics = self._clause.width(), self._clause.fontMetrics()
        for text in self._clauses:
            if metrics.horizontalAdvance(text) <= room or text == self._clauses[-1]:
                self.set_clause(text)
                return

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The clause is chosen anew when its room changes."""
        if watched is self._clause and event.type() == QEvent.Type.Resize:
            self._choose_clause()
        return super().eventFilter(watched, event)

    def _in_words(self) -> str:
        plot = self.plot
        parts = []
        if plot.last_train is not None:
            parts.append(
                self.tr("step {0}, training loss {1}").format(
                    whole(plot.last_train[0]), loss_text(plot.last_train[1], plot.unit)
                )
            )
        if plot.last_validation is not None:
            parts.append(
                self.tr("validation loss {0}, {1}").format(
                    loss_text(plot.last_validation[1], plot.unit), plot.split_label
                )
            )
        return "; ".join(parts)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Small panels leave parts out."""
        super().resizeEvent(event)
        self.units.setVisible(self.width() >= _NARROW)
        self._redraw()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The right button opens the panel's menu."""
        self.menu.popup(event.globalPos())

    # Saving.

    def _ask_and_save_csv(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save data"), "loss.csv", self.tr("Comma-separated values (*.csv)")
        )
        if path:
            try:
                self.save_csv(Path(path))
            except OSError as error:
                self.set_clause(self.tr("could not write {0}: {1}").format(path, error.strerror))

    def save_csv(self, path: Path) -> None:
        """Writes every step of the run; a failure leaves an older file as it was (OSError)."""
        if self.view is None:
            return
        write_csv(path, self.view.history.record(), self.view.split_label)


def _finite(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    good = np.isfinite(y)
    return x[good], y[good]
