"""Ctrl+K: opens the palette with all there is, what was used last first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from rnnviz.app.palette import Palette
from rnnviz.app.palette_items import palette_items

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow

_LAST_USED = 12  # commands that are shown first


class CommandSearch(QObject):
    """Remembers what was chosen, from one start to the next."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.palette = Palette(window)
        self.palette.used.connect(self._used)
        window.top_bar.find_requested.connect(self.toggle)

    def toggle(self) -> None:
        """Opens the palette, or closes it."""
        if self.palette.is_open():
            self.palette.close_again()
        else:
            self.palette.open_with(palette_items(self._window), self._last_used())

    @Slot(str)
    def _used(self, id: str) -> None:
        used = [id, *(other for other in self._last_used() if other != id)][:_LAST_USED]
        self._window.settings.set("palette", {"used": used})

    def _last_used(self) -> list[str]:
        used = self._window.settings.record("palette").get("used", [])
        return [id for id in used if isinstance(id, str)] if isinstance(used, list) else []
