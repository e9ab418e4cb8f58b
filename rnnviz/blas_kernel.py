"""Picks a faster OpenBLAS kernel where that helps; rnnviz.cli calls it before NumPy is imported.

OpenBLAS chooses its Haswell kernels on AMD processors with AVX-512, which leaves about half of
their single-precision speed unused; its SkylakeX kernels run there as well. Standard library only,
because the choice must be in the environment before the library is loaded.
"""

import os
import platform
import sys
from collections.abc import MutableMapping
from pathlib import Path

VARIABLE = "OPENBLAS_CORETYPE"
KERNEL = "SkylakeX"
_NEEDED_FLAGS = frozenset({"avx512f", "avx512dq", "avx512bw", "avx512vl"})


def wanted_kernel(cpuinfo: str) -> str | None:
    """``SkylakeX`` when ``cpuinfo`` (the text of /proc/cpuinfo) is of an AMD with AVX-512."""
    facts: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())
    if facts.get("vendor_id") != "AuthenticAMD":
        return None
    return KERNEL if set(facts.get("flags", "").split()) >= _NEEDED_FLAGS else None


def prepare_environment(
    environment: MutableMapping[str, str] | None = None,
    cpuinfo: Path = Path("/proc/cpuinfo"),
) -> bool:
    """Set ``OPENBLAS_CORETYPE`` if that helps on this machine; returns whether it was set.

    Does nothing when the user has set it, when NumPy is already imported, and anywhere but on
    x86-64 Linux.
    """
    variables = os.environ if environment is None else environment
    if VARIABLE in variables or "numpy" in sys.modules:
        return False
    if not sys.platform.startswith("linux") or platform.machine() not in ("x86_64", "AMD64"):
        return False
    try:
        kernel = wanted_kernel(cpuinfo.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return False
    if kernel is None:
        return False
    variables[VARIABLE] = kernel
    return True
