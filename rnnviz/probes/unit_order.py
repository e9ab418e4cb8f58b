"""Orders in which the units of a layer are shown, from what they do over a text."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_POWER_STEPS = 20


def similar_order(values: NDArray[np.floating]) -> NDArray[np.intp]:
    """An order of the rows of `values` (H, T) that puts rows with alike courses side by side.

    Principal direction divisive partitioning (Boley 1998): rows are split at the mean of their
    projection on the leading principal axis, each part again; of the two parts the one nearer to
    what was placed last comes first. O(H T log H) apart from the small eigenproblems.
    """
    rows = np.nan_to_num(np.asarray(values, dtype=np.float64))
    order: list[int] = []
    stack: list[NDArray[np.intp]] = [np.arange(len(rows))]
    while stack:
        part = stack.pop()
        block = rows[part]
        centred = block - block.mean(axis=0)
        scores = _leading_scores(centred)
        if len(part) <= 3 or not scores.any():
            ranked = part[np.argsort(scores, kind="stable")]
            if order and len(ranked) > 1:
                last = rows[order[-1]]
                first, end = (float(np.sum((rows[ranked[k]] - last) ** 2)) for k in (0, -1))
                if end < first:
                    ranked = ranked[::-1]
            order += [int(unit) for unit in ranked]
            continue
        low, high = part[scores <= 0], part[scores > 0]
        near, far = low, high
        if order:
            last = rows[order[-1]]
            if _distance(rows[high], last) < _distance(rows[low], last):
                near, far = high, low
        stack += [far, near]
    return np.array(order, dtype=np.intp)


def _distance(block: NDArray[np.float64], row: NDArray[np.float64]) -> float:
    return float(np.sum((block.mean(axis=0) - row) ** 2))


def _leading_scores(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Projection of each row on the leading principal axis; zeros when all rows are the same."""
    if len(centred) < 2 or not np.any(centred):
        return np.zeros(len(centred))
    # Power iteration from the row farthest out: near enough for an order, and much quicker here
    # than an eigenproblem for each of some hundred small parts.
    axis = centred[np.argmax(np.einsum("ij,ij->i", centred, centred))]
    scatter = centred.T @ centred
    for _ in range(_POWER_STEPS):
        axis = scatter @ axis
        axis = axis / math.sqrt(float(axis @ axis))
    scores: NDArray[np.float64] = centred @ axis
    return scores


def variance_order(values: NDArray[np.floating]) -> NDArray[np.intp]:
    """The rows of `values` (H, T), those that vary most first; what is not finite counts as 0."""
    rows = np.nan_to_num(np.asarray(values, dtype=np.float64))
    return np.argsort(-rows.var(axis=1), kind="stable")


def slow_order(values: NDArray[np.floating]) -> NDArray[np.intp]:
    """The rows of `values` (H, T >= 2) from slow to fast.

    Measured by the mean squared change from one column to the next over the variance (von Neumann
    1941): 0 for a row that never moves, 2 for white noise, 4 for one that flips each time.
    """
    rows = np.nan_to_num(np.asarray(values, dtype=np.float64))
    variance = rows.var(axis=1)
    change = np.mean(np.diff(rows, axis=1) ** 2, axis=1)
    speed = np.divide(change, variance, out=np.zeros_like(change), where=variance > 1e-12)
    return np.argsort(speed, kind="stable")


ORDERS: dict[str, Callable[[NDArray[np.floating]], NDArray[np.intp]]] = {
    "similar": similar_order,
    "index": lambda values: np.arange(len(values)),
    "variance": variance_order,
    "slow": slow_order,
}
