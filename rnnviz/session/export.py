"""The record of a run as files for other programs: CSV, JSON lines, and samples as text."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnviz.files import replacing
from rnnviz.session.record import Record

_ROWS = 20_000  # written at a time
_COLUMNS = (
    "step",
    "characters",
    "seconds",
    "loss",
    "smoothed",
    "grad_norm",
    "clipped",
    "learning_rate",
)
_NAMES = {"smoothed": "smoothed_loss"}  # outside of the program


def write_csv(path: str | os.PathLike[str], record: Record, split_label: str) -> None:
    """Every step of a run, a header first; a failure leaves an older file as it was (OSError).

    Losses are in nats per character, the norm is that before clipping, `clipped` is 0 or 1.
    """
    with replacing(path) as file:
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        names = [_NAMES.get(name, name) for name in _COLUMNS]
        writer.writerow([*names, "val_loss", "val_split"])
        for rows in _pieces(record):
            for values, val_loss in rows:
                step, characters, seconds, loss, smoothed, norm, clipped, rate = values
                writer.writerow(
                    [
                        step,
                        characters,
                        f"{seconds:.3f}",
                        f"{loss:.7g}",
                        f"{smoothed:.7g}",
                        f"{norm:.7g}",
                        int(clipped),
                        f"{rate:.7g}",
                        "" if val_loss is None else f"{val_loss:.7g}",
                        "" if val_loss is None else split_label,
                    ]
                )
            file.write(buffer.getvalue().encode())
            buffer.seek(0)
            buffer.truncate()


def write_jsonl(path: str | os.PathLike[str], record: Record) -> None:
    """Every step of a run as a JSON object on a line of its own; OSError as in `write_csv`."""
    names = [_NAMES.get(name, name) for name in _COLUMNS]
    with replacing(path) as file:
        for rows in _pieces(record):
            lines = []
            for values, val_loss in rows:
                line = {name: number(v) for name, v in zip(names, values, strict=True)}
                if val_loss is not None:
                    line["val_loss"] = number(val_loss)
                lines.append(json.dumps(line) + "\n")
            file.write("".join(lines).encode())


def number(value: float) -> float | None:
    """JSON has no NaN or infinity; they become null."""
    return value if math.isfinite(value) else None


def _pieces(record: Record) -> Iterator[list[tuple[tuple[float, ...], float | None]]]:
    """The columns' values step by step, with the validation loss of that step, piece by piece."""
    validations = {v.step: v.loss for v in record.validations}
    for start in range(0, len(record), _ROWS):
        piece = slice(start, start + _ROWS)
        parts = (_short(record.columns[name][piece]) for name in _COLUMNS)
        yield [(values, validations.get(values[0])) for values in zip(*parts, strict=True)]


def steps_of(record: Record) -> Iterator[tuple[tuple[float, ...], float | None]]:
    """Step by step: step, characters, seconds, loss, smoothed, grad_norm, clipped, learning_rate.

    Beside each the validation loss measured at that step, if there is one.
    """
    for rows in _pieces(record):
        yield from rows


def _short(column: NDArray[Any]) -> list[float]:
    """Plain numbers; single precision without the digits that a double would add to it."""
    if column.dtype == np.float32:
        return [float(str(value)) for value in column]
    return list(column.tolist())
