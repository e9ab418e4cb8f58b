"""The hidden-state panel: what every unit does at every character of the seed text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QFontMetrics,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    qRgb,
)
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolButton, QWidget

from rnnviz.engine.cells import CELLS
from rnnviz.panels.base import Panel
from rnnviz.panels.characters import draw_symbol, is_stand_in
from rnnviz.panels.theme import icon, mono_font, theme, ui_font
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.session.prober import Answer
from rnnviz.session.view import RunView
from rnnviz.text.vocabulary import describe

_SORT_AT = 200  # steps; then units are sorted once more, while everything changes anyway
SIGNALS = ("h", "c", "z", "r", "n", "i", "f", "g", "o")
GATES = frozenset("zrifo")  # sigmoids, 0 to 1; the others are signed
_MEANING = {
    "h": "h: hidden state, what the next layer and the output see",
    "c": "c: cell state, the long memory of an LSTM",
    "z": "z: update gate, 1 keeps the old state",
    "r": "r: reset gate, 0 ignores the old state",
    "n": "n: candidate state, −1 to 1",
    "i": "i: input gate, 0 to 1",
    "f": "f: forget gate, 1 keeps the cell state",
    "g": "g: candidate for the cell state, −1 to 1",
    "o": "o: output gate, 0 to 1",
}
_CELL_WORDS = {"rnn": "a plain RNN", "gru": "a GRU", "lstm": "an LSTM"}

_ENOUGH = 8  # characters before units can be told alike
_POWER_STEPS = 20
_SORTED_BY = 100  # the last characters the order is found from
_MOST_COLUMNS = 64
_COLUMN = 12  # pixels a column gets at least, before what is left over is shared out
_FINEST = 256  # units that get a row of their own whatever its height
_NARROW = 680  # of the panel: below it the clause is short
_OPACITY = 0.88  # the map is muted so that it does not outshout the loss
_NAN = 255  # entry of the colour table for what is not a number
_MAPS = {
    # (dark, signed): name; the second table is the colour-blind safe choice.
    False: {
        (True, True): "CET-D4",
        (False, True): "CET-D1",
        (True, False): "CET-CBL2",
        (False, False): "cividis",
    },
    True: {
        (True, True): "CET-D6",
        (False, True): "CET-CBD1",
        (True, False): "CET-CBL2",
        (False, False): "cividis",
    },
}


def similar_order(values: NDArray[np.floating]) -> NDArray[np.intp]:
    """An order of the rows of `values` (H, T) that puts rows with alike courses side by side.

    Principal direction divisive partitioning (Boley 1998): rows are split at the mean of their
    projection on the leading principal axis, each part again; of the two parts the one nearer to
    what was placed last comes first. O(H T log H) apart from the small eigenproblems.
    """
    rows = np.nan_to_num(np.asarray(values, dtype=np.float64))
    order: list[int] = []
    stack: list[NDArray[np.intp]] = [np.arange(len(rows))]
    while stack:
        part = stack.pop()
        block = rows[part]
        centred = block - block.mean(axis=0)
        scores = _leading_scores(centred)
        if len(part) <= 3 or not scores.any():
            ranked = part[np.argsort(scores, kind="stable")]
            if order and len(ranked) > 1:
                last = rows[order[-1]]
                first, end = (float(np.sum((rows[ranked[k]] - last) ** 2)) for k in (0, -1))
                if end < first:
                    ranked = ranked[::-1]
            order += [int(unit) for unit in ranked]
            continue
        low, high = part[scores <= 0], part[scores > 0]
        near, far = low, high
        if order:
            last = rows[order[-1]]
            if _distance(rows[high], last) < _distance(rows[low], last):
                near, far = high, low
        stack += [far, near]
    return np.array(order, dtype=np.intp)


def _distance(block: NDArray[np.float64], row: NDArray[np.float64]) -> float:
    return float(np.sum((block.mean(axis=0) - row) ** 2))


def _leading_scores(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Projection of each row on the leading principal axis; zeros when all rows are the same."""
    if len(centred) < 2 or not np.any(centred):
        return np.zeros(len(centred))
    # Power iteration from the row farthest out: near enough for an order, and much quicker here
    # than an eigenproblem for each of some hundred small parts.
    axis = centred[np.argmax(np.einsum("ij,ij->i", centred, centred))]
    scatter = centred.T @ centred
    for _ in range(_POWER_STEPS):
        axis = scatter @ axis
        axis = axis / math.sqrt(float(axis @ axis))
    scores: NDArray[np.float64] = centred @ axis
    return scores


