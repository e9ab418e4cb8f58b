"""The history of one character's probability: what it holds, what it drops, what it costs."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.probes.next_history import NextHistory


def softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    powers = np.exp(logits / temperature)
    return np.asarray(powers / powers.sum())


def test_it_gives_the_probability_at_each_step() -> None:
    history = NextHistory()
    logits = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
    for step in range(10):
        history.add(3 * step, logits[step])
    first = history.probabilities(2, 0.8)
    for step in range(10, 20):  # what is known is not worked out again
        history.add(3 * step, logits[step])
    for index, temperature in ((2, 0.8), (4, 0.8), (4, 2.0)):
        wanted = [softmax(row.astype(np.float64), temperature)[index] for row in logits]
        np.testing.assert_allclose(history.probabilities(index, temperature), wanted, rtol=1e-12)
    np.testing.assert_array_equal(history.probabilities(2, 0.8)[:10], first)
    assert history.steps().tolist() == list(range(0, 60, 3))


def test_of_one_step_the_last_answer_counts_and_none_of_the_past() -> None:
    history = NextHistory()
    history.add(5, np.array([0.0, 0.0]))
    assert history.probabilities(0, 1.0).tolist() == [0.5]
    history.add(5, np.array([0.0, np.log(3.0)]))
    history.add(4, np.array([9.0, 0.0]))
    assert history.steps().tolist() == [5]
    assert history.probabilities(0, 1.0) == pytest.approx([0.25])


def test_of_very_many_answers_every_second_stays() -> None:
    history = NextHistory(room=300 * 8)
    for step in range(1_000):
        history.add(step, np.array([0.0, step / 1_000], dtype=np.float32))
        history.probabilities(1, 1.0)
    steps = history.steps()
    assert len(steps) <= 300
    assert steps[0] == 0 and steps[-1] >= 996
    wanted = 1 / (1 + np.exp(-steps / 1_000))
    np.testing.assert_allclose(history.probabilities(1, 1.0), wanted, atol=1e-6)


def test_what_is_not_a_number_is_said() -> None:
    history = NextHistory()
    history.add(1, np.array([np.nan, 0.0]))
    history.add(2, np.array([0.0, 0.0]))
    assert np.isnan(history.probabilities(1, 1.0)).tolist() == [True, False]
    history.clear()
    assert len(history) == 0
    assert history.probabilities(1, 1.0).size == 0
