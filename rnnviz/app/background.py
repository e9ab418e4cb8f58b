"""One piece of work beside the window: loading a text, downloading one, counting n-grams."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal


class Job(QObject):
    """Runs `work(job)` in a thread; results come back as signals in the window's thread.

    The work may call `report(done, total)` and should ask `cancelled()` now and then. After
    `cancel` neither `finished` nor `failed` is emitted.
    """

    # Receivers must be methods of QObjects: plain functions would be called in the job's thread.
    finished = Signal(object, object)  # the job, the result
    failed = Signal(object, object)  # the job, the exception
    progressed = Signal(object, object, object)  # the job, done, total (ints may pass 2^31)

    def __init__(self, work: Callable[[Job], Any], name: str, parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"rnnviz-{name}", daemon=True)

    def start(self) -> Job:
        """Starts the thread."""
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Asks the work to end; its result is no longer wanted."""
        self._cancelled.set()

    def cancelled(self) -> bool:
        """Whether the work should end."""
        return self._cancelled.is_set()

    def report(self, done: int, total: int) -> None:
        """Called by the work, from its thread."""
        self.progressed.emit(self, done, total)

    def join(self, timeout: float) -> bool:
        """Waits for the thread; True when it has ended."""
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def dispose(self) -> None:
        """Lets go of finished work, which may hold much; else it lasts as long as the parent."""
        self.join(1.0)  # the thread has nothing left to do but to end
        self.deleteLater()

    def _run(self) -> None:
        try:
            result = self._work(self)
        except Exception as error:
            if not self.cancelled():
                self.failed.emit(self, error)
            return
        if not self.cancelled():
            self.finished.emit(self, result)


class RetiredJobs:
    """Jobs nobody waits for any more, until their threads have ended.

    They hold texts and networks, which would else go with their parent only.
    """

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    def take(self, job: Job) -> None:
        """One that is done, or about to be."""
        self.sweep()
        self._jobs.append(job)

    def cancel(self, job: Job) -> None:
        """One whose result is not wanted any more."""
        job.cancel()
        self.take(job)

    def sweep(self) -> None:
        """Lets go of those that have ended."""
        for job in [job for job in self._jobs if job.join(0)]:
            self._jobs.remove(job)
            job.deleteLater()

    def join(self, deadline: float) -> bool:
        """Waits for all of them until a time of `time.monotonic`; True when they have ended."""
        ended = True
        for job in self._jobs:
            ended = job.join(max(deadline - time.monotonic(), 0.0)) and ended
        return ended
