"""How often the window redraws follows from what drawing costs, by a clock the test turns."""

from __future__ import annotations

from pathlib import Path

import pytest
from opening import open_window, settings_for
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from rnnviz.app.pacing import LONGEST, SHARE, SHORTEST, Pacer
from rnnviz.session.config import RunConfig

# Said by the offscreen platform about every window.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


class Clock:
    """Processor seconds, as they are said to have been spent."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def interval_after(cost: float, training: bool = True, rounds: int = 50) -> float:
    """What is waited once rounds of this cost have gone on for a while."""
    clock = Clock()
    pacer = Pacer(clock)
    interval = 0.0
    for _ in range(rounds):
        clock.now += cost
        interval = pacer.next_interval(training)
    return interval


@pytest.mark.parametrize("cost", [0.004, 0.008, 0.011])
def test_the_window_takes_a_fixed_share_of_a_core(cost: float) -> None:
    assert cost / interval_after(cost) == pytest.approx(SHARE, rel=1e-3)


def test_cheap_rounds_come_no_more_often_than_the_eye_needs() -> None:
    assert interval_after(0.0001) == SHORTEST


def test_the_picture_moves_however_dear_it_is() -> None:
    assert interval_after(3.0) == LONGEST


def test_nothing_is_put_off_while_nothing_is_trained() -> None:
    assert interval_after(0.03, training=False) == SHORTEST


def test_what_nobody_sees_is_taken_over_seldom() -> None:
    clock = Clock()
    pacer = Pacer(clock)
    assert pacer.next_interval(True, seen=False) == LONGEST
    assert pacer.next_interval(True) == SHORTEST
    assert pacer.next_interval(False, seen=False) == SHORTEST  # a state may change at any time


def test_a_window_that_is_on_no_screen_has_few_rounds(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    next_interval = Pacer.next_interval

    def noted(pacer: Pacer, training: bool, seen: bool = True) -> float:
        asked.append(seen)
        return next_interval(pacer, training, seen)

    monkeypatch.setattr(Pacer, "next_interval", noted)
    config = RunConfig(cell="rnn", hidden_size=8, batch_size=2, seq_len=5)
    text = "the ship lay in the harbour and nobody came.\n" * 40
    window = open_window(qtbot, settings_for(tmp_path, config, text))
    panel = window.page.loss

    def sees() -> bool:
        asked.clear()
        qtbot.waitUntil(lambda: bool(asked))
        return asked[-1]

    assert sees()
    window.hide()
    assert not sees()
    window.show()
    assert sees()
    window.setWindowState(Qt.WindowState.WindowMinimized)
    assert not sees()
    window.panel_windows.open(panel)
    assert sees()
    window.panel_windows.close_all()
    window.end()


def test_one_dear_round_does_not_stop_the_picture() -> None:
    clock = Clock()
    pacer = Pacer(clock)
    for cost in [0.003] * 30 + [0.2]:
        clock.now += cost
        interval = pacer.next_interval(True)
    assert interval == LONGEST
    for _ in range(12):
        clock.now += 0.003
        interval = pacer.next_interval(True)
    assert interval < LONGEST / 2
    assert pacer.cost < 0.006
