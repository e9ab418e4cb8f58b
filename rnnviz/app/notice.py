"""The bar that tells what went wrong and what to press; one message at a time, never a dialog."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QToolButton,
    QWidget,
)

from rnnviz.panels.sizing import margins, spacing, square, tall
from rnnviz.panels.theme import gap, icon, icon_pixels, icon_pixmap, row, theme, themes

_PASSING = 5000  # milliseconds


class Notice(QFrame):
    """Hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = "info"
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        line = QHBoxLayout(self)
        margins(line, 12, 6, 6, 6)
        spacing(line, 8)
        self._icon = QLabel()
        self._words = QLabel()
        # Names of files and characters of texts may look like markup; they are shown as they are.
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words.setAccessibleName(self.tr("Message"))
        self._buttons = QHBoxLayout()
        spacing(self._buttons, 8)
        self._close = QToolButton()
        square(self._close, 24)
        self._close.setToolTip(self.tr("Close this message"))
        self._close.setAccessibleName(self.tr("Close this message"))
        self._close.clicked.connect(self.dismiss)
        line.addWidget(self._icon)
        line.addWidget(self._words, 1)
        line.addLayout(self._buttons)
        line.addWidget(self._close)
        themes().changed.connect(self._apply_theme)
        self.hide()

    def say(
        self,
        words: str,
        kind: str = "danger",
        actions: Sequence[tuple[str, Callable[[], None]]] = (),
        *,
        passing: bool = False,
    ) -> None:
        """Shows a sentence, kind danger, warn or info, with a button for each action.

        A `passing` one leaves by itself after a while.
        """
        self._timer.stop()
        if passing:
            self._timer.start(_PASSING)
        take_widgets_away(self._buttons)
        self._kind = kind
        self._words.setText(words)
        self.setAccessibleName(words)
        self._words.setAccessibleName(words)
        for label, act in actions:
            button = QPushButton(label)
            tall(button, 28)
            button.clicked.connect(self.dismiss)
            button.clicked.connect(act)
            self._buttons.addWidget(button)
            button.show()  # at once, also in a bar that is in sight already
        self.setProperty("banner", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self._apply_theme()
        self.place()
        self.show()
        self.raise_()

    def place(self) -> None:
        """Lies over the top of the widget it belongs to, so that nothing below it moves."""
        parent = self.parentWidget()
        if parent is not None:
            # Not the layout's heightForWidth: it gives the words too little of the width.
            taken = sum(button.sizeHint().width() + gap(8) for button in self.buttons())
            # Icon, gaps and the button that closes.
            taken += gap(12 + 8 + 8 + 8 + 6) + icon_pixels() + row(24)
            words = max(parent.width() - taken, 80)
            height = max(self._words.heightForWidth(words) + gap(12), row(40))
            self.setGeometry(0, 0, parent.width(), min(height, parent.height()))

    def words(self) -> str:
        """What is shown; empty while hidden."""
        return "" if self.isHidden() else self._words.text()

    def buttons(self) -> list[QPushButton]:
        """The action buttons shown."""
        return [button for button in self.findChildren(QPushButton) if not button.isHidden()]

    def dismiss(self) -> None:
        """Hides the bar."""
        self.hide()

    def _apply_theme(self) -> None:
        token = {"danger": "danger", "warn": "warn"}.get(self._kind, "text-2")
        name = "info" if self._kind == "info" else "warning"
        self._icon.setPixmap(icon_pixmap(name, theme().color(token)))
        self._close.setIcon(icon("close"))
        if not self.isHidden():
            self.place()


def take_widgets_away(layout: QLayout) -> None:
    """Empties a layout; its widgets are gone at once and deleted later, for one may be at work."""
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()
