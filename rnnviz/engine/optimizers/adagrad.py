"""Adagrad: each weight's rate falls with the squares of all its gradients."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnviz.engine.errors import require_number
from rnnviz.engine.optimizers.base import blocks, check_fit, restore, scratch_block
from rnnviz.engine.parameters import Parameters


class Adagrad:
    """Adagrad (Duchi et al. 2011): ``s += g^2``, ``p -= lr g / (sqrt(s) + eps)``.

    PyTorch's formula (its default eps is 1e-10). The classic 100-line network has
    ``lr g / sqrt(s + 1e-8)`` instead, which differs only while ``s`` is of the order of 1e-8.
    """

    name = "adagrad"

    def __init__(self, parameters: Parameters, eps: float = 1e-8) -> None:
        """Ready for ``parameters``, with no history; EngineError unless ``eps`` > 0."""
        self._eps = require_number("eps", eps, exclusive=True)
        self._sum = np.zeros_like(parameters.flat)
        self._scratch = scratch_block(parameters)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """``eps``."""
        return {"eps": self._eps}

    def update(self, parameters: Parameters, gradients: Parameters, learning_rate: float) -> None:
        """``s += g^2``, ``p -= lr g / (sqrt(s) + eps)``."""
        check_fit(self._sum, parameters, gradients)
        for p, g, s in blocks(parameters.flat, gradients.flat, self._sum):
            step = self._scratch[: p.size]
            np.multiply(g, g, out=step)
            s += step
            np.sqrt(s, out=step)
            step += self._eps
            np.divide(g, step, out=step)
            step *= learning_rate
            p -= step

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """``sum``: the sum of squares ``(N,)``."""
        return {"sum": self._sum.copy()}

    def load_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Continue from ``sum``."""
        restore({"sum": self._sum}, state)
