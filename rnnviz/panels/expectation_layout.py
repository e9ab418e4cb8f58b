"""Where the columns of expectations are: bars, keycaps and guesses, one below the other."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize
from PySide6.QtGui import QFontMetrics

from rnnviz.panels.theme import mono_font, px

LOWEST, _HIGHEST = 18, 34  # pixels of a row of guesses
_WIDEST = 85  # pixels of a column


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """In pixels from the widget's corner, whichever columns are in sight."""

    left: int  # of the first column
    pitch: int  # of columns
    plot: QRect  # of the bars, from the axis' end to zero
    keys: int  # top of the keycaps,
    key: int  # their height
    cells: int  # top of the first row of guesses
    row: int  # pitch of the rows
    rows: int  # how many there are
    outside: int  # top of the row below them

    def x(self, place: int) -> int:
        """The left edge of a column; `place` counts from the first in sight."""
        return self.left + place * self.pitch

    def y(self, value: float, level: float, logarithmic: bool) -> float:
        """Of a bar's end, where the axis ends at `level`; a logarithmic one begins at 1, not 0."""
        if logarithmic:
            share = math.log(max(value, 1.0)) / math.log(max(level, 2.0))
        else:
            share = value / level
        return self.plot.bottom() + 1 - min(max(share, 0.0), 1.0) * self.plot.height()

    def bar(self, place: int, top: float) -> QRectF:
        """A bar whose end is at `top`."""
        wide = round(0.68 * self.pitch)
        left = self.x(place) + (self.pitch - wide) // 2
        return QRectF(left, round(top), wide, self.plot.bottom() + 1 - round(top))

    def cell(self, place: int, row: int) -> QRectF:
        """A guess; the row after the last one is the cell of a character outside of them."""
        gap = 4 if self.row >= px(26) else 2
        top = self.cells + row * self.row if row < self.rows else self.outside
        return QRectF(self.x(place) + 2, top, self.pitch - 4, self.row - gap)

    def at(self, point: QPointF) -> tuple[int, int] | None:
        """Place and row; row -1 is what is above the guesses, `rows` what is below."""
        if point.x() < self.left:
            return None
        place = int((point.x() - self.left) // self.pitch)
        if point.y() < self.cells:
            return place, -1
        return place, min(int((point.y() - self.cells) // self.row), self.rows)


def lay_out(size: QSize, gutter: int, room: int, capacity: int, rows: int) -> ColumnLayout:
    """Everything at a size, with `gutter` pixels at the left and `room` for `capacity` columns."""
    pitch = max(min(room // capacity, px(_WIDEST)), 24)
    height = size.height()
    row = max(min(round(0.091 * height), px(_HIGHEST)), px(LOWEST))
    key = max(min(round(0.083 * height), px(31)), px(20))
    above = QFontMetrics(mono_font("label")).height()
    cells = height - row - 2 - rows * row - 4
    keys = cells - key - px(10 if height >= px(300) else 4)
    bottom = keys - px(10 if height >= px(300) else 4)
    plot = QRect(gutter, above, pitch * capacity, max(bottom - above, 8))
    return ColumnLayout(gutter, pitch, plot, keys, key, cells, row, rows, height - row)
