"""Writes the figures of a run as JSON lines, one per step, for scripts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import TracebackType

from rnnviz.session.frames import Row


def _number(value: float) -> float | None:
    """JSON has no NaN or infinity; they become null."""
    return value if math.isfinite(value) else None


class MetricsWriter:
    """A context manager over one `.jsonl` file, which is whole after `close`."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="\n")

    def write(self, row: Row, val_loss: float | None = None) -> None:
        """Adds the line of one step; losses in nats per character, the norm before clipping."""
        line: dict[str, float | bool | None] = {
            "step": row.step,
            "characters": row.characters,
            "seconds": round(row.seconds, 6),
            "loss": _number(row.loss),
            "smoothed_loss": _number(row.smoothed),
            "grad_norm": _number(row.grad_norm),
            "clipped": row.clipped,
            "learning_rate": row.learning_rate,
        }
        if val_loss is not None:
            line["val_loss"] = _number(val_loss)
        self._file.write(json.dumps(line) + "\n")

    def close(self) -> None:
        """Flushes and closes."""
        self._file.close()

    def __enter__(self) -> MetricsWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
