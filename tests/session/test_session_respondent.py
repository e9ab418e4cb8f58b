"""The respondent's thread: quick answers, newer weights on request only, an orderly end."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import numpy as np
import pytest

from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.probes.expectations import expectations
from rnnviz.probes.unit_matches import UnitMatches
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.questions import AskExpectations, AskUnits, Reply
from rnnviz.session.respondent import Respondent
from rnnviz.text.vocabulary import Vocabulary

TEXT = "to be or not to be\nthat is the question " * 20
VOCABULARY = Vocabulary.from_text(TEXT)
PATIENCE = 30.0


def make(seed: int) -> Network:
    config = ModelConfig(VOCABULARY.size, 8, 1, "gru")
    return Network(config, initialize(config, np.random.default_rng(seed))).snapshot()


class Bench:
    def __init__(self) -> None:
        self.mailbox = Mailbox()
        self.replies: queue.Queue[Reply] = queue.Queue()
        self.respondent = Respondent(self.mailbox, VOCABULARY, self.replies.put)
        self.respondent.start()

    def get(self) -> Reply:
        return self.replies.get(timeout=PATIENCE)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    assert bench.respondent.stop(PATIENCE)


def test_a_question_is_answered_once_there_are_weights(bench: Bench) -> None:
    bench.respondent.ask(AskExpectations("to be"))
    assert bench.mailbox.weights_wanted
    network = make(1)
    bench.mailbox.post_weights(3, network)
    reply = bench.get()
    assert reply.step == 3 and reply.question == AskExpectations("to be")
    wanted = expectations(network, VOCABULARY, "to be")
    np.testing.assert_array_equal(reply.answer.surprisal, wanted.surprisal)


def test_newer_weights_answer_again_when_somebody_looks(bench: Bench) -> None:
    bench.mailbox.post_weights(3, make(1))
    bench.respondent.ask(AskExpectations("to be"))
    assert bench.get().step == 3
    bench.mailbox.post_weights(4, make(2))
    bench.respondent.ask(AskUnits(TEXT, 0, "h"))
    while not bench.get().answer.complete:
        pass
    assert bench.replies.empty()  # nobody asked for the newer expectations
    bench.respondent.renew()
    reply = bench.get()
    assert reply.step == 4 and reply.question == AskExpectations("to be")


def test_a_question_that_fails_does_not_end_the_thread(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.mailbox.post_weights(1, make(1))
    bench.respondent.ask(AskUnits(TEXT, 7, "h"))  # there is no such layer
    bench.respondent.ask(AskExpectations("to"))
    assert bench.get().question == AskExpectations("to")
    bench.respondent.ask(AskUnits(TEXT, 0, "h"))
    assert isinstance(bench.get().answer, UnitMatches)
    assert "Traceback" in capfd.readouterr().err


def test_it_ends_while_it_waits_for_the_first_weights() -> None:
    bench = Bench()
    bench.respondent.ask(AskExpectations("to be"))
    assert bench.respondent.stop(PATIENCE)
