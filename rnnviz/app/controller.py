"""Everything the window does besides showing: loading texts, starting runs, passing commands on."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from rnnviz.app.background import Job
from rnnviz.app.frame_rate import FrameRate
from rnnviz.app.keeper import Keeper
from rnnviz.app.live_run import LiveRun
from rnnviz.app.pacing import SHORTEST, Pacer
from rnnviz.app.watchdog import Watchdog
from rnnviz.engine.errors import EngineError
from rnnviz.engine.network import Network
from rnnviz.files import reason, write_text
from rnnviz.panels.sample_text import as_text
from rnnviz.paths import cache_folder
from rnnviz.session import commands
from rnnviz.session.autosave import Slot as AutosaveSlot
from rnnviz.session.config import ConfigError, RunConfig, problems
from rnnviz.session.export import write_csv, write_jsonl
from rnnviz.session.frames import RunState
from rnnviz.session.history import History
from rnnviz.session.inspector import Inspection
from rnnviz.session.prober import Answer
from rnnviz.session.questions import Question, Reply
from rnnviz.session.run import Run, build_run
from rnnviz.session.runfile import SavedRun, load_run, write_best
from rnnviz.session.tensorboard import write_events
from rnnviz.session.view import RunView
from rnnviz.text.corpus import Corpus, CorpusError, InvalidEncodingError
from rnnviz.text.download import DownloadCancelled, download
from rnnviz.text.ngrams import ReferenceLosses, reference_losses
from rnnviz.text.sources import NotDownloadedError, load_source

_JOIN_SECONDS = 0.8
_LONG_TEXT = 20_000_000  # characters
_MUCH_WORK = 2_000_000  # weights, more or less
_KEEP_SECONDS = 5.0  # that the last step of a run may take when it is to be kept
_EXPORT_SECONDS = 10.0  # an export that was asked for may take when the window closes


class Controller(QObject):
    """Owns the live run and the jobs beside it; speaks to the window by signals only.

    Everything here happens in the window's thread; what crosses from others arrives by the mailbox,
    which a timer drains, or by queued signals.
    """

    run_started = Signal(object)  # RunView
    delivered = Signal(object)  # Delivery, already taken into the view
    answered = Signal(object)  # Answer of the current run
    inspected = Signal(object)  # Inspection of the current run
    replied = Signal(object)  # Reply to a question about the current run
    references_ready = Signal()
    text_loaded = Signal(object)  # Corpus; who takes it makes it `corpus`
    text_refused = Signal(str)  # one sentence
    encoding_refused = Signal(str, str)  # one sentence, path: Latin-1 is a choice
    busy = Signal(str, object)  # words, share in [0, 1] or None; empty words when over
    run_refused = Signal(str)  # one sentence: settings and text do not fit, or a bad run file
    file_opened = Signal(str)  # path of a run that is open now, for the list of recent files
    hung = Signal(float)  # so many seconds without a step
    exported = Signal(str, str)  # path, and what went wrong, in one sentence
    run_opened = Signal(object)  # SavedRun, before `run_started`: what the panels showed

    def __init__(self, autosaves: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.keeper = Keeper(autosaves, self)
        self.live: LiveRun | None = None
        self.view: RunView | None = None
        self.playing = False  # what was asked for last; the state follows
        self.watchdog = Watchdog()
        self.corpus: Corpus | None = None  # the wanted one; a restart begins with it
        self._number = 0
        self._seed = ""
        self.wanted_config: Callable[[], RunConfig] = RunConfig  # for a model without settings
        self.onlookers: Callable[[], bool] = lambda: True  # whether anybody sees the answers
        self.tell_looks: Callable[[LiveRun], None] = lambda live: None  # what else is in sight
        self._answered_request = 0
        self._renewed: Answer | None = None  # newest weights, same seed: for the next round
        self._followed: Answer | None = None  # the same of the text that training has just read
        self._follows = False
        self._loading: Job | None = None
        self._building = False  # what is loading is a network
        self._counting: Job | None = None
        self._old_jobs: list[Job] = []
        self._exports: dict[Job, str] = {}  # the files being written
        self._old_lives: list[LiveRun] = []
        self._references: dict[tuple[str, int, str], ReferenceLosses] = {}
        self._pacer = Pacer()
        self.frames = FrameRate()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)

    # Texts.

    def choose_source(self, source: str, encoding: str | None = None) -> None:
        """Loads a text by id or path in the background; downloads it first if need be."""
        self._begin_loading(
            lambda job: _counted_through(load_source(source, cache_folder(), encoding)),
            self.tr("Loading the text…"),
        )

    def open_path(self, path: str, encoding: str | None = None) -> None:
        """Opens a file of the user's: a saved run by its name, anything else as a text."""
        # Absolute, so that no id of a source is mistaken for it, nor it for one.
        file = Path(path).absolute()
        if file.suffix == ".safetensors" and file.is_file():
            corpus, wanted = self.corpus, self.wanted_config()
            self._begin_loading(
                lambda job: _open_run(str(file), None, corpus, wanted), self.tr("Opening the run…")
            )
        else:
            self.choose_source(str(file), encoding)

    def recover(self, slot: AutosaveSlot) -> None:
        """Goes on with the run of a program that died; its slot becomes this window's."""
        self._begin_loading(
            lambda job: _open_run(str(slot.path), slot), self.tr("Recovering the run…")
        )

    def cancel_loading(self) -> None:
        """Ends a download or the loading of a text; what was there before stays."""
        if self._loading is not None:
            self._retire(self._loading)
            self._loading = None
            self._building = False
            self.busy.emit("", None)

    def _begin_loading(
        self, work: Callable[[Job], Corpus | _OpenedRun | _BuiltRun], words: str
    ) -> None:
        self.cancel_loading()
        self._building = False
        self.busy.emit(words, None)
        job = Job(work, "loader", self)
        job.finished.connect(self._loaded)
        job.failed.connect(self._loading_failed)
        job.progressed.connect(self._progressed)
        self._loading = job
        job.start()

    @Slot(object, object)
    def _loaded(self, job: Job, result: object) -> None:
        if job is not self._loading:
            return
        self._loading = None
        self._building = False
        self._sweep(job)
        self.busy.emit("", None)
        if isinstance(result, Corpus):
            self.text_loaded.emit(result)
        elif isinstance(result, _OpenedRun):
            self._show_opened(result)
        elif isinstance(result, _BuiltRun):
            self._begin_built(result)

    @Slot(object, object)
    def _loading_failed(self, job: Job, error: Exception) -> None:
        if job is not self._loading:
            return
        building, self._building = self._building, False
        self._loading = None
        self._sweep(job)
        if isinstance(error, NotDownloadedError):
            entry = error.entry

            def fetch(job: Job) -> Corpus:
                download(entry, cache_folder(), progress=job.report, cancelled=job.cancelled)
                return _counted_through(load_source(entry.id, cache_folder()))

            self._begin_loading(fetch, self.tr("Downloading {0}…").format(entry.name))
            return
        self.busy.emit("", None)
        if isinstance(error, DownloadCancelled):
            return
        if isinstance(error, InvalidEncodingError) and error.latin1_helps:
            self.encoding_refused.emit(str(error), str(error.path))
        elif isinstance(error, (EngineError, ConfigError)):
            self.run_refused.emit(str(error))
        elif isinstance(error, (CorpusError, OSError)):
            self.text_refused.emit(str(error))
        elif isinstance(error, MemoryError) and building:
            self.run_refused.emit(self._too_large())
        elif isinstance(error, MemoryError):
            self.text_refused.emit(
                self.tr("There is not enough memory to open this; close other programs.")
            )
        else:
            words = self.tr("The text could not be loaded: {0}")
            self.text_refused.emit(words.format(repr(error)))

    @Slot(object, object, object)
    def _progressed(self, job: Job, done: int, total: int) -> None:
        if job is self._loading:
            words = self.tr("Downloading {0:.1f} of {1:.1f} MB").format(done / 1e6, total / 1e6)
            self.busy.emit(words, done / total if total else None)

    # Runs.

    def start(
        self,
        config: RunConfig,
        corpus: Corpus | None = None,
        then: Callable[[], None] | None = None,
    ) -> bool:
        """Ends the present run and begins another; False when it can't be.

        On the wanted text unless another is given. A large network is built beside the window;
        until it has been, the present run goes on, and loading or starting anything else is what
        counts. `then` is called when the new run has begun.
        """
        text = corpus or self.corpus
        if text is None:
            return False
        if self._building:
            self.cancel_loading()  # what was asked for last counts
        wanted = config.with_changes(corpus=text.origin)
        if _built_at_once(wanted, text):
            try:
                self._begin_built(_BuiltRun(wanted, text, then))
            except (ConfigError, CorpusError, EngineError) as error:
                self.run_refused.emit(str(error))
                return False
            except MemoryError:
                self.run_refused.emit(self._too_large())
                return False
        else:
            self._begin_loading(
                lambda job: _BuiltRun(wanted, text, then), self.tr("Building the network…")
            )
            self._building = True
        return True

    def _begin_built(self, built: _BuiltRun) -> None:
        self._begin(built.run, initial=built.initial)
        if built.then is not None:
            built.then()

    def _too_large(self) -> str:
        return self.tr("There is not enough memory for a network of this size.")

    def _show_opened(self, opened: _OpenedRun) -> None:
        self.corpus = opened.run.corpus
        self.run_opened.emit(opened.saved)
        self._begin(opened.run, opened.saved, opened.slot, opened.initial)
        if opened.slot is None:
            self.file_opened.emit(str(opened.saved.path))

    def _begin(
        self,
        run: Run,
        saved: SavedRun | None = None,
        slot: AutosaveSlot | None = None,
        initial: Network | None = None,
    ) -> None:
        self._end_run()
        self.keeper.begin(slot)
        seconds = saved.seconds if saved is not None else 0.0
        self._number += 1
        self.playing = False
        self.watchdog = Watchdog()
        self._answered_request, self._renewed, self._followed = 0, None, None
        self.live = LiveRun(run, saved, initial, self)
        self.live.answered.connect(self._answered)
        self.live.found.connect(self._found)
        self.live.replied.connect(self._replied)
        self.view = RunView(
            number=self._number,
            config=run.config,
            corpus_name=run.corpus.name,
            vocabulary=run.vocabulary,
            split_label=run.split.label if run.split.validation is not None else "",
            in_force=self.live.runner.in_force(),
            state=RunState("paused", run.trainer.steps),
            start_seconds=seconds,
            start_epoch=run.trainer.epoch,
        )
        if saved is not None and saved.record is not None:
            self.view.history = History.of(saved.record)
        if saved is not None and saved.trainer is not None and slot is None:
            self.view.saved_as(str(saved.path), run.trainer.steps, seconds)
        self._count_references(run)
        self.run_started.emit(self.view)
        self.live.start()
        self.live.prober.ask(self._seed)
        self.live.prober.follow(self._follows)
        self._timer.start(0)

    def _end_run(self) -> bool:
        """Stops the present run's threads; frames they may still post reach nobody."""
        live, self.live = self.live, None
        if live is None:
            return True
        live.answered.disconnect(self._answered)
        live.found.disconnect(self._found)
        live.replied.disconnect(self._replied)
        ended = live.stop(_JOIN_SECONDS)
        self._old_lives.append(live)  # its thread may still hold it; then it lives on unheard
        self._sweep()
        return ended

    def send(self, command: commands.Command) -> None:
        """Passes a command to the training thread."""
        if isinstance(command, commands.Play | commands.Pause | commands.StepOnce):
            self.playing = isinstance(command, commands.Play)
        if self.live is not None:
            self.live.send(command)

    def save(self, path: str) -> None:
        """Writes the run to a file of the user's; `keeper.saved` tells how that went."""
        if self.live is None or self.view is None:
            return
        if self.live.at_work:
            self.send(commands.Save(path))
            self.hurry()
        else:  # the training failed, and what it left can be had without it
            self._drain()
            self.keeper.take(self.view, self.live.runner.checkpoint(path))

    def export(self, kind: str, path: str) -> None:
        """Writes metrics (csv, jsonl, events), samples or the best weights beside the training."""
        view, live = self.view, self.live
        if view is None or live is None:
            return
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
        job.finished.connect(self._export_done)
        job.failed.connect(self._export_failed)
        self._exports[job] = path
        job.start()

    @Slot(object, object)
    def _export_done(self, job: Job, path: str) -> None:
        del self._exports[job]
        job.dispose()
        self.exported.emit(path, "")

    @Slot(object, object)
    def _export_failed(self, job: Job, error: Exception) -> None:
        path = self._exports.pop(job)
        job.dispose()
        if isinstance(error, EngineError):
            self.exported.emit(path, str(error))
        else:
            why = reason(error) if isinstance(error, OSError) else repr(error)
            words = self.tr("{0} cannot be written ({1}): choose another place.")
            self.exported.emit(path, words.format(path, why))

    def toggle_play(self) -> None:
        """Play or pause; training that failed is tried again."""
        if self.view is not None and self.live is not None:
            self.live.try_again()
            self.send(commands.Pause() if self.playing else commands.Play())

    def ask(self, seed: str) -> None:
        """The seed text changed: what comes next?"""
        self._seed = seed
        if self.live is not None:
            self.live.prober.ask(seed)

    def follow_training(self, on: bool) -> None:
        """Whether `answered` also brings readings of the text that training has just read."""
        self._follows = on
        if self.live is not None:
            self.live.prober.follow(on)

    @Slot(object, object)
    def _answered(self, live: LiveRun, answer: Answer) -> None:
        """A keystroke's answer is shown at once; one that only brings newer weights can wait."""
        if live is not self.live:
            return
        if answer.followed:
            self._followed = answer
        elif answer.request != self._answered_request:
            self._answered_request = answer.request
            self._renewed = None
            self.answered.emit(answer)
        else:
            self._renewed = answer

    @Slot(object, object)
    def _found(self, live: LiveRun, found: Inspection) -> None:
        if live is self.live:
            self.inspected.emit(found)

    @Slot(object, object)
    def _replied(self, live: LiveRun, reply: Reply) -> None:
        if live is self.live:
            self.replied.emit(reply)

    def ask_question(self, question: Question) -> None:
        """One of `session.questions`; `replied` brings the answers."""
        if self.live is not None:
            self.live.respondent.ask(question)

    def withdraw_questions(self, kinds: tuple[str, ...]) -> None:
        """Nobody wants these answers any more; none at all when there are no kinds."""
        if self.live is not None:
            self.live.respondent.withdraw(*kinds)

    def ask_spectrum(self, layer: int) -> None:
        """The eigenvalues of a layer too large to be followed all the time, once."""
        if self.live is not None:
            self.live.inspector.ask_spectrum(layer)

    def _count_references(self, run: Run) -> None:
        """n-gram losses of this text and split, counted beside the training and kept."""
        if self._counting is not None:
            self._retire(self._counting)
            self._counting = None
        assert self.view is not None
        view, split, size = self.view, run.split, run.vocabulary.size
        view.references = ReferenceLosses(math.log(size), {}, 0, 0)
        if split.validation is None:
            return
        streams = run.config.batch_size if split.kind == "interleaved" else 1
        key = (run.corpus.origin, streams, f"{split.label} {len(run.corpus.text)}")
        if key in self._references:
            view.references = self._references[key]
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
        job.failed.connect(self._counting_failed)
        self._counting = job
        job.start()

    @Slot(object, object)
    def _counted(self, job: Job, found: tuple[tuple[str, int, str], ReferenceLosses]) -> None:
        key, references = found
        self._references[key] = references
        if job is self._counting and self.view is not None:
            self._counting = None
            self._sweep(job)
            self.view.references = references
            self.references_ready.emit()

    @Slot(object, object)
    def _counting_failed(self, job: Job, error: Exception) -> None:
        """Nothing is said of it: the lines are a comfort, and all else works without them."""
        if job is self._counting:
            self._counting = None
            self._sweep(job)

    # The timer.

    @Slot()
    def _tick(self) -> None:
        view, live = self.view, self.live
        if view is None or live is None:
            return
        try:
            self._take_over(view, live)
        finally:  # whatever went wrong in a panel: the next round comes
            interval = self._pacer.next_interval(view.training)
            self._timer.start(max(round(1000 * interval), round(1000 * SHORTEST)))

    def _take_over(self, view: RunView, live: LiveRun) -> None:
        self._drain()
        waited = self.watchdog.look(view.step, view.training)
        if waited:
            self.hung.emit(waited)
        if self.keeper.wants(view):
            if live.at_work:
                self.send(commands.Save("", automatic=True))
            else:
                self.keeper.take(view, live.runner.checkpoint(automatic=True))
        for answer in (self._renewed, self._followed):
            if answer is not None:
                self.answered.emit(answer)
        self._renewed = self._followed = None
        if self.onlookers():
            live.prober.renew()
        self.tell_looks(live)
        self.frames.count()

    def _drain(self) -> None:
        """Takes over what the training thread has posted."""
        view, live = self.view, self.live
        assert view is not None
        assert live is not None
        delivery = live.mailbox.drain()
        if delivery:
            view.history.extend(delivery)
            if delivery.in_force is not None:
                view.in_force = delivery.in_force
            if delivery.state is not None:
                view.state = delivery.state
                if view.state.phase in ("diverged", "failed"):
                    self.playing = False
            for checkpoint in delivery.checkpoints:
                self.keeper.take(view, checkpoint)
            self.delivered.emit(delivery)

    def hurry(self) -> None:
        """Look into the mailbox soon: the user did something whose answer should be seen."""
        if self._timer.isActive() and self._timer.remainingTime() > 15:
            self._timer.start(15)

    # The end.

    def _retire(self, job: Job) -> None:
        job.cancel()
        self._sweep(job)

    def _sweep(self, job: Job | None = None) -> None:
        """Gives up old jobs and runs whose threads have ended; this job, too, is an old one now.

        They hold texts and networks, which would else go with the window only.
        """
        for old in [old for old in self._old_jobs if old.join(0)]:
            self._old_jobs.remove(old)
            old.deleteLater()
        for live in [live for live in self._old_lives if live.ended()]:
            self._old_lives.remove(live)
            live.deleteLater()
        if job is not None:
            self._old_jobs.append(job)

    def shutdown(self, keep: bool = False) -> bool:
        """Ends every thread; True when all have ended in time.

        With `keep` what is unsaved is offered for recovery at the next start.
        """
        self._timer.stop()
        for job in (self._loading, self._counting):
            if job is not None:
                self._retire(job)
        self._loading = self._counting = None
        for job in self._exports:
            job.join(_EXPORT_SECONDS)
        live, view = self.live, self.view
        ended = self._end_run()
        checkpoint = None
        if live is not None and view is not None:
            view.history.extend(left := live.mailbox.drain())
            for asked in left.checkpoints:
                if not asked.automatic:
                    self.keeper.take(view, asked)
            keep = keep and view.unsaved
            if keep and live.at_work:  # a step of a large network: its run is worth the wait
                ended = live.stop(_KEEP_SECONDS)
            if keep and not live.at_work:
                checkpoint = live.runner.checkpoint(copied=False)
        problem = self.keeper.close(view, checkpoint, keep)
        if problem and sys.stderr is not None:
            print(f"rnnviz: {problem}", file=sys.stderr)  # noqa: T201 - the window is gone
        deadline = time.monotonic() + _JOIN_SECONDS
        for job in self._old_jobs:
            # One that waits for the network ends later, unheard; it must not keep the window.
            ended = job.join(max(deadline - time.monotonic(), 0.0)) and ended
        return ended


