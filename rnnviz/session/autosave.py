"""Where unsaved runs are kept from one crash to the next start; each program has a file of its own.

A slot is a run file with a lock file beside it that its program holds as long as it lives. So a
program never touches the file of a living one, and knows that of a dead one: the system gives the
lock up for it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rnnviz.engine.checkpoint import CheckpointError
from rnnviz.files import lock, remove_remains
from rnnviz.session.runfile import Summary, summary

GAP = 60.0  # seconds between two autosaves
SHARE = 0.008  # of the time at most, for autosaves: dear ones come more rarely
_RUN, _LOCK = ".safetensors", ".lock"


@dataclass
class Slot:
    """A place for one run, held by this program until `release`."""

    path: Path
    _handle: int | None  # of the lock file

    @property
    def stands(self) -> bool:
        """Whether it can still be found; somebody may have cleared its folder away."""
        return self.path.with_suffix(_LOCK).exists()

    def clear(self) -> None:
        """Removes the run in it; OSError when that can't be done."""
        self.path.unlink(missing_ok=True)
        remove_remains(self.path)

    def release(self, keep: bool) -> None:
        """Gives the slot up; with `keep` what is in it can be recovered at the next start."""
        if self._handle is None:
            return
        if not (keep and self.path.exists()):
            with contextlib.suppress(OSError):
                self.clear()
                if os.name == "posix":  # an open file cannot be removed elsewhere
                    self.path.with_suffix(_LOCK).unlink(missing_ok=True)
        os.close(self._handle)
        self._handle = None


@dataclass(frozen=True)
class Recoverable:
    """The run of a program that ended without saving it; the slot is this program's now."""

    slot: Slot
    summary: Summary


def new_slot(folder: Path) -> Slot:
    """An empty slot that no other program will use; OSError when the folder cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        path = folder / f"run-{os.getpid()}-{secrets.token_hex(4)}{_RUN}"
        handle = os.open(path.with_suffix(_LOCK), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            mine = lock(handle)
        except OSError:  # no locks here: a name of its own must do, and nobody will recover it
            mine = True
        # Somebody who looked for lost runs just now may have locked or removed it first.
        if mine and path.with_suffix(_LOCK).exists():
            return Slot(path, handle)
        os.close(handle)


def recoverable(folder: Path) -> list[Recoverable]:
    """Claims the runs of dead programs, the newest first; those of living ones are left alone."""
    found: list[Recoverable] = []
    try:
        locks = sorted(folder.glob(f"*{_LOCK}"))
    except OSError:
        return []
    for path in locks:
        slot = _claim(path)
        if slot is None:
            continue
        if not slot.path.exists():
            slot.release(keep=False)
            continue
        try:
            found.append(Recoverable(slot, summary(slot.path)))
        except CheckpointError:
            slot.release(keep=True)  # not ours to throw away
    return sorted(found, key=lambda run: -run.summary.written)


def _claim(path: Path) -> Slot | None:
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        if lock(handle) and path.exists():
            return Slot(path.with_suffix(_RUN), handle)
    except OSError:
        pass
    os.close(handle)
    return None


class Rhythm:
    """When the next autosave is due: every minute, or more rarely when one costs much."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.gap = GAP
        self._next = clock() + self.gap

    def due(self) -> bool:
        """Whether it is time."""
        return self._clock() >= self._next

    def done(self, cost: float) -> None:
        """Notes what one cost: seconds of processor time that training did not have."""
        self._next = self._clock() + max(self.gap, cost / SHARE)

    def soon(self) -> None:
        """The next one is due a gap from now: a run begins, or one has been asked for."""
        self._next = self._clock() + self.gap
