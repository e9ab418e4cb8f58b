"""A file that grows by whole pieces while a run trains, such as metrics that others read along."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from rnnviz.files import reason


class GrowingFile:
    """A context manager over a file to which each `append` adds a piece, all of it or nothing.

    It can be read while the training goes on, and of one that is killed all pieces are there.
    OSError when the file cannot be begun; what goes wrong later, such as a full disk, is kept in
    `problem` as one sentence, so that training goes on; the pieces so far stay.
    """

    def __init__(self, path: Path) -> None:
        self.problem = ""
        self._path = path
        self._file = path.open("wb", buffering=0)  # a piece is one call of the system

    def append(self, content: bytes) -> None:
        """Adds a piece at the end, unless something went wrong before."""
        if self.problem:
            return
        end = None
        try:
            if self._file.seekable():  # else a pipe, which takes what it is given
                end = self._file.tell()
            if self._file.write(content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._say(error)
            with contextlib.suppress(OSError):
                if end is not None:
                    self._file.truncate(end)

    def close(self) -> None:
        """Closes the file."""
        try:
            self._file.close()
        except OSError as error:
            self._say(error)

    def _say(self, error: OSError) -> None:
        self.problem = f"{self._path} cannot be written ({reason(error)}): free some space."

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
