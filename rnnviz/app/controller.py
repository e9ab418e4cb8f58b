"""The live run between its threads and the window: begun, commanded, listened to and ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from rnnviz.app.exporter import Exporter
from rnnviz.app.frame_rate import FrameRate
from rnnviz.app.keeper import Keeper
from rnnviz.app.live_run import LiveRun
from rnnviz.app.loader import Loader
from rnnviz.app.pacing import SHORTEST, Pacer
from rnnviz.app.reference_counter import ReferenceCounter
from rnnviz.app.run_building import BuiltRun, OpenedRun, built_at_once
from rnnviz.app.watchdog import Watchdog
from rnnviz.engine.errors import EngineError
from rnnviz.engine.network import Network
from rnnviz.session import commands
from rnnviz.session.autosave import Slot as AutosaveSlot
from rnnviz.session.config import ConfigError, RunConfig
from rnnviz.session.frames import RunState
from rnnviz.session.history import History
from rnnviz.session.inspector import Inspection
from rnnviz.session.prober import Answer
from rnnviz.session.questions import Question, Reply
from rnnviz.session.run import Run
from rnnviz.session.runfile import SavedRun
from rnnviz.session.view import RunView
from rnnviz.text.corpus import Corpus, CorpusError

_JOIN_SECONDS = 0.8
_KEEP_SECONDS = 5.0  # that the last step of a run may take when it is to be kept


class Controller(QObject):
    """Owns the live run and what works beside it; speaks to the window by signals only.

    Everything here happens in the window's thread; what crosses from others arrives by the mailbox,
    which a timer drains, or by queued signals.
    """

    run_started = Signal(object)  # RunView
    delivered = Signal(object)  # Delivery, already taken into the view
    answered = Signal(object)  # Answer of the current run
    inspected = Signal(object)  # Inspection of the current run
    replied = Signal(object)  # Reply to a question about the current run
    file_opened = Signal(str)  # path of a run that is open now, for the list of recent files
    hung = Signal(float)  # so many seconds without a step
    run_opened = Signal(object)  # SavedRun, before `run_started`: what the panels showed

    def __init__(self, autosaves: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.keeper = Keeper(autosaves, self)
        self.loader = Loader(self)
        self.loader.run_opened.connect(self._run_opened)
        self.loader.run_built.connect(self._begin_built)
        self.references = ReferenceCounter(self)
        self.exporter = Exporter(self)
        # What has ended is given up when something else ends or begins.
        self.loader.busy.connect(self.sweep)
        self.references.ready.connect(self.sweep)
        self.live: LiveRun | None = None
        self.view: RunView | None = None
        self.playing = False  # what was asked for last; the state follows
        self.watchdog = Watchdog()
        self.corpus: Corpus | None = None  # the wanted one; a restart begins with it
        self._number = 0
        self._seed = ""
        self.wanted_config: Callable[[], RunConfig] = RunConfig  # for a model without settings
        self.onlookers: Callable[[], bool] = lambda: True  # whether anybody sees the answers
        self.is_seen: Callable[[], bool] = lambda: True  # whether anything is on the screen
        self.tell_looks: Callable[[LiveRun], None] = lambda live: None  # what else is in sight
        self._answered_request = 0
        self._renewed: Answer | None = None  # newest weights, same seed: for the next round
        self._followed: Answer | None = None  # the same of the text that training has just read
        self._follows = False
        self._old_lives: list[LiveRun] = []
        self._save_standing = ""  # the file that is written once training stands still
        self._pacer = Pacer()
        self.frames = FrameRate()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)

    # Texts and files.

    def open_path(self, path: str, encoding: str | None = None) -> None:
        """Opens a file of the user's: a saved run by its name, anything else as a text."""
        # Absolute, so that no id of a source is mistaken for it, nor it for one.
        file = Path(path).absolute()
        if file.suffix == ".safetensors" and file.is_file():
            self.loader.open_run(file, self.corpus, self.wanted_config())
        else:
            self.loader.choose_source(str(file), encoding)

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
        if self.loader.is_building:
            self.loader.cancel()  # what was asked for last counts
        wanted = config.with_changes(corpus=text.origin)
        if built_at_once(wanted, text):
            try:
                self._begin_built(BuiltRun(wanted, text, then))
            except (ConfigError, CorpusError, EngineError, MemoryError) as error:
                self.loader.refuse(error, building=True)
                return False
        else:
            self.loader.build(wanted, text, then)
        return True

    @Slot(object)
    def _begin_built(self, built: BuiltRun) -> None:
        self._begin(built.run, initial=built.initial)
        if built.then is not None:
            built.then()

    @Slot(object)
    def _run_opened(self, opened: OpenedRun) -> None:
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
        self._save_standing = ""
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
        self.references.count(run, self.view)
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
        self.sweep()
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

    def save_and_stop(self, path: str) -> None:
        """As `save`, but without waiting for a step or a validation under way; then it stands.

        For a window that is about to close: large networks take seconds for a step. `go_on` when
        it does not close after all.
        """
        if self.live is not None:
            self._save_standing = path
            self.live.halt()
            self.hurry()

    def go_on(self) -> None:
        """Trains on after `save_and_stop`, if it trained before."""
        if self.live is not None:
            self._save_standing = ""
            self.live.go_on()
            if self.playing:
                self.send(commands.Play())

    def export(self, kind: str, path: str) -> None:
        """Writes metrics (csv, jsonl, events), samples or the best weights beside the training."""
        if self.view is not None and self.live is not None:
            self.exporter.export(self.view, self.live, kind, path)

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

    # The timer.

    @Slot()
    def _tick(self) -> None:
        view, live = self.view, self.live
        if view is None or live is None:
            return
        try:
            self._take_over(view, live)
        finally:  # whatever went wrong in a panel: the next round comes
            interval = self._pacer.next_interval(view.training, self.is_seen())
            self._timer.start(max(round(1000 * interval), round(1000 * SHORTEST)))
            self.frames.next_in(max(interval, SHORTEST))

    def _take_over(self, view: RunView, live: LiveRun) -> None:
        self._drain()
        waited = self.watchdog.look(view.step, view.training)
        if waited:
            self.hung.emit(waited)
        if self._save_standing and not live.at_work:
            self._drain()  # its last words
            path, self._save_standing = self._save_standing, ""
            self.keeper.take(view, live.runner.checkpoint(path, copied=False))
        elif self.keeper.wants(view):
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

    def sweep(self) -> None:
        """Gives up what has ended: jobs and runs; they hold texts and networks."""
        self.loader.sweep()
        self.references.sweep()
        for live in [live for live in self._old_lives if live.ended()]:
            self._old_lives.remove(live)
            live.deleteLater()

    def shutdown(self, keep: bool = False) -> bool:
        """Ends every thread; True when all have ended in time.

        With `keep` what is unsaved is offered for recovery at the next start.
        """
        self._timer.stop()
        self.loader.stop()
        self.references.stop()
        self.exporter.finish()
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
        # One that waits for the network ends later, unheard; it must not keep the window.
        deadline = time.monotonic() + _JOIN_SECONDS
        for beside in (self.loader, self.references):
            ended = beside.join(deadline) and ended
        return ended
