"""Plain stochastic gradient descent."""

import numpy as np

from rnnviz.engine.optimizers.base import Optimizer
from rnnviz.engine.parameters import Array, Parameters


class SGD(Optimizer):
    """Plain stochastic gradient descent: ``p -= lr g``. It has no state."""

    name = "sgd"

    def __init__(self, parameters: Parameters) -> None:
        """Ready for ``parameters``."""
        super().__init__(parameters)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """None."""
        return {}

    def _update_block(self, step: Array, p: Array, g: Array, *memory: Array) -> None:
        np.multiply(g, self._rate, out=step)
        p -= step
