"""Adagrad: each weight's rate falls with the squares of all its gradients."""

import numpy as np

from rnnviz.engine.errors import require_number
from rnnviz.engine.optimizers.base import Optimizer
from rnnviz.engine.parameters import Array, Parameters


class Adagrad(Optimizer):
    """Adagrad (Duchi et al. 2011): ``s += g^2``, ``p -= lr g / (sqrt(s) + eps)``.

    PyTorch's formula (its default eps is 1e-10). The classic 100-line network has
    ``lr g / sqrt(s + 1e-8)`` instead, which differs only while ``s`` is of the order of 1e-8.
    Its state is ``sum``, the sum of squares ``(N,)``.
    """

    name = "adagrad"

    def __init__(self, parameters: Parameters, eps: float = 1e-8) -> None:
        """Ready for ``parameters``, with no history; EngineError unless ``eps`` > 0."""
        super().__init__(parameters, "sum")
        self._eps = require_number("eps", eps, exclusive=True)
        self._least = np.array(self._eps, self._dtype)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """``eps``."""
        return {"eps": self._eps}

    def _update_block(self, step: Array, p: Array, g: Array, *memory: Array) -> None:
        (s,) = memory
        np.multiply(g, g, out=step)
        s += step
        np.sqrt(s, out=step)
        step += self._least
        np.divide(g, step, out=step)
        step *= self._rate
        p -= step
