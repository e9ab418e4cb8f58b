"""Drags something over a window and drops it, as the mouse of a file manager does."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl, qVersion
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

# From Qt 6.12 on whole pixels are deprecated, before it they are all there is.
_FINE = tuple(map(int, qVersion().split(".")[:2])) >= (6, 12)


def drop(widget: QWidget, data: QMimeData, at: QPoint) -> bool:
    """Whether the widget took it; it is dropped only where it is welcome."""
    copy, button, keys = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    over = QDragEnterEvent(QPointF(at) if _FINE else at, copy, data, button, keys)
    QApplication.sendEvent(widget, over)
    if not over.isAccepted():
        return False
    event = QDropEvent(QPointF(at), copy, data, button, keys)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def drop_file(widget: QWidget, path: Path) -> bool:
    """Whether the widget took the file."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    return drop(widget, data, QPoint(300, 300))
