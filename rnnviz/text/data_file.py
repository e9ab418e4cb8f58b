"""JSON files that people edit, with the line of every value, for messages that say where.

Used for presets and the catalogue of texts.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_MAX_BYTES = 1_000_000
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')

Place = tuple[str | int, ...]
"""Keys and positions (from 0) that lead to a value."""


class DataFileError(ValueError):
    """A file that is no usable JSON; the message is a clause beginning with the place."""


class DataFile:
    """A parsed file. `content` is its value, `line` says where in the file a part of it stands."""

    def __init__(self, path: Path) -> None:
        """Reads `path`; OSError when that can't be, DataFileError for what it holds."""
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise DataFileError(f"it is larger than {_MAX_BYTES / 1e6:g} MB")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise DataFileError(
                f"line {line}: byte 0x{data[error.start]:02X} is not UTF-8"
            ) from None
        try:
            self.content: Any = json.loads(text)
        except json.JSONDecodeError as error:
            raise DataFileError(f"line {error.lineno}: {error.msg}") from None
        except (ValueError, RecursionError) as error:
            cause = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise DataFileError(cause) from None
        self._lines, twice = _lines(text)
        if twice is not None:
            raise DataFileError(f"line {twice[1]}: the key {twice[0]!r} occurs twice")

    def line(self, *place: str | int) -> int:
        """The line (from 1) of the value at `place`, of its key where it has one.

        Of a place that is not there it is the line of the closest thing around it.
        """
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)


def _lines(text: str) -> tuple[dict[Place, int], tuple[str, int] | None]:
    """The line of each value of a correct JSON text, and the first key that occurs twice."""
    lines: dict[Place, int] = {}
    twice: tuple[str, int] | None = None
    place: list[str | int] = []
    inside: list[str] = []  # the brackets that are open
    key_next = False
    counted, line = 0, 1
    for token in _TOKEN.finditer(text):
        line += text.count("\n", counted, token.start())
        counted = token.start()
        word = token.group()
        if word in ("{", "["):
            lines.setdefault(tuple(place), line)
            inside.append(word)
            key_next = word == "{"
            place.append(0)
        elif word in ("}", "]"):
            inside.pop()
            place.pop()
            key_next = False
        elif word == ",":
            key_next = inside[-1] == "{"
            if not key_next:
                place[-1] = int(place[-1]) + 1
        elif key_next:
            place[-1] = json.loads(word)
            if tuple(place) in lines and twice is None:
                twice = str(place[-1]), line
            lines[tuple(place)] = line
            key_next = False
        elif word != ":":
            lines.setdefault(tuple(place), line)
    return lines, twice
