"""Gradient descent with momentum, classical and in Nesterov's form."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnviz.engine.errors import require_number
from rnnviz.engine.optimizers.base import blocks, check_fit, restore, scratch_block
from rnnviz.engine.parameters import Array, Parameters


class Momentum:
    """Gradient descent with momentum (Polyak 1964), in PyTorch's form.

    The velocity starts at zero: ``v = mu v + g``, ``p -= lr v``.
    """

    name = "momentum"

    def __init__(self, parameters: Parameters, momentum: float = 0.9) -> None:
        """Ready for ``parameters``, at rest; EngineError unless ``momentum`` is in [0, 1)."""
        self._momentum = require_number("momentum", momentum, below=1.0)
        self._velocity = np.zeros_like(parameters.flat)
        self._scratch = scratch_block(parameters)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """``momentum``."""
        return {"momentum": self._momentum}

    def update(self, parameters: Parameters, gradients: Parameters, learning_rate: float) -> None:
        """One step by the formulas of the class."""
        check_fit(self._velocity, parameters, gradients)
        for p, g, v in blocks(parameters.flat, gradients.flat, self._velocity):
            step = self._scratch[: p.size]
            v *= self._momentum
            v += g
            self._direction(g, v, step)
            step *= learning_rate
            p -= step

    def _direction(self, g: Array, v: Array, out: Array) -> None:
        np.copyto(out, v)

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """``velocity`` ``(N,)``."""
        return {"velocity": self._velocity.copy()}

    def load_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Continue from ``velocity``."""
        restore({"velocity": self._velocity}, state)


class Nesterov(Momentum):
    """Nesterov's momentum (1983) as Sutskever et al. (2013) use it, in PyTorch's form.

    ``v = mu v + g``, ``p -= lr (g + mu v)``: the gradient counts as if it were taken where the
    velocity is about to lead.
    """

    name = "nesterov"

    def _direction(self, g: Array, v: Array, out: Array) -> None:
        np.multiply(v, self._momentum, out=out)
        out += g
