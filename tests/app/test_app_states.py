"""Hidden state and Next character in the real window: writing, the text in training, units."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from opening import a_window, settings_for
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from showing import activate

from rnnviz.app.main_window import MainWindow
from rnnviz.app.pages import GRADIENTS, PROBE, TRAIN
from rnnviz.panels.activation_colors import colour_blind_safe, set_colour_blind_safe
from rnnviz.session.config import RunConfig

LEFT = Qt.MouseButton.LeftButton
WORDS = ("wave", "tide", "salt", "wall", "gull", "rope", "mast")
TEXT = "".join(f"the {word} of the sea is never the {word} of the shore.\n" for word in WORDS * 40)


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    config = RunConfig(hidden_size=16, seq_len=10, batch_size=4)
    with a_window(qtbot, settings_for(tmp_path, config, TEXT)) as opened:
        yield opened


def play(qtbot: QtBot, window: MainWindow, steps: int = 5) -> None:
    QTest.mouseClick(window.transport.play, LEFT)
    view = window.controller.view
    assert view is not None
    qtbot.waitUntil(lambda: view.step >= steps, timeout=20_000)


def test_the_network_writes_while_it_trains_until_it_is_stopped(
    qtbot: QtBot, window: MainWindow
) -> None:
    panel = window.page.next_character
    panel.edit.setPlainText("the ")
    play(qtbot, window)
    QTest.mouseClick(panel.writing.button, LEFT)
    assert panel.writing.is_writing()
    qtbot.waitUntil(lambda: len(panel.seed()) >= 8, timeout=20_000)
    assert panel.seed().startswith("the ")
    assert window.controller.view is not None and window.controller.view.training
    assert window.probe.seed() == panel.edit.raw_text()
    QTest.mouseClick(panel.writing.button, LEFT)
    assert not panel.writing.is_writing()
    assert not window.page.writer.writing()
    written = panel.seed()
    assert set(written) <= set(TEXT)
    # The bars are those of the text that was written.
    qtbot.waitUntil(lambda: panel.is_answered(), timeout=20_000)
    assert panel.seed() == written


def test_greedy_writing_is_what_the_weights_say(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.page.next_character
    panel.edit.setPlainText("the sea")
    qtbot.waitUntil(panel.is_answered, timeout=20_000)
    best = panel.shown_rows()[0][0]
    panel.writing.way.setCurrentIndex(0)
    QTest.mouseClick(panel.writing.button, LEFT)
    qtbot.waitUntil(lambda: len(panel.seed()) > len("the sea"), timeout=20_000)
    assert panel.seed()[: len("the sea") + 1] == "the sea" + best
    QTest.keyClicks(panel.edit, "t")  # whoever types writes himself
    assert not panel.writing.is_writing()


def test_another_page_ends_the_writing(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.page.next_character
    QTest.mouseClick(panel.writing.button, LEFT)
    assert panel.writing.is_writing()
    window.show_page(GRADIENTS)
    assert not panel.writing.is_writing()


def test_the_state_over_the_text_in_training(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.page.hidden_state
    place = panel.source.option_center("training").toPoint()
    QTest.mouseClick(panel.source, LEFT, pos=place)
    assert panel.map.units() == 0
    play(qtbot, window, steps=60)
    qtbot.waitUntil(lambda: panel.map.units() == 16, timeout=20_000)
    assert panel.map.text in TEXT
    answer = panel.shown()
    assert answer is not None and answer.followed
    QTest.mouseClick(panel.map, LEFT, pos=panel.map.column_rect(panel.map.first()).center())
    assert panel.frozen()
    still = panel.shown()
    assert still is not None
    bars = window.page.next_character.bars
    shown = bars.logits()
    assert shown is not None
    np.testing.assert_array_equal(shown, still.reading.logits_after(panel.map.framed()))
    step = window.controller.view.step if window.controller.view is not None else 0
    qtbot.waitUntil(lambda: window.controller.view.step > step + 20, timeout=20_000)  # type: ignore[union-attr]
    assert panel.shown() is still
    QTest.mouseClick(panel.freeze_button, LEFT)
    qtbot.waitUntil(lambda: panel.shown() is not still, timeout=20_000)


def test_a_unit_opens_in_probe(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.page.hidden_state
    qtbot.waitUntil(lambda: panel.map.units() == 16, timeout=20_000)
    row = panel.map.row_rect(3).center()
    QTest.mouseClick(panel.map, LEFT, pos=row)
    unit = panel.pinned()
    assert unit is not None
    QTest.mouseClick(panel.strip.open_button, LEFT)
    assert window.shown_page() == PROBE
    qtbot.waitUntil(lambda: window.probe.unit_text.unit() == unit, timeout=20_000)
    qtbot.waitUntil(lambda: window.probe.unit_text.painted.text() != "", timeout=20_000)
    window.show_page(TRAIN)
    assert panel.pinned() == unit


def test_a_followed_character_gains_points_while_it_trains(
    qtbot: QtBot, window: MainWindow
) -> None:
    panel = window.page.next_character
    qtbot.waitUntil(lambda: bool(panel.shown_rows()), timeout=20_000)
    character = panel.shown_rows()[0][0]
    QTest.mouseClick(panel.bars, LEFT, pos=panel.bars.bar_center(character).toPoint())
    play(qtbot, window)
    qtbot.waitUntil(lambda: len(panel.curve.points()[0]) >= 4, timeout=20_000)
    steps, chances = panel.curve.points()
    assert (np.diff(steps) > 0).all()
    assert ((chances > 0) & (chances < 1)).all()


def test_writing_and_freezing_are_commands(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.page.next_character
    activate(qtbot, window)
    panel.edit.setFocus()
    before = panel.seed()
    QTest.keyClick(panel.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert panel.writing.is_writing()
    assert panel.seed().startswith(before) and not panel.seed().startswith(before + "\n\n")
    QTest.keyClick(panel.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert not panel.writing.is_writing()
    state = window.page.hidden_state
    qtbot.waitUntil(lambda: state.shown() is not None, timeout=20_000)
    for frozen in (True, False):
        window.registry["run.freeze"].trigger()
        assert state.frozen() is frozen


def test_colour_blind_safe_maps_are_kept(qtbot: QtBot, window: MainWindow) -> None:
    action = window.registry["view.colour-blind-safe"]
    action.trigger()
    try:
        assert colour_blind_safe()
        window.close()
        assert window.settings.flag("colour-blind-safe", False)
    finally:
        set_colour_blind_safe(False)
