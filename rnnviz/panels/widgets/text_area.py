"""Plain text of several lines, out of which selected text can be dragged."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget


class TextArea(QPlainTextEdit):
    """QPlainTextEdit, where a drag that has ended has ended.

    The release of the button ends the drag and is never seen by the field it began in. Qt's own
    field, once the pointer was outside, then believes that the button is still held and soon begins
    the drag anew, with nothing in the hand.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._dragged = False

    def createMimeDataFromSelection(self) -> QMimeData:
        """Asked for at the begin of a drag (and for the clipboard)."""
        self._dragged = True
        return super().createMimeDataFromSelection()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Comes back from a drag when that is over."""
        self._dragged = False
        super().mouseMoveEvent(event)
        if not self._dragged:
            return
        selected = self.textCursor()
        self.mouseReleaseEvent(
            QMouseEvent(
                QEvent.Type.MouseButtonRelease,
                event.position(),
                event.globalPosition(),
                Qt.MouseButton.LeftButton,
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
            )
        )
        self.setTextCursor(selected)  # which a click would have given up
