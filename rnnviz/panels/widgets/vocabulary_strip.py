"""The symbols of a text as a row of small bars, the most frequent first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.sizing import sized
from rnnviz.panels.theme import px, theme, themes
from rnnviz.panels.tip_at_point import shows_tip
from rnnviz.panels.widgets.plain_tip import plain_tip
from rnnviz.text.vocabulary import Vocabulary, describe


class VocabularyStrip(QWidget):
    """Bar heights follow the logarithm of the count, so that rare symbols stay visible."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._characters: list[str] = []
        self._counts: NDArray[np.int64] = np.empty(0, np.int64)
        sized(self, "height", lambda strip: strip.setFixedHeight(px(24)))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("How often each symbol occurs"))
        themes().changed.connect(self.update)

    def show_counts(self, vocabulary: Vocabulary, counts: NDArray[np.int64]) -> None:
        """Shows another text's symbols."""
        order = np.argsort(-counts, kind="stable")
        self._characters = [vocabulary.characters[i] for i in order]
        self._counts = counts[order]
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(200, self.height())

    def paintEvent(self, event: object) -> None:
        """Draws the bars; with more symbols than pixels only every n-th of them."""
        if not len(self._counts):
            return
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("border-strong"))
        count = min(len(self._counts), self.width())
        shown = np.linspace(0, len(self._counts) - 1, count).astype(int)
        heights = self._counts[shown] / max(int(self._counts[0]), 1)
        pitch = self.width() / count
        gap = 1.0 if pitch >= 2.5 else 0.0
        for index, height in enumerate(heights):
            tall = max(1.0, float(height) * (self.height() - 1))
            painter.drawRect(QRectF(index * pitch, self.height() - tall, pitch - gap, tall))

    def event(self, event: QEvent) -> bool:
        """The tooltip names the symbol under the mouse and its count."""
        return shows_tip(event, self, self._tip_at) or super().event(event)

    def _tip_at(self, at: QPointF) -> str:
        if not len(self._counts):
            return ""
        share = min(max(at.x() / self.width(), 0.0), 0.999999)
        index = int(share * len(self._counts))
        text = self.tr("{0}: {1} times, {2}").format(
            describe(self._characters[index]),
            f"{self._counts[index]:,}",
            f"{self._counts[index] / int(self._counts.sum()):.1%}",
        )
        return plain_tip(text)
