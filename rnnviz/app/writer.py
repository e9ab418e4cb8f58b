"""Lets the network write on from a text, one character at a time, as fast as one can follow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from rnnviz.panels.widgets.writing_control import Writing
from rnnviz.session.questions import AskContinuation, Reply, Written

WRITTEN = 400  # characters at most before the network stops by itself
PACE = 50  # milliseconds between two of them
_PATIENCE = 5  # ticks of that an answer is waited for before the next character comes


class Writer(QObject):
    """Asks another thread for a continuation (`asked`) and hands it out in its own time.

    `ready` says whether what was made of the last character is on the screen.
    """

    asked = Signal(object)  # the question
    withdrawn = Signal(object)  # tuple of its kind
    wrote = Signal(str)  # the next character
    writing_changed = Signal(bool)
    said = Signal(str)  # why it stopped, in one sentence

    def __init__(
        self,
        question: type[AskContinuation],
        ready: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._question = question
        self._asked: AskContinuation | None = None  # None when all has come
        self._ready = ready
        self._pending = ""  # written but not handed out
        self._waited = 0
        self._writing = False
        self._handing_out = False
        self._rng = np.random.default_rng()
        self._timer = QTimer(self)
        self._timer.setInterval(PACE)
        self._timer.timeout.connect(self._write_on)

    def writing(self) -> bool:
        """Whether characters are still to come."""
        return self._writing

    def handing_out(self) -> bool:
        """Whether the text is being changed by a character of this one's."""
        return self._handing_out

    def write(self, text: str, writing: Writing, length: int = WRITTEN) -> None:
        """Begins to write so many characters after a text."""
        self.stop()
        self._asked = self._question(
            text,
            length,
            writing.temperature,
            writing.top_k,
            writing.top_p,
            int(self._rng.integers(2**31)),
        )
        self._set_writing(True)
        self.said.emit("")
        self.asked.emit(self._asked)

    def stop(self) -> None:
        """Ends writing; what has been handed out stays."""
        self._timer.stop()
        self._pending = ""
        if self._asked is not None:
            self._asked = None
            self.withdrawn.emit((self._question.kind,))
        self._set_writing(False)

    def take(self, reply: Reply) -> None:
        """A reply, maybe to this one's question."""
        question: object = reply.question
        written = reply.answer
        if self._asked is None or question is not self._asked or not isinstance(written, Written):
            return
        self._pending += written.text
        if written.last:
            self._asked = None
        if written.problem:
            self.said.emit(written.problem)
        if not self._timer.isActive():
            self._timer.start()
            self._write_on()

    def _write_on(self) -> None:
        """One more character, once what the one before led to is seen."""
        self._waited += 1
        if not self._ready() and self._waited < _PATIENCE:
            return
        self._waited = 0
        if self._pending:
            character, self._pending = self._pending[0], self._pending[1:]
            self._handing_out = True
            self.wrote.emit(character)
            self._handing_out = False
        if self._asked is None and not self._pending:
            self._timer.stop()
            self._set_writing(False)

    def _set_writing(self, on: bool) -> None:
        if on != self._writing:
            self._writing = on
            self.writing_changed.emit(on)
