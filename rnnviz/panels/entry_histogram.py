"""The bars of the single entries of one gradient, negative ones downwards."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QCoreApplication, QRectF
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
from rnnviz.panels.norm_scale import SignedLogScale
from rnnviz.panels.number_text import two_figures, whole
from rnnviz.panels.plot import Plot
from rnnviz.probes.gradient_entries import HIGH, PER_DECADE, EntryCounts

_BINS_PER_DECADE = (4, 5, 8, 10, 20, 40)


class EntryHistogram:
    """Laid out and painted on a `SignedLogScale`."""

    def __init__(self) -> None:
        self.bars: list[Bar] = []
        self.after: list[QRectF] = []  # the bars of clipped entries after clipping
        self._large = (0, 0)

    def lay_out(
        self, plot: Plot, area: QRectF, scale: SignedLogScale, found: EntryCounts, threshold: float
    ) -> None:
        """Measures the bars."""
        height = area.height() / plot.y_range.span
        fitting = [n for n in _BINS_PER_DECADE if height / n >= BIN_PIXELS]
        per_decade = fitting[-1] if fitting else _BINS_PER_DECADE[0]
        low, high = math.log10(scale.least), math.log10(scale.value(plot.y_range.high))
        edges, counts, small, self._large = found.joined(low, high, per_decade)
        self.bars, self.after = [], []
        most = max(int(counts.max(initial=0)), small)
        if not most:
            return
        length = area.width() * BAR_SHARE / most
        self._add(plot, area, scale, -scale.least, scale.least, small, length)
        for sign, row in zip((-1, 1), counts.tolist(), strict=True):
            for start, stop, count in zip(
                edges[:-1].tolist(), edges[1:].tolist(), row, strict=True
            ):
                ends = sorted((sign * 10.0**start, sign * 10.0**stop))
                self._add(plot, area, scale, ends[0], ends[1], count, length)
        self._lay_out_after(plot, area, scale, found, threshold, length)

    def _add(
        self,
        plot: Plot,
        area: QRectF,
        scale: SignedLogScale,
        low: float,
        high: float,
        count: int,
        length: float,
    ) -> None:
        if not count:
            return
        top = max(round(plot.at_y(scale.at(high))), area.top())
        bottom = min(round(plot.at_y(scale.at(low))) - 1, area.bottom() - 1)
        width = max(round(count * length), 2)
        rect = QRectF(area.left() + 1, top, width, max(bottom - top, 1))
        self.bars.append(Bar(rect, low, high, count))

    def _lay_out_after(
        self,
        plot: Plot,
        area: QRectF,
        scale: SignedLogScale,
        found: EntryCounts,
        threshold: float,
        length: float,
    ) -> None:
        at = math.log10(threshold)
        _, counts, _, large = found.joined(at, HIGH, PER_DECADE)
        beyond = counts.sum(axis=1) + np.array(large)
        for sign, count in zip((-1, 1), beyond.tolist(), strict=True):
            y = plot.at_y(scale.at(sign * threshold))
            if count and area.top() + 4 <= y <= area.bottom() - 4:
                width = min(max(round(count * length), 3), area.width() - 2)
                top = y if sign > 0 else y - 6
                self.after.append(QRectF(area.left() + 1, top, width, 6))

    def paint(
        self,
        painter: QPainter,
        plot: Plot,
        area: QRectF,
        scale: SignedLogScale,
        threshold: float,
    ) -> None:
        """Solid between the two lines, hatched beyond them; then what clipping makes of it."""
        top = min(max(plot.at_y(scale.at(threshold)), area.top()), area.bottom())
        bottom = min(max(plot.at_y(scale.at(-threshold)), area.top()), area.bottom())
        inside: list[QRectF] = []
        outside: list[QRectF] = []
        for rect, *_ in self.bars:
            for start, stop, rects in (
                (area.top(), top, outside),
                (top, bottom, inside),
                (bottom, area.bottom(), outside),
            ):
                part = rect.intersected(QRectF(area.left(), start, area.width(), stop - start))
                if part.height() > 0.5:
                    rects.append(part)
        paint_bars(painter, inside, KEPT)
        paint_bars(painter, outside, CLIPPED)
        paint_bars(painter, self.after, AFTER)
        words = QCoreApplication.translate("EntryHistogram", "{0} beyond {1}")
        edge = scale.value(plot.y_range.high)
        for count, up, value in ((self._large[1], True, edge), (self._large[0], False, -edge)):
            if count:
                text = words.format(whole(count), two_figures(value))
                paint_beyond(painter, area, text, self.bars, up, True)
