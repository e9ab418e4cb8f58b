"""Tooltips that depend on what is under the mouse, for widgets that paint many things."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip, QWidget


def shows_tip(event: QEvent, widget: QWidget, tip_at: Callable[[QPointF], str]) -> bool:
    """Whether an event asked for a tooltip, which is then shown; an empty one takes it away.

    For `QWidget.event`; the point given to `tip_at` is in pixels of the widget.
    """
    if event.type() != QEvent.Type.ToolTip or not isinstance(event, QHelpEvent):
        return False
    QToolTip.showText(event.globalPos(), tip_at(QPointF(event.pos())), widget)
    return True
