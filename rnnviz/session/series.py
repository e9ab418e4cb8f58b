"""A growing column of numbers that is quick to draw, however long it is."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

_BLOCK = 16  # entries of one level that make one entry of the next
_FIRST_CAPACITY = 1024
_FAR = 2.0**62  # beyond every step


class Series:
    """A growing column of numbers with a min/max pyramid over it."""

    def __init__(self, dtype: Any = np.float32) -> None:
        self._values: NDArray[Any] = np.empty(_FIRST_CAPACITY, dtype)
        self._size = 0
        # _levels[k] holds (minima, maxima, filled) over complete blocks of 16^(k+1) values.
        self._levels: list[tuple[NDArray[Any], NDArray[Any], int]] = []

    def __len__(self) -> int:
        return self._size

    @property
    def values(self) -> NDArray[Any]:
        """All values, a read-only view that later appends do not change."""
        view = self._values[: self._size]
        view.flags.writeable = False
        return view

    def append(self, values: NDArray[Any]) -> None:
        """Adds values at the end; the pyramid grows when it is next read."""
        needed = self._size + len(values)
        if needed > len(self._values):
            grown = np.empty(max(needed, 2 * len(self._values)), self._values.dtype)
            grown[: self._size] = self._values[: self._size]
            self._values = grown
        self._values[self._size : needed] = values
        self._size = needed

    def _complete_blocks(self) -> None:
        """Completes the blocks that were filled since; many columns are never asked for any."""
        low, high, size = self._values, self._values, self._size
        for level in range(32):
            blocks = size // _BLOCK
            if blocks == 0:
                return
            if level == len(self._levels):
                empty = np.empty(_FIRST_CAPACITY // _BLOCK, self._values.dtype)
                self._levels.append((empty, empty.copy(), 0))
            minima, maxima, filled = self._levels[level]
            if blocks > len(minima):
                room = max(blocks, 2 * len(minima))
                minima = np.concatenate([minima, np.empty(room - len(minima), minima.dtype)])
                maxima = np.concatenate([maxima, np.empty(room - len(maxima), maxima.dtype)])
            if blocks > filled:
                part = slice(filled * _BLOCK, blocks * _BLOCK)
                minima[filled:blocks] = low[part].reshape(-1, _BLOCK).min(axis=1)
                maxima[filled:blocks] = high[part].reshape(-1, _BLOCK).max(axis=1)
            self._levels[level] = (minima, maxima, blocks)
            low, high, size = minima, maxima, blocks

    def places(
        self, values: Any, side: Literal["left", "right"] = "left", start: int = 0
    ) -> NDArray[np.int64]:
        """Where numbers would be inserted into this column, which must not fall, from `start` on.

        As `np.searchsorted`, but whole numbers stay such: a column as long as a run is not copied.
        """
        column = self.values[start:]
        if column.dtype.kind == "i":
            # As doubles: of a whole number beyond them all NumPy makes an object.
            rounded = (np.ceil if side == "left" else np.floor)(np.asarray(values, np.float64))
            values = np.clip(rounded, -_FAR, _FAR).astype(column.dtype)
        else:
            values = np.asarray(values, column.dtype)
        return np.asarray(np.searchsorted(column, values, side)) + start

    def range(self) -> tuple[float, float]:
        """Minimum and maximum of the whole column, which must not be empty; the newest included."""
        self._complete_blocks()
        done, lows, highs = 0, [], []
        for level in range(len(self._levels) - 1, -1, -1):
            minima, maxima, filled = self._levels[level]
            unit = _BLOCK ** (level + 1)
            lows.append(minima[done // unit : filled].min(initial=np.inf))
            highs.append(maxima[done // unit : filled].max(initial=-np.inf))
            done = filled * unit
        rest = self._values[done : self._size]
        lows.append(rest.min(initial=np.inf))
        highs.append(rest.max(initial=-np.inf))
        return float(min(lows)), float(max(highs))

    def extremes(self, edges: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Minimum and maximum of each bin `[edges[i], edges[i+1])`; edges rise, inside the column.

        Bins much wider than a block are read from the pyramid with their edges rounded to a
        sixteenth of their width; each costs the same whatever it spans.
        """
        self._complete_blocks()
        count = len(edges) - 1
        minima = np.empty(count, self._values.dtype)
        maxima = np.empty(count, self._values.dtype)
        widths = np.diff(edges)
        # The level whose blocks are at most a sixteenth of the bin.
        wanted = np.zeros(count, np.int64)
        wide = widths >= _BLOCK * _BLOCK
        wanted[wide] = np.log2(widths[wide]).astype(np.int64) // 4 - 1
        wanted = np.minimum(wanted, len(self._levels))
        for level in np.unique(wanted):
            chosen = np.flatnonzero(wanted == level)
            if level == 0:
                low = high = self._values
                size, unit = self._size, 1
            else:
                low, high, size = self._levels[level - 1]
                unit = _BLOCK ** int(level)
            starts = np.minimum(edges[chosen] // unit, size - 1)
            stops = np.minimum(np.maximum(edges[chosen + 1] // unit, starts + 1), size)
            minima[chosen] = _reduce(np.minimum, low[:size], starts, stops)
            maxima[chosen] = _reduce(np.maximum, high[:size], starts, stops)
        return minima, maxima


def _reduce(
    ufunc: np.ufunc, values: NDArray[Any], starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> NDArray[Any]:
    """`ufunc` over each `values[start:stop]`; the slices may leave gaps, none is empty."""
    bounds = np.empty(2 * len(starts), np.int64)
    bounds[0::2], bounds[1::2] = starts, stops
    # The last slice runs to the end: cut there, or each call would read the rest of the run.
    return np.asarray(ufunc.reduceat(values[: bounds[-1]], bounds[:-1])[::2])
