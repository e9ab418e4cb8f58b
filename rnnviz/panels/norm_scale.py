"""The vertical scales of the Gradient norm panel: logarithmic, upwards or to both sides of 0."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rnnviz.panels.number_text import decade
from rnnviz.panels.ticks import Range, Tick, log_ticks

Floats = NDArray[np.float64]

_HALF_GAP = 0.5  # decades: half of what values around 0 take of a signed scale


def nice_log(value: float, up: bool) -> float:
    """Decimal logarithm of the 1, 2 or 5 times a power of ten at or beyond a positive value."""
    exponent = math.floor(math.log10(value))
    candidates = [
        exponent + shift + math.log10(mantissa) for shift in (-1, 0, 1) for mantissa in (1, 2, 5)
    ]
    at = math.log10(value)
    if up:
        return min(c for c in candidates if c >= at - 1e-9)
    return max(c for c in candidates if c <= at + 1e-9)


class LogScale:
    """Plot coordinates are decimal logarithms of positive values."""

    def at(self, value: float) -> float:
        """The plot coordinate of a positive value."""
        return math.log10(value)

    def value(self, y: float) -> float:
        """The value at a plot coordinate."""
        return float(10.0**y)

    def plotted(self, values: Floats) -> Floats:
        """Plot coordinates; those of 0 and of what is no finite number are not finite."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log10(values)

    def ticks(self, shown: Range, height: float) -> list[Tick]:
        """Decades with small ticks between them."""
        return log_ticks(shown, max(int(height / 30), 2), decade)


class SignedLogScale(LogScale):
    """Decades of |value| above `least` upwards, of negative values downwards; linear between."""

    def __init__(self, least: float) -> None:
        self.least = least

    def at(self, value: float) -> float:
        """The plot coordinate of any value."""
        size = abs(value)
        if size <= self.least:
            return _HALF_GAP * value / self.least
        return math.copysign(_HALF_GAP + math.log10(size / self.least), value)

    def value(self, y: float) -> float:
        """The value at a plot coordinate."""
        if abs(y) <= _HALF_GAP:
            return self.least * y / _HALF_GAP
        return math.copysign(self.least * 10.0 ** (abs(y) - _HALF_GAP), y)

    def plotted(self, values: Floats) -> Floats:
        """Plot coordinates of values that are not negative."""
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = _HALF_GAP + np.log10(values / self.least)
        return np.where(values <= self.least, _HALF_GAP * values / self.least, logs)

    def ticks(self, shown: Range, height: float) -> list[Tick]:
        """Decades to both sides, and 0."""
        last = math.floor(math.log10(self.value(shown.high)) + 1e-9)
        first = round(math.log10(self.least))
        room = max(int(height / 2 / 26), 1)
        gap = max(-(-(last - first + 1) // room), 1)
        ticks = [Tick(0.0, "0")]
        for exponent in range(first, last + 1):
            value = 10.0**exponent
            at = self.at(value)
            named = (last - exponent) % gap == 0 and at > 0.7
            words = decade(value) if named else ""
            ticks += [Tick(at, words), Tick(-at, f"−{words}" if words else "")]
        return ticks
