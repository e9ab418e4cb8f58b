"""Where Tab and F6 lead: the bar, Setup, the panels from left to right, the transport."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from rnnviz.panels.base import Panel

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow


def order_focus(window: MainWindow) -> None:
    """Makes Tab go through the window in this order, in each panel through the header first."""
    chain: list[QWidget] = []
    for area in areas(window, every_page=True):
        found = area.focus_order() if isinstance(area, Panel) else focusable(area)
        chain += [widget for widget in found if widget.window() is window]
    for before, after in pairwise(chain):
        QWidget.setTabOrder(before, after)


def focusable(area: QWidget) -> list[QWidget]:
    """What Tab stops at inside of a widget, in the order in which it was made."""
    return stops([area, *area.findChildren(QWidget)])


def stops(widgets: Iterable[QWidget]) -> list[QWidget]:
    """Those of some widgets at which Tab stops."""
    return [
        widget
        for widget in widgets
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
    ]


def areas(window: MainWindow, every_page: bool = False) -> Sequence[QWidget]:
    """The parts of the window in the order of reading."""
    pages = window.perspectives.items()
    shown = [page for name, page in pages if every_page or name == window.shown_page()]
    panels = [panel for page in shown for panel in page.in_reading_order()]
    return [window.top_bar, window.setup, window.rail, *panels, window.transport]


def go_to_area(window: MainWindow, direction: int) -> None:
    """The keys go to the next part of the window (1) or the one before (-1)."""
    parts = [
        part
        for part in areas(window)
        if part.isVisible() and part.window() is window and _first(part) is not None
    ]
    focused = QApplication.focusWidget()
    inside = [i for i, part in enumerate(parts) if focused and part.isAncestorOf(focused)]
    here = inside[0] if inside else -1 if direction > 0 else 0
    target = _first(parts[(here + direction) % len(parts)])
    if target is not None:
        target.setFocus(Qt.FocusReason.TabFocusReason)


def _first(area: QWidget) -> QWidget | None:
    found = area.focus_order() if isinstance(area, Panel) else focusable(area)
    return next((widget for widget in found if widget.isVisible() and widget.isEnabled()), None)
