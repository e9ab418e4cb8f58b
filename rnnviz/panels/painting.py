"""What several widgets paint by: for the screen or for keeps, with focus or without; a pin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QColor, QFocusEvent, QPainter
from PySide6.QtWidgets import QWidget

_kept = [False]


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
    """Whether a widget should mark that it has the keyboard's focus; asked when it is painted.

    Whoever has clicked on it knows; a frame around a whole plot would only distract.
    """
    watch = widget.findChild(_FocusWatch, options=Qt.FindChildOption.FindDirectChildrenOnly)
    if watch is None:
        watch = _FocusWatch(widget)
    return widget.hasFocus() and not watch.by_click and not _kept[0]


class _FocusWatch(QObject):
    """Remembers how the widget it belongs to got the focus."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.by_click = False
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QFocusEvent) and event.gotFocus():
            self.by_click = event.reason() == Qt.FocusReason.MouseFocusReason
        return False


def draw_pin(painter: QPainter, tip: QPointF, length: float, color: QColor) -> None:
    """A pointer to the right that ends at `tip`, so many pixels long."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawPolygon([tip, tip + QPointF(-length, -4.5), tip + QPointF(-length, 4.5)])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
