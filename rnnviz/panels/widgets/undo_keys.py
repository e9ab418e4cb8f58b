"""The keys of undo and redo, which text fields would keep for themselves."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QKeyEvent, QKeySequence

_KEYS = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)


def is_undo_key(event: QEvent) -> bool:
    """Whether an event of a key asks to undo or to do again."""
    return isinstance(event, QKeyEvent) and any(event.matches(key) for key in _KEYS)


def left_to_window(event: QEvent) -> bool:
    """Takes the question whether a field wants an undo key, and answers no: the window does."""
    if event.type() != QEvent.Type.ShortcutOverride or not is_undo_key(event):
        return False
    event.ignore()
    return True
