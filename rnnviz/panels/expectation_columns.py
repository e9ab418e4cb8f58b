"""A column for each character read: how much it surprised, and what had been guessed."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
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

from rnnviz.panels.expectation_bars import mean_words, paint_bars
from rnnviz.panels.expectation_cell import short_percent
from rnnviz.panels.expectation_guesses import paint_guesses, paint_keys
from rnnviz.panels.expectation_layout import LOWEST, ColumnLayout, lay_out
from rnnviz.panels.expectation_scene import ColumnScene
from rnnviz.panels.expectation_values import (
    bar_values,
    expected_values,
    level_above,
    mean_value,
)
from rnnviz.panels.painting import shows_focus
from rnnviz.panels.theme import pixels, px, theme, ui_font
from rnnviz.probes.expectations import GUESSES, Expectations
from rnnviz.text.vocabulary import describe

_MOST_COLUMNS = 16
_LEAST_COLUMNS = 4
_NARROWEST = 58  # pixels of a column
_LEAST_PLOT = 34


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
        self.waiting = self.tr("Load a text to see what is expected of it")
        self._found: Expectations | None = None
        self._first: int | None = None  # column at the left; None follows the newest
        self._level = 1.0
        self._cell: tuple[int, int] | None = None  # column and row under the mouse or the keys
        self._readout = ""
        self._measured_for: tuple[int, str, int] | None = None
        self._measured = (0, 0)
        self._layout: tuple[tuple[object, ...], ColumnLayout] | None = None

    def sizeHint(self) -> QSize:
        """Roomy."""
        return QSize(1500, 370)

    def minimumSizeHint(self) -> QSize:
        """Everything at its lowest."""
        return QSize(px(260), 6 * px(LOWEST) + px(26) + px(18) + px(_LEAST_PLOT))

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

    def mean(self) -> float:
        """Over the characters that count; of ranks the median; NaN when none does."""
        return math.nan if self._found is None else mean_value(self._found, self.unit)

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
        bars = bar_values(self._found, self.unit)[part]
        both = np.concatenate((bars, expected_values(self._found, self.unit)[part]))
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
            mean = metrics.horizontalAdvance(mean_words(88.88, self.unit))
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

    def layout_of(self) -> ColumnLayout:
        """Where everything is at the present size."""
        key = (self.size(), self._widths(), self.rows())
        if self._layout is None or self._layout[0] != key:
            room, capacity = self._room(), self.capacity()
            where = lay_out(self.size(), self.gutter(), room, capacity, self.rows())
            self._layout = key, where
        return self._layout[1]

    def column_rect(self, column: int) -> QRectF:
        """All of a column that is in sight."""
        where = self.layout_of()
        return QRectF(where.x(column - self.first()), 0, where.pitch, self.height())

    def cell_rect(self, column: int, row: int) -> QRectF:
        """A guess; the row after the last one is the cell of a character outside of them."""
        return self.layout_of().cell(column - self.first(), row)

    def _at(self, point: QPointF) -> tuple[int, int] | None:
        """Column and row; row -1 is what is above the guesses, `rows()` what is below."""
        place = self.layout_of().at(point)
        if place is None or place[0] + self.first() not in self.shown():
            return None
        return place[0] + self.first(), place[1]

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """All of it: bars, characters, guesses."""
        painter = QPainter(self)
        found = self._found
        if found is None or not found.text:
            painter.setFont(ui_font("body"))
            painter.setPen(theme().color("text-muted"))
            words = self.empty if found is not None else self.waiting
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
            self._paint_focus(painter)
            return
        scene = self.scene()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._paint_band(painter)
        self._paint_words(painter, scene.where)
        paint_bars(painter, scene)
        paint_keys(painter, scene)
        paint_guesses(painter, scene)
        self._paint_focus(painter)

    def scene(self) -> ColumnScene:
        """What is painted now; only where there is something to show."""
        found = self._found
        assert found is not None
        return ColumnScene(
            found,
            self.unit,
            bar_values(found, self.unit),
            expected_values(found, self.unit),
            mean_value(found, self.unit),
            self._level,
            self.layout_of(),
            self.size(),
            self.shown(),
            self._cell,
        )

    def _paint_focus(self, painter: QPainter) -> None:
        if shows_focus(self):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme().color("accent"), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_band(self, painter: QPainter) -> None:
        if self._cell is not None and self._cell[0] in self.shown():
            tint = theme().mixed("surface-3", "surface", 0.45)
            painter.fillRect(self.column_rect(self._cell[0]), tint)

    def _paint_words(self, painter: QPainter, where: ColumnLayout) -> None:
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
