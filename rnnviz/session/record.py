"""A run's history up to one step, which nobody changes: what files hold and exports read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnnviz.session.frames import Event, Row, Sample, Validation

COLUMNS: dict[str, type[np.generic]] = {
    "step": np.int64,
    "characters": np.int64,
    "seconds": np.float64,
    "loss": np.float32,
    "smoothed": np.float32,
    "grad_norm": np.float32,
    "max_abs": np.float32,
    "clipped": np.bool_,
    "learning_rate": np.float32,
}
"""One number per step for each name; see `Row` for what they mean."""

_ROW_TYPES: dict[str, type] = {
    **dict.fromkeys(Row._fields, float),
    "step": int,
    "characters": int,
    "clipped": bool,
}
Item = TypeVar("Item", Validation, Sample, Event)


@dataclass(frozen=True)
class Record:
    """All steps up to one, in columns (N,) of equal length, and what was seen on the way."""

    columns: Mapping[str, NDArray[Any]]
    last: Row | None
    validations: tuple[Validation, ...] = ()
    samples: tuple[Sample, ...] = ()
    events: tuple[Event, ...] = ()

    def __len__(self) -> int:
        return len(self.columns["step"])

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Arrays by name that hold everything; `from_tensors` makes a record of them again.

        Lists become JSON lines in UTF-8, as bytes: a header of a model file would not hold them.
        """
        last = [] if self.last is None else [self.last._asdict()]
        lists = {
            # NumPy's numbers, if there are any, are not JSON's.
            "last": [{name: _ROW_TYPES[name](row[name]) for name in row} for row in last],
            "validations": map(dataclasses.asdict, self.validations),
            "samples": map(dataclasses.asdict, self.samples),
            "events": map(dataclasses.asdict, self.events),
        }
        return dict(self.columns) | {name: _lines(items) for name, items in lists.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> Record:
        """Reads what `tensors` gave; ValueError with a few words when something is wrong."""
        columns = {name: _column(name, tensors.get(name)) for name in COLUMNS}
        if len({len(column) for column in columns.values()}) != 1:
            raise ValueError("its columns are not equally long")
        steps = columns["step"]
        if len(steps) and (steps[0] < 0 or not (np.diff(steps) > 0).all()):
            raise ValueError("its steps do not rise")
        seconds = columns["seconds"]
        if not np.isfinite(seconds).all() or not (np.diff(seconds) >= 0).all():
            raise ValueError("its seconds do not rise")
        rows = [_row(line) for line in _parsed("last", tensors)]
        if len(rows) != min(len(steps), 1) or (rows and rows[0].step < steps[-1]):
            raise ValueError("its last row does not belong to its columns")
        return cls(
            columns=columns,
            last=rows[0] if rows else None,
            validations=tuple(_item(Validation, line) for line in _parsed("validations", tensors)),
            samples=tuple(_item(Sample, line) for line in _parsed("samples", tensors)),
            events=tuple(_item(Event, line) for line in _parsed("events", tensors)),
        )


def _lines(items: Iterable[Mapping[str, Any]]) -> NDArray[np.uint8]:
    text = "".join(json.dumps(item) + "\n" for item in items)
    return np.frombuffer(text.encode("ascii"), np.uint8)


def _column(name: str, array: NDArray[Any] | None) -> NDArray[Any]:
    if array is None:
        raise ValueError(f"it has no {name}")
    if array.ndim != 1 or array.dtype != COLUMNS[name]:
        raise ValueError(f"its {name} is no column of {np.dtype(COLUMNS[name]).name}")
    return array


def _parsed(name: str, tensors: Mapping[str, NDArray[Any]]) -> list[dict[str, Any]]:
    array = tensors.get(name)
    if array is None or array.ndim != 1 or array.dtype != np.uint8:
        raise ValueError(f"it has no list of {name}")
    try:
        found = [json.loads(line) for line in array.tobytes().decode("ascii").splitlines()]
    except (ValueError, RecursionError):
        raise ValueError(f"its {name} cannot be read") from None
    if not all(isinstance(item, dict) for item in found):
        raise ValueError(f"its {name} cannot be read")
    return found


def _row(values: Mapping[str, Any]) -> Row:
    return Row(**_typed("last", values, _ROW_TYPES))


def _item(kind: type[Item], values: Mapping[str, Any]) -> Item:
    # The annotations are strings in the modules of frozen records.
    types = {"int": int, "float": float, "str": str, "bool": bool}
    wanted = {field.name: types[str(field.type)] for field in dataclasses.fields(kind)}
    return kind(**_typed(kind.__name__.lower(), values, wanted))


def _typed(name: str, values: Mapping[str, Any], types: Mapping[str, type]) -> dict[str, Any]:
    if set(values) != set(types):
        raise ValueError(f"a {name} in it has other parts than it should")
    found: dict[str, Any] = {}
    for part, value in values.items():
        if types[part] is float and type(value) is int:
            value = float(value)
        # A whole number may still be too large for the drawing.
        if type(value) is not types[part] or (type(value) is int and not 0 <= value < 2**63):
            raise ValueError(f"a {name} in it has {part} = {str(value)[:40]!r}")
        found[part] = value
    return found
