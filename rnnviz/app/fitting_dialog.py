"""A dialog that is as large as what it shows, or as the screen; then what it shows scrolls."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from rnnviz.panels.sizing import sized, tall
from rnnviz.panels.theme import px, themes

_FRAME = QSize(16, 40)  # pixels that a window manager puts around a window
_BAR = 12  # of a scroll bar


class FittingDialog(QDialog):
    """Stays open beside the training; Esc closes it. The content comes with `fill`."""

    def __init__(self, parent: QWidget | None, title: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setAccessibleName(title)
        self._foot = QHBoxLayout()
        self._foot.setContentsMargins(24, 8, 24, 16)
        self._foot.setSpacing(8)
        self._foot.addStretch(1)
        self.close_button = self.add_button(self.tr("Close"))
        self.close_button.setToolTip(self.tr("Close (Esc)"))
        self.close_button.setProperty("kind", "primary")
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.close)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._scroll, 1)
        outer.addLayout(self._foot)
        self._restyled = QTimer(self)
        self._restyled.setSingleShot(True)
        self._restyled.timeout.connect(self.fit)
        themes().changed.connect(self._theme_changed)

    def fill(self, content: QWidget) -> None:
        """What is shown above the buttons."""
        self._scroll.setWidget(content)
        content.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Type got its size, or words have changed."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._restyled.start(0)
        return super().eventFilter(watched, event)

    def add_button(self, words: str) -> QPushButton:
        """A button left of those there are."""
        button = QPushButton(words)
        tall(button, 32)
        sized(button, "width", lambda b: b.setMinimumWidth(px(96)))
        self._foot.insertWidget(1, button)
        return button

    def room(self) -> QSize:
        """The largest it can be on its screen."""
        return self.screen().availableSize() - _FRAME

    def fit(self) -> None:
        """Takes the size that its content asks for, if the screen has it."""
        content = self._scroll.widget()
        if content is None or not self.isVisible():
            return
        self.arrange()
        layout = content.layout()
        if layout is not None:
            layout.activate()
        asked, room = content.sizeHint(), self.room()
        foot = self._foot.sizeHint().height()
        high = asked.height() + foot > room.height()
        wanted = QSize(asked.width() + (_BAR if high else 0), asked.height() + foot)
        size = wanted.expandedTo(self._foot.sizeHint()).boundedTo(room)
        if size != self.size():
            self.resize(size)
            corner = self.screen().availableGeometry()
            frame = self.frameGeometry()
            frame.moveRight(min(frame.right(), corner.right()))
            frame.moveBottom(min(frame.bottom(), corner.bottom()))
            frame.moveLeft(max(frame.left(), corner.left()))
            frame.moveTop(max(frame.top(), corner.top()))
            self.move(frame.topLeft())
        # Keys scroll where there is something to scroll.
        can_scroll = asked.width() > size.width() or high
        focus = Qt.FocusPolicy.StrongFocus if can_scroll else Qt.FocusPolicy.NoFocus
        self._scroll.setFocusPolicy(focus)

    def _theme_changed(self) -> None:
        """Once all that is in it has its new size."""
        self._restyled.start(0)

    def arrange(self) -> None:
        """Before it is measured: lays the content out for `room`; overridden."""

    def showEvent(self, event: QShowEvent) -> None:
        """In its size, with the keys at Close."""
        super().showEvent(event)
        self.fit()
        self.close_button.setFocus()
