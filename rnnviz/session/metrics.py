"""Writes the figures of a run as JSON lines, one per step, for scripts."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from types import TracebackType

from rnnviz.files import reason, replacing
from rnnviz.session.export import number
from rnnviz.session.frames import Row


class MetricsWriter:
    """A context manager over one `.jsonl` file, which is whole after `close`.

    Until then what stood there stands. OSError when the file cannot be begun; what goes wrong
    later, such as a full disk, is kept in `problem` as one sentence, so that training goes on.
    """

    def __init__(self, path: Path) -> None:
        self.problem = ""
        self._path = path
        self._open = contextlib.ExitStack()
        self._file = self._open.enter_context(replacing(path))

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
        try:
            self._file.write((json.dumps(line) + "\n").encode())
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Flushes, closes and gives the file its name."""
        if self.problem:
            return
        try:
            self._open.close()
        except OSError as error:
            self._say(error)

    def _give_up(self, error: OSError) -> None:
        self._say(error)
        with contextlib.suppress(OSError):  # the part goes, as after any exception
            self._open.__exit__(OSError, error, None)

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
