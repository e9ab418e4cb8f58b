"""The command palette: type a few letters of anything the window can do, Enter does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QShowEvent,
    QTextCharFormat,
    QTextLayout,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from rnnviz.app.matching import Match, match
from rnnviz.panels.theme import icon_pixels, icon_pixmap, pixels, theme, themes, ui_font
from rnnviz.panels.widgets.key_caps import caps_width, draw_caps

_WIDTH = 640
_ROWS = 11  # in sight at once
_TOP = 52  # pixels from the top of the window: just below the bar
_EDGE = 12  # between box and window
_SHADOW = 14
_Index = QModelIndex | QPersistentModelIndex
_ITEM, _MATCH = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True)
class Item:
    """A line of the palette."""

    id: str  # the same in every session, for what was last used
    text: str
    act: Callable[[], object]
    where: str = ""  # the kind of thing it is, at the right
    tip: str = ""  # a clause more, muted
    key: str = ""  # as the platform writes it
    why_not: str = ""  # why it cannot be had now
    ticked: bool = False  # a switch that is on


class _Lines(QAbstractListModel):
    """The lines that fit what was typed, the best first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: list[tuple[Item, Match]] = []

    def show_lines(self, lines: list[tuple[Item, Match]]) -> None:
        """Other lines."""
        self.beginResetModel()
        self._lines = lines
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        """How many lines fit."""
        return len(self._lines)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text for screen readers, item and match for the painter."""
        item, found = self._lines[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return item.text
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return ". ".join(part for part in (item.why_not or item.tip, item.key) if part)
        return {_ITEM: item, _MATCH: found}.get(role)

    def item(self, row: int) -> Item:
        """The item of a line."""
        return self._lines[row][0]

    def items(self) -> list[Item]:
        """All of them, in order."""
        return [item for item, _ in self._lines]


class _Painter(QStyledItemDelegate):
    """Text with the letters asked for, a muted clause, what kind of thing it is, and its keys."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """One line of text with room above and below."""
        return QSize(200, row_height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draws a line."""
        item, found = index.data(_ITEM), index.data(_MATCH)
        colors = theme()
        area: QRect = option.rect
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.color("surface-3"))
            painter.drawRoundedRect(QRectF(area).adjusted(6, 1, -6, -1), 5, 5)
            painter.setBrush(colors.color("accent"))
            painter.drawRoundedRect(
                QRectF(area.left() + 6, area.top() + 7, 3, area.height() - 14), 1, 1
            )
        muted = "text-2" if chosen else "text-muted"
        right = area.right() - 16
        if item.key:
            draw_caps(painter, area.adjusted(0, 0, -16, 0), item.key)
            right -= caps_width(item.key) + 12
        painter.setFont(ui_font("tick"))
        painter.setPen(colors.color(muted))
        width = painter.fontMetrics().horizontalAdvance(item.where)
        painter.drawText(
            QRect(right - width, area.top(), width, area.height()),
            Qt.AlignmentFlag.AlignVCenter,
            item.where,
        )
        left = self._draw_text(painter, area, item, found, right - width - 16)
        clause = item.why_not or item.tip
        room = right - width - 16 - left - 12
        if clause and room > 60:
            painter.setFont(ui_font("label"))
            painter.setPen(colors.color("text-2" if item.why_not else muted))
            painter.drawText(
                QRect(left + 12, area.top(), room, area.height()),
                Qt.AlignmentFlag.AlignVCenter,
                painter.fontMetrics().elidedText(clause, Qt.TextElideMode.ElideRight, room),
            )
        painter.restore()

    def _draw_text(self, painter: QPainter, area: QRect, item: Item, found: Match, end: int) -> int:
        """The text, its found letters in the accent colour and bold; returns where it ends."""
        colors = theme()
        font = ui_font("body")
        left = area.left() + 20
        words = f"✓ {item.text}" if item.ticked else item.text
        shift = len(words) - len(item.text)
        shown = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, end - left)
        layout = QTextLayout(shown, font)
        plain = QTextCharFormat()
        plain.setForeground(colors.color("text-muted" if item.why_not else "text"))
        marked = QTextCharFormat()
        marked.setForeground(colors.color("accent"))
        marked.setFontWeight(600)
        ranges = []
        for start, length, style in [
            (0, len(shown), plain),
            *(
                (letter + shift, 1, marked)
                for letter in found.letters
                if letter + shift < len(shown)
            ),
        ]:
            part = QTextLayout.FormatRange()
            part.start, part.length, part.format = start, length, style
            ranges.append(part)
        layout.setFormats(ranges)
        layout.beginLayout()
        line = layout.createLine()
        layout.endLayout()
        top = area.top() + (area.height() - line.height()) / 2
        layout.draw(painter, QPoint(left, round(top)))
        return left + round(line.naturalTextWidth())


