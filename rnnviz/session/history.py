"""Everything a run has reported so far, kept whole and made quick to draw; owned by the window.

A step costs about 40 bytes. Curves are read through min/max pyramids, so that a frame over a
million steps costs no more than one over a thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnnviz.probes.gradient_entries import EntryCounts
from rnnviz.session.frames import Event, Row, Sample, Validation
from rnnviz.session.mailbox import Delivery
from rnnviz.session.norm_history import NormHistory
from rnnviz.session.record import COLUMNS, Record
from rnnviz.session.series import Series

Floats = NDArray[np.float64]
Timed = TypeVar("Timed", Validation, Sample, Event)

ALONG = ("step", "characters", "seconds")  # columns that never fall: what curves are drawn against


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
        self.entries: EntryCounts | None = None  # the newest that somebody wanted to see

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
        self.entries = delivery.entries or self.entries
        for event in delivery.events:
            if event.replaces and self.events and self.events[-1].kind == event.kind:
                self.events.pop()
            self.events.append(event)

    def add_rows(self, rows: list[Row]) -> None:
        """Appends the scalars of some steps."""
        names = Row._fields
        numbers = np.fromiter(chain.from_iterable(rows), np.float64, len(names) * len(rows))
        columns = numbers.reshape(-1, len(names)).T
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
        self,
        column: str | Series,
        low: float,
        high: float,
        bins: int,
        log_x: bool,
        along: str = "step",
    ) -> tuple[Floats, Floats, Floats]:
        """A column (or a series as long) thinned for drawing: `(x, minima, maxima)` of `bins`.

        x is another column, one of `ALONG`, of which `low` to `high` is shown; with `log_x` bins
        are equal on a logarithmic axis. Each x is the last of its bin, so that the newest point
        stands where it is.
        """
        axis: Series = getattr(self, along)
        series: Series = getattr(self, column) if isinstance(column, str) else column
        places = axis.values
        first = max(int(axis.places(low)) - 1, 0)
        last = min(int(axis.places(high, "right")) + 1, len(places))
        if last - first < 1:
            empty = np.empty(0)
            return empty, empty, empty
        if last - first <= bins:
            y = series.values[first:last].astype(np.float64)
            return places[first:last].astype(np.float64), y, y
        start, stop = float(places[first]), float(places[last - 1])
        if log_x:
            least = 1.0 if along != "seconds" else 1e-3
            inner = np.geomspace(max(start, least), max(stop, 2 * least), bins + 1)
        else:
            inner = np.linspace(start, stop, bins + 1)
        edges = np.unique(axis.places(inner[:-1]))
        edges = np.append(edges[(edges >= first) & (edges < last)], last)
        if edges[0] > first:
            edges = np.insert(edges, 0, first)
        minima, maxima = series.extremes(edges)
        return (
            places[edges[1:] - 1].astype(np.float64),
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
