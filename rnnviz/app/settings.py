"""What the window remembers from one start to the next; damaged values fall back to defaults."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from rnnviz.paths import data_folder

_VERSION = 1
_MAX_BYTES = 4_000_000  # a file of settings has a few thousand
_KEPT_ASIDE = 9  # unusable files kept; the next one replaces the last of them
_LINE = re.compile(rb"\s*(\[[^\]]+\]|;.*|[^=\s\[][^=]*=.*)?\s*")
_VERSION_LINE = re.compile(rb"version=(.*)")


class Settings:
    """A typed face on one ini file in the data folder; `RNNVIZ_DATA` moves it.

    A file that is damaged or of another version is renamed and left alone; `notice` is then one
    sentence that says so, and everything has its default. It is empty otherwise.
    """

    def __init__(self, path: Path | None = None) -> None:
        file = path or data_folder() / "settings.ini"
        self.notice = ""
        problem = _problem(file)
        if problem:
            file, self.notice = _set_aside(file, problem)
        self._store = QSettings(str(file), QSettings.Format.IniFormat)
        self._store.setValue("version", _VERSION)

    def text(self, key: str, default: str = "") -> str:
        """A text; anything else counts as missing."""
        value = self._store.value(key, default)
        return value if isinstance(value, str) else default

    def number(self, key: str, default: float) -> float:
        """A finite number; anything else counts as missing."""
        try:
            value = float(self._store.value(key, default))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return default
        return value if math.isfinite(value) else default

    def flag(self, key: str, default: bool) -> bool:
        """A truth value."""
        return self.text(key, str(default)).lower() == "true"

    def record(self, key: str) -> dict[str, Any]:
        """A JSON object; empty when missing or damaged."""
        try:
            value = json.loads(self.text(key, "{}"))
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def state(self, key: str) -> QByteArray:
        """A geometry or splitter state as Qt gave it; Qt refuses damaged ones itself."""
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def set(self, key: str, value: object) -> None:
        """Keeps a value; dictionaries as JSON, truth values as words."""
        if isinstance(value, dict):
            value = json.dumps(value)
        elif isinstance(value, bool):
            value = str(value)
        self._store.setValue(key, value)

    def remove(self, key: str) -> None:
        """Forgets a value."""
        self._store.remove(key)

    def sync(self) -> None:
        """Writes now instead of later."""
        self._store.sync()


def _problem(file: Path) -> str:
    """Why a settings file can't be used, as a clause; empty when it can, or when there is none."""
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            return "is not a file"  # a pipe would keep the window waiting
        if status.st_size > _MAX_BYTES:
            return "is far too large"
        content = file.read_bytes()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return f"can't be read ({getattr(error, 'strerror', None) or error})"
    lines = content.splitlines()
    if b"\0" in content or not all(_LINE.fullmatch(line) for line in lines):
        return "is damaged"
    version = str(_VERSION).encode()
    found = [match[1] for line in lines if (match := _VERSION_LINE.fullmatch(line))]
    if any(value.strip() != version for value in found):
        return "is from another version of rnnviz"
    return ""


def _set_aside(file: Path, problem: str) -> tuple[Path, str]:
    """Renames a file that can't be used; the path to use instead, and a sentence for the user."""
    places = [file.with_name(f"{file.name}.unusable-{i}") for i in range(1, _KEPT_ASIDE + 1)]
    place = next((place for place in places if not os.path.lexists(place)), places[-1])
    try:
        file.replace(place)
    except (OSError, ValueError):
        # Not to be overwritten: it may be of use to whoever made it so.
        return file.with_name(f"{file.stem}-{_VERSION}.ini"), (
            f"The settings file {file} {problem}, so the defaults are in force; move it away."
        )
    return file, (
        f"The settings file {problem}, so the defaults are in force; it is kept as {place}."
    )
