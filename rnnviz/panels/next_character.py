"""The next-character panel: one types a seed text and sees what the network expects after it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QSpacerItem,
    QTextEdit,
    QWidget,
)

from rnnviz.panels.base import ElidedLabel, Panel
from rnnviz.panels.characters import KEYCAP_WIDTH, draw_keycap, unknown_sentence
from rnnviz.panels.theme import mono_font, pixels, theme, ui_font
from rnnviz.panels.widgets.number_field import NumberField
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.panels.widgets.value_slider import ValueSlider
from rnnviz.session.config import TEMPERATURE_RANGE, RunConfig
from rnnviz.session.prober import Answer
from rnnviz.session.view import RunView
from rnnviz.text.vocabulary import Vocabulary, describe

LONGEST_SEED = 10_000  # characters kept in the field
_ROW = 23.4  # pixels of a row when there is room
_LEAST_ROWS = 8
_SMALLEST_ROW = 12.5  # pixels
_CELL = 104  # least width of a cell in alphabetical order
_CELL_ROW = 20.0
_SCALES = (0.1, 0.2, 0.5, 1.0)  # probabilities at the right end of the bars
_LOW, _HIGH, _NARROW = 400, 620, 440  # sizes of the panel at which it is laid out otherwise
_RETURN_SIGN = "⏎"


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


class SeedEdit(QPlainTextEdit):
    """A few lines of plain text; line ends are drawn, Tab writes on, Esc and Shift+Tab leave."""

    write_on = Signal()  # Tab: append what the network would write

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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
        self.setTabChangesFocus(True)  # decides about Shift+Tab only, see focusNextPrevChild
        self._room = (0, 0)
        self._unknown: re.Pattern[str] | None = None
        self.set_lines(2, 7)
        self.updateRequest.connect(self._view_changed)

    def restyle(self) -> None:
        """Font and fill; the application's style sheet sets those of ordinary fields."""
        self.setFont(mono_font("seed"))
        padding = self._room[1]
        self.setStyleSheet(
            f"QPlainTextEdit {{ font-size: {pixels('seed')}px; "
            f"background: {theme().hex('surface-2')}; padding: {padding}px 8px; }} "
            f"QPlainTextEdit:focus {{ padding: {padding - 1}px 7px; }}"
        )
        self.mark_unknown()

    def set_lines(self, lines: int, padding: int) -> None:
        """How many lines are seen at once, and the pixels above and below them."""
        if (lines, padding) == self._room:
            return
        self._room = (lines, padding)
        self.restyle()
        line = math.ceil(QFontMetricsF(mono_font("seed")).lineSpacing())
        margin = 2 * round(self.document().documentMargin())
        # Qt scrolls unless there is a pixel more than the lines need.
        self.setFixedHeight(lines * line + margin + 2 * padding + 3)
        self.ensureCursorVisible()

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
            text = source.text()[-LONGEST_SEED:].replace("\r\n", "\n").replace("\r", "\n")
            self.insertPlainText(text)
            self.ensureCursorVisible()

    def event(self, event: QEvent) -> bool:
        """Keeps the keys that mean something here from the window's shortcuts."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Escape)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Tab writes on, Esc leaves; the rest is typing."""
        if event.key() == Qt.Key.Key_Tab and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.write_on.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.clearFocus()
        else:
            super().keyPressEvent(event)

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


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


@dataclass(frozen=True, slots=True)
class _Row:
    index: int  # in the vocabulary
    character: str
    probability: float  # at the temperature
    plain: float  # at temperature 1
    rank: int  # 1 is the most likely
    logit: float


