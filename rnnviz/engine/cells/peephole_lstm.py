"""The long short-term memory cell whose gates see the cell state; built by ``layer``."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from rnnviz.engine.cells.base import CellState
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

    def __init__(
        self,
        hidden_size: int,
        operand: Array,
        deltas: Array,
        d_hidden: Array,
        activation: str = "tanh",
    ) -> None:
        super().__init__(hidden_size, operand, deltas, d_hidden, activation)
        self._deltas = deltas
        self._peephole = self.buffer(3 * hidden_size)

    def attach(self, own_weights: Mapping[str, Array]) -> None:
        self._peephole = own_weights["weight_peephole"]

    def forward(self, recurrent: Array, state: CellState) -> None:
        product = self._product
        self._hidden_steps[0][...], self._c[0] = state
        projected = self._projected_steps
        # The rows of a sigmoid hold half its sum, so the peepholes add half.
        half_i, half_f, half_o = 0.5 * self._peephole.reshape(3, -1, 1)
        for t, (operand, h, (gates, _, i, f, o, g, c_before, c, tanh_c)) in enumerate(
            zip(self._operand_steps, self._hidden_steps[1:], self._steps, strict=True)
        ):
            np.matmul(recurrent, operand, out=gates)
            if projected:
                np.add(gates, projected[t], out=gates)
            i += np.multiply(half_i, c_before, out=product)
            f += np.multiply(half_f, c_before, out=product)
            for gate in (i, f):
                np.tanh(gate, out=gate)
                gate *= 0.5
                gate += 0.5
            np.tanh(g, out=g)
            np.multiply(f, c_before, out=c)
            np.multiply(i, g, out=product)
            np.add(c, product, out=c)
            o += np.multiply(half_o, c, out=product)
            np.tanh(o, out=o)
            o *= 0.5
            o += 0.5
            np.tanh(c, out=tanh_c)
            np.multiply(o, tanh_c, out=h)

    def backward(self, recurrent_t: Array) -> None:
        dh, dc, product, da = self._dh, self._dc, self._product, self._da
        size = self.hidden_size
        di, df, do, dg = (da[block * size : (block + 1) * size] for block in range(4))
        p_i, p_f, p_o = self._peephole.reshape(3, -1, 1)
        for above, (_, _, i, f, o, g, c_before, _, tanh_c), delta in zip(
            reversed(self._above_steps),
            reversed(self._steps),
            reversed(self._delta_steps),
            strict=True,
        ):
            dh += above
            np.multiply(dh, tanh_c, out=do)
            _through_sigmoid(do, o, product)
            np.multiply(tanh_c, tanh_c, out=product)  # dc += dh o (1 - tanh(c)^2) + p_o do
            np.subtract(1.0, product, out=product)
            product *= o
            product *= dh
            dc += product
            dc += np.multiply(p_o, do, out=product)
            np.multiply(dc, g, out=di)
            _through_sigmoid(di, i, product)
            np.multiply(dc, c_before, out=df)
            _through_sigmoid(df, f, product)
            np.multiply(dc, i, out=dg)
            np.multiply(g, g, out=product)
            np.subtract(1.0, product, out=product)
            dg *= product
            np.matmul(recurrent_t, da, out=dh)
            dc *= f
            dc += np.multiply(p_i, di, out=product)
            dc += np.multiply(p_f, df, out=product)
            np.copyto(delta, da)

    def own_gradients(self) -> Mapping[str, Array]:
        di, df, do, _ = self._deltas.reshape(4, -1, self.steps, self.batch)
        seen = ((di, self._c[:-1]), (df, self._c[:-1]), (do, self._c[1:]))
        sums = [np.einsum("htb,thb->h", gate, c) for gate, c in seen]
        return {"weight_peephole": np.concatenate(sums)}


def _through_sigmoid(d_gate: Array, gate: Array, scratch: Array) -> None:
    """``d_gate *= gate (1 - gate)``: from the gradient of a gate to that of its sum."""
    np.subtract(1.0, gate, out=scratch)
    scratch *= gate
    d_gate *= scratch
