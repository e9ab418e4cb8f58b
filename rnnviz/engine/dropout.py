"""Inverted dropout of a sequence; ``outlet`` applies it between two layers while training."""

import numpy as np

from rnnviz.engine.parameters import Array


class Dropout:
    """Dropout (Srivastava et al. 2014), inverted and drawn anew for each step, as in PyTorch.

    Each value of ``y (N, H)`` is set to zero with probability ``p``; the others are divided by
    ``1 - p``, so that the expected value stays and nothing has to be scaled when it is off::

        y = y m,  m = [u >= p] / (1 - p),  u from U(0, 1)
        dy = dy m

    Only what goes up a layer is dropped, never what a layer tells itself (Zaremba et al. 2014).
    """

    def __init__(self, probability: float, shape: tuple[int, int], dtype: np.dtype[np.floating]):
        """Over sequences of ``shape`` ``(N, H)``; ``probability`` in [0, 1)."""
        self.probability = probability
        self._mask: Array = np.ones(shape, dtype)

    def forward(self, y: Array, rng: np.random.Generator) -> None:
        """Draw a mask from ``rng`` and apply it to ``y``."""
        mask = self._mask
        rng.random(out=mask, dtype=mask.dtype)
        np.greater_equal(mask, self.probability, out=mask)
        mask *= 1.0 / (1.0 - self.probability)
        y *= mask

    def backward(self, d: Array) -> None:
        """Apply the same mask to the gradient ``d``."""
        d *= self._mask
