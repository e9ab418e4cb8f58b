"""The newest sample in a low strip: what the network writes, for the back row."""

from __future__ import annotations

import textwrap

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.sample_text import visible
from rnnviz.panels.theme import mono_font, px, theme, ui_font
from rnnviz.session.frames import Sample

_TITLE_WIDTH = 80  # pixels left of the text, at the designed type


class SampleStrip(QWidget):
    """Title and step at the left, and as many lines of the text as there is room for."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._title = title
        self._sample: Sample | None = None
        self._empty = ""
        self.setAccessibleName(self.tr("Newest sample"))

    def minimumSizeHint(self) -> QSize:
        """Two lines."""
        return QSize(px(_TITLE_WIDTH), 2 * QFontMetrics(mono_font("sample")).height())

    sizeHint = minimumSizeHint

    def show_sample(self, sample: Sample | None, empty: str) -> None:
        """A sample, or words that say when there will be one."""
        if (sample, empty) != (self._sample, self._empty):
            self._sample, self._empty = sample, empty
            self.setAccessibleDescription(sample.text if sample is not None else empty)
            self.update()

    def lines(self) -> list[str]:
        """The text as it is drawn, without empty lines."""
        if self._sample is None:
            return [self._empty]
        metrics = QFontMetrics(mono_font("sample"))
        room = max((self.width() - px(_TITLE_WIDTH)) // metrics.horizontalAdvance("0"), 8)
        most = max((self.height() - px(8)) // metrics.lineSpacing(), 1)
        text = self._sample.problem or visible(self._sample.text)
        found: list[str] = []
        for line in text.splitlines():
            found += textwrap.wrap(line, room)
            if len(found) >= most:
                break
        return found[:most]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Title over step, text beside them."""
        colors = theme()
        painter = QPainter(self)
        title, small, mono = ui_font("body", bold=True), ui_font("label"), mono_font("sample")
        lines, spacing = self.lines(), QFontMetrics(mono).lineSpacing()
        top = max((self.height() - max(len(lines), 2) * spacing) / 2, 0.0)
        painter.setFont(title)
        painter.setPen(colors.color("text"))
        baseline = top + QFontMetrics(mono).ascent()
        painter.drawText(QPointF(0, baseline), self._title)
        if self._sample is not None:
            painter.setFont(small)
            painter.setPen(colors.color("text-2"))
            words = self.tr("step {0}").format(f"{self._sample.step:,}")
            painter.drawText(QPointF(0, baseline + spacing), words)
        painter.setFont(mono if self._sample is not None else small)
        painter.setPen(colors.color("text"))
        for line in lines:
            painter.drawText(QPointF(px(_TITLE_WIDTH), baseline), line)
            baseline += spacing
