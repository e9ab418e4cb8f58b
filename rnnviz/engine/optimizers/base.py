"""What an optimizer is, and what they share: one update of the flat parameter vector per step."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from rnnviz.engine import aligned
from rnnviz.engine.errors import EngineError, require_integer
from rnnviz.engine.parameters import Array, Parameters

# Updates go through the vector in blocks whose operands stay in the cache, so that an
# update of many passes reads main memory once.
BLOCK = 131_072


class Optimizer(ABC):
    """What the trainer needs of an optimizer, and what all of them do alike.

    A subclass names the vectors it remembers when it calls ``__init__``, and says in
    ``_update_block`` what becomes of a part of the parameters.
    """

    name: ClassVar[str]

    def __init__(self, parameters: Parameters, *remembered: str) -> None:
        """Ready for ``parameters``, with a vector of zeros for each name in ``remembered``."""
        self._size, self._dtype = parameters.flat.size, parameters.flat.dtype
        self._memory = {name: aligned.zeros(self._size, self._dtype) for name in remembered}
        self._vectors = tuple(self._memory.values())
        # For the results in between, of each thread.
        self._scratch: list[Array] = [aligned.zeros(min(BLOCK, self._size), self._dtype)]

    @property
    @abstractmethod
    def hyperparameters(self) -> dict[str, float]:
        """Its settings by name, as ``make_optimizer`` takes them."""

    def update(
        self,
        parameters: Parameters,
        gradients: Parameters,
        learning_rate: float,
        threads: int = 1,
    ) -> None:
        """One step, in place on ``parameters``; ``gradients`` is not changed.

        A vector of several blocks is shared out among ``threads``, which changes nothing else.
        EngineError unless both are as long, and of the type, the optimizer was made for.
        """
        for name, given in (("parameters", parameters), ("gradients", gradients)):
            vector = given.flat
            if vector.size != self._size or vector.dtype != self._dtype:
                raise EngineError(
                    f"{name} must hold {self._size} values of {self._dtype}, got {vector.size} of "
                    f"{vector.dtype}"
                )
        self._begin_step(learning_rate)
        if self._size <= BLOCK:
            self._update_block(self._scratch[0], parameters.flat, gradients.flat, *self._vectors)
            return
        vectors = (parameters.flat, gradients.flat, *self._vectors)
        parts = update_threads(self._size, threads)
        while len(self._scratch) < parts:
            self._scratch.append(aligned.zeros(BLOCK, self._dtype))
        bounds = pairwise(self._size * part // parts for part in range(parts + 1))
        shares = [tuple(v[start:stop] for v in vectors) for start, stop in bounds]
        others = [
            _threads().submit(self._update_in_thread, share, scratch)
            for share, scratch in zip(shares[1:], self._scratch[1:parts], strict=True)
        ]
        try:
            self._update_part(shares[0], self._scratch[0])
        finally:
            for other in others:
                other.result()

    def _update_in_thread(self, vectors: tuple[Array, ...], scratch: Array) -> None:
        with np.errstate(
            over="ignore", invalid="ignore", divide="ignore"
        ):  # each thread has its own
            self._update_part(vectors, scratch)

    def _update_part(self, vectors: tuple[Array, ...], scratch: Array) -> None:
        for start in range(0, vectors[0].size, BLOCK):
            block = [vector[start : start + BLOCK] for vector in vectors]
            self._update_block(scratch[: block[0].size], *block)

    def _begin_step(self, learning_rate: float) -> None:
        """Take what is the same for all blocks of this step."""
        self._rate = learning_rate

    @abstractmethod
    def _update_block(self, step: Array, p: Array, g: Array, *memory: Array) -> None:
        """Update a block of the parameters ``p`` by ``g``, with those of what is remembered.

        All are ``(n,)``; ``step`` is room for results in between.
        """

    def state(self, copied: bool = True) -> dict[str, np.ndarray[Any, Any]]:
        """Everything it remembers between steps; not ``copied`` it changes with the next one."""
        remembered = self._remembered()
        return {name: value.copy() if copied else value for name, value in remembered.items()}

    def load_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Continue from ``state``; EngineError when names, shapes or dtypes differ."""
        restore(self._remembered(), state)

    def _remembered(self) -> Mapping[str, np.ndarray[Any, Any]]:
        return self._memory


def update_threads(size: int, threads: int) -> int:
    """How many of so many threads an update of ``size`` parameters is worth: of a block or more."""
    return max(min(require_integer("threads", threads, 1), size // BLOCK), 1)


@cache
def _threads() -> ThreadPoolExecutor:
    """The threads that help with updates; started when they are needed first."""
    return ThreadPoolExecutor(thread_name_prefix="update")


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
