"""A column of a run in as many bins as a picture has columns of pixels, kept up to date."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnviz.session.series import Series

Floats = NDArray[np.float64]


class ThinnedCurve:
    """Minima and maxima of a series in fixed bins of an axis that never falls.

    The bins depend on the axis alone, not on how far the run is. So what is drawn of past steps
    never changes, and an update costs what is new, however long the run.
    """

    def __init__(
        self,
        axis: Series,
        source: Series,
        low: float,
        high: float,
        bins: int,
        log_x: bool = False,
    ) -> None:
        """`bins` between `low` and `high`, with `log_x` of equal ratio; then `low` must be > 0."""
        self._axis, self._source = axis, source
        self._low, self._high = low, high
        # What is left and right of the picture has a bin of its own.
        self._edges = (np.geomspace if log_x else np.linspace)(low, high, bins + 1)
        self._edges[-1] = np.nextafter(high, np.inf)  # the end belongs to the picture
        self._x = np.empty(bins + 2)
        self._bounds = np.empty((2, bins + 2), np.float64)
        self._bins = np.empty(bins + 2, np.int64)  # the number of each bin that holds something
        self._filled = 0
        self._taken = -1  # values of the series that were looked at; -1 before the first time
        self._complete = False

    def update(self) -> int:
        """Takes in what is new. From the number it returns on points are new or have changed."""
        size = min(len(self._axis), len(self._source))
        if self._complete or size <= max(self._taken, 0):
            return self._filled
        if self._taken < 0:
            # One value on either side of the picture, so that the curve runs through its edges.
            self._taken = max(int(self._axis.places(self._low)) - 1, 0)
        stop = min(int(self._axis.places(self._high, "right")) + 1, size)
        self._complete = stop < size
        first = self._filled
        if stop > self._taken:
            first = self._add(self._taken, stop)
            self._taken = stop
        return first

    def _add(self, start: int, stop: int) -> int:
        """Takes in the values from `start` to `stop`; returns the first point that it touched."""
        begun = int(self._bins[self._filled - 1]) if self._filled else 0
        if self._filled and begun < len(self._edges):
            newest = self._axis.values[stop - 1]
            if newest < self._edges[begun]:  # all in the newest bin, as nearly always in long runs
                new, last = self._source.values[start:stop], self._filled - 1
                self._x[last] = newest
                self._bounds[0, last] = np.minimum(self._bounds[0, last], new.min())
                self._bounds[1, last] = np.maximum(self._bounds[1, last], new.max())
                return last
        edges = np.minimum(self._axis.places(self._edges[begun:], start=start), stop)
        edges = np.concatenate([[start], edges, [stop]])
        numbers = np.flatnonzero(edges[1:] > edges[:-1])
        edges = np.append(edges[numbers], stop)
        numbers += begun
        lows, highs = self._source.extremes(edges)
        ends = self._axis.values[edges[1:] - 1]
        first = self._filled
        if first and self._bins[first - 1] == numbers[0]:  # the newest bin goes on
            first -= 1
            lows[0] = np.minimum(lows[0], self._bounds[0, first])
            highs[0] = np.maximum(highs[0], self._bounds[1, first])
        self._filled = first + len(numbers)
        self._x[first : self._filled] = ends
        self._bounds[0, first : self._filled] = lows
        self._bounds[1, first : self._filled] = highs
        self._bins[first : self._filled] = numbers
        return first

    def points(self) -> tuple[Floats, Floats, Floats]:
        """`(x, minima, maxima)` of the bins that hold something; each x is the last of its bin."""
        here = slice(self._filled)
        return self._x[here], self._bounds[0, here], self._bounds[1, here]
