"""Softmax and cross-entropy over the characters, in nats; for trainer, evaluation and decoding.

The classes are axis 0 (feature-major), whatever their order in memory.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnviz.engine.errors import (
    EngineError,
    require_array,
    require_choice,
    require_indices,
    require_integer,
    require_number,
)
from rnnviz.engine.parameters import Array

REDUCTIONS = ("mean", "sum")


def log_softmax(logits: Array, axis: int = 0, temperature: float = 1.0) -> Array:
    """``log softmax(logits / temperature)`` along ``axis``, same shape, a new array.

    The maximum is taken away first, so logits of 1e4 do not overflow, and the division is made in
    float64, so no temperature is too small for it. Logits that are not finite give nan.
    EngineError for a temperature that is not a finite number > 0, logits that are no
    floating-point array or have no such axis.
    """
    _check_logits(logits)
    require_integer("axis", axis, -logits.ndim, logits.ndim - 1)
    temperature = require_number("temperature", temperature, exclusive=True)
    with np.errstate(over="ignore", invalid="ignore"):  # -inf is the right limit: exp gives 0
        shifted = logits - logits.max(axis=axis, keepdims=True)
        if temperature != 1.0:
            shifted = shifted.astype(np.float64) / temperature
        shifted -= np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
        result: Array = shifted.astype(logits.dtype, copy=False)
        return result


def probabilities(logits: Array, temperature: float = 1.0) -> Array:
    """``softmax(logits / temperature)`` over axis 0 of ``(V, ...)``; temperature 0 is greedy.

    At temperature 0 the largest logit (the first of equals) has probability 1. EngineError for a
    negative or non-finite temperature, or logits that are no floating-point array.
    """
    _check_logits(logits)
    if require_number("temperature", temperature) == 0.0:
        best = logits.argmax(axis=0)
        greedy = np.zeros_like(logits)
        np.put_along_axis(greedy, best[np.newaxis], 1.0, axis=0)
        return greedy
    result: Array = np.exp(log_softmax(logits, 0, temperature))
    return result


def cross_entropy(logits: Array, targets: npt.NDArray[np.integer[Any]]) -> Array:
    """Nats of each target: ``log sum exp(logits) - logits[target]``.

    ``logits`` is ``(V, T, B)``, ``targets`` ``(T, B)``; the result is ``(T, B)``. EngineError names
    a wrong argument.
    """
    require_array("logits", logits, ("V", "T", "B"))
    targets = require_indices("targets", targets, logits.shape[0], logits.shape[1:])
    highest = logits.max(axis=0)
    log_sum = np.log(np.exp(logits - highest).sum(axis=0))
    chosen = np.take_along_axis(logits, targets[np.newaxis], axis=0)[0]
    nats: Array = log_sum + (highest - chosen)
    return nats


def softmax_cross_entropy(
    logits: Array,
    targets: npt.NDArray[np.integer[Any]],
    dlogits_out: Array | None = None,
    reduction: str = "mean",
    characters: int | None = None,
) -> tuple[float, Array]:
    """The summed loss in nats and the gradient of the reduced loss by the logits.

    ``logits`` is ``(V, T, B)``, ``targets`` ``(T, B)`` indices. The gradient is
    ``softmax(logits) - onehot(targets)``, for ``reduction="mean"`` divided by ``characters``
    (``T * B`` by default; more when this is a part of what is averaged). It is written into
    ``dlogits_out`` when given (which may be ``logits`` itself). The first value is the *sum* over
    all ``T * B`` characters for either reduction. EngineError names a wrong argument.
    """
    require_array("logits", logits, ("V", "T", "B"))
    vocabulary_size, steps, batch = logits.shape
    targets = require_indices("targets", targets, vocabulary_size, (steps, batch))
    require_choice("reduction", reduction, REDUCTIONS)
    if dlogits_out is None:
        dlogits_out = np.empty((steps, batch, vocabulary_size), logits.dtype).transpose(2, 0, 1)
    gradient = dlogits_out
    if gradient.shape != logits.shape or gradient.dtype != logits.dtype:
        raise EngineError(
            f"dlogits_out must be {logits.dtype} {logits.shape}, got {gradient.dtype} "
            f"{gradient.shape}"
        )
    if characters is None:
        characters = steps * batch
    weight = 1.0 / characters if reduction == "mean" else 1.0
    rows, gradient_rows = _rows(logits), _rows(gradient)
    loss = unchecked_softmax_cross_entropy(rows, targets.reshape(-1), gradient_rows, weight)
    if not np.may_share_memory(gradient_rows, gradient):  # a gradient in another order
        gradient[...] = gradient_rows.reshape(steps, batch, vocabulary_size).transpose(2, 0, 1)
    return loss, gradient


def unchecked_softmax_cross_entropy(
    rows: Array, targets: npt.NDArray[np.integer[Any]], gradient: Array, weight: float
) -> float:
    """``softmax_cross_entropy`` of ``rows (N, V)`` and ``targets (N,)``, for every training step.

    ``gradient (N, V)``, contiguous, becomes ``weight * (softmax(rows) - onehot(targets))``; it may
    be ``rows`` itself. The arguments must fit: nothing is checked.
    """
    row_starts, ones, rows_ones = _row_helpers(*gradient.shape, gradient.dtype)
    entries, at = gradient.reshape(-1), row_starts + targets
    np.subtract(rows, np.maximum.reduce(rows, axis=1, keepdims=True), out=gradient)
    nats = entries[at]
    np.exp(gradient, out=gradient)
    total = gradient.dot(ones)  # the sum of each row, three times as fast as by ``add.reduce``
    np.subtract(np.log(total), nats, out=nats)
    np.divide(weight, total, out=total)
    gradient *= total[:, np.newaxis]
    entries[at] -= weight
    return float(nats.dot(rows_ones))


@lru_cache(maxsize=8)
def _row_helpers(
    count: int, width: int, dtype: np.dtype[np.floating[Any]]
) -> tuple[npt.NDArray[np.intp], Array, Array]:
    """Where each row of a matrix begins among all its entries, and ones to sum rows, columns."""
    starts = np.arange(0, count * width, width)
    ones, rows_ones = np.ones(width, dtype), np.ones(count, dtype)
    for array in (starts, ones, rows_ones):
        array.flags.writeable = False
    return starts, ones, rows_ones


def _rows(array: Array) -> Array:
    """``(V, T, B)`` as rows ``(T*B, V)``: a view of an array in the order of the network's own."""
    return np.ascontiguousarray(array.transpose(1, 2, 0)).reshape(-1, array.shape[0])


def _check_logits(logits: Array) -> None:
    if not isinstance(logits, np.ndarray) or logits.dtype.kind != "f" or logits.size == 0:
        kind = logits.dtype if isinstance(logits, np.ndarray) else type(logits).__name__
        raise EngineError(
            f"logits must be a floating-point array (V, ...), none of it 0, got {kind} "
            f"{np.shape(logits)}"
        )
    if logits.ndim == 0:
        raise EngineError("logits must have shape (V, ...), got ()")
