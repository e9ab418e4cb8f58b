"""SGD, Adagrad and Adam over the flat parameter vector; the trainer makes one update per step."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from rnnviz.engine.errors import EngineError, require_choice, require_number
from rnnviz.engine.parameters import Array, Parameters

# Updates go through the vector in blocks whose operands stay in the second-level cache, so that an
# update of many passes reads main memory once.
_BLOCK = 16_384


class Optimizer(Protocol):
    """What the trainer needs of an optimizer."""

    name: str

    def update(self, parameters: Parameters, gradients: Parameters, learning_rate: float) -> None:
        """One step, in place on ``parameters``; ``gradients`` is not changed."""
        ...

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """Copies of everything it remembers between steps."""
        ...

    def load_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Continue from ``state``; EngineError when names, shapes or dtypes differ."""
        ...

    @property
    def hyperparameters(self) -> dict[str, float]:
        """Its settings by name, as ``make_optimizer`` takes them."""
        ...


def _blocks(*vectors: Array) -> Iterator[tuple[Array, ...]]:
    for start in range(0, vectors[0].size, _BLOCK):
        yield tuple(vector[start : start + _BLOCK] for vector in vectors)


def _restore(
    targets: Mapping[str, np.ndarray[Any, Any]], state: Mapping[str, np.ndarray[Any, Any]]
) -> None:
    if set(state) != set(targets):
        raise EngineError(f"state must hold {sorted(targets)}, got {sorted(state)}")
    for name, target in targets.items():
        value = np.asarray(state[name])
        if value.shape != target.shape or value.dtype != target.dtype:
            raise EngineError(
                f"state[{name!r}] must be {target.dtype} {target.shape}, got {value.dtype} "
                f"{value.shape}"
            )
    for name, target in targets.items():
        target[...] = state[name]


def _check_shapes(expected: int, parameters: Parameters, gradients: Parameters) -> None:
    for name, vector in (("parameters", parameters), ("gradients", gradients)):
        if vector.flat.size != expected:
            raise EngineError(f"{name} must hold {expected} values, got {vector.flat.size}")


class SGD:
    """Plain stochastic gradient descent: ``p -= lr g``."""

    name = "sgd"

    def __init__(self, parameters: Parameters) -> None:
        """Ready for ``parameters``."""
        self._size = parameters.flat.size
        self._scratch = np.empty(min(_BLOCK, self._size), parameters.dtype)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """None."""
        return {}

    def update(self, parameters: Parameters, gradients: Parameters, learning_rate: float) -> None:
        """``p -= lr g``."""
        _check_shapes(self._size, parameters, gradients)
        for p, g in _blocks(parameters.flat, gradients.flat):
            step = self._scratch[: p.size]
            np.multiply(g, learning_rate, out=step)
            p -= step

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """Nothing: plain SGD has no memory."""
        return {}

    def load_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """EngineError when ``state`` is not empty."""
        _restore({}, state)


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
        self._scratch = np.empty(min(_BLOCK, self._sum.size), parameters.dtype)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """``eps``."""
        return {"eps": self._eps}

    def update(self, parameters: Parameters, gradients: Parameters, learning_rate: float) -> None:
        """``s += g^2``, ``p -= lr g / (sqrt(s) + eps)``."""
        _check_shapes(self._sum.size, parameters, gradients)
        for p, g, s in _blocks(parameters.flat, gradients.flat, self._sum):
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
        _restore({"sum": self._sum}, state)


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
        self._scratch = np.empty(min(_BLOCK, self._mean.size), parameters.dtype)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """``beta1``, ``beta2`` and ``eps``."""
        return {"beta1": self._beta1, "beta2": self._beta2, "eps": self._eps}

    def update(self, parameters: Parameters, gradients: Parameters, learning_rate: float) -> None:
        """One step by the formulas of the class."""
        _check_shapes(self._mean.size, parameters, gradients)
        self._steps += 1
        steps = int(self._steps)
        rate = learning_rate / (1.0 - self._beta1**steps)
        correction = 1.0 / np.sqrt(1.0 - self._beta2**steps).item()
        for p, g, m, v in _blocks(parameters.flat, gradients.flat, self._mean, self._square):
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
        _restore({"mean": self._mean, "square": self._square, "steps": self._steps}, state)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": SGD, "adagrad": Adagrad, "adam": Adam}


def make_optimizer(name: str, parameters: Parameters, **hyperparameters: float) -> Optimizer:
    """The optimizer called ``name`` for ``parameters``; EngineError names what does not fit."""
    factory = OPTIMIZERS[require_choice("optimizer", name, OPTIMIZERS)]
    known = factory(parameters).hyperparameters
    for key in hyperparameters:
        if key not in known:
            raise EngineError(f"{key} is not a setting of {name}, which has {sorted(known)}")
    return factory(parameters, **hyperparameters)
