"""Versions, paths and the BLAS library, for `rnnviz info` and the About box."""

from __future__ import annotations

import platform
from importlib import metadata

from rnnviz import __version__
from rnnviz.engine.blas import available_cores, blas_info, most_cores, threads_set_by_user
from rnnviz.paths import cache_folder, corpora_folder, data_folder, resources_folder

_PACKAGES = ("numpy", "PySide6-Essentials", "pyqtgraph", "safetensors", "threadpoolctl", "tqdm")


def gather() -> dict[str, str]:
    """Names and values, in the order to show them."""
    blas = blas_info()
    found = {"rnnviz": __version__, "Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found | {
        "platform": platform.platform(),
        "BLAS library": f"{blas.library} {blas.version}",
        "BLAS kernel": blas.kernel,
        "BLAS threads": str(blas.threads),
        "cores for training": _training_cores(),
        "resources": str(resources_folder()),
        "corpora": str(corpora_folder()),
        "cache": str(cache_folder()),
        "data": str(data_folder()),
    }


def _training_cores() -> str:
    asked = threads_set_by_user()
    found = f"{available_cores()} in this machine"
    return f"{asked}, as the environment asks; {found}" if asked else f"{most_cores()}; {found}"
