"""The registry of commands, and the menus and keys that are made from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot
from showing import activate

from rnnviz.app.actions import Actions, Command, sequences
from rnnviz.app.application import make_application
from rnnviz.app.main_window import MainWindow
from rnnviz.app.menus import MENUS
from rnnviz.app.settings import Settings
from rnnviz.panels.theme import themes


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """The window before a text is loaded."""
    make_application()
    themes().set_mode("dark")
    opened = MainWindow(Settings(tmp_path / "settings.ini"))
    qtbot.addWidget(opened)
    activate(qtbot, opened)
    yield opened
    opened.close()


def lines(menu: QMenu) -> list[str]:
    """Ids of the commands in a menu and the menus within."""
    found: list[str] = []
    for action in menu.actions():
        inner = action.menu()
        if isinstance(inner, QMenu):
            found += lines(inner)
        elif action.objectName():
            found.append(action.objectName())
    return found


def test_an_id_is_given_once(qtbot: QtBot) -> None:
    registry = Actions()
    registry.add(Command("run.play", "Play", lambda: None))
    with pytest.raises(ValueError, match=r"run\.play"):
        registry.add(Command("run.play", "Play again", lambda: None))


def test_standard_keys_and_named_ones_come_once_each() -> None:
    found = sequences((QKeySequence.StandardKey.Save, "Ctrl+S", "Ctrl+Shift+F9"))
    assert [key.toString() for key in found].count("Ctrl+S") == 1
    assert found[-1] == QKeySequence("Ctrl+Shift+F9")


def test_every_command_of_a_menu_is_in_it_once(window: MainWindow) -> None:
    main = window.top_bar.menu_button.menu()
    assert isinstance(main, QMenu)
    shown = Counter(lines(main))
    assert shown == Counter(c.id for c in window.registry if c.group)
    assert {c.group for c in window.registry} <= {*MENUS, ""}
    titles = [action.text() for action in main.actions() if action.menu()]
    assert titles == [t for t in ("File", "Edit", "Run", "View", "Presets", "Help") if t in titles]


def test_no_key_does_two_things(window: MainWindow) -> None:
    keys = Counter(
        key.toString() for c in window.registry for key in window.registry[c.id].shortcuts()
    )
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize(
    ("id", "key"),
    [
        ("file.open", "Ctrl+O"),
        ("file.save", "Ctrl+S"),
        ("file.save-as", "Ctrl+Shift+S"),
        ("file.quit", "Ctrl+Q"),
        ("run.play", "Space"),
        ("run.step", "Ctrl+."),
        ("run.reset", "Ctrl+Shift+R"),
        ("view.train", "Ctrl+1"),
        ("view.gradients", "Ctrl+2"),
        ("view.probe", "Ctrl+3"),
        ("view.flip-colours", "Ctrl+T"),
        ("view.setup", "Ctrl+B"),
        ("view.unit", "Ctrl+U"),
        ("view.log-steps", "Ctrl+L"),
    ],
)
def test_the_keys_are_those_of_the_readme(window: MainWindow, id: str, key: str) -> None:
    assert window.registry.key(id) == key


def test_a_key_works_while_the_menu_is_closed(window: MainWindow) -> None:
    before = window.page.loss.unit()
    QTest.keyClick(window, Qt.Key.Key_U, Qt.KeyboardModifier.ControlModifier)
    assert window.page.loss.unit() != before


def test_a_greyed_command_says_why(window: MainWindow) -> None:
    assert not window.registry["file.save"].isEnabled()
    assert window.registry["file.save"].toolTip() == "There is no run yet."


def test_ticks_follow_what_is_in_force(window: MainWindow) -> None:
    window.registry["view.colours-light"].trigger()
    window.registry.refresh()
    assert window.registry["view.colours-light"].isChecked()
    assert not window.registry["view.colours-dark"].isChecked()
    themes().set_mode("dark")
    assert window.registry["view.colours-dark"].isChecked()
