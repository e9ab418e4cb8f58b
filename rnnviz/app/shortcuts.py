"""Help > Keyboard shortcuts: every key, from the registry, and those that panels have."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from rnnviz.app.actions import Actions
from rnnviz.app.menus import titles
from rnnviz.panels.theme import px, row, themes, ui_font
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


class ShortcutsBox(QDialog):
    """Stays open beside the training; Esc closes it."""

    def __init__(self, window: QMainWindow, registry: Actions) -> None:
        super().__init__(window)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
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
        beside = QHBoxLayout(content)
        beside.setContentsMargins(24, 16, 24, 16)
        beside.setSpacing(40)
        for column in columns:
            beside.addLayout(self._column(column), 1)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setAccessibleName(self.tr("Keyboard shortcuts"))
        self.close_button = QPushButton(self.tr("Close"))
        self.close_button.setToolTip(self.tr("Close (Esc)"))
        self.close_button.setProperty("kind", "primary")
        self.close_button.clicked.connect(self.close)
        self.close_button.setFixedHeight(row(32))
        self.close_button.setMinimumWidth(px(96))
        foot = QHBoxLayout()
        foot.setContentsMargins(24, 8, 24, 16)
        foot.addStretch(1)
        foot.addWidget(self.close_button)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(scroll, 1)
        outer.addLayout(foot)
        asked = content.sizeHint()
        room = window.screen().availableSize()
        height = asked.height() + row(32) + 40
        self.resize(min(asked.width() + 24, room.width()), min(height, round(0.9 * room.height())))

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
