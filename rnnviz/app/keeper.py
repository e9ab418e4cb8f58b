"""Keeps the work of a run: writes it to files beside the training, by itself and when asked to."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from rnnviz.app.background import Job
from rnnviz.engine.checkpoint import CheckpointError
from rnnviz.files import reason
from rnnviz.panels.translate import tr
from rnnviz.session import autosave
from rnnviz.session.autosave import Recoverable
from rnnviz.session.frames import Saved
from rnnviz.session.record import Record
from rnnviz.session.runfile import Checkpoint, write_checkpoint
from rnnviz.session.view import RunView

_LAST_WORDS = 10.0  # seconds a file that was asked for may take when the window closes


@dataclass(frozen=True)
class _Task:
    """A file to be written, and the run it belongs to."""

    view: RunView
    checkpoint: Checkpoint
    record: Record
    panels: dict[str, Any]
    path: str

    def write(self) -> float:
        """Writes it, in whatever thread; returns the processor time that took, in seconds."""
        begun = time.thread_time()
        write_checkpoint(self.path, self.checkpoint, self.record, self.panels)
        return time.thread_time() - begun


class Keeper(QObject):
    """One file at a time is written, in a thread, in the order in which they were asked for.

    Autosaves go to a slot of this window's own in `folder`; without a folder there are none.
    """

    saved = Signal(object)  # Saved

    def __init__(self, folder: Path | None, parent: QObject) -> None:
        super().__init__(parent)
        self.panels: Callable[[], dict[str, Any]] = dict  # what the panels show, for the file
        self.rhythm = autosave.Rhythm()
        self._folder = folder
        self._slot: autosave.Slot | None = None
        self._waiting: deque[_Task] = deque()
        self._job: Job | None = None
        self._task: _Task | None = None
        self.kept_step = -1  # the newest step in the slot
        self._under_way = False  # an autosave is asked for or being written

    # What is lost and found.

    def recoverable(self) -> list[Recoverable]:
        """The unsaved runs of programs that have died, newest first."""
        return autosave.recoverable(self._folder) if self._folder is not None else []

    def begin(self, slot: autosave.Slot | None = None) -> None:
        """Another run begins; the slot of the one before is emptied, or `slot` takes its place."""
        self._abandon_autosaves()
        self.kept_step = -1
        self.rhythm.soon()
        if slot is not None:
            self._release(keep=False)
            self._slot = slot
        else:
            self._clear_slot()

    # By itself.

    def wants(self, view: RunView) -> bool:
        """Whether the run should be copied for an autosave now; call once per round."""
        if self._folder is None or self._under_way or not view.unsaved or not self.rhythm.due():
            return False
        if view.step <= self.kept_step:
            return False
        self._under_way = True
        self.rhythm.soon()
        return True

    # Writing.

    def take(self, view: RunView, checkpoint: Checkpoint) -> None:
        """Writes a checkpoint of a run, with the history up to it, as soon as it is its turn."""
        path = checkpoint.path
        if checkpoint.automatic:
            try:
                path = str(self._own_slot().path)
            except OSError as error:
                self._under_way = False
                words = self.tr(
                    "The run could not be kept in {0} ({1}). Save it yourself until that folder "
                    "can be written to."
                )
                words = words.format(self._folder, reason(error))
                self.saved.emit(Saved("", checkpoint.step, words, automatic=True))
                return
        record = view.history.record(checkpoint.last_row)
        self._waiting.append(_Task(view, checkpoint, record, self.panels(), path))
        self._next()

    def _next(self) -> None:
        if self._job is not None or not self._waiting:
            return
        task = self._task = self._waiting.popleft()
        self._job = Job(lambda job: task.write(), "writer", self)
        self._job.finished.connect(self._written)
        self._job.failed.connect(self._failed)
        self._job.start()

    @Slot(object, object)
    def _written(self, job: Job, cost: float) -> None:
        if job is self._job:
            self._done("", cost)

    @Slot(object, object)
    def _failed(self, job: Job, error: Exception) -> None:
        if job is self._job:
            self._done(_sentence(error))

    def _done(self, problem: str, cost: float = 0.0) -> None:
        task, job = self._task, self._job
        assert task is not None
        assert job is not None
        self._job = self._task = None
        job.dispose()
        checkpoint = task.checkpoint
        if checkpoint.automatic:
            self._under_way = False
            self.rhythm.done(cost + checkpoint.seconds)
            if not problem:
                self.kept_step = checkpoint.step
        elif not problem:
            row = checkpoint.last_row
            task.view.saved_as(task.path, checkpoint.step, row.seconds if row else 0.0)
            if checkpoint.step >= self.kept_step:
                self._clear_slot()
        self.saved.emit(Saved(task.path, checkpoint.step, problem, checkpoint.automatic))
        self._next()

    def finish(self) -> None:
        """Waits until every file that was asked for is written."""
        deadline = time.monotonic() + _LAST_WORDS
        if self._job is not None and self._job.join(_LAST_WORDS):
            self._job = None
        self._waiting = deque(t for t in self._waiting if not t.checkpoint.automatic)
        while self._waiting and self._job is None and time.monotonic() < deadline:
            with contextlib.suppress(CheckpointError, OSError, MemoryError):
                self._waiting.popleft().write()

    # The end.

    def close(self, view: RunView | None, checkpoint: Checkpoint | None, keep: bool) -> str:
        """The window closes: with `keep` the run can be recovered at the next start.

        `checkpoint` is None when the run could not be copied; then the last autosave is kept.
        Returns what went wrong, in a sentence.
        """
        self.finish()
        problem = ""
        if keep and view is not None and checkpoint is not None and self._folder is not None:
            try:
                path = str(self._own_slot().path)
                record = view.history.record(checkpoint.last_row)
                _Task(view, checkpoint, record, self.panels(), path).write()
            except (CheckpointError, OSError, MemoryError) as error:
                problem = _sentence(error)
        self._release(keep)
        return problem

    # The slot.

    def _own_slot(self) -> autosave.Slot:
        if self._slot is not None and not self._slot.stands:
            self._release(keep=True)
        if self._slot is None:
            assert self._folder is not None
            self._slot = autosave.new_slot(self._folder)
        return self._slot

    def _clear_slot(self) -> None:
        self.kept_step = -1
        if self._slot is not None:
            with contextlib.suppress(OSError):
                self._slot.clear()

    def _release(self, keep: bool) -> None:
        if self._slot is not None:
            self._slot.release(keep)
            self._slot = None

    def _abandon_autosaves(self) -> None:
        """None of the run before may be written once its slot is another's."""
        self._waiting = deque(t for t in self._waiting if not t.checkpoint.automatic)
        task, job = self._task, self._job
        if job is not None and task is not None and task.checkpoint.automatic:
            if job.join(_LAST_WORDS):
                job.dispose()
            self._job = self._task = None
            self._next()
        self._under_way = False


def _sentence(error: Exception) -> str:
    if isinstance(error, CheckpointError):
        return str(error)
    if isinstance(error, MemoryError):
        return tr("There is not enough memory to save the run.")
    words = tr("The run could not be saved: {0}: {1}")
    return words.format(type(error).__name__, error)
