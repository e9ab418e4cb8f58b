"""Everything can be reached by keys, shows that it has them, and has a name and a word of help."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from opening import a_window, settings_for
from pointing import move_pointer
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from rnnviz.app.focus import areas
from rnnviz.app.main_window import MainWindow
from rnnviz.app.whats_this import explain_controls
from rnnviz.panels.base import Panel
from rnnviz.panels.widgets.seed_edit import SeedEdit
from rnnviz.panels.widgets.seed_line import SeedLine
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.panels.widgets.value_slider import ValueSlider
from rnnviz.session.config import RunConfig

SMALL = RunConfig(hidden_size=8, seq_len=10, batch_size=4, cell="lstm", num_layers=2)
CONTROLS = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, Segmented, ValueSlider)
PAGES = ("train", "gradients", "probe")
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    with a_window(qtbot, settings_for(tmp_path, SMALL.with_changes(corpus="hello"))) as opened:
        yield opened


def show(window: MainWindow, page: str) -> None:
    window.show_page(page)
    window.setup_folding.unfold()
    QApplication.processEvents()


def reachable(window: MainWindow) -> list[QWidget]:
    """What can have the keys or is pressed, shown or not: a panel may show it any time."""
    # Without what Qt makes for itself, and the lists that open in windows of their own.
    own = [
        w
        for w in window.findChildren(QWidget)
        if not w.objectName().startswith("qt_")
        and w.window() is window
        and not (isinstance(w, QLabel) and not w.text())  # with nothing to say yet
    ]
    return [
        widget
        for widget in own
        if isinstance(widget, CONTROLS)
        or (widget.focusPolicy() != Qt.FocusPolicy.NoFocus and widget.focusProxy() is None)
    ]


def is_control(widget: QWidget) -> bool:
    read_only = isinstance(widget, QPlainTextEdit) and widget.isReadOnly()
    return isinstance(widget, CONTROLS) and not read_only


def described(widget: QWidget) -> str:
    parent = widget.parentWidget()
    return f"{type(widget).__name__} in {type(parent).__name__}: {widget.accessibleName()}"


def accessible_name(widget: QWidget) -> str:
    face = QAccessible.queryAccessibleInterface(widget)
    return "" if face is None else face.text(QAccessible.Text.Name)


def test_everything_has_a_name_and_every_control_a_tooltip(window: MainWindow) -> None:
    for page in PAGES:
        show(window, page)
    found = reachable(window)
    assert len(found) > 60
    assert [described(widget) for widget in found if not accessible_name(widget)] == []
    controls = [widget for widget in found if is_control(widget)]
    silent = [
        described(widget)
        for widget in controls
        if not widget.toolTip() and not (isinstance(widget, Segmented) and widget.tips())
    ]
    assert silent == []


def test_every_panel_and_control_answers_whats_this(window: MainWindow) -> None:
    explain_controls(window)
    controls = [widget for widget in reachable(window) if is_control(widget)]
    assert [described(widget) for widget in controls if not widget.whatsThis()] == []
    hidden = window.setup.network.numbers["hidden_size"].whatsThis()
    assert "Hidden units" in hidden
    assert "1 to 4,096" in hidden
    assert "Cuts each entry" in window.setup.live.clip_kind.whatsThis()


def area_of(window: MainWindow, widget: QWidget) -> QWidget:
    return next(part for part in areas(window) if part.isAncestorOf(widget))


def tab_through(window: MainWindow) -> list[QWidget]:
    """Presses Tab until it is back at the first widget."""
    window.top_bar.menu_button.setFocus()
    seen: list[QWidget] = []
    while (now := window.focusWidget()) not in seen:
        assert now is not None
        seen.append(now)
        assert len(seen) < 200
        writes = isinstance(now, (SeedEdit, SeedLine))  # there Tab appends a character
        QTest.keyClick(now, Qt.Key.Key_Tab, CONTROL if writes else Qt.KeyboardModifier.NoModifier)
    assert now is seen[0]
    return seen


@pytest.mark.parametrize("page", PAGES)
def test_tab_leads_through_all_of_it_in_reading_order(window: MainWindow, page: str) -> None:
    show(window, page)
    seen = tab_through(window)
    order = [area_of(window, widget) for widget in seen]
    assert list(dict.fromkeys(order)) == [a for a in areas(window) if a in order]
    changes = sum(a is not b for a, b in pairwise(order))
    assert changes == len(set(order)) - 1  # no area is left and entered again
    panels = [panel for panel in window.perspectives[page].panels if panel.isVisible()]
    assert {window.setup, window.transport, *panels} <= set(order)
    missed = [
        described(widget)
        for widget in reachable(window)
        if widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget not in seen
        and widget.window() is window
        and not (isinstance(widget, QAbstractButton) and widget.autoExclusive())  # tabs: arrows
    ]
    assert missed == []


def test_back_tab_leaves_the_seed_text_and_f6_every_part(window: MainWindow) -> None:
    edit = window.page.next_character.edit
    edit.setFocus()
    before = edit.raw_text()
    QTest.keyClick(edit, Qt.Key.Key_Backtab, SHIFT)
    assert window.focusWidget() is not edit
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_F6)
    assert not window.page.next_character.isAncestorOf(window.focusWidget())
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_F6, SHIFT)
    assert window.page.next_character.isAncestorOf(window.focusWidget())
    assert edit.raw_text() == before
    window.show_page("gradients")
    QTest.keyClick(window, Qt.Key.Key_E, CONTROL)
    assert window.shown_page() == "train"
    assert window.focusWidget() is edit
    parts = []
    window.top_bar.menu_button.setFocus()
    for _ in range(8):
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_F6)
        parts.append(area_of(window, window.focusWidget()))
    assert parts == [window.setup, *window.page.panels, window.transport, window.top_bar]


def picture(widget: QWidget, window: MainWindow) -> QImage:
    """The widget and a little around it, where some draw their ring."""
    corner = widget.mapTo(window, QPoint(0, 0)) - QPoint(3, 3)
    return (
        window.grab()
        .toImage()
        .copy(corner.x(), corner.y(), widget.width() + 6, widget.height() + 6)
    )


def test_the_focus_is_seen_wherever_it_is(window: MainWindow) -> None:
    for page in PAGES:
        show(window, page)
        seen = [w for w in tab_through(window) if not isinstance(w, (SeedEdit, SeedLine))]
        unseen = []
        for widget in seen:
            window.pages.focus_page()
            QApplication.processEvents()
            without = picture(widget, window)
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            QApplication.processEvents()
            if picture(widget, window) == without:
                unseen.append(described(widget))
        assert unseen == [], page


def test_a_label_is_dragged_and_double_clicked(qtbot: QtBot, window: MainWindow) -> None:
    view = window.controller.view
    assert view is not None
    window.runs.one_step()  # from now on what is edited waits
    qtbot.waitUntil(lambda: view.step == 1)
    row = window.setup.network.rows["batch_size"]
    label = row.caption
    button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mousePress(label, button, none, QPoint(2, 5))
    move_pointer(label, QPoint(2 + 31, 5), Qt.MouseButton.LeftButton)
    QTest.mouseRelease(label, button, none, QPoint(2 + 31, 5))
    assert window.setup.wanted.batch_size == 4 + 6
    assert window.registry["edit.undo"].text() == "Undo batch 10"
    QTest.mouseDClick(label, button, none, QPoint(2, 5))
    assert window.setup.wanted.batch_size == RunConfig().batch_size
    rate = window.setup.live.rate_row.caption
    QTest.mousePress(rate, button, none, QPoint(2, 5))
    move_pointer(rate, QPoint(2 - 26, 5), Qt.MouseButton.LeftButton)
    QTest.mouseRelease(rate, button, none, QPoint(2 - 26, 5))
    qtbot.waitUntil(lambda: view.in_force.learning_rate < 0.9 * SMALL.learning_rate)
    QTest.mouseDClick(rate, button, none, QPoint(2, 5))
    qtbot.waitUntil(lambda: view.in_force.learning_rate == SMALL.learning_rate)


def test_every_panel_has_its_name(window: MainWindow) -> None:
    panels = window.findChildren(Panel)
    assert len(panels) >= 12
    names = [panel.accessibleName() for panel in panels]
    assert all(names)
