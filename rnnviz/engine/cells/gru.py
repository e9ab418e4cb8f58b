"""The gated recurrent unit; built by ``layer`` through ``CELLS``."""

import numpy as np

from rnnviz.engine.cells.base import Cell, CellState
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

    The input meets ``[dr, dz, dn]``, the state ``[dm, dr, dz]``: ``deltas`` holds
    ``dm, dr, dz, dn``, of which each is one contiguous part.
    """

    name = "gru"
    gates = 3
    state_names = ("h",)
    signals = ("h", "r", "z", "n")
    hidden_order = (2, 0, 1)
    input_order = (0, 1, 2)
    sigmoid_gates = (0, 1)
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
        self._sums = self.buffer(steps, 3 * size, batch)  # m, r, z
        self._n = self.buffer(steps, size, batch)
        self._h = self.buffer(steps + 1, size, batch)
        self._gap = self.buffer(steps, size, batch)  # h_{t-1} - n
        self._dh = self.buffer(size, batch)
        self._carry = self.buffer(size, batch)
        self._da = self.buffer(4 * size, batch)
        self._slope = self.buffer(2 * size, batch)
        self._input_steps: list[tuple[Array, Array]] = []
        self._steps = [
            (
                sums,
                sums[:size],
                sums[size:],
                sums[size : 2 * size],
                sums[2 * size :],
                self._n[t],
                self._gap[t],
                self._h[t],
                self._h[t + 1],
            )
            for t, sums in enumerate(self._sums)
        ]

    def connect(self, rows: int, projected: Array | None) -> None:
        super().connect(rows, projected)
        split = 2 * self.hidden_size
        self._input_steps = [(p[:split], p[split:]) for p in self._projected_steps]

    def forward(self, recurrent: Array, state: CellState) -> None:
        self._hidden_steps[0][...] = state[0]
        self._h[0] = state[0]
        for operand, (x_rz, x_n), (sums, m, rz, r, z, n, gap, h_before, h), h_out in zip(
            self._operand_steps,
            self._input_steps,
            self._steps,
            self._hidden_steps[1:],
            strict=True,
        ):
            np.matmul(recurrent, operand, out=sums)
            np.add(rz, x_rz, out=rz)
            np.tanh(rz, out=rz)
            np.multiply(rz, 0.5, out=rz)
            np.add(rz, 0.5, out=rz)
            np.multiply(r, m, out=n)
            np.add(n, x_n, out=n)
            np.tanh(n, out=n)
            np.subtract(h_before, n, out=gap)
            np.multiply(z, gap, out=h)
            np.add(h, n, out=h)
            np.copyto(h_out, h)

    def backward(self, recurrent_t: Array) -> None:
        dh, carry, da, slope = self._dh, self._carry, self._da, self._slope
        size = self.hidden_size
        dm, dr, dz, dn = (da[block * size : (block + 1) * size] for block in range(4))
        drz = da[size : 3 * size]
        d_hidden_part = da[: 3 * size]
        slope_n = slope[:size]
        for above, (_, m, rz, r, z, n, gap, _, _), delta in zip(
            reversed(self._above_steps),
            reversed(self._steps),
            reversed(self._delta_steps),
            strict=True,
        ):
            np.add(dh, above, out=dh)
            np.multiply(dh, z, out=carry)
            np.subtract(dh, carry, out=dn)
            np.multiply(n, n, out=slope_n)
            np.subtract(1.0, slope_n, out=slope_n)
            np.multiply(dn, slope_n, out=dn)
            np.multiply(dn, r, out=dm)
            np.multiply(dn, m, out=dr)
            np.multiply(dh, gap, out=dz)
            np.multiply(rz, rz, out=slope)
            np.subtract(rz, slope, out=slope)
            np.multiply(drz, slope, out=drz)
            np.matmul(recurrent_t, d_hidden_part, out=dh)
            np.add(dh, carry, out=dh)
            np.copyto(delta, da)

    @property
    def d_state(self) -> CellState:
        return (self._dh,)

    def final_state(self) -> CellState:
        return (self._h[-1].copy(),)

    def signal(self, name: str) -> Array:
        if name == "h":
            return self.hidden[:, 1:]
        if name == "n":
            return self._n.transpose(1, 0, 2)
        block = {"r": 1, "z": 2}[name]
        rows = slice(block * self.hidden_size, (block + 1) * self.hidden_size)
        return self._sums[:, rows].transpose(1, 0, 2)
