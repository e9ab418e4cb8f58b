"""Python's cyclic garbage is collected by the window's thread alone.

Python collects in whichever thread happens to allocate. Qt objects that are part of a cycle would
then be destroyed by the thread that trains, and Qt crashes when a widget or a timer ends in another
thread than its own.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_INTERVAL_MS = 1_000


class GarbageCollection(QObject):
    """Keeps the collector from running by itself while at least one of these is in use.

    Instead the thread it was made in looks once a second whether a generation is due.
    """

    _in_use = 0

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        GarbageCollection._in_use += 1
        gc.disable()
        self._timer = QTimer(self, interval=_INTERVAL_MS)
        self._timer.timeout.connect(self.collect_what_is_due)
        self._timer.start()

    def collect_what_is_due(self) -> None:
        """As the collector itself would: the oldest generation that has had its number."""
        for generation, most in enumerate(gc.get_threshold()):
            if not 0 < most < gc.get_count()[generation]:
                return
            gc.collect(generation)

    def release(self) -> None:
        """The collector runs by itself again, unless another one of these is in use."""
        if self._timer.isActive():
            self._timer.stop()
            GarbageCollection._in_use -= 1
            if GarbageCollection._in_use == 0:
                gc.enable()
