"""The numbers behind a picture as a table, and its file of comma-separated values."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnviz.files import replacing

_PIECE = 500  # rows formatted at a time: other threads get their turn in between

Column = Sequence[Any] | NDArray[Any]


@dataclass(frozen=True)
class Table:
    """Columns of equal length with their headings; nothing in it may change afterwards.

    Headings name the unit, as in "train (nats/char)". `None` is a value that is not there.
    ValueError when the columns are not equally long or not as many as the headings.
    """

    columns: tuple[str, ...]
    values: tuple[Column, ...]

    def __post_init__(self) -> None:
        if len(self.columns) != len(self.values) or len({len(v) for v in self.values}) > 1:
            raise ValueError("a table has equally long columns, each with a heading")

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.values[0]) if self.values else 0


def write_table(path: str | os.PathLike[str], table: Table) -> None:
    """Writes a file of comma-separated values, all digits, a heading first.

    A failure leaves an older file as it was: OSError as the system gives it.
    """
    with replacing(path) as file:
        for text in csv_pieces(table):
            file.write(text.encode("utf-8", "replace"))


def csv_pieces(table: Table) -> Iterator[str]:
    """The file's text, piece by piece."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)  # lines end as RFC 4180 says; with others "\r" is not quoted
    writer.writerow(table.columns)
    yield buffer.getvalue()
    for start in range(0, len(table), _PIECE):
        buffer.seek(0)
        buffer.truncate()
        parts = (_plain(column[start : start + _PIECE]) for column in table.values)
        writer.writerows(zip(*parts, strict=True))
        yield buffer.getvalue()


def _plain(column: Column) -> Sequence[Any]:
    """Values as they are written; single precision without the digits a double would add."""
    if not isinstance(column, np.ndarray):
        return [int(value) if isinstance(value, bool) else value for value in column]
    if column.dtype == np.bool_:
        column = column.astype(np.int8)
    if column.dtype in (np.float32, np.float16):
        return [str(value) for value in column]
    return list(column.tolist())
