"""Runs that a program which died has left unsaved: offered once, gone on with or thrown away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, QLocale, QObject

from rnnviz.session.autosave import Recoverable

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow


class Recovery(QObject):
    """What was found at the start, the newest first; none of it is anybody else's while it is."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._found: list[Recoverable] = []
        self._offered = False

    def look(self) -> None:
        """Finds what there is."""
        self._found = self._window.controller.keeper.recoverable()

    def any(self) -> bool:
        """Whether there is a run to be had."""
        return bool(self._found)

    def offer_once(self) -> None:
        """Offers the first one unless that was done."""
        if not self._offered:
            self._offer()

    def _offer(self) -> None:
        """Says what the last program that died has left; one run at a time."""
        self._offered = True
        window = self._window
        window.registry.refresh()
        if not self._found:
            return
        lost = self._found[0].summary
        when = QDateTime.fromSecsSinceEpoch(int(lost.written))
        words = self.tr("An unsaved run was kept: {0}, step {1:,}, {2}.").format(
            lost.what, lost.step, QLocale().toString(when, "d MMM, HH:mm")
        )
        actions = [(self.tr("Recover"), self.recover), (self.tr("Discard"), self.discard)]
        window.notice.say(words, "warn", actions)

    def recover(self) -> None:
        """Goes on with the newest unsaved run."""
        if self._found and self._window.unsaved.may_end_run(self.tr("Recovering a run")):
            self._window.controller.loader.recover(self._found[0].slot)

    def opened(self, path: Path) -> None:
        """A run goes on; if it was one of these, its slot is the controller's now."""
        self._found = [found for found in self._found if found.slot.path != path]

    def discard(self) -> None:
        """Throws the newest away, and offers the next."""
        if self._found:
            self._found.pop(0).slot.release(keep=False)
        self._window.registry.refresh()
        self._offer()
        self._window.say_waiting()

    def release(self) -> None:
        """Leaves the rest for the next start."""
        for found in self._found:
            found.slot.release(keep=True)
