"""Answers the questions of the Probe perspective in a thread of its own, for the window.

New questions are answered at once; with newer weights they are answered again when the window says
that somebody looks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from rnnviz.engine.network import Network
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.onlooker import Onlooker
from rnnviz.session.questions import Question, Questions, Reply
from rnnviz.text.vocabulary import Vocabulary


class Respondent(Onlooker):
    """One per run. `on_reply` is called in its thread; hand it a Qt signal's emit."""

    def __init__(
        self, mailbox: Mailbox, vocabulary: Vocabulary, on_reply: Callable[[Reply], None]
    ) -> None:
        super().__init__(mailbox, "respondent")
        self._vocabulary = vocabulary
        self._on_reply = on_reply
        self._questions = Questions()
        self._shared: Network | None = None  # the newest copy, and with buffers of this thread:
        self._own: Network | None = None

    def ask(self, question: Question) -> None:
        """Replaces the question of its kind."""
        with self._asking():
            self._questions.ask(question)

    def withdraw(self, *kinds: str) -> None:
        """Nobody wants these answers any more; none at all when no kind is given."""
        self._questions.withdraw(*kinds)

    def _due(self) -> bool:
        return self._questions.waiting()

    def _forget(self) -> None:
        self._questions.forget()

    def _work(self, step: int, network: Network, renew: bool) -> None:
        if renew and not self._questions.stale(step):
            return
        if self._own is None or network is not self._shared:
            self._shared, self._own = network, network.twin()
        # A question is answered however much the one before has cost.
        with self._charged() if renew else contextlib.nullcontext():
            reply = self._questions.work(step, self._own, self._vocabulary, renew=renew)
        if reply is not None:
            self._on_reply(reply)