class ProbabilityBars(QWidget):
    """Bars of the most likely characters, the rest in words, and the legend."""

    character_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Probability of the next character"))
        self.empty = self.tr("No answer yet")
        self.temperature = 1.0
        self.alphabetical = False
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

    def sizeHint(self) -> QSize:
        """Roomy."""
        return QSize(420, 370)

    def minimumSizeHint(self) -> QSize:
        """Eight low rows and the last line."""
        return QSize(200, 110)

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

    # Geometry.

    def _foot(self) -> int:
        return QFontMetrics(ui_font("label")).height() + 6

    def _grid(self) -> tuple[int, int, float, float]:
        """Columns, rows, and the width and height of a cell."""
        height = max(self.height() - self._foot(), 1)
        symbols = max(len(self._characters), 1)
        if not self.alphabetical:
            # Eight rows as long as they can be read, then fewer.
            least = min(_LEAST_ROWS, max(int(height / _SMALLEST_ROW), 1))
            count = min(max(int(height / _ROW), least), symbols)
            return 1, count, float(self.width()), min(height / count, 26.0)
        columns = max(self.width() // _CELL, 1)
        most = max(int(height / _CELL_ROW), 4)
        rows = min(-(-symbols // columns), most)
        columns = min(columns, -(-symbols // rows))
        return columns, rows, self.width() / columns, min(height / rows, 26.0)

    def capacity(self) -> int:
        """How many symbols are drawn at most."""
        columns, rows, _, _ = self._grid()
        return columns * rows

    def _row_rect(self, place: int) -> QRectF:
        _, rows, width, height = self._grid()
        column, row = divmod(place, rows)
        top, bottom = round(row * height), round((row + 1) * height)
        gap = 10 if self.alphabetical else 0
        return QRectF(round(column * width), top, round(width) - gap, bottom - top)

    def _key_rect(self, row: QRectF) -> QRectF:
        height = min(row.height() - 2, 22.0)
        width = KEYCAP_WIDTH if not self.alphabetical else 24
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
        small = self._row_rect(0).height() < 19
        keys = "tick" if small else "body"
        best_fill = colors.color("train")
        fill = colors.mixed("train", "surface", 0.8)
        for place, row in enumerate(self._rows):
            self._paint_row(painter, place, row, wide, best_fill if row.rank == 1 else fill)
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
            painter.setPen(colors.color("text" if strong else "text-2"))
            painter.drawText(
                rect,
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                self._number(row),
            )
        self._paint_foot(painter)

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
        left = 0 if self.alphabetical else KEYCAP_WIDTH + 10
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
        if self.width() < 400 or self.width() < 2.6 * metrics.horizontalAdvance(plain):
            plain = self.tr("at 1.00")
        painter.setPen(colors.color("text-2"))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        x = self.width() - metrics.horizontalAdvance(plain) - 1
        painter.drawText(QRect(x, top, self.width() - x, height), align, plain)
        middle = top + height / 2
        painter.fillRect(QRectF(x - 8, round(middle - 6), 2, 12), colors.color("text-2"))
        x -= 8 + 18 + metrics.horizontalAdvance(here)
        painter.drawText(QRect(x, top, metrics.horizontalAdvance(here) + 2, height), align, here)
        painter.fillRect(QRectF(x - 20, round(middle - 5), 14, 10), colors.color("train"))
        return x - 20

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
                return self.tr("{0}: {1}, rank {2} of {3}, logit {4}").format(
                    describe(row.character),
                    f"{100 * row.probability:.3g}%",
                    row.rank,
                    len(self._characters),
                    f"{row.logit:+.2f}".replace("-", "−"),
                )
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
            shape = Qt.CursorShape.PointingHandCursor if key else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Ends the read-out."""
        self._hover, self._hover_key = -1, False
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a keycap writes its character."""
        row, key = self._at(event.position())
        if row is not None and key and event.button() == Qt.MouseButton.LeftButton:
            self.character_chosen.emit(row.character)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fast clicks on a keycap are all clicks."""
        self.mousePressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other rows may fit."""
        super().resizeEvent(event)
        self._update_rows()


class NextCharacterPanel(Panel):
    """Seed text, the probabilities of what follows, and the temperature."""

    seed_changed = Signal(str)  # the seed without the characters the vocabulary lacks
    temperature_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Next character", "", parent)
        self._vocabulary: Vocabulary | None = None
        self._answer: Answer | None = None
        self._position: int | None = None  # in the read text; None: its end
        self._emitted = ""
        self._cut = False  # the beginning of a long text was dropped
        self._silent = False  # the text is being changed by the panel itself
        self._unknown: list[str] = []
        self._refusal = ""  # why a typed temperature was not taken
        self._waiting = False  # the answer to the newest seed is still to come
        self._write_when_answered = False
        self._rng = np.random.default_rng()

        self._order_words = (self.tr("Probability"), self.tr("Alphabet"))
        self.order = Segmented(
            list(zip(("probability", "alphabet"), self._order_words, strict=True)),
            self.tr("Order of the characters"),
        )
        self.order.set_tips(
            {
                "probability": self.tr("The most likely characters on top"),
                "alphabet": self.tr("Every character keeps its place"),
            }
        )
        self.add_header_control(self.order)

        self.edit = SeedEdit()
        self.message = ElidedLabel()
        self.message.setProperty("role", "error")
        self.message.setFixedHeight(16)
        self.bars = ProbabilityBars()
        rule = QFrame()
        rule.setProperty("rule", True)
        rule.setFixedHeight(1)
        low, high = TEMPERATURE_RANGE
        self.slider = ValueSlider(low, high, 1.0, self.tr("Temperature"))
        self.slider.set_tick(1.0)
        self.slider.setToolTip(
            self.tr("Temperature, no unit: below 1 bolder, above 1 wilder. Double click: 1.00")
        )
        self.field = NumberField(
            low, high, 1.0, self.tr("Temperature"), integer=False, form="{:.2f}"
        )
        self.field.setFixedWidth(70)
        label = QLabel(self.tr("Temperature"))
        label.setProperty("role", "label")
        label.setBuddy(self.field)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(label)
        row.addWidget(self.slider, 1)
        row.addWidget(self.field)

        self.body.setSpacing(0)
        self._spacers = [QSpacerItem(0, 0) for _ in range(3)]
        self.body.addItem(self._spacers[0])
        self.body.addWidget(self.edit)
        self.body.addWidget(self.message)
        self.body.addWidget(self.bars, 1)
        self.body.addItem(self._spacers[1])
        self.body.addWidget(rule)
        self.body.addItem(self._spacers[2])
        self.body.addLayout(row)

        self.menu.addSeparator()
        self.menu.addAction(self.tr("Clear seed text"), self.edit.clear)
        self.menu.addAction(self.tr("Temperature 1.00"), lambda: self._edit_temperature(1.0))

        self.edit.textChanged.connect(self._text_changed)
        self.edit.write_on.connect(self._write_on)
        self.bars.character_chosen.connect(self._append)
        self.order.changed.connect(lambda key: self.bars.set_alphabetical(key == "alphabet"))
        self.slider.edited.connect(self._edit_temperature)
        self.field.edited.connect(self._edit_temperature)
        self.field.refused.connect(self._temperature_refused)
        self.show_temperature(RunConfig().temperature)
        self._update_clause()

    # What the window calls.

    def set_view(self, view: RunView) -> None:
        """A new run: seed and temperature stay, the seed is checked against the new characters.

        Emits nothing: ask the new run's prober for `seed()` afterwards.
        """
        self._vocabulary = view.vocabulary
        self._answer = None
        self._waiting = self._write_when_answered = False
        self.bars.set_logits((), None)
        self._check()
        self._emitted = self.seed()
        super().set_view(view)
        self._update_clause()

    def show_answer(self, answer: Answer) -> None:
        """Shows the probabilities of a reading; called whenever the prober has a new one."""
        reading = answer.reading
        same = self._answer is not None and self._answer.reading.text == reading.text
        self._answer = answer
        if not same:
            self._position = None
        if self._waiting and reading.skipped + len(reading.text) == len(self._emitted):
            self._waiting = not self._emitted.endswith(reading.text)
        self._show_logits(rescale=not same)
        if self._write_when_answered and not self._waiting:
            self._write_when_answered = False
            self._write_on()

    def show_column(self, position: int) -> None:
        """Shows what was expected after a character of the seed; the last one ends that.

        Typing ends it too. `position` counts in the text that was read.
        """
        if self._answer is not None:
            last = len(self._answer.reading.text) - 1
            self._position = position if 0 <= position < last else None
            self._show_logits(rescale=True)

    def _show_logits(self, rescale: bool) -> None:
        if self._answer is not None and self._vocabulary is not None:
            logits = self._answer.reading.logits_after(self._position)
            self.bars.set_logits(self._vocabulary.characters, logits, rescale=rescale)
        self._update_clause()

    def seed(self) -> str:
        """The seed text without the characters the vocabulary lacks."""
        text = self.edit.raw_text()
        unknown = frozenset(self._unknown)
        return "".join(c for c in text if c not in unknown) if unknown else text

    def set_seed(self, text: str) -> None:
        """Replaces the seed text, of a very long one by its end, without `seed_changed`."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if text == self.edit.raw_text():
            return
        self._silent = True
        self.edit.setPlainText(text[-LONGEST_SEED:])
        self._silent = False
        self._cut = len(text) > LONGEST_SEED
        self._check()
        self._emitted = self.seed()
        self._waiting = True
        self.edit.moveCursor(QTextCursor.MoveOperation.End)

    def temperature(self) -> float:
        """The temperature of the bars."""
        return self.bars.temperature

    def show_temperature(self, value: float) -> None:
        """Takes a temperature without emitting `temperature_changed`."""
        low, high = TEMPERATURE_RANGE
        value = min(max(value, low), high)
        self.slider.set_value(value)
        self.field.set_value(value)
        self.bars.set_temperature(value)

    def choices(self) -> dict[str, Any]:
        """The order of the characters; seed and temperature belong to the run."""
        return {"order": self.order.current()}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes it back."""
        order = choices.get("order")
        if order in self.order.options():
            self.order.set_current(str(order))
            self.bars.set_alphabetical(order == "alphabet")

    def shown_rows(self) -> list[tuple[str, float]]:
        """The characters drawn and their probabilities, in the order on screen."""
        return [(row.character, row.probability) for row in self.bars.rows()]

    def apply_theme(self) -> None:
        """Colours of the theme in force."""
        self.edit.restyle()
        self.bars.update()

    # The seed.

    def _text_changed(self) -> None:
        if self._silent:
            return
        self._trim()
        self._check()
        seed = self.seed()
        if seed != self._emitted:
            self._emitted = seed
            self._waiting = True
            self.seed_changed.emit(seed)

    def _trim(self) -> None:
        """Drops the beginning of what exceeds the limit."""
        excess = self.edit.document().characterCount() - 1 - LONGEST_SEED
        if excess <= 0:
            if self.edit.document().isEmpty():
                self._cut = False
            return
        self._silent = True
        cursor = QTextCursor(self.edit.document())
        cursor.joinPreviousEditBlock()
        cursor.setPosition(excess, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        cursor.endEditBlock()
        self._silent = False
        self._cut = True

    def _check(self) -> None:
        """Finds the characters the vocabulary lacks, marks them and says so."""
        unknown: list[str] = []
        if self._vocabulary is not None:
            distinct = dict.fromkeys(self.edit.raw_text())
            unknown = [character for character in distinct if character not in self._vocabulary]
        self._unknown = unknown
        self.edit.set_unknown("".join(unknown))
        self.edit.mark_unknown()
        self._show_message()

    def _show_message(self) -> None:
        parts = [unknown_sentence(self._unknown)]
        if self._cut:
            parts.append(
                self.tr("only the last {0} characters are kept").format(f"{LONGEST_SEED:,}")
            )
        parts.append(self._refusal)
        self.message.setText("  ·  ".join(part for part in parts if part))

    def _append(self, character: str) -> None:
        """Writes a character at the end of the seed."""
        cursor = QTextCursor(self.edit.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(character)
        self.edit.setTextCursor(cursor)
        self.edit.ensureCursorVisible()

    def _write_on(self) -> None:
        """Appends a character drawn from the bars, once they are those of the newest seed."""
        self.show_column(-1)
        if self._waiting:
            self._write_when_answered = True
            return
        probabilities = self.bars.probabilities()
        if probabilities is None or self._vocabulary is None:
            return
        steps = np.cumsum(probabilities)
        drawn = np.searchsorted(steps, self._rng.random() * steps[-1], side="right")
        drawn = min(int(drawn), len(steps) - 1)
        self._append(self._vocabulary.characters[drawn])

    # The temperature.

    def _edit_temperature(self, value: float) -> None:
        self.show_temperature(value)
        self.temperature_changed.emit(self.temperature())

    def _temperature_refused(self, sentence: str) -> None:
        self._refusal = sentence
        self.field.set_state("bad" if sentence else "")
        self._show_message()

    # The rest.

    def _update_clause(self) -> None:
        if self._answer is None:
            self.set_clause("")
            return
        reading = self._answer.reading
        read = len(reading.text)
        if reading.skipped and self._position is None:
            words = self.tr("after the last {0} of {1} characters").format(
                f"{read:,}", f"{read + reading.skipped:,}"
            )
            if self.width() < _NARROW:
                words = self.tr("after the last {0}").format(f"{read:,}")
        elif self._position is not None:
            words = self.tr("after {0} of {1} characters").format(self._position + 1, read)
        elif not read:
            words = self.tr("before the first character")
        else:
            words = self.tr("after {0} characters").format(f"{read:,}")
            if read == 1:
                words = self.tr("after 1 character")
            elif self.width() < _NARROW:
                words = self.tr("after {0} chars").format(f"{read:,}")
        self.set_clause(words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Low panels save on air, narrow ones on words, high ones show more of the seed."""
        super().resizeEvent(event)
        low, narrow = self.height() < _LOW, self.width() < _NARROW
        lines = 3 if self.height() >= _HIGH else 2
        self.edit.set_lines(lines, padding=3 if low else 7)
        self.message.setFixedHeight(14 if low else 16)
        self.body.setContentsMargins(12, 0, 12, 7 if low else 12)
        for spacer, height in zip(self._spacers, (0, 3, 4) if low else (4, 8, 10), strict=True):
            spacer.changeSize(0, height)
        self.body.invalidate()
        words = (self.tr("Likely"), self.tr("A–Z")) if narrow else self._order_words
        self.order.set_options(list(zip(("probability", "alphabet"), words, strict=True)))
        self._update_clause()
