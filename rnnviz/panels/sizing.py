"""Sizes of widgets that hold text, kept in proportion when the type scale or lecture mode changes.

Widgets give the sizes they were designed with once; the rest happens here, before
`themes().changed` reaches anybody, so that whoever answers it finds everything in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, QSize
from PySide6.QtWidgets import QAbstractButton, QBoxLayout, QLayout, QWidget
from shiboken6 import isValid

from rnnviz.panels.theme import gap, icon_pixels, px, row, themes

Thing = TypeVar("Thing", bound=QObject)

_rules: WeakKeyDictionary[QObject, dict[str, Callable[[], None]]] = WeakKeyDictionary()


def sized(thing: Thing, name: str, rule: Callable[[Thing], None]) -> None:
    """Applies a rule to a widget or layout now and whenever sizes change.

    A later rule of the same name takes the place of an earlier one. The rule must not hold on to
    the thing itself.
    """
    if not _rules:
        themes().resizing.connect(_apply)
    _rules.setdefault(thing, {})[name] = rule  # type: ignore[assignment]
    rule(thing)


def tall(widget: QWidget, height: float, lines: int = 1) -> None:
    """A fixed height that holds so many lines of text."""
    sized(widget, "height", lambda w: w.setFixedHeight(row(height, lines)))


def wide(widget: QWidget, width: float) -> None:
    """A fixed width that holds words or figures."""
    sized(widget, "width", lambda w: w.setFixedWidth(px(width)))


def square(button: QWidget, side: float, icon: float = 16) -> None:
    """A button with nothing but an icon."""

    def rule(w: QWidget) -> None:
        w.setFixedSize(row(side), row(side))
        if isinstance(w, QAbstractButton):
            w.setIconSize(QSize(icon_pixels(icon), icon_pixels(icon)))

    sized(button, "size", rule)


def icons(button: QAbstractButton, size: float = 16) -> None:
    """The size of a button's icon beside words."""
    sized(button, "icon", lambda b: b.setIconSize(QSize(icon_pixels(size), icon_pixels(size))))


def margins(layout: QLayout, left: float, top: float, right: float, bottom: float) -> None:
    """Margins, wider in lectures only: larger type needs the room for itself."""
    sized(
        layout,
        "margins",
        lambda box: box.setContentsMargins(gap(left), gap(top), gap(right), gap(bottom)),
    )


def spacing(layout: QBoxLayout, pixels: float) -> None:
    """What is between the items, wider in lectures only."""
    sized(layout, "spacing", lambda box: box.setSpacing(gap(pixels)))


def _apply() -> None:
    for thing, rules in list(_rules.items()):
        if isValid(thing):
            for rule in list(rules.values()):
                rule(thing)  # type: ignore[call-arg]
