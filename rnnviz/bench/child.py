"""One side of a benchmark in a process of its own, so that two libraries' threads never meet.

`python -m rnnviz.bench.child engine|torch|textbook|peak NETWORK THREADS` writes `ready` and then
answers each line SECONDS on stdin with a number per second: of characters learned from, or for
`peak` of floating-point operations.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

from rnnviz import blas_kernel

_START_SECONDS = 1.0  # in which worker processes and threads come up, before the first question
_WARM_UP_SECONDS = 0.3  # before each measurement: the others have had the processor meanwhile


def main(arguments: list[str]) -> None:
    """Serves until stdin ends."""
    blas_kernel.prepare_environment()
    side, name, threads = arguments
    rate = _prepare(side, name, int(threads))
    _say("ready")
    for line in sys.stdin:
        _say(repr(rate(float(line))))


def _prepare(side: str, name: str, threads: int) -> Callable[[float], float]:
    """What works for so many seconds and returns how much a second it did."""
    if side == "peak":
        from rnnviz.bench.gemm_peak import make_rate

        return make_rate(threads)
    from rnnviz.bench.networks import NETWORKS, bench_corpus

    match side:
        case "engine":
            from rnnviz.bench.engine_side import make_step
        case "torch":
            from rnnviz.bench.torch_side import make_step
        case "textbook":
            from rnnviz.bench.textbook_side import make_step
        case _:
            raise ValueError(f"there is no side {side!r}")
    spec = NETWORKS[name]
    step = make_step(spec, bench_corpus(), threads)

    def steps_per_second(seconds: float) -> float:
        steps, begun = 0, time.perf_counter()
        while (taken := time.perf_counter() - begun) < seconds:
            loss = step()
            steps += 1
            if not math.isfinite(loss):  # such a step does less than others
                raise ArithmeticError(f"training ended in a loss of {loss}")
        return steps / taken

    def rate(seconds: float) -> float:
        steps_per_second(_WARM_UP_SECONDS)
        return steps_per_second(seconds) * spec.batch_size * spec.seq_len

    steps_per_second(_START_SECONDS)
    return rate


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
