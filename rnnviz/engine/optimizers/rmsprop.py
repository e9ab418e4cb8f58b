"""RMSprop: Adagrad with a memory that fades."""

import numpy as np

from rnnviz.engine.errors import require_number
from rnnviz.engine.optimizers.base import Optimizer
from rnnviz.engine.parameters import Array, Parameters


class RMSprop(Optimizer):
    """RMSprop (Hinton 2012), in PyTorch's form.

    ``s = alpha s + (1 - alpha) g^2`` from zero, ``p -= lr g / (sqrt(s) + eps)``. torch7's, which
    char-rnn used, is the same formula with the same eps and default alpha; char-rnn set ``alpha``
    to 0.95. Its state is ``square``, the running mean of squares ``(N,)``.
    """

    name = "rmsprop"

    def __init__(self, parameters: Parameters, alpha: float = 0.99, eps: float = 1e-8) -> None:
        """Ready for ``parameters``; EngineError unless ``alpha`` is in [0, 1) and ``eps`` > 0."""
        super().__init__(parameters, "square")
        self._alpha = require_number("alpha", alpha, below=1.0)
        self._eps = require_number("eps", eps, exclusive=True)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """``alpha`` and ``eps``."""
        return {"alpha": self._alpha, "eps": self._eps}

    def _update_block(self, step: Array, p: Array, g: Array, *memory: Array) -> None:
        (s,) = memory
        np.multiply(g, g, out=step)
        step *= 1.0 - self._alpha
        s *= self._alpha
        s += step
        np.sqrt(s, out=step)
        step += self._eps
        np.divide(g, step, out=step)
        step *= self._rate
        p -= step
