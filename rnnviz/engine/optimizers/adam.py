"""Adam: running means of the gradient and of its square."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np

from rnnviz.engine.errors import require_number
from rnnviz.engine.optimizers.base import Optimizer
from rnnviz.engine.parameters import Array, Parameters


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015) in PyTorch's form.

    ``m = b1 m + (1 - b1) g``, ``v = b2 v + (1 - b2) g^2``,
    ``p -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)``.
    Its state is ``mean`` and ``square (N,)`` and ``steps ()``, which is t.
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
        super().__init__(parameters, "mean", "square")
        self._beta1 = require_number("beta1", beta1, below=1.0)
        self._beta2 = require_number("beta2", beta2, below=1.0)
        self._eps = require_number("eps", eps, exclusive=True)
        self._steps = np.zeros((), np.int64)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """``beta1``, ``beta2`` and ``eps``."""
        return {"beta1": self._beta1, "beta2": self._beta2, "eps": self._eps}

    def _begin_step(self, learning_rate: float) -> None:
        self._steps += 1
        steps = int(self._steps)
        # With k = sqrt(1 - b2^t), the step is lr k / (1 - b1^t) m / (sqrt(v) + eps k).
        correction = sqrt(1.0 - self._beta2**steps)
        self._rate = learning_rate * correction / (1.0 - self._beta1**steps)
        self._corrected_eps = self._eps * correction

    def _update_block(self, step: Array, p: Array, g: Array, *memory: Array) -> None:
        m, v = memory
        np.subtract(g, m, out=step)  # m + (1 - b1)(g - m) is b1 m + (1 - b1) g
        step *= 1.0 - self._beta1
        m += step
        np.multiply(g, g, out=step)
        step *= 1.0 - self._beta2
        v *= self._beta2
        v += step
        np.sqrt(v, out=step)
        step += self._corrected_eps
        np.divide(m, step, out=step)
        step *= self._rate
        p -= step

    def _remembered(self) -> Mapping[str, np.ndarray[Any, Any]]:
        return {**self._memory, "steps": self._steps}
