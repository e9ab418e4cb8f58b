"""How much memory there is to take; asked before something of a size from outside is allocated.

Most systems grant more memory than they have and end the process when it is used, so waiting for
MemoryError is no protection.
"""

import ctypes
import os
import sys
from pathlib import Path

if sys.platform != "win32":
    import resource

_MEMINFO = Path("/proc/meminfo")
_OWN_GROUPS, _GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
_OWN_PAGES = Path("/proc/self/statm")


def available_memory() -> int | None:
    """Bytes that can be taken without driving others out; None where nobody says.

    No more than limits of the process (``ulimit -v``) and of its control group, as containers have
    them, leave.
    """
    known = (_free_memory(), _left_to_process(), _left_to_group())
    return min((size for size in known if size is not None), default=None)


def _free_memory() -> int | None:
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


def _left_to_process() -> int | None:
    if sys.platform == "win32":
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    try:
        taken = int(_OWN_PAGES.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        taken = 0
    return max(limit - taken, 0)


def _left_to_group() -> int | None:
    """What the control groups of Linux, of either version, leave; files kept in memory may go."""
    try:
        lines = _OWN_GROUPS.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    found = []
    for line in lines:
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0":
            root, limit, used, files = _GROUPS, "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            root, files = _GROUPS / "memory", "total_inactive_file"
            limit, used = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        own = root / path.strip("/")
        for group in (own, *own.parents):  # a limit above holds as well
            if not group.is_relative_to(root):
                break
            try:
                most, taken = (int((group / name).read_text("ascii")) for name in (limit, used))
                statistics = (group / "memory.stat").read_text("ascii").split()
                taken -= int(statistics[statistics.index(files) + 1])
            except (OSError, ValueError, IndexError):  # no limit ("max"), or not to be seen
                continue
            found.append(max(most - taken, 0))
    return min(found, default=None)


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
