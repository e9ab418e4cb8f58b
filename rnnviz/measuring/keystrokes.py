"""The time from a key press in the seed text to the bars that answer it, painted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtTest import QTest

from rnnviz.app.main_window import MainWindow
from rnnviz.session.prober import Answer

_WORDS = "the ship lay in the harbour and "
_GAPS = (90, 130, 110, 170, 70, 150)  # milliseconds from one answer to the next key, as one types
_PATIENCE = 2.0  # seconds after which an answer counts as missing
_PAINTED = QEvent.Type(QEvent.registerEventType())


class Keystrokes(QObject):
    """Types into the seed text of the Train page and times the answers, one after the other.

    A press counts from the moment it was due, so that it waits as a real one does while the window
    is busy. It is answered when the bars have been painted with what follows that very text, and
    the paint pass that did it is over.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.seconds: list[float] = []
        self.missed = 0
        self._panel = window.page.next_character
        self._bars = self._panel.bars
        self._letters: Iterator[str] = cycle(_WORDS)
        self._gaps = cycle(_GAPS)
        self._due = 0.0
        self._awaited: str | None = None  # the seed whose answer is to come
        self._answered = False  # it has come, and is not painted yet
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._press)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._give_up)
        # The window was connected first: when the answer comes here, the bars have it.
        window.controller.answered.connect(self._take_answer)
        self._bars.installEventFilter(self)

    def start(self) -> None:
        """Begins to type into an empty field."""
        self._panel.edit.setFocus()
        self._panel.edit.clear()
        self._wait()

    def stop(self) -> None:
        """Types no more; a press whose answer is still to come is not counted."""
        self._timer.stop()
        self._patience.stop()
        self._awaited = None
        self._answered = False

    def _wait(self) -> None:
        gap = next(self._gaps)
        self._due = time.perf_counter() + gap / 1000
        self._timer.start(gap)

    @Slot()
    def _press(self) -> None:
        edit = self._panel.edit
        if len(edit.raw_text()) >= len(_WORDS):
            edit.clear()
        self._due = min(self._due, time.perf_counter())
        self._answered = False
        letter = next(self._letters)
        self._awaited = edit.raw_text() + letter
        self._patience.start(round(1000 * _PATIENCE))
        QTest.keyClick(edit, letter)  # type: ignore[call-overload]

    @Slot(object)
    def _take_answer(self, answer: Answer) -> None:
        if self._awaited is not None and answer.reading.text == self._awaited:
            self._answered = True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A paint of the bars with the answer: a message to itself comes when the pass is over."""
        if self._answered and event.type() == QEvent.Type.Paint:
            self._answered = False
            urgent = Qt.EventPriority.HighEventPriority.value
            QCoreApplication.postEvent(self, QEvent(_PAINTED), urgent)
        return super().eventFilter(watched, event)

    def customEvent(self, event: QEvent) -> None:
        """The pass is over."""
        if event.type() == _PAINTED and self._awaited is not None:
            self.seconds.append(time.perf_counter() - self._due)
            self._awaited = None
            self._patience.stop()
            self._wait()

    @Slot()
    def _give_up(self) -> None:
        self.missed += 1
        self._awaited = None
        self._wait()
