"""What the window remembers from one start to the next; damaged values fall back to defaults."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from rnnviz.files import reason, write_bytes
from rnnviz.panels.translate import tr
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

    What is set is written by `sync`, so that a crash or a full disk leaves the old file or the new
    one; QSettings' own writing can cut it short.
    """

    def __init__(self, path: Path | None = None) -> None:
        file = path or data_folder() / "settings.ini"
        self.notice = ""
        problem = _problem(file)
        if problem:
            file, self.notice = _set_aside(file, problem)
        self.file = file
        self._store = QSettings(str(file), QSettings.Format.IniFormat)  # only read
        self._changed: dict[str, object] = {"version": str(_VERSION)}  # None for what is forgotten

    def text(self, key: str, default: str = "") -> str:
        """A text; anything else counts as missing."""
        value = self._value(key)
        return value if isinstance(value, str) else default

    def _value(self, key: str) -> object:
        return self._changed[key] if key in self._changed else self._store.value(key)

    def number(self, key: str, default: float) -> float:
        """A finite number; anything else counts as missing."""
        try:
            value = float(self._value(key))  # type: ignore[arg-type]
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
        value = self._value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def set(self, key: str, value: object) -> None:
        """Keeps a value; dictionaries as JSON, numbers and truth values as words."""
        if isinstance(value, dict):
            value = json.dumps(value)
        elif not isinstance(value, QByteArray):
            value = str(value)
        self._changed[key] = value

    def remove(self, key: str) -> None:
        """Forgets a value."""
        self._changed[key] = None

    def sync(self) -> str:
        """Writes what was set; what another window has set meanwhile stays.

        Returns what went wrong, in a sentence; the old file is whole then.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / "settings.ini"
                if self.file.exists():
                    shutil.copyfile(self.file, copy)
                _apply(self._changed, copy)
                content = copy.read_bytes()
            if not self.file.exists() or self.file.read_bytes() != content:
                write_bytes(self.file, content)
        except OSError as error:
            words = tr("The settings cannot be kept in {0} ({1}).")
            return words.format(self.file, reason(error))
        return ""


def _apply(changes: dict[str, object], file: Path) -> None:
    store = QSettings(str(file), QSettings.Format.IniFormat)
    for key, value in changes.items():
        if value is None:
            store.remove(key)
        else:
            store.setValue(key, value)
    store.sync()


def _problem(file: Path) -> str:
    """Why a settings file can't be used, as a clause; empty when it can, or when there is none."""
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            return tr("is not a file")  # a pipe would keep the window waiting
        if status.st_size > _MAX_BYTES:
            return tr("is far too large")
        content = file.read_bytes()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        words = tr("can't be read ({0})")
        return words.format(getattr(error, "strerror", None) or error)
    lines = content.splitlines()
    if b"\0" in content or not all(_LINE.fullmatch(line) for line in lines):
        return tr("is damaged")
    version = str(_VERSION).encode()
    found = [match[1] for line in lines if (match := _VERSION_LINE.fullmatch(line))]
    if any(value.strip() != version for value in found):
        return tr("is from another version of rnnviz")
    return ""


def _set_aside(file: Path, problem: str) -> tuple[Path, str]:
    """Renames a file that can't be used; the path to use instead, and a sentence for the user."""
    places = [file.with_name(f"{file.name}.unusable-{i}") for i in range(1, _KEPT_ASIDE + 1)]
    place = next((place for place in places if not os.path.lexists(place)), places[-1])
    try:
        file.replace(place)
    except (OSError, ValueError):
        # Not to be overwritten: it may be of use to whoever made it so.
        words = tr("The settings file {0} {1}, so the defaults are in force; move it away.")
        return file.with_name(f"{file.stem}-{_VERSION}.ini"), words.format(file, problem)
    words = tr("The settings file {0}, so the defaults are in force; it is kept as {1}.")
    return file, words.format(problem, place)
