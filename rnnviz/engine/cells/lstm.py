"""The long short-term memory cell; built by ``layer`` through ``CELLS``."""

import numpy as np

from rnnviz.engine.cells.base import Cell, CellState
from rnnviz.engine.parameters import Array


class LSTM(Cell):
    """The LSTM with forget gate (Hochreiter and Schmidhuber 1997, Gers et al. 2000).

    PyTorch's form and gate order i, f, g, o: with ``x (I, B)``, ``h, c (H, B)``, ``W_ih (4H, I)``
    and ``W_hh (4H, H)``::

        i, f, o = sigmoid(W_i.. x_t + b_i.. + W_h.. h_{t-1} + b_h..)
        g       = tanh   (W_ig  x_t + b_ig  + W_hg  h_{t-1} + b_hg)
        c_t = f c_{t-1} + i g
        h_t = o tanh(c_t)

    Backward, with ``dh_t`` from above and from ``t+1`` and ``dc_t`` from ``t+1``::

        dc_t += dh_t o (1 - tanh(c_t)^2)
        di = dc_t g,  df = dc_t c_{t-1},  do = dh_t tanh(c_t),  dg = dc_t i
        da = [di, df, do] s (1 - s), dg (1 - g^2)
        dh_{t-1} = W_hh^T da,  dc_{t-1} = dc_t f

    In memory the gates stand in the order i, f, o, g: the three sigmoids are one block.
    """

    name = "lstm"
    gates = 4
    state_names = ("h", "c")
    signals = ("h", "c", "i", "f", "g", "o")
    hidden_order = (0, 1, 3, 2)
    input_order = (0, 1, 3, 2)
    sigmoid_gates = (0, 1, 3)
    delta_blocks = 4

    def __init__(
        self,
        hidden_size: int,
        operand: Array,
        deltas: Array,
        d_hidden: Array,
        activation: str = "tanh",
    ) -> None:
        super().__init__(hidden_size, operand, deltas, d_hidden, activation)
        size, steps, batch = hidden_size, self.steps, self.batch
        self._gates = self.buffer(steps, 4 * size, batch)
        self._c = self.buffer(steps + 1, size, batch)
        self._tanh_c = self.buffer(steps, size, batch)
        self._dh = self.buffer(size, batch)
        self._dc = self.buffer(size, batch)
        self._product = self.buffer(size, batch)
        self._da = self.buffer(4 * size, batch)
        self._slope = self.buffer(4 * size, batch)
        self._steps = [
            (gates, *_split(gates, size), self._c[t], self._c[t + 1], self._tanh_c[t])
            for t, gates in enumerate(self._gates)
        ]

    def forward(self, recurrent: Array, state: CellState) -> None:
        product = self._product
        self._hidden_steps[0][...], self._c[0] = state
        projected = self._projected_steps
        for t, (operand, h, (gates, sigmoids, i, f, o, g, c_before, c, tanh_c)) in enumerate(
            zip(self._operand_steps, self._hidden_steps[1:], self._steps, strict=True)
        ):
            np.matmul(recurrent, operand, out=gates)
            if projected:
                np.add(gates, projected[t], out=gates)
            np.tanh(gates, out=gates)
            np.multiply(sigmoids, 0.5, out=sigmoids)
            np.add(sigmoids, 0.5, out=sigmoids)
            np.multiply(f, c_before, out=c)
            np.multiply(i, g, out=product)
            np.add(c, product, out=c)
            np.tanh(c, out=tanh_c)
            np.multiply(o, tanh_c, out=h)

    def backward(self, recurrent_t: Array) -> None:
        dh, dc, product, da, slope = self._dh, self._dc, self._product, self._da, self._slope
        _, di, df, do, dg = _split(da, self.hidden_size)
        slope_sigmoids, _, _, _, slope_g = _split(slope, self.hidden_size)
        for above, (_, sigmoids, i, f, o, g, c_before, _, tanh_c), delta in zip(
            reversed(self._above_steps),
            reversed(self._steps),
            reversed(self._delta_steps),
            strict=True,
        ):
            np.add(dh, above, out=dh)
            np.multiply(tanh_c, tanh_c, out=product)  # dc += dh o (1 - tanh(c)^2)
            np.subtract(1.0, product, out=product)
            np.multiply(product, o, out=product)
            np.multiply(product, dh, out=product)
            np.add(dc, product, out=dc)
            np.multiply(dc, g, out=di)
            np.multiply(dc, c_before, out=df)
            np.multiply(dh, tanh_c, out=do)
            np.multiply(dc, i, out=dg)
            np.multiply(sigmoids, sigmoids, out=slope_sigmoids)
            np.subtract(sigmoids, slope_sigmoids, out=slope_sigmoids)
            np.multiply(g, g, out=slope_g)
            np.subtract(1.0, slope_g, out=slope_g)
            np.multiply(da, slope, out=da)
            np.matmul(recurrent_t, da, out=dh)
            np.multiply(dc, f, out=dc)
            np.copyto(delta, da)

    @property
    def d_state(self) -> CellState:
        return self._dh, self._dc

    def final_state(self) -> CellState:
        return self._hidden_steps[-1].copy(), self._c[-1].copy()

    def signal(self, name: str) -> Array:
        if name == "h":
            return self.hidden[:, 1:]
        if name == "c":
            return self._c[1:].transpose(1, 0, 2)
        block = {"i": 0, "f": 1, "o": 2, "g": 3}[name]
        rows = slice(block * self.hidden_size, (block + 1) * self.hidden_size)
        return self._gates[:, rows].transpose(1, 0, 2)


def _split(rows: Array, size: int) -> tuple[Array, Array, Array, Array, Array]:
    """Views of the three sigmoids together and of i, f, o, g."""
    i, f, o, g = (rows[block * size : (block + 1) * size] for block in range(4))
    return rows[: 3 * size], i, f, o, g
