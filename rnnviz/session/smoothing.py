"""The loss averaged over a window the user chooses: causal, so that past points never move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnviz.session.series import Series

Floats = NDArray[np.float64]

GROWTH = 8  # the window is this part of the steps so far, until it has its full length
_BLOCK = 16  # values worked out at once where the window no longer grows
_FEW = 256  # up to so many new values a plain loop is as fast


class SmoothedSeries:
    """The exponential mean of a series over up to `window` values, kept up to date with it.

    s_n = s_{n-1} + (x_n - s_{n-1}) / w with w = n / 8 held within 1 and `window`, as the runner's
    own. A mean depends on what came before alone, and one that was given is never changed.
    """

    def __init__(self, source: Series, window: int) -> None:
        self.window = window
        self.means = Series()
        self._source = source
        self._last = 0.0

    def update(self) -> Series:
        """Takes in what is new in the source; costs what is new. Returns the means."""
        begin, values = len(self.means), self._source.values
        if begin == len(values):
            return self.means
        new = values[begin:].astype(np.float64)
        if not np.isfinite(new).all():  # such a value leaves the mean where it was
            new = _carried(new, self._last)
        # The first values one by one, while the window grows.
        growing = min(max(GROWTH * self.window - begin, 0), len(new))
        if len(new) - growing <= _FEW:
            growing = len(new)
        means = np.empty(len(new))
        last = self._last
        for index, value in enumerate(new[:growing].tolist()):
            width = min(max((begin + index + 1) / GROWTH, 1.0), self.window)
            last += (value - last) / width
            means[index] = last
        if growing < len(new):
            means[growing:] = exponential_means(new[growing:], 1.0 / self.window, last)
            last = float(means[-1])
        self._last = last
        self.means.append(means)
        return self.means


def exponential_means(values: Floats, share: float, start: float) -> Floats:
    """s_n = s_{n-1} + share (x_n - s_{n-1}) from `start`, without a loop over the values."""
    count = len(values)
    blocks = -(-count // _BLOCK)
    if blocks <= 1:
        weights = (1.0 - share) ** np.arange(1, count + 1)
        return np.asarray(_within_blocks(values[None, :], share)[0] + weights * start)
    padded = np.zeros(blocks * _BLOCK)
    padded[:count] = values
    inside = _within_blocks(padded.reshape(blocks, _BLOCK), share)
    # What a block begins with is such a mean itself, over the ends of the blocks before.
    whole = 1.0 - (1.0 - share) ** _BLOCK
    ends = exponential_means(inside[:-1, -1] / whole, whole, start)
    begins = np.concatenate([[start], ends])
    weights = (1.0 - share) ** np.arange(1, _BLOCK + 1)
    return np.asarray((inside + begins[:, None] * weights).reshape(-1)[:count])


def _within_blocks(rows: Floats, share: float) -> Floats:
    """The means of each row `(n, size)` as if it began from 0."""
    size = rows.shape[1]
    back = np.arange(size)[:, None] - np.arange(size)
    weights = np.where(back >= 0, share * (1.0 - share) ** np.maximum(back, 0), 0.0)
    return np.asarray(rows @ weights.T)


def _carried(values: Floats, last: float) -> Floats:
    """Values with each that is no finite number replaced by the one before."""
    good = np.isfinite(values)
    at = np.maximum.accumulate(np.where(good, np.arange(len(values)), -1))
    return np.where(at >= 0, values[np.maximum(at, 0)], last)
