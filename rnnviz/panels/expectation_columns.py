"""A column for each character read: how much it surprised, and what had been guessed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.characters import draw_keycap
from rnnviz.panels.expectation_cell import ExpectationCell, shade, short_percent
from rnnviz.panels.painting import shows_focus
from rnnviz.panels.readout import paint_message
from rnnviz.panels.theme import mono_font, pixels, px, theme, ui_font
from rnnviz.probes.expectations import GUESSES, Expectations
from rnnviz.text.vocabulary import describe

_MOST_COLUMNS = 16
_LEAST_COLUMNS = 4
_NARROWEST, _WIDEST = 58, 85  # pixels of a column
_LOWEST, _HIGHEST = 18, 34  # pixels of a row of guesses
_LEAST_PLOT = 34
LN2 = math.log(2.0)
_LEVELS = (1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10)


def level_above(largest: float) -> float:
    """The end of the axis: the smallest of 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, ... to hold it.

    1.2 and 1.5 are left out: bars of next to nothing should look like it.
    """
    if not math.isfinite(largest) or largest <= 1:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(largest))
    levels = (factor * decade for factor in _LEVELS)
    return next((level for level in levels if largest <= level and level not in (1.2, 1.5)), 2.0)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things are, in pixels from the widget's corner."""

    left: int  # of the first column
    pitch: int  # of columns
    plot: QRect  # of the bars, from the axis' end to zero
    keys: int  # top of the keycaps,
    key: int  # their height
    cells: int  # top of the first row of guesses
    row: int  # pitch of the rows
    outside: int  # top of the row below them


