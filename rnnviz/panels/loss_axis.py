"""Which losses the axis of the Loss panel holds, so that it neither jumps nor is pressed flat."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rnnviz.panels.ticks import Range, nice_step

Floats = NDArray[np.float64]

_TALLEST = 1.5  # times ln V: spikes above leave the picture while the rest can be read
_LOG_STEPS = 40  # to a decade: 6 %


def enough_loss(uniform: float, newest: float | None) -> float:
    """The loss up to which all is shown: beyond what guessing costs only where the run is now."""
    now = newest if newest is not None and math.isfinite(newest) else 0.0
    return max(_TALLEST * uniform, 1.15 * now) if newest is not None else math.inf


def held_losses(losses: Floats, enough: float, seen: Range | None) -> tuple[Range, float | None]:
    """What the axis must hold of finite losses, and the height of a spike that leaves it.

    `seen` is what it held before: it does not shrink while the run goes on.
    """
    losses = losses[np.isfinite(losses)]
    low, high = float(losses.min()), float(losses.max())
    peak = high if high > enough else None
    high = min(high, enough)
    if seen is not None:  # what once had to be shown may have passed
        low, high = min(low, seen.low), max(high, min(seen.high, enough))
    return Range(low, high), peak


def loss_range(low: float, high: float) -> Range:
    """A linear axis with margins, in round steps."""
    span = max(high - low, 0.5)
    quantum = nice_step(span, 14)
    bottom = quantum * math.floor((low - 0.04 * span) / quantum)
    top = high + 0.09 * span  # room for the label above the highest line
    half = quantum / 2
    return Range(max(bottom, 0.0) if low >= 0 else bottom, half * math.ceil(top / half))


def log_loss_range(low: float, high: float) -> Range:
    """The same for decimal logarithms."""
    span = max(high - low, 0.1)
    return Range(
        math.floor(_LOG_STEPS * (low - 0.04 * span)) / _LOG_STEPS,
        math.ceil(_LOG_STEPS * (high + 0.09 * span)) / _LOG_STEPS,
    )
