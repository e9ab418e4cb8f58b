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
    """A reading of the seed with the weights after `step`; `request` counts the requests."""

    request: int
    step: int
    reading: Reading


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
        self._answered, self._answered_step = 0, -1  # only the thread's

    def ask(self, text: str) -> int:
        """Replaces the request; returns its number."""
        with self._asking():
            self._text = text
            self._request += 1
            return self._request

    def _due(self) -> bool:
        return self._request != self._answered

    def _work(self, step: int, network: Network, renew: bool) -> None:
        with self._condition:
            request, text = self._request, self._text
        if request == self._answered and step == self._answered_step:
            return
        self._answered, self._answered_step = request, step
        with self._charged():
            reading = read_text(network, self._vocabulary, text)
        self._on_answer(Answer(request, step, reading))
