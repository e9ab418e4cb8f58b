"""The way to the command palette for those who do not know its key yet."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolButton, QWidget

from rnnviz.panels.theme import icon_pixels, icon_pixmap, row, theme, themes, ui_font
from rnnviz.panels.widgets.key_caps import caps_width, draw_caps


class FindButton(QToolButton):
    """A magnifying glass, "Find a command" and the key; the glass alone where room is short."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = self.tr("Ctrl+K")
        self._short = False
        self.setText(self.tr("Find a command"))
        self.setAccessibleName(self.tr("Find a command"))
        self.setToolTip(
            self.tr("Commands, presets, texts, panels and settings by name ({0})").format(self._key)
        )
        themes().changed.connect(self._apply_theme)
        self._apply_theme()

    def set_short(self, short: bool) -> None:
        """Whether there is room for the glass alone."""
        if short != self._short:
            self._short = short
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """What is drawn."""
        height = row(28)
        if self._short:
            return QSize(height, height)
        words = QFontMetrics(ui_font("label")).horizontalAdvance(self.text())
        return QSize(8 + icon_pixels() + 8 + words + 10 + caps_width(self._key) + 8, height)

    minimumSizeHint = sizeHint

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draws glass, words and key."""
        colors = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        over = self.underMouse() or self.isDown()
        if over:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.color("surface-3"))
            painter.drawRoundedRect(self.rect(), 5, 5)
        color = colors.color("text" if over else "text-2")
        side = icon_pixels()
        left = (self.width() - side) // 2 if self._short else 8
        painter.drawPixmap(left, (self.height() - side) // 2, icon_pixmap("search", color))
        if not self._short:
            painter.setFont(ui_font("label"))
            painter.setPen(color)
            room = QRect(16 + side, 0, self.width() - 16 - side, self.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self.text())
            draw_caps(painter, self.rect().adjusted(0, 0, -8, 0), self._key)
        if self.hasFocus():
            painter.setPen(QPen(colors.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 5, 5)

    def _apply_theme(self) -> None:
        self.setFixedHeight(row(28))
        self.updateGeometry()
        self.update()
