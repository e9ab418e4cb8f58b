"""The picture of the hidden-state panel: units as rows, characters as columns, and words around."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
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
from rnnviz.panels.heatmap_columns import SharedColumns, edge
from rnnviz.panels.painting import draw_pin, shows_focus
from rnnviz.panels.theme import mono_font, pixels, px, theme, ui_font
from rnnviz.text.vocabulary import describe

_MOST_COLUMNS = 64
_COLUMN = 10  # pixels a column gets at least
_FINEST = 256  # units that get a row of their own whatever its height


class Heatmap(QWidget):
    """Units as rows, characters as columns, with ticks, characters, caption and colour bar.

    A click on a cell chooses its column and pins its unit, one beside the rows pins a unit only.
    """

    column_clicked = Signal(int)  # position in the text
    unit_pinned = Signal(int)  # from 0; -1 lets the pinned one go
    unit_opened = Signal(int)  # Enter on the pinned unit
    resized = Signal()  # columns are elsewhere

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(self.tr("Activation of every unit at every character"))
        self.text = ""  # all that was read
        self.earlier = 0  # characters of the seed before it
        self.marked: int | None = None  # a position chosen by the user; None follows the last
        self.marks_last = True  # whether the last column is framed while no other is
        self.words = ""  # what the columns are; empty for those of the seed text
        self.note = ""  # what is special about the picture, in its corner
        self.pinned: int | None = None  # a unit from 0
        self.empty = ""  # what stands in the picture without values
        self._values: NDArray[np.floating] | None = None  # (H, T) in index order
        self._order: NDArray[np.intp] = np.arange(0)
        self._low, self._high, self._signed = -1.0, 1.0, True
        self._columns = SharedColumns()
        self._image: QImage | None = None
        self._bar: QImage | None = None
        self._shown: NDArray[np.floating] = np.zeros((0, 0))  # (rows, columns) as drawn
        self._edges: NDArray[np.intp] = np.zeros(1, np.intp)  # first unit (in order) of each row
        self._cell: tuple[int, int] | None = None  # row and column under the mouse
        self._gutter_row = -1  # row whose number is under the mouse
        self._dragging = False
        self._room_shape: tuple[object, ...] = ()
        self._room_found = QRect()  # `_room` for that shape

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
            self._columns.follow(self.text, text)
        self._values, self._order = values, order
        self.text, self.earlier = text, earlier
        if (low, high, signed) != (self._low, self._high, self._signed):
            self._low, self._high, self._signed = low, high, signed
            self._bar = None
        self._build()
        if whole or self._cell is not None or self._gutter_row >= 0:
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
        if self.marked is None:
            return len(self.text) - 1 if self.marks_last else -1
        return self.marked

    def set_note(self, note: str) -> None:
        """Says in the corner what is special about the picture."""
        if note != self.note:
            self.note = note
            self.update()

    def pin(self, unit: int | None) -> None:
        """Marks a unit's row, wherever it is sorted to; None marks no row."""
        if unit != self.pinned:
            self.pinned = unit
            self.update()

    def units(self) -> int:
        """How many units are shown; 0 without values."""
        return 0 if self._values is None else len(self._values)

    def order(self) -> NDArray[np.intp]:
        """The unit (from 0) in each row, from the top."""
        return self._order

    def unit_values(self) -> NDArray[np.floating] | None:
        """The pinned unit's values in the columns, whatever its row is averaged from."""
        if self.pinned is None or self._values is None or self.pinned >= len(self._values):
            return None
        return self._values[self.pinned, -self.filled() :]

    def level(self) -> float:
        """The value at the upper end of the colours."""
        return self._high

    def row_of(self, unit: int) -> int:
        """The row that shows a unit, alone or among others; -1 when there is none."""
        places = np.flatnonzero(self._order == unit)
        if not len(places) or not len(self._shown):
            return -1
        return int(np.searchsorted(self._edges, places[0], side="right")) - 1

    def unit_of(self, row: int, column: int) -> int:
        """The unit in a row; of several that share it the one farthest from 0 in that column."""
        units = self._order[self._edges[row] : self._edges[row + 1]]
        assert self._values is not None
        position = self.first() + column
        return int(units[np.argmax(np.abs(np.nan_to_num(self._values[units, position])))])

    def first(self) -> int:
        """The position in the text of the leftmost column."""
        return len(self.text) - self.filled()

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
        return max(metrics.horizontalAdvance(f"{max(units, 128):,}"), 20) + 11

    def _room(self) -> QRect:
        """Where the map may be: all but gutter, colour bar, characters and caption."""
        # A frame asks some twenty times, and measuring words takes long.
        shape = (self.size(), self.units(), pixels("tick"), pixels("label"))
        if shape != self._room_shape:
            self._room_shape, self._room_found = shape, self._find_room()
        return self._room_found

    def _find_room(self) -> QRect:
        right = 16 + 11 + 6 + QFontMetrics(ui_font("tick")).horizontalAdvance("−20")
        foot = self._line() + self._caption_height()
        left = self._gutter()
        return QRect(left, 1, max(self.width() - left - right, 0), max(self.height() - 1 - foot, 0))

    def _line(self) -> int:
        return QFontMetrics(mono_font("label")).height() + 2

    def _caption_height(self) -> int:
        return QFontMetrics(ui_font("tick")).height()

    def columns(self) -> int:
        """How many there are, filled or not."""
        return self._columns.count(max(min(self._room().width() // px(_COLUMN), _MOST_COLUMNS), 1))

    def filled(self) -> int:
        """How many columns have a character."""
        return min(len(self.text), self.columns())

    def _edge(self, column: int) -> int:
        """Where a column begins, in pixels from the left of the map."""
        return edge(column, self.columns(), self._room().width())

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
        return QRect(room.left(), room.top(), room.width(), height)

    def column_rect(self, position: int) -> QRect:
        """The column of a position in the text."""
        area, column = self.map_rect(), position - self.first()
        left, right = self._edge(column), self._edge(column + 1)
        return QRect(area.left() + left, area.top(), right - left, area.height())

    def column_edges(self) -> list[int]:
        """Where each filled column begins and the last one ends, in pixels of the widget."""
        left = self.map_rect().left()
        return [left + self._edge(column) for column in range(self.filled() + 1)]

    def row_rect(self, row: int) -> QRect:
        """The part of the map that a row has."""
        area, rows = self.map_rect(), len(self._shown)
        top, bottom = (area.top() + edge(n, rows, area.height()) for n in (row, row + 1))
        return QRect(area.left(), top, self._edge(self.filled()), max(bottom - top, 1))

    def _row_beside(self, point: QPoint) -> int:
        """The row of a point left of the map; -1 elsewhere."""
        area, rows = self.map_rect(), len(self._shown)
        if not rows or not (0 <= point.x() < area.left() and area.contains(area.left(), point.y())):
            return -1
        return self._row_at(point.y())

    def _row_at(self, y: int) -> int:
        area, rows = self.map_rect(), len(self._shown)
        row = (2 * (y - area.top()) + 1) * rows // (2 * max(area.height(), 1))
        return min(max(row, 0), rows - 1)

    def _column_at(self, x: int) -> int:
        """The column at or nearest to an x."""
        area, columns = self.map_rect(), self.columns()
        # The one that the middle of the pixel is in, as it is painted.
        column = (2 * (x - area.left()) + 1) * columns // (2 * max(area.width(), 1))
        return min(max(column, 0), self.filled() - 1)

    def _cell_at(self, point: QPoint) -> tuple[int, int] | None:
        area = self.map_rect()
        inside = QRect(area.left(), area.top(), self._edge(self.filled()), area.height())
        if not len(self._shown) or not inside.contains(point):
            return None
        return self._row_at(point.y()), self._column_at(point.x())

    # The picture.

    def _build(self) -> None:
        """Numbers to a small indexed image, one pixel per cell; painting scales it up."""
        values, room = self._values, self._room()
        if values is None or not self.text or room.height() < 8 or not len(values):
            self._image, self._shown = None, np.zeros((0, 0))
            self._cell, self._gutter_row = None, -1
            return
        units = len(values)
        filled = self.filled()
        shown = values[:, -filled:][self._order]
        if units > room.height() or (units > _FINEST and 2 * units > room.height()):
            group = math.ceil(2 * units / room.height())
            self._edges = np.append(np.arange(0, units, group), units)
            counts = np.diff(self._edges).astype(shown.dtype)
            shown = np.add.reduceat(shown, self._edges[:-1], axis=0) / counts[:, None]
        else:
            self._edges = np.arange(units + 1)
        self._shown = shown
        # With a pixel for each column, filled or not: scaled up they end where their words do.
        padded = np.pad(shown, ((0, 0), (0, self.columns() - filled)))
        self._image = color_image(padded, self._high, self._signed, STRIP_OPACITY)
        rows, columns = shown.shape
        if self._cell is not None and (self._cell[0] >= rows or self._cell[1] >= columns):
            self._cell = None
        self._gutter_row = min(self._gutter_row, rows - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The map always; the words around it only when they are to be painted anew."""
        painter = QPainter(self)
        colors = theme()
        painter.fillRect(event.rect(), colors.color("surface"))
        area = self.map_rect()
        if self._image is None:
            self._paint_empty(painter)
            return
        painter.drawImage(area, self._image)
        filled = self._edge(self.filled())
        if filled < area.width():
            blank = area.adjusted(filled, 0, 0, 0)
            painter.fillRect(blank, colors.mixed("surface-2", "surface", 0.5))
        if self._cell is not None:
            self._paint_cross(painter, self._cell[0], self._cell[1])
        elif self._gutter_row >= 0:
            self._paint_cross(painter, self._gutter_row, None)
        frame = self.framed()
        if frame >= self.first():
            painter.setPen(QPen(colors.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.column_rect(frame)).adjusted(0, -0.5, 0, 0.5))
        if not self.map_rect().adjusted(-2, -2, 2, 2).contains(event.rect()):
            self._paint_ticks(painter)
            self._paint_pin(painter)
            self._paint_bar(painter)
            self._paint_characters(painter)
            self._paint_caption(painter)
            if shows_focus(self):
                painter.setPen(QPen(colors.color("accent"), 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_empty(self, painter: QPainter) -> None:
        colors = theme()
        area = self.map_rect()
        painter.fillRect(area, colors.mixed("surface-2", "surface", 0.5))
        painter.setFont(ui_font("body"))
        painter.setPen(colors.color("text-muted"))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.empty)

    def _paint_cross(self, painter: QPainter, row: int, column: int | None) -> None:
        area, across = self.map_rect(), self.row_rect(row)
        painter.setPen(theme().color("text"))
        for y in (across.top() - 1, across.bottom() + 1):
            painter.drawLine(across.left(), y, across.right(), y)
        if column is None:
            return
        down = self.column_rect(self.first() + column)
        for x in (down.left() - 1, down.right() + 1):
            painter.drawLine(x, area.top(), x, area.bottom())

    def _paint_pin(self, painter: QPainter) -> None:
        """A pointer at the row of the pinned unit."""
        row = -1 if self.pinned is None else self.row_of(self.pinned)
        if row < 0:
            return
        rect = self.row_rect(row)
        tip = QPointF(rect.left() - 1, rect.top() + rect.height() / 2)
        draw_pin(painter, tip, 7, theme().color("text"))

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
            rect = QRectF(0, top, area.left() - 10, height)
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
        foot = self.map_rect().bottom() + 2
        font = mono_font("label")
        frame = self.framed()
        for position, character in enumerate(self.text[self.first() :], self.first()):
            token = "text-muted" if is_stand_in(character) else "text"
            if position == frame:
                token = "accent"
            column = self.column_rect(position)
            rect = QRectF(column.left(), foot, column.width(), self._line() - 1)
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
        caption = self.caption()
        used = metrics.horizontalAdvance(caption)
        if self.note:
            used = min(used, self._paint_note(painter, top, height) - area.left() - 12)
        room = max(min(used + 2, self.width() - area.left()), 0)
        caption = metrics.elidedText(caption, Qt.TextElideMode.ElideRight, room)
        painter.setPen(colors.color("text-muted"))
        painter.drawText(
            QRect(area.left(), top, self.width() - area.left(), height), align, caption
        )
        if self.note or self.framed() < 0:
            return
        # Under the framed column where there is room, else as near to it as the caption lets it be.
        note = self.tr("shown in Next character")
        wide = metrics.horizontalAdvance(note)
        right = self.column_rect(self.framed()).right() + 1
        left = max(right - wide, area.left() + used + 16)
        if left + wide <= self.width():
            painter.setPen(colors.color("accent"))
            painter.drawText(QRect(left, top, wide + 2, height), align, note)

    def _paint_note(self, painter: QPainter, top: int, height: int) -> int:
        """A tag under the right end of the map; returns where it begins."""
        colors = theme()
        painter.setFont(ui_font("label", bold=True))
        wide = painter.fontMetrics().horizontalAdvance(self.note) + 16
        rect = QRect(self.map_rect().right() + 1 - wide, top - 2, wide, height + 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(colors.color("warn"), 1))
        painter.setBrush(colors.color("warn-soft"))
        painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self.note)
        painter.setFont(ui_font("tick"))
        return rect.left()

    def caption(self) -> str:
        """What the columns are, and the rows where they are not single units."""
        words = self._columns_in_words()
        if self.units_per_row() > 1:
            words += self.tr("; a row is the mean of {0} units").format(self.units_per_row())
        return words

    def _columns_in_words(self) -> str:
        if self.words:
            return self.words
        total = self.earlier + len(self.text)
        shown = self.filled()
        if shown < total:
            return self.tr("the last {0} of {1} characters, one column each").format(
                f"{shown:,}", f"{total:,}"
            )
        return self.tr("your seed text, one column per character")

    def readout(self) -> str:
        """The value under the mouse in words; empty without one."""
        if self._cell is not None:
            row, column = self._cell
        elif self._gutter_row >= 0:
            row, column = self._gutter_row, -1
        else:
            return ""
        units = self._order[self._edges[row] : self._edges[row + 1]]
        if len(units) == 1:
            name = self.tr("unit {0}").format(int(units[0]) + 1)
        else:
            names = ", ".join(str(int(unit) + 1) for unit in units[:4])
            name = self.tr("mean of units {0}").format(names + ("…" if len(units) > 4 else ""))
        if column < 0:
            return self.tr("{0}: a click follows it").format(name)
        character = describe(self.text[self.first() + column])
        return f"{name}, {character}, {self.number(float(self._shown[row, column]))}"

    def number(self, value: float) -> str:
        """A value as it is read out."""
        return (f"{value:+.2f}" if self._signed else f"{value:.2f}").replace("-", "−")

    # Input.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Reads out the cell under the mouse; a drag goes on choosing columns."""
        point = event.position().toPoint()
        if self._dragging and self.text:
            position = self.first() + self._column_at(point.x())
            if position != self.framed():
                self._choose(position)
        self._point(self._cell_at(point), self._row_beside(point))

    def leaveEvent(self, event: QEvent) -> None:
        """Ends the read-out."""
        self._point(None, -1)

    def _point(self, cell: tuple[int, int] | None, gutter_row: int) -> None:
        if (cell, gutter_row) != (self._cell, self._gutter_row):
            self._cell, self._gutter_row = cell, gutter_row
            pressable = cell is not None or gutter_row >= 0
            shape = Qt.CursorShape.PointingHandCursor if pressable else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            self.update()

    def pointed_column(self) -> int:
        """The column under the mouse, from the left; -1 without one."""
        return -1 if self._cell is None else self._cell[1]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Chooses the column and pins the unit under the mouse."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        point = event.position().toPoint()
        area = self.map_rect()
        beside = self._row_beside(point)
        if beside >= 0:
            column = self.framed() - self.first() if self.framed() >= 0 else 0
            self.unit_pinned.emit(self.unit_of(beside, column))
            return
        on_characters = area.bottom() < point.y() <= area.bottom() + self._line()
        if on_characters:
            point.setY(area.bottom())
        cell = self._cell_at(point)
        if cell is None:
            return
        # Both are taken before either is told: what is told may move the picture.
        unit, position = self.unit_of(*cell), self.first() + cell[1]
        pinned_row = -1 if self.pinned is None else self.row_of(self.pinned)
        self._dragging = True
        self._choose(position)
        if not on_characters and cell[0] != pinned_row:
            self.unit_pinned.emit(unit)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ends the drag."""
        self._dragging = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the last column."""
        if self.text:
            self._choose(len(self.text) - 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left, Right, Home, End choose a column, Up and Down pin a unit, Enter opens it.

        Esc goes back to the last column, and then lets the unit go.
        """
        last, key = len(self.text) - 1, Qt.Key(event.key())
        framed = self.framed() if self.framed() >= 0 else last + 1
        targets = {
            Qt.Key.Key_Left: max(framed - 1, self.first()),
            Qt.Key.Key_Right: min(framed + 1, last),
            Qt.Key.Key_Home: self.first(),
            Qt.Key.Key_End: last,
        }
        if self.marked is not None:
            targets[Qt.Key.Key_Escape] = last
        if last < 0 or not len(self._shown):
            super().keyPressEvent(event)
        elif key in targets:
            if targets[key] != self.framed():
                self._choose(targets[key])
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._pin_neighbour(-1 if key == Qt.Key.Key_Up else 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.pinned is not None:
            self.unit_opened.emit(self.pinned)
        elif key == Qt.Key.Key_Escape and self.pinned is not None:
            self.unit_pinned.emit(-1)
        else:
            super().keyPressEvent(event)

    def _pin_neighbour(self, by: int) -> None:
        rows = len(self._shown)
        row = -1 if self.pinned is None else self.row_of(self.pinned)
        row = rows // 2 if row < 0 else min(max(row + by, 0), rows - 1)
        column = self.framed() - self.first() if self.framed() >= 0 else 0
        self.unit_pinned.emit(self.unit_of(row, column))

    def _choose(self, position: int) -> None:
        self.mark(position)
        self.column_clicked.emit(position)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another number of columns or rows may fit."""
        super().resizeEvent(event)
        self._columns.fit(self.text)
        self._build()
        self.resized.emit()
