"""A run with its two threads, the trainer's and the prober's, as the main window holds it."""

from __future__ import annotations

import sys
import threading
import time
import traceback

from PySide6.QtCore import QObject, Signal

from rnnviz.engine.blas import available_cores, set_threads
from rnnviz.session.commands import Command, Stop
from rnnviz.session.frames import RunState
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.prober import Prober
from rnnviz.session.run import Run
from rnnviz.session.runfile import SavedRun
from rnnviz.session.runner import Runner


class LiveRun(QObject):
    """Starts the threads, passes commands on, and ends both threads when it is stopped.

    `answered` is emitted in the prober's thread, so receivers
    must be QObjects of the window's thread, to which Qt then queues it.
    """

    answered = Signal(object, object)  # this run, the answer

    def __init__(
        self, run: Run, saved: SavedRun | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.run = run
        self.mailbox = Mailbox()
        self.runner = Runner(run, self.mailbox)
        if saved is not None:
            self.runner.resume(saved)
        self.prober = Prober(
            self.mailbox, run.vocabulary, lambda answer: self.answered.emit(self, answer)
        )
        self._thread = threading.Thread(target=self._train, name="rnnviz-trainer", daemon=True)

    def start(self) -> None:
        """Starts both threads; training waits for the first Play."""
        # One core is left to the window and the prober: a BLAS thread that has to share its core
        # keeps the others waiting in every product, and training falls to a fraction of its speed.
        # Processes that share out the batch do not wait for each other so often.
        threads = min(self.run.parallelism.threads, max(available_cores() - 1, 1))
        # Process-wide and for good: the next run sets its own number.
        set_threads(threads)
        self._thread.start()
        self.prober.start()

    def send(self, command: Command) -> None:
        """Queues a command for the training thread."""
        self.runner.send(command)

    @property
    def at_work(self) -> bool:
        """Whether the training thread lives; otherwise nobody else touches the run."""
        return self._thread.is_alive()

    def stop(self, timeout: float = 1.5) -> bool:
        """Ends both threads; True when they have ended within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        self.runner.send(Stop())
        self.runner.interrupt()
        if self._thread.is_alive():
            self._thread.join(timeout)
        ended = self.prober.stop(max(deadline - time.monotonic(), 0.05))
        return ended and not self._thread.is_alive()

    def _train(self) -> None:
        """The training thread: whatever goes wrong in it becomes a state the window shows."""
        try:
            self.runner.loop()
        except MemoryError:
            self._fail("There is not enough memory for a step of this size. Choose a smaller one.")
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            self._fail(f"Training stopped: {type(error).__name__}: {error}")

    def _fail(self, message: str) -> None:
        self.mailbox.post(RunState("failed", self.run.trainer.steps, message))
