"""The Gradient norm panel: how large recent gradients were, and the clip line the user drags.

The histogram of the last steps and the strip of the newest ones share one logarithmic y axis (plot
coordinates: decimal logarithm of the norm), and one line through both is the clip threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QLabel, QToolTip, QWidget

from rnnviz.panels.base import Panel
from rnnviz.panels.painting import shows_focus
from rnnviz.panels.plot import (
    Plot,
    Range,
    Tick,
    crisp,
    dashed_pen,
    decade,
    log_ticks,
    polygon,
    two_figures,
    whole,
)
from rnnviz.panels.theme import theme, ui_font
from rnnviz.panels.translate import tr
from rnnviz.session.commands import SetClipping
from rnnviz.session.config import CLIP_RANGE
from rnnviz.session.view import RunView

Floats = NDArray[np.float64]

_WINDOW = 1000  # steps in the histogram and in the share clipped
_STRIP = 240  # steps in the strip
_MEDIAN_WINDOW = 32  # steps in the running median of the strip
_LEAST_MEDIAN = 5  # values, below which a median says nothing
_SHORT_WORDS = 450  # panel width in pixels below which the header says less
_NARROW = 360  # panel width in pixels below which the strip hides
_EMPTY_RANGE = Range(-2.0, 2.0)  # 0.01 to 100
_LEAST_SPAN = 2.0  # decades
_BULK = (0.5, 99.5)  # percentiles the axis always holds
_REACH = 0.7  # decades beyond the bulk it stretches for the rest; what is further is only counted
_BINS_PER_DECADE = (4, 5, 8, 10, 16, 20, 25, 40)
_BIN_PIXELS = 6.0  # a bar with its gap is at least this high
_BAR_SHARE = 0.62  # of the histogram's width that the longest bar takes: the rest is for labels
_GRIP = 5.0  # pixels around the line in which a press takes it
_KEY_FACTOR, _PAGE_FACTOR = 1.05, 1.5
_ACKNOWLEDGED_WITHIN = 1000  # ms the dropped line waits for the engine before it tells the truth


def nice_log(value: float, up: bool) -> float:
    """Decimal logarithm of the 1, 2 or 5 times a power of ten at or beyond a positive value."""
    exponent = math.floor(math.log10(value))
    candidates = [
        exponent + shift + math.log10(mantissa) for shift in (-1, 0, 1) for mantissa in (1, 2, 5)
    ]
    at = math.log10(value)
    if up:
        return min(c for c in candidates if c >= at - 1e-9)
    return max(c for c in candidates if c <= at + 1e-9)


def share_text(share: float) -> str:
    """A share in [0, 1] in percent: 12%, and with a decimal where 0% or 100% would be wrong."""
    percent = 100.0 * share
    if 0.0 < percent < 1.0 or 99.0 < percent < 100.0:
        return f"{percent:.1f}%"
    return f"{percent:.0f}%"


@dataclass(frozen=True)
class Norms:
    """What the plot draws of a run: the last steps' norms, sorted into drawable and not."""

    steps: NDArray[np.int64]  # of the last 1,000 steps
    values: Floats  # norms (or largest entries) of these, as they are

    @property
    def logs(self) -> Floats:
        """Decimal logarithms of the drawable values; zeros and non-finite ones are left out."""
        good = np.isfinite(self.values) & (self.values > 0)
        return np.log10(self.values[good])

    @property
    def not_finite(self) -> NDArray[np.int64]:
        """Steps whose norm is infinite or not a number."""
        return self.steps[~np.isfinite(self.values)]

    def median(self) -> float | None:
        """Of the finite values; None when there is none."""
        finite = self.values[np.isfinite(self.values)]
        return float(np.median(finite)) if len(finite) else None

    def clipped_share(self, threshold: float) -> float:
        """Share of the steps above a threshold."""
        return float(np.mean(self.values > threshold)) if len(self.values) else 0.0


class ClipHandle(QWidget):
    """The tag at the right end of the clip line: drag it, or focus it and press Up or Down."""

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
        self.setFixedSize(24, 28)
        self.hollow = False
        self.lifted = False  # the mouse is on the line
        self._dragging = False

    def paintEvent(self, event: object) -> None:
        """Draws the tag with its two grip lines, larger under the mouse, hollow when off."""
        colors = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        large = self._dragging or self.lifted or self.underMouse()
        width, height = (18, 22) if large else (14, 18)
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
            painter.fillRect(QRectF(middle.x() - 3, middle.y() + shift, 6, 2), grip)
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


