"""The seed text in a few lines: what is typed there the network reads."""

from __future__ import annotations

import math
import re
from collections.abc import Container

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QInputMethodEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QTextEdit, QWidget

from rnnviz.panels.sizing import sized
from rnnviz.panels.theme import mono_font, pixels, theme
from rnnviz.panels.widgets.seed_keys import answered
from rnnviz.panels.widgets.text_area import TextArea

LONGEST_SEED = 10_000  # characters kept in the field
_RETURN_SIGN = "⏎"
_FLASH = 300  # milliseconds


class SeedEdit(TextArea):
    """A few lines of plain text; line ends are drawn, Tab writes on, Esc and Shift+Tab leave.

    With `known` characters set, others cannot be typed: the border flashes once. Pasted ones stay,
    marked by `set_unknown`.
    """

    write_on = Signal()  # Tab: append what the network would write
    refused = Signal(str)  # a typed character that is not known

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAccessibleName(self.tr("Seed text"))
        self.setToolTip(
            self.tr(
                "Seed text: the network reads it and says what comes next.\n"
                "Tab appends a character drawn from the bars, Esc leaves the field."
            )
        )
        self.setPlaceholderText(self.tr("Type seed text"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.document().setDocumentMargin(2)
        self.setCursorWidth(2)
        self.setUndoRedoEnabled(False)  # the window undoes, see event
        self.setTabChangesFocus(True)  # decides about Shift+Tab only, see focusNextPrevChild
        self._room = (0, 0)
        self._unknown: re.Pattern[str] | None = None
        self._known: Container[str] | None = None
        self._flash = QTimer(self)
        self._flash.setSingleShot(True)
        self._flash.setInterval(_FLASH)
        self._flash.timeout.connect(self.restyle)
        self.set_lines(2, 7)
        self.updateRequest.connect(self._view_changed)

    def restyle(self) -> None:
        """Font and fill; the application's style sheet sets those of ordinary fields."""
        self.setFont(mono_font("seed"))
        padding = self._room[1]
        sheet = (
            f"QPlainTextEdit {{ font-size: {pixels('seed')}px; "
            f"background: {theme().hex('surface-2')}; padding: {padding}px 8px; }} "
            f"QPlainTextEdit:focus {{ padding: {padding - 1}px 7px; }}"
        )
        if self._flash.isActive():
            sheet += (
                "QPlainTextEdit, QPlainTextEdit:focus "
                f"{{ border: 2px solid {theme().hex('danger')}; padding: {padding - 1}px 7px; }}"
            )
        self.setStyleSheet(sheet)
        self.mark_unknown()

    def set_lines(self, lines: int, padding: int) -> None:
        """How many lines are seen at once, and the pixels above and below them."""
        if (lines, padding) == self._room:
            return
        self._room = (lines, padding)
        self.restyle()
        sized(self, "height", lambda edit: edit.setFixedHeight(edit.height_of_lines()))
        self.ensureCursorVisible()

    def height_of_lines(self) -> int:
        """Pixels that the lines take with the font in force."""
        lines, padding = self._room
        line = math.ceil(QFontMetricsF(mono_font("seed")).lineSpacing())
        margin = 2 * round(self.document().documentMargin())
        # Qt scrolls unless there is a pixel more than the lines need.
        return int(lines * line + margin + 2 * padding + 3)

    def set_known(self, known: Container[str] | None) -> None:
        """The characters that can be typed; None: all."""
        self._known = known

    def flashing(self) -> bool:
        """Whether the border says that something was refused."""
        return self._flash.isActive()

    def _refuses(self, text: str) -> bool:
        """Whether a typed text has a character that is not known; says so."""
        known = self._known
        unknown = "" if known is None else next((c for c in text if c not in known), "")
        if unknown:
            self._flash.start()
            self.restyle()
            self.refused.emit(unknown)
        return bool(unknown)

    def raw_text(self) -> str:
        """The text with line ends as newlines and no-break spaces as they are."""
        return self.document().toRawText().replace("\u2029", "\n").replace("\u2028", "\n")

    def set_unknown(self, unknown: str) -> None:
        """The characters to mark from now on."""
        pattern = re.compile("[" + re.escape(unknown) + "]+") if unknown else None
        if pattern != self._unknown:
            self._unknown = pattern
            self.mark_unknown()

    def mark_unknown(self) -> None:
        """Underlines the unknown characters in sight; marking all of a long text would be slow."""
        marks = []
        if self._unknown is not None:
            style = QTextCharFormat()
            style.setForeground(theme().color("danger"))
            style.setBackground(theme().color("danger-soft"))
            style.setFontUnderline(True)
            style.setUnderlineColor(theme().color("danger"))
            corner = self.viewport().rect().bottomRight()
            first = self.cursorForPosition(QPoint(0, 0)).position()
            seen = QTextCursor(self.document())
            seen.setPosition(first)
            seen.setPosition(
                self.cursorForPosition(corner).position(), QTextCursor.MoveMode.KeepAnchor
            )
            text = seen.selectedText()
            for found in self._unknown.finditer(text):
                mark = QTextEdit.ExtraSelection()
                cursor = QTextCursor(self.document())
                # Qt counts UTF-16 units, Python characters.
                start = first + _units(text[: found.start()])
                cursor.setPosition(start)
                cursor.setPosition(start + _units(found.group()), QTextCursor.MoveMode.KeepAnchor)
                mark.cursor, mark.format = cursor, style
                marks.append(mark)
        if marks or self.extraSelections():
            self.setExtraSelections(marks)

    def _view_changed(self, _: QRect, scrolled: int) -> None:
        if scrolled:
            self.mark_unknown()

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Pastes the plain text, of very long ones the end."""
        if source.hasText():
            text = source.text()[-2 * LONGEST_SEED - 2 :]  # line ends may be two characters
            text = text.replace("\r\n", "\n").replace("\r", "\n")
            # One more than fits, so that it is noticed that not all of it does.
            text = text[-LONGEST_SEED - 1 :]
            self.insertPlainText(text)
            self.ensureCursorVisible()

    def event(self, event: QEvent) -> bool:
        """Keeps the keys that mean something here from the window's shortcuts."""
        return answered(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Tab writes on, Esc leaves; the rest is typing."""
        if event.key() == Qt.Key.Key_Tab and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.write_on.emit()
        elif event.key() == Qt.Key.Key_Tab:  # with Ctrl: Tab as in every other field
            super().focusNextPrevChild(True)
        elif event.key() == Qt.Key.Key_Escape:
            self.clearFocus()
        elif not self._refuses(_typed(event)):
            super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """What an input method has put together is typed as well."""
        if self._refuses(event.commitString()):
            event = QInputMethodEvent("", [])  # ends the composition
        super().inputMethodEvent(event)

    def focusNextPrevChild(self, next_child: bool) -> bool:
        """Shift+Tab goes back; Tab is for writing on."""
        return False if next_child else super().focusNextPrevChild(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What is being typed stays in sight."""
        super().resizeEvent(event)
        self.ensureCursorVisible()
        self.mark_unknown()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, then a muted return sign at every line end that belongs to the text."""
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        painter.setFont(mono_font("seed"))
        painter.setPen(theme().color("text-muted"))
        block = self.firstVisibleBlock()
        offset = self.contentOffset()
        bottom = self.viewport().height()
        while block.isValid() and block.next().isValid():
            area = self.blockBoundingGeometry(block).translated(offset)
            if area.top() > bottom:
                break
            layout = block.layout()
            if layout.lineCount():
                line = layout.lineAt(layout.lineCount() - 1)
                x = area.left() + line.naturalTextRect().right() + 3
                x = min(x, self.viewport().width() - 12.0)
                baseline = area.top() + line.y() + line.ascent()
                painter.drawText(QPointF(x, baseline), _RETURN_SIGN)
            block = block.next()


def _typed(event: QKeyEvent) -> str:
    """What a key press would insert; empty for keys that do something else."""
    if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        return "\n"
    modifiers = event.modifiers()
    held = Qt.KeyboardModifier
    # AltGr is Ctrl+Alt on some systems; either alone makes a shortcut of the key.
    command = bool(modifiers & held.ControlModifier) != bool(modifiers & held.AltModifier)
    return "" if command or not event.text().isprintable() else event.text()


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
