"""Reads safetensors files that nobody vouches for: all is checked before anything is allocated.

The format: eight bytes with the length of the header, little endian; the header, a JSON object with
``dtype``, ``shape`` and ``data_offsets`` of each tensor and the texts of ``__metadata__``; then the
tensors' bytes without gaps. The file is read and not mapped into memory, so that cutting it off
meanwhile is an error like any other and no crash. Used by ``checkpoint``, which writes such files.
"""

import io
import json
import math
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

MAX_HEADER_BYTES = 16_000_000
"""Longest header read; the format allows 100 MB, of which parsing would make gigabytes."""

_MAX_OBJECTS = 100_000  # in a JSON text, the most that are kept while it is parsed
_PREFIX = 8
_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}
_KINDS = (
    (b"PK\x03\x04", "it is a zip archive, as torch.save writes"),
    (b"\x80\x02", "it is a Python pickle, which is never opened"),
    (b"\x80\x03", "it is a Python pickle, which is never opened"),
    (b"\x80\x04", "it is a Python pickle, which is never opened"),
    (b"\x80\x05", "it is a Python pickle, which is never opened"),
    (b"\x89HDF", "it is an HDF5 file"),
    (b"\x93NUMPY", "it is a NumPy file"),
    (b"\x1f\x8b", "it is compressed with gzip"),
)


class FormatError(ValueError):
    """What is wrong with a file, as a clause for a sentence about it."""


@dataclass(frozen=True)
class TensorEntry:
    """One tensor as the header describes it: NumPy's name of the dtype, the shape, its bytes."""

    dtype: str
    shape: tuple[int, ...]
    start: int  # in the file
    size: int  # bytes


class TensorFile:
    """An open file whose header is in order. ``metadata`` and ``entries`` by name; use ``with``.

    Raises FormatError for a file that is none, and OSError.
    """

    def __init__(self, path: Path):
        # A pipe that has just taken the file's place must not be waited for.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        self._stream = io.FileIO(os.open(path, flags))
        try:
            status = os.fstat(self._stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise FormatError("it is not a regular file")
            header = self._read_header(status.st_size)
            data_start = _PREFIX + len(header)
            self.metadata, self.entries = _parsed(header, data_start)
            _check_places(self.entries, data_start, status.st_size)
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> "TensorFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def read(self, name: str) -> np.ndarray[Any, Any]:
        """A tensor of the file, in an array of its own."""
        entry = self.entries[name]
        array: np.ndarray[Any, Any] = np.empty(entry.shape, entry.dtype)
        self.read_into(name, array)
        return array

    def read_into(self, name: str, array: np.ndarray[Any, Any]) -> None:
        """A tensor of the file, into a contiguous array of its dtype and shape."""
        entry = self.entries[name]
        if not entry.size:
            return
        self._stream.seek(entry.start)
        self._fill(array.reshape(-1).view(np.uint8).data)
        if array.dtype == np.bool_ and array.view(np.uint8).max() > 1:
            raise FormatError(f"{name} has truth values other than 0 and 1")
        if sys.byteorder == "big":
            array.byteswap(inplace=True)

    def _fill(self, room: memoryview) -> None:
        done = 0
        while done < len(room):
            count = self._stream.readinto(room[done:])
            if not count:
                raise FormatError("it ends before its last tensor")
            done += count

    def _read_header(self, size: int) -> bytes:
        start = bytearray(min(size, _PREFIX + 1))
        self._fill(memoryview(start))
        if len(start) <= _PREFIX:
            raise FormatError(f"it has {size} bytes only")
        if start[_PREFIX:] != b"{":
            # Only then: the length of a good header may look like the beginning of anything.
            for mark, kind in _KINDS:
                if start.startswith(mark):
                    raise FormatError(kind)
        length = int.from_bytes(start[:_PREFIX], "little")
        if length > size - _PREFIX:
            raise FormatError(f"its header would take {length:,} bytes of a file of {size:,}")
        if length > MAX_HEADER_BYTES:
            raise FormatError(
                f"its header takes {length:,} bytes, more than the {MAX_HEADER_BYTES:,} allowed"
            )
        header = bytearray(length)
        self._stream.seek(_PREFIX)
        self._fill(memoryview(header))
        return bytes(header)


def _parsed(header: bytes, data_start: int) -> tuple[dict[str, str], dict[str, TensorEntry]]:
    """Metadata and tensors by name."""
    try:
        content = parse_json(header.decode("utf-8"))
    except UnicodeDecodeError:
        raise FormatError("its header is no text") from None
    except ValueError as error:
        raise FormatError(f"its header is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise FormatError("its header is not a JSON object")
    metadata = content.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(
        isinstance(value, str) for value in metadata.values()
    ):
        raise FormatError("its metadata are not texts")
    return metadata, {name: _entry(name, value, data_start) for name, value in content.items()}


def parse_json(text: str) -> object:
    """The value of a JSON text; ValueError, told in a clause, for anything wrong or out of bounds.

    Other than ``json.loads`` it refuses keys that occur twice in an object, and nesting or numbers
    beyond all sense without leaving the family of ValueError.
    """
    objects = 0

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal objects
        objects += 1
        if objects > _MAX_OBJECTS:
            raise ValueError(f"it has more than {_MAX_OBJECTS:,} objects")
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    raise ValueError(f"the key {key[:80]!r} occurs twice")
                seen.add(key)
        return found

    try:
        parsed: object = json.loads(text, object_pairs_hook=unique)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return parsed


def _entry(name: str, value: object, data_start: int) -> TensorEntry:
    shown = repr(name[:80])
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise FormatError(f"the tensor {shown} is not described by dtype, shape and data_offsets")
    dtype = _DTYPES.get(value["dtype"]) if isinstance(value["dtype"], str) else None
    if dtype is None:
        kind = str(value["dtype"])[:20]
        raise FormatError(f"the tensor {shown} is of dtype {kind!r}, which NumPy does not have")
    shape, offsets = value["shape"], value["data_offsets"]
    if not _is_counts(shape) or len(shape) > 8:
        raise FormatError(f"the shape of the tensor {shown} is no list of sizes")
    if not _is_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise FormatError(f"the tensor {shown} has no usable data_offsets")
    size = offsets[1] - offsets[0]
    # Python's whole numbers do not overflow; NumPy's do, also where a 0 makes the product small.
    if math.prod(max(length, 1) for length in shape) > 2**48:
        raise FormatError(f"the shape of the tensor {shown} is beyond all sizes")
    if math.prod(shape) * np.dtype(dtype).itemsize != size:
        raise FormatError(f"the tensor {shown} does not have the {size:,} bytes its shape takes")
    return TensorEntry(dtype, tuple(shape), data_start + offsets[0], size)


def _is_counts(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _check_places(entries: dict[str, TensorEntry], start: int, size: int) -> None:
    """The tensors must fill the file to its end, without gaps and without sharing bytes."""
    place = start
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].start, item[1].size)):
        if entry.start != place:
            what = "overlaps another" if entry.start < place else "leaves a gap before it"
            raise FormatError(f"the tensor {name[:80]!r} {what}")
        place += entry.size
    if place > size:
        raise FormatError(f"it ends at byte {size:,} of {place:,}")
    if place < size:
        raise FormatError(f"it goes on for {size - place:,} bytes after its last tensor")
