"""Panels are given room by the mouse, and each perspective remembers what it was given."""

from __future__ import annotations

import pytest
from opening import open_window
from panel_fixtures import press
from panel_parts import menu_button, title_label
from pointing import move_pointer
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSplitter
from pytestqt.qtbot import QtBot

from rnnviz.app import panel_page
from rnnviz.app.main_window import MainWindow
from rnnviz.app.panel_page import PanelPage
from rnnviz.app.settings import Settings

CONTROL = Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton
PAGES = ("train", "gradients", "probe")


def page_of(window: MainWindow, name: str) -> PanelPage:
    page = window.perspectives[name]
    assert isinstance(page, PanelPage)
    return page


def widest(page: PanelPage) -> QSplitter:
    """The outermost splitter of a page."""
    found = page.findChild(QSplitter)  # the search begins outside
    assert found is not None
    return found


def drag(splitter: QSplitter, pixels: int) -> None:
    """Takes the first handle with the mouse and moves it to the right, or down."""
    handle = splitter.handle(1)
    level = splitter.orientation() == Qt.Orientation.Horizontal
    start = handle.rect().center()
    there = start + (QPoint(pixels, 0) if level else QPoint(0, pixels))
    QTest.mousePress(handle, LEFT, pos=start)
    move_pointer(handle, there, LEFT)
    QTest.mouseRelease(handle, LEFT, pos=there)


@pytest.mark.parametrize("name", PAGES)
def test_room_given_by_the_mouse_is_remembered_for_its_perspective(
    qtbot: QtBot, window: MainWindow, settings: Settings, name: str
) -> None:
    window.show_page(name)
    designed = {other: widest(page_of(window, other)).sizes() for other in PAGES}
    splitter = widest(page_of(window, name))
    drag(splitter, -60)
    sizes = splitter.sizes()
    assert sizes[0] == designed[name][0] - 60
    for other in PAGES:
        if other != name:
            assert widest(page_of(window, other)).sizes() == designed[other]
    window.close()
    again = open_window(qtbot, Settings(settings.file))
    again.show_page(name)
    kept = widest(page_of(again, name))
    qtbot.waitUntil(lambda: abs(kept.sizes()[0] - sizes[0]) <= 1)
    again.registry["view.reset-layout"].trigger()
    qtbot.waitUntil(lambda: abs(kept.sizes()[0] - designed[name][0]) <= 1)
    again.close()


def test_sizes_of_another_version_are_not_taken(
    qtbot: QtBot, window: MainWindow, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    designed = widest(window.page).sizes()
    drag(widest(window.page), -80)
    window.close()
    stored = Settings(settings.file)
    key = f"layout-{panel_page.LAYOUT_VERSION}/columns"
    assert not stored.state(key).isEmpty()
    # What this version wrote, under the name that another one would have given it.
    stored.set(f"layout-{panel_page.LAYOUT_VERSION + 1}/columns", stored.state(key))
    stored.remove(key)
    stored.sync()
    again = open_window(qtbot, Settings(settings.file))
    qtbot.waitUntil(lambda: abs(widest(again.page).sizes()[0] - designed[0]) <= 1)
    again.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_double_click_on_any_header_gives_the_page_and_another_gives_it_back(
    qtbot: QtBot, window: MainWindow, name: str
) -> None:
    window.show_page(name)
    page = page_of(window, name)
    drag(widest(page), -40)
    before = {panel: panel.geometry() for panel in page.panels if panel.isVisible()}
    for panel in before:
        at = title_label(panel).geometry().center()
        QTest.mouseDClick(panel, LEFT, pos=at)
        assert [p for p in page.panels if p.isVisible()] == [panel]
        qtbot.waitUntil(lambda p=panel: p.width() >= page.width() - 2)  # type: ignore[misc]
        QTest.mouseDClick(panel, LEFT, pos=title_label(panel).geometry().center())
        qtbot.waitUntil(lambda: {p: p.geometry() for p in page.panels if p.isVisible()} == before)


@pytest.mark.parametrize("name", PAGES)
def test_every_panel_goes_to_a_window_by_its_key_and_comes_back_by_closing_it(
    qtbot: QtBot, window: MainWindow, name: str
) -> None:
    window.show_page(name)
    page = page_of(window, name)
    before = {panel: panel.geometry() for panel in page.panels if panel.isVisible()}
    for panel in before:
        menu_button(panel).setFocus(Qt.FocusReason.TabFocusReason)
        press(window, Qt.Key.Key_N, CONTROL | Qt.KeyboardModifier.ShiftModifier)
        own = window.panel_windows.window(panel)
        assert own is not None and panel.isVisible() and panel.window() is own
        # Tab reaches its controls there, and Ctrl+W closes it.
        stops = [w for w in panel.focus_order() if w.isVisible() and w.isEnabled()]
        assert stops and all(w.window() is own for w in stops)
        QTest.keyClick(own, Qt.Key.Key_W, CONTROL)
        qtbot.waitUntil(lambda p=panel: p.window() is window)  # type: ignore[misc]
        window.activateWindow()
        qtbot.waitUntil(lambda: {p: p.geometry() for p in page.panels if p.isVisible()} == before)
