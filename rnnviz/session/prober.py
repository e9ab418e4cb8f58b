"""Answers "what does the network make of this seed text?" in a thread of its own, for the window.

It reads frozen copies of the weights, so an answer never waits for a training step. A new request
is answered at once; while training goes on the last request is answered again with newer weights,
at most ten times a second and within a small share of the machine's time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from rnnviz.probes.reading import Reading, read_text
from rnnviz.session.mailbox import Mailbox
from rnnviz.text.vocabulary import Vocabulary

_INTERVAL = 0.1  # seconds between answers that only bring newer weights
_SHARE = 0.05  # of the time, spent on such answers


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
        self._live = True
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

    def set_live(self, live: bool) -> None:
        """Whether answers are renewed with newer weights; off while nobody sees them."""
        with self._condition:
            self._live = live
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
        pause = _INTERVAL
        while True:
            with self._condition:
                if self._request == answered and not self._stopping:
                    self._condition.wait(pause)
                if self._stopping:
                    return
                request, text, live = self._request, self._text, self._live
            weights = self._mailbox.latest_weights()
            if weights is None:
                self._mailbox.weights_posted.wait(_INTERVAL)
                continue
            step, network = weights
            if request == answered and (not live or step == answered_step):
                if live:
                    self._mailbox.want_weights()
                continue
            begun = time.thread_time()
            reading = read_text(network, self._vocabulary, text)
            pause = max(_INTERVAL, (time.thread_time() - begun) / _SHARE)
            answered, answered_step = request, step
            self._on_answer(Answer(request, step, reading))
            if live:
                self._mailbox.want_weights()
