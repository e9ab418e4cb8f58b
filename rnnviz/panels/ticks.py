"""Where the numbers of an axis stand: round ones, linear or logarithmic, never too many."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from rnnviz.panels.number_text import decade

_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)


class Tick(NamedTuple):
    """A place on an axis in plot coordinates; a minor tick has no label."""

    at: float
    label: str = ""


class Range(NamedTuple):
    """What an axis shows, in plot coordinates."""

    low: float
    high: float

    @property
    def span(self) -> float:
        """Its length."""
        return self.high - self.low


def nice_step(span: float, most: int) -> float:
    """The smallest 1, 2 or 5 times a power of ten that cuts `span` into at most `most` parts."""
    raw = span / max(most, 1)
    base = 10.0 ** math.floor(math.log10(raw))
    for mantissa in (1.0, 2.0, 5.0):
        if mantissa * base >= raw * (1 - 1e-9):
            return mantissa * base
    return 10.0 * base


def linear_ticks(
    shown: Range, most: int, text: Callable[[float], str] | None = None, least_step: float = 0.0
) -> list[Tick]:
    """At most `most` + 1 round numbers; without `text` they share the decimals their step needs."""
    step = max(nice_step(shown.span, most), least_step)
    decimals = max(-math.floor(math.log10(step) + 1e-9), 0)
    first, last = math.ceil(shown.low / step - 1e-9), math.floor(shown.high / step + 1e-9)
    values = [index * step for index in range(first, last + 1)]
    return [Tick(v, text(v) if text else f"{v:,.{decimals}f}") for v in values]


def log_ticks(shown: Range, most: int, text: Callable[[float], str] = decade) -> list[Tick]:
    """Ticks for a range of decimal logarithms: decades, and 2 and 5 between them where few."""
    return list(_log_ticks(shown, most, text))


@lru_cache(maxsize=16)  # every frame asks for the same ones several times
def _log_ticks(shown: Range, most: int, text: Callable[[float], str]) -> list[Tick]:
    first, last = math.floor(shown.low), math.ceil(shown.high)
    skip = max(1, math.ceil((last - first) / max(most, 1)))
    decades = [e for e in range(first, last + 1) if shown.low - 1e-9 <= e <= shown.high + 1e-9]
    labelled: Sequence[int] = (1,)
    if len(decades) < 3 and 3 * max(shown.span, 1.0) <= most:
        labelled = (1, 2, 5)
    ticks = []
    for exponent in range(first, last + 1):
        for mantissa in range(1, 10):
            at = exponent + math.log10(mantissa)
            if not shown.low - 1e-9 <= at <= shown.high + 1e-9:
                continue
            wanted = mantissa in labelled and (exponent % skip == 0 or skip == 1)
            if wanted:
                ticks.append(Tick(at, text(mantissa * 10.0**exponent)))
            elif skip == 1 and last - first <= 8:
                ticks.append(Tick(at))
    if sum(bool(tick.label) for tick in ticks) >= 2 or shown.span <= 0:
        return ticks
    # Zoomed in between two round numbers: as on a linear axis of the values.
    low, high = 10.0**shown.low, 10.0**shown.high
    plain = linear_ticks(Range(low, high), most)
    return [Tick(math.log10(t.at), t.label) for t in plain if t.at > 0]


def grown(value: float) -> float:
    """The next round number at or above a positive value, so that axes grow in steps."""
    base = 10.0 ** math.floor(math.log10(value))
    for mantissa in _STEPS:
        if mantissa * base >= value * (1 - 1e-9):
            return mantissa * base
    return 10.0 * base
