"""Panels in windows of their own: out and back, several at once, with everything else there is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from menus import menu_entry
from opening import a_window, open_window
from panel_fixtures import CONTROL, press, train
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot
from shiboken6 import isValid
from showing import activate

from rnnviz.app import screens
from rnnviz.app.main_window import MainWindow
from rnnviz.app.panel_page import PanelPage
from rnnviz.app.panel_window import PanelWindow
from rnnviz.app.settings import Settings
from rnnviz.panels.base import Panel
from rnnviz.panels.theme import themes

ENTRY, BACK = "Show in its own window", "Return to the page"


@pytest.fixture
def window(qtbot: QtBot, settings: Settings) -> Iterator[MainWindow]:
    with a_window(qtbot, settings) as opened:
        yield opened
    left = [w for w in QApplication.topLevelWidgets() if isinstance(w, PanelWindow)]
    assert not any(w.isVisible() for w in left)


def says_why_it_is_empty(page: PanelPage) -> bool:
    shown = [label.text() for label in page.findChildren(QLabel) if label.isVisible()]
    return "The panels of this page are in windows of their own." in shown


def choose(panel: Panel, entry: str) -> None:
    """Chooses an entry of a panel's menu."""
    menu_entry(panel.menu, entry).trigger()


def pop_out(qtbot: QtBot, window: MainWindow, panel: Panel) -> PanelWindow:
    choose(panel, ENTRY)
    found = window.panel_windows.window(panel)
    assert found is not None
    with qtbot.waitExposed(found, timeout=20_000):
        found.show()
    return found


def test_a_panel_goes_out_and_returns_to_its_place(qtbot: QtBot, window: MainWindow) -> None:
    page = window.page
    panel = page.hidden_state
    before = {p: (p.pos(), p.size()) for p in page.panels}
    shown = pop_out(qtbot, window, panel)
    assert (
        panel.window() is shown and panel.isVisible() and shown.windowTitle().startswith("Hidden")
    )
    assert page.loss.height() > before[page.loss][1].height()  # the others take its room
    shown.close()
    assert panel.window() is window and panel.isVisible()
    qtbot.waitUntil(lambda: panel.size() == before[panel][1])
    assert {p: (p.pos(), p.size()) for p in page.panels} == before
    choose(panel, ENTRY)
    choose(panel, BACK)
    assert panel.window() is window


def test_all_panels_of_all_pages_go_out_and_back(qtbot: QtBot, window: MainWindow) -> None:
    everyone = [panel for _, panel in window.panel_windows.panels()]
    assert len(everyone) == len(set(everyone)) >= 14
    for panel in everyone:
        window.panel_windows.open(panel)
    assert len(window.panel_windows.windows()) == len(everyone)
    assert all(panel.isVisible() for panel in everyone)
    assert says_why_it_is_empty(window.page)
    train(qtbot, window)
    for panel in reversed(everyone):
        window.panel_windows.toggle(panel)
    assert window.panel_windows.windows() == []
    assert not says_why_it_is_empty(window.page)
    for page in (window.page, window.gradients, window.probe):
        assert all(page.isAncestorOf(panel) for panel in page.panels)
    assert all(panel.isVisible() for panel in window.page.panels)


def test_keys_hold_in_a_panel_window(qtbot: QtBot, window: MainWindow) -> None:
    shown = pop_out(qtbot, window, window.page.loss)
    view = window.controller.view
    assert view is not None
    activate(qtbot, shown)
    QTest.keyClick(shown, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: view.training, timeout=20_000)
    QTest.keyClick(shown, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not view.training, timeout=20_000)
    QTest.keyClick(shown, Qt.Key.Key_T, CONTROL)
    assert themes().current.name == "light"
    QTest.keyClick(shown, Qt.Key.Key_F11)
    assert shown.isFullScreen() and not window.lecture.active
    QTest.keyClick(shown, Qt.Key.Key_Escape)
    assert not shown.isFullScreen()
    QTest.keyClick(shown, Qt.Key.Key_W, CONTROL)
    assert window.page.loss.window() is window


def test_no_control_has_the_focus_in_a_new_window(qtbot: QtBot, window: MainWindow) -> None:
    opened = pop_out(qtbot, window, window.page.loss)
    assert opened.focusWidget() is opened
    steps = window.controller.view.step  # type: ignore[union-attr]
    QTest.keyClick(opened, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.controller.view.step > steps)  # type: ignore[union-attr]
    QTest.keyClick(opened, Qt.Key.Key_Space)


