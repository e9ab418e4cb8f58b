"""How many pictures a second the window really draws, and how many it leaves out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from rnnviz.app.pacing import SHORTEST

MOST = 1 / SHORTEST  # pictures a second when drawing is cheap
_WINDOW = 2.0  # seconds over which is counted


class FrameRate:
    """Told of every round of drawing; answers for the last two seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rounds: deque[float] = deque(maxlen=round(2 * _WINDOW * MOST))

    def count(self) -> None:
        """A round of drawing begins."""
        self._rounds.append(self._clock())

    def rate(self) -> float:
        """Rounds a second; 0 before the second one."""
        start = self._clock() - _WINDOW
        while len(self._rounds) > 2 and self._rounds[0] < start:
            self._rounds.popleft()
        if len(self._rounds) < 2:
            return 0.0
        passed = self._rounds[-1] - self._rounds[0]
        return (len(self._rounds) - 1) / passed if passed > 0 else 0.0

    def dropped(self) -> float:
        """The share in [0, 1] of pictures left out, so that training keeps its speed."""
        rate = self.rate()
        return min(max(1 - rate / MOST, 0.0), 1.0) if rate else 0.0
