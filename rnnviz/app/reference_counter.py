"""The n-gram losses of texts, counted beside the training and kept for the next run."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, Signal, Slot

from rnnviz.app.background import Job, RetiredJobs
from rnnviz.session.run import Run
from rnnviz.session.view import RunView
from rnnviz.text.ngrams import ReferenceLosses, reference_losses

_Key = tuple[str, int, str]  # text, streams, split


class ReferenceCounter(QObject):
    """Counts for one run at a time; the one asked for last counts."""

    ready = Signal()  # the losses are in the view

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._known: dict[_Key, ReferenceLosses] = {}
        self._view: RunView | None = None
        self._job: Job | None = None
        self._retired = RetiredJobs()

    def count(self, run: Run, view: RunView) -> None:
        """Puts what is known into the view: at once the uniform guess, the rest when counted."""
        self.stop()
        split, size = run.split, run.vocabulary.size
        self._view = view
        view.references = ReferenceLosses(math.log(size), {}, 0, 0)
        if split.validation is None:
            return
        streams = run.config.batch_size if split.kind == "interleaved" else 1
        key = (run.corpus.origin, streams, f"{split.label} {len(run.corpus.text)}")
        if key in self._known:
            view.references = self._known[key]
            return
        job = Job(
            lambda job: (
                key,
                reference_losses(
                    split.train_segments,
                    split.validation_segments,
                    size,
                    cancelled=job.cancelled,
                ),
            ),
            "n-grams",
            self,
        )
        job.finished.connect(self._counted)
        job.failed.connect(self._failed)
        self._job = job
        job.start()

    @Slot(object, object)
    def _counted(self, job: Job, found: tuple[_Key, ReferenceLosses]) -> None:
        key, references = found
        self._known[key] = references
        if job is self._job and self._view is not None:
            self._job = None
            self._retired.take(job)
            self._view.references = references
            self.ready.emit()

    @Slot(object, object)
    def _failed(self, job: Job, error: Exception) -> None:
        """Nothing is said of it: the lines are a comfort, and all else works without them."""
        if job is self._job:
            self._job = None
            self._retired.take(job)

    def sweep(self) -> None:
        """Lets go of jobs that have ended; they hold texts."""
        self._retired.sweep()

    def stop(self) -> None:
        """What is under way is not wanted any more."""
        if self._job is not None:
            self._retired.cancel(self._job)
            self._job = None

    def join(self, deadline: float) -> bool:
        """Waits until a time of `time.monotonic`; True when all threads have ended by then."""
        return self._retired.join(deadline)
