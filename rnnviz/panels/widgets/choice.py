"""A drop-down list with a visible arrow, which a styled QComboBox loses."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

from rnnviz.panels.sizing import sized, tall
from rnnviz.panels.theme import icon_pixels, px, theme, themes


class Choice(QComboBox):
    """Emits `activated` as QComboBox does; the wheel only turns it while it has the focus."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        tall(self, 28)
        self.setToolTip(name)
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        sized(self, "icon", lambda c: c.setIconSize(QSize(icon_pixels(), icon_pixels())))
        themes().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The box, the text as far as there is room, then the arrow."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        icon = icon_pixels() + 4 if not option.currentIcon.isNull() else 0
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self,
        )
        # What is longer is cut with an ellipsis here, instead of in the middle of a letter.
        room = min(self.width() - px(34), field.width()) - icon
        option.currentText = option.fontMetrics.elidedText(
            option.currentText, Qt.TextElideMode.ElideMiddle, room
        )
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.setRenderHint(QStylePainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().color("text-2" if self.isEnabled() else "text-muted"), 1.5))
        x, y, a = self.width() - px(15), self.height() / 2, px(4)
        painter.drawPolyline(
            [QPointF(x - a, y - a / 2), QPointF(x, y + a / 2), QPointF(x + a, y - a / 2)]
        )

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolling past must not change a setting."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
