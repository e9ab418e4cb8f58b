"""The entries of one step's gradient, counted by sign and magnitude."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PER_DECADE = 40  # bins
LOW, HIGH = -10, 6  # decimal logarithms of |entry| between which there are bins
_BINS = (HIGH - LOW) * PER_DECADE
MOST = 100_000  # entries looked at: from more parameters every n-th


@dataclass(frozen=True)
class EntryCounts:
    """Entries of a gradient before clipping: `counts` is (2, bins), negative ones first.

    Bins go from 10^LOW to 10^HIGH. `small` are nearer to 0 (zeros too), `large` farther away,
    negative and positive ones. `entries` were looked at of `of_entries` there are.
    """

    step: int
    counts: NDArray[np.int64]
    small: int
    large: tuple[int, int]
    entries: int
    of_entries: int

    def size_quantile(self, share: float) -> float:
        """The decimal logarithm of |entry| below which a share of them is, to one bin."""
        sums = self.small + np.cumsum(self.counts.sum(axis=0))
        return LOW + int(np.searchsorted(sums, share * self.entries)) / PER_DECADE

    def joined(
        self, low: float, high: float, per_decade: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], int, tuple[int, int]]:
        """Edges (decimal logarithms of |entry|), counts `(2, n)`, how many are smaller, larger.

        `per_decade` must divide `PER_DECADE`; the edges are multiples of its inverse.
        """
        first = max(math.floor(low * per_decade + 1e-9), LOW * per_decade)
        last = min(math.ceil(high * per_decade - 1e-9), HIGH * per_decade)
        joined = PER_DECADE // per_decade
        start, stop = (edge * joined - LOW * PER_DECADE for edge in (first, last))
        counts = self.counts[:, start:stop].reshape(2, -1, joined).sum(axis=2)
        small = self.small + int(self.counts[:, :start].sum())
        beyond = self.counts[:, stop:].sum(axis=1)
        large = (int(beyond[0]) + self.large[0], int(beyond[1]) + self.large[1])
        return np.arange(first, last + 1) / per_decade, counts, small, large


def gradient_entries(
    step: int,
    flat: NDArray[np.float32],
    limited: tuple[NDArray[np.intp], NDArray[np.float32]] | None = None,
) -> EntryCounts:
    """Counts the entries `(n,)` of a gradient, all or every k-th, about `MOST` of them.

    `limited` holds the places and former values of entries that clipping has changed in `flat`.
    """
    every = -(-flat.size // MOST)
    start = step % every  # others in other steps
    chosen = flat[start::every].copy()
    if limited is not None:
        places, values = limited
        kept = (places - start) % every == 0
        chosen[(places[kept] - start) // every] = values[kept]
    sizes = np.abs(chosen)
    with np.errstate(divide="ignore"):
        bins = np.floor((np.log10(sizes) - LOW) * PER_DECADE)
    small = bins < 0
    large = bins >= _BINS
    inside = ~(small | large)
    positive = chosen > 0
    places = bins[inside].astype(np.intp) + _BINS * positive[inside]
    counts = np.bincount(places, minlength=2 * _BINS).reshape(2, _BINS)
    counts.flags.writeable = False
    return EntryCounts(
        step,
        counts,
        int(np.count_nonzero(small)),
        (int(np.count_nonzero(large & ~positive)), int(np.count_nonzero(large & positive))),
        chosen.size,
        flat.size,
    )
