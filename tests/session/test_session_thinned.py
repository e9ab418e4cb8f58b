"""Thinned curves: fixed bins, kept up to date at the cost of what is new."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnnviz.session.series import Series
from rnnviz.session.thinned import ThinnedCurve

Floats = NDArray[np.float64]


def columns(count: int, dtype: type = np.int64) -> tuple[Series, Series]:
    axis, source = Series(dtype), Series()
    extend(axis, source, count)
    return axis, source


def extend(axis: Series, source: Series, count: int) -> None:
    first = len(axis) + 1
    rng = np.random.default_rng(first)
    axis.append(np.arange(first, first + count))
    source.append(rng.normal(2, 0.3, count).astype(np.float32))


def by_hand(axis: Floats, values: Floats, edges: Floats) -> list[tuple[float, float, float]]:
    found = []
    for low, high in zip([-np.inf, *edges], [*edges, np.inf], strict=True):
        inside = (axis >= low) & (axis < high)
        if inside.any():
            found.append((axis[inside][-1], values[inside].min(), values[inside].max()))
    return found


@given(st.lists(st.integers(1, 700), min_size=1, max_size=8), st.booleans(), st.integers(1, 60))
def test_however_it_grew_a_curve_is_that_of_its_bins(
    pieces: list[int], log_x: bool, bins: int
) -> None:
    axis, source = Series(np.int64), Series()
    curve = ThinnedCurve(axis, source, 1.0, 6_000.0, bins, log_x)
    for piece in pieces:
        extend(axis, source, piece)
        before = np.array(curve.points()).T.copy()
        first = curve.update()
        # What is before the first point that changed is as it was.
        assert np.array_equal(np.array(curve.points()).T[:first], before[:first])
    edges = (np.geomspace if log_x else np.linspace)(1.0, 6_000.0, bins + 1)
    edges[-1] = np.nextafter(6_000.0, np.inf)
    expected = by_hand(axis.values.astype(float), source.values.astype(float), edges)
    found = list(zip(*curve.points(), strict=True))
    # The pyramid rounds the edges of wide bins by a sixteenth: few of them have so many values.
    if max(pieces) / bins < 16:
        assert found == expected
    else:
        assert [x for x, _, _ in found] == [x for x, _, _ in expected]


def test_a_part_of_a_run_is_drawn_with_a_neighbour_on_either_side() -> None:
    axis, source = columns(5_000)
    curve = ThinnedCurve(axis, source, 1_000.0, 1_050.0, 100)
    curve.update()
    x, low, high = curve.points()
    assert x[0] == 999 and x[1] == 1_000 and x[-1] == 1_051
    assert np.array_equal(low, high)
    assert np.array_equal(low, source.values[998:1_051])
    extend(axis, source, 10)
    assert curve.update() == len(x)  # nothing of it changes any more


def test_what_is_left_of_a_picture_that_is_still_empty_waits() -> None:
    axis, source = columns(10)
    curve = ThinnedCurve(axis, source, 100.0, 200.0, 10)
    curve.update()
    extend(axis, source, 100)
    curve.update()
    x, _, _ = curve.points()
    assert x[0] == 99 and x[-1] == 110


@pytest.mark.parametrize("log_x", [False, True])
def test_a_million_steps_have_no_more_points_than_bins(log_x: bool) -> None:
    axis, source = columns(1_000_000)
    curve = ThinnedCurve(axis, source, 1.0, 1_200_000.0, 640, log_x)
    curve.update()
    assert len(curve.points()[0]) <= 642


def test_new_steps_are_all_that_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    axis, source = columns(1_000_000)
    curve = ThinnedCurve(axis, source, 1.0, 1_200_000.0, 640, True)
    curve.update()
    read: list[int] = []
    extremes, places = Series.extremes, Series.places

    def counted_extremes(self: Series, edges: NDArray[np.int64]):  # type: ignore[no-untyped-def]
        read.append(int(edges[-1] - edges[0]))
        return extremes(self, edges)

    def counted_places(self: Series, values, side="left", start=0):  # type: ignore[no-untyped-def]
        read.append(np.size(values) if np.size(values) > 1 else 0)
        return places(self, values, side, start)

    monkeypatch.setattr(Series, "extremes", counted_extremes)
    monkeypatch.setattr(Series, "places", counted_places)
    for _ in range(20):
        extend(axis, source, 10)
        points = len(curve.points()[0])
        assert curve.update() >= points - 1
    assert max(read, default=0) <= 20


def test_a_value_that_is_no_number_stays_in_its_bin() -> None:
    axis, source = columns(50)
    curve = ThinnedCurve(axis, source, 1.0, 101.0, 10)
    curve.update()
    axis.append(np.arange(51, 53))
    source.append(np.array([np.nan, 1.0], np.float32))
    curve.update()
    extend(axis, source, 30)
    curve.update()
    _, low, high = curve.points()
    assert np.isnan(low).sum() == np.isnan(high).sum() == 1
