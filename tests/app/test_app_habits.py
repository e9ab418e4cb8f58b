"""About, the list of keys, the tip for newcomers, the icon, recent files: what people expect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import opening
import pytest
from pointing import move_pointer
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from rnnviz import __version__
from rnnviz.app.application import make_application
from rnnviz.app.icon import SIZES, application_icon
from rnnviz.app.main_window import MainWindow
from rnnviz.app.shortcuts import ShortcutsBox
from rnnviz.panels.theme import themes
from rnnviz.session.config import RunConfig

SMALL = RunConfig(hidden_size=8, seq_len=10, batch_size=4, cell="gru", corpus="hello")
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
Opener = Callable[[], MainWindow]


@pytest.fixture
def open_window(qtbot: QtBot, tmp_path: Path) -> Iterator[Opener]:
    """Opens the window with the same settings each time."""
    make_application()
    themes().set_mode("dark")
    opened: list[MainWindow] = []

    def open_another() -> MainWindow:
        settings = opening.settings_for(tmp_path, SMALL)
        opened.append(opening.open_window(qtbot, settings, (1280, 800)))
        return opened[-1]

    yield open_another
    for window in opened:
        window.close()


@pytest.fixture
def window(open_window: Opener) -> MainWindow:
    return open_window()


def test_versions_are_copied_from_the_about_box(window: MainWindow) -> None:
    window.registry["help.about"].trigger()
    box = window.about
    assert box is not None
    assert box.isVisible()
    shown = " ".join(label.text() for label in box.findChildren(QLabel))
    for name in ("Python", "Qt", "PySide6-Essentials", "numpy", "BLAS kernel", "platform"):
        assert name in shown
    assert __version__ in shown
    QTest.mouseClick(box.copy_button, LEFT)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == f"rnnviz: {__version__}"
    assert any(line.startswith("Qt: ") for line in lines)
    assert any(line.startswith("data: ") for line in lines)
    assert box.copy_button.text() == "Copied"
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert not box.isVisible()


def keys_listed(box: ShortcutsBox) -> set[str]:
    return {w.accessibleName().rsplit(": ", 1)[-1] for w in box.findChildren(QWidget)}


def test_the_list_of_shortcuts_has_every_key_of_the_registry(window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_F1)
    box = window.shortcuts
    assert box is not None
    assert box.isVisible()
    wanted = {window.registry.key(command.id) for command in window.registry} - {""}
    assert wanted
    assert wanted <= keys_listed(box)
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert not box.isVisible()


def test_the_tip_leaves_when_it_is_heeded_and_never_returns(
    qtbot: QtBot, open_window: Opener
) -> None:
    window = open_window()
    window.welcome()
    tip = window.first_tip
    assert tip.isVisible()
    assert tip.geometry().bottom() < window.transport.mapTo(window, QPoint(0, 12)).y()
    QTest.mouseClick(window.transport.play, LEFT)
    view = window.controller.view
    assert view is not None
    qtbot.waitUntil(lambda: view.step > 3, timeout=20_000)
    assert tip.isVisible()  # two things are left to try
    panel = window.page.gradient_norm
    start = panel.clip_y_position()
    QTest.mousePress(panel.plot, LEFT, NONE, start)
    move_pointer(panel.plot, start + QPoint(0, 20), Qt.MouseButton.LeftButton)
    QTest.mouseRelease(panel.plot, LEFT, NONE, start + QPoint(0, 20))
    assert tip.isVisible()
    QTest.keyClicks(window.page.next_character.edit, "h")
    assert not tip.isVisible()
    window.close()
    again = open_window()
    again.welcome()
    assert not again.first_tip.isVisible()


def test_closing_the_tip_is_for_good(open_window: Opener) -> None:
    window = open_window()
    window.welcome()
    QTest.mouseClick(window.first_tip.findChild(QToolButton), LEFT)
    assert not window.first_tip.isVisible()
    window.welcome()
    assert not window.first_tip.isVisible()


def test_the_icon_is_drawn_for_every_size(qtbot: QtBot) -> None:
    icon = application_icon()
    assert [size.width() for size in icon.availableSizes()] == list(SIZES)
    small, large = icon.pixmap(16, 16).toImage(), icon.pixmap(256, 256).toImage()
    assert small.pixelColor(8, 15).alpha() > 0
    # The orange dot is where the drawings have it.
    assert large.pixelColor(218, 174).red() > 200


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place = QPointF(300, 300)
    window.dropEvent(QDropEvent(place, Qt.DropAction.CopyAction, data, LEFT, NONE))


def test_files_that_cannot_be_used_are_not_among_the_recent(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text("the sea and the shore\n" * 50)
    bad.write_bytes(b"")
    with qtbot.waitSignal(window.controller.run_started, timeout=20_000):
        drop(window, good)
    assert window.recent.files() == [str(good)]
    with qtbot.waitSignal(window.refused, timeout=20_000):
        drop(window, bad)
    assert window.recent.files() == [str(good)]
    # One that was good once leaves the list when it is found to be broken.
    good.write_bytes(b"")
    with qtbot.waitSignal(window.refused, timeout=20_000):
        window.recent.menu.actions()[0].trigger()
    assert window.recent.files() == []
    assert not window.recent.menu.isEnabled()
