"""The units of a loss: nats, bits, perplexity, all per character."""

from __future__ import annotations

import math

from rnnviz.panels.translate import tr

_LARGEST_EXPONENT = 700.0  # e^710 overflows


def loss_text(nats: float, unit: str) -> str:
    """A loss in nats per character as a number in the unit: 2 decimals, perplexity 3 figures."""
    if unit == "nats":
        return f"{nats:.2f}"
    if unit == "bits":
        return f"{nats / math.log(2):.2f}"
    perplexity = math.exp(min(nats, _LARGEST_EXPONENT))
    if perplexity < 100:
        return f"{perplexity:.2f}" if perplexity < 10 else f"{perplexity:.1f}"
    return f"{perplexity:,.0f}" if perplexity < 1e5 else f"{perplexity:.1e}"


def unit_words(unit: str) -> str:
    """A unit as it is written after a number."""
    words = {"nats": tr("nats/char"), "bits": tr("bits/char")}
    return words.get(unit, tr("perplexity per character"))
