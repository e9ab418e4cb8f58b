"""How large the last values of a series are, counted by magnitude; costs what is new."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rnnviz.session.series import Series

PER_DECADE = 400  # fine bins; what is drawn joins whole numbers of them
_LOW, _HIGH = -12, 12  # decimal logarithms counted in bins
_BINS = (_HIGH - _LOW) * PER_DECADE
_SMALL, _LARGE, _NAN, _INFINITE = range(_BINS, _BINS + 4)  # zeros are small


class RecentCounts:
    """The last `window` values of a series of norms (all of them for 0), as a histogram."""

    def __init__(self, source: Series, window: int) -> None:
        self.window = window
        self._source = source
        self._counts = np.zeros(_BINS + 4, np.int64)
        self._begin = self._end = 0  # what of the source is counted
        self._lost: list[int] = []  # places of values that are no finite numbers
        self._above: tuple[float, int] = (math.nan, 0)  # a threshold and how many exceed it

    def update(self) -> None:
        """Counts what is new and drops what is older than the window."""
        end = len(self._source)
        if end == self._end:
            return
        begin = max(end - self.window, 0) if self.window else 0
        values = self._source.values
        if begin >= self._end:  # nothing that was counted is left
            self._counts[:] = 0
            self._lost.clear()
            self._above = (math.nan, 0)
            self._begin = self._end = begin
        old, new = values[self._begin : begin], values[self._end : end]
        self._counts -= _counted(old)
        self._counts += _counted(new)
        threshold, above = self._above
        above += int(np.count_nonzero(new > threshold)) - int(np.count_nonzero(old > threshold))
        self._above = (threshold, above)
        self._lost = [place for place in self._lost if place >= begin]
        self._lost += (np.flatnonzero(~np.isfinite(new)) + self._end).tolist()
        self._begin, self._end = begin, end

    def __len__(self) -> int:
        """How many values are counted, whatever they are."""
        return self._end - self._begin

    @property
    def not_a_number(self) -> int:
        """How many are NaN."""
        return int(self._counts[_NAN])

    @property
    def infinite(self) -> int:
        """How many are infinite."""
        return int(self._counts[_INFINITE])

    @property
    def lost(self) -> list[int]:
        """Places in the series of those that are no finite numbers, in order."""
        return list(self._lost)

    def above(self, threshold: float) -> int:
        """How many are larger than a threshold, exactly; an infinite one is."""
        if threshold != self._above[0]:
            part = self._source.values[self._begin : self._end]
            self._above = (threshold, int(np.count_nonzero(part > threshold)))
        return self._above[1]

    def bins(
        self, low: float, high: float, per_decade: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], int, int]:
        """Edges (decimal logarithms), counts between them, and how many are below and above.

        The edges are multiples of `1 / per_decade`, which must divide `PER_DECADE`, and hold `low`
        to `high`. Zeros are below; what is no finite number is nowhere.
        """
        first = max(math.floor(low * per_decade + 1e-9), _LOW * per_decade)
        last = min(math.ceil(high * per_decade - 1e-9), _HIGH * per_decade)
        joined = PER_DECADE // per_decade
        start, stop = (edge * joined - _LOW * PER_DECADE for edge in (first, last))
        counts = self._counts[start:stop].reshape(-1, joined).sum(axis=1)
        below = int(self._counts[:start].sum() + self._counts[_SMALL])
        above = int(self._counts[stop:_BINS].sum() + self._counts[_LARGE])
        return np.arange(first, last + 1) / per_decade, counts, below, above

    def quantile(self, share: float) -> float | None:
        """The decimal logarithm below which a share of the positive finite values is.

        To half a fine bin, 0.3 %; None when there is none.
        """
        sums = np.cumsum(self._counts[:_BINS])
        if not sums[-1]:
            return None
        place = int(np.searchsorted(sums, max(share * float(sums[-1]), 0.5)))
        return _LOW + (min(place, _BINS - 1) + 0.5) / PER_DECADE


def _counted(values: NDArray[np.float32]) -> NDArray[np.int64]:
    numbers = values.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = np.floor((np.log10(numbers) - _LOW) * PER_DECADE)
    places = np.where(places < 0, _SMALL, np.where(places >= _BINS, _LARGE, places))
    places[np.isnan(numbers)] = _NAN
    places[np.isinf(numbers)] = _INFINITE
    return np.bincount(places.astype(np.intp), minlength=_BINS + 4)
