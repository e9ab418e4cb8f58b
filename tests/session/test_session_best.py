"""Going back to the best weights, and back again; who looks at them sees the others."""

from __future__ import annotations

import queue

import numpy as np
import pytest

from rnnviz.probes.expectations import expectations
from rnnviz.session import commands
from rnnviz.session.config import RunConfig
from rnnviz.session.frames import Event
from rnnviz.session.inspector import PARAMETERS, Inspection, Inspector
from rnnviz.session.mailbox import Delivery, Mailbox
from rnnviz.session.prober import Answer, Prober
from rnnviz.session.questions import AskExpectations, Reply
from rnnviz.session.respondent import Respondent
from rnnviz.session.run import build_run
from rnnviz.session.runfile import Best
from rnnviz.session.runner import Budget, Runner
from rnnviz.text.corpus import Corpus

TEXT = "the quick brown fox jumps over the lazy dog.\n" * 60
SMALL = RunConfig(hidden_size=12, seq_len=10, batch_size=4, cell="lstm")
PATIENCE = 30.0


def trained(steps: int = 30) -> Runner:
    runner = Runner(build_run(SMALL, Corpus("fox", TEXT, "fox")), Mailbox())
    runner.train_until(Budget(steps=steps))
    # Its best weights are some that it never had, so that they can be told from all others.
    weights = runner.run.network.parameters.copy()
    weights.flat *= 0.5
    runner.best = Best(16, 1.25, weights.frozen_copy())
    runner.mailbox.drain()
    return runner


def obey(runner: Runner, command: commands.Command) -> Delivery:
    runner.send(command)
    runner._obey(wait=False)
    return runner.mailbox.drain()


def weights(runner: Runner) -> np.ndarray:
    return runner.run.network.parameters.flat.copy()


def test_the_best_weights_come_with_an_empty_optimizer_and_a_pause() -> None:
    runner = trained()
    runner._playing = True
    told = obey(runner, commands.UseBest())
    assert runner.best is not None
    np.testing.assert_array_equal(weights(runner), runner.best.parameters.flat)
    assert not np.any(runner.run.trainer.optimizer.state()["mean"])
    assert told.events == [Event(30, "weights", "weights of step 16")]
    assert told.state is not None and told.state.phase == "paused"
    posted = runner.mailbox.latest_weights()
    assert posted is not None
    np.testing.assert_array_equal(posted[1].parameters.flat, weights(runner))
    assert runner.advance() is not None
    np.testing.assert_array_equal(runner.best.parameters.flat, trained().best.parameters.flat)


def test_until_the_next_step_it_can_be_taken_back_as_if_nothing_had_been() -> None:
    runner, undisturbed = trained(), trained()
    obey(runner, commands.UseBest())
    obey(runner, commands.UseBest())  # once more makes no difference
    told = obey(runner, commands.UseLast())
    assert told.events == [Event(30, "weights", "weights of step 30", replaces=True)]
    for one in (runner, undisturbed):
        one.train_until(Budget(steps=40))
    np.testing.assert_array_equal(weights(runner), weights(undisturbed))


def test_after_a_step_there_is_nothing_to_take_back() -> None:
    runner = trained()
    obey(runner, commands.UseBest())
    runner.advance()
    before = weights(runner)
    assert obey(runner, commands.UseLast()).events == []
    np.testing.assert_array_equal(weights(runner), before)


@pytest.mark.parametrize("command", [commands.UseBest(), commands.UseLast()])
def test_without_best_weights_nothing_happens(command: commands.Command) -> None:
    runner = trained()
    runner.best = None
    before = weights(runner)
    assert not obey(runner, command)
    np.testing.assert_array_equal(weights(runner), before)


def test_a_run_that_diverged_can_go_on_from_its_best_weights() -> None:
    runner = trained()
    runner.run.network.parameters.flat[:] = np.inf
    assert runner.advance() is None and runner.diverged
    obey(runner, commands.UseBest())
    assert not runner.diverged
    assert runner.advance() is not None


def test_whoever_looks_sees_the_other_weights_though_it_is_the_same_step() -> None:
    runner = trained()
    mailbox, vocabulary = runner.mailbox, runner.run.vocabulary
    answers, replies = queue.Queue[Answer](), queue.Queue[Reply]()
    found = queue.Queue[Inspection]()
    prober = Prober(mailbox, vocabulary, answers.put)
    respondent = Respondent(mailbox, vocabulary, replies.put)
    inspector = Inspector(
        mailbox, runner.run.network.snapshot(), runner.run.corpus.indices, 10, found.put
    )
    runner._post_weights()
    onlookers = prober, respondent, inspector
    for onlooker in onlookers:
        onlooker.start()
    respondent.ask(AskExpectations("the quick"))
    inspector.look({PARAMETERS})
    first = (
        answers.get(timeout=PATIENCE),
        replies.get(timeout=PATIENCE),
        found.get(timeout=PATIENCE),
    )
    obey(runner, commands.UseBest())
    for onlooker in onlookers:
        onlooker._not_before = 0.0
        onlooker.renew()
    inspector.look({PARAMETERS})
    answer, reply, inspection = (
        answers.get(timeout=PATIENCE),
        replies.get(timeout=PATIENCE),
        found.get(timeout=PATIENCE),
    )
    assert answer.step == first[0].step == 30
    assert (answer.reading.logits != first[0].reading.logits).any()
    wanted = expectations(runner.run.network, vocabulary, "the quick")
    np.testing.assert_array_equal(reply.answer.surprisal, wanted.surprisal)
    before, after = first[2].parameters, inspection.parameters
    assert before is not None and after is not None
    assert after[0].norm == pytest.approx(before[0].norm / 2)
    for onlooker in onlookers:
        assert onlooker.stop(PATIENCE)
