"""Sizes that the memory can't hold, under a real limit of the process: refused, nothing is lost."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opening import a_window, settings_for
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rnnviz.app.main_window import MainWindow
from rnnviz.engine.memory import available_memory
from rnnviz.session.config import RunConfig

if sys.platform != "linux":
    pytest.skip("other systems have no such limit", allow_module_level=True)
import resource

TEXT = "one wave after another, and then one more for the shore.\n" * 16_000
SMALL = RunConfig(hidden_size=16, seq_len=10, batch_size=4)
ROOM = 400 * 2**20  # bytes that may still be taken


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    with a_window(qtbot, settings_for(tmp_path, SMALL, TEXT), (1280, 800)) as opened:
        yield opened


@pytest.fixture
def little_room() -> Iterator[Callable[[], None]]:
    """Limits the process, until the test is over, to little more than it has."""
    before = resource.getrlimit(resource.RLIMIT_AS)

    def limit() -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        taken = pages * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, before[1]))
        left = available_memory()
        assert left is not None
        assert left <= ROOM

    yield limit
    resource.setrlimit(resource.RLIMIT_AS, before)


def type_sizes(window: MainWindow, **sizes: int) -> None:
    """Into the fields of Setup, by keys, and Restart by its key."""
    for name, value in sizes.items():
        field = window.setup.network.numbers[name]
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, str(value))
        QTest.keyClick(field, Qt.Key.Key_Return)
    window.page.setFocus()
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)


@pytest.mark.parametrize(
    "sizes",
    [
        {"num_layers": 4, "hidden_size": 4096},
        {"batch_size": 4096, "seq_len": 190, "hidden_size": 512},
        {"hidden_size": 1024, "seq_len": 10_000},
        {"hidden_size": 4096, "batch_size": 64, "seq_len": 10_000},
    ],
)
def test_sizes_beyond_the_memory_are_refused_and_the_run_goes_on(
    qtbot: QtBot,
    window: MainWindow,
    little_room: Callable[[], None],
    sizes: dict[str, int],
) -> None:
    QTest.keyClick(window.page, Qt.Key.Key_Space)
    view = window.controller.view
    qtbot.waitUntil(lambda: view.step > 3, timeout=20_000)
    little_room()
    type_sizes(window, **sizes)
    qtbot.waitUntil(lambda: window.notice.words() != "", timeout=20_000)
    words = window.notice.words()
    assert words.startswith("A run of this size on a text of ")
    assert " GB of memory where " in words
    assert words.endswith("choose fewer hidden units, a smaller batch or a shorter sequence.")
    assert window.controller.view is view
    at = view.step
    qtbot.waitUntil(lambda: view.step > at + 20, timeout=20_000)
    assert view.history.step.values.tolist() == list(range(1, view.step + 1))
    type_sizes(window, **{name: getattr(SMALL, name) for name in sizes}, seed=7)
    qtbot.waitUntil(lambda: window.controller.view is not view, timeout=20_000)
    assert window.controller.view.config.seed == 7
    qtbot.waitUntil(lambda: window.controller.view.step > 20, timeout=20_000)


@pytest.mark.parametrize(
    "sizes",
    [{"hidden_size": 20_000}, {"batch_size": 1_000_000}, {"seq_len": 1_000_000}, {"num_layers": 9}],
)
def test_absurd_sizes_are_refused_beside_their_field(
    qtbot: QtBot, window: MainWindow, sizes: dict[str, int]
) -> None:
    view = window.controller.view
    QTest.keyClick(window.page, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: view.step > 3, timeout=20_000)
    type_sizes(window, **sizes)
    (name,) = sizes
    row = window.setup.network.rows[name]
    assert "must be" in row.error_label.text()
    assert row.error_label.isVisible()
    assert window.setup.wanted == view.config
    at = view.step
    qtbot.waitUntil(lambda: view.step > at + 20, timeout=20_000)
    assert window.controller.view is view
