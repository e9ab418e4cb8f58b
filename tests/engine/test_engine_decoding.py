"""Sampling, beam search and log-probabilities: repeatable, and true to the network."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference_cells import make_network

from rnnviz.engine.beam import beam_search
from rnnviz.engine.candidates import keep_top_k, keep_top_p
from rnnviz.engine.decoding import generate, next_probabilities, sample
from rnnviz.engine.errors import EngineError
from rnnviz.engine.evaluation import evaluate
from rnnviz.engine.scoring import log_probabilities

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


CHANCES = hnp.arrays(
    np.float64, st.integers(1, 12), elements=st.floats(0.0, 1.0, allow_subnormal=False)
).filter(lambda values: values.sum() > 1e-6)


@settings(deadline=None)
@given(CHANCES, st.integers(1, 15))
def test_top_k_keeps_the_likeliest(values, k):
    values = values / values.sum()
    kept = keep_top_k(values, k)
    assert kept.sum() == pytest.approx(1.0)
    chosen = kept > 0.0
    assert np.count_nonzero(chosen) <= min(k, np.count_nonzero(values))
    if (~chosen).any():
        assert values[chosen].min() >= values[~chosen].max()
    np.testing.assert_allclose(kept[chosen], values[chosen] / values[chosen].sum())


@settings(deadline=None)
@given(CHANCES, st.floats(1e-6, 1.0))
def test_top_p_keeps_the_fewest_that_reach_the_share(values, p):
    values = values / values.sum()
    kept = keep_top_p(values, p)
    assert kept.sum() == pytest.approx(1.0)
    chosen = kept > 0.0
    held = values[chosen]
    assert held.sum() >= p * (1.0 - 1e-9)
    assert held.sum() - held.min() < p + 1e-9
    if (~chosen).any():
        assert held.min() >= values[~chosen].max()


def test_top_p_of_one_and_top_k_of_all_change_nothing():
    network = make_network(vocabulary_size=V)
    plain = sample(network, SEED, 40, 1.0, np.random.default_rng(3)).tolist()
    for more in ({"top_k": V}, {"top_k": V + 5}, {"top_p": 1.0}):
        assert sample(network, SEED, 40, 1.0, np.random.default_rng(3), **more).tolist() == plain
    greedy = sample(network, SEED, 40, 0.0, np.random.default_rng()).tolist()
    for more in ({"top_k": 1}, {"top_p": 1e-9}):
        assert sample(network, SEED, 40, 2.0, np.random.default_rng(3), **more).tolist() == greedy


def test_sampled_characters_are_among_the_candidates():
    network = make_network(vocabulary_size=V)
    chances = next_probabilities(network, SEED, 1.5)[:, -1]
    for more, expected in (
        ({"top_k": 3}, keep_top_k(chances, 3)),
        ({"top_p": 0.6}, keep_top_p(chances, 0.6)),
        ({"top_k": 4, "top_p": 0.7}, keep_top_p(keep_top_k(chances, 4), 0.7)),
    ):
        rng = np.random.default_rng(0)
        drawn = [int(sample(network, SEED, 1, 1.5, rng, **more)[0]) for _ in range(1_500)]
        np.testing.assert_allclose(np.bincount(drawn, minlength=V) / 1_500, expected, atol=0.05)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_log_probabilities_are_those_of_each_character(cell):
    network = make_network(vocabulary_size=V, cell=cell, num_layers=2)
    text = np.random.default_rng(0).integers(0, V, 5_000)
    found = log_probabilities(network, text)
    assert found.shape == (4_999,)
    chances = next_probabilities(network, text[:-1])
    expected = np.log(chances[text[1:], np.arange(4_999)])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert -found.mean() == pytest.approx(evaluate(network, text).nats, abs=1e-12)
    rest = log_probabilities(network, text[100:], network.trace(text[:100]).state)
    np.testing.assert_allclose(rest, found[100:], rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_beam_search_finds_the_likeliest_text(cell):
    network = make_network(vocabulary_size=3, cell=cell, num_layers=2)
    seed = np.array([1, 2])
    every = [np.array(text) for text in product(range(3), repeat=4)]
    scores = [log_probabilities(network, np.concatenate([seed, t]))[1:].sum() for t in every]
    found = beam_search(network, seed, 4, 27)  # V^(length - 1): nothing is overlooked
    assert len(found) == 27
    best = np.argsort(scores)[::-1]
    assert found[0].indices.tolist() == every[best[0]].tolist()
    for continuation, index in zip(found[:5], best, strict=False):
        assert continuation.log_probability == pytest.approx(scores[index], abs=1e-12)
    assert len(beam_search(network, seed, 4, 1_000)) == 81


def test_a_beam_of_one_is_greedy_and_a_wider_one_is_no_worse():
    network = make_network(vocabulary_size=V, dtype="float32")
    (single,) = beam_search(network, SEED, 12, 1)
    assert single.indices.dtype == np.int32
    greedy = sample(network, SEED, 12, 0.0, np.random.default_rng())
    assert single.indices.tolist() == greedy.tolist()
    (wide, *others) = beam_search(network, SEED, 12, 200)
    assert wide.log_probability >= single.log_probability
    assert all(wide.log_probability >= other.log_probability for other in others)
    first = network.trace(SEED[:2])
    (same,) = beam_search(network, SEED[2:], 12, 1, state=first.state)
    assert same.indices.tolist() == single.indices.tolist()


def test_a_diverged_network_is_neither_searched_nor_judged():
    network = make_network(vocabulary_size=V)
    network.parameters["decoder.bias"][0] = np.inf
    with pytest.raises(EngineError, match="finite logits"):
        beam_search(network, SEED, 3, 2)
    with pytest.raises(EngineError, match="finite logits"):
        log_probabilities(network, SEED)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logits_of_1e4_are_decoded(dtype):
    network = make_network(vocabulary_size=V, dtype=dtype)
    network.parameters["decoder.bias"][...] = np.array([0, 1e4, -1e4, 9e3, 0, 0])
    for more in ({}, {"top_k": 2}, {"top_p": 0.5}):
        written = sample(network, SEED, 5, 1.0, np.random.default_rng(0), **more)
        assert written.tolist() == [1] * 5
    (best, second) = beam_search(network, SEED, 1, 2)
    assert best.indices.tolist() == [1]
    assert best.log_probability == 0.0
    assert second.log_probability == pytest.approx(-1e3, rel=0.01)
    assert log_probabilities(network, np.array([0, 2]))[0] == pytest.approx(-2e4, rel=0.01)


def test_a_vocabulary_of_one_has_one_continuation():
    network = make_network(vocabulary_size=1)
    (only,) = beam_search(network, np.array([0]), 5, 3)
    assert only.indices.tolist() == [0] * 5
    assert only.log_probability == 0.0
    sampled = sample(network, np.array([0]), 3, 1.0, np.random.default_rng(0), None, 4, 0.2)
    assert sampled.tolist() == [0] * 3


@pytest.mark.parametrize(
    ("named", "call"),
    [
        ("top_k", lambda n: sample(n, SEED, 3, 1.0, np.random.default_rng(), top_k=0)),
        ("top_p", lambda n: sample(n, SEED, 3, 1.0, np.random.default_rng(), top_p=0.0)),
        ("top_p", lambda n: sample(n, SEED, 3, 1.0, np.random.default_rng(), top_p=1.5)),
        ("rng", lambda n: sample(n, SEED, 3, 1.0, None)),
        ("width", lambda n: beam_search(n, SEED, 3, 0)),
        ("length", lambda n: beam_search(n, SEED, 0, 2)),
        ("seed_indices", lambda n: beam_search(n, SEED + V, 3, 2)),
        ("indices", lambda n: log_probabilities(n, SEED[:1])),
        ("indices", lambda n: log_probabilities(n, SEED / 2)),
        ("probabilities", lambda n: keep_top_k(np.zeros(3), 1)),
        ("probabilities", lambda n: keep_top_p(np.ones((2, 2)), 0.5)),
        ("probabilities", lambda n: keep_top_p(np.array([0.5, np.nan]), 0.5)),
    ],
)
def test_the_wrong_argument_is_named(named, call):
    with pytest.raises(EngineError, match=rf"^{named}\b"):
        call(make_network(vocabulary_size=V))