def level_above(largest: float) -> float:
    """The smallest of ..., 0.5, 1, 2, 5, 10, ... that is not below `largest`; at least 1."""
    if not math.isfinite(largest) or largest <= 1:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(largest))
    for factor in (1, 2, 5, 10):
        if largest <= factor * decade:
            return factor * decade
    return 10 * decade


class _Letters(Segmented):
    """Segments for single letters or digits, narrower than those for words."""

    def _widths(self) -> list[float]:
        metrics = QFontMetricsF(ui_font("label", bold=True))
        return [max(metrics.horizontalAdvance(label) + 12, 21.0) for _, label in self._options]


class Heatmap(QWidget):
    """Units as rows, characters as columns, with ticks, characters, caption and colour bar."""

    column_clicked = Signal(int)  # position in the text

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, False)
        self.setAccessibleName(self.tr("Activation of every unit at every character"))
        self.text = ""  # all that was read
        self.earlier = 0  # characters of the seed before it
        self.marked: int | None = None  # a position chosen by the user; None follows the last
        self.empty = self.tr("Type seed text to see the state")
        self._values: NDArray[np.floating] | None = None  # (H, T) in index order
        self._order: NDArray[np.intp] = np.arange(0)
        self._low, self._high, self._signed = -1.0, 1.0, True
        self.colour_blind = False
        self._table: list[int] = []
        self._image: QImage | None = None
        self._bar: QImage | None = None
        self._shown: NDArray[np.floating] = np.zeros((0, 0))  # (rows, columns) as drawn
        self._edges: NDArray[np.intp] = np.zeros(1, np.intp)  # first unit (in order) of each row
        self._cell: tuple[int, int] | None = None  # row and column under the mouse

    def sizeHint(self) -> QSize:
        """Roomy."""
        return QSize(700, 280)

    def minimumSizeHint(self) -> QSize:
        """Still readable."""
        return QSize(240, 110)

    # What it shows.

    def set_values(
        self,
        values: NDArray[np.floating] | None,
        order: NDArray[np.intp],
        text: str,
        earlier: int,
        low: float,
        high: float,
        signed: bool,
    ) -> None:
        """Shows `values` (H, T), one column per character of `text`, rows in `order`."""
        whole = (
            text != self.text
            or earlier != self.earlier
            or (values is None) != (self._values is None)
            or (low, high, signed) != (self._low, self._high, self._signed)
            or (
                values is not None and self._values is not None and len(values) != len(self._values)
            )
        )
        if text != self.text:
            self.marked = None
        self._values, self._order = values, order
        self.text, self.earlier = text, earlier
        if (low, high, signed) != (self._low, self._high, self._signed):
            self._low, self._high, self._signed = low, high, signed
            self._table = []
        self._build()
        if whole or self._cell is not None:
            self.update()
        else:
            self.update(self.map_rect().adjusted(-2, -2, 2, 2))

    def recolour(self) -> None:
        """Takes the colours of the theme in force."""
        self._table = []
        self._build()
        self.update()

    def mark(self, position: int | None) -> None:
        """Frames a column; None frames the last one, whatever it will be."""
        if position is not None and not 0 <= position < len(self.text) - 1:
            position = None
        if position != self.marked:
            self.marked = position
            self.update()

    def framed(self) -> int:
        """The position in the text whose column is framed; -1 without text."""
        return len(self.text) - 1 if self.marked is None else self.marked

    def first(self) -> int:
        """The position in the text of the leftmost column."""
        return max(len(self.text) - self.capacity(), 0)

    def units_per_row(self) -> int:
        """More than 1 when rows are averages of several units."""
        return int(self._edges[1] - self._edges[0]) if len(self._edges) > 1 else 1

    def picture_values(self) -> NDArray[np.floating]:
        """The numbers drawn, (rows, columns)."""
        return self._shown

    # Geometry, in logical pixels.

    def _gutter(self) -> int:
        units = 0 if self._values is None else len(self._values)
        metrics = QFontMetrics(ui_font("tick"))
        return max(metrics.horizontalAdvance(f"{max(units, 128):,}"), 20) + 8

    def _room(self) -> QRect:
        """Where the map may be: all but gutter, colour bar, characters and caption."""
        right = 16 + 11 + 6 + QFontMetrics(ui_font("tick")).horizontalAdvance("−20")
        foot = self._line() + self._caption_height()
        left = self._gutter()
        return QRect(left, 1, max(self.width() - left - right, 0), max(self.height() - 1 - foot, 0))

    def _line(self) -> int:
        return QFontMetrics(mono_font("label")).height() + 2

    def _caption_height(self) -> int:
        return QFontMetrics(ui_font("tick")).height()

    def capacity(self) -> int:
        """Columns that fit; depends on the width alone, so that typing never changes it."""
        return max(min(self._room().width() // _COLUMN, _MOST_COLUMNS), 1)

    def column_width(self) -> int:
        """Pixels of one column."""
        return max(self._room().width() // self.capacity(), 1)

    def map_rect(self) -> QRect:
        """Where the columns are, filled or not."""
        room = self._room()
        rows = len(self._shown)
        height = room.height()
        if rows:
            # Rows of equal whole pixels if little is lost by it: unequal ones show as stripes.
            equal = height // rows * rows
            if equal >= 0.85 * height:
                height = equal
        return QRect(room.left(), room.top(), self.capacity() * self.column_width(), height)

    def column_rect(self, position: int) -> QRect:
        """The column of a position in the text."""
        area, width = self.map_rect(), self.column_width()
        left = area.left() + (position - self.first()) * width
        return QRect(left, area.top(), width, area.height())

    def _cell_at(self, point: QPoint) -> tuple[int, int] | None:
        area = self.map_rect()
        columns = min(len(self.text), self.capacity())
        column = (point.x() - area.left()) // self.column_width()
        rows = len(self._shown)
        if not (area.top() <= point.y() <= area.bottom() and 0 <= column < columns and rows):
            return None
        return min((point.y() - area.top()) * rows // max(area.height(), 1), rows - 1), column

    # The picture.

    def _build(self) -> None:
        """Numbers to a small indexed image, one pixel per cell; painting scales it up."""
        values, room = self._values, self._room()
        if values is None or not self.text or room.height() < 8 or not len(values):
            self._image, self._shown = None, np.zeros((0, 0))
            self._cell = None
            return
        units = len(values)
        shown = values[:, -min(len(self.text), self.capacity()) :][self._order]
        if units > room.height() or (units > _FINEST and 2 * units > room.height()):
            group = math.ceil(2 * units / room.height())
            self._edges = np.append(np.arange(0, units, group), units)
            counts = np.diff(self._edges).astype(shown.dtype)
            shown = np.add.reduceat(shown, self._edges[:-1], axis=0) / counts[:, None]
        else:
            self._edges = np.arange(units + 1)
        self._shown = shown
        if not self._table:
            self._make_table()
        scaled = (shown - self._low) * (_NAN / (self._high - self._low))
        with np.errstate(invalid="ignore"):
            index = np.clip(scaled, 0, _NAN - 1).astype(np.uint8)
        bad = ~np.isfinite(shown)
        if bad.any():
            index[bad] = _NAN
        rows, columns = index.shape
        stride = -(-columns // 4) * 4
        data = np.zeros((rows, stride), np.uint8)
        data[:, :columns] = index
        image = QImage(data.tobytes(), columns, rows, stride, QImage.Format.Format_Indexed8)
        image.setColorTable(self._table)
        # The conversion also makes the image own its pixels.
        self._image = image.convertToFormat(QImage.Format.Format_RGB32)
        if self._cell is not None and (self._cell[0] >= rows or self._cell[1] >= columns):
            self._cell = None

    def _make_table(self) -> None:
        colors = theme()
        name = _MAPS[self.colour_blind][colors.is_dark, self._signed]
        strip = pg.colormap.get(name).getLookupTable(0.0, 1.0, _NAN)[:, :3].astype(np.float64)
        surface = colors.color("surface")
        under = np.array([surface.red(), surface.green(), surface.blue()])
        mixed = np.rint(_OPACITY * strip + (1 - _OPACITY) * under).astype(int)
        self._table = [qRgb(int(r), int(g), int(b)) for r, g, b in mixed]
        self._table.append(colors.color("danger").rgb())
        bar = QImage(1, _NAN, QImage.Format.Format_RGB32)
        for level in range(_NAN):
            bar.setPixel(0, _NAN - 1 - level, self._table[level])
        self._bar = bar

    def paintEvent(self, event: QPaintEvent) -> None:
        """The map always; the words around it only when they are to be painted anew."""
        painter = QPainter(self)
        colors = theme()
        area = self.map_rect()
        if self._image is None:
            self._paint_empty(painter)
            return
        filled = min(len(self.text), self.capacity()) * self.column_width()
        painter.drawImage(QRect(area.left(), area.top(), filled, area.height()), self._image)
        if filled < area.width():
            blank = QRect(area.left() + filled, area.top(), area.width() - filled, area.height())
            painter.fillRect(blank, colors.mixed("surface-2", "surface", 0.5))
        if self._cell is not None:
            self._paint_cross(painter)
        frame = self.framed()
        if frame >= self.first():
            painter.setPen(QPen(colors.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.column_rect(frame)).adjusted(0, -0.5, 0, 0.5))
        if not self.map_rect().adjusted(-2, -2, 2, 2).contains(event.rect()):
            self._paint_ticks(painter)
            self._paint_bar(painter)
            self._paint_characters(painter)
            self._paint_caption(painter)
            if self.hasFocus():
                painter.setPen(QPen(colors.color("accent"), 1))
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_empty(self, painter: QPainter) -> None:
        colors = theme()
        area = self.map_rect()
        painter.fillRect(area, colors.mixed("surface-2", "surface", 0.5))
        painter.setFont(ui_font("body"))
        painter.setPen(colors.color("text-muted"))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.empty)

    def _paint_cross(self, painter: QPainter) -> None:
        assert self._cell is not None
        row, column = self._cell
        area, rows = self.map_rect(), len(self._shown)
        top = area.top() + row * area.height() // rows
        bottom = area.top() + (row + 1) * area.height() // rows
        left = area.left() + column * self.column_width()
        right = area.left() + min(len(self.text), self.capacity()) * self.column_width()
        painter.setPen(theme().color("text"))
        for y in (top - 1, bottom):
            painter.drawLine(area.left(), y, right - 1, y)
        for x in (left - 1, left + self.column_width()):
            painter.drawLine(x, area.top(), x, area.bottom())

    def _paint_ticks(self, painter: QPainter) -> None:
        area, units = self.map_rect(), len(self._order)
        painter.setFont(ui_font("tick"))
        painter.setPen(theme().color("text-muted"))
        height = painter.fontMetrics().height()
        ticks = [1] if units == 1 else [1, units]
        if units >= 4 and area.height() > 3.5 * height:
            ticks.append(units // 2)
        for unit in ticks:
            middle = area.top() + (unit - 0.5) / units * area.height()
            top = min(max(middle - height / 2, area.top() - 2.0), area.bottom() + 3.0 - height)
            rect = QRectF(0, top, area.left() - 7, height)
            painter.drawText(
                rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{unit:,}"
            )

    def _paint_bar(self, painter: QPainter) -> None:
        area = self.map_rect()
        bar = QRect(area.right() + 17, area.top(), 11, area.height())
        if self._bar is not None:
            painter.drawImage(bar, self._bar)
        painter.setFont(ui_font("tick"))
        painter.setPen(theme().color("text-muted"))
        height = painter.fontMetrics().height()
        if self._signed:
            labels = [f"+{self._high:g}", "0", f"−{-self._low:g}"]
        else:
            labels = [f"{self._high:g}", f"{(self._low + self._high) / 2:g}", f"{self._low:g}"]
        tops = [area.top() - 2.0, bar.center().y() - height / 2 + 1, area.bottom() + 3.0 - height]
        for label, top in zip(labels, tops, strict=True):
            rect = QRectF(bar.right() + 6, top, self.width() - bar.right() - 6, height)
            painter.drawText(rect, Qt.AlignmentFlag.AlignLeft, label)

    def _paint_characters(self, painter: QPainter) -> None:
        area, width = self.map_rect(), self.column_width()
        font = mono_font("label")
        first, frame = self.first(), self.framed()
        for column, character in enumerate(self.text[first:]):
            token = "text-muted" if is_stand_in(character) else "text"
            if first + column == frame:
                token = "accent"
            rect = QRectF(area.left() + column * width, area.bottom() + 2, width, self._line() - 1)
            draw_symbol(painter, rect, character, font, token)

    def _paint_caption(self, painter: QPainter) -> None:
        area, colors = self.map_rect(), theme()
        painter.setFont(ui_font("tick"))
        metrics = painter.fontMetrics()
        top = area.bottom() + 1 + self._line()
        height = self._caption_height()
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        readout = self.readout()
        if readout:
            painter.setPen(colors.color("text"))
            painter.drawText(
                QRect(area.left(), top, self.width() - area.left(), height), align, readout
            )
            return
        caption, note = self.caption(), self.tr("shown in Next character")
        used = metrics.horizontalAdvance(caption)
        wide = metrics.horizontalAdvance(note)
        if used > self.width() - area.left():
            caption = metrics.elidedText(
                caption, Qt.TextElideMode.ElideRight, self.width() - area.left()
            )
        painter.setPen(colors.color("text-muted"))
        painter.drawText(
            QRect(area.left(), top, self.width() - area.left(), height), align, caption
        )
        # Under the framed column where there is room, else as near to it as the caption lets it be.
        right = self.column_rect(self.framed()).right() + 1
        left = max(right - wide, area.left() + used + 16)
        if left + wide <= self.width():
            painter.setPen(colors.color("accent"))
            painter.drawText(QRect(left, top, wide + 2, height), align, note)

    def caption(self) -> str:
        """What the columns are."""
        total = self.earlier + len(self.text)
        shown = min(len(self.text), self.capacity())
        if shown < total:
            return self.tr("the last {0} of {1} characters, one column each").format(
                f"{shown:,}", f"{total:,}"
            )
        return self.tr("your seed text, one column per character")

    def readout(self) -> str:
        """The value under the mouse in words; empty without one."""
        if self._cell is None:
            return ""
        row, column = self._cell
        units = self._order[self._edges[row] : self._edges[row + 1]]
        character = describe(self.text[self.first() + column])
        value = float(self._shown[row, column])
        number = f"{value:+.2f}" if self._signed else f"{value:.2f}"
        number = number.replace("-", "−")
        if len(units) == 1:
            return self.tr("unit {0}, {1}, {2}").format(int(units[0]) + 1, character, number)
        names = ", ".join(str(int(unit) + 1) for unit in units[:4])
        more = "…" if len(units) > 4 else ""
        return self.tr("mean of units {0}, {1}, {2}").format(names + more, character, number)

    # Input.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Reads out the cell under the mouse."""
        cell = self._cell_at(event.position().toPoint())
        if cell != self._cell:
            self._cell = cell
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Ends the read-out."""
        if self._cell is not None:
            self._cell = None
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click chooses a column, on the map or on the character below it."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        point = event.position().toPoint()
        area = self.map_rect()
        if area.bottom() < point.y() <= area.bottom() + self._line():
            point.setY(area.bottom())
        cell = self._cell_at(point)
        if cell is not None:
            self._choose(self.first() + cell[1])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the last column."""
        if self.text:
            self._choose(len(self.text) - 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right choose the neighbouring column, Home the first, End or Esc the last."""
        last = len(self.text) - 1
        targets = {
            Qt.Key.Key_Left: max(self.framed() - 1, self.first()),
            Qt.Key.Key_Right: min(self.framed() + 1, last),
            Qt.Key.Key_Home: self.first(),
            Qt.Key.Key_End: last,
        }
        if self.marked is not None:
            targets[Qt.Key.Key_Escape] = last
        target = targets.get(Qt.Key(event.key()))
        if target is None or last < 0:
            super().keyPressEvent(event)
        elif target != self.framed():
            self._choose(target)

    def _choose(self, position: int) -> None:
        self.mark(position)
        self.column_clicked.emit(position)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another number of columns or rows may fit."""
        super().resizeEvent(event)
        self._build()


class HiddenStatePanel(Panel):
    """The states behind the last answer, one layer and one signal at a time."""

    column_clicked = Signal(int)  # position in the read text; the last one ends the choice

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Hidden state", "", parent)
        self._answer: Answer | None = None
        self._layer = 0
        self._by_index = False
        self._order: NDArray[np.intp] | None = None  # None until it is to be found (again)
        self._order_key: int | None = None
        self._order_step = 0
        self._level = 1.0
        self._layer_label = QLabel(self.tr("Layer"))
        self._signal_label = QLabel(self.tr("Signal"))
        for label in (self._layer_label, self._signal_label):
            label.setProperty("role", "muted")
        self.layers = _Letters([("1", "1")], self.tr("Layer"))
        self.signals = _Letters([(name, name) for name in SIGNALS], self.tr("Signal"))
        self.signals.set_tips(_MEANING)
        self.sort_button = QToolButton()
        self.sort_button.setFixedSize(24, 24)
        self.sort_button.setToolTip(self.tr("Sort again: bring units together that are alike now"))
        self.sort_button.setAccessibleName(self.tr("Sort units again"))
        for control in (
            self.sort_button,
            self._layer_label,
            self.layers,
            self._signal_label,
            self.signals,
        ):
            self.add_header_control(control)
        self.map = Heatmap()
        self.body.setContentsMargins(12, 0, 12, 7)
        self.body.addWidget(self.map, 1)
        self._fill_menu()
        self.layers.changed.connect(self._layer_chosen)
        self.signals.changed.connect(self._signal_chosen)
        self.sort_button.clicked.connect(self.sort_again)
        self.map.column_clicked.connect(self.column_clicked)
        self._show_layers(1)
        self.apply_theme()
        self._update_clause()

    def _fill_menu(self) -> None:
        self.menu.addSeparator()
        group = QActionGroup(self)
        self.similar_action = QAction(self.tr("Similar units together"), self, checkable=True)
        self.index_action = QAction(self.tr("Units by index"), self, checkable=True)
        self.similar_action.setChecked(True)
        for action in (self.similar_action, self.index_action):
            group.addAction(action)
            self.menu.addAction(action)
        group.triggered.connect(self._order_chosen)
        self.menu.addAction(self.tr("Sort again"), self.sort_again)
        self.menu.addSeparator()
        self.blind_action = QAction(self.tr("Colour-blind safe colours"), self, checkable=True)
        self.blind_action.toggled.connect(self._blind_toggled)
        self.menu.addAction(self.blind_action)

    # What the window calls.

    def set_view(self, view: RunView) -> None:
        """A new run: forgets the old states and takes the signals its cell has."""
        self._answer = None
        self._forget_order()
        self._show_layers(view.config.num_layers)
        self._show_signals(view.config.cell)
        self.map.marked = None
        super().set_view(view)
        self._draw()

    def show_answer(self, answer: Answer) -> None:
        """Shows the states of a reading; called whenever the prober has a new one."""
        if self._order_step < _SORT_AT <= answer.step:
            self._order = None  # the order of an untrained network means nothing for a trained one
        self._answer = answer
        if self.isVisible():
            self._draw()

    def refresh(self) -> None:
        """Draws what came while the panel was hidden."""
        if self._answer is not None:
            self._draw()

    def apply_theme(self) -> None:
        """Colours of the theme in force."""
        self.sort_button.setIcon(icon("sort"))
        self.map.recolour()

    def choices(self) -> dict[str, Any]:
        """Layer, signal, order and colours."""
        return {
            "layer": self.layers.current(),
            "signal": self.signals.current(),
            "by_index": self._by_index,
            "colour_blind": self.map.colour_blind,
        }

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes them back."""
        layer, signal = str(choices.get("layer")), str(choices.get("signal"))
        if layer in self.layers.options():
            self.layers.set_current(layer)
            self._layer_chosen(layer)
        if signal in self.signals.options() and signal not in self.signals.disabled():
            self.signals.set_current(signal)
            self._signal_chosen(signal)
        self._by_index = choices.get("by_index") is True
        (self.index_action if self._by_index else self.similar_action).setChecked(True)
        self.blind_action.setChecked(choices.get("colour_blind") is True)
        self._draw()

    # Choices.

    def layer(self) -> int:
        """The layer shown, from 0."""
        return self._layer

    def signal(self) -> str:
        """The name of the signal shown."""
        return self.signals.current()

    def sort_again(self) -> None:
        """Finds the order of similar units anew from what is shown now."""
        self._by_index = False
        self.similar_action.setChecked(True)
        self._forget_order()
        self._draw()

    def unit_order(self) -> NDArray[np.intp]:
        """The unit (from 0) in each row, from the top."""
        return self.map._order.copy()

    def _forget_order(self) -> None:
        self._order = None
        self._order_key = None
        self._level = 1.0

    def _layer_chosen(self, key: str) -> None:
        self._layer = int(key) - 1
        self._level = 1.0
        self._draw()

    def _signal_chosen(self, _: str) -> None:
        self._level = 1.0
        self._draw()

    def _order_chosen(self, action: QAction) -> None:
        self._by_index = action is self.index_action
        self._draw()

    def _blind_toggled(self, on: bool) -> None:
        self.map.colour_blind = on
        self.map.recolour()

    def _show_layers(self, count: int) -> None:
        if len(self.layers.options()) != count:
            self.layers.set_options([(str(n), str(n)) for n in range(1, count + 1)])
        self._layer = int(self.layers.current()) - 1
        # A choice of one is none.
        self.layers.setVisible(count > 1)
        self._show_labels()

    def _show_labels(self) -> None:
        wide = self.width() >= _NARROW
        self._signal_label.setVisible(wide)
        self._layer_label.setVisible(wide and len(self.layers.options()) > 1)

    def _show_signals(self, cell: str) -> None:
        has = CELLS[cell].signals
        word = _CELL_WORDS.get(cell, cell)
        self.signals.set_disabled(
            {
                name: f"{_MEANING[name].split(',')[0]}: {word} has none"
                for name in SIGNALS
                if name not in has
            }
        )
        if self.signals.current() not in has:
            self.signals.set_current("h")

    # Drawing.

    def _draw(self) -> None:
        reading = self._answer.reading if self._answer is not None else None
        name = self.signals.current()
        # An answer of the run before may still be under way when a new one has begun.
        missing = reading is None or not reading.text or self._layer >= len(reading.signals)
        if reading is None or missing or name not in reading.signals[self._layer]:
            self.map.set_values(None, np.arange(0), "", 0, -1.0, 1.0, True)
            self._update_clause()
            return
        values = np.asarray(reading.signals[self._layer][name])
        low, high, signed = self._levels(name, values)
        order = self._order_for(self._layer, np.asarray(reading.signals[self._layer]["h"]))
        self.map.set_values(values, order, reading.text, reading.skipped, low, high, signed)
        self._update_clause()

    def _levels(self, name: str, values: NDArray[np.floating]) -> tuple[float, float, bool]:
        """Fixed colour levels; those of unbounded signals grow in steps and never shrink."""
        if name in GATES:
            return 0.0, 1.0, False
        finite = values[np.isfinite(values)]
        largest = float(np.max(np.abs(finite))) if finite.size else 0.0
        self._level = max(self._level, level_above(largest))
        return -self._level, self._level, True

    def _order_for(self, layer: int, values: NDArray[np.floating]) -> NDArray[np.intp]:
        """One order for all signals of a layer, by its h: a unit keeps its row."""
        units, characters = values.shape
        if self._by_index:
            return np.arange(units)
        if self._order is None or self._order_key != layer or len(self._order) != units:
            if characters < _ENOUGH:
                return np.arange(units)
            self._order = similar_order(values[:, -_SORTED_BY:])
            self._order_key = layer
            self._order_step = 0 if self._answer is None else self._answer.step
        return self._order

    def _update_clause(self) -> None:
        if self.map._values is None:
            self.set_clause("")
            return
        units, per_row = len(self.map._values), self.map.units_per_row()
        parts = [self.tr("{0} units").format(f"{units:,}") if units > 1 else self.tr("1 unit")]
        if per_row > 1:
            parts.append(self.tr("{0} averaged per row").format(per_row))
        if self._by_index or self._order is None:
            parts.append(self.tr("by index"))
        elif self.width() < _NARROW:
            parts.append(self.tr("sorted"))
        else:
            parts.append(self.tr("similar units together"))
            # Units drift apart as the network learns; the rows are not moved while one watches.
            if self._answer is not None and self._answer.step != self._order_step:
                parts[-1] += self.tr(" at step {0}").format(f"{self._order_step:,}")
        self.set_clause(", ".join(parts))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow headers leave words out; how many units share a row depends on the height."""
        super().resizeEvent(event)
        self._show_labels()
        self._update_clause()
