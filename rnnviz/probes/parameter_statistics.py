"""What the values of each weight matrix look like: norm, moments and histogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnviz.engine.parameters import Parameters, l2_norm

_BINS = 60


@dataclass(frozen=True)
class ArrayStatistics:
    """One parameter. `counts[i]` values lie in `[edges[i], edges[i + 1])`, symmetric around 0."""

    name: str
    values: NDArray[np.floating[Any]]  # as in the network, read-only
    norm: float  # L2
    mean: float
    deviation: float  # standard
    largest: float  # absolute value
    counts: NDArray[np.int64]  # (60,)
    edges: NDArray[np.float64]  # (61,)


def parameter_statistics(parameters: Parameters) -> tuple[ArrayStatistics, ...]:
    """Statistics of each array of frozen `parameters` (kept, not copied), in their order."""
    return tuple(_of(name, values) for name, values in parameters.items())


def _of(name: str, values: NDArray[np.floating[Any]]) -> ArrayStatistics:
    largest = float(np.abs(values).max())
    reach = largest if largest > 0 else 1.0
    counts, edges = np.histogram(values, _BINS, (-reach, reach))
    return ArrayStatistics(
        name,
        values,
        l2_norm(values.reshape(-1)),
        float(values.mean(dtype=np.float64)),
        float(values.std(dtype=np.float64)),
        largest,
        counts.astype(np.int64),
        edges.astype(np.float64),
    )
