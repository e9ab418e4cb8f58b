"""A training in a terminal that is to end: what it has learned is saved first."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def signals_call(end: Callable[[], None]) -> Iterator[list[int]]:
    """Ctrl+C and SIGTERM call `end` within the block; the list gets the numbers of those that came.

    An exception from the middle of an update, as Python's own handler raises it, would leave half
    of the weights as they were. Who ignores a signal, as `nohup` has it, goes on to do so.
    """
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) == 1:
            end()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) != signal.SIG_IGN}
    for number in before:
        signal.signal(number, note)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
