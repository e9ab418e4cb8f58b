"""How many pictures a second the window draws, and how many that were due it could not draw."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from rnnviz.app.pacing import SHORTEST

_MOST = 1 / SHORTEST  # pictures a second when drawing is cheap
_WINDOW = 2.0  # seconds over which is counted


class FrameRate:
    """Told of every round of drawing and when the next is due; answers for the last two seconds.

    The pacing rule says when a round is due. One that comes late is late; only when the one after
    it was due as well before it came, a picture was dropped.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: tuple[float, float] | None = None  # when the next round is, and after how long
        # When each round began, and how many that were due before it were dropped.
        self._rounds: deque[tuple[float, int]] = deque(maxlen=round(2 * _WINDOW * _MOST))

    def count(self) -> None:
        """A round of drawing begins."""
        now, dropped = self._clock(), 0
        if self._due is not None:
            due, interval = self._due
            dropped = max(int((now - due) / interval), 0)
        self._due = None
        self._rounds.append((now, dropped))

    def next_in(self, interval: float) -> None:
        """The next round is due after so many seconds from now."""
        self._due = self._clock() + interval, interval

    def _recent(self) -> list[tuple[float, int]]:
        start = self._clock() - _WINDOW
        while len(self._rounds) > 2 and self._rounds[0][0] < start:
            self._rounds.popleft()
        return list(self._rounds)

    def rate(self) -> float:
        """Rounds a second; 0 before the second one."""
        rounds = self._recent()
        if len(rounds) < 2:
            return 0.0
        passed = rounds[-1][0] - rounds[0][0]
        return (len(rounds) - 1) / passed if passed > 0 else 0.0

    def dropped(self) -> float:
        """The share in [0, 1] of the pictures due that were not drawn."""
        rounds = self._recent()[1:]
        missed = sum(dropped for _, dropped in rounds)
        return missed / (missed + len(rounds)) if rounds else 0.0
