"""Counts of the last values against counting them anew."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.session.recent_counts import RecentCounts
from rnnviz.session.series import Series


def odd_values(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.exp(rng.normal(0, 3, count))
    for odd in (0.0, math.nan, math.inf, 1e20, 1e-20):
        values[rng.random(count) < 0.03] = odd
    return values.astype(np.float32)


@given(
    st.sampled_from([0, 10, 100]),
    st.lists(st.integers(1, 150), min_size=1, max_size=8),
    st.integers(0, 10_000),
)
def test_what_is_counted_is_the_window(window: int, pieces: list[int], seed: int) -> None:
    values = odd_values(sum(pieces), seed)
    source = Series()
    counts = RecentCounts(source, window)
    done = 0
    for piece in pieces:
        source.append(values[done : done + piece])
        done += piece
        counts.update()
        shown = values[:done][-window:] if window else values[:done]
        assert len(counts) == len(shown)
        assert counts.not_a_number == np.isnan(shown).sum()
        assert counts.infinite == np.isinf(shown).sum()
        assert counts.lost == (np.flatnonzero(~np.isfinite(shown)) + done - len(shown)).tolist()
        assert counts.above(2.0) == (shown > 2.0).sum()
        edges, numbers, below, above = counts.bins(-1.0, 1.0, 10)
        finite = shown[np.isfinite(shown)]
        assert edges[0] == -1 and edges[-1] == 1 and len(numbers) == 20
        assert below == (finite < 0.1).sum() and above == (finite >= 10.0).sum()
        assert numbers.sum() == len(finite) - below - above
    assert counts.above(0.5) == (shown > 0.5).sum()  # another threshold


def test_quantiles_are_near_the_true_ones() -> None:
    values = np.exp(np.random.default_rng(1).normal(0.3, 1, 5000)).astype(np.float32)
    source = Series()
    counts = RecentCounts(source, 0)
    assert counts.quantile(0.5) is None
    source.append(values)
    counts.update()
    for share in (0.0, 0.01, 0.5, 0.99, 1.0):
        found = counts.quantile(share)
        assert found is not None
        assert 10**found == pytest.approx(float(np.quantile(values, share)), rel=0.02)
