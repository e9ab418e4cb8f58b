"""Round numbers for the loss axis, in the unit it is read in."""

from __future__ import annotations

import math

from rnnviz.panels.ticks import Range, Tick, linear_ticks, log_ticks, nice_step

_LN2 = math.log(2)


def loss_ticks(nats: Range, most: int, unit: str, log: bool) -> list[Tick]:
    """Ticks in plot coordinates: nats per character or, with `log`, their decimal logarithm.

    At most about `most`. Perplexity is e^nats: its ticks are those of a logarithmic axis over nats.
    """
    if unit == "perplexity":
        scale = math.log(10)
        shown = Range(nats.low / scale, nats.high / scale)
        return [Tick(t.at * scale, t.label) for t in log_ticks(shown, most)]
    scale = _LN2 if unit == "bits" else 1.0
    if log:
        shift = math.log10(scale)
        shown = Range(nats.low - shift, nats.high - shift)
        return [Tick(t.at + shift, t.label) for t in _log_loss_ticks(shown, most)]
    shown = Range(nats.low / scale, nats.high / scale)
    step = nice_step(shown.span, most)
    decimals = max(1, -math.floor(math.log10(step) + 1e-9))
    ticks = linear_ticks(shown, most, lambda value: f"{value:,.{decimals}f}")
    return [Tick(t.at * scale, t.label) for t in ticks]


def _log_loss_ticks(shown: Range, most: int) -> list[Tick]:
    """Ticks of a logarithmic loss axis, which seldom spans a decade: round numbers between."""
    if shown.span >= 1.3:
        return log_ticks(shown, most)
    low, high = 10.0**shown.low, 10.0**shown.high
    step = nice_step(high - low, 2 * most)
    decimals = max(1, -math.floor(math.log10(step) + 1e-9))
    ticks: list[Tick] = []
    least = shown.span / max(most, 1)
    for index in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        value = index * step
        if value > 0 and (not ticks or math.log10(value) - ticks[-1].at >= 0.9 * least):
            ticks.append(Tick(math.log10(value), f"{value:,.{decimals}f}"))
    return ticks
