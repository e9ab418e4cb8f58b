"""Orders of units: what is on top, and that every unit is somewhere."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.probes.unit_order import ORDERS, slow_order, variance_order


def test_the_most_active_come_first() -> None:
    values = np.outer([0.5, 0.0, 2.0, -1.0], [1.0, -1.0, 1.0, -1.0])
    assert variance_order(values).tolist() == [2, 3, 0, 1]


def test_slow_units_come_before_fast_ones_whatever_their_size() -> None:
    t = np.arange(40)
    still, wave = np.full(40, 0.9), 0.01 * np.sin(2 * np.pi * t / 40)
    noise = np.random.default_rng(0).normal(size=40)
    flips = 5.0 * (-1.0) ** t
    assert slow_order(np.stack((flips, noise, wave, still))).tolist() == [3, 2, 1, 0]


@pytest.mark.parametrize("kind", ORDERS)
@pytest.mark.parametrize("shape", [(1, 8), (7, 9), (130, 30)])
def test_every_unit_has_a_place(kind: str, shape: tuple[int, int]) -> None:
    values = np.random.default_rng(1).normal(size=shape)
    values[0, 2] = np.nan
    assert sorted(ORDERS[kind](values)) == list(range(shape[0]))
