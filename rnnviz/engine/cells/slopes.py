"""The slopes of the gates, over all steps at once; what the cells' backward passes start from."""

import numpy as np

from rnnviz.engine.cells.base import ONE
from rnnviz.engine.parameters import Array


def through_sigmoid(factor: Array, gate: Array, out: Array, scratch: Array) -> None:
    """``factor gate (1 - gate)``: what of a gate's gradient reaches the sum inside its sigmoid."""
    np.subtract(ONE, gate, out=scratch)
    np.multiply(scratch, gate, out=scratch)
    np.multiply(scratch, factor, out=out)


def through_tanh(factor: Array, value: Array, out: Array) -> None:
    """``factor (1 - value^2)``: what of a value's gradient reaches the sum inside its tanh."""
    np.multiply(value, value, out=out)
    np.subtract(ONE, out, out=out)
    np.multiply(out, factor, out=out)
