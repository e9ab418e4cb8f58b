"""Stopping a real process and everything it has started, as a closed lid or Ctrl+Z does."""

from __future__ import annotations

import os
import select
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NIGHT = 8 * 3600.0  # seconds


def wait_until(reached: Callable[[], bool]) -> None:
    """Polls; a test that waits in vain is ended by whoever runs the tests."""
    while not reached():
        select.select([], [], [], 0.005)


def threads_stand_still(group: int) -> bool:
    """Whether every thread of every process of a group is stopped."""
    states = []
    for stat in Path("/proc").glob("[0-9]*/task/[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[2]) == group:
            states.append(fields[0])
    return bool(states) and set(states) <= set("TZ")


@contextmanager
def asleep(group: int, clock: Path) -> Iterator[None]:
    """A process group sleeps within the block, and finds its clocks eight hours on after it."""
    os.killpg(group, signal.SIGSTOP)
    wait_until(lambda: threads_stand_still(group))
    yield
    (before,) = struct.unpack("d", clock.read_bytes())
    with clock.open("r+b") as file:
        file.write(struct.pack("d", before + NIGHT))
    os.killpg(group, signal.SIGCONT)
