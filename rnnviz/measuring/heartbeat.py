"""How long the window's event loop is away: a timer that should come every few milliseconds."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Slot

BEAT = 5  # milliseconds


class Heartbeat(QObject):
    """Notes the time from each beat to the next; what exceeds `BEAT` the loop was busy for."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.gaps: list[float] = []  # seconds
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Begins anew."""
        self.gaps.clear()
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Ends it; `gaps` stay."""
        self._timer.stop()

    @Slot()
    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps.append(now - self._last)
        self._last = now


def percentile(values: list[float], share: float) -> float | None:
    """The value that the `share` in [0, 1] of all stay at or below; None of none."""
    return float(np.quantile(values, share, method="higher")) if values else None
