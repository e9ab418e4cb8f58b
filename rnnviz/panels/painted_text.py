"""A text in cells of equal width, each painted with the colour of a value."""

from __future__ import annotations

import bisect
import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QEvent,
    QPointF,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.activation_colors import (
    color_image,
    text_opacity,
)
from rnnviz.panels.painting import shows_focus
from rnnviz.panels.theme import mono_font, theme, themes, ui_font
from rnnviz.text.vocabulary import symbol

MARGIN = 2  # cells for the return signs after a full line
_PARAGRAPH = 10  # pixels after an empty line


def broken_lines(text: str, columns: int) -> list[tuple[int, int]]:
    """Start and end of each line when at most so many characters fit, broken after spaces.

    A newline is the last character of its line, and the one of an empty line after it stands with
    it; they may stand in the margin, up to `MARGIN` beyond the rest.
    """
    lines, start = [], 0
    columns = max(columns, 1)
    while start < len(text):
        newline = text.find("\n", start, start + columns + 1)
        if newline >= 0:
            end = newline + 1
            if newline > start and text[end : end + 1] == "\n":
                end += 1
        elif len(text) - start <= columns:
            end = len(text)
        else:
            space = text.rfind(" ", start, start + columns)
            end = space + 1 if space > start else start + columns
        lines.append((start, end))
        start = end
    return lines


class PaintedText(QWidget):
    """A text in cells of equal width, each filled with the colour of a value."""

    pointed = Signal(int)  # the position under the mouse or the keys, -1 for none
    reveal = Signal(int, int)  # a point that should be in sight

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("The text, coloured by the unit"))
        self.empty = self.tr("No unit yet")
        self._text = ""
        self._values: NDArray[np.floating] = np.zeros(0)
        self._level, self._signed = 1.0, True
        self._lines: list[tuple[int, int]] = []
        self._tops: list[int] = []  # of each line, and where the next one would be
        self._at = -1
        themes().changed.connect(self._break)  # also where the width stays

    def show_values(
        self, text: str, values: NDArray[np.floating], level: float, signed: bool
    ) -> None:
        """Paints `text` with `values` (T,), one per character."""
        if text != self._text:
            self._at = -1
        self._text, self._values = text, values
        self._level, self._signed = level, signed
        self._break()
        self.update()

    def text(self) -> str:
        """What is painted."""
        return self._text

    def at(self) -> int:
        """The position pointed at, -1 for none."""
        return self._at

    def point(self, position: int) -> None:
        """Points at a position without `pointed`."""
        if position != self._at:
            self._at = position
            self.update()

    def _cell(self) -> tuple[float, int, int]:
        """Width of a cell, height of its colour, and the pitch of lines."""
        metrics = QFontMetricsF(mono_font("value"))
        width = metrics.horizontalAdvance("m")
        # Signs from other fonts can be wider; then all cells are.
        wide = [metrics.horizontalAdvance(c) for c in set(self._text) if ord(c) > 0x2FF]
        width = max([width, *wide])
        height = math.ceil(metrics.height())
        return width, height, height + 4

    def _break(self) -> None:
        width, _, pitch = self._cell()
        self._lines = broken_lines(self._text, int(self.width() // width) - MARGIN)
        self._tops = [0]
        for _, end in self._lines:
            gap = _PARAGRAPH if self._text[end - 2 : end] == "\n\n" else 0
            self._tops.append(self._tops[-1] + pitch + gap)
        self._take_height(self._tops[-1])

    def _take_height(self, height: int) -> None:
        """As high as the lines or as what it is seen through, and at once.

        A scroll area that is out of sight gives no smaller size until it is shown, and meanwhile
        the words of an empty text would stand in the middle of the lines that were there.
        """
        self.setMinimumHeight(height)
        around = self.parentWidget()
        if around is not None and self.height() > (right := max(height, around.height())):
            self.resize(self.width(), right)

    def cell_rect(self, position: int) -> QRectF:
        """Where a character is."""
        width, height, _ = self._cell()
        for (start, end), top in zip(self._lines, self._tops, strict=False):
            if start <= position < end:
                return QRectF((position - start) * width, top, width, height)
        return QRectF()

    def _position(self, point: QPointF) -> int:
        width, _, _ = self._cell()
        number = bisect.bisect_right(self._tops, point.y()) - 1
        column = int(point.x() // width)
        if not 0 <= number < len(self._lines) or column < 0:
            return -1
        start, end = self._lines[number]
        return start + column if start + column < end else -1

    def paintEvent(self, event: QPaintEvent) -> None:
        """Colours first, then the text, line by line; only what is to be painted."""
        painter = QPainter(self)
        colors = theme()
        if not self._text:
            painter.setFont(ui_font("body"))
            painter.setPen(colors.color("text-muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.empty)
            return
        width, height, pitch = self._cell()
        font = mono_font("value")
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        ascent = metrics.ascent()
        fixed = metrics.horizontalAdvance("i") == metrics.horizontalAdvance("m") == width
        for (start, end), top in zip(self._lines, self._tops, strict=False):
            if top > event.rect().bottom() or top + pitch < event.rect().top():
                continue
            values = self._values[np.newaxis, start:end]
            image = color_image(values, self._level, self._signed, text_opacity(self._signed))
            painter.drawImage(QRectF(0, top, (end - start) * width, height), image)
            line = self._text[start:end]
            painter.setPen(colors.color("text"))
            body = line.rstrip("\n")
            if body.isascii() and fixed:
                painter.drawText(QPointF(0, top + ascent), body)
            else:
                for column, character in enumerate(body):
                    if character != " ":
                        place = QPointF(column * width, top + ascent)
                        painter.drawText(place, symbol(character))
            if body != line:
                painter.setPen(colors.color("text-2"))
                painter.setFont(mono_font("tick"))
                for column in range(len(body), len(line)):
                    cell = QRectF(column * width, top, width, height)
                    painter.drawText(
                        cell, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip, "⏎"
                    )
                painter.setFont(font)
        if self._at >= 0:
            painter.setPen(QPen(colors.color("accent"), 2))
            painter.drawRect(self.cell_rect(self._at).adjusted(-1, 0, 0, 0))
        if shows_focus(self):
            painter.setPen(QPen(colors.color("accent"), 1))
            painter.drawRect(self.visibleRegion().boundingRect().adjusted(0, 0, -1, -1))

    def _point(self, position: int) -> None:
        if position != self._at:
            self._at = position
            self.update()
            self.pointed.emit(position)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Reads out the character under the mouse."""
        self._point(self._position(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Ends the read-out."""
        self._point(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right go from character to character, Home and End to the ends, Esc away."""
        last = len(self._text) - 1
        targets = {
            Qt.Key.Key_Left: max(self._at - 1, 0),
            Qt.Key.Key_Right: min(self._at + 1, last),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if self._at >= 0:
            targets[Qt.Key.Key_Escape] = -1
        target = targets.get(Qt.Key(event.key()))
        if target is None or last < 0:
            super().keyPressEvent(event)
            return
        self._point(target)
        if target >= 0:
            place = self.cell_rect(target).center()
            self.reveal.emit(round(place.x()), round(place.y()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lines break elsewhere."""
        super().resizeEvent(event)
        self._break()
