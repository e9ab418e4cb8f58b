"""Help > Keyboard shortcuts: every key, from the registry, and those that panels have."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QWidget,
)

from rnnviz.app.actions import Actions
from rnnviz.app.fitting_dialog import FittingDialog
from rnnviz.app.menus import titles
from rnnviz.panels.theme import row, themes, ui_font
from rnnviz.panels.translate import tr
from rnnviz.panels.widgets.key_caps import caps_width, draw_caps


class _Line(QWidget):
    """What a key does, and its caps at the right."""

    def __init__(self, words: str, key: str) -> None:
        super().__init__()
        self._words, self.key = words, key
        self.setAccessibleName(f"{words}: {key}")
        themes().changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        """Words, a gap and the caps."""
        metrics = QFontMetrics(ui_font("label"))
        width = metrics.horizontalAdvance(self._words) + 24 + caps_width(self.key)
        return QSize(width, row(26))

    minimumSizeHint = sizeHint

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draws both."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(ui_font("label"))
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self._words)
        draw_caps(painter, self.rect(), self.key)


class ShortcutsBox(FittingDialog):
    """All keys in two columns, or in one where the screen is too narrow for the type."""

    def __init__(self, window: QMainWindow, registry: Actions) -> None:
        super().__init__(window, tr("Keyboard shortcuts"))
        groups: dict[str, list[tuple[str, str]]] = {}
        names = titles(window)
        for command in registry:
            key = registry.key(command.id)
            if key:
                words = command.text.rstrip("…")
                groups.setdefault(names[command.group], []).append((words, key))
        columns: list[list[tuple[str, list[tuple[str, str]]]]] = [[], []]
        for title, lines in [*groups.items(), *self._panels()]:
            shorter = min(columns, key=lambda column: sum(len(part[1]) + 2 for part in column))
            shorter.append((title, lines))
        content = QWidget()
        self._beside = QHBoxLayout(content)
        self._beside.setContentsMargins(24, 16, 24, 16)
        self._beside.setSpacing(40)
        for column in columns:
            self._beside.addLayout(self._column(column), 1)
        self.fill(content)

    def arrange(self) -> None:
        """Beside each other, or below."""
        beside, below = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._beside.setDirection(beside)
        self._beside.setSpacing(40)
        self._beside.activate()
        if self._beside.sizeHint().width() > self.room().width():
            self._beside.setDirection(below)
            self._beside.setSpacing(12)

    def _column(self, parts: Iterable[tuple[str, list[tuple[str, str]]]]) -> QGridLayout:
        grid = QGridLayout()
        grid.setVerticalSpacing(2)
        line = 0
        for title, keys in parts:
            heading = QLabel(title)
            heading.setProperty("role", "title")
            if line:
                grid.setRowMinimumHeight(line, 12)
                line += 1
            grid.addWidget(heading, line, 0)
            for words, key in keys:
                line += 1
                grid.addWidget(_Line(words, key), line, 0)
            line += 1
        grid.setRowStretch(line, 1)
        return grid

    def _panels(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Keys that belong to a control and hold while it has the focus."""
        return [
            (
                self.tr("Seed text"),
                [
                    (self.tr("Append a character drawn from the bars"), self.tr("Tab")),
                    (self.tr("Leave the field, backwards"), self.tr("Shift+Tab")),
                    (self.tr("Leave the field, forwards"), self.tr("Ctrl+Tab")),
                    (self.tr("Leave the field"), self.tr("Esc")),
                ],
            ),
            (
                self.tr("Sliders and the clip line"),
                [
                    (self.tr("5 % more"), "↑"),
                    (self.tr("5 % less"), "↓"),
                ],
            ),
            (
                self.tr("Number fields"),
                [
                    (self.tr("One step more"), "↑"),
                    (self.tr("One step less"), "↓"),
                    (self.tr("Take the number"), self.tr("Enter")),
                    (self.tr("Take back what was typed"), self.tr("Esc")),
                ],
            ),
        ]
