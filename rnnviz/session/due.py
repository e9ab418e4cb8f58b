"""When what costs training time is done again: validations and samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

_DOUBLE_UNTIL = 256  # steps; up to there costly things come at every power of two


class Due:
    """Decides when something costly is worth doing again: by decade of steps, then by time.

    Due at powers of two, later at steps growing by `ratio`, or `gap` seconds after the last time,
    but never so often that it takes much more than `share` of training time beyond `free` seconds.
    """

    def __init__(self, first: int, ratio: float, gap: float, share: float, free: float) -> None:
        self._next_step = first
        self._ratio, self._gap, self._share, self._free = ratio, gap, share, free
        self._spent = self._last_time = 0.0

    def now(self, step: int, seconds: float) -> bool:
        """Whether to do it after this step, `seconds` of training into the run."""
        if step < self._next_step and seconds - self._last_time < self._gap:
            return False
        return self._spent <= self._free + self._share * seconds

    def state(self) -> list[float]:
        """What `load_state` takes, to go on in a later program."""
        return [self._next_step, self._last_time, self._spent]

    def load_state(self, state: Sequence[float]) -> None:
        """Goes on where another one was."""
        step, self._last_time, self._spent = state
        self._next_step = int(step)

    def done(self, step: int, seconds: float, cost: float) -> None:
        """Notes that it was done and what it cost in seconds."""
        self._spent += cost
        self._last_time = seconds
        while self._next_step <= step:
            ratio = 2.0 if self._next_step < _DOUBLE_UNTIL else self._ratio
            self._next_step = max(self._next_step + 1, math.ceil(self._next_step * ratio))


def sample_step(step: int) -> bool:
    """Whether a step is 10, 20, 50, 100, 200, 500, ...: where samples of a young run are kept."""
    while step >= 100 and step % 10 == 0:
        step //= 10
    return step in (10, 20, 50)
