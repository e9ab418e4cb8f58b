"""Sampling: greedy, by temperature, repeatable, and true to the network's distribution."""

import numpy as np
import pytest
from reference_cells import make_network

from rnnviz.engine.decoding import generate, next_probabilities, sample
from rnnviz.engine.errors import EngineError

V = 6
SEED = np.array([1, 2, 3])


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_greedy_takes_the_likeliest_character_each_time(cell):
    network = make_network(vocabulary_size=V, cell=cell, num_layers=2)
    text = list(SEED)
    for _ in range(8):
        text.append(int(next_probabilities(network, np.array(text))[:, -1].argmax()))
    written = sample(network, SEED, 8, 0.0, np.random.default_rng(0))
    assert written.dtype == np.int32
    assert written.tolist() == text[3:]


def test_the_same_generator_writes_the_same_text():
    network = make_network(vocabulary_size=V)
    first, again, other = (
        sample(network, SEED, 50, 1.0, np.random.default_rng(seed)).tolist() for seed in (4, 4, 5)
    )
    assert first == again != other


def test_characters_come_as_often_as_the_network_says():
    network = make_network(vocabulary_size=V)
    rng = np.random.default_rng(0)
    drawn = [int(sample(network, SEED, 1, 0.7, rng)[0]) for _ in range(3_000)]
    expected = next_probabilities(network, SEED, 0.7)[:, -1]
    np.testing.assert_allclose(np.bincount(drawn, minlength=V) / 3_000, expected, atol=0.04)


def test_probabilities_follow_each_prefix_and_a_given_state():
    network = make_network(vocabulary_size=V, cell="lstm")
    whole = next_probabilities(network, SEED)
    assert whole.shape == (V, 3)
    np.testing.assert_allclose(whole.sum(axis=0), 1.0)
    first = network.trace(SEED[:2])
    rest = next_probabilities(network, SEED[2:], state=first.state)
    np.testing.assert_allclose(rest, whole[:, 2:], atol=1e-14)
    greedy = sample(network, SEED[2:], 5, 0.0, np.random.default_rng(), state=first.state)
    assert greedy.tolist() == sample(network, SEED, 5, 0.0, np.random.default_rng()).tolist()


def test_text_half_written_keeps_the_weights_it_began_with():
    network = make_network(vocabulary_size=V)
    expected = sample(network, SEED, 20, 0.0, np.random.default_rng()).tolist()
    writing = generate(network, SEED, 20, 0.0, np.random.default_rng())
    written = [next(writing)]
    network.parameters.flat[:] = 0.0
    assert written + list(writing) == expected


def test_extreme_temperatures_and_lengths():
    network = make_network(vocabulary_size=V, dtype="float32")
    greedy = sample(network, SEED, 30, 0.0, np.random.default_rng()).tolist()
    assert sample(network, SEED, 30, 1e-300, np.random.default_rng()).tolist() == greedy
    assert set(sample(network, SEED, 300, 1e300, np.random.default_rng(0)).tolist()) == set(
        range(V)
    )
    assert sample(network, SEED, 0, 1.0, np.random.default_rng()).shape == (0,)


def test_a_diverged_network_says_so():
    network = make_network(vocabulary_size=V)
    network.parameters["decoder.bias"][0] = np.nan
    for temperature in (0.0, 1.0):
        with pytest.raises(EngineError, match="finite logits"):
            sample(network, SEED, 3, temperature, np.random.default_rng())
