"""Lecture mode: few panels, large type, no chrome, the whole screen. F11 begins it, Esc ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from rnnviz.panels.theme import themes

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow


class Lecture(QObject):
    """Turns the window into one that reads from the back row, and back into what it was."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._before = Qt.WindowState.WindowNoState
        self.active = False

    def toggle(self) -> None:
        """Begins or ends it."""
        if self.active:
            self.leave()
        else:
            self.enter()

    def enter(self, *, full_screen: bool = True) -> None:
        """Hides what no lecture needs; type grows with the window, which takes the screen."""
        if self.active:
            return
        self.active = True
        window = self._window
        self._before = window.windowState()
        window.top_bar.hide()
        window.setup_folding.place()
        window.transport.set_lecture(True)
        for page in window.perspectives.values():
            page.set_lecture(True)
        if full_screen:
            window.setWindowState(self._before | Qt.WindowState.WindowFullScreen)
        self.fit()

    def leave(self) -> None:
        """Everything is as it was."""
        if not self.active:
            return
        self.active = False
        window = self._window
        themes().set_lecture(0)
        window.setWindowState(self._before)
        window.top_bar.show()
        window.transport.set_lecture(False)
        for page in window.perspectives.values():
            page.set_lecture(False)
        window.setup_folding.place()

    def fit(self) -> None:
        """Type for the height that the window has now."""
        if self.active:
            themes().set_lecture(self._window.height())
