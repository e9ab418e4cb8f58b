"""How the network writes on: a button that begins and stops, the way of choosing, its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from rnnviz.panels.sizing import sized, tall
from rnnviz.panels.theme import px, row, themes, ui_font
from rnnviz.panels.widgets.choice import Choice
from rnnviz.panels.widgets.number_field import NumberField
from rnnviz.panels.widgets.value_slider import ValueSlider
from rnnviz.session.config import TEMPERATURE_RANGE

WAYS = ("greedy", "temperature", "top-k", "top-p")
_MOST_K = 100_000
_LEAST_P = 0.01


@dataclass(frozen=True)
class Writing:
    """How characters are chosen; as `generate` takes it."""

    temperature: float  # 0 takes the likeliest each time
    top_k: int | None = None
    top_p: float | None = None


def _longest_way(way: Choice) -> int:
    metrics = QFontMetrics(ui_font("body"))
    return max(metrics.horizontalAdvance(way.itemText(i)) for i in range(way.count()))


def _narrow_way(way: Choice) -> None:
    way.setFixedWidth(max(px(118), _longest_way(way) + px(44)))


def _way_width(way: Choice) -> None:
    way.setFixedWidth(_longest_way(way) + px(34) + row(17))


class WritingControl(QWidget):
    """Emits what the user asks for; who writes says so with `set_writing`.

    A temperature that is also that of bars has a `slider` and is seen whatever the way.
    """

    write_requested = Signal(object)  # Writing
    stop_requested = Signal()
    temperature_changed = Signal(float)
    way_changed = Signal()  # the way, k or p
    refused = Signal(str)  # one sentence about a number; empty when it is good again

    def __init__(self, parent: QWidget | None = None, *, slider: ValueSlider | None = None) -> None:
        super().__init__(parent)
        self._writing = False
        self._narrow = False
        self.slider = slider
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        self.button = QPushButton()
        self.button.setProperty("kind", "small")
        tall(self.button, 28)
        self.way = Choice(self.tr("How the network chooses characters"))
        self.way.setToolTip(self.tr("How the network chooses each character it writes"))
        for way, words, tip in (
            ("greedy", self.tr("greedy"), self.tr("The likeliest character each time")),
            ("temperature", self.tr("temperature"), self.tr("Drawn from all characters")),
            ("top-k", self.tr("top-k"), self.tr("Drawn from the k likeliest characters")),
            ("top-p", self.tr("top-p"), self.tr("Drawn from the likeliest that hold a share p")),
        ):
            self.way.addItem(words, way)
            self.way.setItemData(self.way.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        sized(self.way, "width", _way_width)
        low, high = TEMPERATURE_RANGE
        self.temperature = self._field(low, high, 0.8, self.tr("Temperature"), "{:.2f}")
        self.top_k = self._field(1, _MOST_K, 5, self.tr("k, characters"), integer=True)
        self.top_p = self._field(
            _LEAST_P, 1.0, 0.9, self.tr("p, share of the probability"), "{:.2f}"
        )
        line.addWidget(self.button)
        line.addWidget(self.way)
        if slider is not None:
            line.addWidget(slider, 1)
        for field in (self.temperature, self.top_k, self.top_p):
            line.addWidget(field)
        self.button.clicked.connect(self.toggle)
        self.way.currentIndexChanged.connect(self._way_chosen)
        self.top_k.edited.connect(lambda _: self.way_changed.emit())
        self.top_p.edited.connect(lambda _: self.way_changed.emit())
        self.temperature.edited.connect(self.temperature_changed)
        themes().changed.connect(self._show_button)
        self.set_way("temperature")
        self._show_button()

    def _field(
        self,
        low: float,
        high: float,
        value: float,
        name: str,
        form: str = "",
        integer: bool = False,
    ) -> NumberField:
        field = NumberField(low, high, value, name, integer=integer, form=form or "{:.2g}")
        sized(field, "width", lambda f: f.setFixedWidth(row(68, 3)))

        def refuse(sentence: str) -> None:
            field.set_state("bad" if sentence else "")
            self.refused.emit(sentence)

        field.refused.connect(refuse)
        return field

    def set_way(self, way: str) -> None:
        """One of `WAYS`."""
        self.way.setCurrentIndex(WAYS.index(way))
        self._show_fields()

    def set_temperature(self, value: float) -> None:
        """Shows a temperature without `temperature_changed`."""
        self.temperature.set_value(value)

    def writing(self) -> Writing:
        """What the controls say."""
        way = str(self.way.currentData())
        if way == "greedy":
            return Writing(0.0)
        temperature = self.temperature.value()
        if way == "top-k":
            return Writing(temperature, top_k=int(self.top_k.value()))
        if way == "top-p":
            return Writing(temperature, top_p=self.top_p.value())
        return Writing(temperature)

    def choices(self) -> dict[str, Any]:
        """The way of choosing with its numbers, as JSON values."""
        return {
            "way": str(self.way.currentData()),
            "top_k": int(self.top_k.value()),
            "top_p": self.top_p.value(),
        }

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes back what `choices` gave; what makes no sense changes nothing."""
        way, top_k, top_p = (choices.get(name) for name in ("way", "top_k", "top_p"))
        if way in WAYS:
            self.set_way(str(way))
        if type(top_k) is int and 1 <= top_k <= _MOST_K:
            self.top_k.set_value(top_k)
        if isinstance(top_p, (int, float)) and _LEAST_P <= top_p <= 1:
            self.top_p.set_value(float(top_p))

    def set_writing(self, writing: bool) -> None:
        """Whether characters are being written now."""
        if writing != self._writing:
            self._writing = writing
            self._show_button()

    def is_writing(self) -> bool:
        """Whether the button stops."""
        return self._writing

    def toggle(self) -> None:
        """Begins, or stops."""
        if self._writing:
            self.stop_requested.emit()
        else:
            self.write_requested.emit(self.writing())

    def _show_button(self) -> None:
        self.button.setText(self.tr("Stop") if self._writing else self.tr("Write"))
        words = self.tr("Let the network write on from the end of the seed text")
        if self._writing:
            words = self.tr("Stop writing; what has been written stays")
        self.button.setToolTip(words)
        self.button.setAccessibleName(self.button.text())
        # One width for both words: nothing beside it may move.
        metrics = QFontMetrics(ui_font("label"))
        longest = max(metrics.horizontalAdvance(w) for w in (self.tr("Stop"), self.tr("Write")))
        self.button.setFixedWidth(longest + row(26))

    def set_narrow(self, narrow: bool) -> None:
        """Whether there is room for the names of the ways and for a slider beside two numbers."""
        self._narrow = narrow
        sized(self.way, "width", _narrow_way if narrow else _way_width)
        self._show_fields()

    def _way_chosen(self) -> None:
        self._show_fields()
        self.way_changed.emit()

    def _show_fields(self) -> None:
        way = str(self.way.currentData())
        self.temperature.setVisible(way != "greedy" or self.slider is not None)
        if self.slider is not None:
            self.slider.setVisible(not self._narrow or way not in ("top-k", "top-p"))
        self.top_k.setVisible(way == "top-k")
        self.top_p.setVisible(way == "top-p")
