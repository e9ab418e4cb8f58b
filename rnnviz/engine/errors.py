"""The engine's one exception type and the small checks every public function makes with it.

Used by all of ``rnnviz.engine``. Each message names the argument, what it got and what it wanted.
"""

from collections.abc import Collection
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Kind = TypeVar("Kind")

_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}  # by bytes


class EngineError(ValueError):
    """An argument the engine cannot work with."""


class Interrupted(Exception):
    """A pass was given up because ``Network.interrupt`` asked for it; nothing was changed."""


def require_integer(name: str, value: object, least: int, most: int | None = None) -> int:
    """``value`` as an ``int`` within ``least..most``; EngineError otherwise."""
    wanted = f"an integer >= {least}" if most is None else f"an integer from {least} to {most}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise EngineError(f"{name} must be {wanted}, got {value!r}")
    number = int(value)
    if number < least or (most is not None and number > most):
        raise EngineError(f"{name} must be {wanted}, got {number}")
    return number


def require_number(
    name: str,
    value: object,
    least: float = 0.0,
    below: float = float("inf"),
    exclusive: bool = False,
) -> float:
    """``value`` as a finite ``float`` with ``least <= value < below``; EngineError otherwise.

    With ``exclusive`` it must also be greater than ``least``.
    """
    wanted = f"a finite number {'>' if exclusive else '>='} {least:g}"
    if below != float("inf"):
        wanted += f" and < {below:g}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise EngineError(f"{name} must be {wanted}, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    too_small = number <= least if exclusive else number < least
    if not np.isfinite(number) or too_small or number >= below:
        raise EngineError(f"{name} must be {wanted}, got {number!r}")
    return number


def require_flag(name: str, value: object) -> bool:
    """``value`` when it is True or False; EngineError otherwise."""
    if not isinstance(value, bool):
        raise EngineError(f"{name} must be true or false, got {value!r}")
    return value


def require_instance(name: str, value: object, kind: type[Kind]) -> Kind:
    """``value`` when it is a ``kind``; EngineError otherwise."""
    if not isinstance(value, kind):
        raise EngineError(f"{name} must be a {kind.__name__}, got {type(value).__name__}")
    return value


def require_generator(name: str, value: object) -> np.random.Generator:
    """``value`` when it is a random generator; EngineError otherwise."""
    if not isinstance(value, np.random.Generator):
        raise EngineError(f"{name} must be a numpy.random.Generator, got {type(value).__name__}")
    return value


def require_array(name: str, value: object, shape: tuple[str | int, ...]) -> npt.NDArray[Any]:
    """``value`` when it is an array of floating-point numbers of ``shape``; EngineError otherwise.

    ``shape`` holds a number where the length is fixed and a letter where it is free (at least 1).
    """
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        kind = f"dtype {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise EngineError(f"{name} must be a floating-point array {_spelled(shape)}, got {kind}")
    _require_shape(name, value, shape)
    return value


def require_choice(name: str, value: object, choices: Collection[str]) -> str:
    """``value`` when it is one of ``choices``; EngineError otherwise."""
    if not isinstance(value, str) or value not in choices:
        raise EngineError(f"{name} must be one of {', '.join(sorted(choices))}, got {value!r}")
    return value


def require_indices(
    name: str, value: object, vocabulary_size: int, shape: tuple[str | int, ...]
) -> npt.NDArray[np.integer[Any]]:
    """``value`` as an integer array of character indices in ``0..vocabulary_size - 1``.

    ``shape`` holds a number where the length is fixed and a letter where it is free (at least 1).
    """
    array = np.asarray(value)
    if array.dtype.kind not in "iu":
        raise EngineError(
            f"{name} must be an integer array {_spelled(shape)}, got dtype {array.dtype}"
        )
    _require_shape(name, array, shape)
    # One look at all of them: as an unsigned number a negative one is larger than any index.
    unsigned = array.view(_UNSIGNED[array.dtype.itemsize])
    if int(np.maximum.reduce(unsigned, axis=None)) >= vocabulary_size:
        low, high = int(array.min()), int(array.max())
        wrong = low if low < 0 else high
        raise EngineError(f"{name} must hold indices from 0 to {vocabulary_size - 1}, got {wrong}")
    return array


def _require_shape(name: str, array: npt.NDArray[Any], shape: tuple[str | int, ...]) -> None:
    fits = array.ndim == len(shape) and array.size > 0
    if not fits or any(
        have != want for have, want in zip(array.shape, shape, strict=True) if type(want) is int
    ):
        raise EngineError(
            f"{name} must have shape {_spelled(shape)}, none of it 0, got {array.shape}"
        )


def _spelled(shape: tuple[str | int, ...]) -> str:
    return "(" + ", ".join(str(part) for part in shape) + ("," if len(shape) == 1 else "") + ")"
