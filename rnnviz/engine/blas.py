"""Which BLAS NumPy uses, with how many threads; for ``rnnviz info`` and who sets the threads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from threadpoolctl import ThreadpoolController

from rnnviz.engine.cells import CELLS
from rnnviz.engine.errors import require_integer
from rnnviz.engine.network import ModelConfig

# Multiplications in one recurrent GEMM from which a second thread gains more than it costs:
# a GRU or LSTM of 128 at a batch of 32 is above, the classic 100-unit network far below.
_PARALLEL_FROM = 500_000
_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class BlasInfo:
    """The BLAS library in use; ``unknown`` and 0 where it does not say."""

    library: str
    version: str
    kernel: str
    threads: int


def blas_info() -> BlasInfo:
    """What NumPy's BLAS says about itself."""
    for library in ThreadpoolController().info():
        if library.get("user_api") == "blas":
            return BlasInfo(
                library=str(library.get("internal_api", "unknown")),
                version=str(library.get("version") or "unknown"),
                kernel=str(library.get("architecture", "unknown")),
                threads=int(library.get("num_threads", 0)),
            )
    return BlasInfo("unknown", "unknown", "unknown", 0)


def recommended_threads(config: ModelConfig, batch: int) -> int:
    """BLAS threads that suit the network: 1 while its GEMMs are small, else up to the cores.

    A number set by the user in OPENBLAS_NUM_THREADS, OMP_NUM_THREADS or MKL_NUM_THREADS is obeyed.
    """
    require_integer("batch", batch, 1)
    wanted = threads_set_by_user()
    if wanted is not None:
        return wanted
    multiplications = CELLS[config.cell].gates * config.hidden_size**2 * batch
    if multiplications < _PARALLEL_FROM:
        return 1
    # Memory and turns between threads limit such GEMMs: more than four bring next to nothing.
    return min(available_cores(), 4)


def threads_set_by_user() -> int | None:
    """What OPENBLAS_NUM_THREADS, OMP_NUM_THREADS or MKL_NUM_THREADS says, the first of them set."""
    for variable in _THREAD_VARIABLES:
        value = os.environ.get(variable, "")
        if value.isdecimal() and int(value) > 0:
            return int(value)
    return None


def available_cores() -> int:
    """Processor cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else (os.cpu_count() or 1)


def set_threads(threads: int) -> None:
    """NumPy's BLAS uses at most ``threads`` threads from now on (process-wide)."""
    require_integer("threads", threads, 1)
    ThreadpoolController().limit(limits=threads, user_api="blas")


@contextmanager
def thread_limit(threads: int) -> Iterator[None]:
    """Within the block NumPy's BLAS uses at most ``threads`` threads (process-wide)."""
    require_integer("threads", threads, 1)
    with ThreadpoolController().limit(limits=threads, user_api="blas"):
        yield
