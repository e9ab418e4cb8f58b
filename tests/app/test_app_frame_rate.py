"""Pictures drawn and left out are counted, not guessed."""

from __future__ import annotations

import pytest

from rnnviz.app.frame_rate import MOST, FrameRate


def counted(times: list[float], now: float) -> FrameRate:
    clock = iter([*times, *[now] * 4])
    rate = FrameRate(lambda: next(clock))
    for _ in times:
        rate.count()
    return rate


def test_nothing_is_said_before_there_is_something_to_count() -> None:
    assert counted([], 1.0).rate() == 0
    one = counted([0.5], 1.0)
    assert one.rate() == 0
    assert one.dropped() == 0


def test_even_rounds_give_their_rate() -> None:
    even = counted([i / MOST for i in range(41)], 2.0)
    assert even.rate() == pytest.approx(MOST)
    assert even.dropped() == pytest.approx(0)


def test_half_as_many_rounds_are_half_dropped() -> None:
    slow = counted([2 * i / MOST for i in range(21)], 2.0)
    assert slow.rate() == pytest.approx(MOST / 2)
    assert slow.dropped() == pytest.approx(0.5)


def test_what_is_long_past_does_not_count() -> None:
    rounds = [i / MOST for i in range(20)] + [10 + 0.2 * i for i in range(11)]
    assert counted(rounds, 12.0).rate() == pytest.approx(5)
