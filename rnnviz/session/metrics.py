"""Writes the figures of a run as JSON lines, one per step, for scripts."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from pathlib import Path
from types import TracebackType

from rnnviz.files import reason
from rnnviz.session.export import number
from rnnviz.session.frames import Row


class MetricsWriter:
    """A context manager over one `.jsonl` file, which grows by a whole line with every step.

    It can be read while the training goes on, and of one that is killed all lines are there.
    OSError when the file cannot be begun; what goes wrong later, such as a full disk, is kept in
    `problem` as one sentence, so that training goes on; the lines so far stay.
    """

    def __init__(self, path: Path) -> None:
        self.problem = ""
        self._path = path
        self._file = path.open("wb", buffering=0)  # a line is one call of the system

    def write(self, row: Row, val_loss: float | None = None) -> None:
        """Adds the line of one step; losses in nats per character, the norm before clipping."""
        if self.problem:
            return
        line: dict[str, float | bool | None] = {
            "step": row.step,
            "characters": row.characters,
            "seconds": round(row.seconds, 6),
            "loss": number(row.loss),
            "smoothed_loss": number(row.smoothed),
            "grad_norm": number(row.grad_norm),
            "clipped": row.clipped,
            "learning_rate": row.learning_rate,
        }
        if val_loss is not None:
            line["val_loss"] = number(val_loss)
        content = (json.dumps(line) + "\n").encode()
        end = self._file.tell()
        try:
            if self._file.write(content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._say(error)
            with contextlib.suppress(OSError):
                self._file.truncate(end)

    def close(self) -> None:
        """Closes the file."""
        try:
            self._file.close()
        except OSError as error:
            self._say(error)

    def _say(self, error: OSError) -> None:
        self.problem = f"{self._path} cannot be written ({reason(error)}): free some space."

    def __enter__(self) -> MetricsWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
