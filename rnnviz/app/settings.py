"""What the window remembers from one start to the next; damaged values fall back to defaults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from rnnviz.paths import data_folder

_VERSION = 1


class Settings:
    """A typed face on one ini file in the data folder; `RNNVIZ_DATA` moves it."""

    def __init__(self, path: Path | None = None) -> None:
        file = path or data_folder() / "settings.ini"
        self._store = QSettings(str(file), QSettings.Format.IniFormat)
        if self.number("version", _VERSION) != _VERSION:
            self._store.clear()
        self._store.setValue("version", _VERSION)

    def text(self, key: str, default: str = "") -> str:
        """A text; anything else counts as missing."""
        value = self._store.value(key, default)
        return value if isinstance(value, str) else default

    def number(self, key: str, default: float) -> float:
        """A number; anything else counts as missing."""
        try:
            return float(self._store.value(key, default))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return default

    def flag(self, key: str, default: bool) -> bool:
        """A truth value."""
        return self.text(key, str(default)).lower() == "true"

    def record(self, key: str) -> dict[str, Any]:
        """A JSON object; empty when missing or damaged."""
        try:
            value = json.loads(self.text(key, "{}"))
        except ValueError:
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
