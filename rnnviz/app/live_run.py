"""A run with its threads, the trainer's and the onlookers', as the main window holds it."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from rnnviz.engine.blas import available_cores, set_threads
from rnnviz.engine.network import Network
from rnnviz.panels.fault import Fault, faults
from rnnviz.panels.translate import tr
from rnnviz.session.commands import Command, Stop
from rnnviz.session.frames import RunState
from rnnviz.session.gauge import Gauge
from rnnviz.session.inspector import Inspector
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.onlooker import Onlooker
from rnnviz.session.prober import Prober
from rnnviz.session.respondent import Respondent
from rnnviz.session.rollback import Rollback
from rnnviz.session.run import Run
from rnnviz.session.runfile import SavedRun
from rnnviz.session.runner import Runner

_ENOUGH = 1_000_000  # characters for the inspector to take its windows from


class LiveRun(QObject):
    """Starts the threads, passes commands on, and ends all threads when it is stopped.

    The signals are emitted in the threads of those who found something, so receivers
    must be QObjects of the window's thread, to which Qt then queues them.
    """

    answered = Signal(object, object)  # this run, the prober's answer
    found = Signal(object, object)  # this run, the inspector's Inspection
    replied = Signal(object, object)  # this run, the respondent's Reply

    def __init__(
        self,
        run: Run,
        saved: SavedRun | None = None,
        initial: Network | None = None,
        parent: QObject | None = None,
    ) -> None:
        """`initial` is the run's first network, where that is known already."""
        super().__init__(parent)
        # One core is left to the window and the prober: a BLAS thread that has to share its core
        # keeps the others waiting in every product, and training falls to a fraction of its speed.
        # Processes that share out the batch do not wait for each other so often.
        threads = min(run.parallelism.threads, max(available_cores() - 1, 1))
        run.parallelism = replace(run.parallelism, threads=threads)
        self.run = run
        self.mailbox = Mailbox()
        self.gauge = Gauge(run.trainer, time.thread_time)
        self.runner = Runner(run, self.mailbox, gauge=self.gauge, rollback=Rollback())
        if saved is not None:
            self.runner.resume(saved)
        self.prober = Prober(
            self.mailbox, run.vocabulary, lambda answer: self.answered.emit(self, answer)
        )
        self.inspector = Inspector(
            self.mailbox,
            initial or run.initial_network(),
            _indices(run),
            run.config.seq_len,
            lambda found: self.found.emit(self, found),
        )
        self.respondent = Respondent(
            self.mailbox, run.vocabulary, lambda reply: self.replied.emit(self, reply)
        )
        self.fault: Fault | None = None  # what ended the training thread, when it was not asked to
        self._thread = self._new_thread()
        for onlooker in self._onlookers():
            onlooker.on_fault = faults().tell

    def _new_thread(self) -> threading.Thread:
        return threading.Thread(target=self._train, name="rnnviz-trainer", daemon=True)

    def start(self) -> None:
        """Starts the threads; training waits for the first Play."""
        # Process-wide and for good: the next run sets its own number.
        set_threads(self.run.parallelism.threads)
        self._thread.start()
        self.prober.start()
        self.inspector.start()
        self.respondent.start()

    def send(self, command: Command) -> None:
        """Queues a command for the training thread."""
        self.runner.send(command)

    def try_again(self) -> None:
        """Training that failed may go on: the step it failed in has changed nothing."""
        if self.fault is not None and not self._thread.is_alive():
            self.fault = None
            self._thread = self._new_thread()
            self._thread.start()

    def halt(self) -> None:
        """The training thread ends soon, without finishing a slow step; the others go on."""
        self.runner.interrupt()

    def go_on(self) -> None:
        """Trains on after `halt`, paused at first, from the last whole step."""
        if self.fault is None and not self._thread.is_alive():
            self.runner.resume_loop()
            self._thread = self._new_thread()
            self._thread.start()

    @property
    def at_work(self) -> bool:
        """Whether the training thread lives; otherwise nobody else touches the run."""
        return self._thread.is_alive()

    def stop(self, timeout: float = 1.5) -> bool:
        """Ends all threads; True when they have ended within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        self.runner.send(Stop())
        self.runner.interrupt()
        if self._thread.is_alive():
            self._thread.join(timeout)
        for onlooker in self._onlookers():
            onlooker.stop(max(deadline - time.monotonic(), 0.05))
        return self.ended()

    def ended(self) -> bool:
        """Whether all threads have ended, after `stop`."""
        ended = [onlooker.stop(0.0) for onlooker in self._onlookers()]
        return all(ended) and not self._thread.is_alive()

    def _onlookers(self) -> tuple[Onlooker, ...]:
        return self.prober, self.inspector, self.respondent

    def _train(self) -> None:
        """The training thread: whatever goes wrong in it becomes a state the window shows."""
        try:
            self.runner.loop()
        except MemoryError as error:
            words = tr("There is not enough memory for a step of this size. Choose a smaller one.")
            self._fail(error, words)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            words = tr("Training stopped: {0}: {1}")
            self._fail(error, words.format(type(error).__name__, error))

    def _fail(self, error: Exception, message: str) -> None:
        self.fault = Fault.of(error)
        self.mailbox.post(RunState("failed", self.run.trainer.steps, message))


def _indices(run: Run) -> NDArray[np.integer[Any]]:
    """The text as the network reads it; for a vocabulary of its own as much as is enough."""
    if run.vocabulary == run.corpus.vocabulary:
        return run.corpus.indices
    return run.vocabulary.encode(run.corpus.text[:_ENOUGH])
