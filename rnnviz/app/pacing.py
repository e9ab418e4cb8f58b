"""How often the window may redraw: a budget for its thread's share of the processor, not a rate.

What the window's thread spends in Python, training loses. So after each round of drawing the next
one is put off until the time spent is a fixed share of the time passed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

SHORTEST = 0.05  # seconds between two rounds when drawing is cheap: 20 a second
LONGEST = 0.6  # however dear it is, the picture still moves
SHARE = 0.03  # of a core, for the window, while it trains; the onlookers have theirs beside it
_MEMORY = 0.3  # weight of the newest cost in the running mean


class Pacer:
    """Told at each round, answers how long to wait until the next one."""

    def __init__(self, cpu_clock: Callable[[], float] = time.thread_time) -> None:
        self._cpu_clock = cpu_clock
        self._last_cpu = cpu_clock()
        self._cost = 0.0

    @property
    def cost(self) -> float:
        """Mean processor seconds of a round, everything the window did included."""
        return self._cost

    def next_interval(self, training: bool, seen: bool = True) -> float:
        """Seconds until the next round; call once per round, from the window's thread.

        While nothing is `seen` of a training there is nothing to draw: the rounds only empty the
        mailbox.
        """
        now = self._cpu_clock()
        spent, self._last_cpu = now - self._last_cpu, now
        self._cost += _MEMORY * (spent - self._cost)
        if not training:
            return SHORTEST
        if not seen:
            return LONGEST
        return min(max(self._cost / SHARE, SHORTEST), LONGEST)
