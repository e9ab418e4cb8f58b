"""The long short-term memory cell; built by ``layer`` through ``CELLS``."""

import numpy as np

from rnnviz.engine.cells.base import HALF, Cell, CellState, SharedBuffers, feature_major, step_views
from rnnviz.engine.cells.slopes import through_sigmoid, through_tanh
from rnnviz.engine.cells.tiles import tiled
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
        di = dc_t g i (1 - i),  df = dc_t c_{t-1} f (1 - f),  dg = dc_t i (1 - g^2)
        do = dh_t tanh(c_t) o (1 - o)
        dh_{t-1} = W_hh^T [di, df, dg, do],  dc_{t-1} = dc_t f

    In memory the gates stand in the order o, i, f, g: the three that a sigmoid squashes are one
    block, and so are the three that ``dc_t`` reaches.
    """

    name = "lstm"
    gates = 4
    state_names = ("h", "c")
    signals = ("h", "c", "i", "f", "g", "o")
    hidden_order = (3, 0, 1, 2)
    input_order = (3, 0, 1, 2)
    sigmoid_gates = (0, 1, 3)
    content_gate = 2
    forget_gate = 1
    delta_blocks = 4

    def __init__(self, shared: SharedBuffers, activation: str = "tanh") -> None:
        super().__init__(shared, activation)
        size, steps, batch = self.hidden_size, self.steps, self.batch
        self.c = self.buffer(steps + 1, batch, size)
        self.tanh_c = self.buffer(steps, batch, size)
        self._slope_c = shared.scratch[1]
        self._scratch = shared.scratch[0]
        self._dc = self.buffer(batch, size)
        self.d_state = self._dh.T, self._dc.T
        self._product = self.buffer(batch, size)
        self._gate_product = self.buffer(4, batch, size)
        self._product_tiles = tiled(self._gate_product, self.tile_columns)
        self._forward_steps = [
            (
                *(self.hidden[t], self.hidden[t + 1], gates, gates[:3], *gates),
                *(self.c[t], self.c[t + 1], self.tanh_c[t]),
            )
            for t, gates in enumerate(self.sums)
        ]
        f_steps = self.sums[:, 2]
        self._backward_steps = [
            (above, slope_c, da[:, np.newaxis], da[0], da[1:], f)
            for above, slope_c, da, f in zip(
                self._above_steps, self._slope_c, step_views(self.deltas), f_steps, strict=True
            )
        ][::-1]

    def forward(self, recurrent: Array, bias: Array, state: CellState) -> None:
        self.hidden[0], self.c[0] = state[0].T, state[1].T
        product, gate_product, tiles = self._product, self._gate_product, self._product_tiles
        matmul, add, times, tanh = np.matmul, np.add, np.multiply, np.tanh
        for h_before, h, gates, sigmoids, o, i, f, g, c_before, c, tanh_c in self._forward_steps:
            matmul(h_before, recurrent, tiles)
            add(gates, gate_product, gates)
            tanh(gates, gates)
            times(sigmoids, HALF, sigmoids)
            add(sigmoids, HALF, sigmoids)
            times(f, c_before, c)
            times(i, g, product)
            add(c, product, c)
            tanh(c, tanh_c)
            times(o, tanh_c, h)

    def backward(self, recurrent: Array) -> None:
        self._slopes()
        dh, dc, product = self._dh, self._dc, self._product
        gate_product, tiles = self._gate_product, self._product_tiles
        matmul, add, times, add_up = np.matmul, np.add, np.multiply, np.add.reduce
        for above, slope_c, da, do, difg, f in self._backward_steps:
            add(dh, above, dh)
            times(dh, slope_c, product)
            add(dc, product, dc)
            times(do, dh, do)  # da held the slopes
            times(difg, dc, difg)
            matmul(da, recurrent, tiles)
            add_up(gate_product, 0, out=dh)
            times(dc, f, dc)

    def _slopes(self) -> None:
        """What ``dh_t`` and ``dc_t`` are multiplied by, at all steps, into ``deltas``."""
        o, i, f, g = self.sums.swapaxes(0, 1)
        slope_o, slope_i, slope_f, slope_g = self.deltas
        through_sigmoid(self.tanh_c, o, slope_o, self._scratch)
        through_sigmoid(g, i, slope_i, self._scratch)
        through_sigmoid(self.c[:-1], f, slope_f, self._scratch)
        through_tanh(i, g, slope_g)
        through_tanh(o, self.tanh_c, self._slope_c)

    def final_state(self) -> CellState:
        return self.hidden[-1].copy().T, self.c[-1].copy().T

    def signal(self, name: str) -> Array:
        o, i, f, g = self.sums.swapaxes(0, 1)
        signals = {"h": self.hidden[1:], "c": self.c[1:], "i": i, "f": f, "g": g, "o": o}
        return feature_major(signals[name])
