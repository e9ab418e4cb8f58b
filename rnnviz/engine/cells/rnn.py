"""The Elman cell; built by ``layer`` through ``CELLS``."""

import numpy as np

from rnnviz.engine.cells.base import ONE, Cell, CellState, SharedBuffers, feature_major
from rnnviz.engine.cells.tiles import multiplication, tiled
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
        whole = self.tile_columns == self.hidden_size
        h_steps = self.hidden[1:]
        self._forward_steps = list(
            zip(
                [multiplication(h, whole) for h in self.hidden[:-1]],
                h_steps if whole else tiled(h_steps, self.tile_columns),
                *(h_steps, self.sums[:, 0]),
                strict=True,
            )
        )
        self._backward_steps = [
            (above, da, multiplication(da, whole))
            for above, da in zip(self._above_steps, self.deltas[0], strict=True)
        ][::-1]
        self._h, self._slope = h_steps, self.deltas[0]
        self._dh_product = self._dh if whole else tiled(self._dh, self.tile_columns)

    def forward(self, recurrent: Array, bias: Array, state: CellState) -> None:
        self.hidden[0] = state[0].T
        weights, add = self._weights(recurrent), np.add
        squash = np.tanh if self.activation == "tanh" else _relu
        for multiply, product, h, x in self._forward_steps:
            multiply(weights, product)
            add(h, x, h)
            squash(h, h)

    def backward(self, recurrent: Array) -> None:
        h, slope = self._h, self._slope
        if self.activation == "tanh":
            np.multiply(h, h, out=slope)
            np.subtract(ONE, slope, out=slope)
        else:
            np.greater(h, 0.0, out=slope)
        weights, add, times = self._weights(recurrent), np.add, np.multiply
        dh, product = self._dh, self._dh_product
        for above, da, multiply in self._backward_steps:
            add(dh, above, dh)
            times(da, dh, da)  # da held the slope
            multiply(weights, product)

    def _weights(self, recurrent: Array) -> Array:
        """Of ``recurrent (1, H/w, H, w)`` the tiles, or the one matrix that they are."""
        matrix: Array = recurrent[0] if self.tile_columns < self.hidden_size else recurrent[0, 0]
        return matrix

    def signal(self, name: str) -> Array:
        return feature_major({"h": self.hidden[1:]}[name])


def _relu(a: Array, out: Array) -> Array:
    return np.maximum(a, 0.0, out=out)
