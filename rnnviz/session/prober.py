"""Answers "what does the network make of this seed text?" in a thread of its own, for the window.

It reads frozen copies of the weights, so an answer never waits for a training step. A new request
is answered at once. While training goes on the window may ask for the same again with newer weights
(`renew`), which is done within a small share of the machine's time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from rnnviz.probes.reading import Reading, read_text
from rnnviz.session.mailbox import Mailbox
from rnnviz.text.vocabulary import Vocabulary

_SHARE = 0.05  # of the time, spent on answers that only bring newer weights
_WEIGHTS_WAIT = 0.1  # seconds between looks for the first weights


@dataclass(frozen=True, slots=True)
class Answer:
    """A reading of the seed with the weights after `step`; `request` counts the requests."""

    request: int
    step: int
    reading: Reading


class Prober:
    """One per run. `on_answer` is called in the prober's thread; hand it a Qt signal's emit."""

    def __init__(
        self, mailbox: Mailbox, vocabulary: Vocabulary, on_answer: Callable[[Answer], None]
    ) -> None:
        self._mailbox = mailbox
        self._vocabulary = vocabulary
        self._on_answer = on_answer
        self._condition = threading.Condition()
        self._text = ""
        self._request = 0
        self._renewal_wanted = False
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="rnnviz-prober", daemon=True)

    def start(self) -> None:
        """Starts the thread; the first answer is for the empty text."""
        self._request = 1
        self._thread.start()

    def ask(self, text: str) -> int:
        """Replaces the request; returns its number."""
        with self._condition:
            self._text = text
            self._request += 1
            self._mailbox.want_weights()
            self._condition.notify()
            return self._request

    def renew(self) -> None:
        """Asks for the last request to be answered again, if there are newer weights by then."""
        with self._condition:
            self._renewal_wanted = True
            self._mailbox.want_weights()
            self._condition.notify()

    def stop(self, timeout: float = 1.0) -> bool:
        """Ends the thread; True when it has ended."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _loop(self) -> None:
        answered, answered_step = 0, -1
        not_before = 0.0  # when the next renewal may begin
        while True:
            with self._condition:
                while not self._stopping and self._request == answered:
                    now = time.monotonic()
                    if self._renewal_wanted and now >= not_before:
                        break
                    self._condition.wait(not_before - now if self._renewal_wanted else None)
                if self._stopping:
                    return
                request, text = self._request, self._text
                self._renewal_wanted = False
            weights = self._mailbox.latest_weights()
            if weights is None:
                self._mailbox.weights_posted.wait(_WEIGHTS_WAIT)
                continue
            step, network = weights
            if request == answered and step == answered_step:
                continue
            begun = time.thread_time()
            reading = read_text(network, self._vocabulary, text)
            not_before = time.monotonic() + (time.thread_time() - begun) / _SHARE
            answered, answered_step = request, step
            self._on_answer(Answer(request, step, reading))
