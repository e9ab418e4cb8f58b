"""What the network had expected at the last characters typed, in a few low rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.activation_colors import ink_on
from rnnviz.panels.theme import Theme, mono_font, px, theme, ui_font
from rnnviz.probes.expectations import Expectations, expectations_of
from rnnviz.probes.reading import Reading
from rnnviz.text.vocabulary import Vocabulary, describe, symbol

GUESSES = 3
_COLUMN = 25  # pixels, at least
_MOST_COLUMNS = 32
_SHADE = 0.62  # cells are shaded by p to this power, so that small differences are seen
_FULL = 8.0  # bits that fill the cell of the surprisal


def expectations_at_end(
    reading: Reading, vocabulary: Vocabulary, columns: int
) -> Expectations | None:
    """Those of the last characters read; None when there are none.

    The first character of a whole text has nothing before it, so nothing is said of it.
    """
    count = min(len(reading.text) - (0 if reading.skipped else 1), columns)
    count = min(count, len(reading.text) - 1)
    if count < 1:
        return None
    part = Reading(reading.text[-count:], reading.skipped, (), reading.logits[:, -count:])
    before: NDArray[np.float64] = reading.logits[:, -count - 1]
    return expectations_of(part, before, vocabulary, GUESSES)


@lru_cache(maxsize=256)
def _guess(
    character: str, percent: int, width: int, height: int, ratio: float, colors: Theme
) -> QPixmap:
    """A guess on its shade, drawn once: many cells look the same."""
    pixmap = QPixmap(round(width * ratio), round(height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    fill = colors.mixed("train", "surface-2", (max(percent, 0.3) / 100) ** _SHADE)
    pixmap.fill(fill)
    painter = QPainter(pixmap)
    painter.setFont(mono_font("label"))
    painter.setPen(ink_on(fill))
    align = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip
    painter.drawText(QRectF(0, 0, width, height), align, symbol(character))
    painter.end()
    return pixmap


@dataclass(frozen=True, slots=True)
class _Measures:
    """Pixels at the present size of widget and type; measuring words takes long."""

    gutter: int  # at the left, for the names of the rows
    columns: int  # that fit
    column: int
    row: int
    bar: int  # of `_FULL` bits


class SurpriseStrip(QWidget):
    """A column per character: its surprisal in bits, the character, and the best guesses.

    The character that came is outlined among the guesses.
    """

    readout_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(self.tr("Surprisal of the last characters"))
        self.rows = 1  # of guesses
        self._found: Expectations | None = None
        self._at = -1  # column under the mouse
        self._measures: _Measures | None = None
        self.set_rows(1)

    def set_rows(self, rows: int) -> None:
        """How many guesses are shown of each column."""
        self.rows = rows
        self._measures = None
        measures = self._measured()
        self.setFixedHeight(measures.bar + (2 + rows) * measures.row + 6)
        self.update()

    def apply_theme(self) -> None:
        """Takes sizes and colours of the theme in force."""
        self.set_rows(self.rows)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(400, self.height())

    def minimumSizeHint(self) -> QSize:
        """May be narrow."""
        return QSize(60, self.height())

    # What it shows.

    def capacity(self) -> int:
        """Columns that fit; depends on the width alone."""
        return self._measured().columns

    def show_expectations(self, found: Expectations | None) -> None:
        """Those of at most `capacity` characters."""
        self._found = found
        words = ""
        if found is not None and math.isfinite(found.surprisal[-1]):
            words = self.tr("{0}: surprisal {1} bits").format(
                describe(found.text[-1]), f"{found.surprisal[-1]:.1f}"
            )
        self.setAccessibleDescription(words)
        self.readout_changed.emit(self.readout())
        self.update()

    def found(self) -> Expectations | None:
        """What is shown."""
        return self._found

    def readout(self) -> str:
        """The column under the mouse in words; empty without one."""
        found = self._found
        if found is None or not 0 <= self._at < len(found.text):
            return ""
        at = self._at
        if found.guesses[0, at] < 0:
            return self.tr("{0}: the output was not a number").format(describe(found.text[at]))
        best = describe(found.characters[found.guesses[0, at]])
        return self.tr("{0}: {1} bits, no. {2} of the guesses; the first was {3}, {4}").format(
            describe(found.text[at]),
            f"{found.surprisal[at]:.2f}",
            f"{found.ranks[at]:,}",
            best,
            f"{100 * found.chances[0, at]:.0f}%",
        )

    # Geometry.

    def _measured(self) -> _Measures:
        if self._measures is None:
            words = QFontMetrics(ui_font("tick"))
            gutter = max(words.horizontalAdvance(word) for word in self._names()) + 8
            room = max(self.width() - gutter, 1)
            columns = max(min(room // px(_COLUMN), _MOST_COLUMNS), 1)
            row = QFontMetrics(mono_font("label")).height() + 2
            self._measures = _Measures(gutter, columns, room // columns, row, px(13))
        return self._measures

    def _names(self) -> tuple[str, str, str]:
        return self.tr("bits"), self.tr("read"), self.tr("guess")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other columns may fit."""
        super().resizeEvent(event)
        self._measures = None

    def column_rect(self, column: int) -> QRectF:
        """All rows of a column."""
        measures = self._measured()
        left = measures.gutter + column * measures.column
        return QRectF(left, 0, measures.column, self.height())

    def cell_rect(self, column: int, row: int) -> QRectF:
        """Row 0 is the surprisal, 1 the character, 2 and on the guesses."""
        measures = self._measured()
        left = measures.gutter + column * measures.column
        top = measures.bar + row * measures.row + (2 if row > 1 else 0)
        return QRectF(left + 1, top, measures.column - 2, measures.row - (2 if row > 1 else 0))

    def bar_rect(self, column: int) -> QRectF:
        """The bar above a number, as high as it has bits."""
        bits = 0.0 if self._found is None else float(self._found.surprisal[column])
        whole, full = self.column_rect(column), self._measured().bar - 1
        high = round(min(bits / _FULL, 1.0) * full) if math.isfinite(bits) else 0
        return QRectF(whole.left() + 2, full - high, whole.width() - 4, high)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names of the rows, then the columns."""
        painter = QPainter(self)
        colors, found = theme(), self._found
        painter.fillRect(event.rect(), colors.color("surface"))
        painter.setFont(ui_font("tick"))
        painter.setPen(colors.color("text-muted"))
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        gutter = self._measured().gutter
        for row, words in enumerate(self._names()):
            rect = self.cell_rect(0, row)
            painter.drawText(QRectF(0, rect.top(), gutter, rect.height()), left, words)
        if found is None:
            words = self.tr("Surprisal of each character, once two are typed")
            rect = self.cell_rect(0, 0)
            painter.drawText(QRectF(rect.left(), rect.top(), 999, rect.height()), left, words)
            return
        if 0 <= self._at < len(found.text):
            painter.fillRect(self.column_rect(self._at), colors.color("surface-3"))
        ratio = painter.device().devicePixelRatio()
        bar = colors.mixed("train", "surface", 0.8)
        for column in range(len(found.text)):
            self._paint_guesses(painter, found, column, ratio)
            painter.fillRect(self.bar_rect(column), bar)
        center = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip
        painter.setFont(mono_font("tick"))
        painter.setPen(colors.color("text"))
        for column in range(len(found.text)):
            bits = float(found.surprisal[column])
            words = "NaN" if not math.isfinite(bits) else f"{bits:.1f}" if bits < 9.95 else "10+"
            painter.drawText(self.cell_rect(column, 0), center, words)
        painter.setFont(mono_font("label", medium=True))
        for column, character in enumerate(found.text):
            painter.drawText(self.cell_rect(column, 1), center, symbol(character))

    def _paint_guesses(
        self, painter: QPainter, found: Expectations, column: int, ratio: float
    ) -> None:
        if found.guesses[0, column] < 0:
            return
        for row in range(min(self.rows, len(found.guesses))):
            rect = self.cell_rect(column, 2 + row)
            cell = _guess(
                found.characters[found.guesses[row, column]],
                round(100 * float(found.chances[row, column])),
                round(rect.width()),
                round(rect.height()),
                ratio,
                theme(),
            )
            painter.drawPixmap(rect.topLeft(), cell)
            if found.ranks[column] == row + 1:
                painter.setPen(QPen(theme().color("text"), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(rect.adjusted(1, 1, -1, -1))

    # Input.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Reads out the column under the mouse."""
        self._point(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        """Ends the read-out."""
        self._point(QPointF(-1, -1))

    def _point(self, point: QPointF) -> None:
        count = 0 if self._found is None else len(self._found.text)
        at = next((c for c in range(count) if self.column_rect(c).contains(point)), -1)
        if at != self._at:
            self._at = at
            self.readout_changed.emit(self.readout())
            self.update()
