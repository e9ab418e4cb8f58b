"""Named arrays over one contiguous vector; the network's weights and their gradients are such.

Used by ``network``, ``optimizers``, ``clipping`` and ``checkpoint``.
"""

from collections.abc import Iterator, Mapping
from math import isfinite, prod, sqrt
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rnnviz.engine import aligned
from rnnviz.engine.errors import EngineError, require_instance

Array = npt.NDArray[np.floating[Any]]


class Parameters(Mapping[str, Array]):
    """A mapping from name to array whose arrays are views into one vector, ``flat``.

    An optimizer or a norm is then one vector operation instead of one per matrix. The views are in
    the order of ``shapes``.
    """

    def __init__(self, flat: Array, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Lay ``shapes`` over ``flat`` ``(sum of sizes,)``; EngineError when the sizes differ."""
        require_instance("flat", flat, np.ndarray)
        size = sum(prod(shape) for shape in shapes.values())
        if flat.shape != (size,) or not flat.flags.c_contiguous:
            raise EngineError(f"flat must be contiguous with shape ({size},), got {flat.shape}")
        if flat.dtype not in (np.float32, np.float64):
            raise EngineError(f"flat must be float32 or float64, got {flat.dtype}")
        self.flat = flat
        self._views: dict[str, Array] = {}
        start = 0
        for name, shape in shapes.items():
            stop = start + prod(shape)
            self._views[name] = flat[start:stop].reshape(shape)
            start = stop

    @classmethod
    def zeros(cls, shapes: Mapping[str, tuple[int, ...]], dtype: npt.DTypeLike) -> Self:
        """All zero, in ``shapes``."""
        return cls(aligned.zeros(sum(prod(s) for s in shapes.values()), dtype), shapes)

    def __getitem__(self, name: str) -> Array:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array, in order."""
        return {name: view.shape for name, view in self._views.items()}

    @property
    def dtype(self) -> np.dtype[np.floating[Any]]:
        """float32 or float64."""
        return self.flat.dtype

    @property
    def read_only(self) -> bool:
        """Whether the values are frozen."""
        return not self.flat.flags.writeable

    def copy(self) -> Self:
        """An independent, writable copy."""
        copied = self.zeros_like()
        np.copyto(copied.flat, self.flat)
        return copied

    def frozen_copy(self) -> Self:
        """An independent copy that refuses writes, so that any thread may read it."""
        flat = self.flat.copy()
        flat.flags.writeable = False
        return type(self)(flat, self.shapes)

    def zeros_like(self) -> Self:
        """Zeros in the same shapes and dtype."""
        return type(self)(aligned.zeros(self.flat.shape, self.dtype), self.shapes)

    def norms(self) -> dict[str, float]:
        """The L2 norm of each array."""
        return {name: l2_norm(view.reshape(-1)) for name, view in self._views.items()}


def l2_norm(vector: Array) -> float:
    """The L2 norm of ``vector`` ``(N,)``; scaled first when the squares would overflow."""
    square = float(np.vdot(vector, vector))  # which does not warn of an overflow, as dot does
    if isfinite(square) and square > 1e-30:
        return sqrt(square)
    largest = float(np.max(np.abs(vector), initial=0.0))
    if largest == 0.0 or not isfinite(largest):
        return largest
    scaled = vector.astype(np.float64) / largest
    return largest * sqrt(float(np.vdot(scaled, scaled)))
