"""Adam: running means of the gradient and of its square."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnviz.engine.errors import require_number
from rnnviz.engine.optimizers.base import blocks, check_fit, restore, scratch_block
from rnnviz.engine.parameters import Parameters


class Adam:
    """Adam (Kingma and Ba 2015) in PyTorch's form.

    ``m = b1 m + (1 - b1) g``, ``v = b2 v + (1 - b2) g^2``,
    ``p -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)``.
    """

    name = "adam"

    def __init__(
        self,
        parameters: Parameters,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ) -> None:
        """Ready for ``parameters``; EngineError unless the betas are in [0, 1) and ``eps`` > 0."""
        self._beta1 = require_number("beta1", beta1, below=1.0)
        self._beta2 = require_number("beta2", beta2, below=1.0)
        self._eps = require_number("eps", eps, exclusive=True)
        self._mean = np.zeros_like(parameters.flat)
        self._square = np.zeros_like(parameters.flat)
        self._steps = np.zeros((), np.int64)
        self._scratch = scratch_block(parameters)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """``beta1``, ``beta2`` and ``eps``."""
        return {"beta1": self._beta1, "beta2": self._beta2, "eps": self._eps}

    def update(self, parameters: Parameters, gradients: Parameters, learning_rate: float) -> None:
        """One step by the formulas of the class."""
        check_fit(self._mean, parameters, gradients)
        self._steps += 1
        steps = int(self._steps)
        rate = learning_rate / (1.0 - self._beta1**steps)
        correction = 1.0 / np.sqrt(1.0 - self._beta2**steps).item()
        for p, g, m, v in blocks(parameters.flat, gradients.flat, self._mean, self._square):
            step = self._scratch[: p.size]
            np.subtract(g, m, out=step)  # m + (1 - b1)(g - m) is b1 m + (1 - b1) g
            step *= 1.0 - self._beta1
            m += step
            np.multiply(g, g, out=step)
            step *= 1.0 - self._beta2
            v *= self._beta2
            v += step
            np.sqrt(v, out=step)
            step *= correction
            step += self._eps
            np.divide(m, step, out=step)
            step *= rate
            p -= step

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """``mean`` and ``square`` ``(N,)`` and ``steps`` ``()``."""
        return {
            "mean": self._mean.copy(),
            "square": self._square.copy(),
            "steps": self._steps.copy(),
        }

    def load_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Continue from ``mean``, ``square`` and ``steps``."""
        restore({"mean": self._mean, "square": self._square, "steps": self._steps}, state)
