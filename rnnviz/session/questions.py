"""What the Probe perspective asks of a network, and the order in which a thread answers it.

A question is a frozen record that knows how to answer itself from a frozen network. Of each kind
only the newest counts: nothing queues. Long answers come in slices, so that whoever answers them
can look after a keystroke in between.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from rnnviz.engine.decoding import generate
from rnnviz.engine.errors import EngineError
from rnnviz.engine.network import Network
from rnnviz.probes.expectations import Expectations, expectations
from rnnviz.probes.reading import LONGEST_TEXT, read_text
from rnnviz.probes.unit_matches import UnitMatches, unit_matches
from rnnviz.text.vocabulary import Vocabulary


class Question(Protocol):
    """Asked of a snapshot. Answers are yielded as they get better; None gives way to others."""

    kind: ClassVar[str]  # a new question of a kind replaces the one before
    live: ClassVar[bool]  # whether newer weights are worth a new answer

    def answers(self, network: Network, vocabulary: Vocabulary) -> Iterator[object]:
        """The answers of this network, the last one the best."""
        ...


@dataclass(frozen=True)
class AskExpectations:
    """What was expected at every character of a text? Answered by `Expectations`."""

    kind = "expectations"
    live = True
    text: str

    def answers(self, network: Network, vocabulary: Vocabulary) -> Iterator[Expectations]:
        """One answer."""
        yield expectations(network, vocabulary, self.text)


@dataclass(frozen=True)
class SignalTrace:
    """One signal of one layer over a text: `values` (H, T), one column per character read."""

    layer: int
    signal: str
    text: str
    values: NDArray[np.float32]


@dataclass(frozen=True)
class AskSignal:
    """What does every unit of a layer do over a text? Answered by `SignalTrace`."""

    kind = "signal"
    live = True
    text: str
    layer: int
    signal: str

    def answers(self, network: Network, vocabulary: Vocabulary) -> Iterator[SignalTrace]:
        """One answer."""
        reading = read_text(network, vocabulary, self.text)
        signals: Mapping[str, NDArray[np.float32]] = (
            reading.signals[self.layer] if reading.text else {}
        )
        nothing = np.zeros((network.config.hidden_size, 0), np.float32)
        yield SignalTrace(self.layer, self.signal, reading.text, signals.get(self.signal, nothing))


@dataclass(frozen=True)
class AskUnits:
    """What do the units of a layer look like on a text? Answered by `UnitMatches`, ever better."""

    kind = "units"
    live = False
    text: str
    layer: int
    signal: str

    def answers(self, network: Network, vocabulary: Vocabulary) -> Iterator[UnitMatches | None]:
        """An answer after every few thousand characters."""
        return unit_matches(network, vocabulary, self.text, self.layer, self.signal)


@dataclass(frozen=True)
class Written:
    """A piece of a continuation; `problem` says in a sentence why there is no more."""

    text: str
    last: bool
    problem: str = ""


@dataclass(frozen=True)
class AskContinuation:
    """How does the network go on? Answered by `Written`, a few characters at a time.

    `temperature` 0 takes the likeliest character each time; `top_k` and `top_p` leave only some to
    choose from. Of a long text the end is read; after the empty one the network begins as after a
    newline.
    """

    kind = "continuation"
    live = False
    text: str
    length: int
    temperature: float
    top_k: int | None
    top_p: float | None
    random_seed: int

    _PIECE: ClassVar[int] = 20  # characters

    def answers(self, network: Network, vocabulary: Vocabulary) -> Iterator[Written]:
        """Pieces that together are the continuation."""
        begin = self.text[-LONGEST_TEXT:] or (
            "\n" if "\n" in vocabulary else vocabulary.characters[0]
        )
        rng = np.random.default_rng(self.random_seed)
        piece: list[int] = []
        try:
            seed = vocabulary.encode(begin)
            written = generate(
                network,
                seed,
                self.length,
                self.temperature,
                rng,
                top_k=self.top_k,
                top_p=self.top_p,
            )
            for index in written:
                piece.append(index)
                if len(piece) == self._PIECE:
                    yield Written(vocabulary.decode(piece), False)
                    piece = []
        except EngineError as problem:
            yield Written(vocabulary.decode(piece), True, str(problem))
            return
        yield Written(vocabulary.decode(piece), True)


@dataclass(frozen=True)
class AskTyping(AskContinuation):
    """The same, written into the field of the Train perspective: neither replaces the other."""

    kind = "typing"


@dataclass(frozen=True)
class Reply:
    """An answer with its question and the step of the weights it is of."""

    question: Question
    step: int
    answer: object


@dataclass
class _Asked:
    question: Question
    answers: Iterator[object] | None = None  # None before work on it has begun
    step: int = -1  # of the weights in use
    ended: bool = False


class Questions:
    """The newest question of each kind. One thread asks, another works; both may at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[str, _Asked] = {}

    def ask(self, question: Question) -> None:
        """Replaces the question of this kind; the same one again is answered again."""
        with self._lock:
            self._asked.pop(question.kind, None)
            self._asked[question.kind] = _Asked(question)

    def withdraw(self, *kinds: str) -> None:
        """Nobody wants these answers any more; all of them when no kind is given."""
        with self._lock:
            for kind in kinds or tuple(self._asked):
                self._asked.pop(kind, None)

    def waiting(self) -> bool:
        """Whether there is a question that has not been answered to its end."""
        with self._lock:
            return any(not asked.ended for asked in self._asked.values())

    def stale(self, step: int) -> bool:
        """Whether weights after `step` would bring something new."""
        with self._lock:
            return any(a.question.live and a.step != step for a in self._asked.values())

    def forget(self) -> None:
        """The weights are others, though it is the same step: answers of it are outdated."""
        with self._lock:
            for asked in self._asked.values():
                if asked.ended:
                    asked.step = -1

    def work(
        self, step: int, network: Network, vocabulary: Vocabulary, *, renew: bool = False
    ) -> Reply | None:
        """Does one slice of work, with weights after `step`; None when it led to no answer.

        Questions not begun come first, then those half answered with the weights they were begun
        with. With `renew` the live ones are answered anew when that is all there is to do.
        """
        with self._lock:
            asked = self._next(step, renew)
            if asked is None:
                return None
            if asked.answers is None:
                asked.answers = asked.question.answers(network, vocabulary)
                asked.step = step
            answers = asked.answers
        answer = next(answers, _END)
        with self._lock:
            if answer is _END:
                asked.ended = True
                return None
            current = self._asked.get(asked.question.kind) is asked
            if asked.question.live:
                asked.ended = True
            if current:  # to the end of the line: long answers take turns
                self._asked[asked.question.kind] = self._asked.pop(asked.question.kind)
        return Reply(asked.question, asked.step, answer) if current and answer is not None else None

    def _next(self, step: int, renew: bool) -> _Asked | None:
        open_ones = [asked for asked in self._asked.values() if not asked.ended]
        # Live questions are quick, and somebody looks at their answers while typing.
        fresh = [asked for asked in open_ones if asked.answers is None]
        fresh.sort(key=lambda asked: not asked.question.live)
        if fresh or open_ones:
            return (fresh or open_ones)[0]
        if renew:
            for asked in self._asked.values():
                if asked.question.live and asked.step != step:
                    asked.ended, asked.answers = False, None
                    return asked
        return None


_END = object()
