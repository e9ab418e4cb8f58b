"""How well each character of a text was expected, in the unit of the axis: bits, nats or ranks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rnnviz.probes.expectations import Expectations

LN2 = math.log(2.0)
_LEVELS = (1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10)


def bar_values(found: Expectations, unit: str) -> NDArray[np.float64]:
    """The height of each bar (T,), surprisal or rank; NaN where the output is not finite."""
    if unit == "rank":
        return np.where(found.ranks > 0, found.ranks, np.nan).astype(np.float64)
    return found.surprisal * (LN2 if unit == "nats" else 1.0)


def expected_values(found: Expectations, unit: str) -> NDArray[np.float64]:
    """The entropy at each column (T + 1,); NaN where the unit is the rank."""
    if unit == "rank":
        return np.full(len(found.entropy), np.nan)
    return found.entropy * (LN2 if unit == "nats" else 1.0)


def mean_value(found: Expectations, unit: str) -> float:
    """Over the characters that count; of ranks the median; NaN when none does."""
    judged = bar_values(found, unit)[found.judged]
    if not len(judged) or not np.isfinite(judged).all():
        return math.nan
    return float(np.median(judged) if unit == "rank" else judged.mean())


def level_above(largest: float) -> float:
    """The end of the axis: the smallest of 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, ... to hold it.

    1.2 and 1.5 are left out: bars of next to nothing should look like it.
    """
    if not math.isfinite(largest) or largest <= 1:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(largest))
    levels = (factor * decade for factor in _LEVELS)
    return next((level for level in levels if largest <= level and level not in (1.2, 1.5)), 2.0)
