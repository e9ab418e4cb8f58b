"""History: columns, pyramid, curves and shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.session import series
from rnnviz.session.frames import Row
from rnnviz.session.history import History, Smoother
from rnnviz.session.series import Series


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


@pytest.mark.parametrize("log_x", [True, False])
@pytest.mark.parametrize("along", ["step", "characters", "seconds"])
def test_curves_run_along_steps_characters_and_time(along: str, log_x: bool) -> None:
    history = History()
    rng = np.random.default_rng(3)
    count = 5000
    seconds = np.cumsum(rng.exponential(0.01, count))
    seconds[2000:] += 30.0  # a slow validation
    steps = np.arange(1, count + 1)
    columns = {"step": steps, "characters": 32 * steps, "seconds": seconds}
    loss = rng.normal(2, 0.2, count)
    for name, values in {**columns, "loss": loss}.items():
        getattr(history, name).append(values)
    x, minima, maxima = history.curve("loss", 0, float("inf"), 100, log_x, along)
    assert len(x) <= 101 and x[-1] == columns[along][-1]
    assert (np.diff(x) > 0).all()
    assert minima.min() == loss.astype(np.float32).min()
    assert maxima.max() == loss.astype(np.float32).max()
    low, high = float(columns[along][1000]), float(columns[along][1050])
    x, y, _ = history.curve("loss", low, high, 100, log_x, along)
    assert x[1] == low and x[-2] == high  # with a neighbour on either side
    assert np.array_equal(y[1:-1], loss[1000:1051].astype(np.float32))


@given(st.integers(1, 10_000), st.integers(0, 3))
def test_the_range_of_a_column_is_that_of_all_its_values(size: int, place: int) -> None:
    values = np.random.default_rng(size).normal(0, 1, size).astype(np.float32)
    values[-1 - place % size] = 9.0
    series = Series()
    for start in range(0, size, 777):
        series.append(values[start : start + 777])
    assert series.range() == (values.min(), values.max())


def test_a_long_column_of_whole_numbers_is_searched_as_it_is() -> None:
    series = Series(np.int64)
    series.append(np.array([1, 3, 5]))
    asked = np.array([-np.inf, 0.5, 1.0, 2.9, 3.0, 3.1, 5.0, np.inf])
    for side in ("left", "right"):
        expected = np.searchsorted([1.0, 3.0, 5.0], asked, side)
        assert series.places(asked, side).tolist() == expected.tolist()
    assert int(series.places(4)) == 2
    # A pointer far off on a logarithmic axis asks for numbers beyond all steps.
    assert int(series.places(10**300)) == len(series) and int(series.places(-(10**300))) == 0


def test_bins_are_read_without_what_comes_after_them() -> None:
    """A picture of the first steps of a long run must not cost its length."""
    read: list[int] = []

    class Minimum:
        def reduceat(self, values: np.ndarray, bounds: np.ndarray) -> np.ndarray:
            read.append(len(values) - int(bounds[0]))
            return np.minimum.reduceat(values, bounds)

    values = np.arange(1_000_000, dtype=np.float32)[::-1].copy()
    starts, stops = np.array([100, 110, 150]), np.array([110, 120, 160])
    found = series._reduce(Minimum(), values, starts, stops)  # type: ignore[arg-type]
    assert found.tolist() == [values[109], values[119], values[159]]
    assert read == [60]
    end = np.array([999_990]), np.array([1_000_000])
    assert series._reduce(np.minimum, values, *end).tolist() == [0.0]