def row_height() -> int:
    """Pixels of a line, with the size of type in force."""
    return QFontMetrics(ui_font("body")).height() + 17


class _Field(QLineEdit):
    """Keys that move in the list are not for the text."""

    moved = Signal(int)  # lines down; negative: up

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows and Page keys move in the list."""
        moves = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: _ROWS - 1,
            Qt.Key.Key_PageUp: 1 - _ROWS,
        }
        move = moves.get(Qt.Key(event.key()))
        if move is None:
            super().keyPressEvent(event)
        else:
            self.moved.emit(move)


class Palette(QWidget):
    """Lies over the whole window while it is open; a click beside the box closes it."""

    used = Signal(str)  # id of the item that was done

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self._items: list[Item] = []
        self._last: list[str] = []
        self._came_from: QWidget | None = None
        self._box = QFrame(self)
        self._field = _Field(self._box)
        self._field.setPlaceholderText(self.tr("Find a command, preset, text, panel or setting"))
        self._field.setAccessibleName(self.tr("Find a command"))
        self._field.setToolTip(self.tr("Letters of a command's name, in order"))
        self._field.textChanged.connect(self._search)
        self._field.returnPressed.connect(self._do_current)
        self._field.moved.connect(self._move)
        self._field.installEventFilter(self)
        self._sign = QLabel(self._box)
        self._lines = _Lines(self)
        self._list = QListView(self._box)
        self._list.setModel(self._lines)
        self._list.setItemDelegate(_Painter(self._list))
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # typing goes on while one chooses
        self._list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setUniformItemSizes(True)
        self._list.setMouseTracking(True)
        self._list.setAccessibleName(self.tr("Commands found"))
        self._list.entered.connect(self._list.setCurrentIndex)
        self._list.clicked.connect(self._do)
        self._none = QLabel(self.tr("Nothing fits. Try fewer letters."), self._box)
        self._none.setProperty("role", "label")
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._foot = QLabel(self.tr("↑ ↓ choose     Enter does it     Esc closes"), self._box)
        self._foot.setProperty("role", "caption")
        self._count = QLabel(self._box)
        self._count.setProperty("role", "caption")
        self._count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        themes().changed.connect(self._apply_theme)
        parent.installEventFilter(self)
        self.hide()

    # Opening and closing.

    def open_with(self, items: Iterable[Item], last_used: Sequence[str] = ()) -> None:
        """Shows these items; those last used come first until something is typed."""
        window = self.window()
        focused = window.focusWidget()
        if focused is not None and not self.isAncestorOf(focused):
            self._came_from = focused
        self._items, self._last = list(items), list(last_used)
        self._field.clear()
        self._search()
        self._apply_theme()
        self.setGeometry(self._over.rect())
        self.show()
        self.raise_()
        self._field.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_again(self) -> None:
        """Hides it and gives the keys back to who had them."""
        if self.isHidden():
            return
        self.hide()
        if self._came_from is not None and self._came_from.isVisible():
            self._came_from.setFocus(Qt.FocusReason.PopupFocusReason)
        self._came_from = None

    def is_open(self) -> bool:
        """Whether it is to be seen."""
        return not self.isHidden()

    # What is found.

    def texts(self) -> list[str]:
        """The lines found, in order."""
        return [item.text for item in self._lines.items()]

    def current(self) -> Item | None:
        """The line Enter would do."""
        index = self._list.currentIndex()
        return self._lines.item(index.row()) if index.isValid() else None

    def _search(self) -> None:
        query = self._field.text()
        recency = {id: place for place, id in enumerate(self._last)}
        found = []
        for place, item in enumerate(self._items):
            hit = match(query, item.text, f"{item.where} {item.tip}")
            if hit is not None:
                used = recency.get(item.id, len(recency))
                found.append(((hit.rank, bool(item.why_not), used, place), item, hit))
        found.sort(key=lambda entry: entry[0])
        self._lines.show_lines([(item, hit) for _, item, hit in found])
        if found:
            self._list.setCurrentIndex(self._lines.index(0))
        self._tell_current()
        self._count.setText(
            self.tr("{0} of {1}").format(len(found), len(self._items))
            if query.strip()
            else self.tr("{0} commands").format(len(self._items))
        )
        self._place()

    def _move(self, lines: int) -> None:
        count = self._lines.rowCount()
        if not count:
            return
        row = self._list.currentIndex().row() + lines
        # One step leads round the end, a page stops there.
        row = row % count if abs(lines) == 1 else min(max(row, 0), count - 1)
        self._list.setCurrentIndex(self._lines.index(row))
        self._tell_current()

    def _tell_current(self) -> None:
        item = self.current()
        self._field.setAccessibleDescription(
            f"{item.text}. {item.why_not or item.tip}" if item else self._none.text()
        )

    def _do_current(self) -> None:
        self._do(self._list.currentIndex())

    def _do(self, index: QModelIndex) -> None:
        item = self._lines.item(index.row()) if index.isValid() else None
        if item is None or item.why_not:
            return  # the line says why
        self.close_again()
        self.used.emit(item.id)
        item.act()

    # Appearance.

    def _place(self) -> None:
        """The box, as high as its lines ask for, at the top in the middle."""
        room = self._over.rect()
        row = row_height()
        head, foot = row + 10, row - 4
        rows = min(max(self._lines.rowCount(), 1), _ROWS)
        rows = max(min(rows, (room.height() - _TOP - _EDGE - head - foot - 8) // row), 1)
        width = min(max(_WIDTH, 44 * pixels("body")), room.width() - 2 * _EDGE)
        self._box.setGeometry(
            (room.width() - width) // 2, _TOP, width, head + rows * row + 8 + foot
        )
        sign = icon_pixels()
        self._sign.setGeometry(16, (head - sign) // 2, sign, sign)
        self._field.setGeometry(24 + sign, 1, width - 36 - sign, head - 2)
        self._list.setGeometry(1, head + 4, width - 2, rows * row)
        self._list.setVisible(self._lines.rowCount() > 0)
        self._none.setGeometry(1, head + 4, width - 2, row)
        self._none.setVisible(self._lines.rowCount() == 0)
        count = self._count.sizeHint().width()
        keys = width - 48 - count
        self._foot.setVisible(self._foot.sizeHint().width() <= keys)
        self._foot.setGeometry(16, self._box.height() - foot, keys, foot)
        self._count.setGeometry(width - 16 - count, self._box.height() - foot, count, foot)
        self.update()

    def _apply_theme(self) -> None:
        self._field.setFont(ui_font("body"))
        self._field.setStyleSheet(
            "QLineEdit, QLineEdit:focus, QLineEdit:hover { border: 0; padding: 0;"
            f" background: transparent; font-size: {pixels('body') + 2}px; }}"
        )
        self._list.setStyleSheet("QListView { background: transparent; outline: 0; border: 0; }")
        self._sign.setPixmap(icon_pixmap("search", theme().color("text-2")))
        if self.is_open():
            self._search()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The box with its shadow and the lines between its parts."""
        box = self._box.geometry()
        if not event.rect().intersects(box.adjusted(-_SHADOW, -_SHADOW, _SHADOW, _SHADOW)):
            return
        colors = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        shade = colors.color("bg", 0.16) if colors.is_dark else colors.color("text", 0.018)
        for step in range(_SHADOW, 0, -2):
            painter.setBrush(shade)
            grown = QRectF(box).adjusted(-step, -step + 4, step, step + 2)
            painter.drawRoundedRect(grown, 8 + step, 8 + step)
        painter.setPen(QPen(colors.color("border-strong"), 1))
        painter.setBrush(colors.color("surface-2"))
        painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.fillRect(
            QRect(box.left() + 1, box.top() + self._list.y() - 5, box.width() - 2, 1),
            colors.color("border"),
        )
        painter.fillRect(
            QRect(box.left() + 1, box.top() + self._foot.y(), box.width() - 2, 1),
            colors.color("border"),
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Grows with the window; Esc closes; leaving the field closes."""
        kind = event.type()
        if watched is self._over and kind == QEvent.Type.Resize and self.is_open():
            self.setGeometry(self._over.rect())
            self._place()
        if watched is self._field and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape:
                if kind == QEvent.Type.KeyPress:
                    self.close_again()
                event.accept()
                return True
            if event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                if kind == QEvent.Type.KeyPress:
                    self._move(1 if event.key() == Qt.Key.Key_Tab else -1)
                event.accept()
                return True
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Beside the box: closes, and nothing beneath is pressed."""
        if not self._box.geometry().contains(event.position().toPoint()):
            self.close_again()

    def showEvent(self, event: QShowEvent) -> None:
        """In its place."""
        super().showEvent(event)
        self._place()
