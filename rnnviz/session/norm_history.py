"""What measured training steps did to each parameter, for the pictures; owned by the window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rnnviz.probes.step_norms import StepNorms

Floats = NDArray[np.float64]

_FIRST_CAPACITY = 256
_MOST = 16_384  # measured steps; then every second one of the older half is dropped
KINDS = ("gradients", "weights", "updates")


class NormHistory:
    """The measured steps of one run in order: L2 norms by parameter before clipping and after.

    Not every step is measured (see the runner), so steps are not at equal distances.
    """

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()  # of the parameters, from the first measurement
        self._size = 0
        self._steps = np.empty(_FIRST_CAPACITY, np.int64)
        self._norms = np.empty((len(KINDS), _FIRST_CAPACITY, 0), np.float32)

    def __len__(self) -> int:
        return self._size

    @property
    def steps(self) -> NDArray[np.int64]:
        """Of the measurements kept, `(n,)`."""
        return self._steps[: self._size]

    def append(self, measured: StepNorms) -> None:
        """Adds the norms of one more step."""
        if not self.names:
            self.names = tuple(measured.weights)
            self._norms = np.empty((len(KINDS), _FIRST_CAPACITY, len(self.names)), np.float32)
        if self._size >= _MOST:
            self._thin()
        if self._size == len(self._steps):
            self._steps = np.concatenate([self._steps, np.empty_like(self._steps)])
            self._norms = np.concatenate([self._norms, np.empty_like(self._norms)], axis=1)
        self._steps[self._size] = measured.step
        for index, norms in enumerate((measured.gradients, measured.weights, measured.updates)):
            self._norms[index, self._size] = [norms[name] for name in self.names]
        self._size += 1

    def joint(self, kind: str, names: Sequence[str], last: int | None = None) -> Floats:
        """L2 norms `(n,)` of some parameters as one vector, of the last so many measurements.

        `kind` is gradients (before clipping), weights (before the step) or updates.
        """
        columns = [self.names.index(name) for name in names]
        first = 0 if last is None else max(self._size - last, 0)
        norms = self._norms[KINDS.index(kind), first : self._size][:, columns].astype(np.float64)
        joint: Floats = np.sqrt((norms**2).sum(axis=1))
        return joint

    def _thin(self) -> None:
        half = self._size // 2
        kept = np.r_[0:half:2, half : self._size]
        self._steps[: len(kept)] = self._steps[kept]
        self._norms[:, : len(kept)] = self._norms[:, kept]
        self._size = len(kept)