class ExpectationColumns(QWidget):
    """Surprisal, character and guesses of each column, one below the other."""

    guess_chosen = Signal(int, str)  # position in the text read, the character to put there
    scrolled = Signal()  # the first column or how many there are has changed
    readout_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("What the network expected at each character"))
        self.setToolTip("")
        self.unit = "bits"
        self.empty = self.tr("Type a few words")
        self._found: Expectations | None = None
        self._first: int | None = None  # column at the left; None follows the newest
        self._level = 1.0
        self._cell: tuple[int, int] | None = None  # column and row under the mouse or the keys
        self._readout = ""
        self._measured_for: tuple[int, str, int] | None = None
        self._measured = (0, 0)
        self._layout: tuple[tuple[object, ...], _Layout] | None = None

    def sizeHint(self) -> QSize:
        """Roomy."""
        return QSize(1500, 370)

    def minimumSizeHint(self) -> QSize:
        """Everything at its lowest."""
        return QSize(px(260), 6 * px(_LOWEST) + px(26) + px(18) + px(_LEAST_PLOT))

    # What it shows.

    def show_expectations(self, found: Expectations | None) -> None:
        """Shows other expectations; a text that is another scrolls back to its end."""
        same = self._found is not None and found is not None and self._found.text == found.text
        self._found = found
        if not same:
            self._first = None
            self._level = 1.0
            self._cell = None
        self._fit_level()
        self._describe()
        self.scrolled.emit()
        self._tell()
        self.update()

    def set_unit(self, unit: str) -> None:
        """One of `UNITS`."""
        if unit != self.unit:
            self.unit = unit
            self._level = 1.0
            self._fit_level()
            self._tell()
            self.update()

    def count(self) -> int:
        """How many columns there are, the one to come included; 0 when there is nothing to show."""
        return 0 if self._found is None or not self._found.text else len(self._found.text) + 1

    def first(self) -> int:
        """The column at the left."""
        last = max(self.count() - self.capacity(), 0)
        return last if self._first is None else min(self._first, last)

    def shown(self) -> range:
        """The columns in sight."""
        return range(self.first(), min(self.first() + self.capacity(), self.count()))

    def scroll_to(self, column: int) -> None:
        """Puts a column at the left; at the end the newest are followed again."""
        last = max(self.count() - self.capacity(), 0)
        first = None if column >= last else max(column, 0)
        if first != self._first:
            self._first = first
            self._level = 1.0
            self._fit_level()
            self.scrolled.emit()
            self.update()

    def values(self) -> NDArray[np.float64]:
        """The height of each bar (T,), in the unit."""
        assert self._found is not None
        if self.unit == "rank":
            return np.where(self._found.ranks > 0, self._found.ranks, np.nan).astype(np.float64)
        return self._found.surprisal * (LN2 if self.unit == "nats" else 1.0)

    def expected(self) -> NDArray[np.float64]:
        """The entropy at each column (T + 1,), in the unit; NaN where the unit is the rank."""
        assert self._found is not None
        if self.unit == "rank":
            return np.full(len(self._found.entropy), np.nan)
        return self._found.entropy * (LN2 if self.unit == "nats" else 1.0)

    def mean(self) -> float:
        """Over the characters that count; of ranks the median; NaN when none does."""
        if self._found is None:
            return math.nan
        judged = self.values()[self._found.judged]
        if not len(judged) or not np.isfinite(judged).all():
            return math.nan
        return float(np.median(judged) if self.unit == "rank" else judged.mean())

    def hits(self) -> tuple[int, int, int]:
        """How many characters were the first guess, were among the guesses drawn, and all."""
        assert self._found is not None
        ranks = self._found.ranks[self._found.judged]
        among = (ranks > 0) & (ranks <= len(self._found.guesses))
        return int((ranks == 1).sum()), int(among.sum()), len(ranks)

    def _fit_level(self) -> None:
        """The axis holds what is in sight; it does not shrink while the same columns are shown."""
        if self._found is None or not self._found.text:
            return
        if self.unit == "rank":
            self._level = float(len(self._found.characters))
            return
        shown = self.shown()
        # The first character does not count, so its bar may be cut off.
        part = slice(max(shown.start, 1), shown.stop)
        both = np.concatenate((self.values()[part], self.expected()[part]))
        both = both[np.isfinite(both)]
        self._level = max(self._level, level_above(float(both.max()) if len(both) else 1.0))

    def _describe(self) -> None:
        found = self._found
        if found is None or not found.text or found.guesses[0, -1] < 0:
            self.setAccessibleDescription("")
            return
        best = ", ".join(
            f"{describe(found.characters[found.guesses[row, -1]])} {short_percent(chance)}"
            for row, chance in enumerate(found.chances[:, -1])
        )
        self.setAccessibleDescription(self.tr("Next: {0}").format(best))

    # Geometry.

    def gutter(self) -> int:
        """Pixels at the left for words and the axis."""
        return self._widths()[0]

    def _widths(self) -> tuple[int, int]:
        """Pixels at the left and right of the columns; measuring words takes long."""
        key = (self.rows(), self.unit, pixels("label"))
        if key != self._measured_for:
            metrics = QFontMetrics(ui_font("label"))
            words = max(metrics.horizontalAdvance(word) for word in self._words())
            # At the right there is the name of the line of the mean.
            mean = metrics.horizontalAdvance(self._mean_words(88.88))
            self._measured_for, self._measured = key, (words + px(34), mean + 10)
        return self._measured

    def _words(self) -> tuple[str, ...]:
        return (
            self.tr("Surprisal"),
            self.tr("Expected"),
            self.tr("top {0} guesses").format(self.rows()),
            self.tr("Outside top {0}").format(self.rows()),
        )

    def rows(self) -> int:
        """How many guesses there are in a column."""
        return GUESSES if self._found is None else len(self._found.guesses)

    def _room(self) -> int:
        return max(self.width() - sum(self._widths()), 1)

    def capacity(self) -> int:
        """Columns that fit; depends on the width alone."""
        return max(min(self._room() // px(_NARROWEST), _MOST_COLUMNS), _LEAST_COLUMNS)

    def layout_of(self) -> _Layout:
        """Where everything is at the present size."""
        key = (self.size(), self._widths(), self.rows())
        if self._layout is None or self._layout[0] != key:
            self._layout = key, self._lay_out()
        return self._layout[1]

    def _lay_out(self) -> _Layout:
        pitch = max(min(self._room() // self.capacity(), px(_WIDEST)), 24)
        height, rows = self.height(), self.rows()
        row = max(min(round(0.091 * height), px(_HIGHEST)), px(_LOWEST))
        key = max(min(round(0.083 * height), px(31)), px(20))
        above = QFontMetrics(mono_font("label")).height()
        cells = height - row - 2 - rows * row - 4
        keys = cells - key - px(10 if height >= px(300) else 4)
        bottom = keys - px(10 if height >= px(300) else 4)
        plot = QRect(self.gutter(), above, pitch * self.capacity(), max(bottom - above, 8))
        return _Layout(self.gutter(), pitch, plot, keys, key, cells, row, height - row)

    def column_rect(self, column: int) -> QRectF:
        """All of a column that is in sight."""
        where = self.layout_of()
        left = where.left + (column - self.first()) * where.pitch
        return QRectF(left, 0, where.pitch, self.height())

    def cell_rect(self, column: int, row: int) -> QRectF:
        """A guess; the row after the last one is the cell of a character outside of them."""
        where = self.layout_of()
        gap = 4 if where.row >= px(26) else 2
        top = where.cells + row * where.row if row < self.rows() else where.outside
        left = where.left + (column - self.first()) * where.pitch
        return QRectF(left + 2, top, where.pitch - 4, where.row - gap)

    def _at(self, point: QPointF) -> tuple[int, int] | None:
        """Column and row; row -1 is what is above the guesses, `rows()` what is below."""
        where = self.layout_of()
        column = self.first() + int((point.x() - where.left) // where.pitch)
        if column not in self.shown() or point.x() < where.left:
            return None
        if point.y() < where.cells:
            return column, -1
        return column, min(int((point.y() - where.cells) // where.row), self.rows())

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """All of it: bars, characters, guesses."""
        painter = QPainter(self)
        found = self._found
        if found is None or not found.text:
            painter.setFont(ui_font("body"))
            painter.setPen(theme().color("text-muted"))
            words = self.empty if found is not None else self.tr("No answer yet")
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
            self._paint_focus(painter)
            return
        where = self.layout_of()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._paint_band(painter)
        self._paint_words(painter, where)
        self._paint_axis(painter, where)
        for column in self.shown():
            self._paint_bar(painter, where, column)
        self._paint_mean(painter, where)
        self._paint_numbers(painter, where)
        self._paint_keys(painter, where)
        if (found.guesses[0] < 0).all():
            top, bottom = where.cells, where.outside + where.row
            paint_message(
                painter,
                QRectF(where.left, top, where.plot.width(), bottom - top),
                self.tr("The network's output is not a finite number: it expects nothing any more"),
            )
        else:
            for column in self.shown():
                self._paint_guesses(painter, where, column)
        self._paint_focus(painter)

    def _paint_focus(self, painter: QPainter) -> None:
        if shows_focus(self):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme().color("accent"), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_band(self, painter: QPainter) -> None:
        if self._cell is not None and self._cell[0] in self.shown():
            tint = theme().mixed("surface-3", "surface", 0.45)
            painter.fillRect(self.column_rect(self._cell[0]), tint)

    def _paint_words(self, painter: QPainter, where: _Layout) -> None:
        colors = theme()
        painter.setFont(ui_font("label"))
        high = painter.fontMetrics().height()
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        wide = where.left - 8
        surprisal, expected, guesses, outside = self._words()
        lines = [
            (where.plot.top() - 2, high, self.tr("Rank") if self.unit == "rank" else surprisal),
            (where.keys, where.key, self.tr("Read")),
            (where.cells, min(where.row - 2, px(30)), expected),
            (where.outside, min(where.row - 2, px(30)), outside),
        ]
        painter.setPen(colors.color("text-2"))
        for top, height, word in lines:
            painter.drawText(QRectF(0, top, wide, height), align, word)
        painter.setPen(colors.color("text-muted"))
        small = [(where.cells + min(where.row - 2, px(30)) - 3, guesses)]
        if self.unit != "rank":
            second = where.plot.top() - 2 + high
            if where.plot.height() >= 3.6 * high:
                small += [(second, self.unit), (second + high, self.tr("– entropy"))]
            else:
                small.append((second, self.tr("{0}, – entropy").format(self.unit)))
        if where.row >= px(22):
            small.append(
                (where.cells + min(where.row - 2, px(30)) - 3 + high, self.tr("best first"))
            )
        for top, word in small:
            painter.drawText(QRectF(0, top, wide, high), align, word)

    def _y(self, where: _Layout, value: float) -> float:
        """Of ranks on a logarithmic axis from 1; everything else from 0."""
        if self.unit == "rank":
            share = math.log(max(value, 1.0)) / math.log(max(self._level, 2.0))
        else:
            share = value / self._level
        height = where.plot.height()
        return where.plot.bottom() + 1 - min(max(share, 0.0), 1.0) * height

    def _paint_axis(self, painter: QPainter, where: _Layout) -> None:
        colors = theme()
        low, high = (1.0, self._level) if self.unit == "rank" else (0.0, self._level)
        painter.setFont(ui_font("label"))
        tall = painter.fontMetrics().height()
        for value in (low, high):
            y = round(self._y(where, value))
            token = "border" if value == low else "grid"
            painter.fillRect(where.left, y, where.plot.width(), 1, colors.color(token))
            painter.setPen(colors.color("text-muted"))
            painter.drawText(
                QRectF(0, y - tall / 2, where.left - 8, tall),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                f"{value:g}",
            )
        if where.row >= px(22):
            y = where.outside - 3
            painter.fillRect(where.left, y, where.plot.width(), 1, colors.color("grid"))
        if self.count() - 1 in self.shown():
            x = where.left + (self.count() - 1 - self.first()) * where.pitch
            pen = QPen(colors.color("border-strong"), 1)
            pen.setDashPattern([3, 3])
            painter.setPen(pen)
            painter.drawLine(QPointF(x, where.plot.top() - 8), QPointF(x, where.outside - 4))

    def _bar_rect(self, where: _Layout, column: int, value: float) -> QRectF:
        wide = round(0.68 * where.pitch)
        left = where.left + (column - self.first()) * where.pitch + (where.pitch - wide) // 2
        top = round(self._y(where, value))
        return QRectF(left, top, wide, where.plot.bottom() + 1 - top)

    def _paint_bar(self, painter: QPainter, where: _Layout, column: int) -> None:
        colors = theme()
        expected = self.expected()[column]
        if column == self.count() - 1:
            if math.isfinite(expected):
                # Hollow: it is what the network expects to be surprised by, not what happened.
                pen = QPen(colors.color("text-muted"), 1)
                pen.setDashPattern([3, 3])
                painter.setPen(pen)
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(self._bar_rect(where, column, expected).adjusted(0, 0, -1, 0))
            return
        value = self.values()[column]
        if not math.isfinite(value):
            return
        rect = self._bar_rect(where, column, value)
        share = rect.height() / max(where.plot.height(), 1)
        fill = colors.mixed("train", "surface", 0.40 + 0.60 * min(share / 0.8, 1.0))
        if column == 0:
            # Nothing had been read: it does not count, and looks like it.
            painter.fillRect(rect, colors.mixed("text-muted", "surface", 0.30))
        else:
            painter.fillRect(rect, fill)
        if math.isfinite(expected):
            # Beside the bar, so that the number above the bar is the bar's alone.
            y = round(self._y(where, expected))
            tick = QRectF(rect.right() + 1, y - 1, 8, 2)
            painter.fillRect(tick, colors.color("text-2"))

    def _mean_words(self, value: float) -> str:
        if self.unit == "rank":
            return self.tr("median {0}").format(f"{value:.3g}")
        return self.tr("mean {0}").format(f"{value:.2f}")

    def _paint_mean(self, painter: QPainter, where: _Layout) -> None:
        mean = self.mean()
        if not math.isfinite(mean):
            return
        color = theme().color("validation")
        y = round(self._y(where, mean))
        end = where.left + len(self.shown()) * where.pitch
        if self.count() - 1 in self.shown():
            end -= where.pitch
        pen = QPen(color, 1.5)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.drawLine(QPointF(where.left, y), QPointF(end, y))
        right = where.left + len(self.shown()) * where.pitch + 6
        painter.setFont(ui_font("label"))
        painter.setPen(color)
        high = painter.fontMetrics().height()
        top = min(max(y - high / 2, where.plot.top() - high / 2), where.plot.bottom() - high + 1)
        if end < right - 6:
            pen.setDashPattern([2, 4])
            painter.setPen(QPen(color, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(end, y), QPointF(right - 4, y))
            painter.setPen(color)
        painter.drawText(
            QRectF(right, top, self.width() - right, high),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            self._mean_words(mean),
        )

    def _paint_numbers(self, painter: QPainter, where: _Layout) -> None:
        """Last, on a patch of the ground, so that no line runs through them."""
        colors = theme()
        painter.setFont(mono_font("label"))
        metrics = painter.fontMetrics()
        values, expected, mean = self.values(), self.expected(), self.mean()
        high = metrics.ascent() + 1
        ground = colors.color("surface")
        tint = theme().mixed("surface-3", "surface", 0.45)
        for column in self.shown():
            last = column == self.count() - 1
            value = float(expected[column] if last else values[column])
            if not math.isfinite(value):
                continue
            words = f"{value:.0f}" if self.unit == "rank" else f"{value:.1f}"
            bottom = self._y(where, value) - 3
            bar = self._bar_rect(where, column, value)
            wide = metrics.horizontalAdvance(words)
            rect = QRectF(bar.center().x() - wide / 2 - 2, bottom - high, wide + 4, high + 1)
            here = self._cell is not None and self._cell[0] == column
            painter.fillRect(rect, tint if here else ground)
            strong = not last and column > 0 and math.isfinite(mean) and value > 1.4 * mean
            painter.setPen(colors.color("text" if strong else "text-2"))
            if last or column == 0:
                painter.setPen(colors.color("text-muted"))
            painter.drawText(QPointF(rect.left() + 2, bottom - 1), words)

    def _paint_keys(self, painter: QPainter, where: _Layout) -> None:
        assert self._found is not None
        colors = theme()
        wide = min(round(1.2 * where.key), where.pitch - 6)
        for column in self.shown():
            left = where.left + (column - self.first()) * where.pitch + (where.pitch - wide) // 2
            rect = QRect(left, where.keys, wide, where.key)
            if column < self.count() - 1:
                role = "seed" if where.key >= px(26) else "label"
                draw_keycap(painter, rect, self._found.text[column], role)
                continue
            painter.setFont(ui_font("label"))
            words = self.tr("next")
            need = painter.fontMetrics().horizontalAdvance(words) + 14
            rect = QRect(rect.center().x() - need // 2, rect.top(), need, rect.height())
            self._paint_dashed(painter, QRectF(rect), "accent", 1.0)
            painter.setPen(colors.color("accent"))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_dashed(self, painter: QPainter, rect: QRectF, token: str, width: float) -> None:
        pen = QPen(theme().color(token), width)
        pen.setDashPattern([3, 2])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        half = width / 2
        painter.drawRoundedRect(rect.adjusted(half, half, -half, -half), 4, 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_guesses(self, painter: QPainter, where: _Layout, column: int) -> None:
        assert self._found is not None
        colors, found = theme(), self._found
        if found.guesses[0, column] < 0:
            painter.setPen(colors.color("danger"))
            painter.setFont(ui_font("label"))
            painter.drawText(self.cell_rect(column, 0), Qt.AlignmentFlag.AlignCenter, "NaN")
            return
        rank = int(found.ranks[column]) if column < len(found.text) else 0
        for place in range(self.rows()):
            rect = self.cell_rect(column, place)
            chance = float(found.chances[place, column])
            cell = ExpectationCell(
                found.characters[found.guesses[place, column]],
                short_percent(chance),
                shade(chance),
                round(rect.width()),
                round(rect.height()),
                place == 0 or place + 1 == rank,
            )
            cell.draw(painter, rect.topLeft())
            if self._cell == (column, place):
                self._outline(painter, rect, QPen(colors.color("accent"), 2), -1.0)
        if 0 < rank <= self.rows():
            rect = self.cell_rect(column, rank - 1)
            width = 2.5 if where.row >= px(24) else 2.0
            self._outline(painter, rect, QPen(colors.color("text"), width), -width / 2 + 0.5)
        elif rank > self.rows():
            rect = self.cell_rect(column, self.rows())
            self._paint_dashed(painter, rect, "text", 2.0 if where.row >= px(24) else 1.5)
            words = self.tr("no. {0}").format(f"{rank:,}")
            size = round(rect.width()), round(rect.height())
            cell = ExpectationCell(found.text[column], words, None, *size, True)
            cell.draw(painter, rect.topLeft())

    def _outline(self, painter: QPainter, rect: QRectF, pen: QPen, out: float) -> None:
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.drawRoundedRect(rect.adjusted(out + 0.5, out + 0.5, -out - 0.5, -out - 0.5), 4, 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # Words about the cell under the mouse or the keys.

    def readout(self) -> str:
        """The column or guess pointed at, in words; empty without one."""
        found = self._found
        if self._cell is None or found is None or self._cell[0] >= self.count():
            return ""
        column, row = self._cell
        if found.guesses[0, column] < 0:
            return self.tr("the network's output is not a number here")
        if 0 <= row < self.rows():
            character = found.characters[found.guesses[row, column]]
            return self.tr("{0}: {1}, rank {2} of {3}; click writes it here").format(
                describe(character),
                f"{100 * found.chances[row, column]:.3g}%",
                row + 1,
                f"{len(found.characters):,}",
            )
        entropy = self.tr("entropy {0} bits").format(f"{found.entropy[column]:.2f}")
        if column == self.count() - 1:
            return self.tr("what comes next: {0}").format(entropy)
        words = self.tr("{0}: {1}, rank {2} of {3}, surprisal {4} bits, {5}").format(
            describe(found.text[column]),
            f"{100 * 2.0 ** -found.surprisal[column]:.3g}%",
            f"{found.ranks[column]:,}",
            f"{len(found.characters):,}",
            f"{found.surprisal[column]:.2f}",
            entropy,
        )
        if column == 0 and not found.skipped:
            words += self.tr("; nothing had been read, so it does not count")
        return words

    def _tell(self) -> None:
        readout = self.readout()
        if readout != self._readout:
            self._readout = readout
            self.readout_changed.emit(readout)

    def point(self, cell: tuple[int, int] | None) -> None:
        """Reads out a column and row; None ends the read-out."""
        if cell != self._cell:
            self._cell = cell
            clickable = cell is not None and 0 <= cell[1] < self.rows()
            shape = Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            self._tell()
            self.update()

    # Input.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Reads out the column and the guess under the mouse."""
        self.point(self._at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Ends the read-out."""
        self.point(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a guess puts it there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose(self._at(event.position()))

    def _choose(self, cell: tuple[int, int] | None) -> None:
        found = self._found
        if cell is None or found is None or not 0 <= cell[1] < self.rows():
            return
        index = int(found.guesses[cell[1], cell[0]])
        if index >= 0:
            self.guess_chosen.emit(cell[0], found.characters[index])

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turns to older and newer columns."""
        angle = event.angleDelta()
        turn = angle.y() or angle.x()
        if not turn or self.count() <= self.capacity():
            event.ignore()
            return
        self.scroll_to(self.first() + (-2 if turn > 0 else 2))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move from guess to guess, Enter puts it there, Esc ends the read-out."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self._cell)
            return
        if key == Qt.Key.Key_Escape and self._cell is not None:
            self.point(None)
            return
        moves = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
            Qt.Key.Key_Home: (-self.count(), 0),
            Qt.Key.Key_End: (self.count(), 0),
        }
        if key not in moves or not self.count():
            super().keyPressEvent(event)
            return
        column, row = self._cell or (self.count() - 1, -1)
        column = min(max(column + moves[key][0], 0), self.count() - 1)
        row = min(max(row + moves[key][1], -1), self.rows() - 1)
        if column not in self.shown():
            self.scroll_to(column if column < self.first() else column - self.capacity() + 1)
        self.point((column, row))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another number of columns may fit."""
        super().resizeEvent(event)
        self._fit_level()
        self.scrolled.emit()
