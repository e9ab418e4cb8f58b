"""Writing much at once past the system's cache of files, where the system lets us.

What goes through the cache is first copied into fresh pages of memory, and these cost more
processor time than all else that saving a large network needs: on a busy machine seconds.
"""

from __future__ import annotations

import errno
import mmap
import os
from typing import IO

if os.name == "posix":
    import fcntl

_BLOCK = 1 << 22  # bytes written at a time, so that other threads get their turn in between
_SECTOR = 4096  # bytes; what is written past the cache begins and ends at such bounds


class StraightWriter:
    """Writes on from the beginning of a new binary file; whole blocks go straight to the disk.

    `finish` writes the rest; without it the end is missing. What the file system does not take that
    way is written as usual. OSError as the system gives it.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._handle = _straight(file)
        self._block = memoryview(mmap.mmap(-1, _BLOCK))  # begins at a page, as it has to
        self._used = 0

    def write(self, data: memoryview | bytes) -> None:
        """Takes what comes next."""
        rest = memoryview(data)
        while len(rest):
            count = min(len(rest), _BLOCK - self._used)
            if self._handle is None and not self._used:
                self._file.write(rest[:count])  # no need to collect anything
            else:
                self._block[self._used : self._used + count] = rest[:count]
                self._used += count
                if self._used == _BLOCK:
                    self._put()
            rest = rest[count:]

    def finish(self) -> None:
        """Writes what is left; the file is an ordinary one again."""
        self._give_up()
        self._put()

    def _put(self) -> None:
        done = 0
        while self._handle is not None and done < self._used:
            try:
                done += os.write(self._handle, self._block[done : self._used])
            except OSError as error:
                if error.errno != errno.EINVAL:  # here: not past the cache
                    raise
                self._give_up()
            if done % _SECTOR:
                self._give_up()
        if done < self._used:
            self._file.write(self._block[done : self._used])
        self._used = 0

    def _give_up(self) -> None:
        if self._handle is not None:
            flags = fcntl.fcntl(self._handle, fcntl.F_GETFL)
            fcntl.fcntl(self._handle, fcntl.F_SETFL, flags & ~os.O_DIRECT)
            self._handle = None


def _straight(file: IO[bytes]) -> int | None:
    """The descriptor of a new file that is now written past the cache; None where that can't be."""
    if not hasattr(os, "O_DIRECT"):
        return None
    try:
        handle = file.fileno()
        if file.tell():
            return None
        flags = fcntl.fcntl(handle, fcntl.F_GETFL)
        fcntl.fcntl(handle, fcntl.F_SETFL, flags | os.O_DIRECT)
    except (OSError, AttributeError):  # no real file, or one that knows no other way
        return None
    return handle
