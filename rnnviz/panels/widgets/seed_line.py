"""The seed text in one line: newlines are return signs, Tab writes on, Enter writes a newline."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from rnnviz.panels.theme import mono_font, pixels, themes
from rnnviz.panels.widgets.seed_keys import answered
from rnnviz.panels.widgets.undo_keys import is_undo_key

_RETURN_SIGN = "⏎"


class SeedLine(QLineEdit):
    """Emits `changed` with the text as the network reads it, when the user or a key changed it."""

    changed = Signal(str)
    write_on = Signal()  # Tab: append what the network would write

    def __init__(self, longest: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMaxLength(longest)
        self.setAccessibleName(self.tr("Seed text"))
        self.setPlaceholderText(self.tr("Type a few words"))
        self.setToolTip(
            self.tr(
                "Seed text: the network reads it and says what it expected.\n"
                "Enter writes a newline, Tab a character the network chooses, Esc leaves the field."
            )
        )
        self._silent = False
        self.textChanged.connect(self._text_changed)
        themes().changed.connect(self.restyle)
        self.restyle()

    def restyle(self) -> None:
        """Font of the theme; the style sheet sets that of ordinary fields."""
        self.setFont(mono_font("seed"))
        self.setStyleSheet(f"QLineEdit {{ font-size: {pixels('seed')}px; }}")

    def raw_text(self) -> str:
        """The text with newlines as newlines."""
        return self.text().replace(_RETURN_SIGN, "\n")

    def show_text(self, text: str) -> None:
        """Shows a text, of a long one the end, without `changed`; the cursor goes to its end."""
        if text != self.raw_text():
            self._silent = True
            self.setText(text[-self.maxLength() :].replace("\n", _RETURN_SIGN))
            self._silent = False

    def replace_text(self, text: str) -> None:
        """Puts another text in the place of all there is; undo brings the old one back."""
        self.selectAll()
        self.insert(text[-self.maxLength() :].replace("\n", _RETURN_SIGN))

    def append(self, text: str) -> None:
        """Writes at the end; what no longer fits is dropped at the beginning."""
        whole = self.text() + text.replace("\n", _RETURN_SIGN)
        if len(whole) > self.maxLength():
            self.replace_text(whole)
            return
        self.end(False)
        self.insert(whole[len(self.text()) :])

    def set_bad(self, bad: bool) -> None:
        """Whether there are characters the network does not know."""
        state = "bad" if bad else ""
        if self.property("state") != state:
            self.setProperty("state", state)
            self.style().unpolish(self)
            self.style().polish(self)

    def _text_changed(self, text: str) -> None:
        if "\n" in text or "\r" in text:  # a paste
            place = self.cursorPosition()
            plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", _RETURN_SIGN)
            self.setText(plain)
            self.setCursorPosition(place - (len(text) - len(plain)))
        elif not self._silent:
            self.changed.emit(self.raw_text())

    def event(self, event: QEvent) -> bool:
        """Keeps the keys that mean something here from the window's shortcuts."""
        return answered(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Tab writes on, Enter is a newline, Esc leaves; the rest is typing."""
        if event.key() == Qt.Key.Key_Tab and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.write_on.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.insert(_RETURN_SIGN)
        elif event.key() == Qt.Key.Key_Tab:  # with Ctrl: Tab as in every other field
            super().focusNextPrevChild(True)
        elif event.key() == Qt.Key.Key_Escape:
            self.clearFocus()
        elif is_undo_key(event):
            event.ignore()  # there was nothing to undo
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, next_child: bool) -> bool:
        """Shift+Tab goes back; Tab is for writing on."""
        return False if next_child else super().focusNextPrevChild(False)
