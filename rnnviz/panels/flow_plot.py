"""The picture of the gradient flow: curves over steps back in time, and every word beside them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from rnnviz.panels.axes import Floats
from rnnviz.panels.curves import crisp, dashed_pen, draw_curve, polygon
from rnnviz.panels.number_text import two_figures, whole
from rnnviz.panels.plot import Plot
from rnnviz.panels.readout import Entry, paint_message, paint_readout, power_of_ten, spread_apart
from rnnviz.panels.theme import marker, stroke, theme, ui_font
from rnnviz.panels.ticks import Tick, linear_ticks, log_ticks
from rnnviz.panels.translate import tr
from rnnviz.probes.gradient_flow import GradientFlow, steps_per_halving

_CELL_TOKENS = {"rnn": "validation", "lstm": "train", "gru": "good"}
FLOOR = 1e-8  # what is smaller is drawn here and called "below"
_BAND = (0.1, 0.9)
_APART = 12.0  # pixels between words below the axis
LEVEL_FROM = 1e4  # steps in which a curve that is called level may halve
_ROUNDING = float(np.finfo(np.float32).eps)
_DASHES = ((), (6.0, 3.0), (2.0, 2.5), (8.0, 3.0, 2.0, 3.0))  # from the top layer down


class FlowCurve:
    """One layer's median and band, ready to draw."""

    def __init__(self, flow: GradientFlow, name: str, layer: int) -> None:
        self.layer = layer
        self.median, self.low, self.high = (
            _finite(flow.quantile(name, layer, share)) for share in (0.5, *_BAND)
        )
        self.halving = steps_per_halving(self.median)

    @property
    def first(self) -> int:
        """Steps back of its first number."""
        good = np.flatnonzero(np.isfinite(self.median))
        return int(good[0]) if len(good) else 0


def _finite(values: Floats) -> Floats:
    """NaN for what cannot be drawn, after the weights have gone astray."""
    return np.where(np.isfinite(values) & (values < 1e250), values, np.nan)


def halving_words(steps: float) -> str:
    """How a curve goes on, in words: halves every 4.3 steps."""
    if math.isnan(steps):
        return tr("leaves nothing to measure")
    if abs(steps) > LEVEL_FROM:
        return tr("stays level")
    figure = f"{abs(steps):.1f}" if abs(steps) < 100 else whole(abs(steps))
    words = tr("halves every {0} steps") if steps > 0 else tr("doubles every {0} steps")
    return words.format(figure)


def factor_words(ratio: float) -> str:
    """A size against that at the loss: 114× weaker, 2.0× stronger."""
    if not math.isfinite(ratio) or ratio <= 0:
        return tr("nothing left")
    if 0.95 < ratio < 1.05:
        return tr("as strong")
    factor = 1 / ratio if ratio < 1 else ratio
    figure = f"{float(f'{factor:.1e}'):,.0f}" if 1e5 <= factor < 1e7 else two_figures(factor)
    return (tr("{0}× weaker") if ratio < 1 else tr("{0}× stronger")).format(figure)


def cell_token(cell: str) -> str:
    """The colour of a cell's curve."""
    return _CELL_TOKENS.get(cell, "accent")


