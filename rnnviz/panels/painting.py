"""What several widgets paint by: for the screen or for keeps, with focus or without; a pin."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QApplication, QWidget

_kept = [False]
_clicked: list[weakref.ref[QWidget] | None] = []  # has the focus from a click, if any; one entry


@contextmanager
def for_keeps() -> Iterator[None]:
    """While a picture is taken: no marks of the keyboard's focus, text as text."""
    before, _kept[0] = _kept[0], True
    try:
        yield
    finally:
        _kept[0] = before


def is_for_keeps() -> bool:
    """Whether what is drawn ready-made for the screen should be drawn anew."""
    return _kept[0]


def shows_focus(widget: QWidget) -> bool:
    """Whether a widget should mark that it has the keyboard's focus.

    Whoever has clicked on it knows; a frame around a whole plot would only distract.
    """
    if not _clicked:
        _clicked.append(None)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(_focus_changed)
    by_click = _clicked[0] is not None and _clicked[0]() is widget
    return widget.hasFocus() and not by_click and not _kept[0]


def _focus_changed(_: QWidget | None, now: QWidget | None) -> None:
    pressed = QApplication.mouseButtons() != Qt.MouseButton.NoButton
    _clicked[0] = weakref.ref(now) if now is not None and pressed else None


def draw_pin(painter: QPainter, tip: QPointF, length: float, color: QColor) -> None:
    """A pointer to the right that ends at `tip`, so many pixels long."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawPolygon([tip, tip + QPointF(-length, -4.5), tip + QPointF(-length, 4.5)])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
