"""Ctrl+plus and Ctrl+minus in the real window: every size of type, on every page."""

from __future__ import annotations

import pytest
from opening import open_window
from panel_fixtures import CONTROL, press
from panel_parts import header, menu_button, title_label
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QSplitter, QWidget
from pytestqt.qtbot import QtBot

from rnnviz.app.main_window import MainWindow
from rnnviz.app.panel_page import PanelPage
from rnnviz.app.settings import Settings
from rnnviz.panels.base import ElidedLabel, Panel
from rnnviz.panels.plot import Plot
from rnnviz.panels.theme import pixels, themes


def larger(window: MainWindow, times: int = 1) -> None:
    for _ in range(times):
        press(window, Qt.Key.Key_Plus, CONTROL)


def test_keys_change_all_type_between_10_and_32_points(qtbot: QtBot, window: MainWindow) -> None:
    found = [pixels("body")]
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
        press(window, key, CONTROL)
        found.append(pixels("body"))
    assert found == [13, 15, 16]
    larger(window, 12)
    assert pixels("body") == 43
    assert not window.registry["view.type-larger"].isEnabled()
    for _ in range(15):
        press(window, Qt.Key.Key_Minus, CONTROL)
    assert pixels("body") == 13
    assert not window.registry["view.type-smaller"].isEnabled()
    larger(window, 3)
    window.registry["view.type-designed"].trigger()
    assert pixels("body") == 13


def test_the_size_is_kept_for_the_next_start(
    qtbot: QtBot, window: MainWindow, settings: Settings
) -> None:
    larger(window, 5)
    points = themes().points
    window.close()
    themes().restore_points(10, 16.5)
    again = open_window(qtbot, Settings(settings.file))
    assert themes().points == points == 16
    again.close()


def test_nonsense_in_the_settings_is_brought_into_the_limits(
    qtbot: QtBot, window: MainWindow, settings: Settings
) -> None:
    window.close()
    for wrong, right in (("-3", 10), ("1e9", 32), ("nan", 10), ("large", 10)):
        kept = Settings(settings.file)
        kept.set("type-points", wrong)
        again = open_window(qtbot, kept)
        assert themes().points == right
        again.close()


def test_back_at_the_designed_size_everything_is_where_it_was(
    qtbot: QtBot, window: MainWindow
) -> None:
    def places() -> set[str]:
        return {
            f"{type(w).__name__} {w.accessibleName()} {w.mapTo(window, QPoint())} {w.size()}"
            for w in window.findChildren(QWidget)
            if w.isVisible() and isinstance(w, (Panel, QAbstractButton, Plot, QSplitter))
        }

    before = places()
    larger(window, 11)
    assert len(places() - before) > 20
    window.registry["view.type-designed"].trigger()
    QApplication.processEvents()
    assert places() == before


def clipped(bar: QWidget) -> list[str]:
    """What a bar holds whose words are cut off."""
    found = []
    for widget in bar.findChildren(QWidget):
        if not isinstance(widget, (QLabel, QAbstractButton)) or not widget.isVisible():
            continue
        if isinstance(widget, ElidedLabel) or not widget.text():
            continue
        room, line = widget.size(), widget.fontMetrics().height()
        if room.height() < line - 1 or room.width() < widget.minimumSizeHint().width() - 1:
            found.append(f"{widget.text()!r} has {room} of {widget.minimumSizeHint()}")
    return found


@pytest.mark.parametrize("size", [(1280, 720), (1600, 1000)])
@pytest.mark.parametrize("points", [10, 13, 16, 20, 24, 32])
def test_bars_hold_every_size_of_type(
    qtbot: QtBot, window: MainWindow, size: tuple[int, int], points: float
) -> None:
    window.resize(*size)
    themes().set_points(points)
    qtbot.waitUntil(lambda: (window.width(), window.height()) == size)
    QApplication.processEvents()  # layouts are made anew
    for bar in (window.top_bar, window.transport):
        parts = [w for w in bar.children() if isinstance(w, QWidget) and w.isVisible()]
        inside = QRect(QPoint(), bar.size())
        for part in parts:
            assert inside.contains(part.geometry()), (type(part), part.geometry(), inside)
        for one in parts:
            for other in parts:
                assert one is other or not one.geometry().intersects(other.geometry())
        assert clipped(bar) == []
    assert window.transport.geometry().bottom() < window.height()
    assert window.pages.height() > 0.4 * window.height()


