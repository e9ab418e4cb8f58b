"""The course of one unit over the characters, below the picture of all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rnnviz.panels.base import ElidedLabel
from rnnviz.panels.theme import icon, theme, ui_font


class _Trace(QWidget):
    """A bar per column, from the line of zero."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.values: NDArray[np.floating] = np.zeros(0)
        self.edges: Sequence[int] = (0,)  # pixels: where each column begins, and the last one ends
        self.level, self.signed = 1.0, True
        self.framed = -1  # column
        self.apply_size()

    def apply_size(self) -> None:
        """As high as a few lines of text."""
        self.setFixedHeight(round(2.6 * QFontMetrics(ui_font("label")).height()))

    def bar_rect(self, column: int) -> QRectF:
        """From zero to the value; a value that is not a number has all of the height."""
        low, high = -self.level if self.signed else 0.0, self.level
        left, height = self.edges[column], self.height() - 1
        width = self.edges[column + 1] - left - 1
        value = float(self.values[column])
        if not math.isfinite(value):
            return QRectF(left, 0, width, height)

        def y(v: float) -> float:
            return height * (high - min(max(v, low), high)) / (high - low)

        top, bottom = sorted((round(y(0.0)), round(y(value))))
        return QRectF(left, top, width, max(bottom - top, 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The line of zero and the bars, the framed one in the colour of its frame."""
        painter = QPainter(self)
        colors = theme()
        zero = round((self.height() - 1) * (0.5 if self.signed else 1.0))
        left, wide = self.edges[0], self.edges[-1] - self.edges[0]
        painter.fillRect(QRectF(left, zero, wide, 1), colors.color("border-strong"))
        for column, value in enumerate(self.values):
            token = "accent" if column == self.framed else "text-2"
            if not math.isfinite(value):
                token = "danger"
            painter.fillRect(self.bar_rect(column), colors.color(token))


class UnitStrip(QWidget):
    """Says which unit it is, shows its values, and opens it in Probe."""

    opened = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.label = ElidedLabel()
        self.label.setProperty("role", "label")
        self.open_button = QPushButton(self.tr("Paint a text with it"))
        self.open_button.setProperty("kind", "small")
        self.open_button.setToolTip(
            self.tr("Opens Probe with the text coloured by this unit (Enter in the picture)")
        )
        self.close_button = QToolButton()
        self.close_button.setToolTip(self.tr("Let this unit go (Esc in the picture)"))
        self.close_button.setAccessibleName(self.tr("Let this unit go"))
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self.label, 1)
        line.addWidget(self.open_button)
        line.addWidget(self.close_button)
        self._line = line
        self.trace = _Trace()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 5, 0, 0)
        column.setSpacing(3)
        column.addLayout(line)
        column.addWidget(self.trace)
        self.open_button.clicked.connect(self.opened)
        self.close_button.clicked.connect(self.closed)
        self.apply_theme()

    def sizeHint(self) -> QSize:
        """As high as its two lines."""
        return QSize(400, self.minimumSizeHint().height())

    def apply_theme(self) -> None:
        """Takes colours and sizes of the theme in force."""
        height = QFontMetrics(ui_font("label")).height() + 6
        self.open_button.setFixedHeight(height)
        self.close_button.setFixedSize(height, height)
        self.close_button.setIcon(icon("close"))
        self.trace.apply_size()
        self.update()

    def show_trace(
        self,
        words: str,
        values: NDArray[np.floating],
        *,
        level: float,
        signed: bool,
        edges: Sequence[int],
        framed: int,
    ) -> None:
        """Shows `values` (columns,) below the columns of the picture.

        `edges` (columns + 1,) are pixels: where each column begins, and where the last one ends.
        """
        self.label.setText(words)
        trace = self.trace
        if edges[0] != trace.edges[0]:
            self._line.setContentsMargins(edges[0], 0, 0, 0)
        trace.values, trace.edges = values, edges
        trace.level, trace.signed, trace.framed = level, signed, framed
        trace.setAccessibleName(words)
        trace.update()
