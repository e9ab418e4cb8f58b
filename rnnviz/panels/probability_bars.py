"""The bars of the next-character panel: how likely each character is to come next."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.engine.candidates import keep_top_k, keep_top_p
from rnnviz.panels.characters import KEYCAP_WIDTH, draw_keycap
from rnnviz.panels.painting import draw_pin
from rnnviz.panels.theme import mono_font, pixels, px, scaled, theme, ui_font
from rnnviz.panels.widgets.writing_control import Writing
from rnnviz.text.vocabulary import describe

_ROW = 23.4  # pixels of a row when there is room
_LEAST_ROWS = 8
_SMALLEST_ROW = 15.5  # pixels
_CELL = 104  # least width of a cell in alphabetical order
_CELL_ROW = 20.0
_SCALES = (0.1, 0.2, 0.5, 1.0)  # probabilities at the right end of the bars


def softmax(logits: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Probabilities (V,) of logits (V,) divided by the temperature (> 0), in float64 and stable.

    -inf is a probability of zero; anything else that is not finite makes all of them NaN.
    """
    scaled = np.asarray(logits, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        # Subtracting first keeps large logits at small temperatures from overflowing.
        powers: NDArray[np.float64] = np.exp((scaled - np.max(scaled)) / temperature)
        powers /= np.sum(powers)
    return powers


def percent(probability: float) -> str:
    """A probability as a percentage with one decimal; what would round to zero says so."""
    if 0 < probability < 0.0005:
        return "<0.1%"
    return f"{100 * probability:.1f}%"


@dataclass(frozen=True, slots=True)
class _Row:
    index: int  # in the vocabulary
    character: str
    probability: float  # at the temperature
    plain: float  # at temperature 1
    rank: int  # 1 is the most likely
    logit: float
    kept: bool  # whether it can be drawn


class ProbabilityBars(QWidget):
    """Bars of the most likely characters, the rest in words, and the legend.

    A click on a keycap chooses its character, one on a bar pins it. The arrow keys move a pointer:
    Enter chooses, P pins.
    """

    character_chosen = Signal(str)
    character_pinned = Signal(str)  # the empty one: none any more

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves it to the seed
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(self.tr("Probability of the next character"))
        self.empty = self.tr("Load a text to see what comes next")
        self.temperature = 1.0
        self.alphabetical = False
        self.most: int | None = None  # rows at most; None: as many as there is room for
        self.pinned = ""  # character
        self._writing = Writing(1.0)
        self._chances: NDArray[np.float64] = np.zeros(0)  # of being drawn
        self._characters: tuple[str, ...] = ()
        self._logits: NDArray[np.float64] | None = None
        self._probabilities: NDArray[np.float64] = np.zeros(0)
        self._plain: NDArray[np.float64] = np.zeros(0)
        self._ranking: NDArray[np.intp] = np.zeros(0, np.intp)
        self._finite = True
        self._scale = 1.0
        self._rows: list[_Row] = []
        self._hover = -1  # the character's index in the vocabulary
        self._hover_key = False
        self._grid_shape: tuple[object, ...] = ()
        self._cells = (1, 1, 1.0, 1.0)  # `_grid` for that shape

    def sizeHint(self) -> QSize:
        """Roomy."""
        return QSize(420, 370)

    def minimumSizeHint(self) -> QSize:
        """A few rows and the last line."""
        return QSize(px(200), px(88))

    # What it shows.

    def set_logits(
        self,
        characters: tuple[str, ...],
        logits: NDArray[np.float64] | None,
        *,
        rescale: bool = True,
    ) -> None:
        """Shows other logits (V,) over these characters; None shows nothing.

        Without `rescale` the bars' scale shrinks late, so that live numbers do not make it flicker.
        """
        if logits is None or len(logits) != len(characters):
            self._logits, self._characters = None, ()
        else:
            self._characters = characters
            self._logits = np.asarray(logits, dtype=np.float64)
            self._plain = softmax(self._logits, 1.0)
            self._finite = bool(np.isfinite(self._plain).all())
            # The temperature changes no ranks.
            self._ranking = np.argsort(-self._logits, kind="stable")
        if rescale:
            self._scale = 0.0
        self._update_rows()

    def set_temperature(self, temperature: float) -> None:
        """Shows the same logits at another temperature."""
        self.temperature = temperature
        self._update_rows()

    def set_alphabetical(self, on: bool) -> None:
        """Every symbol at a place of its own, or the most likely on top."""
        self.alphabetical = on
        self._update_rows()

    def set_most(self, most: int | None) -> None:
        """At most so many characters; None: as many as there is room for."""
        self.most = most
        self._update_rows()

    def set_writing(self, writing: Writing) -> None:
        """How characters are drawn: those left out by top-k or top-p are paler."""
        if writing != self._writing:
            self._writing = writing
            self._update_rows()

    def pin(self, character: str) -> None:
        """Marks the row of a character; the empty one marks none."""
        if character != self.pinned:
            self.pinned = character
            self.update()

    def chances(self) -> NDArray[np.float64] | None:
        """The probabilities (V,) with which characters are drawn, or None without any."""
        return self._chances if self.probabilities() is not None else None

    def logits(self) -> NDArray[np.float64] | None:
        """What is shown (V,)."""
        return self._logits

    def entropy(self) -> float:
        """Of the distribution at the temperature, in bits; NaN without a usable answer."""
        p = self.probabilities()
        if p is None:
            return math.nan
        positive = p[p > 0]
        return max(-float(positive @ np.log2(positive)), 0.0)

    def rows(self) -> list[_Row]:
        """What is drawn, in reading order."""
        return self._rows

    def probabilities(self) -> NDArray[np.float64] | None:
        """Of every symbol at the temperature (V,), or None without a usable answer."""
        return self._probabilities if self._logits is not None and self._finite else None

    def _update_rows(self) -> None:
        self._rows = []
        if self._logits is not None and self._finite:
            self._probabilities = softmax(self._logits, self.temperature)
            self._chances = self._drawn_from()
            shown = self._ranking[: self.capacity()]
            ranks = {int(index): rank for rank, index in enumerate(shown, 1)}
            if self.alphabetical:
                shown = np.array(sorted(shown, key=lambda i: self._characters[i]), dtype=np.intp)
            self._rows = [
                _Row(
                    int(index),
                    self._characters[index],
                    float(self._probabilities[index]),
                    float(self._plain[index]),
                    ranks[int(index)],
                    float(self._logits[index]),
                    bool(self._chances[index] > 0 or self._probabilities[index] == 0),
                )
                for index in shown
            ]
            best = self._ranking[0]
            largest = float(max(self._probabilities[best], self._plain[best]))
            fitting = next(scale for scale in _SCALES if largest <= scale or scale == _SCALES[-1])
            if fitting > self._scale or largest < 0.9 * fitting:
                self._scale = fitting
            top = ", ".join(
                f"{describe(row.character)} {percent(row.probability)}" for row in self._rows[:3]
            )
            self.setAccessibleDescription(top)
        self.update()

    def _drawn_from(self) -> NDArray[np.float64]:
        writing, p = self._writing, self._probabilities
        if writing.temperature == 0:
            chances = np.zeros_like(p)
            chances[self._ranking[0]] = 1.0
            return chances
        if writing.top_k is not None:
            return np.asarray(keep_top_k(p, writing.top_k), np.float64)
        if writing.top_p is not None:
            return np.asarray(keep_top_p(p, writing.top_p), np.float64)
        return p

    # Geometry.

    def _foot(self) -> int:
        return QFontMetrics(ui_font("label")).height() + 6

    def _grid(self) -> tuple[int, int, float, float]:
        """Columns, rows, and the width and height of a cell."""
        shape = (self.size(), len(self._characters), self.alphabetical, self.most, pixels("label"))
        if shape != self._grid_shape:
            self._grid_shape, self._cells = shape, self._find_grid()
        return self._cells

    def _find_grid(self) -> tuple[int, int, float, float]:
        height = max(self.height() - self._foot(), 1)
        symbols = max(len(self._characters), 1)
        if not self.alphabetical:
            # Eight rows as long as they can be read, then fewer.
            least = min(_LEAST_ROWS, max(int(height / scaled(_SMALLEST_ROW)), 1))
            count = min(max(int(height / scaled(_ROW)), least), symbols, self.most or symbols)
            return 1, count, float(self.width()), min(height / count, float(px(26)))
        symbols = min(symbols, self.most or symbols)
        columns = max(self.width() // px(_CELL), 1)
        most = max(int(height / px(_CELL_ROW)), 4)
        rows = min(-(-symbols // columns), most)
        columns = min(columns, -(-symbols // rows))
        return columns, rows, self.width() / columns, min(height / rows, float(px(26)))

    def capacity(self) -> int:
        """How many symbols are drawn at most."""
        columns, rows, _, _ = self._grid()
        return min(columns * rows, self.most or columns * rows)

    def _row_rect(self, place: int) -> QRectF:
        _, rows, width, height = self._grid()
        column, row = divmod(place, rows)
        top, bottom = round(row * height), round((row + 1) * height)
        gap = 10 if self.alphabetical else 0
        return QRectF(round(column * width), top, round(width) - gap, bottom - top)

    def _key_rect(self, row: QRectF) -> QRectF:
        height = min(row.height() - 2, float(px(22)))
        width = px(KEYCAP_WIDTH) if not self.alphabetical else px(24)
        return QRectF(row.left(), round(row.center().y() - height / 2), width, height)

    def key_center(self, character: str) -> QPointF:
        """Where a click appends this character; it must be shown."""
        for place, row in enumerate(self._rows):
            if row.character == character:
                return self._key_rect(self._row_rect(place)).center()
        raise KeyError(character)

    def bar_center(self, character: str) -> QPointF:
        """The middle of the row of a character that is shown."""
        for place, row in enumerate(self._rows):
            if row.character == character:
                return self._row_rect(place).center()
        raise KeyError(character)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """All of it: it is one small drawing."""
        painter = QPainter(self)
        colors = theme()
        painter.fillRect(event.rect(), colors.color("surface"))
        if not self._rows:
            painter.setFont(ui_font("body"))
            painter.setPen(colors.color("text-muted" if self._finite else "danger"))
            words = self.empty
            if not self._finite:
                words = self.tr("No probabilities: the network's output is not a number")
            painter.drawText(
                self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words
            )
            return
        numbers = mono_font("label" if not self.alphabetical else "tick")
        wide = QFontMetrics(numbers).horizontalAdvance("100%" if self.alphabetical else "100.0%")
        small = self._row_rect(0).height() < px(19)
        keys = "tick" if small else "body"
        best_fill = colors.color("train")
        fill, left_out = colors.mixed("train", "surface", 0.8), colors.color("surface-3")
        for place, row in enumerate(self._rows):
            color = best_fill if row.rank == 1 else fill if row.kept else left_out
            self._paint_row(painter, place, row, wide, color)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        # Text last: switching between fills and text costs.
        for place, row in enumerate(self._rows):
            rect = self._row_rect(place)
            hovered = row.index == self._hover
            draw_keycap(
                painter,
                self._key_rect(rect).toRect(),
                row.character,
                keys,
                hover=hovered and self._hover_key,
            )
            painter.setFont(numbers)
            strong = hovered or (row.rank <= 3 and row.probability >= 0.05)
            token = "text" if strong else "text-2" if row.kept else "text-muted"
            painter.setPen(colors.color(token))
            painter.drawText(rect.adjusted(0, 0, -3, 0), right, self._number(row))
            if row.character == self.pinned:
                self._paint_pin(painter, self._key_rect(rect))
        self._paint_foot(painter)
        if self.hasFocus():
            painter.setPen(QPen(colors.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_pin(self, painter: QPainter, key: QRectF) -> None:
        """A pointer at the bar of the pinned character."""
        tip = QPointF(key.right() + 8, key.center().y())
        draw_pin(painter, tip, 6, theme().color("text"))

    def _number(self, row: _Row) -> str:
        """What stands beside a bar; the many small ones of the alphabet have none."""
        if not self.alphabetical:
            return percent(row.probability)
        return f"{100 * row.probability:.0f}%" if row.probability >= 0.005 else ""

    def _paint_row(self, painter: QPainter, place: int, row: _Row, wide: int, fill: QColor) -> None:
        colors = theme()
        rect = self._row_rect(place)
        left = self._key_rect(rect).right() + (10 if not self.alphabetical else 6)
        room = rect.right() - wide - (10 if not self.alphabetical else 4) - left
        if place == 0 or self.alphabetical:
            bottom = (
                rect.bottom() if self.alphabetical else self._row_rect(len(self._rows) - 1).bottom()
            )
            painter.fillRect(
                QRectF(left, rect.top(), 1, bottom - rect.top()), colors.color("border")
            )
        left += 1
        if room < 4:
            return
        thick = max(round(rect.height() * 0.6), 4)
        top = round(rect.center().y() - thick / 2)
        length = round(row.probability / self._scale * room)
        if row.index == self._hover:
            fill = colors.color("train")
        if length > 0:
            painter.fillRect(QRectF(left, top, length, thick), fill)
        tick = left + round(row.plain / self._scale * room)
        if tick - left < 2 and length < 2:
            return  # nothing to compare
        inside = tick + 2 <= left + length
        painter.fillRect(
            QRectF(tick, top + (1 if inside else 0), 2, thick - (2 if inside else 0)),
            colors.color("surface" if inside else "text-2"),
        )

    def _paint_foot(self, painter: QPainter) -> None:
        colors = theme()
        top = self.height() - self._foot() + 6
        height = self._foot() - 6
        painter.setFont(ui_font("label"))
        metrics = painter.fontMetrics()
        left = 0 if self.alphabetical else px(KEYCAP_WIDTH) + 10
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        readout = self.readout()
        if readout:
            painter.setPen(colors.color("text"))
            words = metrics.elidedText(readout, Qt.TextElideMode.ElideRight, self.width() - left)
            painter.drawText(QRect(left, top, self.width() - left, height), align, words)
            return
        x = self._paint_legend(painter, top, height)
        word, number = self.others()
        if word and left + metrics.horizontalAdvance(word + number) > x - 12:
            left = 0
        if word and left + metrics.horizontalAdvance(word + number) > x - 12:
            word = self.tr("other {0} ").format(len(self._characters) - len(self._rows))
        painter.setPen(colors.color("text-muted"))
        painter.drawText(QRect(left, top, x - left, height), align, word)
        painter.setPen(colors.color("text-2"))
        left += metrics.horizontalAdvance(word)
        painter.drawText(QRect(left, top, x - left, height), align, number)

    def _paint_legend(self, painter: QPainter, top: int, height: int) -> int:
        """Right-aligned; returns where it begins."""
        colors = theme()
        metrics = painter.fontMetrics()
        here = self.tr("at {0}").format(f"{self.temperature:.2f}")
        plain = self.tr("same model at 1.00")
        if self.width() < px(400) or self.width() < 2.6 * metrics.horizontalAdvance(plain):
            plain = self.tr("at 1.00")
        painter.setPen(colors.color("text-2"))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        x = self.width() - metrics.horizontalAdvance(plain) - 1
        painter.drawText(QRect(x, top, self.width() - x, height), align, plain)
        middle = top + height / 2
        tick = px(12)
        painter.fillRect(QRectF(x - 8, round(middle - tick / 2), 2, tick), colors.color("text-2"))
        x -= 8 + 18 + metrics.horizontalAdvance(here)
        painter.drawText(QRect(x, top, metrics.horizontalAdvance(here) + 2, height), align, here)
        wide, high = px(14), px(10)
        x -= wide + 6
        painter.fillRect(QRectF(x, round(middle - high / 2), wide, high), colors.color("train"))
        return x

    def others(self) -> tuple[str, str]:
        """How many symbols are not drawn and their share; empty when all are."""
        hidden = len(self._characters) - len(self._rows)
        if hidden <= 0:
            return "", ""
        share = max(1.0 - sum(row.probability for row in self._rows), 0.0)
        if hidden == 1:
            return self.tr("one other symbol "), percent(share)
        return self.tr("other {0} symbols ").format(f"{hidden:,}"), percent(share)

    def readout(self) -> str:
        """The row under the mouse in words; empty without one."""
        for row in self._rows:
            if row.index == self._hover:
                words = self.tr("{0}: {1}, rank {2} of {3}, logit {4}").format(
                    describe(row.character),
                    f"{100 * row.probability:.3g}%",
                    row.rank,
                    len(self._characters),
                    f"{row.logit:+.2f}".replace("-", "−"),
                )
                return words if row.kept else words + self.tr(", never drawn")
        return ""

    # Input.

    def _at(self, point: QPointF) -> tuple[_Row | None, bool]:
        for place, row in enumerate(self._rows):
            rect = self._row_rect(place)
            if rect.contains(point):
                return row, self._key_rect(rect).contains(point)
        return None, False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Reads out the row under the mouse."""
        row, key = self._at(event.position())
        hover = row.index if row is not None else -1
        if (hover, key) != (self._hover, self._hover_key):
            self._hover, self._hover_key = hover, key
            pressable = row is not None
            shape = Qt.CursorShape.PointingHandCursor if pressable else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Ends the read-out."""
        self._hover, self._hover_key = -1, False
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a keycap writes its character, one on a bar follows it over training."""
        row, key = self._at(event.position())
        if row is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if key:
            self.character_chosen.emit(row.character)
        else:
            self._toggle_pin(row.character)

    def _toggle_pin(self, character: str) -> None:
        self.character_pinned.emit("" if character == self.pinned else character)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from row to row, Enter writes its character, P follows it, Esc ends that."""
        place = next((p for p, row in enumerate(self._rows) if row.index == self._hover), -1)
        key, last = Qt.Key(event.key()), len(self._rows) - 1
        targets = {
            Qt.Key.Key_Up: max(place - 1, 0),
            Qt.Key.Key_Down: min(place + 1, last),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if last >= 0 and key in targets:
            self._hover = self._rows[targets[key]].index
            self.update()
        elif place >= 0 and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.character_chosen.emit(self._rows[place].character)
        elif place >= 0 and key == Qt.Key.Key_P:
            self._toggle_pin(self._rows[place].character)
        elif key == Qt.Key.Key_Escape and self.pinned:
            self.character_pinned.emit("")
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fast clicks on a keycap are all clicks."""
        row, key = self._at(event.position())
        if row is not None and key:
            self.mousePressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other rows may fit."""
        super().resizeEvent(event)
        self._update_rows()
