"""The bars of gradient norms, one for each range of norms among the last steps."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QCoreApplication, QPointF, QRectF
from PySide6.QtGui import QPainter

from rnnviz.panels.histogram_bars import (
    AFTER,
    BAR_SHARE,
    BIN_PIXELS,
    CLIPPED,
    KEPT,
    Bar,
    paint_bars,
    paint_beyond,
)
from rnnviz.panels.number_text import two_figures, whole
from rnnviz.panels.plot import Plot
from rnnviz.session.recent_counts import RecentCounts

_BINS_PER_DECADE = (4, 5, 8, 10, 16, 20, 25, 40)


class NormHistogram:
    """Laid out and painted on a `LogScale`; remembers the bars for tooltips and labels."""

    def __init__(self) -> None:
        self.bars: list[Bar] = []
        self.below = self.above = 0  # how many the axis does not hold
        self.after: QRectF | None = None  # the bar of clipped norms after clipping
        self.clipped = 0

    def lay_out(
        self, plot: Plot, area: QRectF, counts: RecentCounts, threshold: float | None
    ) -> None:
        """Measures the bars; `threshold` is None while clipping is off."""
        shown = plot.y_range
        fitting = [n for n in _BINS_PER_DECADE if area.height() / (n * shown.span) >= BIN_PIXELS]
        per_decade = fitting[-1] if fitting else _BINS_PER_DECADE[0]
        edges, numbers, self.below, self.above = counts.bins(shown.low, shown.high, per_decade)
        self.bars, self.after = [], None
        self.clipped = counts.above(threshold) if threshold is not None else 0
        most = int(numbers.max(initial=0))
        if not most:
            return
        scale = area.width() * BAR_SHARE / most
        left = area.left() + 1
        filled = np.flatnonzero(numbers)
        heights = np.round(plot.pixel_y(edges))
        tops = np.maximum(heights[filled + 1], area.top())
        bottoms = np.minimum(heights[filled] - 1, area.bottom() - 1)
        values = 10.0**edges
        self.bars = [
            Bar(QRectF(left, top, width, height), low, high, count)
            for top, width, height, low, high, count in zip(
                tops.tolist(),
                np.maximum(np.round(numbers[filled] * scale), 2).tolist(),
                np.maximum(bottoms - tops, 1).tolist(),
                values[filled].tolist(),
                values[filled + 1].tolist(),
                numbers[filled].tolist(),
                strict=True,
            )
        ]
        if threshold is not None and self.clipped:
            # What was below the threshold in its bin stays there, and all that was above joins it.
            low = math.floor(math.log10(threshold) * per_decade) / per_decade
            there = counts.above(10.0**low) - counts.above(threshold)
            width = min((there + self.clipped) * scale, area.width() - 2)
            y = round(plot.at_y(math.log10(threshold)))
            height = max(plot.at_y(low) - plot.at_y(low + 1 / per_decade) - 1, 3.0)
            if area.top() <= y <= area.bottom() - 4:
                self.after = QRectF(left, y, max(round(width), 2), height)

    def paint(self, painter: QPainter, plot: Plot, area: QRectF, threshold: float | None) -> None:
        """Solid up to the threshold, hatched above it; then what clipping makes of it."""
        at = math.inf if threshold is None else math.log10(threshold)
        cut = min(max(plot.at_y(at), area.top()), area.bottom())
        below: list[QRectF] = []
        above: list[QRectF] = []
        for rect, *_ in self.bars:
            if rect.top() >= cut:
                below.append(rect)
            elif rect.bottom() <= cut:
                above.append(rect)
            else:
                above.append(QRectF(rect.topLeft(), QPointF(rect.right(), cut)))
                below.append(QRectF(QPointF(rect.left(), cut), rect.bottomRight()))
        paint_bars(painter, below, KEPT)
        paint_bars(painter, above, CLIPPED)
        if self.after is not None:
            paint_bars(painter, [self.after], AFTER)
        higher, lower = (
            QCoreApplication.translate("NormHistogram", words)
            for words in ("{0} above {1}", "{0} below {1}")
        )
        shown = plot.y_range
        if self.above:
            words = higher.format(whole(self.above), two_figures(10.0**shown.high))
            paint_beyond(painter, area, words, self.bars, True, threshold is not None)
        if self.below:
            words = lower.format(whole(self.below), two_figures(10.0**shown.low))
            paint_beyond(painter, area, words, self.bars, False, False)
