"""A button that says which key does the same."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolButton, QWidget

from rnnviz.panels.sizing import tall
from rnnviz.panels.theme import gap, icon_pixels, icon_pixmap, theme, themes, ui_font
from rnnviz.panels.widgets.key_caps import caps_width, draw_caps


class KeyButton(QToolButton):
    """Icon (if there is one), words and the key's caps; the icon alone where room is short."""

    def __init__(
        self,
        words: str,
        key: str,
        icon: str = "",
        *,
        height: float = 28,
        framed: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._key, self._icon, self._framed = key, icon, framed
        self._short = False
        self.setText(words)
        self.setAccessibleName(words)
        tall(self, height)
        themes().changed.connect(self.updateGeometry)

    def set_short(self, short: bool) -> None:
        """Whether there is room for the icon alone."""
        if short != self._short:
            self._short = short
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """What is drawn."""
        height = self.height()
        if self._short:
            return QSize(height, height)
        words = QFontMetrics(ui_font("label")).horizontalAdvance(self.text())
        return QSize(self._words_left() + words + 10 + caps_width(self._key) + gap(8), height)

    minimumSizeHint = sizeHint

    def _words_left(self) -> int:
        return gap(8) + (icon_pixels() + 8 if self._icon else 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draws icon, words and key."""
        colors = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        over = self.underMouse() or self.isDown()
        if over or self._framed:
            edge = QPen(colors.color("border-strong"), 1)
            painter.setPen(edge if self._framed else Qt.PenStyle.NoPen)
            painter.setBrush(colors.color("surface-3" if over else "surface-2"))
            painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        color = colors.color("text" if over or self._framed else "text-2")
        side = icon_pixels()
        if self._icon:
            left = (self.width() - side) // 2 if self._short else gap(8)
            picture = icon_pixmap(self._icon, colors.color("text" if over else "text-2"))
            painter.drawPixmap(left, (self.height() - side) // 2, picture)
        if not self._short:
            painter.setFont(ui_font("label"))
            painter.setPen(color)
            left = self._words_left()
            room = QRect(left, 0, self.width() - left, self.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self.text())
            draw_caps(painter, self.rect().adjusted(0, 0, -gap(8), 0), self._key)
        if self.hasFocus():
            painter.setPen(QPen(colors.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 5, 5)
