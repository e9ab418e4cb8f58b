"""The picture of the Gradient norm panel: histogram, strip of the newest steps, and the clip line.

Histogram and strip share one y axis, and one line through both is the clip threshold.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from rnnviz.panels.clip_handle import ClipHandle
from rnnviz.panels.curves import crisp, dashed_pen, draw_curve, polygon
from rnnviz.panels.entry_histogram import EntryHistogram
from rnnviz.panels.histogram_bars import (
    AFTER,
    CLIPPED,
    KEPT,
    Bar,
    bar_at,
    covered,
    legend_width,
    paint_legend,
)
from rnnviz.panels.norm_histogram import NormHistogram
from rnnviz.panels.norm_scale import LogScale, SignedLogScale
from rnnviz.panels.number_text import two_figures, whole
from rnnviz.panels.plot import Plot
from rnnviz.panels.readout import Entry, paint_message, paint_readout
from rnnviz.panels.text_width import text_height, text_width
from rnnviz.panels.theme import marker, px, stroke, theme, ui_font
from rnnviz.panels.ticks import Range, Tick
from rnnviz.panels.tip_at_point import shows_tip
from rnnviz.probes.gradient_entries import EntryCounts
from rnnviz.session.config import CLIP_RANGE
from rnnviz.session.recent_counts import RecentCounts

Floats = NDArray[np.float64]

EMPTY_RANGE = Range(-2.0, 2.0)  # 0.01 to 100
STRIP = 240  # steps in the strip
MEDIAN_WINDOW = 32  # steps in the running median of the strip
_LEAST_MEDIAN = 5  # values, below which a median says nothing
_GRIP = 5.0  # pixels around the line in which a press takes it


class NormPlot(Plot):
    """Paints histogram, strip and clip line, and turns presses near the line into drags."""

    step_axis = True

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(name, parent, navigable=False)
        self.scale = LogScale()
        self.kind = "norm"  # of the clipping
        self.threshold = 5.0
        self.counts: RecentCounts | None = None  # of the norms in the window
        self.entries: EntryCounts | None = None  # in kind "value"
        self.steps: NDArray[np.int64] = np.empty(0, np.int64)  # the newest ones, and
        self.values: Floats = np.empty(0)  # their norms or largest entries
        self.strip_steps = STRIP
        self.strip_shown = True
        self.lost_words = ""  # about values that are no finite numbers
        self.window_text = ""
        self.message = ""  # in a picture of no run
        self.label = self.short_label = ""  # beside the line, the short one where there is no room
        self.label_shown = ""
        self.label_rect = QRectF()
        self.median_rect = QRectF()
        self.readout_rect = QRectF()  # as painted
        self.norm_bars = NormHistogram()
        self.entry_bars = EntryHistogram()
        self._dragging = self._mirrored = False
        self.handle = ClipHandle(self)
        self.y_range = EMPTY_RANGE

    @property
    def bars(self) -> list[Bar]:
        """The bars as painted."""
        return self.entry_bars.bars if self.kind == "value" else self.norm_bars.bars

    # Geometry.

    def margins(self) -> tuple[float, float, float, float]:
        """The handle hangs over the right end of the axes."""
        return self.left_margin(), 10.0, marker(14.0), self.bottom_margin()

    def left_margin(self) -> float:
        """Room for the numbers and the small ticks."""
        return super().left_margin() + 4.0

    def histogram_area(self) -> QRectF:
        """Where the bars and their labels are."""
        area = self.area()
        if not self.strip_shown:
            return area.adjusted(0, 0, -4, 0)
        return QRectF(area.left(), area.top(), math.floor(area.width() * 0.61), area.height())

    def strip_area(self) -> QRectF:
        """Where the newest steps are."""
        area = self.area()
        left = self.histogram_area().right() + 12
        return QRectF(left, area.top(), area.right() - left - 4, area.height())

    def line_y(self) -> float:
        """Where the clip line is, in widget coordinates; at the edge when it is beyond."""
        area = self.area()
        y = self.at_y(self.scale.at(self.threshold))
        return min(max(y, area.top()), area.bottom())

    def mirror_y(self) -> float | None:
        """Where the line of the negative threshold is, when there is one."""
        if not isinstance(self.scale, SignedLogScale):
            return None
        area = self.area()
        return min(max(self.at_y(self.scale.at(-self.threshold)), area.top()), area.bottom())

    def threshold_at(self, y: float) -> float:
        """The threshold, with two significant figures, whose line is at a widget coordinate."""
        area = self.area()
        value = self.scale.value(self.plot_y(min(max(y, area.top()), area.bottom())))
        return float(f"{min(max(value, CLIP_RANGE[0]), CLIP_RANGE[1]):.2g}")

    def place_handle(self) -> None:
        """Puts the handle at the right end of the line."""
        where = QPointF(self.area().right() + 1, self.line_y())
        self.handle.move((where - QPointF(self.handle.rect().center())).toPoint())
        # Not updated for nothing: the plot below would paint a second time for it.
        if self.handle.hollow != (self.kind == "off"):
            self.handle.hollow = self.kind == "off"
            self.handle.update()

    def y_ticks(self) -> list[Tick]:
        """Decades."""
        return self.scale.ticks(self.y_range, self.height())

    def drawn_points(self) -> int:
        """How many marks a repaint draws; does not grow with the run."""
        strip = min(len(self.values), self.strip_steps) if self.strip_shown else 0
        return len(self.bars) + strip

    # Painting.

    def paint_content(self, painter: QPainter) -> None:
        """Bars and dots, then the one line over both, then labels."""
        histogram = self.histogram_area()
        self._paint_bars(painter, histogram)
        if self.strip_shown:
            self._paint_strip(painter, self.strip_area())
        self._paint_line(painter, histogram)
        self._place_label(histogram)
        if self.kind != "value":
            self._paint_median(painter, histogram)
        self._paint_label(painter)
        self._paint_lost(painter)
        self._paint_captions(painter, histogram)
        if self.message:
            below = QRectF(self.area())
            below.setTop(max(self.line_y(), below.center().y() - 1.5 * self.bottom_margin()))
            paint_message(painter, below, self.message)

    def _limit(self) -> float | None:
        return None if self.kind == "off" else self.threshold

    def _paint_bars(self, painter: QPainter, area: QRectF) -> None:
        self.norm_bars.bars, self.entry_bars.bars = [], []
        if self.counts is None:
            return
        if not isinstance(self.scale, SignedLogScale):
            self.norm_bars.lay_out(self, area, self.counts, self._limit())
            self.norm_bars.paint(painter, self, area, self._limit())
        elif self.entries is not None:
            self.entry_bars.lay_out(self, area, self.scale, self.entries, self.threshold)
            self.entry_bars.paint(painter, self, area, self.scale, self.threshold)
        else:
            paint_message(painter, area, self.tr("The entries are counted from the next step on"))

    def _paint_strip(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        histogram = self.histogram_area()
        gap = QRectF(histogram.right(), area.top(), area.left() - histogram.right(), area.height())
        painter.fillRect(gap, colors.color("surface"))
        painter.setPen(QPen(colors.color("border"), 1))
        left = crisp(area.left())
        painter.drawLine(QPointF(left, area.top()), QPointF(left, area.bottom()))
        if not len(self.values):
            return
        logs = self.scale.plotted(self.values)
        shown = logs[-self.strip_steps :]
        back = np.arange(len(shown), dtype=np.float64)[::-1]
        x: Floats = area.right() - 4 - back * self._strip_step_pixels()
        drawable = np.isfinite(shown) & (shown >= self.y_range.low) & (shown <= self.y_range.high)
        limit = self._limit()
        over = self.values[-self.strip_steps :] > (math.inf if limit is None else limit)
        y = self.pixel_y(np.where(drawable, shown, 0.0))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Round dots, and square ones above the line.
        for token, share, cap, chosen in (
            ("gradient", 0.65, Qt.PenCapStyle.RoundCap, drawable & ~over),
            ("clip", 1.0, Qt.PenCapStyle.SquareCap, drawable & over),
        ):
            pen = QPen(colors.mixed(token, "surface", share), marker(3.0))
            pen.setCapStyle(cap)
            painter.setPen(pen)
            painter.drawPoints(polygon(x[chosen], y[chosen]))
        medians = _running_median(logs, MEDIAN_WINDOW)[-len(shown) :]
        good = np.isfinite(medians)
        if good.sum() > 1:
            heights = np.asarray(self.pixel_y(medians[good]), dtype=np.float64)
            np.clip(heights, area.top(), area.bottom(), out=heights)
            draw_curve(painter, x[good], heights, colors.color("text"), stroke(1.6))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_line(self, painter: QPainter, histogram: QRectF) -> None:
        colors = theme()
        area, y = self.area(), round(self.line_y())
        width = round(stroke())
        mirror = self.mirror_y()
        if self.kind == "off":
            painter.setPen(dashed_pen(colors.color("clip"), width))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            return
        painter.fillRect(
            QRectF(area.left(), y - width // 2, area.width(), width), colors.color("clip")
        )
        if mirror is not None:
            line = QRectF(area.left(), round(mirror) - width // 2, histogram.width(), width)
            painter.fillRect(line, colors.color("clip"))

    def _key_font(self) -> QFont:
        return ui_font("key", bold=True)

    def _place_label(self, area: QRectF) -> None:
        """At the right end of the histogram, on the side of the line with shorter bars."""
        fits = text_width(self.label, "key", bold=True) <= area.width() - 8
        self.label_shown = self.label if fits else self.short_label
        width = text_width(self.label_shown, "key", bold=True)
        height = text_height("key", bold=True)
        y = self.line_y()
        # Without the strip the handle hangs over the end of the histogram.
        left = area.right() - width - 8 - (0 if self.strip_shown else marker(6.0))
        above = QRectF(left, y - height - 4, width, height)
        below = QRectF(left, y + 4, width, height)
        places = [
            rect
            for rect in (above, below)
            if rect.top() >= area.top() - 6 and rect.bottom() <= area.bottom()
        ]
        self.label_rect = min(places or [above], key=self._covered)

    def _covered(self, rect: QRectF) -> float:
        reach = covered(self.bars, rect)
        after = self.norm_bars.after if self.kind == "norm" else None
        if after is not None and after.intersects(rect.adjusted(-6, 0, 0, 0)):
            reach = max(reach, after.right() - rect.left() + 6)
        return reach

    def _paint_label(self, painter: QPainter) -> None:
        colors, rect = theme(), self.label_rect
        if not self.label_shown:
            return
        painter.setFont(self._key_font())
        painter.fillRect(rect.adjusted(-5, 1, 5, 0), colors.color("surface"))
        painter.setPen(colors.color("clip"))
        ascent = QFontMetricsF(painter.font()).ascent()
        painter.drawText(QPointF(rect.left(), rect.top() + ascent), self.label_shown)

    def _paint_median(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        self.median_rect = QRectF()
        at = self.counts.quantile(0.5) if self.counts is not None else None
        if at is None or not self.y_range.low <= at <= self.y_range.high:
            return
        painter.setFont(ui_font("label"))
        metrics = QFontMetricsF(painter.font())
        text = self.tr("median {0}").format(two_figures(10.0**at))
        width, height = text_width(text, "label"), metrics.height()
        y = self.at_y(at)
        ends = [bar.right() for bar, *_ in self.bars if bar.top() - 1 <= y <= bar.bottom() + 2]
        start = max(ends, default=area.left()) + 3
        left = area.right() - width - 8
        rect = QRectF(left, y - height / 2, width, height)
        line = self.line_y()
        blocked = [self.label_rect.adjusted(-4, 0, 4, 0), QRectF(left - 4, line - 2, width + 8, 4)]
        if any(rect.intersects(other) for other in blocked):
            shifts = sorted(
                (
                    edge
                    for other in (*blocked, blocked[0].united(blocked[1]))
                    for edge in (other.top() - height, other.bottom())
                ),
                key=lambda top: abs(top - rect.top()),
            )
            for top in shifts:
                moved = QRectF(left, top, width, height)
                if not any(moved.intersects(o) for o in blocked) and (
                    area.top() <= top <= area.bottom() - height
                ):
                    rect = moved
                    break
        painter.setPen(QPen(colors.color("text-2"), 1))
        level = crisp(y)
        # Moved away from its level, the label keeps only a stub at the bar's end.
        end = left - 4 if abs(level - crisp(rect.center().y())) < 1 else start + 8
        if start < end <= left:
            painter.drawLine(QPointF(start, level), QPointF(end, level))
        painter.fillRect(rect.adjusted(-3, 1, 3, -1), colors.color("surface"))
        painter.setPen(colors.color("text-2"))
        painter.drawText(QPointF(rect.left(), rect.top() + metrics.ascent()), text)
        self.median_rect = rect

    def _paint_lost(self, painter: QPainter) -> None:
        """What is no finite number has a mark at the upper edge, and is counted in words."""
        if not self.lost_words:
            return
        colors, area = theme(), self.area()
        painter.setFont(ui_font("tick"))
        metrics = QFontMetricsF(painter.font())
        right, top = area.right() - 8, area.top()
        width = metrics.horizontalAdvance(self.lost_words)
        rect = QRectF(right - 8 - width, top - 2, width, metrics.height())
        painter.fillRect(QRectF(right - 2, top, 3, 12), colors.color("danger"))
        painter.fillRect(rect.adjusted(-2, 0, 2, 0), colors.color("surface"))
        painter.setPen(colors.color("danger"))
        painter.drawText(QPointF(rect.left(), rect.top() + metrics.ascent()), self.lost_words)

    def _legend(self) -> list[tuple[str, str]]:
        clipped = self.entry_bars.after if self.kind == "value" else self.norm_bars.clipped
        if self.kind == "off" or not self.bars or not clipped:
            return []
        return [
            (KEPT, self.tr("kept")),
            (CLIPPED, self.tr("clipped")),
            (AFTER, self.tr("after")),
        ]

    def _paint_captions(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(ui_font("tick"))
        painter.setPen(theme().color("text-muted"))
        metrics = QFontMetricsF(painter.font())
        baseline = area.bottom() + 5 + metrics.ascent()
        words = self.tr("entries per bin") if self.kind == "value" else self.tr("steps per bin")
        legend = self._legend()
        room = area.width() - legend_width(legend) if legend else area.width()
        width = text_width(words)
        if room >= width + 14 or not legend:
            painter.drawText(QPointF(area.left(), baseline), words)
        if legend and room >= 0:
            paint_legend(painter, area.right() - legend_width(legend), baseline, legend)
        elif legend and room < width:
            painter.drawText(QPointF(area.left(), baseline), words)
        if not self.strip_shown:
            return
        painter.setFont(ui_font("tick"))
        painter.setPen(theme().color("text-muted"))
        strip = self.strip_area()
        variants = [self.tr("last {0} steps"), self.tr("last {0}")]
        if self.kind == "value":
            variants = [self.tr("largest, last {0} steps"), *variants]
        now = self.tr("now")
        right = strip.right() - text_width(now)
        for variant in variants:
            words = variant.format(self.strip_steps)
            if right > strip.left() + text_width(words) + px(12):
                painter.drawText(QPointF(strip.left(), baseline), words)
                painter.drawText(QPointF(right, baseline), now)
                return
        painter.drawText(QPointF(strip.left(), baseline), variants[-1].format(self.strip_steps))

    # The strip's share of the time cursor.

    def _strip_step_pixels(self) -> float:
        return (self.strip_area().width() - 10) / (self.strip_steps - 1)

    def step_under(self, at: QPointF) -> float | None:
        """The step whose dot is nearest to a point of the strip."""
        steps = self.steps[-self.strip_steps :]
        strip = self.strip_area()
        if not self.strip_shown or not len(steps) or not strip.contains(at):
            return None
        back = max(round((strip.right() - 4 - at.x()) / self._strip_step_pixels()), 0)
        return float(steps[max(len(steps) - 1 - back, 0)])

    def column_of(self, step: float) -> float | None:
        """Where a step is in the strip."""
        steps = self.steps[-self.strip_steps :]
        if not self.strip_shown or not len(steps) or not steps[0] <= step <= steps[-1]:
            return None
        back = len(steps) - 1 - int(np.searchsorted(steps, step))
        return self.strip_area().right() - 4 - back * self._strip_step_pixels()

    # Dragging the line anywhere along its length.

    def near_line(self, at: QPointF) -> bool:
        """Whether a press here takes the line, or that of the negative threshold."""
        area = self.area()
        if not area.left() <= at.x() <= area.right() + 8:
            return False
        return abs(at.y() - self.line_y()) <= _GRIP or self._near_mirror(at)

    def _near_mirror(self, at: QPointF) -> bool:
        mirror = self.mirror_y()
        over = at.x() <= self.histogram_area().right()
        return mirror is not None and over and abs(at.y() - mirror) <= _GRIP

    def _line_height(self, at: QPointF) -> float:
        """The y that a drag is about: of a point on the lower line that of its mirror image."""
        return self.at_y(-self.plot_y(at.y())) if self._mirrored else at.y()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Takes the line when it is under the mouse."""
        at = event.position()
        if event.button() == Qt.MouseButton.LeftButton and self.near_line(at):
            self._dragging = True
            self._mirrored = self._near_mirror(at) and abs(at.y() - self.line_y()) > _GRIP
            self.handle.setFocus(Qt.FocusReason.MouseFocusReason)
            self.handle.pressed_at.emit(self._line_height(at))
        elif event.button() == Qt.MouseButton.LeftButton and self.step_under(event.position()):
            self.clicked(event.position())
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drags the line, or shows that it can be dragged."""
        if self._dragging:
            self.handle.dragged_to.emit(self._line_height(event.position()))
            return
        self._lift(self.near_line(event.position()))
        super().mouseMoveEvent(event)

    def _lift(self, lifted: bool) -> None:
        """Shows whether a press would take the line."""
        if lifted != self.handle.lifted:
            self.handle.lifted = lifted
            self.handle.update()
            if lifted:
                self.setCursor(Qt.CursorShape.SizeVerCursor)
            else:
                self.unsetCursor()

    def leaveEvent(self, event: QEvent) -> None:
        """The mouse is nowhere near the line."""
        if not self._dragging:
            self._lift(False)
        super().leaveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Drops the line."""
        if self._dragging:
            self._dragging = False
            self._lift(self.near_line(event.position()))
            self.handle.released.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """On the line: back to the value the run started with."""
        if self.near_line(event.position()):
            self.handle.reset_requested.emit()
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keeps the handle on the line."""
        super().resizeEvent(event)
        self.place_handle()

    def event(self, event: QEvent) -> bool:
        """The tooltip says what the line does."""
        return shows_tip(event, self, self._tip_on_line) or super().event(event)

    def _tip_on_line(self, at: QPointF) -> str:
        return self.tip_at(at) if self._on_line(at) else ""

    def _on_line(self, at: QPointF) -> bool:
        return self.near_line(at) or self.label_rect.contains(at)

    def hover_changed(self) -> None:
        """The read-out follows the mouse."""
        self.update()

    def paint_over(self, painter: QPainter) -> None:
        """The bar or dot under the mouse: its range and count, its step and norm."""
        self.readout_rect = QRectF()
        if self.hover is None or self._dragging or self._on_line(self.hover):
            return
        title, _, words = self.tip_at(self.hover).partition(": ")
        if words:
            within = QRectF(self.rect())
            self.readout_rect = paint_readout(
                painter, within, self.hover, title, [Entry("gradient", words, "")]
            )

    def tip_at(self, at: QPointF) -> str:
        """What the mark under a point says; empty between the marks."""
        if self._on_line(at):
            words = self.tr("Drag to change the clip threshold; double click for the start value")
            if self.kind == "value":
                words += self.tr(". Clipped steps have an entry beyond the lines")
            return words
        bar = bar_at(self.bars, at)
        if bar is not None:
            return self._bar_tip(bar)
        step = self.step_under(at)
        if step is not None:
            value = self.values[int(np.searchsorted(self.steps, step))]
            return self.tr("step {0}: {1}").format(whole(step), two_figures(value))
        return ""

    def _bar_tip(self, bar: Bar) -> str:
        low, high, count = two_figures(bar.low), two_figures(bar.high), whole(bar.number)
        if self.kind != "value" or self.entries is None:
            return self.tr("{0} to {1}: {2} of {3}").format(low, high, count, self.window_text)
        words = self.tr("{0} to {1}: {2} of {3} entries of the gradient of step {4}")
        if self.entries.entries < self.entries.of_entries:
            words = self.tr("{0} to {1}: {2} of {3} entries, a sample of {5}, of step {4}")
        return words.format(
            low,
            high,
            count,
            whole(self.entries.entries),
            whole(self.entries.step),
            whole(self.entries.of_entries),
        )


def _running_median(values: Floats, window: int) -> Floats:
    """Median of the last `window` finite values at each place; NaN where there are too few."""
    padded = np.concatenate([np.full(window - 1, np.nan), values])
    padded[~np.isfinite(padded)] = np.nan
    rows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, window), axis=1)  # NaN last
    counts = np.sum(np.isfinite(rows), axis=1)
    index = np.arange(len(rows))
    middle = (
        rows[index, np.maximum(counts - 1, 0) // 2] + rows[index, np.maximum(counts, 1) // 2]
    ) / 2
    return np.asarray(np.where(counts >= _LEAST_MEDIAN, middle, np.nan))
