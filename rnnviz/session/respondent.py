"""Answers the questions of the Probe perspective in a thread of its own, for the window.

Like the prober it reads frozen copies of the weights and never waits for a training step. New
questions are answered at once; with newer weights they are answered again when the window says that
somebody looks (`renew`), within a small share of the machine's time.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable

from rnnviz.engine.network import Network
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.questions import Question, Questions, Reply
from rnnviz.text.vocabulary import Vocabulary

_SHARE = 0.05  # of the time, spent on answers that only bring newer weights
_WEIGHTS_WAIT = 0.1  # seconds between looks for the first weights


class Respondent:
    """One per run. `on_reply` is called in its thread; hand it a Qt signal's emit."""

    def __init__(
        self, mailbox: Mailbox, vocabulary: Vocabulary, on_reply: Callable[[Reply], None]
    ) -> None:
        self._mailbox = mailbox
        self._vocabulary = vocabulary
        self._on_reply = on_reply
        self._questions = Questions()
        self._condition = threading.Condition()
        self._renewal_wanted = False
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="rnnviz-respondent", daemon=True)

    # From any thread.

    def start(self) -> None:
        """Starts the thread; it sleeps until something is asked."""
        self._thread.start()

    def ask(self, question: Question) -> None:
        """Replaces the question of its kind."""
        with self._condition:
            self._questions.ask(question)
            self._mailbox.want_weights()
            self._condition.notify()

    def withdraw(self, *kinds: str) -> None:
        """Nobody wants these answers any more; none at all when no kind is given."""
        self._questions.withdraw(*kinds)

    def renew(self) -> None:
        """Somebody looks: questions that newer weights answer otherwise are answered again."""
        with self._condition:
            self._renewal_wanted = True
            self._mailbox.want_weights()
            self._condition.notify()

    def stop(self, timeout: float = 1.0) -> bool:
        """Ends the thread after the slice it is at; True when it has ended."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    # The thread.

    def _loop(self) -> None:
        shared: Network | None = None  # the newest copy, and with buffers of this thread:
        own: Network | None = None
        not_before = 0.0  # when the next renewal may begin
        while True:
            with self._condition:
                while not self._stopping and not self._questions.waiting():
                    now = time.monotonic()
                    if self._renewal_wanted and now >= not_before:
                        break
                    self._condition.wait(not_before - now if self._renewal_wanted else None)
                if self._stopping:
                    return
                renew = not self._questions.waiting()
                if renew:
                    self._renewal_wanted = False
            weights = self._mailbox.latest_weights()
            if weights is None:
                self._mailbox.weights_posted.wait(_WEIGHTS_WAIT)
                continue
            step, network = weights
            if renew and not self._questions.stale(step):
                continue
            if own is None or network is not shared:
                shared, own = network, network.twin()
            begun = time.thread_time()
            try:
                reply = self._questions.work(step, own, self._vocabulary, renew=renew)
            except Exception:
                # What is on the page stays as it is; training and the window go on.
                traceback.print_exc(file=sys.stderr)
                continue
            if renew:
                not_before = time.monotonic() + (time.thread_time() - begun) / _SHARE
            if reply is not None:
                self._on_reply(reply)
