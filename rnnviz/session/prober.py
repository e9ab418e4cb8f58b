"""Answers what the network makes of the seed text, in a thread of its own, for the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rnnviz.engine.network import Network
from rnnviz.probes.reading import Reading, read_text
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.onlooker import Onlooker
from rnnviz.text.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Answer:
    """A reading of the seed with the weights after `step`; `request` counts the requests.

    With `followed` it is not of the seed but of the text that training has just read.
    """

    request: int
    step: int
    reading: Reading
    followed: bool = False


class Prober(Onlooker):
    """One per run. `on_answer` is called in the prober's thread; hand it a Qt signal's emit.

    The first answer is for the empty text.
    """

    def __init__(
        self, mailbox: Mailbox, vocabulary: Vocabulary, on_answer: Callable[[Answer], None]
    ) -> None:
        super().__init__(mailbox, "prober")
        self._vocabulary = vocabulary
        self._on_answer = on_answer
        self._text, self._request = "", 1
        self._follows = False
        self._answered, self._answered_step = 0, -1  # only the thread's
        self._followed_step = -1

    def ask(self, text: str) -> int:
        """Replaces the request; returns its number."""
        with self._asking():
            self._text = text
            self._request += 1
            return self._request

    def follow(self, on: bool) -> None:
        """Whether renewals also read the text that training has just read."""
        with self._asking():
            self._follows = on
            self._followed_step = -1
            self._renewal_wanted = True

    def _due(self) -> bool:
        return self._request != self._answered

    def _forget(self) -> None:
        self._answered_step = self._followed_step = -1

    def _work(self, step: int, network: Network, renew: bool) -> None:
        with self._condition:
            request, text = self._request, self._text
            follow = renew and self._follows and step != self._followed_step
        anew = request != self._answered or step != self._answered_step
        if not anew and not follow:
            return
        with self._charged():
            if anew:
                self._answered, self._answered_step = request, step
                self._on_answer(Answer(request, step, self._read(network, text)))
            if follow:
                self._followed_step = step
                reading = self._read(network, self._mailbox.latest_read())
                self._on_answer(Answer(request, step, reading, followed=True))

    def _read(self, network: Network, text: str) -> Reading:
        return read_text(network, self._vocabulary, text)
