"""Rows of units: what each looks like, how closely it matches, and the strip of its course."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, QSize, Qt, Signal
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
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from rnnviz.panels.activation_colors import GATES, STRIP_OPACITY, color_image
from rnnviz.panels.painting import shows_focus
from rnnviz.panels.theme import mono_font, px, theme, ui_font
from rnnviz.panels.unit_text import unit_level
from rnnviz.probes.text_features import FEATURES
from rnnviz.probes.unit_matches import NO_MATCH, UnitMatches
from rnnviz.session.questions import SignalTrace

_ROW = 30  # pixels
_STRIP_CHARACTERS = 172  # drawn of the text at the left
NARROW = 640
LONGEST_NAME = 60  # characters


class UnitTable(QWidget):
    """Rows of unit, name, match and strip; scrolls by whole rows."""

    unit_chosen = Signal(int)  # from 0
    renamed = Signal(int, str)  # the unit and its name; the empty one is the guess again
    scrolled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Units and what they look like"))
        self.empty = self.tr("Load a text to see what units follow in it")
        self._matches: UnitMatches | None = None
        self._trace: SignalTrace | None = None
        self._order: NDArray[np.intp] = np.zeros(0, np.intp)
        self._chosen = -1  # unit
        self._first = 0  # row
        self._hover = -1  # row
        self._names: dict[int, str] = {}  # given by the user
        self._editing = -1  # unit
        self.editor = QLineEdit(self)
        self.editor.setMaxLength(LONGEST_NAME)
        self.editor.setAccessibleName(self.tr("Name of the unit"))
        self.editor.setToolTip(self.tr("Name of the unit: Enter keeps it, Esc the one before"))
        self.editor.hide()
        self.editor.editingFinished.connect(self._take_name)
        self.editor.installEventFilter(self)

    def sizeHint(self) -> QSize:
        """Roomy."""
        return QSize(740, 350)

    def minimumSizeHint(self) -> QSize:
        """Two rows and the head."""
        return QSize(280, 90)

    # What it shows.

    def show_matches(self, matches: UnitMatches | None, order: NDArray[np.intp]) -> None:
        """Names and matches (None: not known yet) of the units in `order`."""
        if not np.array_equal(order, self._order):
            self._end_editing()
        self._matches, self._order = matches, order
        self._first = min(self._first, max(len(order) - self.capacity(), 0))
        self.scrolled.emit()
        self.update()

    def show_trace(self, trace: SignalTrace | None) -> None:
        """The courses the strips are made of."""
        before = self._trace
        self._trace = trace
        if trace is None or before is None or before.signal != trace.signal:
            self.update()

    def choose(self, unit: int, *, reveal: bool = True) -> None:
        """Marks a unit (from 0, -1 for none) without `unit_chosen`."""
        self._chosen = unit
        self.setAccessibleDescription(self.words(unit) if unit >= 0 else "")
        rows = np.flatnonzero(self._order == unit)
        if reveal and rows.size:
            row = int(rows[0])
            if row < self._first:
                self.scroll_to(row)
            elif row >= self._first + self.capacity():
                self.scroll_to(row - self.capacity() + 1)
        self.update()

    def chosen(self) -> int:
        """The unit marked, -1 for none."""
        return self._chosen

    def order(self) -> NDArray[np.intp]:
        """The unit in each row."""
        return self._order.copy()

    def neighbour(self, by: int) -> int:
        """The unit so many rows further down than the one marked, within the list; -1 for none."""
        rows = np.flatnonzero(self._order == self._chosen)
        if not len(self._order):
            return -1
        row = int(rows[0]) + by if rows.size else 0
        return int(self._order[min(max(row, 0), len(self._order) - 1)])

    def show_names(self, names: dict[int, str]) -> None:
        """The names the user gave, by unit."""
        self._names = dict(names)
        self.update()

    def name(self, unit: int) -> str:
        """What a unit is called, or looks like; empty when nothing matches or nothing is known."""
        return self._names.get(unit) or self.guess(unit)

    def guess(self, unit: int) -> str:
        """What a unit looks like; empty when nothing matches or nothing is known."""
        return "" if self._matches is None else self._matches.name(unit)

    def words(self, unit: int) -> str:
        """A row in words."""
        if self._matches is None:
            return self.tr("unit {0}").format(f"{unit + 1:,}")
        r = f"{self._matches.r[unit]:+.2f}".replace("-", "−")
        best = FEATURES[self._matches.feature[unit]]
        name = best if self.guess(unit) else self.tr("no match; nearest {0}").format(best)
        spread = f"{np.sqrt(self._matches.variance[unit]):.2f}"
        if unit in self._names:
            name = self.tr("{0} ({1})").format(self._names[unit], name)
        return self.tr("unit {0}: {1}, r {2}, standard deviation {3}").format(
            f"{unit + 1:,}", name, r, spread
        )

    # Geometry.

    def _head(self) -> int:
        return QFontMetrics(ui_font("label")).height() + 8

    def capacity(self) -> int:
        """Rows that fit."""
        return max((self.height() - self._head()) // px(_ROW), 1)

    def first(self) -> int:
        """The row at the top."""
        return self._first

    def scroll_to(self, row: int) -> None:
        """Puts a row at the top."""
        row = min(max(row, 0), max(len(self._order) - self.capacity(), 0))
        if row != self._first:
            self._first = row
            self._end_editing()
            self.scrolled.emit()
            self.update()

    def row_rect(self, row: int) -> QRectF:
        """A row that is in sight."""
        return QRectF(0, self._head() + (row - self._first) * px(_ROW), self.width(), px(_ROW))

    def _columns(self) -> tuple[int, int, int, int, int]:
        """Left ends of name, bar, number and strip, and the right end of the strip."""
        metrics = QFontMetrics(ui_font("body", bold=True))
        name = max(QFontMetrics(mono_font("body")).horizontalAdvance("1,000") + px(22), px(54))
        wide = max(metrics.horizontalAdvance(feature) for feature in FEATURES) + 14
        bar = name + wide
        long = px(90 if self.width() >= px(NARROW) else 44)
        number = bar + long + 10
        strip = number + QFontMetrics(mono_font("body")).horizontalAdvance("0.00") + 20
        return name, bar, number, strip, self.width() - 8

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Head and rows."""
        painter = QPainter(self)
        colors = theme()
        if not len(self._order):
            painter.setFont(ui_font("body"))
            painter.setPen(colors.color("text-muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.empty)
            return
        self._paint_head(painter)
        shown = range(self._first, min(self._first + self.capacity(), len(self._order)))
        for row in shown:
            self._paint_row(painter, row)
        if shows_focus(self):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colors.color("accent"), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_head(self, painter: QPainter) -> None:
        name, bar, _, strip, right = self._columns()
        painter.setFont(ui_font("label"))
        painter.setPen(theme().color("text-muted"))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        metrics = painter.fontMetrics()
        high = self._head() - 4
        words = [(10, name, self.tr("unit")), (name, bar, self.tr("looks like"))]
        words.append((bar, strip, self.tr("match |r|")))
        long = self.tr("activation on the text at left, first {0} characters").format(self._seen())
        if metrics.horizontalAdvance(long) > right - strip:
            long = metrics.elidedText(
                self.tr("first {0} characters").format(self._seen()),
                Qt.TextElideMode.ElideRight,
                right - strip,
            )
        if right - strip > 60 and self._seen():
            words.append((strip, right, long))
        for left, end, word in words:
            painter.drawText(QRect(left, 0, end - left, high), align, word)
        painter.fillRect(0, self._head() - 2, self.width(), 1, theme().color("grid"))

    def _seen(self) -> int:
        return 0 if self._trace is None else min(len(self._trace.text), _STRIP_CHARACTERS)

    def _paint_row(self, painter: QPainter, row: int) -> None:
        colors = theme()
        unit, rect = int(self._order[row]), self.row_rect(row)
        name, bar, number, strip, right = self._columns()
        chosen = unit == self._chosen
        if chosen:
            painter.fillRect(rect, colors.color("accent-soft"))
            painter.fillRect(QRectF(0, rect.top(), 3, rect.height()), colors.color("accent"))
        elif row == self._hover:
            painter.fillRect(rect, colors.color("surface-2"))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        top, high = rect.top(), rect.height()
        painter.setFont(mono_font("body"))
        painter.setPen(colors.color("accent" if chosen else "text-2"))
        painter.drawText(QRectF(10, top, name - 10, high), align, f"{unit + 1:,}")
        known = self._matches is not None
        words = self.name(unit) or (self.tr("no match") if known else self.tr("not known yet"))
        painter.setFont(ui_font("body", bold=chosen))
        painter.setPen(colors.color("text" if self.name(unit) else "text-muted"))
        words = painter.fontMetrics().elidedText(
            words, Qt.TextElideMode.ElideRight, bar - name - 10
        )
        painter.drawText(QRectF(name, top, bar - name, high), align, words)
        if self._matches is not None:
            self._paint_match(painter, abs(float(self._matches.r[unit])), bar, number, rect)
        if right - strip > 60:
            self._paint_strip(painter, unit, QRectF(strip, top + 6, right - strip, high - 12))

    def _paint_match(
        self, painter: QPainter, match: float, bar: int, number: int, rect: QRectF
    ) -> None:
        colors = theme()
        token = "text-2" if match >= NO_MATCH else "text-muted"
        long = number - bar - 10
        thick = px(7)
        y = round(rect.center().y()) - thick // 2
        painter.fillRect(bar, y, long, thick, colors.color("surface-3"))
        painter.fillRect(bar, y, round(long * match), thick, colors.color(token))
        painter.setFont(mono_font("body"))
        painter.setPen(colors.color("text" if match >= NO_MATCH else "text-muted"))
        painter.drawText(
            QRectF(number, rect.top(), px(60), rect.height()),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            f"{match:.2f}",
        )

    def _paint_strip(self, painter: QPainter, unit: int, rect: QRectF) -> None:
        trace = self._trace
        if trace is None or not self._seen() or unit >= len(trace.values):
            painter.fillRect(rect, theme().color("surface-2"))
            return
        values = trace.values[unit, : self._seen()]
        signed = trace.signal not in GATES
        level = unit_level(values) if signed else 1.0
        image = color_image(values[np.newaxis], level, signed, STRIP_OPACITY)
        painter.drawImage(rect, image)

    # Input.

    def _row_at(self, point: QPointF) -> int:
        row = self._first + int((point.y() - self._head()) // px(_ROW))
        inside = point.y() >= self._head() and row < len(self._order)
        return row if inside and row < self._first + self.capacity() else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Marks the row under the mouse and says more about it."""
        row = self._row_at(event.position())
        if row != self._hover:
            self._hover = row
            self.setToolTip(self.words(int(self._order[row])) if row >= 0 else "")
            shape = Qt.CursorShape.PointingHandCursor if row >= 0 else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Ends that."""
        self._hover = -1
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click paints the text with the unit."""
        row = self._row_at(event.position())
        if row >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self._pick(int(self._order[row]))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click on a name edits it."""
        row = self._row_at(event.position())
        name, bar, *_ = self._columns()
        if row >= 0 and name - 8 <= event.position().x() < bar:
            self.edit_name(int(self._order[row]))

    # Names.

    def edit_name(self, unit: int) -> None:
        """Lets the user call a unit (in the list) what they think it is."""
        self.choose(unit)
        row = int(np.flatnonzero(self._order == unit)[0])
        name, bar, *_ = self._columns()
        rect = self.row_rect(row)
        self._editing = unit
        self.editor.setText(self.name(unit))
        self.editor.setPlaceholderText(self.guess(unit) or self.tr("no match"))
        self.editor.setGeometry(name - 9, round(rect.top()), bar - name + 6, round(rect.height()))
        self.editor.selectAll()
        self.editor.show()
        self.editor.setFocus()

    def _take_name(self) -> None:
        unit, words = self._editing, self.editor.text().strip()
        self._end_editing()
        if unit >= 0:
            self.renamed.emit(unit, "" if words == self.guess(unit) else words)

    def _end_editing(self) -> None:
        if self._editing >= 0:
            self._editing = -1
            had_focus = self.editor.hasFocus()
            self.editor.hide()
            if had_focus:
                self.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc leaves the name as it was."""
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if watched is self.editor and escape:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
            elif event.type() == QEvent.Type.KeyPress:
                self._end_editing()
            return True
        return super().eventFilter(watched, event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Three rows a notch."""
        if len(self._order) > self.capacity():
            self.scroll_to(self._first + (-3 if event.angleDelta().y() > 0 else 3))
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down choose the neighbour, Page keys one further off, Home and End the ends.

        F2 edits the name of the one chosen.
        """
        everything = len(self._order)
        if event.key() == Qt.Key.Key_F2 and (self._order == self._chosen).any():
            self.edit_name(self._chosen)
            return
        moves = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_PageUp: -self.capacity(),
            Qt.Key.Key_PageDown: self.capacity(),
            Qt.Key.Key_Home: -everything,
            Qt.Key.Key_End: everything,
        }
        move = moves.get(Qt.Key(event.key()))
        if move is None or not everything:
            super().keyPressEvent(event)
            return
        self._pick(self.neighbour(move))

    def _pick(self, unit: int) -> None:
        if unit >= 0 and unit != self._chosen:
            self.choose(unit)
            self.unit_chosen.emit(unit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another number of rows may fit."""
        super().resizeEvent(event)
        self.scroll_to(self._first)
        self.scrolled.emit()
