"""Expectations against the plainest computation: a character, a state, a softmax at a time."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.scoring import log_probabilities
from rnnviz.probes.expectations import expectations, expectations_of
from rnnviz.probes.reading import LONGEST_TEXT, Reading
from rnnviz.text.vocabulary import Vocabulary

TEXT = "to be, or not\nto be: that is the question"
VOCABULARY = Vocabulary.from_text(TEXT)


def network_of(cell: str = "gru", layers: int = 2) -> Network:
    config = ModelConfig(VOCABULARY.size, 12, layers, cell)
    parameters = initialize(config, np.random.default_rng(3))
    parameters.flat[:] *= 3  # else every guess is about as good as any other
    return Network(config, parameters).snapshot()


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_every_column_is_the_softmax_before_its_character(cell: str) -> None:
    network = network_of(cell)
    found = expectations(network, VOCABULARY, TEXT, 4)
    state = network.zero_state(1)
    logits = network.parameters["decoder.bias"].astype(np.float64)
    for column, character in enumerate([*TEXT, None]):
        powers = [float(np.exp(value - max(logits))) for value in logits]
        chances = [power / sum(powers) for power in powers]
        order = sorted(range(len(chances)), key=lambda index: -logits[index])
        np.testing.assert_array_equal(found.guesses[:, column], order[:4])
        np.testing.assert_allclose(
            found.chances[:, column], [chances[index] for index in order[:4]], rtol=1e-5
        )
        bits = -sum(chance * np.log2(chance) for chance in chances)
        assert found.entropy[column] == pytest.approx(bits, rel=1e-5)
        if character is None:
            break
        index = VOCABULARY.index(character)
        assert found.surprisal[column] == pytest.approx(-np.log2(chances[index]), rel=1e-4)
        assert found.ranks[column] == 1 + order.index(index)
        forward = network.forward(np.array([[index]]), state)
        logits, state = forward.logits[:, 0, 0].astype(np.float64), forward.state


def test_the_mean_is_that_of_the_score() -> None:
    network = network_of()
    found = expectations(network, VOCABULARY, TEXT)
    nats = -log_probabilities(network, VOCABULARY.encode(TEXT)).mean()
    assert found.surprisal[found.judged].mean() * np.log(2) == pytest.approx(nats, rel=1e-5)


def test_before_the_first_character_there_is_the_next_one_only() -> None:
    found = expectations(network_of(), VOCABULARY, "")
    assert found.text == "" and found.guesses.shape == (5, 1) and found.entropy.shape == (1,)
    assert found.surprisal.size == found.ranks.size == 0
    assert not len(found.surprisal[found.judged])


def test_of_a_long_text_the_end_is_read() -> None:
    text = (TEXT * 40)[: LONGEST_TEXT + 17]
    found = expectations(network_of(), VOCABULARY, text)
    assert found.skipped == 17 and found.text == text[17:]
    assert found.guesses.shape == (5, LONGEST_TEXT + 1)


def test_a_small_vocabulary_has_few_guesses_and_they_are_all() -> None:
    vocabulary = Vocabulary.from_text("ab")
    config = ModelConfig(2, 4)
    network = Network(config, initialize(config, np.random.default_rng(0)))
    found = expectations(network, vocabulary, "abba")
    assert found.guesses.shape == (2, 5)
    np.testing.assert_allclose(found.chances.sum(axis=0), 1.0)
    assert set(found.ranks) <= {1, 2}


def test_equal_chances_rank_in_the_order_of_the_vocabulary() -> None:
    vocabulary = Vocabulary.from_text("abcd")
    config = ModelConfig(4, 3)
    network = Network(config, Parameters.zeros(config.shapes(), np.float32))
    found = expectations(network, vocabulary, "dabc")
    np.testing.assert_array_equal(found.guesses, np.tile(np.arange(4)[:, np.newaxis], 5))
    np.testing.assert_array_equal(found.ranks, [4, 1, 2, 3])
    np.testing.assert_allclose(found.entropy, 2.0)
    np.testing.assert_allclose(found.surprisal, 2.0)


def test_what_is_not_a_number_spoils_its_own_column_only() -> None:
    logits = np.zeros((VOCABULARY.size, 3))
    logits[4, 1] = np.nan
    blank = np.zeros(VOCABULARY.size)
    found = expectations_of(Reading("to ", 0, (), logits), blank, VOCABULARY)
    np.testing.assert_array_equal(np.isnan(found.entropy), [False, False, True, False])
    np.testing.assert_array_equal(found.guesses[:, 2], -1)
    np.testing.assert_array_equal(np.isnan(found.surprisal), [False, False, True])
    assert found.ranks[2] == -1


def test_a_sure_network_is_surprised_without_bounds() -> None:
    logits = np.full((VOCABULARY.size, 1), -2000.0)
    logits[VOCABULARY.index("o"), 0] = 2000.0
    found = expectations_of(Reading("t", 0, (), logits), logits[:, 0], VOCABULARY)
    assert found.surprisal[0] == pytest.approx(4000 / np.log(2))
    assert found.entropy[1] == 0.0 and found.chances[0, 1] == 1.0
