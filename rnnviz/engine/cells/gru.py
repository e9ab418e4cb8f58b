"""The gated recurrent unit; built by ``layer`` through ``CELLS``."""

import numpy as np

from rnnviz.engine.cells.base import (
    HALF,
    ONE,
    Cell,
    CellState,
    SharedBuffers,
    feature_major,
    step_views,
)
from rnnviz.engine.cells.slopes import through_sigmoid, through_tanh
from rnnviz.engine.cells.tiles import tiled
from rnnviz.engine.parameters import Array


class GRU(Cell):
    """The GRU (Cho et al. 2014) in PyTorch's form, with the reset gate after the product.

    Gate order r, z, n: with ``x (I, B)``, ``h (H, B)``, ``W_ih (3H, I)`` and ``W_hh (3H, H)``::

        r, z = sigmoid(W_i. x_t + b_i. + W_h. h_{t-1} + b_h.)
        m    = W_hn h_{t-1} + b_hn
        n    = tanh(W_in x_t + b_in + r m)
        h_t  = (1 - z) n + z h_{t-1}  =  n + z (h_{t-1} - n)

    Backward, with ``dh_t`` from above and from ``t+1``::

        dn = dh_t (1 - z) (1 - n^2),  dm = dn r
        dr = dn m r (1 - r),  dz = dh_t (h_{t-1} - n) z (1 - z)
        dh_{t-1} = dh_t z + W_hh^T [dr, dz, dm]

    The input meets ``[dn, dr, dz]``, the state ``[dr, dz, dm]``: ``deltas`` holds
    ``dn, dr, dz, dm``, of which each is one contiguous part.
    """

    name = "gru"
    gates = 3
    state_names = ("h",)
    signals = ("h", "r", "z", "n")
    hidden_order = (0, 1, 2)
    input_order = (2, 0, 1)
    sigmoid_gates = (0, 1)
    content_gate = 2
    biased_products = (2,)
    delta_blocks = 4

    def __init__(self, shared: SharedBuffers, activation: str = "tanh") -> None:
        super().__init__(shared, activation)
        size, steps, batch = self.hidden_size, self.steps, self.batch
        self._m = self.buffer(steps, batch, size)
        self._gap = self.buffer(steps, batch, size)  # h_{t-1} - n
        self._scratch = shared.scratch[0]
        self._carry = self.buffer(batch, size)
        self._gate_product = self.buffer(3, batch, size)
        self._product_tiles = tiled(self._gate_product, self.tile_columns)
        self._forward_steps = [
            (self.hidden[t], self.hidden[t + 1], gates[1:], *gates, self._m[t], self._gap[t])
            for t, gates in enumerate(self.sums)
        ]
        self._backward_steps = [
            (above, da, da[1:, np.newaxis], z)
            for above, da, z in zip(
                self._above_steps, step_views(self.deltas), self.sums[:, 2], strict=True
            )
        ][::-1]

    def forward(self, recurrent: Array, bias: Array, state: CellState) -> None:
        self.hidden[0] = state[0].T
        gate_product, tiles, bias_n = self._gate_product, self._product_tiles, bias[2]
        product_rz, product_n = gate_product[:2], gate_product[2]
        matmul, add, subtract, times, tanh = np.matmul, np.add, np.subtract, np.multiply, np.tanh
        for h_before, h, rz, n, r, z, m, gap in self._forward_steps:
            matmul(h_before, recurrent, tiles)
            add(rz, product_rz, rz)
            tanh(rz, rz)
            times(rz, HALF, rz)
            add(rz, HALF, rz)
            add(product_n, bias_n, m)
            times(r, m, h)
            add(n, h, n)
            tanh(n, n)
            subtract(h_before, n, gap)
            times(z, gap, h)
            add(h, n, h)

    def backward(self, recurrent: Array) -> None:
        self._slopes()
        dh, carry = self._dh, self._carry
        gate_product, tiles = self._gate_product, self._product_tiles
        matmul, add, times, add_up = np.matmul, np.add, np.multiply, np.add.reduce
        for above, da, drzm, z in self._backward_steps:
            add(dh, above, dh)
            times(da, dh, da)  # da held the slopes
            times(dh, z, carry)
            matmul(drzm, recurrent, tiles)
            add_up(gate_product, 0, out=dh)
            add(dh, carry, dh)

    def _slopes(self) -> None:
        """What ``dh_t`` is multiplied by, at all steps, into ``deltas``."""
        n, r, z = self.sums.swapaxes(0, 1)
        slope_n, slope_r, slope_z, slope_m = self.deltas
        through_sigmoid(self._gap, z, slope_z, self._scratch)
        np.subtract(ONE, z, out=self._scratch)
        through_tanh(self._scratch, n, slope_n)
        np.multiply(slope_n, r, out=slope_m)
        np.multiply(slope_n, self._m, out=slope_r)
        through_sigmoid(slope_r, r, slope_r, self._scratch)

    def signal(self, name: str) -> Array:
        n, r, z = self.sums.swapaxes(0, 1)
        return feature_major({"h": self.hidden[1:], "r": r, "z": z, "n": n}[name])
