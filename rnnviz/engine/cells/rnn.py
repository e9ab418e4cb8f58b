"""The Elman cell; built by ``layer`` through ``CELLS``."""

from collections.abc import Callable

import numpy as np

from rnnviz.engine.cells.base import Cell, CellState, SharedBuffers, feature_major
from rnnviz.engine.cells.tiles import tiled
from rnnviz.engine.parameters import Array


class Elman(Cell):
    """Elman's recurrence (1990), in PyTorch's form.

    With ``x (I, B)``, ``h (H, B)``, ``W_ih (H, I)``, ``W_hh (H, H)`` and ``phi`` tanh or ReLU::

        h_t = phi(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)

    Backward, with ``dh_t`` the gradient arriving at ``h_t`` from above and from ``t+1``::

        da_t = dh_t phi'(a_t)            phi' = 1 - h_t^2 (tanh), [h_t > 0] (ReLU)
        dh_{t-1} = W_hh^T da_t
    """

    name = "rnn"
    gates = 1
    state_names = ("h",)
    signals = ("h",)
    hidden_order = (0,)
    input_order = (0,)
    delta_blocks = 1

    def __init__(self, shared: SharedBuffers, activation: str = "tanh") -> None:
        super().__init__(shared, activation)
        self._is_tiled = self.tile_columns < self.hidden_size
        h_steps = self.hidden[1:]
        products = tiled(h_steps, self.tile_columns) if self._is_tiled else h_steps
        self._forward_steps = list(
            zip(self.hidden[:-1], h_steps, products, self.sums[0], strict=True)
        )
        self._backward_steps = list(zip(self._above_steps, self.deltas[0], strict=True))[::-1]
        self._dh_product = tiled(self._dh, self.tile_columns) if self._is_tiled else self._dh

    def forward(self, recurrent: Array, bias: Array, state: CellState) -> None:
        self.hidden[0] = state[0].T
        multiply, weights = self._product(recurrent)
        squash = np.tanh if self.activation == "tanh" else _relu
        for h_before, h, product, x in self._forward_steps:
            multiply(h_before, weights, out=product)
            np.add(h, x, out=h)
            squash(h, out=h)

    def backward(self, recurrent: Array) -> None:
        multiply, weights = self._product(recurrent)
        dh, dh_product = self._dh, self._dh_product
        h, slope = self.hidden[1:], self.deltas[0]
        if self.activation == "tanh":
            np.multiply(h, h, out=slope)
            np.subtract(1.0, slope, out=slope)
        else:
            np.greater(h, 0.0, out=slope)
        for above, da in self._backward_steps:
            np.add(dh, above, out=dh)
            np.multiply(da, dh, out=da)  # da held the slope
            multiply(da, weights, out=dh_product)

    def _product(self, recurrent: Array) -> tuple[Callable[..., Array], Array]:
        """How to multiply by ``recurrent (1, H/w, H, w)``, and what."""
        if self._is_tiled:
            return np.matmul, recurrent[0]
        # Of one matrix np.dot takes a third less time to begin: a good part of a small step.
        return np.dot, recurrent[0, 0]

    def signal(self, name: str) -> Array:
        return feature_major({"h": self.hidden[1:]}[name])


def _relu(a: Array, out: Array) -> Array:
    return np.maximum(a, 0.0, out=out)
