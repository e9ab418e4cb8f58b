"""One side of a benchmark in a process of its own, so that two libraries' threads never meet.

`python -m rnnviz.bench.child engine|torch|textbook|peak NETWORK THREADS` writes `ready` and then
answers each line SECONDS on stdin with a number per second: of characters learned from, or for
`peak` of floating-point operations.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from rnnviz import blas_kernel

_WARM_UP_SECONDS = 0.3


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

    def rate(seconds: float) -> float:
        for length in (_WARM_UP_SECONDS, seconds):
            steps, begun = 0, time.perf_counter()
            while (taken := time.perf_counter() - begun) < length:
                step()
                steps += 1
        return steps * spec.batch_size * spec.seq_len / taken

    return rate


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