class _OpenedRun:
    """A run file together with the run made of it."""

    def __init__(self, saved: SavedRun, run: Run, slot: AutosaveSlot | None = None) -> None:
        self.saved = saved
        self.run = run
        self.slot = slot  # it comes from there and is no file of the user's
        self.initial = run.initial_network()


class _BuiltRun:
    """A new run with the network it begins with; building it may take long."""

    def __init__(
        self, config: RunConfig, corpus: Corpus, then: Callable[[], None] | None = None
    ) -> None:
        self.run = build_run(config, corpus, cores=None)
        self.initial = self.run.initial_network()
        self.then = then


def _built_at_once(config: RunConfig, corpus: Corpus) -> bool:
    """Whether a run is built in so few milliseconds that nobody notices."""
    if problems(config):
        return True  # it is refused at once
    if len(corpus.text) > _LONG_TEXT:
        return False
    units, cells = config.hidden_size, config.num_layers
    work = 4 * cells * units**2
    if config.initialization == "orthogonal" or config.spectral_radius:
        work *= units // 64 + 1  # factors and eigenvalues
    return work <= _MUCH_WORK


def _counted_through(corpus: Corpus) -> Corpus:
    """The same text with all that is computed of it once, so that the window need not wait."""
    _ = corpus.vocabulary, corpus.indices, corpus.frequencies
    return corpus


def _open_run(
    path: str,
    slot: AutosaveSlot | None = None,
    corpus: Corpus | None = None,
    wanted: RunConfig | None = None,
) -> _OpenedRun:
    """Reads a run file and the text it was trained on, and puts the two together.

    A model without a run is put together with the present text and the settings of Setup.
    """
    saved = load_run(path)
    if saved.config is None or saved.trainer is None:
        wanted = wanted or RunConfig()
        corpus = corpus or _counted_through(load_source(wanted.corpus, cache_folder()))
        return _OpenedRun(saved, saved.start(corpus, wanted, cores=None))
    try:
        encoding = saved.corpus_encoding if saved.corpus_encoding == "latin-1" else None
        corpus = _counted_through(load_source(saved.corpus_origin, cache_folder(), encoding))
    except (CorpusError, OSError) as error:
        raise ConfigError(
            f"{saved.path.name} was trained on {saved.corpus_name}, "
            f"which could not be read: {error}"
        ) from error
    if not saved.belongs_to(corpus):
        raise ConfigError(
            f"{saved.path.name} was trained on {saved.corpus_name}, but {saved.corpus_origin} "
            "has another content now; put the old text back to go on"
        )
    return _OpenedRun(saved, saved.restore(corpus, cores=None), slot)