class FlowPlot(Plot):
    """Steps back to the right, the size of the gradient upwards (its decimal logarithm)."""

    left_margin_least = 44.0

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(name, parent)
        self.curves: list[FlowCurve] = []
        self.ghosts: list[FlowCurve] = []
        self.ghost_words = ""
        self.names: list[str] = []  # of the curves, at their ends
        self.token = "good"
        self.log_y = True
        self.seq_len = 0
        self.radius: float | None = None
        self.rounding = False
        self.message = ""
        self.signal = "h"
        self.readout_rect = QRectF()
        self.label_rects: list[QRectF] = []
        self._promised: tuple[Floats, Floats] = (np.empty(0), np.empty(0))  # in pixels

    # Geometry.

    def margins(self) -> tuple[float, float, float, float]:
        """Room for the captions under the axis."""
        return self.left_margin(), 8.0, 14.0, self.bottom_margin()

    def bottom_margin(self) -> float:
        """Numbers and a line of words."""
        return 2 * QFontMetricsF(ui_font("tick")).height() + 10.0

    def x_ticks(self) -> list[Tick]:
        """Steps back."""
        return linear_ticks(self.x_range, max(int(self.width() / 90), 2), whole, least_step=1.0)

    def y_ticks(self) -> list[Tick]:
        """Decades, or round numbers."""
        most = max(int(self.height() / 44), 2)
        if self.log_y:
            return [t for t in log_ticks(self.y_range, most, power_of_ten) if t.label]
        return linear_ticks(self.y_range, most)

    def drawn(self, curve: FlowCurve) -> NDArray[np.intp]:
        """The steps back at which a curve is drawn: to where it sinks for good below the floor."""
        good = np.flatnonzero(np.isfinite(curve.median))
        if self.log_y:
            above = np.flatnonzero(curve.median[good] > FLOOR)
            good = good[: int(above[-1]) + 2] if len(above) else good[:0]
        return good

    def plotted(self, values: Floats) -> Floats:
        """Plot coordinates of gradient norms; nothing is below the floor."""
        if not self.log_y:
            return np.nan_to_num(values, nan=0.0, posinf=1e300)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs: Floats = np.log10(np.maximum(values, FLOOR))
        return logs

    # Painting.

    def paint_content(self, painter: QPainter) -> None:
        """Shade, references, bands, curves, words, and what is under the mouse."""
        area = self.area()
        painter.setClipRect(area.adjusted(-1, -1, 2, 1))
        self._paint_beyond(painter, area)
        self._paint_bands(painter)
        taken: list[QRectF] = []
        self._paint_references(painter, area, taken)
        self._paint_lines(painter)
        painter.setClipping(False)
        self._paint_window_words(painter, area, taken)
        self._paint_names(painter, area, taken)
        self._paint_promise_words(painter, area, taken)
        self._paint_captions(painter, area)
        if self.message:
            paint_message(painter, area, self.message)
        else:
            self._paint_hover(painter, area)

    def _paint_beyond(self, painter: QPainter, area: QRectF) -> None:
        """Training never goes back further than its window."""
        if not 0 < self.seq_len < self.x_range.high:
            return
        left = max(self.at_x(self.seq_len), area.left())
        shade = theme().mixed("bg", "surface", 0.55)
        painter.fillRect(QRectF(left, area.top(), area.right() - left, area.height()), shade)
        painter.setPen(QPen(theme().color("grid"), 1))
        for tick in self.y_ticks():
            y = crisp(self.at_y(tick.at))
            painter.drawLine(QPointF(left, y), QPointF(area.right(), y))
        painter.setPen(dashed_pen(theme().color("ref")))
        x = crisp(left)
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _paint_window_words(self, painter: QPainter, area: QRectF, taken: list[QRectF]) -> None:
        if not 0 < self.seq_len < self.x_range.high:
            return
        painter.setFont(ui_font("tick"))
        metrics = QFontMetricsF(painter.font())
        x = self.at_x(self.seq_len)
        for words in (
            self.tr("sequence length {0}: training stops here").format(whole(self.seq_len)),
            self.tr("sequence length {0}").format(whole(self.seq_len)),
        ):
            width = metrics.horizontalAdvance(words)
            for left in (x + 6, x - 6 - width):
                if area.left() < left and left + width < area.right():
                    rect = QRectF(left, area.top() + 2, width, metrics.height())
                    painter.setPen(theme().color("text-2"))
                    painter.drawText(QPointF(left, rect.top() + metrics.ascent()), words)
                    taken.append(rect)
                    return

    def _paint_bands(self, painter: QPainter) -> None:
        # More than two would hide each other; the top layer's is the one to see.
        shown = self.curves[-1:] if len(self.curves) > 2 else self.curves
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for curve in shown:
            good = np.isfinite(curve.low) & np.isfinite(curve.high)
            x = self.pixel_x(np.flatnonzero(good).astype(np.float64))
            if len(x) < 2:
                continue
            top = self.pixel_y(self.plotted(curve.high[good]))
            bottom = self.pixel_y(self.plotted(curve.low[good]))
            outline: QPolygonF = polygon(
                np.concatenate([x, x[::-1]]), np.concatenate([top, bottom[::-1]])
            )
            color = theme().color(self.token, 0.22 if len(shown) == 1 else 0.14)
            painter.setBrush(color)
            painter.drawPolygon(outline)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_references(self, painter: QPainter, area: QRectF, taken: list[QRectF]) -> None:
        """The slope the Jacobian promises, and where float32 begins to round."""
        self._promised = (np.empty(0), np.empty(0))
        if not self.curves or not self.log_y:
            return
        top = self.curves[-1]
        start = float(top.median[top.first])
        if not start > 0:
            return
        colors = theme()
        painter.setFont(ui_font("tick"))
        metrics = QFontMetricsF(painter.font())
        dotted = QPen(colors.color("ref"), 1.5, Qt.PenStyle.DotLine)
        painter.setPen(dotted)
        if self.radius is not None and 0 < self.radius < 3:
            back = np.arange(top.first, len(top.median), dtype=np.float64)
            with np.errstate(under="ignore", over="ignore"):
                line = start * self.radius ** (back - top.first)
            keep = (line > FLOOR) & np.isfinite(line)
            self._promised = self.pixel_x(back[keep]), self.pixel_y(np.log10(line[keep]))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawPolyline(polygon(*self._promised))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        level = math.log10(start * _ROUNDING)
        if self.rounding and self.y_range.low < level:
            y = crisp(self.at_y(level))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            words = self.tr("float32 rounding: {0} of the start").format("1.2e-7")
            width = metrics.horizontalAdvance(words)
            top_edge = y - metrics.height() - 2
            for left in (area.left() + 8, area.right() - width - 8):
                rect = QRectF(left, top_edge, width, metrics.height())
                if not self._touches_line(rect):
                    painter.setPen(colors.color("text-muted"))
                    painter.drawText(QPointF(left, rect.top() + metrics.ascent()), words)
                    taken.append(rect)
                    break

    def _paint_promise_words(self, painter: QPainter, area: QRectF, taken: list[QRectF]) -> None:
        """Names the straight line, wherever along it there is room."""
        if self.radius is None or len(self._promised[0]) < 2:
            return
        figure = f"{self.radius:.2f}"
        painter.setFont(ui_font("tick"))
        for words in (self.tr("{0}ᵏ, from ρ(J)").format(figure), f"{figure}ᵏ"):
            rect = self._place_beside(painter, words, self._promised, area, taken)
            if rect is not None:
                painter.setPen(theme().color("text-2"))
                ascent = QFontMetricsF(painter.font()).ascent()
                painter.drawText(QPointF(rect.left(), rect.top() + ascent), words)
                return

    def _place_beside(
        self,
        painter: QPainter,
        words: str,
        line: tuple[Floats, Floats],
        area: QRectF,
        taken: list[QRectF],
        width: float | None = None,
    ) -> QRectF | None:
        """A free place for words close to a falling line; noted in `taken`.

        Where there is none the words may cover the thin lines, but never a curve.
        """
        metrics = QFontMetricsF(painter.font())
        width = metrics.horizontalAdvance(words) if width is None else width
        height = metrics.height()
        x, y = line
        tries = itertools.product(
            (False, True), (10.0, 18.0, 26.0), (0.5, 0.65, 0.35, 0.8, 0.2, 0.92), (1, -1)
        )
        for curves_only, gap, share, side in tries:
            index = int(share * (len(x) - 1))
            left = float(x[index]) + (gap if side > 0 else -gap - width)
            rect = QRectF(left, float(y[index]) - height / 2, width, height)
            if not area.contains(rect) or self._touches_line(rect, curves_only):
                continue
            if not any(rect.adjusted(-4, 0, 4, 0).intersects(other) for other in taken):
                if curves_only:
                    painter.fillRect(rect.adjusted(-3, 0, 3, 0), self._ground(left))
                taken.append(rect)
                return rect
        return None

    def _lines(self) -> list[tuple[Floats, Floats]]:
        """Everything that labels should not cover, in widget coordinates."""
        lines = [self._promised]
        for curve in self.ghosts + self.curves:
            good = np.flatnonzero(np.isfinite(curve.median))
            lines.append(
                (
                    self.pixel_x(good.astype(np.float64)),
                    self.pixel_y(self.plotted(curve.median[good])),
                )
            )
        return lines

    def _touches_line(self, rect: QRectF, curves_only: bool = False) -> bool:
        wide = rect.adjusted(-4, -2, 4, 2)
        for x, y in self._lines()[1 + len(self.ghosts) if curves_only else 0 :]:
            if len(x) < 2:
                continue
            at = np.linspace(wide.left(), wide.right(), 24)
            heights = np.interp(at, x, y, left=math.nan, right=math.nan)
            if bool(np.any((heights > wide.top()) & (heights < wide.bottom()))):
                return True
        return False

    def _pen(self, curve: FlowCurve, width: float) -> QPen:
        pen = QPen(self.color_of(curve), width)
        dash = _DASHES[(len(self.curves) - 1 - curve.layer) % len(_DASHES)]
        if dash:
            pen.setDashPattern([d / width for d in dash])
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        return pen

    def color_of(self, curve: FlowCurve) -> QColor:
        """The cell's colour for the top layer, ever paler further down."""
        below = len(self.curves) - 1 - curve.layer
        return theme().mixed(self.token, "text-2", max(1.0 - 0.3 * below, 0.1))

    def _paint_lines(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for curve in self.ghosts:
            good = self.drawn(curve)
            painter.setPen(QPen(theme().color("ref"), stroke(1.0)))
            x = self.pixel_x(good.astype(np.float64))
            painter.drawPolyline(polygon(x, self.pixel_y(self.plotted(curve.median[good]))))
        for curve in self.curves:
            good = self.drawn(curve)
            x = self.pixel_x(good.astype(np.float64))
            y = self.pixel_y(self.plotted(curve.median[good]))
            pen = self._pen(curve, stroke())
            if pen.style() == Qt.PenStyle.SolidLine:
                draw_curve(painter, x, y, pen.color())
            else:
                painter.setPen(pen)
                painter.drawPolyline(polygon(x, y))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _visible_end(self, curve: FlowCurve) -> tuple[float, float] | None:
        """The last place of a curve that is shown, in widget coordinates."""
        last = min(len(curve.median) - 1, math.floor(self.x_range.high))
        good = np.flatnonzero(np.isfinite(curve.median[: last + 1]))
        if not len(good):
            return None
        index = int(good[-1])
        y = float(self.plotted(curve.median[index : index + 1])[0])
        return self.at_x(index), min(max(self.at_y(y), self.area().top()), self.area().bottom())

    def _paint_names(self, painter: QPainter, area: QRectF, taken: list[QRectF]) -> None:
        """At the right ends of the curves; beside those that end before."""
        self.label_rects = []
        key, plain = ui_font("key", bold=True), ui_font("key")
        bold_metrics, metrics = QFontMetricsF(key), QFontMetricsF(plain)
        height = metrics.height() + 2
        at_end: list[tuple[str, str, QColor, float]] = []
        placed: list[tuple[str, str, QColor, QRectF]] = []
        lines = self._lines()[1 + len(self.ghosts) :]
        for curve, name, line in zip(self.curves, self.names, lines, strict=True):
            end = self._visible_end(curve)
            if end is None:
                continue
            words = halving_words(curve.halving)
            color = self.color_of(curve)
            sunk = self.log_y and end[1] >= area.bottom() - 1
            if sunk:
                floor = np.flatnonzero(line[1] >= self.at_y(math.log10(FLOOR)) - 0.5)
                count = int(floor[0]) + 1 if len(floor) else len(line[0])
                falling = line[0][:count], line[1][:count]
                painter.setFont(key)
                width = bold_metrics.horizontalAdvance(name + " ")
                width += metrics.horizontalAdvance(words)
                shift = self._band_width(curve)
                shifted = falling[0] + shift, falling[1]
                rect = self._place_beside(painter, words, shifted, area, taken, width)
                if rect is not None:
                    placed.append((name, words, color, rect))
                    continue
            width = bold_metrics.horizontalAdvance(name + " ") + metrics.horizontalAdvance(words)
            band = self.pixel_y(self.plotted(curve.high)), self.pixel_y(self.plotted(curve.median))
            over = self._extreme(width, band if len(self.curves) < 3 else band[1:], above=True)
            top = over - height - 2
            if top < area.top() + height and len(self.curves) == 1:
                # No room above a curve that grows: below it.
                lowest = self.pixel_y(self.plotted(curve.low))
                lower = self._extreme(width, (lowest, band[1]), above=False) + 2
                top = lower if lower < area.bottom() - height else top
            at_end.append((name, words, color, top))
        if self.ghosts and self.ghost_words:
            end = self._visible_end(self.ghosts[-1])
            if end is not None and end[1] < area.bottom() - 1:
                muted = theme().color("text-muted")
                width = metrics.horizontalAdvance(self.ghost_words)
                line_y = self.pixel_y(self.plotted(self.ghosts[-1].median))
                under = self._extreme(width, (line_y,), above=False)
                at_end.append(("", self.ghost_words, muted, under + 2))
            elif end is not None:
                painter.setFont(ui_font("tick"))
                line = self._lines()[len(self.ghosts)]
                floor = np.flatnonzero(line[1] >= area.bottom() - 1)
                count = int(floor[0]) + 1 if len(floor) else len(line[0])
                beside = line[0][:count], line[1][:count]
                place = self._place_beside(painter, self.ghost_words, beside, area, taken)
                if place is not None:
                    painter.setPen(theme().color("text-muted"))
                    ascent = QFontMetricsF(painter.font()).ascent()
                    painter.drawText(QPointF(place.left(), place.top() + ascent), self.ghost_words)
        low, high = area.top() + height, area.bottom() - height
        places = spread_apart([label[3] for label in at_end], height, low, high)
        for (name, words, color, _), top in zip(at_end, places, strict=True):
            width = bold_metrics.horizontalAdvance(name + " ") if name else 0.0
            total = width + metrics.horizontalAdvance(words)
            rect = QRectF(area.right() - total - 8, top, total, height)
            for other in taken:
                if rect.adjusted(-4, 0, 4, 0).intersects(other):
                    rect.moveTop(other.bottom() + 1)
            if self._touches_line(rect.adjusted(4, 2, -4, -2)):
                painter.fillRect(rect.adjusted(-3, 1, 3, -1), self._ground(rect.left()))
            placed.append((name, words, color, rect))
            taken.append(rect)
        for name, words, color, rect in placed:
            self.label_rects.append(rect)
            painter.setPen(color)
            painter.setFont(key)
            baseline = rect.top() + 1 + metrics.ascent()
            painter.drawText(QPointF(rect.left(), baseline), name)
            painter.setFont(plain)
            width = bold_metrics.horizontalAdvance(name + " ") if name else 0.0
            painter.drawText(QPointF(rect.left() + width, baseline), words)

    def _extreme(self, width: float, heights: Sequence[Floats], above: bool) -> float:
        """The highest (or lowest) place of curves over the last `width` pixels of the axes."""
        first = max(math.floor(self.plot_x(self.area().right() - width - 14)), 0)
        last = min(math.ceil(self.x_range.high), len(heights[0]) - 1)
        parts = np.concatenate([part[first : last + 1] for part in heights])
        parts = parts[np.isfinite(parts)]
        if not len(parts):
            return self.area().center().y()
        return float(parts.min() if above else parts.max())

    def _band_width(self, curve: FlowCurve) -> float:
        """How far to the right of a curve its band reaches where it is widest, in pixels."""
        x = np.flatnonzero(np.isfinite(curve.median) & np.isfinite(curve.high))
        if len(x) < 3:
            return 0.0
        levels = self.plotted(curve.median[x])
        high = self.plotted(curve.high[x])
        middle = (levels[0] + self.y_range.low) / 2
        here = float(np.interp(-middle, -levels, x))
        there = float(np.interp(-middle, -high, x))
        return max(there - here, 0.0) * self.area().width() / self.x_range.span

    def _ground(self, x: float) -> QColor:
        beyond = 0 < self.seq_len < self.x_range.high and x > self.at_x(self.seq_len)
        return theme().mixed("bg", "surface", 0.55) if beyond else theme().color("surface")

    def _paint_captions(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(ui_font("tick"))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(theme().color("text-muted"))
        baseline = area.bottom() + 6 + metrics.height() + metrics.ascent()
        words = self.tr("steps back in time")
        end = area.right() - metrics.horizontalAdvance(words)
        painter.drawText(QPointF(end, baseline), words)
        start = area.left()
        if self.x_range.low <= 0:
            words = self.tr("loss is here")
            painter.drawText(QPointF(start, baseline), words)
            start += metrics.horizontalAdvance(words)
        if self.log_y and self.curves and self.y_range.low <= math.log10(FLOOR) + 1e-9:
            lows = np.concatenate([curve.low for curve in self.curves])
            lowest = float(np.min(lows, where=np.isfinite(lows), initial=math.inf))
            if lowest < FLOOR:
                self._paint_floor_note(painter, start + _APART, end - _APART, baseline)

    def _paint_floor_note(
        self, painter: QPainter, start: float, end: float, baseline: float
    ) -> None:
        """What a curve along the lower edge means, in as many words as there is room for."""
        metrics = QFontMetricsF(painter.font())
        notes = (self.tr("what is below 1e-8 is drawn at 1e-8"), self.tr("below 1e-8 at the edge"))
        for note in notes:
            width = metrics.horizontalAdvance(note)
            if width <= end - start:
                painter.drawText(QPointF((start + end - width) / 2, baseline), note)
                return

    # Pointing.

    def hover_changed(self) -> None:
        """The read-out follows the mouse."""
        self.update()

    def readout(self, back: int) -> tuple[str, list[Entry]]:
        """Title and lines of the box at so many steps back."""
        title = self.tr("{0} steps back").format(back) if back != 1 else self.tr("1 step back")
        entries = []
        for curve, name in zip(self.curves, self.names, strict=True):
            value = float(curve.median[back])
            if math.isnan(value):
                words, figure = self.tr("{0}: nothing is carried on").format(name), ""
            else:
                start = float(curve.median[curve.first])
                factor = factor_words(value / start if start > 0 else 0.0)
                # A lower layer's last state is not carried on: its curve begins a step back.
                where = self.tr("one step back") if curve.first else self.tr("at the loss")
                words = self.tr("{0} {1} than {2}").format(name, factor, where)
                if factor == tr("as strong"):
                    words = self.tr("{0} as strong as {1}").format(name, where)
                elif factor == tr("nothing left"):
                    words = self.tr("{0}: nothing left").format(name)
                figure = two_figures(value)
            entries.append(Entry(self.token if len(self.curves) == 1 else "", words, figure))
            if len(self.curves) == 1 and math.isfinite(value):
                ends = [two_figures(float(side[back])) for side in (curve.low, curve.high)]
                band = " – ".join(ends)
                entries.append(Entry("", self.tr("10 to 90% of the windows"), band))
        for ghost in self.ghosts[-1:]:
            value = float(ghost.median[back])
            if math.isfinite(value):
                entries.append(Entry("ref", self.ghost_words, two_figures(value)))
        return title, entries

    def _paint_hover(self, painter: QPainter, area: QRectF) -> None:
        if self.hover is None or not self.curves or self._box_from is not None:
            return
        back = min(max(round(self.plot_x(self.hover.x())), 0), len(self.curves[0].median) - 1)
        x = self.at_x(back)
        if not area.left() - 1 <= x <= area.right() + 1:
            return
        colors = theme()
        painter.setPen(QPen(colors.color("text-2"), 1))
        painter.drawLine(QPointF(crisp(x), area.top()), QPointF(crisp(x), area.bottom()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.color("surface"), 2))
        for curve in self.curves:
            value = curve.median[back : back + 1]
            if np.isfinite(value[0]):
                y = self.at_y(float(self.plotted(value)[0]))
                if area.top() <= y <= area.bottom():
                    painter.setBrush(self.color_of(curve))
                    painter.drawEllipse(QPointF(x, y), marker(5), marker(5))
        title, entries = self.readout(back)
        self.readout_rect = paint_readout(
            painter, QRectF(self.rect()), QPointF(x, self.hover.y()), title, entries
        )
