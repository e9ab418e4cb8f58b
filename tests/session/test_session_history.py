"""History: columns, pyramid, curves and shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.session.frames import Row
from rnnviz.session.history import History, Series, Smoother


def rows(losses: list[float], norms: list[float] | None = None) -> list[Row]:
    norms = norms or [1.0] * len(losses)
    return [
        Row(i + 1, 100 * (i + 1), 0.01 * (i + 1), 0.0, loss, loss, norm, norm, False, 0.1)
        for i, (loss, norm) in enumerate(zip(losses, norms, strict=True))
    ]


@given(
    st.integers(1, 20_000),
    st.lists(st.integers(1, 4_000), min_size=1, max_size=6),
    st.integers(1, 50),
)
def test_the_pyramid_gives_the_extremes_of_every_bin(
    size: int, pieces: list[int], bins: int
) -> None:
    rng = np.random.default_rng(size)
    values = rng.normal(size=size).astype(np.float32)
    series = Series()
    start = 0
    for piece in [*pieces, size]:
        series.append(values[start : start + piece])
        start = min(start + piece, size)
    assert np.array_equal(series.values, values)
    edges = np.unique(np.linspace(0, size, bins + 1).astype(np.int64))
    low, high = series.extremes(edges)
    for i in range(len(edges) - 1):
        # Wide bins may round their edges by a sixteenth of their width.
        slack = (edges[i + 1] - edges[i]) // 16
        inner = values[edges[i] + slack : max(edges[i + 1] - slack, edges[i] + slack + 1)]
        outer = values[max(edges[i] - slack, 0) : edges[i + 1] + slack + 1]
        assert outer.min() <= low[i] <= inner.min()
        assert inner.max() <= high[i] <= outer.max()


@pytest.mark.parametrize("log_x", [False, True])
def test_a_long_curve_is_thinned_and_ends_at_the_newest_step(log_x: bool) -> None:
    history = History()
    values = np.linspace(4.0, 1.0, 100_000)
    history.add_rows(rows(list(values)))
    x, low, high = history.curve("loss", 1, 1e9, 500, log_x)
    assert 100 < len(x) <= 501
    assert np.all(np.diff(x) > 0)
    assert x[-1] == 100_000
    assert low[-1] == pytest.approx(values[-1], abs=1e-6)
    assert high.max() == pytest.approx(values[0], abs=1e-6)
    assert np.all(low <= high)


def test_a_short_curve_is_drawn_whole() -> None:
    history = History()
    history.add_rows(rows([3.0, 2.0, 1.0]))
    x, low, high = history.curve("loss", 1, 10, 500, True)
    assert list(x) == [1, 2, 3]
    assert list(low) == list(high) == [3.0, 2.0, 1.0]


def test_an_empty_history_draws_nothing() -> None:
    x, _, _ = History().curve("loss", 1, 10, 500, True)
    assert len(x) == 0
    assert History().clipped_share("norm", 1.0) == 0.0
    assert History().characters_per_second() == 0.0


def test_the_clipped_share_is_recounted_for_any_threshold() -> None:
    history = History()
    history.add_rows(rows([1.0] * 2000, [float(i % 10) for i in range(2000)]))
    assert history.clipped_share("norm", 4.5) == pytest.approx(0.5)
    assert history.clipped_share("value", 8.5) == pytest.approx(0.1)
    assert history.clipped_share("off", 0.1) == 0.0


def test_speed_is_that_of_the_last_seconds() -> None:
    history = History()
    history.add_rows(rows([1.0] * 1000))
    assert history.characters_per_second() == pytest.approx(10_000)


def test_smoothing_follows_the_first_steps_and_then_averages() -> None:
    smoother = Smoother(60)
    assert [smoother.update(x) for x in (4.0, 3.0, 2.0)] == [4.0, 3.0, 2.0]
    for _ in range(1000):
        smoother.update(1.0)
    assert smoother.value == pytest.approx(1.0, abs=1e-6)
    assert smoother.update(61.0) == pytest.approx(2.0)


def test_classic_smoothing_starts_from_the_uniform_loss() -> None:
    smoother = Smoother(1000, start=4.0)
    assert smoother.update(3.0) == pytest.approx(0.999 * 4.0 + 0.001 * 3.0)
