"""Notices that no step has come for long: a network too large for this machine, or one that hangs.

A look costs nothing worth naming. A machine that was asleep, or a window that was held up, is not
taken for a step that hangs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 10.0  # seconds
_SLOWER = 3.0  # times as long as the slowest step so far may take without a word
_ASLEEP = 5.0  # seconds between two looks: then nobody was looking


class Watchdog:
    """One per run; told at every look what the newest step is."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._step = -1
        self._since = self._looked = clock()
        self._slowest = 0.0
        self._told = False

    def look(self, step: int, training: bool) -> float:
        """Seconds without a step, once when they have become too many; else 0."""
        now = self._clock()
        asleep, self._looked = now - self._looked > _ASLEEP, now
        if step != self._step or not training or asleep:
            if training and not asleep and self._step >= 0 and step == self._step + 1:
                self._slowest = max(self._slowest, now - self._since)
            self._told = self._told and step == self._step and training
            self._step, self._since = step, now
            return 0.0
        waited = now - self._since
        if self._told or waited < max(PATIENCE, _SLOWER * self._slowest):
            return 0.0
        self._told = True
        return waited
