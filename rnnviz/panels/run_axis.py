"""The x axis of a run: its steps, the characters read or the time trained, linear or logarithmic.

Three scales are at work: steps, the `values` an axis counts (steps, characters, seconds) and plot
coordinates (the values, or their decimal logarithm).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rnnviz.panels.number_text import whole
from rnnviz.panels.ticks import Range, Tick, linear_ticks, log_ticks
from rnnviz.session.history import ALONG, History
from rnnviz.session.series import Series

Floats = NDArray[np.float64]

_LEAST_SECONDS = 1e-3  # the beginning of a logarithmic axis of time, at the earliest
_ROUND_SECONDS = (1, 2, 5, 10, 15, 30)  # between ticks; also of minutes
_MINUTE, _HOUR = 60.0, 3600.0


class RunAxis:
    """Maps between the three scales for the history of one run."""

    def __init__(self, kind: str = "step", log: bool = True) -> None:
        """`kind` is one of `history.ALONG`: step, characters, seconds."""
        assert kind in ALONG
        self.kind, self.log = kind, log
        self.history: History | None = None

    def _column(self) -> Series | None:
        if self.history is None or not len(self.history):
            return None
        column: Series = getattr(self.history, self.kind)
        return column

    # Steps and values.

    def values_of(self, steps: Floats) -> Floats:
        """What the axis counts, at some steps: between two reported ones, linearly."""
        column = self._column()
        if self.kind == "step" or column is None or self.history is None:
            return np.asarray(steps, np.float64)
        return _between(np.asarray(steps, np.float64), self.history.step, column)

    def value_of(self, step: float) -> float:
        """`values_of` one step."""
        return float(step) if self.kind == "step" else float(self.values_of(np.array([step]))[0])

    def step_of(self, value: float) -> float:
        """The step at which the axis counted so much."""
        column = self._column()
        if self.kind == "step" or column is None or self.history is None:
            return value
        return float(_between(np.array([value]), column, self.history.step)[0])

    def least(self) -> float:
        """The value at the left end of a picture of the whole run."""
        if not self.log:
            return 1.0 if self.kind == "step" else 0.0
        column = self._column()
        if self.kind == "step" or column is None:
            return 1.0
        first = float(column.values[0])
        return max(first, _LEAST_SECONDS if self.kind == "seconds" else 1.0)

    # Values and plot coordinates.

    def plotted(self, values: Floats) -> Floats:
        """Plot coordinates of values."""
        if not self.log:
            return values
        least = _LEAST_SECONDS if self.kind == "seconds" else 1.0
        return np.log10(np.maximum(values, least))

    def at(self, value: float) -> float:
        """Plot coordinate of one value."""
        if not self.log:
            return value
        return math.log10(max(value, _LEAST_SECONDS if self.kind == "seconds" else 1.0))

    def value_at(self, x: float) -> float:
        """The value at a plot coordinate."""
        return float(10.0 ** min(x, 300.0)) if self.log else x

    # Words.

    def ticks(self, shown: Range, room: int) -> list[Tick]:
        """Round numbers of what the axis counts, at most about `room`."""
        if self.kind == "seconds":
            if self.log:
                return log_ticks(shown, room, short_seconds)
            return _time_ticks(shown, room)
        text = whole if self.kind == "step" else short_count
        if self.log:
            return log_ticks(shown, room, text)
        return linear_ticks(shown, room, text, least_step=1.0)

    def value_text(self, value: float) -> str:
        """A value in full."""
        return clock_text(value) if self.kind == "seconds" else whole(value)


def _between(at: Floats, source: Series, target: Series) -> Floats:
    """`target` linearly interpolated at places of `source`; from 0 before, level after the end."""
    right = np.minimum(source.places(at), len(source) - 1)
    left = right - 1
    x, y = source.values, target.values
    x1, y1 = x[right].astype(np.float64), y[right].astype(np.float64)
    inside = left >= 0
    x0 = np.where(inside, x[np.maximum(left, 0)], 0).astype(np.float64)
    y0 = np.where(inside, y[np.maximum(left, 0)], 0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(x1 > x0, (at - x0) / (x1 - x0), 1.0)
    return np.asarray(y0 + np.clip(share, 0.0, 1.0) * (y1 - y0))


def short_count(value: float) -> str:
    """A large count as axes show it: 800, 1.6 k, 50 k, 2 M, 1.5 G."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size * (1 - 1e-9):
            return f"{value / size:.3g} {letter}"
    return f"{value:,.0f}"


def short_seconds(value: float) -> str:
    """A time as a logarithmic axis shows it: 0.1 s, 20 s, 1,000 s."""
    return f"{value:,.0f} s" if value >= 1 else f"{value:g} s"


def clock_text(seconds: float) -> str:
    """A time as m:ss, with hours in front once there are any; short ones with a decimal."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _time_ticks(shown: Range, room: int) -> list[Tick]:
    """Round times: of seconds below a minute, then of minutes, then of hours."""
    gaps = [
        *(float(n) for n in _ROUND_SECONDS),
        *(n * _MINUTE for n in _ROUND_SECONDS),
        *(n * _HOUR for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
    ]
    gap = next((g for g in gaps if shown.span / g <= max(room, 1)), gaps[-1])
    if shown.span < 2 * gaps[0]:
        return linear_ticks(shown, room, lambda value: f"{value:.3g} s")
    first, last = math.ceil(shown.low / gap - 1e-9), math.floor(shown.high / gap + 1e-9)
    return [Tick(n * gap, _tick_clock(n * gap)) for n in range(first, last + 1)]


def _tick_clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
