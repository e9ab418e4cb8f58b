"""What the threads beside the training have in common: prober, respondent and inspector.

Each reads frozen copies of the weights, so none of them ever waits for a training step nor holds
one up. What was asked is done at once; what only brings newer weights is done within a small share
of the machine's time.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rnnviz.engine.errors import Interrupted
from rnnviz.engine.network import Network
from rnnviz.session.mailbox import Mailbox

SHARE = 0.02  # of the time, spent on what only brings newer weights
_WEIGHTS_WAIT = 0.1  # seconds between looks for the first weights


class Onlooker(ABC):
    """A thread that sleeps until something is asked of it; one of each kind per run."""

    def __init__(self, mailbox: Mailbox, name: str) -> None:
        self._mailbox = mailbox
        self._condition = threading.Condition()  # guards what is asked
        self._renewal_wanted = False
        self._not_before = 0.0  # when the next renewal may begin
        self._stopping = False
        self.on_fault: Callable[[Exception], None] = _print  # called in this thread
        self._thread = threading.Thread(target=self._loop, name=f"rnnviz-{name}", daemon=True)

    # From any thread.

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def renew(self) -> None:
        """Somebody looks: what newer weights would answer otherwise is to be answered again."""
        with self._asking():
            self._renewal_wanted = True

    def stop(self, timeout: float = 1.0) -> bool:
        """Ends the thread after the piece of work it is at; True when it has ended."""
        with self._condition:
            self._stopping = True
            self._interrupt()
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Within the block something may be asked; then the thread wakes, with weights to come."""
        with self._condition:
            yield
            self._mailbox.want_weights()
            self._condition.notify()

    # For each kind to say.

    @abstractmethod
    def _due(self) -> bool:
        """Whether something was asked that is not answered yet; the condition is held."""

    @abstractmethod
    def _work(self, step: int, network: Network, renew: bool) -> None:
        """One piece of work with the newest weights, those after `step`; nothing is held.

        With `renew` nothing was asked but to look again. After an exception, which is printed,
        what was asked must not be due any more.
        """

    @abstractmethod
    def _forget(self) -> None:
        """The weights are others without a step in between: what was found of them is outdated.

        Only the thread calls it.
        """

    def _interrupt(self) -> None:  # noqa: B027 - most have nothing that takes so long
        """Gives up what is under way; the condition is held."""

    # The thread.

    def _loop(self) -> None:
        exchanges = 0
        while True:
            with self._condition:
                while not self._stopping and not self._due():
                    now = time.monotonic()
                    if self._renewal_wanted and now >= self._not_before:
                        break
                    self._condition.wait(self._not_before - now if self._renewal_wanted else None)
                if self._stopping:
                    return
                renew = not self._due()
                if renew:
                    self._renewal_wanted = False
            if exchanges != self._mailbox.exchanges:
                exchanges = self._mailbox.exchanges
                self._forget()
            weights = self._mailbox.latest_weights()
            if weights is None:
                self._mailbox.weights_posted.wait(_WEIGHTS_WAIT)
                continue
            try:
                self._work(*weights, renew)
            except Interrupted:
                return
            except Exception as error:
                # What is on the screen stays as it is; training and the window go on.
                self.on_fault(error)

    @contextmanager
    def _charged(self, least: float = 0.0) -> Iterator[None]:
        """What the block costs keeps the next renewal away, for `least` seconds at the least."""
        begun = time.thread_time()
        try:
            yield
        finally:
            cost = time.thread_time() - begun
            self._not_before = time.monotonic() + max(cost / SHARE, least)


def _print(error: Exception) -> None:
    traceback.print_exception(error, file=sys.stderr)
