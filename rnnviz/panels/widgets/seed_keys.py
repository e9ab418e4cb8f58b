"""Which keys a seed field keeps and which it leaves to the window, for both of its forms."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from rnnviz.panels.widgets.undo_keys import left_to_window


def answered(event: QEvent) -> bool:
    """Answers who wants a key, if that is the question: Tab and Esc mean something in the field.

    The seed is one text on two pages, so undo is the window's, which has one history of it.
    """
    if (
        event.type() == QEvent.Type.ShortcutOverride
        and isinstance(event, QKeyEvent)
        and event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Escape)
    ):
        event.accept()
        return True
    return left_to_window(event)
