"""Smoothing that is honest: a mean depends on the past alone, and stays what it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.session.history import Smoother
from rnnviz.session.series import Series
from rnnviz.session.smoothing import SmoothedSeries, exponential_means


def losses(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(2.0, 0.5, count).astype(np.float32)


@given(
    st.integers(1, 300),
    st.lists(st.integers(1, 3000), min_size=1, max_size=8),
)
def test_means_that_were_given_never_change(window: int, pieces: list[int]) -> None:
    values = losses(sum(pieces))
    source = Series()
    smoothed = SmoothedSeries(source, window)
    given_before = np.empty(0, np.float32)
    done = 0
    for piece in pieces:
        source.append(values[done : done + piece])
        done += piece
        means = smoothed.update().values
        assert len(means) == done
        assert np.array_equal(means[: len(given_before)], given_before)
        given_before = means.copy()
    # In one go it is the same: what a prefix gives is the prefix of what the whole gives.
    whole = Series()
    whole.append(values)
    at_once = SmoothedSeries(whole, window).update().values
    np.testing.assert_allclose(at_once, given_before, rtol=2e-6)


@pytest.mark.parametrize("window", [1, 2, 10, 60, 1000])
def test_it_is_the_mean_the_runner_reports(window: int) -> None:
    values = losses(20_000)
    source = Series()
    source.append(values)
    runner = Smoother(window)
    expected = [runner.update(float(value)) for value in values]
    means = SmoothedSeries(source, window).update().values
    np.testing.assert_allclose(means, expected, rtol=1e-6)


def test_a_step_does_not_show_before_it_comes() -> None:
    values = np.full(5000, 3.0, np.float32)
    values[3000:] = 1.0
    source = Series()
    source.append(values)
    means = SmoothedSeries(source, 100).update().values
    assert (means[:3000] == 3.0).all()
    assert means[3000] < 3.0 and (np.diff(means[3000:]) <= 0).all()


def test_values_that_are_no_numbers_leave_the_mean_where_it_was() -> None:
    source = Series()
    source.append(np.array([2.0, np.nan, np.inf, 2.0], np.float32))
    assert SmoothedSeries(source, 10).update().values.tolist() == [2.0, 2.0, 2.0, 2.0]
    source = Series()
    source.append(np.array([np.nan, 2.0], np.float32))
    assert np.isfinite(SmoothedSeries(source, 10).update().values).all()


@given(st.integers(1, 400), st.floats(0.001, 1.0), st.floats(-5, 5))
def test_the_quick_means_are_those_of_the_loop(count: int, share: float, start: float) -> None:
    values = losses(count).astype(np.float64)
    expected, last = [], start
    for value in values.tolist():
        last += share * (value - last)
        expected.append(last)
    np.testing.assert_allclose(exponential_means(values, share, start), expected, atol=1e-9)
