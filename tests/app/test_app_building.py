"""Runs that begin: large ones are built beside the window, and whatever is asked last counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opening import a_window, program_threads, settings_for
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from rnnviz.app import run_building
from rnnviz.app.main_window import MainWindow
from rnnviz.session.config import RunConfig
from rnnviz.session.run import Run, build_run

TEXT = "one wave after another, and then one more for the shore.\n" * 300
SMALL = RunConfig(hidden_size=16, seq_len=10, batch_size=4)
LARGE = SMALL.with_changes(cell="rnn", hidden_size=800)


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    with a_window(qtbot, settings_for(tmp_path, SMALL, TEXT), (1280, 800)) as opened:
        yield opened


class Slow:
    """Takes the place of `build_run`: large networks wait until they are let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.threads: list[str] = []
        self.gate = threading.Event()
        self.raises: Exception | None = None
        monkeypatch.setattr(run_building, "build_run", self)

    def __call__(self, config: RunConfig, *arguments: object, **named: object) -> Run:
        self.threads.append(threading.current_thread().name)
        if config.hidden_size == LARGE.hidden_size:
            assert self.gate.wait(20)
            if self.raises is not None:
                raise self.raises
        return build_run(config, *arguments, **named)  # type: ignore[arg-type]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    made = Slow(monkeypatch)
    yield made
    made.gate.set()


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))


def steps(window: MainWindow) -> int:
    assert window.controller.view is not None
    return window.controller.view.step


def wants(window: MainWindow, config: RunConfig) -> None:
    """Sizes as if typed into Setup, and Restart."""
    kept = window.setup.wanted
    window.setup.set_wanted(
        kept.with_changes(cell=config.cell, hidden_size=config.hidden_size, seed=config.seed)
    )
    window.runs.restart()


def test_a_large_network_is_built_while_the_old_run_trains_on(
    qtbot: QtBot, window: MainWindow, slow: Slow
) -> None:
    click(window.transport.play)
    qtbot.waitUntil(lambda: steps(window) > 3, timeout=20_000)
    view = window.controller.view
    wants(window, LARGE)
    qtbot.waitUntil(lambda: bool(slow.threads))
    at = steps(window)
    qtbot.waitUntil(lambda: steps(window) > at + 3, timeout=20_000)
    assert window.controller.view is view
    assert slow.threads == ["rnnviz-loader"]
    assert "Building" in window.setup.corpus.note.text()
    slow.gate.set()
    qtbot.waitUntil(lambda: window.controller.view is not view, timeout=20_000)
    assert window.controller.view.config.hidden_size == LARGE.hidden_size
    qtbot.waitUntil(lambda: steps(window) > 0, timeout=60_000)  # it plays, as the old one did


def test_what_is_asked_for_last_counts(qtbot: QtBot, window: MainWindow, slow: Slow) -> None:
    first = window.controller.view
    for _ in range(3):
        wants(window, LARGE)
    wants(window, SMALL.with_changes(seed=7))
    assert window.controller.view is not first
    assert window.controller.view.config.seed == 7
    slow.gate.set()
    click(window.transport.play)
    qtbot.waitUntil(lambda: steps(window) > 5, timeout=20_000)
    assert window.controller.view.config.hidden_size == SMALL.hidden_size


def test_building_can_be_cancelled_and_the_old_run_is_still_there(
    qtbot: QtBot, window: MainWindow, slow: Slow
) -> None:
    view = window.controller.view
    wants(window, LARGE)
    qtbot.waitUntil(lambda: bool(slow.threads))
    window.controller.loader.cancel()
    slow.gate.set()
    click(window.transport.play)
    qtbot.waitUntil(lambda: steps(window) > 5, timeout=20_000)
    assert window.controller.view is view


def test_too_little_memory_to_build_is_one_sentence(
    qtbot: QtBot, window: MainWindow, slow: Slow
) -> None:
    view = window.controller.view
    slow.raises = MemoryError()
    slow.gate.set()
    wants(window, LARGE)
    qtbot.waitUntil(lambda: "not enough memory" in window.notice.words(), timeout=20_000)
    assert window.controller.view is view
    click(window.transport.play)
    qtbot.waitUntil(lambda: steps(window) > 5, timeout=20_000)


def test_closing_does_not_wait_for_a_network(qtbot: QtBot, window: MainWindow, slow: Slow) -> None:
    wants(window, LARGE)
    qtbot.waitUntil(lambda: bool(slow.threads))
    window.close()
    assert not window.isVisible()
    slow.gate.set()
    (builder,) = [t for t in threading.enumerate() if t.name == "rnnviz-loader"] or [None]
    if builder is not None:
        builder.join(20)


def test_sizes_changed_a_hundred_times_while_it_trains(qtbot: QtBot, window: MainWindow) -> None:
    click(window.transport.play)
    for number in range(100):
        wants(window, SMALL.with_changes(hidden_size=4 + number % 7, seed=number))
        if number % 10 == 0:
            qtbot.waitUntil(lambda: steps(window) > 0, timeout=20_000)
    view = window.controller.view
    assert view.config.seed == 99
    assert view.number == 101
    qtbot.waitUntil(lambda: steps(window) > 5, timeout=20_000)
    qtbot.waitUntil(lambda: program_threads().count("rnnviz-trainer") == 1)


def test_presets_switched_quickly_leave_the_last_one(qtbot: QtBot, window: MainWindow) -> None:
    names = ("hello", "explode", "rnn-3x512", "gru-128", "min-char-rnn", "hello", "rnn-128")
    for name in names * 2:
        window.runs.use_preset(name)
    qtbot.waitUntil(
        lambda: (
            window.controller.view.config.cell == "rnn"
            and window.controller.view.config.hidden_size == 128
            and window.controller.view.config.clip_kind == "norm"
        ),
        timeout=60_000,
    )
    click(window.transport.play)
    qtbot.waitUntil(lambda: steps(window) > 2, timeout=60_000)
    assert window.notice.words() == ""


def test_play_and_pause_a_thousand_times(qtbot: QtBot, window: MainWindow) -> None:
    for _ in range(1000):
        QTest.keyClick(window.page, Qt.Key.Key_Space)
    queue = window.controller.live.runner._commands
    qtbot.waitUntil(queue.empty, timeout=20_000)
    view = window.controller.view  # the last of an even number of presses was a pause
    qtbot.waitUntil(lambda: not view.training, timeout=20_000)
    at = steps(window)
    click(window.transport.play)
    qtbot.waitUntil(lambda: steps(window) > at + 5, timeout=20_000)
    assert view.history.step.values.tolist() == list(range(1, steps(window) + 1))
