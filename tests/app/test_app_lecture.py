"""Lecture mode in the real window: what is left, how large it is, and that all comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opening import a_window, open_window
from panel_fixtures import CONTROL, press, splitter_around, train
from panel_parts import header
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot
from showing import activate

from rnnviz.app.main_window import MainWindow
from rnnviz.app.settings import Settings
from rnnviz.panels.theme import pixels, stroke, themes


@pytest.fixture
def window(qtbot: QtBot, settings: Settings) -> Iterator[MainWindow]:
    with a_window(qtbot, settings, colours="light") as opened:
        yield opened
    assert not themes().lecture  # no window is left to be one for


def seen(window: MainWindow) -> list[str]:
    """Names of the panels in sight on the page in sight, in the order of reading."""
    page = window.perspectives[window.shown_page()]
    panels = [panel for panel in page.panels if panel.isVisible()]
    corners = {panel: panel.mapTo(window, QPoint()) for panel in panels}
    panels.sort(key=lambda panel: (corners[panel].y(), corners[panel].x()))
    return [panel.objectName() for panel in panels]


def places(window: MainWindow) -> dict[str, tuple[QPoint, QSize]]:
    """Where everything is that the mode moves."""
    page = window.page
    parts: list[QWidget] = [*page.panels, window.setup, window.top_bar, window.transport]
    return {repr(part): (part.mapTo(window, QPoint()), part.size()) for part in parts}


def test_f11_leaves_what_the_back_row_needs_and_esc_gives_the_rest_back(
    qtbot: QtBot, window: MainWindow
) -> None:
    splitter_around(window.page.loss, Qt.Orientation.Horizontal).setSizes([900, 380])
    before = places(window)
    small = window.page.loss.height()
    press(window, Qt.Key.Key_F11)
    assert window.isFullScreen() and themes().lecture
    assert seen(window) == ["gradient_norm", "loss", "samples"]
    assert window.page.gradient_norm.width() > window.page.loss.width()
    assert not window.top_bar.isVisible() and not window.setup.isVisible()
    assert not window.rail.isVisible()
    transport = window.transport
    assert (
        transport.play.isVisible() and transport.steps.isVisible() and transport.leave.isVisible()
    )
    assert not transport.pill.isVisible() and not transport.speed.isVisible()
    page = window.page
    strip = page.samples.mapTo(window, QPoint()).y()
    assert strip >= page.loss.mapTo(window, QPoint()).y() + page.loss.height()  # lies below them
    assert page.samples.width() == page.width()
    press(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen() and not themes().lecture
    qtbot.waitUntil(lambda: places(window) == before)
    assert window.page.loss.height() == small


def test_f11_or_the_button_ends_it_as_well(qtbot: QtBot, window: MainWindow) -> None:
    press(window, Qt.Key.Key_F11)
    press(window, Qt.Key.Key_F11)
    assert not window.lecture.active and window.top_bar.isVisible()
    press(window, Qt.Key.Key_F11)
    QTest.mouseClick(window.transport.leave, Qt.MouseButton.LeftButton)
    assert not window.lecture.active and window.setup.isVisible()


@pytest.mark.parametrize("lines", [720, 1080])
def test_nothing_is_smaller_than_the_back_row_reads(
    qtbot: QtBot, window: MainWindow, lines: int
) -> None:
    window.resize(lines * 16 // 9, lines)
    window.lecture.enter(full_screen=False)
    assert pixels("tick") == 18 * lines // 720 and stroke() == pytest.approx(
        4 * lines / 720, rel=0.02
    )
    train(qtbot, window, 20)
    for name in ("train", "gradients", "probe"):
        window.show_page(name)
        words = [w for w in window.findChildren(QLabel) if w.isVisible() and w.text()]
        assert words
        for label in words:
            assert label.font().pixelSize() >= 17 * lines / 720, label.text()
        page = window.pages.currentWidget()
        assert page is not None and page.height() <= window.pages.height()
        assert window.transport.geometry().bottom() < window.height()


def test_type_follows_the_height_of_the_window(qtbot: QtBot, window: MainWindow) -> None:
    window.lecture.enter(full_screen=False)
    window.resize(1280, 720)
    qtbot.waitUntil(lambda: pixels("body") == 22)
    window.resize(1600, 1000)
    qtbot.waitUntil(lambda: pixels("body") == 31)
    press(window, Qt.Key.Key_Plus, CONTROL)
    assert pixels("body") == round(22 * 18 / 16.5 * 1000 / 720)
    window.lecture.leave()
    assert pixels("body") == 13  # lectures have a size of their own


def test_pages_maximising_and_colours_work_in_it(qtbot: QtBot, window: MainWindow) -> None:
    press(window, Qt.Key.Key_F11)
    press(window, Qt.Key.Key_2, CONTROL)
    assert seen(window) == ["GradientFlowPanel", "EigenvaluesPanel"]
    window.gradients.toggle_maximized(window.gradients.eigenvalues)
    assert seen(window) == ["EigenvaluesPanel"]
    window.gradients.toggle_maximized(window.gradients.eigenvalues)
    assert seen(window) == ["GradientFlowPanel", "EigenvaluesPanel"]
    press(window, Qt.Key.Key_3, CONTROL)
    assert window.probe.expectations.isVisible() and not window.probe.units.isVisible()
    press(window, Qt.Key.Key_T, CONTROL)
    assert themes().current.name == "dark" and themes().current.lecture
    press(window, Qt.Key.Key_1, CONTROL)
    press(window, Qt.Key.Key_Escape)
    assert len(seen(window)) == 5 and not themes().current.lecture


def test_a_panel_maximised_before_is_what_the_lecture_shows(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.page.toggle_maximized(window.page.hidden_state)
    press(window, Qt.Key.Key_F11)
    assert seen(window) == ["hidden_state"]
    press(window, Qt.Key.Key_Escape)
    assert seen(window) == ["hidden_state"]
    window.page.toggle_maximized(window.page.hidden_state)
    assert len(seen(window)) == 5


def test_windows_of_panels_grow_too_and_outlive_the_lecture(
    qtbot: QtBot, window: MainWindow
) -> None:
    page = window.page
    for panel in (page.hidden_state, page.samples):
        window.panel_windows.open(panel)
    small = header(page.hidden_state).height()
    activate(qtbot, window)
    press(window, Qt.Key.Key_F11)
    assert header(page.hidden_state).height() > small
    assert page.samples.isVisible() and page.samples.window() is not window
    window.panel_windows.toggle(page.samples)  # returns to where the lecture has it
    assert page.samples.width() == page.width() and page.samples.isVisible()
    window.panel_windows.open(page.samples)
    press(window, Qt.Key.Key_Escape)
    assert page.hidden_state.isVisible() and page.samples.window() is not window
    window.panel_windows.close_all()
    assert len(seen(window)) == 5
    assert page.samples.maximumHeight() > 10_000


def test_the_strip_has_the_newest_sample_alone_in_words_of_its_size(
    qtbot: QtBot, window: MainWindow
) -> None:
    samples = window.page.samples
    press(window, Qt.Key.Key_F11)
    assert samples.strip.isVisible() and not samples.columns.isVisible()
    assert samples.strip.lines() == ["First sample at step 10"]
    train(qtbot, window, 12)
    view = window.controller.view
    assert view is not None
    qtbot.waitUntil(lambda: samples.strip.accessibleDescription() == view.history.samples[-1].text)
    lines = samples.strip.lines()
    assert 1 <= len(lines) <= max(samples.strip.height() // 20, 1)
    written = "".join(view.history.samples[-1].text.split())
    assert written.startswith("".join("".join(lines).split()))
    window.page.toggle_maximized(samples)  # all of it, when it has the page
    assert samples.columns.isVisible() and not samples.strip.isVisible()
    window.page.toggle_maximized(samples)
    assert samples.strip.isVisible()
    press(window, Qt.Key.Key_Escape)
    assert samples.columns.isVisible() and not samples.strip.isVisible()


@pytest.mark.parametrize("name", ["train", "gradients", "probe"])
def test_the_unit_of_probe_shows_its_text_or_why_there_is_none_after_it(
    qtbot: QtBot, window: MainWindow, name: str
) -> None:
    panel = window.probe.unit_text
    painted, area = panel.painted, panel.area
    window.show_page("probe")
    qtbot.waitUntil(lambda: len(painted.text()) > 500)
    window.show_page(name)
    press(window, Qt.Key.Key_F11)
    window.show_page("probe")
    qtbot.waitUntil(lambda: painted.height() > 2 * area.viewport().height())
    area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())
    window.show_page(name)
    press(window, Qt.Key.Key_Escape)
    window.show_page("probe")
    qtbot.waitUntil(lambda: painted.width() == area.viewport().width())
    last = painted.cell_rect(len(painted.text()) - 1)
    assert last.bottom() <= painted.height() < last.bottom() + area.viewport().height()
    panel.show_unit(None)  # at once, before a layout is made anew
    middle = painted.mapTo(area.viewport(), painted.rect().center())
    assert area.viewport().rect().contains(middle)


def test_tab_leads_through_it_in_reading_order(window: MainWindow) -> None:
    press(window, Qt.Key.Key_F11)
    page, transport = window.page, window.transport
    parts: list[QWidget] = [page.gradient_norm, page.loss, transport]
    entered = []
    page.gradient_norm.plot.handle.setFocus()
    for _ in range(30):
        focused = window.focusWidget()
        assert focused is not None and focused.isVisible() and focused.accessibleName()
        here = next((part for part in parts if part.isAncestorOf(focused)), None)
        if here is not None and (not entered or entered[-1] is not here):
            entered.append(here)
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    assert entered[:3] == parts


def test_the_button_in_the_bar_begins_it(window: MainWindow) -> None:
    QTest.mouseClick(window.top_bar.lecture_button, Qt.MouseButton.LeftButton)
    assert window.lecture.active and window.isFullScreen()


def test_quitting_in_the_middle_keeps_the_layout_of_the_desk(
    qtbot: QtBot, window: MainWindow, settings: Settings
) -> None:
    before = places(window)
    size = window.size()
    press(window, Qt.Key.Key_F11)
    window.close()
    again = open_window(qtbot, Settings(settings.file))
    assert again.size() == size and not again.lecture.active
    qtbot.waitUntil(lambda: list(places(again).values()) == list(before.values()))
    again.close()
