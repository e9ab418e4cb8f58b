"""Which BLAS NumPy uses, and how training best uses the processor's cores."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadpoolctl import ThreadpoolController

from rnnviz.engine.errors import require_integer

if TYPE_CHECKING:
    from rnnviz.engine.network import ModelConfig

# Multiplications in a window from which processes gain more than their talk costs, about a tenth of
# a millisecond; and the parallel texts each should have, because smaller products are slower.
_SHARED_FROM = 30_000_000
_LEAST_TEXTS = 8
# Multiplications in one recurrent GEMM from which a second BLAS thread gains more than it costs.
_THREADS_FROM = 500_000
# Memory and turns limit such networks: more processes bring next to nothing.
_MOST_CORES = 8
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


@dataclass(frozen=True)
class Parallelism:
    """How training uses the processor: ``processes`` that share the batch out, and in each of them
    so many ``threads`` of the BLAS library."""

    processes: int
    threads: int


def recommended_parallelism(
    config: "ModelConfig", batch: int, steps: int, cores: int | None = None, shares: bool = True
) -> Parallelism:
    """What suits windows of ``steps`` by ``batch`` characters on so many ``cores``.

    ``cores`` is by default what the user set in OPENBLAS_NUM_THREADS, OMP_NUM_THREADS or
    MKL_NUM_THREADS, else those of the machine. Small networks gain nothing from more than one.
    Training that cannot be shared out, for which ``shares`` is false, stays in one process.
    """
    require_integer("batch", batch, 1)
    require_integer("steps", steps, 1)
    if cores is None:
        cores = most_cores()
    require_integer("cores", cores, 1)
    multiplications = 3 * config.parameter_count * batch * steps
    processes = min(cores, batch // _LEAST_TEXTS)
    shares = shares and sys.platform != "win32"  # which has no such pipes and memory
    if processes > 1 and shares and multiplications >= _SHARED_FROM:
        return Parallelism(processes, 1)
    product = config.cell_type.gates * config.hidden_size**2 * batch
    return Parallelism(1, cores if product >= _THREADS_FROM else 1)


def most_cores() -> int:
    """The cores training uses where they help: those the user's environment asks for, or all."""
    return threads_set_by_user() or min(available_cores(), _MOST_CORES)


def threads_set_by_user() -> int | None:
    """The number of threads the user's environment asks for, if it does."""
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
