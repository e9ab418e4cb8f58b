"""The way out of a layer: what the layer above or the decoder reads in place of its plain h.

Built by ``layer`` only where the configuration asks for normalisation, a residual connection or
dropout; elsewhere the reader takes h from where the cell wrote it. The recurrence itself never
meets any of this, so a layer's own weights stay those of PyTorch's cell.
"""

from dataclasses import dataclass

import numpy as np

from rnnviz.engine import aligned
from rnnviz.engine.dropout import Dropout
from rnnviz.engine.normalization import LayerNorm
from rnnviz.engine.parameters import Array, Parameters


@dataclass(frozen=True)
class OutletPlan:
    """What lies between one layer and its reader."""

    normalise: bool = False
    add_input: bool = False
    dropout: float = 0.0

    @property
    def empty(self) -> bool:
        """Whether the reader takes h as it is."""
        return not (self.normalise or self.add_input or self.dropout)


class Outlet:
    """From a layer's ``h (N, H)`` and its input ``x (N, H)`` to what its reader reads.

    ``N = T*B``. In this order, each only when it is asked for::

        y = norm(h)        layer normalisation, see ``LayerNorm``
        y = y + x          residual connection: the sum passes x on as it is
        y = dropout(y)     see ``Dropout``; only between two layers, only while training

    ``output (N, H)`` is y, as the decoder and the layer above read it.
    """

    def __init__(
        self, plan: OutletPlan, parameters: Parameters, layer: int, shape: tuple[int, int]
    ):
        """For sequences of ``shape`` ``(N, H)``."""
        self._layer = layer
        self._adds_input = plan.add_input
        self.output: Array = aligned.zeros(shape, parameters.dtype)
        self._norm: LayerNorm | None = None
        self._dropout: Dropout | None = None
        if plan.normalise:
            gain, bias = (parameters[f"rnn.norm_{kind}_l{layer}"] for kind in ("weight", "bias"))
            self._norm = LayerNorm(gain, bias, shape[0])
        if plan.dropout:
            self._dropout = Dropout(plan.dropout, shape, parameters.dtype)
        self._dropped = False
        self._d_input: Array = aligned.zeros(shape if plan.add_input else (0, 0), parameters.dtype)

    def forward(self, h: Array, x: Array | None, rng: np.random.Generator | None) -> None:
        """Fill ``output``; nothing is dropped without ``rng``. ``x`` is None in the first layer."""
        y = self.output
        if self._norm is None:
            np.copyto(y, h)
        else:
            self._norm.forward(h, out=y)
        if self._adds_input and x is not None:
            y += x
        self._dropped = self._dropout is not None and rng is not None
        if self._dropout is not None and rng is not None:
            self._dropout.forward(y, rng)

    def backward(self, d: Array, gradients: Parameters) -> None:
        """From the gradient of ``output`` to that of h, in ``d (N, H)``."""
        if self._dropout is not None and self._dropped:
            self._dropout.backward(d)
        if self._adds_input:
            np.copyto(self._d_input, d)
        if self._norm is not None:
            layer = self._layer
            d_gain, d_bias = (gradients[f"rnn.norm_{kind}_l{layer}"] for kind in ("weight", "bias"))
            self._norm.backward(d, d_gain, d_bias)

    def add_input_gradient(self, d_input: Array) -> None:
        """Add what reached the input past the cell to ``d_input (N, H)``."""
        if self._adds_input:
            d_input += self._d_input
