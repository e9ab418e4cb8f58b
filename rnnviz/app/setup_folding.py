"""Setup unfolded, or the rail in its place: on each page as the user or the room decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from rnnviz.app.pages import PERSPECTIVES, TRAIN
from rnnviz.panels.theme import px, themes

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow

_RAIL_BELOW = 1240  # window width, a frame's less than 1280, at which Setup folds itself away


class SetupFolding(QObject):
    """Shows one of the two, or neither in a lecture."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        # By the user, for each page; None where the window decides.
        self.chosen: dict[str, bool | None] = {name: None for name, _ in PERSPECTIVES}
        window.setup.collapse_requested.connect(self.toggle)
        window.rail.clicked.connect(self.toggle)
        themes().changed.connect(self.place)  # it folds where type leaves it no room

    def toggle(self) -> None:
        """Folds Setup away or unfolds it, and keeps it so whatever the window's width."""
        self.chosen[self._window.shown_page()] = not self._window.setup.isHidden()
        self.place()

    def unfold(self) -> None:
        """Brings Setup into sight if it is folded away."""
        if self._window.setup.isHidden():
            self.toggle()

    def forget(self) -> None:
        """On the page in sight the window decides again."""
        self.chosen[self._window.shown_page()] = None
        self.place()

    def place(self) -> None:
        """Shows what the page, the choice and the width ask for."""
        window = self._window
        if window.lecture.active:
            window.setup.hide()
            window.rail.hide()
            return
        name = window.shown_page()
        folded = self.chosen[name]
        if folded is None:
            folded = name != TRAIN or window.width() < px(_RAIL_BELOW)
        window.setup.setVisible(not folded)
        window.rail.setVisible(folded)
