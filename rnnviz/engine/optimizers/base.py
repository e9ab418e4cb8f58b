"""What an optimizer is, and what they share: one update of the flat parameter vector per step."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from rnnviz.engine.errors import EngineError
from rnnviz.engine.parameters import Array, Parameters

# Updates go through the vector in blocks whose operands stay in the cache, so that an
# update of many passes reads main memory once.
BLOCK = 131_072


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


def blocks(*vectors: Array) -> Iterator[tuple[Array, ...]]:
    """The vectors ``(N,)`` block by block, as views."""
    if vectors[0].size <= BLOCK:
        yield vectors
        return
    for start in range(0, vectors[0].size, BLOCK):
        yield tuple(vector[start : start + BLOCK] for vector in vectors)


def restore(
    targets: Mapping[str, np.ndarray[Any, Any]], state: Mapping[str, np.ndarray[Any, Any]]
) -> None:
    """Copy ``state`` into ``targets``; EngineError, and no change, when they do not match."""
    if set(state) != set(targets):
        raise EngineError(f"state must hold {sorted(targets)}, got {sorted(state)}")
    for name, target in targets.items():
        value = np.asarray(state[name])
        if value.shape != target.shape or value.dtype != target.dtype:
            raise EngineError(
                f"state[{name!r}] must be {target.dtype} {target.shape}, got {value.dtype} "
                f"{value.shape}"
            )
        # The whole numbers are counts of steps; floating-point formulas take them to a power.
        if target.dtype.kind == "i" and not (value.min() >= 0 and value.max() < 2**53):
            raise EngineError(f"state[{name!r}] must be from 0 to 2^53, got {value.min()}")
    for name, target in targets.items():
        target[...] = state[name]


def check_fit(memory: Array, parameters: Parameters, gradients: Parameters) -> None:
    """EngineError unless both are as long as ``memory`` ``(N,)`` and of its dtype."""
    for name, vector in (("parameters", parameters.flat), ("gradients", gradients.flat)):
        if vector.size != memory.size or vector.dtype != memory.dtype:
            raise EngineError(
                f"{name} must hold {memory.size} values of {memory.dtype}, got {vector.size} of "
                f"{vector.dtype}"
            )


def scratch_block(parameters: Parameters) -> Array:
    """Room for the intermediate results of one block."""
    return np.empty(min(BLOCK, parameters.flat.size), parameters.dtype)
