"""Plain stochastic gradient descent."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnviz.engine.optimizers.base import blocks, check_fit, restore, scratch_block
from rnnviz.engine.parameters import Parameters


class SGD:
    """Plain stochastic gradient descent: ``p -= lr g``."""

    name = "sgd"

    def __init__(self, parameters: Parameters) -> None:
        """Ready for ``parameters``."""
        self._scratch = scratch_block(parameters)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """None."""
        return {}

    def update(self, parameters: Parameters, gradients: Parameters, learning_rate: float) -> None:
        """``p -= lr g``."""
        check_fit(parameters.flat, parameters, gradients)
        for p, g in blocks(parameters.flat, gradients.flat):
            step = self._scratch[: p.size]
            np.multiply(g, learning_rate, out=step)
            p -= step

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """Nothing: plain SGD has no memory."""
        return {}

    def load_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """EngineError when ``state`` is not empty."""
        restore({}, state)
