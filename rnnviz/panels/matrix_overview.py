"""All parameters at once: a small image of each, its norm, and how its values are distributed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
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

from rnnviz.panels.matrix_image import as_image, colored, level_at, shrunk
from rnnviz.panels.number_text import two_figures, whole
from rnnviz.panels.painting import shows_focus
from rnnviz.panels.parameter_groups import short_name
from rnnviz.panels.readout import Entry, draw_name, name_width, paint_message, paint_readout
from rnnviz.panels.theme import mono_font, px, theme, ui_font
from rnnviz.panels.value_histogram import bin_entry, bin_under, paint_bars
from rnnviz.probes.parameter_statistics import ArrayStatistics

_GAP = 12.0  # pixels between tiles
_HISTOGRAM = 26.0  # height
_LEAST_IMAGE = 36.0  # height of an image that has a histogram below it
_WIDE = 1.5  # a tile's width by its height, about


class MatrixOverview(QWidget):
    """A tile for each parameter, in the network's order; a click or Enter chooses one."""

    chosen = Signal(str)  # the parameter's name

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("All parameters"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.message = ""
        self.layers = 1
        self._entries: tuple[tuple[ArrayStatistics, int], ...] = ()  # with the number of gates
        self._images: list[QImage] = []
        self._at = -1  # the tile pointed at
        self._bin = -1  # of its histogram

    def sizeHint(self) -> QSize:
        """Roomy."""
        return QSize(480, 320)

    def minimumSizeHint(self) -> QSize:
        """Still readable."""
        return QSize(px(240), px(120))

    # What it shows.

    def show_entries(self, entries: Sequence[tuple[ArrayStatistics, int]]) -> None:
        """Shows parameters, each with how many gates lie one above the other in it."""
        self._entries = tuple(entries)
        self._at = min(self._at, len(self._entries) - 1)
        self.build()

    def build(self) -> None:
        """Numbers to images no larger than there is room for; also for other colours."""
        self._images = []
        for index, (found, gates) in enumerate(self._entries):
            values, room = as_image(found.values, gates), self.image_rect(index)
            level = level_at(values)
            small, _, _ = shrunk(values, int(room.height()), int(room.width()))
            self._images.append(colored(small, level))
        names = (short_name(found.name, self.layers) for found, _ in self._entries)
        norms = (two_figures(found.norm) for found, _ in self._entries)
        self.setAccessibleDescription(
            ", ".join(f"{name} {norm}" for name, norm in zip(names, norms, strict=True))
        )
        self.update()

    # Geometry.

    def grid(self) -> tuple[int, int]:
        """Columns and rows of tiles."""
        count = max(len(self._entries), 1)
        wanted = math.sqrt(count * self.width() / (_WIDE * max(self.height(), 1)))
        columns = min(max(round(wanted), 1), count)
        return columns, -(-count // columns)

    def tile_rect(self, index: int) -> QRectF:
        """A parameter's tile."""
        columns, rows = self.grid()
        width = (self.width() - (columns - 1) * _GAP) / columns
        height = (self.height() - (rows - 1) * _GAP) / rows
        row, column = divmod(index, columns)
        return QRectF(column * (width + _GAP), row * (height + _GAP), width, height)

    def _caption(self) -> float:
        return QFontMetricsF(ui_font("label", bold=True)).height() + 5.0

    def _histogram(self, tile: QRectF) -> float:
        """The height of the histogram; 0 where there is no room for one."""
        height = px(_HISTOGRAM)
        return height if tile.height() >= self._caption() + px(_LEAST_IMAGE) + height else 0.0

    def image_rect(self, index: int) -> QRectF:
        """Where a parameter's values are."""
        tile = self.tile_rect(index)
        height = tile.height() - self._caption() - self._histogram(tile)
        return QRectF(tile.left(), tile.top() + self._caption(), tile.width(), max(height, 1.0))

    def histogram_rect(self, index: int) -> QRectF:
        """Where the bars of a parameter are; empty where there is no room for them."""
        tile = self.tile_rect(index)
        height = self._histogram(tile)
        return QRectF(tile.left(), tile.bottom() - height, tile.width(), height)

    # Painting.

    def paintEvent(self, event: object) -> None:
        """All tiles, and what there is to say about the one pointed at."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("surface"))
        if not self._entries:
            paint_message(painter, QRectF(self.rect()), self.message)
        for index in range(len(self._entries)):
            self._paint_tile(painter, index)
        if shows_focus(self):
            painter.setPen(QPen(theme().color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        if 0 <= self._at < len(self._entries):
            self._paint_readout(painter)

    def _paint_tile(self, painter: QPainter, index: int) -> None:
        colors, (found, _) = theme(), self._entries[index]
        tile, area = self.tile_rect(index), self.image_rect(index)
        bold, mono = ui_font("label", bold=True), mono_font("tick")
        baseline = tile.top() + QFontMetricsF(bold).ascent()
        name = short_name(found.name, self.layers)
        painter.setPen(colors.color("text"))
        draw_name(painter, QPointF(tile.left(), baseline), name, bold)
        metrics = QFontMetricsF(mono)
        norm = f"‖w‖ {two_figures(found.norm)}"
        width = metrics.horizontalAdvance(norm)
        if name_width(name, bold) + 10 + width <= tile.width():
            painter.setFont(mono)
            painter.setPen(colors.color("text-2"))
            painter.drawText(QPointF(tile.right() - width, baseline), norm)
        painter.drawImage(area, self._images[index])
        height = self._histogram(tile)
        if height:
            pointed = self._bin if index == self._at else -1
            paint_bars(painter, self.histogram_rect(index), found, pointed)
            y = math.floor(tile.bottom()) - 0.5
            painter.setPen(QPen(colors.color("border-strong"), 1))
            painter.drawLine(QPointF(tile.left(), y), QPointF(tile.right(), y))
        if index == self._at:
            painter.setPen(QPen(colors.color("text"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5))

    def describe(self, index: int) -> tuple[str, list[Entry]]:
        """Title and lines of the box for a parameter."""
        found, _ = self._entries[index]
        shape = " × ".join(whole(length) for length in found.values.shape)
        signed = two_figures(found.mean).replace("-", "−", 1)
        return short_name(found.name, self.layers), [
            Entry("", self.tr("values"), shape),
            Entry("", self.tr("L2 norm"), two_figures(found.norm)),
            Entry("", self.tr("mean"), signed),
            Entry("", self.tr("deviation"), two_figures(found.deviation)),
            Entry("", self.tr("largest |w|"), two_figures(found.largest)),
        ]

    def _paint_readout(self, painter: QPainter) -> None:
        title, entries = self.describe(self._at)
        if self._bin >= 0:
            entries.append(bin_entry(self._entries[self._at][0], self._bin))
        at = self.image_rect(self._at).center()
        paint_readout(painter, QRectF(self.rect()), at, title, entries)

    # Pointing.

    def tile_at(self, at: QPointF) -> int:
        """The tile under a point, -1 for none."""
        tiles = (i for i in range(len(self._entries)) if self.tile_rect(i).contains(at))
        return next(tiles, -1)

    def point(self, index: int, place: int = -1) -> None:
        """Says more about a tile, and about a bin of its histogram; -1 for none."""
        if (index, place) != (self._at, self._bin):
            self._at, self._bin = index, place
            shape = Qt.CursorShape.PointingHandCursor if index >= 0 else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The read-out follows the mouse."""
        index = self.tile_at(event.position())
        place = -1
        if index >= 0:
            bins = len(self._entries[index][0].counts)
            place = bin_under(self.histogram_rect(index), event.position(), bins)
        self.point(index, place)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Chooses a parameter."""
        index = self.tile_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and index >= 0:
            self.chosen.emit(self._entries[index][0].name)

    def leaveEvent(self, event: QEvent) -> None:
        """Ends pointing."""
        self.point(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows point at a tile, Enter chooses it, Escape points at none."""
        key, count = Qt.Key(event.key()), len(self._entries)
        moves = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self.grid()[0],
            Qt.Key.Key_Down: self.grid()[0],
        }
        if key in moves and count:
            target = self._at + moves[key] if self._at >= 0 else 0
            self.point(target if 0 <= target < count else self._at)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._at >= 0:
            self.chosen.emit(self._entries[self._at][0].name)
        elif key == Qt.Key.Key_Escape and self._at >= 0:
            self.point(-1)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many pixels as there is room for."""
        super().resizeEvent(event)
        self.build()
