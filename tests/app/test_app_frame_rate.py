"""Pictures drawn and dropped are counted, not guessed, and what is paced is not dropped."""

from __future__ import annotations

import pytest

from rnnviz.app.frame_rate import FrameRate


class Clock:
    """A time that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def drawn(*gaps: float, interval: float = 0.05) -> FrameRate:
    """Rounds so many seconds apart, the next always due after `interval`."""
    clock = Clock()
    rate = FrameRate(clock)
    rate.count()
    for gap in gaps:
        rate.next_in(interval)
        clock.now += gap
        rate.count()
    return rate


def test_nothing_is_said_before_there_is_something_to_count() -> None:
    assert FrameRate(Clock()).rate() == 0
    one = drawn()
    assert one.rate() == 0
    assert one.dropped() == 0


def test_even_rounds_give_their_rate() -> None:
    even = drawn(*[0.05] * 40)
    assert even.rate() == pytest.approx(20)
    assert even.dropped() == 0


def test_what_the_pacing_rule_leaves_out_is_not_dropped() -> None:
    paced = drawn(*[0.4] * 5, interval=0.4)
    assert paced.rate() == pytest.approx(2.5)
    assert paced.dropped() == 0


def test_a_round_that_is_late_is_not_dropped() -> None:
    assert drawn(*[0.09] * 20).dropped() == 0


def test_rounds_that_were_due_before_one_came_are_dropped() -> None:
    # Due after 0.05 s and, had it come, again after 0.10 and 0.15: two are missing each time.
    stalled = drawn(*[0.16] * 10)
    assert stalled.dropped() == pytest.approx(2 / 3)
    once = drawn(*[0.05] * 19, 0.11, *[0.05] * 10)
    assert once.dropped() == pytest.approx(1 / 31)


def test_what_is_long_past_does_not_count() -> None:
    rate = drawn(*[0.05] * 20, 8.0, *[0.25] * 10, interval=0.25)
    assert rate.rate() == pytest.approx(4)
    assert rate.dropped() == 0


def test_a_round_that_came_early_is_none_too_many() -> None:
    """A keystroke draws at once."""
    assert drawn(*[0.01, 0.05] * 10).dropped() == 0
