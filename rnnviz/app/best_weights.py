"""The weights with the lowest validation loss: put into the network, and out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from rnnviz.session import commands
from rnnviz.session.frames import Event
from rnnviz.session.runfile import Best

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow


class BestWeights(QObject):
    """Exchanges them for the last ones, says so, and offers the way back until the next step."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        # Step and words of the notice with which the exchange can be undone.
        self._undoable: tuple[int, str] | None = None

    def found(self) -> Best | None:
        """The best so far; None before the first validation."""
        live = self._window.controller.live
        return live.runner.best if live is not None else None

    def use(self) -> None:
        """The network goes back to them and pauses."""
        self._window.runs.send(commands.UseBest())

    def exchanged(self, event: Event) -> None:
        """Says which weights the network has now."""
        notice, send, best = self._window.notice, self._window.runs.send, self.found()
        if event.replaces or best is None:
            words = self.tr("The network has its last weights again, those of step {0:,}.")
            notice.say(words.format(event.step), "info", passing=True)
            return
        words = self.tr(
            "The network has its best weights, those of step {0:,}: {1:.3f} nats/char on the "
            "held-out text. Training is paused."
        ).format(best.step, best.loss)
        self._undoable = (event.step, words)
        actions = [
            (self.tr("Train on"), lambda: send(commands.Play())),
            (self.tr("Undo"), lambda: send(commands.UseLast())),
        ]
        notice.say(words, "info", actions)

    def step_taken(self, step: int) -> None:
        """After it the exchange can't be undone any more."""
        if self._undoable is None or step <= self._undoable[0]:
            return
        if self._window.notice.words() == self._undoable[1]:
            self._window.notice.dismiss()
        self._undoable = None