class _NormPlot(Plot):
    """Paints histogram, strip and clip line, and turns presses near the line into drags."""

    step_axis = True

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(name, parent, navigable=False)
        self.norms = Norms(np.empty(0, np.int64), np.empty(0))
        self.kind = "norm"
        self.threshold = 5.0
        self.strip_shown = True
        self.diverged_at: int | None = None
        self.window_text = ""
        self.label = ""  # beside the line
        self.label_rect = QRectF()
        self.median_rect = QRectF()
        self.bars: list[tuple[QRectF, float, float, int]] = []  # rectangle, low, high, count
        self._dragging = False
        self.handle = ClipHandle(self)
        self.y_range = _EMPTY_RANGE

    # Geometry.

    def margins(self) -> tuple[float, float, float, float]:
        """The handle hangs over the right end of the axes."""
        return self.left_margin(), 10.0, 14.0, self.bottom_margin()

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
        y = self.at_y(math.log10(self.threshold))
        return min(max(y, area.top()), area.bottom())

    def threshold_at(self, y: float) -> float:
        """The threshold, with two significant figures, whose line is at a widget coordinate."""
        area = self.area()
        value = 10.0 ** self.plot_y(min(max(y, area.top()), area.bottom()))
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
        """Decades with small ticks between them."""
        return log_ticks(self.y_range, max(int(self.height() / 30), 2), decade)

    def drawn_points(self) -> int:
        """How many marks a repaint draws; does not grow with the run."""
        strip = min(len(self.norms.values), _STRIP) if self.strip_shown else 0
        return len(self.bars) + strip

    # Painting.

    def paint_content(self, painter: QPainter) -> None:
        """Bars and dots, then the one line over both, then labels."""
        histogram = self.histogram_area()
        self._paint_bars(painter, histogram)
        if self.strip_shown:
            self._paint_strip(painter, self.strip_area())
        self._paint_line(painter)
        self._place_label(histogram)
        self._paint_median(painter, histogram)
        self._paint_label(painter)
        self._paint_beyond(painter, histogram)
        self._paint_captions(painter, histogram)

    def _clip_log(self) -> float:
        return math.inf if self.kind == "off" else math.log10(self.threshold)

    def _bins(self, height: float) -> tuple[Floats, NDArray[np.int64]]:
        """Edges (decimal logarithms) and counts of the histogram."""
        fitting = [n for n in _BINS_PER_DECADE if height / (n * self.y_range.span) >= _BIN_PIXELS]
        per_decade = fitting[-1] if fitting else _BINS_PER_DECADE[0]
        first = math.floor(self.y_range.low * per_decade + 1e-9)
        last = math.ceil(self.y_range.high * per_decade - 1e-9)
        edges = np.arange(first, last + 1) / per_decade
        logs = self.norms.logs
        inside = logs[(logs >= self.y_range.low) & (logs <= self.y_range.high)]
        return edges, np.histogram(inside, edges)[0]

    def _paint_bars(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        edges, counts = self._bins(area.height())
        self.bars = []
        if not counts.any():
            return
        scale = area.width() * _BAR_SHARE / counts.max()
        cut = min(max(self.at_y(self._clip_log()), area.top()), area.bottom())
        left = area.left() + 1
        below: list[QRectF] = []
        above: list[QRectF] = []
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
            if not count:
                continue
            top = max(round(self.at_y(high)), area.top())
            bottom = min(round(self.at_y(low)) - 1, area.bottom() - 1)
            rect = QRectF(left, top, max(round(count * scale), 2), max(bottom - top, 1))
            self.bars.append((rect, 10.0**low, 10.0**high, int(count)))
            if rect.top() < cut:
                above.append(QRectF(rect.topLeft(), QPointF(rect.right(), min(rect.bottom(), cut))))
            if rect.bottom() > cut:
                below.append(QRectF(QPointF(rect.left(), max(rect.top(), cut)), rect.bottomRight()))
        painter.setPen(Qt.PenStyle.NoPen)
        for token, rects in (("gradient", below), ("clip", above)):
            painter.setBrush(colors.mixed(token, "surface", 0.9))
            painter.drawRects(rects)

    def _paint_strip(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        histogram = self.histogram_area()
        gap = QRectF(histogram.right(), area.top(), area.left() - histogram.right(), area.height())
        painter.fillRect(gap, colors.color("surface"))
        painter.setPen(QPen(colors.color("border"), 1))
        left = crisp(area.left())
        painter.drawLine(QPointF(left, area.top()), QPointF(left, area.bottom()))
        values = self.norms.values[-(_STRIP + _MEDIAN_WINDOW) :].astype(np.float64)
        if not len(values):
            return
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log10(values)
        shown = logs[-_STRIP:]
        back = np.arange(len(shown), dtype=np.float64)[::-1]
        x: Floats = area.right() - 4 - back * ((area.width() - 10) / (_STRIP - 1))
        drawable = np.isfinite(shown) & (shown >= self.y_range.low) & (shown <= self.y_range.high)
        over = shown > self._clip_log()
        y = self.pixel_y(np.where(drawable, shown, 0.0))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for token, share, chosen in (
            ("gradient", 0.65, drawable & ~over),
            ("clip", 1.0, drawable & over),
        ):
            pen = QPen(colors.mixed(token, "surface", share), 3)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPoints(polygon(x[chosen], y[chosen]))
        medians = _running_median(logs, _MEDIAN_WINDOW)[-len(shown) :]
        good = np.isfinite(medians)
        if good.sum() > 1:
            painter.setPen(QPen(colors.color("text"), 1.6))
            heights = np.asarray(self.pixel_y(medians[good]), dtype=np.float64)
            np.clip(heights, area.top(), area.bottom(), out=heights)
            painter.drawPolyline(polygon(x[good], heights))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_line(self, painter: QPainter) -> None:
        colors = theme()
        area, y = self.area(), round(self.line_y())
        if self.kind == "off":
            painter.setPen(dashed_pen(colors.color("clip"), 2))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        else:
            painter.fillRect(QRectF(area.left(), y - 1, area.width(), 2), colors.color("clip"))

    def _key_font(self) -> QFont:
        return ui_font("key", bold=True)

    def _place_label(self, area: QRectF) -> None:
        """At the right end of the histogram, on the side of the line with shorter bars."""
        metrics = QFontMetricsF(self._key_font())
        width, height, y = metrics.horizontalAdvance(self.label), metrics.height(), self.line_y()
        left = area.right() - width - 8
        above = QRectF(left, y - height - 4, width, height)
        below = QRectF(left, y + 4, width, height)
        places = [
            rect
            for rect in (above, below)
            if rect.top() >= area.top() - 6 and rect.bottom() <= area.bottom()
        ]
        self.label_rect = min(places or [above], key=self._covered)

    def _paint_label(self, painter: QPainter) -> None:
        colors, rect = theme(), self.label_rect
        painter.setFont(self._key_font())
        painter.fillRect(rect.adjusted(-5, 1, 5, 0), colors.color("surface"))
        painter.setPen(colors.color("clip"))
        ascent = QFontMetricsF(painter.font()).ascent()
        painter.drawText(QPointF(rect.left(), rect.top() + ascent), self.label)

    def _covered(self, rect: QRectF) -> float:
        """How far bars reach into a rectangle, in pixels; 0 leaves it free."""
        reach = [
            bar.right() - rect.left() + 6
            for bar, *_ in self.bars
            if bar.top() < rect.bottom() and bar.bottom() > rect.top()
        ]
        return max(0.0, *reach) if reach else 0.0

    def _paint_median(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        self.median_rect = QRectF()
        median = self.norms.median()
        if median is None or median <= 0:
            return
        at = math.log10(median)
        if not self.y_range.low <= at <= self.y_range.high:
            return
        painter.setFont(ui_font("label"))
        metrics = QFontMetricsF(painter.font())
        text = self.tr("median {0}").format(two_figures(median))
        width, height = metrics.horizontalAdvance(text), metrics.height()
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

    def _paint_beyond(self, painter: QPainter, area: QRectF) -> None:
        """Small marks at the edges for what the axis does not hold, and for what is no number."""
        colors = theme()
        values = self.norms.values
        finite = values[np.isfinite(values)]
        above = int(np.sum(finite > 10.0**self.y_range.high * (1 + 1e-9)))
        below = int(np.sum(finite < 10.0**self.y_range.low * (1 - 1e-9)))
        painter.setFont(ui_font("tick"))
        metrics = QFontMetricsF(painter.font())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marks: list[tuple[str, str, float, int]] = []
        if above:
            token = "gradient" if self.kind == "off" else "clip"
            marks.append((self.tr("{0} higher").format(whole(above)), token, area.top(), -1))
        if below:
            marks.append((self.tr("{0} lower").format(whole(below)), "gradient", area.bottom(), 1))
        for text, token, edge, down in marks:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.color(token))
            row = QRectF(area.left(), edge - 7 - 7 * down, area.width(), 14)
            ends = [bar.right() for bar, *_ in self.bars if bar.intersects(row)]
            left = max(ends, default=area.left()) + 8
            tip = QPointF(left + 4, edge + (1 if down < 0 else -1))
            base = tip.y() - 6 * down
            painter.drawPolygon(QPolygonF([tip, QPointF(left, base), QPointF(left + 8, base)]))
            painter.setPen(colors.color("text-2"))
            middle = edge - down * 7 + metrics.capHeight() / 2
            painter.drawText(QPointF(left + 13, middle), text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        lost = self.norms.not_finite
        step = self.diverged_at
        if step is None and len(lost):
            step = int(lost[-1])
        if step is not None:
            text = self.tr("not finite at step {0}").format(whole(step))
            if len(lost) > 1:
                text = self.tr("{0} not finite, last at step {1}").format(
                    whole(len(lost)), whole(step)
                )
            right = self.area().right() - 8
            top = self.area().top()
            painter.fillRect(QRectF(right - 2, top, 3, 12), colors.color("danger"))
            painter.setPen(colors.color("danger"))
            width = metrics.horizontalAdvance(text)
            rect = QRectF(right - 8 - width, top - 2, width, metrics.height())
            painter.fillRect(rect.adjusted(-2, 0, 2, 0), colors.color("surface"))
            painter.drawText(QPointF(rect.left(), rect.top() + metrics.ascent()), text)

    def _paint_captions(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(ui_font("tick"))
        painter.setPen(theme().color("text-muted"))
        metrics = QFontMetricsF(painter.font())
        baseline = area.bottom() + 5 + metrics.ascent()
        painter.drawText(QPointF(area.left(), baseline), self.tr("steps per bin"))
        if not self.strip_shown:
            return
        strip = self.strip_area()
        words, now = self.tr("last {0} steps").format(_STRIP), self.tr("now")
        painter.drawText(QPointF(strip.left(), baseline), words)
        right = strip.right() - metrics.horizontalAdvance(now)
        if right > strip.left() + metrics.horizontalAdvance(words) + 12:
            painter.drawText(QPointF(right, baseline), now)

    # The strip's share of the time cursor.

    def _strip_step_pixels(self) -> float:
        return (self.strip_area().width() - 10) / (_STRIP - 1)

    def step_under(self, at: QPointF) -> float | None:
        """The step whose dot is nearest to a point of the strip."""
        steps = self.norms.steps[-_STRIP:]
        strip = self.strip_area()
        if not self.strip_shown or not len(steps) or not strip.contains(at):
            return None
        back = max(round((strip.right() - 4 - at.x()) / self._strip_step_pixels()), 0)
        return float(steps[max(len(steps) - 1 - back, 0)])

    def column_of(self, step: float) -> float | None:
        """Where a step is in the strip."""
        steps = self.norms.steps[-_STRIP:]
        if not self.strip_shown or not len(steps) or not steps[0] <= step <= steps[-1]:
            return None
        back = len(steps) - 1 - int(np.searchsorted(steps, step))
        return self.strip_area().right() - 4 - back * self._strip_step_pixels()

    # Dragging the line anywhere along its length.

    def near_line(self, at: QPointF) -> bool:
        """Whether a press here takes the line."""
        area = self.area()
        return abs(at.y() - self.line_y()) <= _GRIP and area.left() <= at.x() <= area.right() + 8

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Takes the line when it is under the mouse."""
        if event.button() == Qt.MouseButton.LeftButton and self.near_line(event.position()):
            self._dragging = True
            self.handle.setFocus(Qt.FocusReason.MouseFocusReason)
            self.handle.pressed_at.emit(event.position().y())
        elif event.button() == Qt.MouseButton.LeftButton and self.step_under(event.position()):
            self.clicked(event.position())
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drags the line, or shows that it can be dragged."""
        if self._dragging:
            self.handle.dragged_to.emit(event.position().y())
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
        """Tooltips: a bar's range and count, a dot's step and norm, what the line does."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def tip_at(self, at: QPointF) -> str:
        """What the mark under a point says; empty between the marks."""
        if self.near_line(at) or self.label_rect.contains(at):
            return self.tr("Drag to change the clip threshold; double click for the start value")
        for rect, low, high, count in self.bars:
            if rect.top() - 1 <= at.y() <= rect.bottom() + 1 and at.x() <= rect.right() + 4:
                return self.tr("{0} to {1}: {2} of {3}").format(
                    two_figures(low), two_figures(high), whole(count), self.window_text
                )
        step = self.step_under(at)
        if step is not None:
            value = self.norms.values[int(np.searchsorted(self.norms.steps, step))]
            return self.tr("step {0}: {1}").format(whole(step), two_figures(value))
        return ""


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


class GradientNormPanel(Panel):
    """Recent gradient norms before clipping, with the threshold as a line to drag at any time.

    Emits `command` with a `SetClipping` for every change the user makes.
    """

    interval = 0.2

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Gradient norm"), tr("before clipping"), parent)
        self.plot = _NormPlot(self.tr("Gradient norms of the last steps"), self)
        self.body.addWidget(self.plot)
        self._window = QLabel("")
        self._window.setProperty("role", "caption")
        self.add_header_control(self._window)
        self._seen: Range | None = None  # of the axis so far; it never shrinks while live
        self._local: tuple[str, float] | None = None  # what the user has set, not yet in force
        self._dragging = False
        self._drawn_key: tuple[object, ...] = ()
        self._waiting = QTimer(self)
        self._waiting.setSingleShot(True)
        self._waiting.setInterval(_ACKNOWLEDGED_WITHIN)
        self._waiting.timeout.connect(self._give_up_waiting)
        handle = self.plot.handle
        handle.setToolTip(
            self.tr("Clip threshold: drag, or Up and Down for 5%; double click for the start value")
        )
        handle.pressed_at.connect(self._begin_drag)
        handle.dragged_to.connect(self._drag)
        handle.released.connect(self._end_drag)
        handle.scaled.connect(self._scale)
        handle.reset_requested.connect(self.reset_threshold)
        self._grab = 0.0
        self.menu.addSeparator()
        self.menu.addAction(self.tr("Clip at the start value"), self.reset_threshold)
        self.menu.addAction(self.tr("Reset axis"), self.reset_axis)

    # The threshold.

    def clipping_shown(self) -> tuple[str, float]:
        """Kind and threshold as displayed: the user's while he drags, else the engine's."""
        if self._local is not None:
            return self._local
        if self.view is None:
            return "norm", 5.0
        return self.view.in_force.clip_kind, self.view.in_force.clip_threshold

    def clip_y_position(self) -> QPoint:
        """A point on the clip line (over the histogram), in coordinates of `plot`."""
        return QPointF(self.plot.histogram_area().center().x(), self.plot.line_y()).toPoint()

    def _begin_drag(self, y: float) -> None:
        if self.view is None:
            return
        self._dragging = True
        self._grab = self.plot.line_y() - y

    def _drag(self, y: float) -> None:
        if self._dragging:
            self._set_threshold(self.plot.threshold_at(y + self._grab))

    def _end_drag(self) -> None:
        self._dragging = False
        if self._local is not None:
            self._waiting.start()
        self._redraw()

    def _scale(self, factor: float) -> None:
        if self.view is None:
            return
        _, threshold = self.clipping_shown()
        low, high = CLIP_RANGE
        self._set_threshold(float(f"{min(max(threshold * factor, low), high):.3g}"))
        self._waiting.start()

    def reset_threshold(self) -> None:
        """Back to the clipping the run started with."""
        if self.view is None:
            return
        config = self.view.config
        self._set_clipping(config.clip_kind, config.clip_threshold)
        self._waiting.start()

    def _set_threshold(self, threshold: float) -> None:
        kind, _ = self.clipping_shown()
        self._set_clipping("norm" if kind == "off" else kind, threshold)

    def _set_clipping(self, kind: str, threshold: float) -> None:
        if (kind, threshold) == self.clipping_shown():
            return
        self._local = (kind, threshold)
        self._redraw()
        self.command.emit(SetClipping(kind, threshold))

    def _give_up_waiting(self) -> None:
        if not self._dragging:
            self._local = None
            self._redraw()

    # Drawing.

    def set_view(self, view: RunView) -> None:
        """Another run: its own axis and threshold."""
        self._seen = None
        self._local = None
        self._dragging = False
        self._drawn_key = ()
        super().set_view(view)

    def reset_axis(self) -> None:
        """Fits the axis to the last steps again."""
        self._seen = None
        self._redraw()

    def apply_theme(self) -> None:
        """The plot reads colours while it paints."""
        self.plot.relayout()

    def _redraw(self) -> None:
        self._drawn_key = ()
        self.refresh()

    def refresh(self) -> None:
        """Takes over what is new in the run."""
        view = self.view
        if view is None:
            return
        in_force = (view.in_force.clip_kind, view.in_force.clip_threshold)
        if self._local == in_force and not self._dragging:
            self._local = None
            self._waiting.stop()
        kind, threshold = self.clipping_shown()
        key = (
            len(view.history),
            kind,
            threshold,
            len(view.history.events),
            self.plot.size(),
        )
        if key == self._drawn_key:
            return
        self._drawn_key = key
        plot, history = self.plot, view.history
        column = "max_abs" if kind == "value" else "grad_norm"
        if (plot.kind == "value") != (kind == "value"):
            self._seen = None  # another quantity, another axis
        plot.kind, plot.threshold = kind, threshold
        plot.norms = Norms(
            history.recent("step", _WINDOW), history.recent(column, _WINDOW).astype(np.float64)
        )
        diverged = [e.step for e in history.events if e.kind == "diverged"]
        plot.diverged_at = diverged[-1] if diverged else None
        self._set_words(kind, threshold)
        if not self._dragging:  # the axis must not slide under the mouse
            self._fit(threshold)
        plot.relayout()
        plot.place_handle()

    def _fit(self, threshold: float) -> None:
        """The axis in steps of 1, 2, 5: holds the bulk of the norms and the line, with margins."""
        logs = self.plot.norms.logs
        if len(logs):
            low, high = np.percentile(logs, _BULK)
            low, high = max(low - _REACH, logs.min()), min(high + _REACH, logs.max())
            wanted = Range(
                nice_log(float(10.0**low) / 1.15, False), nice_log(float(10.0**high) * 1.15, True)
            )
            if self._seen is not None:
                wanted = Range(min(wanted.low, self._seen.low), max(wanted.high, self._seen.high))
            missing = _LEAST_SPAN - wanted.span
            if missing > 0:
                middle = 10.0 ** ((wanted.low + wanted.high) / 2)
                reach = 10.0 ** (_LEAST_SPAN / 2)
                wanted = Range(
                    min(wanted.low, nice_log(middle / reach, True)),
                    max(wanted.high, nice_log(middle * reach, False)),
                )
            self._seen = wanted
        else:
            wanted = _EMPTY_RANGE
        # Room beyond the line, so that it can always be dragged further.
        wanted = Range(
            min(wanted.low, nice_log(threshold / 1.8, False)),
            max(wanted.high, nice_log(threshold * 1.8, True)),
        )
        self.plot.set_ranges(self.plot.x_range, wanted)

    def _set_words(self, kind: str, threshold: float) -> None:
        plot = self.plot
        count = len(plot.norms.values)
        narrow = self.width() < _SHORT_WORDS
        clause = {
            "value": self.tr("largest entry")
            if narrow
            else self.tr("largest entry, before clipping")
        }
        self.set_clause(clause.get(kind, self.tr("before clipping")))
        words = self.tr("last {0} steps") if count != 1 else self.tr("{0} step")
        plot.window_text = words.format(whole(count)) if count else ""
        self._window.setText(plot.window_text)
        value = two_figures(threshold)
        if kind == "off":
            plot.label = self.tr("clip off")
        elif not count:
            plot.label = self.tr("clip {0}").format(value)
        else:
            share = share_text(plot.norms.clipped_share(threshold))
            plot.label = self.tr("clip {0} · {1} clipped").format(value, share)
        plot.handle.setAccessibleDescription(plot.label)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow panels show the histogram alone."""
        super().resizeEvent(event)
        self.plot.strip_shown = self.width() >= _NARROW
        self._redraw()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The right button opens the panel's menu."""
        self.menu.popup(event.globalPos())
