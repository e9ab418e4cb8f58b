"""Everything a run has reported so far, kept whole and made quick to draw; owned by the window.

A step costs about 40 bytes. Curves are read through min/max pyramids, so that a frame over a
million steps costs no more than one over a thousand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnnviz.session.frames import Event, Row, Sample, Validation
from rnnviz.session.mailbox import Delivery
from rnnviz.session.norm_history import NormHistory
from rnnviz.session.record import COLUMNS, Record

Floats = NDArray[np.float64]
Timed = TypeVar("Timed", Validation, Sample, Event)

_BLOCK = 16  # entries of one level that make one entry of the next
_FIRST_CAPACITY = 1024


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
        """Adds values at the end and completes the blocks of the pyramid they fill."""
        needed = self._size + len(values)
        if needed > len(self._values):
            grown = np.empty(max(needed, 2 * len(self._values)), self._values.dtype)
            grown[: self._size] = self._values[: self._size]
            self._values = grown
        self._values[self._size : needed] = values
        self._size = needed
        self._complete_blocks()

    def _complete_blocks(self) -> None:
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

    def extremes(self, edges: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Minimum and maximum of each bin `[edges[i], edges[i+1])`; edges rise, inside the column.

        Bins much wider than a block are read from the pyramid with their edges rounded to a
        sixteenth of their width; each costs the same whatever it spans.
        """
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
    if bounds[-1] == len(values):  # reduceat takes no index past the end; the last slice runs there
        bounds = bounds[:-1]
    return np.asarray(ufunc.reduceat(values, bounds)[::2])


class History:
    """The full record of one run. Columns are aligned: entry i of each belongs to `step[i]`."""

    def __init__(self, smoothing: int = 60) -> None:
        self.smoothing = smoothing
        self.step = Series(np.int64)
        self.characters = Series(np.int64)
        self.seconds = Series(np.float64)
        self.loss = Series()
        self.smoothed = Series()
        self.grad_norm = Series()
        self.max_abs = Series()
        self.clipped = Series(np.bool_)
        self.learning_rate = Series()
        self.last: Row | None = None
        self.validations: list[Validation] = []
        self.samples: list[Sample] = []
        self.events: list[Event] = []
        self.norms = NormHistory()  # of this sitting: not kept with the run

    def __len__(self) -> int:
        return len(self.step)

    def extend(self, delivery: Delivery) -> None:
        """Takes over what a mailbox delivered."""
        if delivery.rows:
            self.add_rows(delivery.rows)
        self.validations += delivery.validations
        self.samples += delivery.samples
        for measured in delivery.norms:
            self.norms.append(measured)
        for event in delivery.events:
            if event.replaces and self.events and self.events[-1].kind == event.kind:
                self.events.pop()
            self.events.append(event)

    def add_rows(self, rows: list[Row]) -> None:
        """Appends the scalars of some steps."""
        columns = np.array(rows, dtype=np.float64).T
        names = Row._fields
        for name in COLUMNS:
            getattr(self, name).append(columns[names.index(name)])
        self.last = rows[-1]

    def record(self, last: Row | None = None) -> Record:
        """Everything up to the row `last`, or to the newest; later steps do not change it."""
        last = last or self.last
        until = last.step if last is not None else 0
        size = int(np.searchsorted(self.step.values, until, side="right"))

        def within(items: Sequence[Timed]) -> tuple[Timed, ...]:
            return tuple(item for item in items if item.step <= until)

        return Record(
            columns={name: getattr(self, name).values[:size] for name in COLUMNS},
            last=last if size else None,
            validations=within(self.validations),
            samples=within(self.samples),
            # A step that diverged is marked, though it was not taken.
            events=tuple(e for e in self.events if e.step <= until + (e.kind == "diverged")),
        )

    @classmethod
    def of(cls, record: Record) -> History:
        """A history that goes on from a record."""
        history = cls()
        for name in COLUMNS:
            getattr(history, name).append(record.columns[name])
        history.last = record.last
        history.validations = list(record.validations)
        history.samples = list(record.samples)
        history.events = list(record.events)
        return history

    def recent(self, column: str, count: int) -> NDArray[Any]:
        """The last `count` values of a column (fewer at the start of a run)."""
        values: NDArray[Any] = getattr(self, column).values
        return values[-count:]

    def clipped_share(self, kind: str, threshold: float, count: int = 1000) -> float:
        """Share in [0, 1] of the last `count` steps that this clipping rule would have touched."""
        if kind == "off" or not len(self):
            return 0.0
        values = self.recent("grad_norm" if kind == "norm" else "max_abs", count)
        return float(np.mean(values > threshold))

    def characters_per_second(self, span: float = 2.0) -> float:
        """Training speed over the last `span` seconds of training time."""
        if len(self) < 2:
            return 0.0
        seconds = self.seconds.values
        start = int(np.searchsorted(seconds, seconds[-1] - span))
        start = min(start, len(seconds) - 2)
        elapsed = float(seconds[-1] - seconds[start])
        characters = int(self.characters.values[-1] - self.characters.values[start])
        return characters / elapsed if elapsed > 0 else 0.0

    def curve(
        self, column: str, low: float, high: float, bins: int, log_x: bool
    ) -> tuple[Floats, Floats, Floats]:
        """A column against steps, thinned for drawing: `(x, minima, maxima)` of `bins` points.

        `low` and `high` bound the steps shown; with `log_x` bins are equal on a logarithmic axis.
        `x` is the last step of each bin, so that the newest point stands at its own step.
        """
        steps = self.step.values
        series: Series = getattr(self, column)
        # Whole numbers: to look a float up, NumPy would turn every step into one first.
        most = 2**62
        first = int(np.searchsorted(steps, math.ceil(max(low, -most))))
        last = int(np.searchsorted(steps, math.floor(min(high, most)), side="right"))
        first, last = max(first - 1, 0), min(last + 1, len(steps))
        if last - first < 1:
            empty = np.empty(0)
            return empty, empty, empty
        if last - first <= bins:
            y = series.values[first:last].astype(np.float64)
            return steps[first:last].astype(np.float64), y, y
        start, stop = float(max(steps[first], 1)), float(steps[last - 1])
        inner = np.geomspace(start, stop, bins + 1) if log_x else np.linspace(start, stop, bins + 1)
        edges = np.unique(np.searchsorted(steps, np.ceil(inner[:-1]).astype(np.int64)))
        edges = np.append(edges[(edges >= first) & (edges < last)], last)
        if edges[0] > first:
            edges = np.insert(edges, 0, first)
        minima, maxima = series.extremes(edges)
        return (
            steps[edges[1:] - 1].astype(np.float64),
            minima.astype(np.float64),
            maxima.astype(np.float64),
        )


class Smoother:
    """Exponential mean of the loss whose window grows with the step up to `window` steps.

    s_n = s_{n-1} + (x_n - s_{n-1}) / w with w = n / 8 held within 1 and `window`: the steep first
    steps are followed closely, and past points never move. With a `start` it is the classic
    exponential mean from that value (min-char-rnn: window 1000, from ln V).
    """

    def __init__(self, window: int, start: float | None = None) -> None:
        self.window = window
        self.value = 0.0 if start is None else start
        self.count = 0
        self._classic = start is not None

    def update(self, x: float) -> float:
        """Takes the newest value and returns the mean."""
        self.count += 1
        window = self.window if self._classic else min(max(self.count / 8, 1.0), self.window)
        self.value += (x - self.value) / window
        return self.value