def test_the_key_takes_the_panel_with_the_focus(qtbot: QtBot, window: MainWindow) -> None:
    window.page.next_character.edit.setFocus()
    press(window, Qt.Key.Key_N, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert window.panel_windows.is_open(window.page.next_character)


def test_the_menu_of_the_window_lists_every_panel(qtbot: QtBot, window: MainWindow) -> None:
    action = window.registry["view.window-train-samples"]
    action.trigger()
    assert window.panel_windows.is_open(window.page.samples)
    window.registry.refresh()
    assert action.isChecked()
    action.trigger()
    assert window.page.samples.window() is window


def test_a_double_click_on_the_header_fills_the_screen_and_not_the_page(
    qtbot: QtBot, window: MainWindow
) -> None:
    panel = window.page.loss
    shown = pop_out(qtbot, window, panel)
    QTest.mouseDClick(panel, Qt.MouseButton.LeftButton, pos=QPoint(200, 12))
    assert shown.isFullScreen() and window.page.gradient_norm.isVisible()
    QTest.mouseDClick(panel, Qt.MouseButton.LeftButton, pos=QPoint(200, 12))
    assert not shown.isFullScreen()
    shown.close()
    QTest.mouseDClick(panel, Qt.MouseButton.LeftButton, pos=QPoint(200, 12))
    assert not window.page.gradient_norm.isVisible()  # in the page it maximises again


def test_a_maximised_panel_can_go_out_and_the_others_are_there_again(
    qtbot: QtBot, window: MainWindow
) -> None:
    page = window.page
    page.toggle_maximized(page.loss)
    shown = pop_out(qtbot, window, page.loss)
    assert page.gradient_norm.isVisible() and page.samples.isVisible()
    page.toggle_maximized(page.samples)
    shown.close()  # while another one is maximised
    assert not page.loss.isVisible() and page.samples.isVisible()
    page.toggle_maximized(page.samples)
    assert all(panel.isVisible() for panel in page.panels)


def test_a_panel_of_a_hidden_page_goes_on_in_its_window(qtbot: QtBot, window: MainWindow) -> None:
    page = window.page
    pop_out(qtbot, window, page.loss)
    press(window, Qt.Key.Key_3, CONTROL)
    assert not page.isVisible() and page.loss.isVisible()
    drawn: list[Panel] = []
    for panel in page.panels:
        panel.refresh = lambda p=panel: drawn.append(p)  # type: ignore[method-assign]
    train(qtbot, window, 30)
    qtbot.waitUntil(lambda: page.loss in drawn, timeout=20_000)
    assert set(drawn) == {page.loss}  # what is hidden costs nothing


def test_what_a_window_of_another_page_shows_is_computed(qtbot: QtBot, window: MainWindow) -> None:
    flow, expectations = window.gradients.flow, window.probe.expectations
    window.panel_windows.open(flow)
    train(qtbot, window)
    with qtbot.waitSignal(window.controller.inspected, timeout=20_000):
        pass
    assert window.gradients.looked_at() == {"flow"}
    shown = window.panel_windows.open(expectations)
    seed = window.page.next_character.seed()
    qtbot.waitUntil(lambda: expectations.columns.count() == len(seed) + 1, timeout=20_000)
    shown.showMinimized()
    assert window.gradients.looked_at() == {"flow"}
    shown.close()
    assert not window.probe.is_seen()


def test_the_one_of_two_that_stays_has_the_shared_place(qtbot: QtBot, window: MainWindow) -> None:
    page = window.gradients
    press(window, Qt.Key.Key_2, CONTROL)
    shown = pop_out(qtbot, window, page.update_ratio)
    assert page.parameters.isVisible() and page.in_last_place() == "weights"
    page.show_in_last_place("updates")  # it is in sight already
    assert page.in_last_place() == "weights" and page.parameters.isVisible()
    other = pop_out(qtbot, window, page.parameters)
    assert not page.last_place.isVisible()
    shown.close()
    assert page.last_place.isVisible() and page.update_ratio.isVisible()
    other.close()
    page.show_in_last_place("weights")
    assert page.parameters.isVisible() and not page.update_ratio.isVisible()


def test_colours_change_while_a_panel_is_out(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.page.loss
    shown = pop_out(qtbot, window, panel)

    def ground() -> str:
        return panel.grab().toImage().pixelColor(4, panel.height() // 2).name()

    dark = ground()
    activate(qtbot, window)
    press(window, Qt.Key.Key_T, CONTROL)
    assert ground() == themes().current.color("surface").name() != dark
    edge = shown.grab().toImage().pixelColor(2, 2).name()
    assert edge == themes().current.color("bg").name()
    shown.close()
    press(window, Qt.Key.Key_T, CONTROL)
    assert ground() == dark


def test_place_and_size_of_a_window_are_remembered(
    qtbot: QtBot, window: MainWindow, settings: Settings
) -> None:
    shown = pop_out(qtbot, window, window.page.hidden_state)
    shown.setGeometry(60, 90, 610, 420)
    window.close()
    assert not shown.isVisible()  # Quit closes them
    again = open_window(qtbot, Settings(settings.file))
    assert again.page.hidden_state.window() is again
    shown = pop_out(qtbot, again, again.page.hidden_state)
    assert shown.geometry() == QRect(60, 90, 610, 420)
    again.close()


def test_the_layout_is_kept_as_if_no_panel_had_been_out(
    qtbot: QtBot, window: MainWindow, settings: Settings
) -> None:
    sizes = window.page.loss.size(), window.page.samples.size()
    pop_out(qtbot, window, window.page.hidden_state)
    pop_out(qtbot, window, window.page.loss)
    window.close()
    again = open_window(qtbot, Settings(settings.file))
    qtbot.waitUntil(lambda: (again.page.loss.size(), again.page.samples.size()) == sizes)
    again.close()


def test_a_screen_that_has_gone_hides_no_window(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = pop_out(qtbot, window, window.page.loss)
    shown.setGeometry(2100, 50, 500, 400)  # on a projector at the right
    here = QRect(0, 0, 1920, 1080)
    monkeypatch.setattr(screens, "screens", lambda: [here])
    application = QGuiApplication.instance()
    assert isinstance(application, QGuiApplication)
    application.screenRemoved.emit(application.primaryScreen())
    qtbot.waitUntil(lambda: here.contains(shown.geometry()))
    assert shown.width() == 500
    place = window.geometry()
    shown.setGeometry(3000, 50, 500, 400)
    shown.close()
    again = pop_out(qtbot, window, window.page.loss)  # remembered where there is nothing now
    assert here.contains(again.geometry().topLeft()) and window.geometry() == place


def test_a_remembered_main_window_appears_where_there_is_a_screen(
    qtbot: QtBot, window: MainWindow, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.move(5000, 4000)
    window.close()
    monkeypatch.setattr(screens, "screens", lambda: [QRect(0, 0, 1920, 1080)])
    again = open_window(qtbot, Settings(settings.file))
    assert QRect(0, 0, 1920, 1080).contains(again.geometry().topLeft())
    again.close()


@pytest.mark.parametrize(
    ("window_at", "stays"),
    [
        (QRect(100, 100, 800, 600), True),
        (QRect(-700, 100, 800, 600), True),  # a corner can be grasped
        (QRect(-790, 100, 800, 600), False),
        (QRect(100, -300, 800, 600), False),  # the title bar is out of reach
        (QRect(2000, 100, 800, 600), True),  # the second screen
        (QRect(4000, 100, 5000, 4000), False),
    ],
)
def test_what_counts_as_in_sight(window_at: QRect, stays: bool) -> None:
    rooms = [QRect(0, 0, 1920, 1080), QRect(1920, 0, 1280, 720)]
    found = screens.in_sight(window_at, rooms)
    assert (found == window_at) is stays
    assert any(room.intersects(found) for room in rooms)
    if not stays:
        assert rooms[0].contains(found)


def test_a_panel_that_was_out_still_works(qtbot: QtBot, window: MainWindow) -> None:
    """PySide must not take what is in a panel for deleted along with the window."""
    everyone = [panel for _, panel in window.panel_windows.panels()]
    for panel in everyone:
        window.panel_windows.open(panel)
    window.panel_windows.close_all()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # type: ignore[arg-type]
    for panel in everyone:
        assert all(isValid(child) for child in panel.findChildren(QObject))
        assert all(isValid(action) for action in panel.menu.actions())
    themes().set_mode("light")
    window.page.samples._show_words()
    pop_out(qtbot, window, window.page.samples)
