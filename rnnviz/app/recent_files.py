"""The files opened last: a menu, kept from one start to the next."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QWidget

from rnnviz.app.settings import Settings
from rnnviz.panels.widgets.plain_tip import plain_tip

_KEPT = 8


class RecentFiles(QObject):
    """Only what could be used is in the list: what cannot be opened any more leaves it."""

    chosen = Signal(str)  # a path
    changed = Signal()  # the settings have something new to write

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self._settings = settings
        self.menu = QMenu(self.tr("Open recent"), parent)
        self.menu.setToolTipsVisible(True)
        self.menu.triggered.connect(lambda action: self.chosen.emit(action.data()))
        self._fill()

    def files(self) -> list[str]:
        """Paths, the last one first."""
        files = self._settings.record("recent").get("files", [])
        return [path for path in files if isinstance(path, str)] if isinstance(files, list) else []

    def add(self, path: str) -> None:
        """A file that is open now."""
        self._keep([path, *(known for known in self.files() if known != path)][:_KEPT])

    def forget(self, path: str) -> None:
        """A file that could not be used."""
        if path in self.files():
            self._keep([known for known in self.files() if known != path])

    def _keep(self, files: list[str]) -> None:
        self._settings.set("recent", {"files": files})
        self._fill()
        self.changed.emit()

    def _fill(self) -> None:
        self.menu.clear()
        for path in self.files():
            action = self.menu.addAction(Path(path).name.replace("&", "&&"))
            action.setToolTip(plain_tip(path))
            action.setData(path)
        self.menu.setEnabled(bool(self.menu.actions()))
