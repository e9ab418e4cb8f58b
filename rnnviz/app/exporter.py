"""Writes metrics, samples and the best weights to files, beside the training."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from rnnviz.app.background import Job
from rnnviz.app.live_run import LiveRun
from rnnviz.engine.errors import EngineError
from rnnviz.files import reason, write_text
from rnnviz.panels.sample_text import as_text
from rnnviz.session.export import write_csv, write_jsonl
from rnnviz.session.runfile import write_best
from rnnviz.session.tensorboard import write_events
from rnnviz.session.view import RunView

_LAST_WORDS = 10.0  # seconds an export that was asked for may take when the window closes


class Exporter(QObject):
    """Any number of files at once, each of the run as it was when it was asked for."""

    exported = Signal(str, str)  # path, and what went wrong, in one sentence

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._paths: dict[Job, str] = {}  # of the files being written

    def export(self, view: RunView, live: LiveRun, kind: str, path: str) -> None:
        """Writes one of metrics (csv, jsonl, events), samples, or the best weights."""
        record, network, best = view.history.record(), live.run.network.config, live.runner.best

        def write(job: Job) -> str:
            if kind == "csv":
                write_csv(path, record, view.split_label)
            elif kind == "jsonl":
                write_jsonl(path, record)
            elif kind == "events":
                write_events(path, record)
            elif kind == "samples":
                write_text(path, as_text(record.samples))
            else:
                write_best(path, network, view.vocabulary, best)
            return path

        job = Job(write, "export", self)
        job.finished.connect(self._done)
        job.failed.connect(self._failed)
        self._paths[job] = path
        job.start()

    @Slot(object, object)
    def _done(self, job: Job, path: str) -> None:
        del self._paths[job]
        job.dispose()
        self.exported.emit(path, "")

    @Slot(object, object)
    def _failed(self, job: Job, error: Exception) -> None:
        path = self._paths.pop(job)
        job.dispose()
        if isinstance(error, EngineError):
            self.exported.emit(path, str(error))
        else:
            why = reason(error) if isinstance(error, OSError) else repr(error)
            words = self.tr("{0} cannot be written ({1}): choose another place.")
            self.exported.emit(path, words.format(path, why))

    def finish(self) -> None:
        """Waits until every file that was asked for is written."""
        for job in self._paths:
            job.join(_LAST_WORDS)
