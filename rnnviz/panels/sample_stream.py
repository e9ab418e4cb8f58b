"""All samples of a run below each other, as a text that follows its end."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QFontMetricsF,
    QResizeEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QPushButton, QWidget

from rnnviz.panels.sample_text import heading, visible
from rnnviz.panels.theme import mono_font, pixels, theme
from rnnviz.panels.widgets.text_area import TextArea
from rnnviz.session.frames import Sample

MOST_SAMPLES = 2_000  # kept in the stream
_END_TRIES = 5
_LINE_SEPARATOR = "\u2028"


class SampleStream(TextArea):
    """All samples in order. Follows the end while the end is in sight, else stays where it is.

    A sample is two blocks: its heading, and its text with line separators for line ends.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setAccessibleName(self.tr("All samples in order"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDocumentMargin(0)
        self._samples: list[Sample] = []  # in the document
        self._read = 0  # how many samples of the run were taken
        self._below = 0
        self.button = QPushButton(self)
        self.button.setAccessibleName(self.tr("Go to the newest sample"))
        self.button.setToolTip(self.tr("Go to the newest sample, and follow those that come"))
        self.button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.button.hide()
        self.button.clicked.connect(self.jump_down)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.restyle()

    def restyle(self) -> None:
        """Takes fonts and colours of the theme in force."""
        self.setFont(mono_font("sample"))
        self.setStyleSheet(
            f"QPlainTextEdit {{ border: 0; padding: 0; background: transparent; "
            f"font-size: {pixels('sample')}px; }} "
            f"QPlainTextEdit:focus {{ border: 0; padding: 0; }}"
        )
        if self._samples:
            self._rebuild()

    def clear_samples(self) -> None:
        """Forgets everything."""
        self.clear()
        self._samples, self._read = [], 0
        self._set_below(0)

    def show_samples(self, samples: Sequence[Sample]) -> None:
        """Appends the samples added since the last call."""
        new = list(samples[self._read :])
        if not new:
            return
        self._read = len(samples)
        follow = self.at_end()
        self._append(new[-MOST_SAMPLES:], follow)
        if follow:
            self.jump_down()
        else:
            self._set_below(self._below + len(new))

    def at_end(self) -> bool:
        """Whether the newest line is in sight."""
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum()

    def below(self) -> int:
        """Samples that came since the user scrolled back."""
        return self._below

    def samples(self) -> list[Sample]:
        """What the document holds."""
        return self._samples

    def jump_down(self) -> None:
        """To the newest sample, and follows again."""
        # Qt breaks lines only when it first needs them, and till then counts a block as one line:
        # the end moves as it is approached.
        bar = self.verticalScrollBar()
        for _ in range(_END_TRIES):
            bar.setValue(bar.maximum())
            self._break_lines()
            if self.at_end():
                break
        self._set_below(0)

    def _break_lines(self) -> None:
        """Breaks the lines of all blocks from the first one in sight to the last."""
        block = self.firstVisibleBlock()
        while block.isValid():
            self.blockBoundingRect(block)
            block = block.next()

    def show_sample(self, sample: Sample) -> None:
        """Scrolls so that a sample's heading is the first line."""
        for place, held in enumerate(self._samples):
            if held is sample:
                # A heading begins with an empty line, but for the first.
                self._scroll_to(self.document().findBlockByNumber(2 * place), int(place > 0))
                return

    def _scroll_to(self, block: QTextBlock, line: int) -> None:
        self.blockBoundingRect(block)  # breaks its lines
        self.verticalScrollBar().setValue(block.firstLineNumber() + line)

    def _top(self) -> tuple[QTextCursor, int]:
        """The first line in sight: a cursor that moves with its block, and the line in that."""
        block = self.firstVisibleBlock()
        return QTextCursor(block), self.verticalScrollBar().value() - block.firstLineNumber()

    def _append(self, new: list[Sample], follow: bool) -> None:
        excess = max(len(self._samples) + len(new) - MOST_SAMPLES, 0)
        anchor, line = self._top()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        if excess >= len(self._samples):
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.removeSelectedText()
            self._samples = []
        elif excess:
            keep = self.document().findBlockByNumber(2 * excess)
            cursor.setPosition(keep.position(), QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            del self._samples[:excess]
        self._write(cursor, new)
        cursor.endEditBlock()
        self._samples += new
        if excess and not follow:
            self._scroll_to(anchor.block(), line if anchor.position() else 0)

    def _write(self, cursor: QTextCursor, new: list[Sample]) -> None:
        colors = theme()
        head, body, bad = QTextCharFormat(), QTextCharFormat(), QTextCharFormat()
        head.setFont(mono_font("sample"))
        head.setForeground(colors.color("text-muted"))
        body.setFont(mono_font("sample"))
        body.setForeground(colors.color("text"))
        bad.setFont(mono_font("sample"))
        bad.setForeground(colors.color("danger"))
        plain = QTextBlockFormat()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        for sample in new:
            gap = ""
            if self._samples or sample is not new[0]:
                cursor.insertBlock(plain, head)
                gap = _LINE_SEPARATOR
            cursor.insertText(gap + heading(sample), head)
            cursor.insertBlock(plain, body)
            text = visible(sample.text).strip("\n").replace("\n", _LINE_SEPARATOR)
            if text:
                cursor.insertText(text + (_LINE_SEPARATOR if sample.problem else ""), body)
            if sample.problem:
                cursor.insertText(sample.problem, bad)

    def _rebuild(self) -> None:
        """Writes everything again, in place."""
        follow = self.at_end()
        anchor, line = self._top()
        number, below = anchor.blockNumber(), self._below
        held, self._samples = self._samples, []
        self.clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        self._write(cursor, held)
        cursor.endEditBlock()
        self._samples = held
        if follow:
            self.jump_down()
        else:
            self._scroll_to(self.document().findBlockByNumber(number), line)
            self._set_below(below)

    def _scrolled(self) -> None:
        if self._below and self.at_end():
            self._set_below(0)

    def _set_below(self, count: int) -> None:
        self._below = count
        self.button.setVisible(count > 0)
        if count:
            self.button.setText(self.tr("{0} new below").format(f"{count:,}"))
            self._place_button()

    def _place_button(self) -> None:
        self.button.adjustSize()
        self.button.move(
            self.width() - self.button.width() - 18, self.height() - self.button.height() - 4
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keeps following, and the button in its corner."""
        follow = self.at_end()
        super().resizeEvent(event)
        pitch = math.ceil(QFontMetricsF(mono_font("sample")).lineSpacing())
        # Whole lines only: what is left over is a margin. Qt wants a pixel more than they need.
        self.setViewportMargins(0, 0, 0, (self.height() - 1) % pitch)
        if follow:
            self.jump_down()
        self._place_button()
