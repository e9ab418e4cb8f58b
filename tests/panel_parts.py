"""The parts of a panel's frame, found by what a user sees or a screen reader says of them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QWidget

from rnnviz.panels.base import ElidedLabel, Panel


def title_label(panel: Panel) -> ElidedLabel:
    """The label at the left of the header."""
    return _label(panel, "title")


def clause_label(panel: Panel) -> ElidedLabel:
    """The muted words beside the title."""
    return _label(panel, "muted")


def header(panel: Panel) -> QWidget:
    """What the title stands in."""
    found = title_label(panel).parentWidget()
    assert found is not None
    return found


def help_button(panel: Panel) -> QToolButton:
    """The "?", also where it is hidden."""
    return _button(panel, ": what it shows")


def menu_button(panel: Panel) -> QToolButton:
    """The "…"."""
    return _button(panel, ": more")


def _label(panel: Panel, role: str) -> ElidedLabel:
    near = Qt.FindChildOption.FindDirectChildrenOnly
    labels = [
        label
        for part in panel.findChildren(QWidget, options=near)
        for label in part.findChildren(ElidedLabel, options=near)
    ]
    [found] = [label for label in labels if label.property("role") == role]
    return found


def _button(panel: Panel, name: str) -> QToolButton:
    buttons = panel.findChildren(QToolButton)
    [found] = [button for button in buttons if button.accessibleName().endswith(name)]
    return found
