"""RMSprop: Adagrad with a memory that fades."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnviz.engine.errors import require_number
from rnnviz.engine.optimizers.base import blocks, check_fit, restore, scratch_block
from rnnviz.engine.parameters import Parameters


class RMSprop:
    """RMSprop (Hinton 2012), in PyTorch's form.

    ``s = alpha s + (1 - alpha) g^2`` from zero, ``p -= lr g / (sqrt(s) + eps)``. torch7's, which
    char-rnn used, is the same formula with the same eps and default alpha; char-rnn set ``alpha``
    to 0.95.
    """

    name = "rmsprop"

    def __init__(self, parameters: Parameters, alpha: float = 0.99, eps: float = 1e-8) -> None:
        """Ready for ``parameters``; EngineError unless ``alpha`` is in [0, 1) and ``eps`` > 0."""
        self._alpha = require_number("alpha", alpha, below=1.0)
        self._eps = require_number("eps", eps, exclusive=True)
        self._square = np.zeros_like(parameters.flat)
        self._scratch = scratch_block(parameters)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """``alpha`` and ``eps``."""
        return {"alpha": self._alpha, "eps": self._eps}

    def update(self, parameters: Parameters, gradients: Parameters, learning_rate: float) -> None:
        """One step by the formulas of the class."""
        check_fit(self._square, parameters, gradients)
        for p, g, s in blocks(parameters.flat, gradients.flat, self._square):
            step = self._scratch[: p.size]
            np.multiply(g, g, out=step)
            step *= 1.0 - self._alpha
            s *= self._alpha
            s += step
            np.sqrt(s, out=step)
            step += self._eps
            np.divide(g, step, out=step)
            step *= learning_rate
            p -= step

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """``square``: the running mean of squares ``(N,)``."""
        return {"square": self._square.copy()}

    def load_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Continue from ``square``."""
        restore({"square": self._square}, state)
