"""Numbers as they are written on axes and in labels."""

from __future__ import annotations

import math


def whole(value: float) -> str:
    """Steps and counts: 12,345."""
    return f"{round(value):,}"


def two_figures(value: float) -> str:
    """Norms and thresholds with two significant figures: 0.012, 5.0, 12, 1,200, 3.1e+09."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.1e}")
    exponent = math.floor(math.log10(abs(rounded)))
    if exponent >= 5 or exponent < -4:
        return f"{rounded:.1e}"
    return f"{rounded:,.{max(1 - exponent, 0)}f}"


def decade(value: float) -> str:
    """An axis number on a logarithmic axis: 0.01, 1, 20, 1,000, 1e7."""
    if 1e-4 <= value < 1e6:
        return f"{value:,.0f}" if value >= 1 else f"{value:g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"
