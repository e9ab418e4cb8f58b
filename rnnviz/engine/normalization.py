"""Layer normalisation of a sequence over its units; ``outlet`` applies it to a layer's output."""

import numpy as np

from rnnviz.engine import aligned
from rnnviz.engine.parameters import Array

# torch.nn.LayerNorm's default, added to the variance.
EPSILON = 1e-5


class LayerNorm:
    """Layer normalisation (Ba, Kiros and Hinton 2016) in PyTorch's form, forward and backward.

    Each row of ``h (N, H)``, one time step of one text, is taken to mean 0 and variance 1 over
    its H units, then scaled and shifted by the learned ``gain (H,)`` and ``bias (H,)``::

        s = sqrt(var(h) + 1e-5),  n = (h - mean(h)) / s
        y = gain n + bias

    Backward, with ``u = dy gain``::

        dgain = sum dy n,  dbias = sum dy
        dh = (u - mean(u) - n mean(u n)) / s
    """

    def __init__(self, gain: Array, bias: Array, rows: int) -> None:
        """Over ``(rows, H)``; ``gain`` and ``bias`` are views of the parameters."""
        self._gain, self._bias = gain, bias
        self._normal: Array = aligned.zeros((rows, gain.size), gain.dtype)
        self._product = aligned.zeros(self._normal.shape, gain.dtype)
        self._inverse: Array = aligned.zeros((rows, 1), gain.dtype)

    def forward(self, h: Array, out: Array) -> None:
        """``y`` into ``out (N, H)``, keeping what ``backward`` needs."""
        normal, inverse = self._normal, self._inverse
        np.subtract(h, h.mean(axis=1, keepdims=True), out=normal)
        np.multiply(normal, normal, out=self._product)
        np.mean(self._product, axis=1, keepdims=True, out=inverse)
        inverse += EPSILON
        np.sqrt(inverse, out=inverse)
        np.divide(1.0, inverse, out=inverse)
        normal *= inverse
        np.multiply(normal, self._gain, out=out)
        out += self._bias

    def backward(self, d: Array, d_gain: Array, d_bias: Array) -> None:
        """From the gradient of ``y`` to that of ``h``, in ``d (N, H)``; fills the other two."""
        normal, product = self._normal, self._product
        np.multiply(d, normal, out=product)
        np.sum(product, axis=0, out=d_gain)
        np.sum(d, axis=0, out=d_bias)
        d *= self._gain
        np.multiply(d, normal, out=product)
        along = product.mean(axis=1, keepdims=True)
        d -= d.mean(axis=1, keepdims=True)
        d -= np.multiply(normal, along, out=product)
        d *= self._inverse
