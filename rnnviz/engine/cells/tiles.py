"""Products in the loop over time, cut into tiles that BLAS multiplies without repacking them.

OpenBLAS copies the operands of a product into an order of its own first, which for the thin
products of a recurrent step costs up to a third of the time. Its kernels for AVX-512 leave that out
up to a million multiplications, so a larger product is made of several smaller ones, each for some
of the columns: measured on 25 texts and 512 units, 111 against 75 GFLOP/s on one core.
"""

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from rnnviz.engine.blas import blas_info
from rnnviz.engine.parameters import Array

_MOST_MULTIPLICATIONS = 1_000_000
_LEAST_COLUMNS = 16  # one AVX-512 register of float32
_KERNELS = ("SkylakeX", "Cooperlake", "SapphireRapids")


def tile_columns(rows: int, size: int) -> int:
    """How many columns of ``(rows, size) @ (size, size)`` to work out at once.

    All of them, or ``size`` halved until a tile is small enough; all where that does not help.
    """
    columns = size
    if rows == 1 or not _small_products_are_faster():  # of vectors nothing is repacked anyway
        return size
    while rows * size * columns > _MOST_MULTIPLICATIONS:
        if columns % 2 or columns // 2 < _LEAST_COLUMNS:
            return size
        columns //= 2
    return columns


@cache
def _small_products_are_faster() -> bool:
    blas = blas_info()
    return blas.library == "openblas" and blas.kernel in _KERNELS


def tiled(matrices: Array, columns: int) -> Array:
    """``matrices (..., R, C)`` as tiles ``(..., C / columns, R, columns)``, a view."""
    *stack, rows, size = matrices.shape
    return np.moveaxis(matrices.reshape(*stack, rows, size // columns, columns), -2, -3)


def multiplication(rows: Array, whole: bool) -> Callable[[Array, Array], object]:
    """``rows (B, H)`` times its first argument, into the second: tiles, or a ``whole`` matrix.

    The matrix is multiplied by the array's own method, which takes a third of the time of
    ``np.matmul`` to begin: a good part of a small step.
    """
    return rows.dot if whole else partial(np.matmul, rows)
