"""Writes the figures of a run as JSON lines, one per step, for scripts."""

from __future__ import annotations

import json

from rnnviz.session.export import number
from rnnviz.session.frames import Row
from rnnviz.session.growing_file import GrowingFile


class MetricsWriter(GrowingFile):
    """One `.jsonl` file, which grows by a whole line with every step."""

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
        self.append((json.dumps(line) + "\n").encode())
