"""What every thread beside the training keeps to: asked work at once, renewals within a share."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import numpy as np
import pytest

from rnnviz.engine.errors import Interrupted
from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.onlooker import Onlooker
from rnnviz.session.prober import Answer, Prober
from rnnviz.text.vocabulary import Vocabulary

PATIENCE = 30.0
VOCABULARY = Vocabulary.from_text("to be or not")


def network(seed: int = 0) -> Network:
    config = ModelConfig(VOCABULARY.size, 4)
    return Network(config, initialize(config, np.random.default_rng(seed))).snapshot()


class Echo(Onlooker):
    """Does what it was asked, and says with which weights."""

    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__(mailbox, "echo")
        self.wanted: list[str] = []
        self.done: queue.Queue[tuple[str, int]] = queue.Queue()
        self.least = 0.0

    def ask(self, *what: str) -> None:
        with self._asking():
            self.wanted += what

    def _forget(self) -> None:
        pass

    def _due(self) -> bool:
        return bool(self.wanted)

    def _work(self, step: int, network: Network, renew: bool) -> None:
        what = "again" if renew else self.wanted.pop(0)
        with self._charged(self.least):
            if what == "fail":
                raise ValueError("for the test")
            if what == "give up":
                raise Interrupted
        self.done.put((what, step))


@pytest.fixture
def echo() -> Iterator[Echo]:
    echo = Echo(Mailbox())
    echo.start()
    yield echo
    assert echo.stop(PATIENCE)


def test_it_waits_for_the_first_weights_and_asks_for_them(echo: Echo) -> None:
    echo.ask("this")
    assert echo._mailbox.weights_wanted
    echo._mailbox.post_weights(7, network())
    assert echo.done.get(timeout=PATIENCE) == ("this", 7)


def test_what_fails_is_printed_and_the_rest_is_done(
    echo: Echo, capfd: pytest.CaptureFixture[str]
) -> None:
    echo._mailbox.post_weights(1, network())
    echo.ask("fail", "this")
    assert echo.done.get(timeout=PATIENCE) == ("this", 1)
    assert "ValueError: for the test" in capfd.readouterr().err


def test_what_was_costly_keeps_renewals_away_but_no_question(echo: Echo) -> None:
    echo._mailbox.post_weights(1, network())
    echo.least = 1e6
    echo.ask("this")
    assert echo.done.get(timeout=PATIENCE) == ("this", 1)
    echo.renew()
    echo.ask("that")
    assert echo.done.get(timeout=PATIENCE) == ("that", 1)
    echo._not_before = 0.0
    echo.renew()
    assert echo.done.get(timeout=PATIENCE) == ("again", 1)
    assert echo.done.empty()


def test_an_interrupted_one_ends() -> None:
    echo = Echo(Mailbox())
    echo._mailbox.post_weights(1, network())
    echo.start()
    echo.ask("give up")
    echo._thread.join(PATIENCE)
    assert not echo._thread.is_alive()


def test_the_prober_answers_each_request_and_each_set_of_weights_once() -> None:
    mailbox, answers = Mailbox(), queue.Queue[Answer]()
    prober = Prober(mailbox, VOCABULARY, answers.put)
    mailbox.post_weights(1, network())
    prober.start()
    first = answers.get(timeout=PATIENCE)
    assert (first.request, first.step, first.reading.text) == (1, 1, "")
    assert prober.ask("to be") == 2
    second = answers.get(timeout=PATIENCE)
    assert (second.request, second.step, second.reading.text) == (2, 1, "to be")
    prober._not_before = 0.0
    prober.renew()  # with the same weights: nothing new to say
    mailbox.post_weights(2, network(1))
    prober._not_before = 0.0
    prober.renew()
    third = answers.get(timeout=PATIENCE)
    assert (third.request, third.step) == (2, 2)
    assert answers.empty()
    assert prober.stop(PATIENCE)


def test_the_prober_also_reads_what_training_has_read_while_that_is_followed() -> None:
    mailbox, answers = Mailbox(), queue.Queue[Answer]()
    prober = Prober(mailbox, VOCABULARY, answers.put)
    mailbox.post_weights(1, network(), "not to")
    prober.start()
    assert not answers.get(timeout=PATIENCE).followed
    prober.follow(True)  # is looked at once, also while nothing is trained
    read = answers.get(timeout=PATIENCE)
    assert (read.step, read.reading.text, read.followed) == (1, "not to", True)
    mailbox.post_weights(2, network(1), "to be")
    prober._not_before = 0.0
    prober.renew()
    both = [answers.get(timeout=PATIENCE) for _ in range(2)]
    assert [(a.step, a.reading.text, a.followed) for a in both] == [
        (2, "", False),
        (2, "to be", True),
    ]
    prober.follow(False)
    mailbox.post_weights(3, network(2), "be or")
    prober._not_before = 0.0
    prober.renew()
    last = answers.get(timeout=PATIENCE)
    assert (last.step, last.followed) == (3, False)
    assert prober.stop(PATIENCE)
    assert answers.empty()