@pytest.mark.parametrize("points", [10, 16, 24, 32])
def test_every_panel_can_be_reached_at_every_size_of_type(
    qtbot: QtBot, window: MainWindow, points: float
) -> None:
    window.resize(1280, 720)
    themes().set_points(points)
    for name, page in window.perspectives.items():
        window.show_page(name)
        QApplication.processEvents()
        assert isinstance(page, PanelPage)
        places = [place for place in page._places() if place.isVisible()]
        assert points == 10 or len(places) == len(page._places())  # low windows hide some at 10 pt
        for place in places:
            page._scroll.ensureWidgetVisible(place)
            rect = QRect(place.mapTo(page, QPoint()), place.size())
            assert page.rect().intersected(rect).height() > 0.8 * min(rect.height(), page.height())
            assert place.width() <= page.width()
        for panel in page.panels:
            if panel.isVisible():
                assert header_is_whole(panel), (name, panel.objectName())


@pytest.mark.parametrize("unfolded", [False, True])
def test_no_page_scrolls_sideways_beside_setup(
    qtbot: QtBot, window: MainWindow, unfolded: bool
) -> None:
    window.resize(1280, 720)
    for name, page in window.perspectives.items():
        window.show_page(name)
        assert isinstance(page, PanelPage)
        for points in (10, 11, 13, 16, 18, 20, 24):
            themes().set_points(points)
            if window.setup.isHidden() == unfolded:
                press(window, Qt.Key.Key_B, CONTROL)
            for _ in range(3):
                QApplication.processEvents()  # layouts are made anew
            assert window.setup.isVisible() == unfolded
            assert page._scroll.horizontalScrollBar().maximum() == 0, (name, points)
            assert not unfolded or window.setup._scroll.horizontalScrollBar().maximum() == 0


def test_setup_lies_over_the_page_where_type_leaves_no_room_beside_it(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.resize(1280, 720)
    themes().set_points(24)
    qtbot.waitUntil(lambda: window.rail.isVisible() and not window.setup.isVisible())
    before = window.pages.geometry()
    QTest.mouseClick(window.rail, Qt.MouseButton.LeftButton)
    setup, pages = window.setup, window.pages
    assert setup.isVisible() and setup.window() is window
    assert pages.geometry() == before  # nothing below it moves
    assert setup.geometry().height() == pages.height() and setup.width() <= pages.width()
    assert pages.childAt(QPoint(setup.width() // 2, 20)).window() is window
    assert setup.isAncestorOf(pages.childAt(QPoint(setup.width() // 2, 20)))
    window.notice.say("The text cannot be read.")
    assert pages.childAt(QPoint(setup.width() // 2, 10)) in (
        window.notice,
        *window.notice.findChildren(QWidget),
    )
    window.notice.dismiss()
    window.resize(1280, 760)
    qtbot.waitUntil(lambda: setup.height() == pages.height() > before.height())
    # The keys stay where they were when it goes beside the page, and the other way round.
    setup.show_field(setup.live.rate)
    themes().set_points(10)
    QApplication.processEvents()
    assert setup.mapTo(window, QPoint()).x() < pages.mapTo(window, QPoint()).x()
    assert setup.geometry().right() < pages.geometry().left()
    assert window.focusWidget() is setup.live.rate and not window.rail.isVisible()
    themes().set_points(24)
    QApplication.processEvents()
    assert window.focusWidget() is setup.live.rate
    QTest.mouseClick(window.rail, Qt.MouseButton.LeftButton)
    assert not setup.isVisible() and window.rail.accessibleName() == "Unfold Setup"


def test_the_name_of_the_text_stays_where_a_description_lacks_room(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.resize(1280, 720)
    for points in (10, 13, 16, 20, 24):
        themes().set_points(points)
        QApplication.processEvents()
        shown = window.top_bar._what.shown()
        assert shown in (window.top_bar.what(), "sea.txt"), points


def header_is_whole(panel: Panel) -> bool:
    """Whether title and menu of a panel are there in full."""
    title, menu = title_label(panel), menu_button(panel)
    return (
        title.height() >= title.fontMetrics().height() - 1
        and menu.geometry().right() < header(panel).width()
        and menu.height() <= header(panel).height()
    )
