"""How much memory there is to take; asked before something of a size from outside is allocated.

Most systems grant more memory than they have and end the process when it is used, so waiting for
MemoryError is no protection.
"""

import ctypes
import os
import sys
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")


def available_memory() -> int | None:
    """Bytes that can be taken without driving others out; None where nobody says."""
    try:
        for line in _MEMINFO.read_text(encoding="ascii").splitlines():
            name, _, amount = line.partition(":")
            if name == "MemAvailable":
                return int(amount.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    if sys.platform == "win32":
        return _windows_memory()
    try:  # all there is, where what is free can't be told (macOS)
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def lacking_memory(needed: int) -> str:
    """Empty when so many bytes can be had, else how much is needed and how much there is."""
    available = available_memory()
    if available is None or needed <= available:
        return ""
    return f"needs {_amount(needed)} of memory where {_amount(available)} are free"


def _amount(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"


def _windows_memory() -> int | None:
    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            ("total_physical", ctypes.c_ulonglong),
            ("available_physical", ctypes.c_ulonglong),
            ("rest", ctypes.c_ulonglong * 5),
        )

    status = Status()
    status.length = ctypes.sizeof(status)
    library = getattr(ctypes, "windll").kernel32  # noqa: B009 - other platforms' stubs lack it
    if not library.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.available_physical)
