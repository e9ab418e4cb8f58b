"""Weights as an image in the colours of the theme, and what is above what in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from rnnviz.engine.cells import CELLS
from rnnviz.panels.activation_colors import color_image
from rnnviz.panels.ticks import grown
from rnnviz.probes.step_norms import matrix_group

Values = NDArray[np.floating[Any]]

_GATES = {"rnn": ("",), "gru": ("r", "z", "n"), "lstm": ("i", "f", "g", "o")}  # PyTorch's order
_CLEAR = 98.0  # percentile of |w| at which the colours end: outliers must not pale the rest
_ENOUGH = 40_000  # values that the percentile is of, about


def gates_of(name: str, cell: str) -> tuple[str, ...]:
    """The gates whose parts of a parameter lie one above the other; one without a name for none."""
    group = matrix_group(name)
    if group == "p":
        return ("i", "f", "o")
    if group in ("W_hy", "b_y", "norm"):
        return ("",)
    known = _GATES.get(cell)
    return known or tuple(str(block) for block in range(1, CELLS[cell].gates + 1))


def level_at(values: Values) -> float:
    """Where the colours end: a round number that 98 % of the |w| do not pass."""
    flat = values.reshape(-1)
    # Of millions some ten thousand are enough. An odd distance meets every column.
    some = np.abs(flat[:: flat.size // _ENOUGH | 1])
    bulk = float(np.percentile(some, _CLEAR))
    return grown(bulk) if bulk > 0 else 1.0


def as_image(values: Values, gates: int) -> Values:
    """A matrix as it is, a vector `(G H,)` with a row for each of its `gates` parts."""
    return values if values.ndim == 2 else values.reshape(gates, -1)


def shrunk(values: Values, rows: int, columns: int) -> tuple[Values, int, int]:
    """At most `rows` x `columns` values and how many each stands for: the largest by |w| of them.

    Unlike a mean that does not hide single large weights.
    """
    down = -(-values.shape[0] // max(rows, 1))
    across = -(-values.shape[1] // max(columns, 1))
    if down == across == 1:
        return values, 1, 1
    starts = [np.arange(0, n, k) for n, k in zip(values.shape, (down, across), strict=True)]
    high = np.maximum.reduceat(np.maximum.reduceat(values, starts[0], 0), starts[1], 1)
    low = np.minimum.reduceat(np.minimum.reduceat(values, starts[0], 0), starts[1], 1)
    return np.where(high >= -low, high, low), down, across


def colored(values: Values, level: float) -> QImage:
    """An image with a pixel for each of the `values` (R, C); colours end at +-`level`."""
    return color_image(values, level, True, 1.0)
