"""Colours and size of type, as the user chooses them: applied at once and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from rnnviz.panels.theme import theme, themes

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow


class Appearance(QObject):
    """What the menu and the top bar ask for."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        window.top_bar.theme_toggled.connect(self.flip_theme)

    def set_theme(self, mode: str) -> None:
        """Chooses system, dark or light."""
        self._window.settings.set("theme", mode)
        self._window.persistence.sync()
        themes().set_mode(mode)

    def flip_theme(self) -> None:
        """Dark becomes light, light dark."""
        self.set_theme("light" if theme().is_dark else "dark")

    def step_type(self, direction: int) -> None:
        """All type one size larger (1), smaller (-1) or as designed (0)."""
        themes().step_points(direction)
        self._window.settings.set("type-points", themes().points)
        self._window.settings.set("lecture-type-points", themes().lecture_points)
        self._window.persistence.sync()
