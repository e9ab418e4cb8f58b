"""The card below a panel's "?": two sentences on what it shows and how to read it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from rnnviz.panels.theme import px

_WIDTH = 340  # pixels of the words
_GAP = 4
_CLOSING = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class Explanation(QFrame):
    """Closes at Esc, Enter, Space or a click anywhere, and leaves nothing behind."""

    def __init__(self, title: str, words: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("card", True)
        self.setAccessibleName(title)
        self.setAccessibleDescription(words)
        heading = QLabel(title)
        heading.setProperty("role", "title")
        self.text = QLabel(words)
        for label in (heading, self.text):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.text.setFixedWidth(px(_WIDTH))
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 12, 16, 14)
        box.setSpacing(6)
        box.addWidget(heading)
        box.addWidget(self.text)

    def show_at(self, corner: QPoint) -> None:
        """Opens with its upper right corner there, or as near as the screen has room for it."""
        self.move(corner)
        self.show()  # its size is known only now
        frame = QRect(corner - QPoint(self.width() - 1, 0), self.size())
        screen = QGuiApplication.screenAt(corner) or QGuiApplication.primaryScreen()
        room = screen.availableGeometry()
        frame.moveRight(min(frame.right(), room.right()))
        frame.moveLeft(max(frame.left(), room.left()))
        frame.moveBottom(min(frame.bottom(), room.bottom()))
        frame.moveTop(max(frame.top(), room.top()))
        self.move(frame.topLeft())
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Has been read."""
        if event.key() in _CLOSING:
            self.close()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: object) -> None:
        """Has been read."""
        self.close()


def explain(title: str, words: str, below: QWidget) -> Explanation:
    """Opens the card below a button."""
    card = Explanation(title, words, below.window())
    card.show_at(below.mapToGlobal(QPoint(below.width(), below.height() + _GAP)))
    return card
