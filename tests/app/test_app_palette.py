"""The command palette: found by letters, done by Enter, in the real window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opening import a_window, settings_for
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFrame, QLineEdit
from pytestqt.qtbot import QtBot

from rnnviz.app.main_window import MainWindow
from rnnviz.app.matching import match
from rnnviz.app.palette import Palette
from rnnviz.panels.theme import theme
from rnnviz.session.config import RunConfig

SMALL = RunConfig(hidden_size=8, seq_len=10, batch_size=4, cell="gru", corpus="hello")
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    with a_window(qtbot, settings_for(tmp_path, SMALL), (1280, 800)) as opened:
        yield opened


def open_palette(window: MainWindow) -> Palette:
    QTest.keyClick(window, Qt.Key.Key_K, CONTROL)
    assert window.command_search.palette.is_open()
    return window.command_search.palette


def field(palette: Palette) -> QLineEdit:
    found = palette.findChild(QLineEdit)
    assert found is not None
    return found


def run(window: MainWindow, query: str) -> None:
    """Types into the palette and presses Enter."""
    palette = open_palette(window)
    QTest.keyClicks(field(palette), query)
    QTest.keyClick(field(palette), Qt.Key.Key_Return)
    assert not palette.is_open()


def test_letters_are_looked_for_where_people_mean_them() -> None:
    def rank(query: str, text: str, more: str = "") -> int:
        found = match(query, text, more)
        assert found is not None, (query, text)
        return found.rank

    order = [
        rank("max", "Maximise Loss"),
        rank("loss", "Maximise Loss"),
        rank("oss", "Maximise Loss"),
        rank("loss max", "Maximise Loss"),
        rank("mlo", "Maximise Loss"),
        rank("train", "Maximise Loss", "Train"),
        rank("mxms", "Maximise Loss"),
    ]
    assert order == sorted(set(order))
    assert match("xq", "Maximise Loss") is None
    found = match("mlo", "Maximise Loss")
    assert found is not None and found.letters == (0, 9, 10)
    assert match("İstanbul", "İSTANBUL") is not None  # lower case may be longer


def test_every_kind_of_thing_is_found(window: MainWindow) -> None:
    palette = open_palette(window)
    for query, line in [
        ("save run", "Save run"),
        ("maximise hid", "Maximise Hidden state"),
        ("loss copy", "Loss: Copy picture"),
        ("hidden", "Set hidden"),
        ("classic", "The classic 100 lines"),
        ("learn salt", "Learn The Salt Crown"),
    ]:
        field(palette).clear()
        QTest.keyClicks(field(palette), query)
        assert line in palette.texts(), query
    field(palette).clear()
    QTest.keyClicks(field(palette), "qqqq")
    assert palette.texts() == []
    QTest.keyClick(field(palette), Qt.Key.Key_Return)  # does nothing
    assert palette.is_open()


def test_enter_does_it_and_what_was_used_comes_first(window: MainWindow) -> None:
    dark = theme().is_dark
    run(window, "switch dark")
    assert theme().is_dark != dark
    run(window, "maximise loss")
    assert window.page.is_maximized(window.page.loss)
    palette = open_palette(window)
    assert palette.texts()[:2] == ["Restore Loss", "Switch dark and light"]
    QTest.keyClick(field(palette), Qt.Key.Key_Return)
    assert not window.page.is_maximized(window.page.loss)


def test_arrows_choose_and_escape_gives_the_keys_back(window: MainWindow) -> None:
    window.page.next_character.edit.setFocus()
    palette = open_palette(window)
    texts = palette.texts()
    QTest.keyClick(field(palette), Qt.Key.Key_Down)
    current = palette.current()
    assert current is not None and current.text == texts[1]
    QTest.keyClick(field(palette), Qt.Key.Key_Up)
    QTest.keyClick(field(palette), Qt.Key.Key_Up)  # round the end
    current = palette.current()
    assert current is not None and current.text == texts[-1]
    QTest.keyClick(field(palette), Qt.Key.Key_Escape)
    assert not palette.is_open()
    assert window.focusWidget() is window.page.next_character.edit


def test_what_cannot_be_had_says_why_and_is_not_done(window: MainWindow) -> None:
    palette = open_palette(window)
    QTest.keyClicks(field(palette), "recover")
    current = palette.current()
    assert current is not None and current.why_not == "No run was left unsaved."
    QTest.keyClick(field(palette), Qt.Key.Key_Return)
    assert palette.is_open()
    # A click beside the box closes it, and presses nothing beneath.
    QTest.mouseClick(
        palette, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(5, 700)
    )
    assert not palette.is_open()


def test_a_field_of_setup_is_unfolded_and_ready_for_typing(window: MainWindow) -> None:
    window.show_page("gradients")
    assert window.setup.isHidden()
    run(window, "set learning rate")
    assert not window.setup.isHidden()
    assert window.focusWidget() is window.setup.live.rate
    assert window.setup.live.rate.selectedText() == window.setup.live.rate.text()


def test_the_box_stays_inside_the_smallest_window(window: MainWindow) -> None:
    window.resize(1024, 640)
    palette = open_palette(window)
    shown = palette.findChild(QFrame, options=Qt.FindChildOption.FindDirectChildrenOnly)
    assert shown is not None
    box = shown.geometry()
    assert window.rect().contains(box.translated(palette.pos()))
    window.resize(1280, 800)
    assert palette.width() == window.width()
