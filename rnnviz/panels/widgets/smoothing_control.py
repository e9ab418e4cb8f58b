"""A button that tells over how many steps a curve is averaged, and opens a slider to change it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from rnnviz.panels.theme import px, row, themes
from rnnviz.panels.widgets.number_field import NumberField
from rnnviz.panels.widgets.value_slider import ValueSlider

SMOOTHING_RANGE = (1, 10_000)  # steps; 1 leaves the values as they are


class SmoothingControl(QToolButton):
    """Slider and field for a window in steps; a double click on the slider: the run's own."""

    edited = Signal(int)

    def __init__(self, value: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = value
        self.setAccessibleName(self.tr("Smoothing"))
        self.setToolTip(
            self.tr("Steps the smoothed curve averages over, 1 to 10,000; the raw one stays")
        )
        low, high = SMOOTHING_RANGE
        name = self.tr("Smoothing window")
        self.slider = ValueSlider(low, high, value, name, token="train")
        self.field = NumberField(low, high, value, name)
        self.slider.edited.connect(self._edit)
        self.field.edited.connect(self._edit)
        self.field.refused.connect(self._refuse)
        holder = QWidget()
        box = QVBoxLayout(holder)
        box.setContentsMargins(12, 8, 12, 8)
        line = QHBoxLayout()
        line.setSpacing(8)
        box.addLayout(line)
        self._error = QLabel()
        self._error.setProperty("role", "error")
        self._error.hide()
        box.addWidget(self._error)
        self._words = QLabel(self.tr("Average over up to"))
        self._unit = QLabel(self.tr("steps"))
        for widget in (self._words, self.slider, self.field, self._unit):
            line.addWidget(widget)
        self.popup = QMenu(self)
        action = QWidgetAction(self.popup)
        action.setDefaultWidget(holder)
        self.popup.addAction(action)
        self.setMenu(self.popup)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        themes().changed.connect(self._resize)
        self._resize()
        self._show()

    def value(self) -> int:
        """The window in steps."""
        return self._value

    def set_value(self, value: int) -> None:
        """Shows another window."""
        self._value = min(max(value, SMOOTHING_RANGE[0]), SMOOTHING_RANGE[1])
        self.slider.set_value(self._value)
        self.field.set_value(self._value)
        self._show()

    def set_default(self, value: int) -> None:
        """What a double click on the slider returns to."""
        self.slider.set_default(value)
        self.slider.set_tick(value)

    def _edit(self, value: float) -> None:
        window = round(value)
        if window != self._value:
            self.set_value(window)
            self.edited.emit(window)

    def _refuse(self, sentence: str) -> None:
        self.field.set_state("bad" if sentence else "")
        self._error.setText(sentence)
        self._error.setVisible(bool(sentence))

    def _show(self) -> None:
        words = self.tr("smooth {0} ▾").format(f"{self._value:,}")
        self.setText(self.tr("raw ▾") if self._value == 1 else words)

    def _resize(self) -> None:
        self.setFixedHeight(row(24))
        self.slider.setFixedWidth(px(180))
        self.field.setFixedWidth(px(84))
