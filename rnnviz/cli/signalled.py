"""A training in a terminal that is to end: what it has learned is saved first."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def signals_call(end: Callable[[], None]) -> Iterator[list[int]]:
    """Ctrl+C, SIGTERM and a terminal that is closed call `end` within the block.

    The list gets the numbers of the signals that came.
    An exception from the middle of an update, as Python's own handler raises it, would leave half
    of the weights as they were. Who ignores a signal, as `nohup` has it, goes on to do so.
    """
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if number not in (signal.SIGINT, signal.SIGTERM):
            _leave_terminal()
        if len(came) == 1:
            end()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32":
        numbers.append(signal.SIGHUP)
    before = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) != signal.SIG_IGN}
    for number in before:
        signal.signal(number, note)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave_terminal() -> None:
    """Its terminal has gone: what would be written there must not end the program now."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        if os.isatty(stream) or not _takes(stream):
            os.dup2(nowhere, stream)
    os.close(nowhere)


def _takes(stream: int) -> bool:
    """Whether a descriptor that is no terminal, or one no more, can be written to."""
    try:
        return os.write(stream, b"") == 0
    except OSError:
        return False
