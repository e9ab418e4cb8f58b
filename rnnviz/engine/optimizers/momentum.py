"""Gradient descent with momentum, classical and in Nesterov's form."""

import numpy as np

from rnnviz.engine.errors import require_number
from rnnviz.engine.optimizers.base import Optimizer
from rnnviz.engine.parameters import Array, Parameters


class Momentum(Optimizer):
    """Gradient descent with momentum (Polyak 1964), in PyTorch's form.

    The velocity starts at zero: ``v = mu v + g``, ``p -= lr v``. Its state is ``velocity (N,)``.
    """

    name = "momentum"

    def __init__(self, parameters: Parameters, momentum: float = 0.9) -> None:
        """Ready for ``parameters``, at rest; EngineError unless ``momentum`` is in [0, 1)."""
        super().__init__(parameters, "velocity")
        self._momentum = require_number("momentum", momentum, below=1.0)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """``momentum``."""
        return {"momentum": self._momentum}

    def _update_block(self, step: Array, p: Array, g: Array, *memory: Array) -> None:
        (v,) = memory
        v *= self._momentum
        v += g
        self._direction(g, v, step)
        step *= self._rate
        p -= step

    def _direction(self, g: Array, v: Array, out: Array) -> None:
        np.copyto(out, v)


class Nesterov(Momentum):
    """Nesterov's momentum (1983) as Sutskever et al. (2013) use it, in PyTorch's form.

    ``v = mu v + g``, ``p -= lr (g + mu v)``: the gradient counts as if it were taken where the
    velocity is about to lead.
    """

    name = "nesterov"

    def _direction(self, g: Array, v: Array, out: Array) -> None:
        np.multiply(v, self._momentum, out=out)
        out += g
