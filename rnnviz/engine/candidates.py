"""Which characters may come next: the likeliest k, or the likeliest that hold a share p."""

import numpy as np

from rnnviz.engine.errors import EngineError, require_array, require_integer, require_number
from rnnviz.engine.parameters import Array


def keep_top_k(probabilities: Array, k: int) -> Array:
    """``probabilities (V,)`` of the ``k`` likeliest (Fan et al. 2018), scaled to sum to one.

    All others are 0; of equals the first ones stay. EngineError unless ``k`` >= 1.
    """
    _check(probabilities)
    require_integer("top_k", k, 1)
    if k >= probabilities.size:
        return probabilities
    return _only(probabilities, likeliest(probabilities, k))


def keep_top_p(probabilities: Array, p: float) -> Array:
    """``probabilities (V,)`` of the fewest that together have at least ``p``, scaled to one.

    Nucleus sampling (Holtzman et al. 2020): the likeliest first, the one that reaches ``p``
    included; all others are 0. EngineError unless ``p`` is in (0, 1].
    """
    _check(probabilities)
    check_top_p(p)
    if p == 1.0:
        return probabilities
    order = likeliest(probabilities, probabilities.size)
    reached = probabilities[order].cumsum(dtype=np.float64)
    # Against rounding: p is a share of what there is, which may be a little off one.
    count = int(np.searchsorted(reached, p * reached[-1] * (1.0 - 1e-12))) + 1
    return _only(probabilities, order[:count])


def check_top_p(p: float) -> float:
    """``p`` as a float in (0, 1]; EngineError otherwise."""
    number = require_number("top_p", p, exclusive=True)
    if number > 1.0:
        raise EngineError(f"top_p must be a finite number > 0 and <= 1, got {number!r}")
    return number


def likeliest(values: Array, k: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The indices of the ``k`` largest of ``values (N,)``, largest first, of equals the first."""
    return np.argsort(-values, kind="stable")[:k]


def _only(probabilities: Array, kept: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Array:
    result = np.zeros_like(probabilities)
    result[kept] = probabilities[kept]
    result /= result.sum()
    return result


def _check(probabilities: Array) -> None:
    require_array("probabilities", probabilities, ("V",))
    if not (np.isfinite(probabilities).all() and probabilities.min() >= 0.0):
        raise EngineError("probabilities must be finite and >= 0")
    if not probabilities.sum() > 0.0:
        raise EngineError("probabilities must have a sum > 0, got 0")
