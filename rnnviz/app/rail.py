"""What is left of Setup when it is folded away: a narrow strip that unfolds it again."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QToolButton, QWidget

from rnnviz.panels.sizing import sized
from rnnviz.panels.theme import icon_pixels, icon_pixmap, px, row, theme, themes, ui_font

WIDTH = 36


class Rail(QToolButton):
    """A tall button with a chevron, the setup sign and the word Setup written upwards."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        sized(self, "width", lambda rail: rail.setFixedWidth(row(WIDTH)))
        self._folded = False
        self.show_folded(True)
        themes().changed.connect(self.update)

    def show_folded(self, folded: bool) -> None:
        """Whether a click unfolds Setup, or folds it away again where it lies over the page."""
        if folded != self._folded:
            self._folded = folded
            words = self.tr("Unfold Setup") if folded else self.tr("Fold Setup away")
            self.setToolTip(self.tr("{0} (Ctrl+B)").format(words))
            self.setAccessibleName(words)
            self.update()

    def sizeHint(self) -> QSize:
        """Narrow, and as tall as there is room."""
        return QSize(self.width(), 10_000)

    def paintEvent(self, event: object) -> None:
        """Draws a panel's frame with the signs in it."""
        colors = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(colors.color("accent" if self.hasFocus() else "border"))
        painter.setBrush(colors.color("surface-3" if self.underMouse() else "surface"))
        painter.drawRoundedRect(area, 6, 6)
        color = colors.color("text-2")
        chevron = "chevron-right" if self._folded else "chevron-left"
        left = (self.width() - icon_pixels()) // 2
        painter.drawPixmap(left, px(11), icon_pixmap(chevron, color))
        painter.drawPixmap(left, px(41), icon_pixmap("sliders", color))
        painter.setPen(color)
        painter.setFont(ui_font("body"))
        painter.translate(self.width() / 2, px(110))
        painter.rotate(-90)
        words = QRectF(-px(40), -px(12), px(80), px(24))
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self.tr("Setup"))
