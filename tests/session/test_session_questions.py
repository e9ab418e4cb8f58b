"""Questions: the newest of each kind counts, long answers give way, newer weights are welcome."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest

from rnnviz.engine.decoding import sample
from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.probes.expectations import Expectations, expectations
from rnnviz.session.questions import (
    AskContinuation,
    AskExpectations,
    AskSignal,
    AskUnits,
    Questions,
    Reply,
    SignalTrace,
    Written,
)
from rnnviz.text.vocabulary import Vocabulary

TEXT = "to be or not to be\nthat is the question "
VOCABULARY = Vocabulary.from_text(TEXT)


@pytest.fixture
def network() -> Network:
    config = ModelConfig(VOCABULARY.size, 8, 2, "lstm")
    parameters = initialize(config, np.random.default_rng(2))
    parameters.flat[:] *= 4
    return Network(config, parameters).snapshot()


@dataclass(frozen=True)
class Count:
    """Answers 1, nothing, 2, nothing, ... and notes who asked for the next."""

    kind: ClassVar[str] = "count"
    live: ClassVar[bool] = False
    upto: int
    log: list[int] = field(default_factory=list)

    def answers(self, network: Network, vocabulary: Vocabulary) -> Iterator[object]:
        for number in range(1, self.upto + 1):
            self.log.append(number)
            yield number
            yield None


def work(questions: Questions, network: Network, step: int = 1, renew: bool = False) -> list[Reply]:
    """Everything there is to do."""
    replies = []
    while questions.waiting() or (renew and questions.stale(step)):
        reply = questions.work(step, network, VOCABULARY, renew=renew)
        if reply is not None:
            replies.append(reply)
    return replies


def test_an_answer_comes_with_its_question_and_step(network: Network) -> None:
    questions = Questions()
    assert not questions.waiting() and questions.work(1, network, VOCABULARY) is None
    questions.ask(AskExpectations("to be"))
    (reply,) = work(questions, network, step=12)
    assert reply.question == AskExpectations("to be") and reply.step == 12
    assert isinstance(reply.answer, Expectations)
    np.testing.assert_array_equal(
        reply.answer.chances, expectations(network, VOCABULARY, "to be").chances
    )


def test_only_the_newest_of_a_kind_is_answered(network: Network) -> None:
    questions = Questions()
    for length in range(1, 30):
        questions.ask(AskExpectations(TEXT[:length]))
    assert [reply.question for reply in work(questions, network)] == [AskExpectations(TEXT[:29])]


def test_a_question_replaced_while_it_is_worked_on_stays_unanswered(network: Network) -> None:
    questions = Questions()
    old, new = Count(5), Count(2)
    questions.ask(old)
    assert questions.work(1, network, VOCABULARY) is not None
    questions.ask(new)
    assert [reply.question for reply in work(questions, network)] == [new, new]
    assert old.log == [1]


def test_a_quick_question_overtakes_a_long_one(network: Network) -> None:
    questions = Questions()
    questions.ask(Count(9))
    questions.work(1, network, VOCABULARY)
    questions.ask(AskExpectations("to"))
    reply = questions.work(1, network, VOCABULARY)
    assert reply is not None and reply.question == AskExpectations("to")


def test_long_answers_take_turns(network: Network) -> None:
    questions = Questions()
    count = Count(40)
    questions.ask(count)
    questions.ask(AskContinuation("to", 60, 1.0, None, None, 1))
    replies = []
    while len(replies) < 3:
        reply = questions.work(1, network, VOCABULARY)
        if reply is not None and isinstance(reply.answer, Written):
            replies.append(reply)
    assert len(count.log) < 10


def test_nobody_answers_what_was_withdrawn(network: Network) -> None:
    questions = Questions()
    questions.ask(AskExpectations("to"))
    questions.ask(AskSignal("to", 0, "h"))
    questions.withdraw(AskSignal.kind)
    assert [reply.question for reply in work(questions, network)] == [AskExpectations("to")]
    questions.ask(AskSignal("to", 0, "h"))
    questions.withdraw()
    assert not questions.waiting() and not questions.stale(99)


def test_newer_weights_answer_live_questions_anew_when_asked_to(network: Network) -> None:
    questions = Questions()
    questions.ask(AskExpectations("to"))
    questions.ask(Count(1))
    assert len(work(questions, network, step=1)) == 2
    assert questions.stale(2) and not questions.stale(1)
    assert questions.work(2, network, VOCABULARY) is None
    again = work(questions, network, step=2, renew=True)
    assert [(reply.question, reply.step) for reply in again] == [(AskExpectations("to"), 2)]


def test_a_signal_is_that_of_the_trace(network: Network) -> None:
    questions = Questions()
    questions.ask(AskSignal(TEXT, 1, "c"))
    (reply,) = work(questions, network)
    assert isinstance(reply.answer, SignalTrace) and reply.answer.text == TEXT
    trace = network.trace(VOCABULARY.encode(TEXT))
    np.testing.assert_array_equal(reply.answer.values, trace.signals[1]["c"])
    questions.ask(AskSignal("", 1, "c"))
    (reply,) = work(questions, network)
    assert isinstance(reply.answer, SignalTrace) and reply.answer.values.shape == (8, 0)


def test_units_are_answered_at_the_end(network: Network) -> None:
    questions = Questions()
    questions.ask(AskUnits(TEXT, 0, "h"))
    replies = work(questions, network)
    assert replies[-1].answer.complete  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"), [(0.0, None, None), (1.3, 3, None), (0.8, None, 0.6)]
)
def test_a_continuation_is_what_the_engine_writes(
    network: Network, temperature: float, top_k: int | None, top_p: float | None
) -> None:
    questions = Questions()
    questions.ask(AskContinuation("to be", 50, temperature, top_k, top_p, 7))
    pieces = [reply.answer for reply in work(questions, network)]
    rng = np.random.default_rng(7)
    wanted = sample(
        network, VOCABULARY.encode("to be"), 50, temperature, rng, top_k=top_k, top_p=top_p
    )
    assert all(isinstance(piece, Written) for piece in pieces)
    text = "".join(piece.text for piece in pieces if isinstance(piece, Written))
    assert text == VOCABULARY.decode(wanted)
    assert [piece.last for piece in pieces if isinstance(piece, Written)] == [False, False, True]


def test_a_continuation_of_nothing_begins_after_a_newline(network: Network) -> None:
    def written(text: str) -> str:
        answers = AskContinuation(text, 30, 0.0, None, None, 0).answers(network, VOCABULARY)
        return "".join(piece.text for piece in answers)

    assert written("") == written("\n")


def test_a_network_that_diverged_says_why_it_writes_no_more(network: Network) -> None:
    broken = Network(network.config, network.parameters.copy())
    broken.parameters["decoder.bias"][0] = np.nan
    questions = Questions()
    questions.ask(AskContinuation("to", 30, 1.0, None, None, 1))
    (reply,) = work(questions, broken)
    assert isinstance(reply.answer, Written) and reply.answer.last and not reply.answer.text
    assert "diverged" in reply.answer.problem
