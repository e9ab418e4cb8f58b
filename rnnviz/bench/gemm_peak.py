"""How fast the machine multiplies large matrices: what no network can be faster than."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from rnnviz.engine.blas import set_threads

SIZE = 2048
FLOPS = 2.0 * SIZE**3
"""Floating-point operations of one product: a multiplication and an addition each."""


def make_rate(threads: int) -> Callable[[float], float]:
    """A function that multiplies for so many seconds, in single precision.

    It returns the operations per second of the fastest product, of which there is at least one.
    """
    set_threads(threads)
    left, right = np.random.default_rng(1).random((2, SIZE, SIZE), np.float32)
    out = np.empty_like(left)
    np.matmul(left, right, out=out)  # the first one also pays for memory and threads

    def rate(seconds: float) -> float:
        least, spent = np.inf, 0.0
        while spent < seconds:
            begun = time.perf_counter()
            np.matmul(left, right, out=out)
            taken = time.perf_counter() - begun
            least, spent = min(least, taken), spent + taken
        return float(FLOPS / least)

    return rate
