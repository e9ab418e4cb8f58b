"""The picture of the hidden-state panel: units as rows, characters as columns, and words around."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.activation_colors import LEVELS, STRIP_OPACITY, color_image
from rnnviz.panels.characters import draw_symbol, is_stand_in
from rnnviz.panels.painting import shows_focus
from rnnviz.panels.theme import mono_font, theme, ui_font
from rnnviz.text.vocabulary import describe

_MOST_COLUMNS = 64
_COLUMN = 12  # pixels a column gets at least, before what is left over is shared out
_FINEST = 256  # units that get a row of their own whatever its height


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
            self._bar = None
        self._build()
        if whole or self._cell is not None:
            self.update()
        else:
            self.update(self.map_rect().adjusted(-2, -2, 2, 2))

    def recolour(self) -> None:
        """Takes the colours of the theme in force."""
        self._bar = None
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
        self._image = color_image(shown, self._high, self._signed, STRIP_OPACITY)
        rows, columns = shown.shape
        if self._cell is not None and (self._cell[0] >= rows or self._cell[1] >= columns):
            self._cell = None

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
            if shows_focus(self):
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
        if self._bar is None:
            ramp = np.linspace(self._high, self._low, LEVELS)[:, np.newaxis]
            self._bar = color_image(ramp, self._high, self._signed, STRIP_OPACITY)
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
