"""The Elman cell; built by ``layer`` through ``CELLS``."""

import numpy as np

from rnnviz.engine.cells.base import Cell, CellState
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

    def __init__(
        self,
        hidden_size: int,
        operand: Array,
        deltas: Array,
        d_hidden: Array,
        activation: str = "tanh",
    ) -> None:
        super().__init__(hidden_size, operand, deltas, d_hidden, activation)
        self._sum = self.buffer(hidden_size, self.batch)
        self._dh = self.buffer(hidden_size, self.batch)
        self._slope = self.buffer(self.steps, hidden_size, self.batch)

    def forward(self, recurrent: Array, state: CellState) -> None:
        a = self._sum
        self._hidden_steps[0][...] = state[0]
        projected = self._projected_steps
        squash = np.tanh if self.activation == "tanh" else _relu
        for t, (operand, h) in enumerate(
            zip(self._operand_steps, self._hidden_steps[1:], strict=True)
        ):
            np.matmul(recurrent, operand, out=a)
            if projected:
                np.add(a, projected[t], out=a)
            squash(a, out=h)

    def backward(self, recurrent_t: Array) -> None:
        h = self.hidden[:, 1:].transpose(1, 0, 2)  # (T, H, B)
        slope = self._slope
        if self.activation == "tanh":
            np.multiply(h, h, out=slope)
            np.subtract(1.0, slope, out=slope)
        else:
            np.greater(h, 0.0, out=slope)
        dh = self._dh
        for above, slope_t, da in zip(
            reversed(self._above_steps),
            slope[::-1],
            reversed(self._delta_steps),
            strict=True,
        ):
            np.add(dh, above, out=dh)
            np.multiply(dh, slope_t, out=da)
            np.matmul(recurrent_t, da, out=dh)

    @property
    def d_state(self) -> CellState:
        return (self._dh,)

    def final_state(self) -> CellState:
        return (self._hidden_steps[-1].copy(),)

    def signal(self, name: str) -> Array:
        return {"h": self.hidden[:, 1:]}[name]


def _relu(a: Array, out: Array) -> Array:
    return np.maximum(a, 0.0, out=out)
