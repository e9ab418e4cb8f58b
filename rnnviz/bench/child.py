"""One side of a benchmark in a process of its own, so that two libraries' threads never meet.

`python -m rnnviz.bench.child engine|torch|textbook NETWORK [THREADS]` answers each line `SECONDS` on
stdin with a line of JSON, `{"characters_per_second": ...}`, and `peak` with `{"flops": ...}`.
"""

from __future__ import annotations

import json
import sys
import time

from rnnviz import blas_kernel

_WARM_UP_SECONDS = 0.3


def main(arguments: list[str]) -> None:
    """Serves until stdin ends."""
    blas_kernel.prepare_environment()
    from rnnviz.bench.networks import NETWORKS
    from rnnviz.text.sources import load_source

    side, name = arguments[:2]
    threads = int(arguments[2]) if len(arguments) > 2 else None
    spec = NETWORKS[name]
    corpus = load_source("the-salt-crown", None)
    if side == "engine":
        from rnnviz.bench import engine_side

        step = engine_side.make_step(spec, corpus, threads)
    elif side == "torch":
        from rnnviz.bench import torch_side

        step = torch_side.make_step(spec, corpus, threads or 1)
    for line in sys.stdin:
        if line.strip() == "peak":
            from rnnviz.bench.engine_side import gemm_peak
            print(json.dumps({"flops": gemm_peak()}), flush=True)
            continue
        for seconds in (_WARM_UP_SECONDS, float(line)):
            steps, begun = 0, time.perf_counter()
            while (taken := time.perf_counter() - begun) < seconds:
                step()
                steps += 1
        speed = steps * spec.batch_size * spec.seq_len / taken
        print(json.dumps({"characters_per_second": speed}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
