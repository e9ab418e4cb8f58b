"""Loads texts and runs and builds large networks, one at a time, beside the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from rnnviz.app.background import Job, RetiredJobs
from rnnviz.app.run_building import BuiltRun, OpenedRun, counted_through, open_run
from rnnviz.engine.errors import EngineError
from rnnviz.paths import cache_folder
from rnnviz.session.autosave import Slot as AutosaveSlot
from rnnviz.session.config import ConfigError, RunConfig
from rnnviz.text.corpus import Corpus, CorpusError, InvalidEncodingError
from rnnviz.text.download import DownloadCancelled, download
from rnnviz.text.sources import NotDownloadedError, load_source


class Loader(QObject):
    """What is asked for last counts; what was being loaded before is given up."""

    text_loaded = Signal(object)  # Corpus
    run_opened = Signal(object)  # OpenedRun
    run_built = Signal(object)  # BuiltRun
    refused = Signal(str)  # one sentence: a text, settings or a run file could not be used
    encoding_refused = Signal(str, str)  # one sentence, path: Latin-1 is a choice
    busy = Signal(str, object)  # words, share in [0, 1] or None; empty words when over

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self._retired = RetiredJobs()
        self.is_building = False  # what is under way is a network

    def is_loading(self) -> bool:
        """Whether anything is under way."""
        return self._job is not None

    # What is asked for.

    def choose_source(self, source: str, encoding: str | None = None) -> None:
        """Loads a text by id or path; downloads it first if need be."""
        self._begin(
            lambda job: counted_through(load_source(source, cache_folder(), encoding)),
            self.tr("Loading the text…"),
        )

    def open_run(self, path: Path, corpus: Corpus | None, wanted: RunConfig) -> None:
        """Opens a run file; text and settings are for a model that has none of its own."""
        self._begin(
            lambda job: open_run(str(path), None, corpus, wanted), self.tr("Opening the run…")
        )

    def recover(self, slot: AutosaveSlot) -> None:
        """Opens the run that a program which died has left."""
        self._begin(lambda job: open_run(str(slot.path), slot), self.tr("Recovering the run…"))

    def build(self, config: RunConfig, corpus: Corpus, then: Callable[[], None] | None) -> None:
        """Builds a new run; `then` is passed on with it."""
        self._begin(lambda job: BuiltRun(config, corpus, then), self.tr("Building the network…"))
        self.is_building = True

    def cancel(self) -> None:
        """Ends a download or whatever is under way; what was there before stays."""
        if self._job is not None:
            self.stop()
            self.busy.emit("", None)

    # How it goes.

    def _begin(self, work: Callable[[Job], Corpus | OpenedRun | BuiltRun], words: str) -> None:
        self.cancel()
        self.busy.emit(words, None)
        job = Job(work, "loader", self)
        job.finished.connect(self._finished)
        job.failed.connect(self._failed)
        job.progressed.connect(self._progressed)
        self._job = job
        job.start()

    def _end(self) -> None:
        self._job = None
        self.is_building = False

    @Slot(object, object)
    def _finished(self, job: Job, result: object) -> None:
        if job is not self._job:
            return
        self._end()
        self._retired.take(job)
        self.busy.emit("", None)
        if isinstance(result, Corpus):
            self.text_loaded.emit(result)
        elif isinstance(result, OpenedRun):
            self.run_opened.emit(result)
        elif isinstance(result, BuiltRun):
            self.run_built.emit(result)

    @Slot(object, object)
    def _failed(self, job: Job, error: Exception) -> None:
        if job is not self._job:
            return
        building = self.is_building
        self._end()
        self._retired.take(job)
        if isinstance(error, NotDownloadedError):
            entry = error.entry

            def fetch(job: Job) -> Corpus:
                download(entry, cache_folder(), progress=job.report, cancelled=job.cancelled)
                return counted_through(load_source(entry.id, cache_folder()))

            self._begin(fetch, self.tr("Downloading {0}…").format(entry.name))
            return
        self.busy.emit("", None)
        if not isinstance(error, DownloadCancelled):
            self.refuse(error, building)

    @Slot(object, object, object)
    def _progressed(self, job: Job, done: int, total: int) -> None:
        if job is self._job:
            words = self.tr("Downloading {0:.1f} of {1:.1f} MB").format(done / 1e6, total / 1e6)
            self.busy.emit(words, done / total if total else None)

    def refuse(self, error: Exception, building: bool) -> None:
        """Tells in a sentence why something can't be had."""
        if isinstance(error, InvalidEncodingError) and error.latin1_helps:
            self.encoding_refused.emit(str(error), str(error.path))
        elif isinstance(error, ConfigError) and building:  # it names no file it could begin with
            words = str(error)
            self.refused.emit(f"{words[:1].upper()}{words[1:]}.")
        elif isinstance(error, (EngineError, ConfigError, CorpusError, OSError)):
            self.refused.emit(str(error))
        elif isinstance(error, MemoryError) and building:
            self.refused.emit(
                self.tr(
                    "There is not enough memory for a network of this size: choose fewer hidden "
                    "units, a smaller batch or a shorter sequence."
                )
            )
        elif isinstance(error, MemoryError):
            self.refused.emit(
                self.tr("There is not enough memory to open this; close other programs.")
            )
        else:
            words = self.tr("The text could not be loaded: {0}")
            self.refused.emit(words.format(repr(error)))

    # The end.

    def sweep(self) -> None:
        """Lets go of jobs that have ended; they hold texts and networks."""
        self._retired.sweep()

    def stop(self) -> None:
        """The window goes: nothing that is under way is wanted any more."""
        if self._job is not None:
            self._retired.cancel(self._job)
            self._end()

    def join(self, deadline: float) -> bool:
        """Waits until a time of `time.monotonic`; True when all threads have ended by then."""
        return self._retired.join(deadline)
