"""Runs a program whose clocks are ahead by as many seconds as a file says; run by the tests.

`clock_ahead.py FILE SCRIPT [ARGUMENT...]`: FILE holds one double. Written while the program is
stopped, it is to the program what hours of sleep are where clocks go on in them.
"""

from __future__ import annotations

import mmap
import runpy
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

CLOCKS = ("perf_counter", "monotonic", "time")


def put_ahead(path: str) -> None:
    """From now on, and for whoever is imported from now on."""
    with Path(path).open("r+b") as file:
        ahead = mmap.mmap(file.fileno(), 8)

    def shifted(clock: Callable[[], float]) -> Callable[[], float]:
        return lambda: clock() + float(struct.unpack("d", ahead)[0])

    for name in CLOCKS:
        setattr(time, name, shifted(getattr(time, name)))


if __name__ == "__main__":
    put_ahead(sys.argv[1])
    del sys.argv[:2]
    runpy.run_path(sys.argv[0], run_name="__main__")
