"""One parameter as an image, with its colour bar, histogram and figures."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.curves import crisp
from rnnviz.panels.matrix_image import (
    Values,
    as_image,
    colored,
    gates_of,
    level_at,
    shrunk,
)
from rnnviz.panels.number_text import two_figures, whole
from rnnviz.panels.painting import shows_focus
from rnnviz.panels.parameter_groups import short_name
from rnnviz.panels.readout import Entry, paint_message, paint_readout
from rnnviz.panels.theme import mono_font, px, scaled, theme, ui_font
from rnnviz.panels.value_histogram import bin_entry, bin_under, paint_bars
from rnnviz.probes.parameter_statistics import ArrayStatistics
from rnnviz.probes.step_norms import matrix_group
from rnnviz.text.vocabulary import Vocabulary, describe

_SIDE = 168.0  # pixels of the histogram and figures
_LEAST_IMAGE = 180.0


class MatrixView(QWidget):
    """Image with gates at its left edge, colour bar, histogram and figures."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Values of the chosen parameter"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.statistics: ArrayStatistics | None = None
        self.cell = "gru"
        self.layers = 1
        self.vocabulary: Vocabulary | None = None
        self.message = ""
        self.level = 1.0
        self._shown: Values = np.zeros((0, 0))
        self._grouped = (1, 1)
        self._image: QImage | None = None
        self._cell_at: tuple[int, int] | None = None  # row and column of the parameter
        self._bin_at = -1  # of the histogram
        self.readout_rect = QRectF()

    def sizeHint(self) -> QSize:
        """Roomy."""
        return QSize(480, 320)

    def minimumSizeHint(self) -> QSize:
        """Still readable."""
        return QSize(240, 120)

    # What it shows.

    def set_statistics(self, statistics: ArrayStatistics | None) -> None:
        """Shows a parameter."""
        if statistics is None or (
            self.statistics is not None and statistics.name != self.statistics.name
        ):
            self._cell_at = None
        self.statistics = statistics
        self.build()

    def gates(self) -> tuple[str, ...]:
        """The names of the parts one above the other in the picture."""
        assert self.statistics is not None
        return gates_of(self.statistics.name, self.cell)

    def build(self) -> None:
        """Numbers to a small image, also for other colours; painting scales it up."""
        self._image = None
        found = self.statistics
        if found is not None:
            values = as_image(found.values, len(self.gates()))
            self.level = level_at(values)
            room = self._room()
            self._shown, *grouped = shrunk(values, int(room.height()), int(room.width()))
            self._grouped = (grouped[0], grouped[1])
            self._image = colored(self._shown, self.level)
        self.update()

    # Geometry.

    def side_shown(self) -> bool:
        """Whether there is room for histogram and figures."""
        return self.width() >= px(_SIDE + _LEAST_IMAGE)

    def _room(self) -> QRectF:
        tick = QFontMetricsF(ui_font("tick")).height()
        left = 20.0 if self.statistics is not None and len(self.gates()) > 1 else 2.0
        right = (px(_SIDE) + 16.0) if self.side_shown() else 2.0
        return QRectF(
            left,
            tick + 6.0,
            max(self.width() - left - right, 1.0),
            max(self.height() - 2 * tick - 12.0, 1.0),
        )

    def image_rect(self) -> QRectF:
        """Where the values are: square ones for matrices that are not too long."""
        room = self._room()
        rows, columns = self._rows_and_columns()
        if min(rows, columns) == 0:
            return room
        if 0.5 <= rows / columns <= 2:
            scale = min(room.width() / columns, room.height() / rows)
            return QRectF(
                room.left(), room.top(), math.floor(columns * scale), math.floor(rows * scale)
            )
        if rows <= 4:
            return QRectF(room.left(), room.top(), room.width(), min(room.height(), 44.0 * rows))
        return room

    def _rows_and_columns(self) -> tuple[int, int]:
        if self.statistics is None:
            return 0, 0
        rows, columns = as_image(self.statistics.values, len(self.gates())).shape
        return int(rows), int(columns)

    def histogram_rect(self) -> QRectF:
        """Where the bars are; empty where there is no room for them."""
        if not self.side_shown() or self.statistics is None:
            return QRectF()
        top = QFontMetricsF(ui_font("tick")).height() + 6.0
        height = max(min(self.height() * 0.42, scaled(170)), scaled(30))
        return QRectF(self.width() - px(_SIDE), top, px(_SIDE) - 4.0, height)

    # Painting.

    def paintEvent(self, event: object) -> None:
        """Draws image, captions, histogram and figures."""
        colors = theme()
        painter = QPainter(self)
        painter.fillRect(self.rect(), colors.color("surface"))
        if self.statistics is None or self._image is None:
            paint_message(painter, QRectF(self.rect()), self.message)
        else:
            area = self.image_rect()
            painter.drawImage(area, self._image)
            self._paint_captions(painter, area)
            if self.side_shown():
                left = self.width() - px(_SIDE)
                bottom = self._paint_histogram(painter, left)
                self._paint_figures(painter, left, bottom)
            self._paint_cell(painter, area)
            self._paint_bin(painter)
        if shows_focus(self):
            painter.setPen(QPen(colors.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _axis_words(self) -> tuple[str, str]:
        """What the columns and the rows are."""
        assert self.statistics is not None
        rows, columns = self._rows_and_columns()
        group, name = matrix_group(self.statistics.name), self.statistics.name
        units = self.tr("{0} units")
        characters = self.tr("{0} characters")
        if self.statistics.values.ndim == 1:
            if group == "b_y":
                return characters.format(whole(columns)), ""
            return units.format(whole(columns)), ""
        across = characters if name == "rnn.weight_ih_l0" else units
        down = characters if group == "W_hy" else units
        size = rows // len(self.gates())
        to = down.format(whole(size))
        if len(self.gates()) > 1:
            to = self.tr("{0} in each gate").format(to)
        return self.tr("from {0} →").format(across.format(whole(columns))), self.tr(
            "to {0} ↓"
        ).format(to)

    def _paint_captions(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        font = ui_font("tick")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(colors.color("text-muted"))
        across, down = self._axis_words()
        words = f"{across}   {down}" if down else across
        room = self._room().right() - area.left()
        if metrics.horizontalAdvance(words) > room:
            words = across
        painter.drawText(QPointF(area.left(), metrics.ascent()), words)
        gates = self.gates()
        if len(gates) > 1:
            height = area.height() / len(gates)
            for index, gate in enumerate(gates):
                top = area.top() + index * height
                if index:
                    painter.setPen(QPen(colors.color("surface"), 1))
                    y = crisp(top)
                    painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
                painter.setFont(mono_font("label"))
                painter.setPen(colors.color("text-2"))
                cell = QRectF(0, top, area.left() - 6, height)
                painter.drawText(
                    cell, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, gate
                )
        painter.setFont(font)
        painter.setPen(colors.color("text-muted"))
        baseline = self.height() - metrics.descent() - 2
        level = two_figures(self.level)
        low, high = f"−{level}", f"+{level}"
        x = area.left()
        painter.drawText(QPointF(x, baseline), low)
        x += metrics.horizontalAdvance(low) + 6
        bar = QRectF(x, baseline - metrics.capHeight() - 1, 90, metrics.capHeight() + 2)
        ramp = np.linspace(-1.0, 1.0, round(bar.width()))[np.newaxis]
        painter.drawImage(bar, colored(ramp, 1.0))
        painter.drawText(QPointF(bar.right() + 6, baseline), high)
        down_by, across_by = self._grouped
        if down_by * across_by > 1:
            note = self.tr("a pixel: the largest of {0} × {1}").format(down_by, across_by)
            at = bar.right() + 6 + metrics.horizontalAdvance(high) + 14
            if at + metrics.horizontalAdvance(note) < self._room().right():
                painter.drawText(QPointF(at, baseline), note)

    def _paint_histogram(self, painter: QPainter, left: float) -> float:
        """Counts of values; returns where it ends below."""
        assert self.statistics is not None
        colors, found = theme(), self.statistics
        font = ui_font("tick")
        metrics = QFontMetricsF(font)
        area = self.histogram_rect()
        width = area.width()
        painter.setFont(font)
        painter.setPen(colors.color("text-muted"))
        painter.drawText(QPointF(left, metrics.ascent()), self.tr("how many have which value"))
        paint_bars(painter, self.histogram_rect(), found, self._bin_at, gap=0.5)
        painter.setPen(QPen(colors.color("border-strong"), 1))
        y = crisp(area.bottom())
        painter.drawLine(QPointF(left, y), QPointF(left + width, y))
        middle = crisp(left + width / 2)
        painter.drawLine(QPointF(middle, y), QPointF(middle, y + 4))
        painter.setPen(colors.color("text-muted"))
        baseline = y + 5 + metrics.ascent()
        reach = two_figures(float(found.edges[-1]))
        painter.drawText(QPointF(left, baseline), f"−{reach}")
        painter.drawText(QPointF(middle - metrics.horizontalAdvance("0") / 2, baseline), "0")
        painter.drawText(QPointF(left + width - metrics.horizontalAdvance(reach), baseline), reach)
        return baseline + metrics.descent() + 10

    def figures(self) -> list[tuple[str, str]]:
        """Words and numbers below the histogram."""
        found = self.statistics
        if found is None:
            return []
        return [
            (self.tr("L2 norm"), two_figures(found.norm)),
            (self.tr("mean"), two_figures(found.mean).replace("-", "−", 1)),
            (self.tr("deviation"), two_figures(found.deviation)),
            (self.tr("largest |w|"), two_figures(found.largest)),
            (self.tr("values"), whole(found.values.size)),
        ]

    def _paint_figures(self, painter: QPainter, left: float, top: float) -> None:
        colors = theme()
        words, numbers = ui_font("label"), mono_font("label")
        metrics = QFontMetricsF(words)
        line = metrics.height() + 4
        for row, (name, value) in enumerate(self.figures()):
            y = top + row * line + metrics.ascent()
            if y + metrics.descent() > self.height():
                return
            painter.setFont(words)
            painter.setPen(colors.color("text-2"))
            painter.drawText(QPointF(left, y), name)
            painter.setFont(numbers)
            painter.setPen(colors.color("text"))
            width = QFontMetricsF(numbers).horizontalAdvance(value)
            painter.drawText(QPointF(self.width() - 4 - width, y), value)

    # Pointing.

    def cell_under(self, at: QPointF) -> tuple[int, int] | None:
        """Row and column of the picture's parameter under a point."""
        area = self.image_rect()
        rows, columns = self._rows_and_columns()
        if not area.contains(at) or not rows:
            return None
        row = min(int((at.y() - area.top()) * rows / area.height()), rows - 1)
        column = min(int((at.x() - area.left()) * columns / area.width()), columns - 1)
        return row, column

    def describe(self, row: int, column: int) -> tuple[str, list[Entry]]:
        """Title and lines of the box for a value."""
        assert self.statistics is not None
        found, gates = self.statistics, self.gates()
        values = as_image(found.values, len(gates))
        rows, _ = values.shape
        size = max(rows // len(gates), 1)
        gate = gates[row // size]
        group = matrix_group(found.name)
        title = short_name(found.name, self.layers)
        if gate:
            title += self.tr(", gate {0}").format(gate)
        value = float(values[row, column])
        entries = []
        if found.values.ndim == 1:
            entries.append(Entry("", self._end_words(column, group == "b_y"), ""))
        else:
            characters = found.name == "rnn.weight_ih_l0"
            source = self._end_words(column, characters)
            target = self._end_words(row % size, group == "W_hy")
            entries.append(Entry("", self.tr("{0} to {1}").format(source, target), ""))
        sign = "−" if value < 0 else "+"
        entries.append(Entry("", self.tr("value"), f"{sign}{abs(value):.4f}"))
        return title, entries

    def _end_words(self, index: int, character: bool) -> str:
        if character and self.vocabulary is not None:
            return describe(self.vocabulary.characters[index])
        return self.tr("unit {0}").format(whole(index + 1))  # from 1, as in every panel

    def _paint_cell(self, painter: QPainter, area: QRectF) -> None:
        if self._cell_at is None:
            return
        row, column = self._cell_at
        rows, columns = self._rows_and_columns()
        if row >= rows or column >= columns:
            return
        width, height = area.width() / columns, area.height() / rows
        cell = QRectF(area.left() + column * width, area.top() + row * height, width, height)
        grow = max(3.0 - min(width, height) / 2, 0.5)
        painter.setPen(QPen(theme().color("text"), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(cell.adjusted(-grow, -grow, grow, grow))
        title, entries = self.describe(row, column)
        self.readout_rect = paint_readout(
            painter, QRectF(self.rect()), cell.center(), title, entries
        )

    def _paint_bin(self, painter: QPainter) -> None:
        if self._bin_at < 0 or self.statistics is None:
            return
        area, found = self.histogram_rect(), self.statistics
        at = QPointF(area.left() + (self._bin_at + 0.5) * area.width() / len(found.counts), 0)
        at.setY(area.center().y())
        title, entries = short_name(found.name, self.layers), [bin_entry(found, self._bin_at)]
        self.readout_rect = paint_readout(painter, QRectF(self.rect()), at, title, entries)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The read-out follows the mouse."""
        self.point(self.cell_under(event.position()))
        bins = len(self.statistics.counts) if self.statistics is not None else 0
        self._point_at_bin(bin_under(self.histogram_rect(), event.position(), bins))

    def leaveEvent(self, event: QEvent) -> None:
        """Ends pointing."""
        self.point(None)
        self._point_at_bin(-1)

    def _point_at_bin(self, index: int) -> None:
        if index != self._bin_at:
            self._bin_at = index
            self.update()

    def point(self, cell: tuple[int, int] | None) -> None:
        """Reads out the value in a row and column; None ends the read-out."""
        if cell != self._cell_at:
            self._cell_at = cell
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the read-out from value to value, Escape ends it."""
        moves = {
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
        }
        rows, columns = self._rows_and_columns()
        if event.key() in moves and rows:
            down, across = moves[Qt.Key(event.key())]
            row, column = self._cell_at or (0 - down, 0 - across)
            self._cell_at = (
                min(max(row + down, 0), rows - 1),
                min(max(column + across, 0), columns - 1),
            )
            self.update()
        elif event.key() == Qt.Key.Key_Escape and self._cell_at is not None:
            self._cell_at = None
            self.update()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many pixels as there is room for."""
        super().resizeEvent(event)
        self.build()
