"""The long short-term memory cell whose gates see the cell state; built by ``layer``."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from rnnviz.engine.cells.base import HALF, CellState, SharedBuffers
from rnnviz.engine.cells.lstm import LSTM
from rnnviz.engine.parameters import Array


class PeepholeLSTM(LSTM):
    """The LSTM with peephole connections (Gers and Schmidhuber 2000, Graves 2013).

    As ``LSTM``, and each gate also sees its own unit's cell state through a weight
    ``p (3H,)`` = ``p_i, p_f, p_o``; the output gate sees the new one::

        i, f = sigmoid(... + p_i c_{t-1}), sigmoid(... + p_f c_{t-1})
        c_t  = f c_{t-1} + i g
        o    = sigmoid(... + p_o c_t)
        h_t  = o tanh(c_t)

    Backward, where ``di, df, do`` are the gradients of the sums inside the sigmoids::

        dc_t += dh_t o (1 - tanh(c_t)^2) + p_o do
        dc_{t-1} = dc_t f + p_i di + p_f df
        dp_i = sum di c_{t-1},  dp_f = sum df c_{t-1},  dp_o = sum do c_t
    """

    own_weights = MappingProxyType({"weight_peephole": 3})

    def __init__(self, shared: SharedBuffers, activation: str = "tanh") -> None:
        super().__init__(shared, activation)
        self._peephole = self.buffer(3 * self.hidden_size)
        self._pair = self.buffer(2, self.batch, self.hidden_size)

    def attach(self, own_weights: Mapping[str, Array]) -> None:
        self._peephole = own_weights["weight_peephole"]

    def forward(self, recurrent: Array, bias: Array, state: CellState) -> None:
        self.hidden[0], self.c[0] = state[0].T, state[1].T
        product, pair = self._product, self._pair
        gate_product, tiles = self._gate_product, self._product_tiles
        # The sum inside a sigmoid stands halved, so the peepholes add half.
        halves = 0.5 * self._peephole.reshape(3, 1, -1)
        half_if, half_o = halves[:2], halves[2]
        for h_before, h, gates, _, o, i, f, g, c_before, c, tanh_c in self._forward_steps:
            i_f = gates[1:3]
            np.matmul(h_before, recurrent, out=tiles)
            np.add(gates, gate_product, out=gates)
            np.add(i_f, np.multiply(half_if, c_before, out=pair), out=i_f)
            _sigmoid_of_half(i_f)
            np.tanh(g, out=g)
            np.multiply(f, c_before, out=c)
            np.add(c, np.multiply(i, g, out=product), out=c)
            np.add(o, np.multiply(half_o, c, out=product), out=o)
            _sigmoid_of_half(o)
            np.tanh(c, out=tanh_c)
            np.multiply(o, tanh_c, out=h)

    def backward(self, recurrent: Array) -> None:
        self._slopes()
        dh, dc, product, pair = self._dh, self._dc, self._product, self._pair
        gate_product, tiles = self._gate_product, self._product_tiles
        weights = self._peephole.reshape(3, 1, -1)
        p_if, p_o = weights[:2], weights[2]
        for above, slope_c, da, do, difg, f in self._backward_steps:
            np.add(dh, above, out=dh)
            np.multiply(do, dh, out=do)  # da held the slopes
            np.add(dc, np.multiply(dh, slope_c, out=product), out=dc)
            np.add(dc, np.multiply(p_o, do, out=product), out=dc)
            np.multiply(difg, dc, out=difg)
            np.matmul(da, recurrent, out=tiles)
            np.add.reduce(gate_product, axis=0, out=dh)
            np.multiply(dc, f, out=dc)
            np.multiply(p_if, difg[:2], out=pair)
            np.add(dc, pair[0], out=dc)
            np.add(dc, pair[1], out=dc)

    def own_gradients(self) -> Mapping[str, Array]:
        do, di, df, _ = self.deltas
        seen = ((di, self.c[:-1]), (df, self.c[:-1]), (do, self.c[1:]))
        sums = [np.einsum("tbh,tbh->h", gate, c) for gate, c in seen]
        return {"weight_peephole": np.concatenate(sums)}


def _sigmoid_of_half(gate: Array) -> None:
    """From half of a sum to its sigmoid, in place."""
    np.tanh(gate, out=gate)
    np.multiply(gate, HALF, out=gate)
    np.add(gate, HALF, out=gate)
