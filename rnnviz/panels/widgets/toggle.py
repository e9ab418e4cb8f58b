"""A one-word switch in a panel's header, drawn like a single segment: log x."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from rnnviz.panels.sizing import tall
from rnnviz.panels.theme import px, theme, themes, ui_font


class Toggle(QAbstractButton):
    """Checkable; a click or Space switches."""

    def __init__(self, text: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setAccessibleName(name)
        self.setCheckable(True)
        tall(self, 24)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        themes().changed.connect(self._restyle)

    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Wide enough for the text in bold."""
        metrics = QFontMetricsF(ui_font("label", bold=True))
        return QSize(round(metrics.horizontalAdvance(self.text())) + px(22), self.height())

    def minimumSizeHint(self) -> QSize:
        """Never narrower than its text."""
        return self.sizeHint()

    def paintEvent(self, event: object) -> None:
        """Draws the segment, filled while on, and the focus ring."""
        colors = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isChecked()
        whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(colors.color("border-strong" if on else "border"), 1))
        painter.setBrush(colors.color("surface-3" if on else "surface-2"))
        painter.drawRoundedRect(whole, 5, 5)
        painter.setFont(ui_font("label", bold=on))
        if self.isEnabled():
            painter.setPen(colors.color("text" if on or self.underMouse() else "text-2"))
        else:  # the tooltip says why
            painter.setPen(colors.mixed("text", "surface-2", 0.45))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        if self.hasFocus():
            painter.setPen(QPen(colors.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(whole.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
