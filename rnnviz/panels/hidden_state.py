"""The hidden-state panel: what every unit does at every character of the seed text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup, QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QLabel, QToolButton, QWidget

from rnnviz.engine.cells import CELLS
from rnnviz.panels.activation_colors import (
    GATES,
    colour_blind_safe,
    level_above,
    set_colour_blind_safe,
)
from rnnviz.panels.base import Panel
from rnnviz.panels.heatmap import Heatmap
from rnnviz.panels.theme import icon, ui_font
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.probes.unit_order import similar_order
from rnnviz.session.prober import Answer
from rnnviz.session.view import RunView

_SORT_AT = 200  # steps; then units are sorted once more, while everything changes anyway
SIGNALS = ("h", "c", "z", "r", "n", "i", "f", "g", "o")
_MEANING = {
    "h": "h: hidden state, what the next layer and the output see",
    "c": "c: cell state, the long memory of an LSTM",
    "z": "z: update gate, 1 keeps the old state",
    "r": "r: reset gate, 0 ignores the old state",
    "n": "n: candidate state, −1 to 1",
    "i": "i: input gate, 0 to 1",
    "f": "f: forget gate, 1 keeps the cell state",
    "g": "g: candidate for the cell state, −1 to 1",
    "o": "o: output gate, 0 to 1",
}
_CELL_WORDS = {"rnn": "a plain RNN", "gru": "a GRU", "lstm": "an LSTM"}

_ENOUGH = 8  # characters before units can be told alike
_SORTED_BY = 100  # the last characters the order is found from
_NARROW = 680  # of the panel: below it the clause is short


class _Letters(Segmented):
    """Segments for single letters or digits, narrower than those for words."""

    def _widths(self) -> list[float]:
        metrics = QFontMetricsF(ui_font("label", bold=True))
        return [max(metrics.horizontalAdvance(label) + 12, 21.0) for _, label in self._options]


class HiddenStatePanel(Panel):
    """The states behind the last answer, one layer and one signal at a time."""

    column_clicked = Signal(int)  # position in the read text; the last one ends the choice

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Hidden state", "", parent)
        self._answer: Answer | None = None
        self._layer = 0
        self._by_index = False
        self._order: NDArray[np.intp] | None = None  # None until it is to be found (again)
        self._order_key: int | None = None
        self._order_step = 0
        self._level = 1.0
        self._layer_label = QLabel(self.tr("Layer"))
        self._signal_label = QLabel(self.tr("Signal"))
        for label in (self._layer_label, self._signal_label):
            label.setProperty("role", "muted")
        self.layers = _Letters([("1", "1")], self.tr("Layer"))
        self.signals = _Letters([(name, name) for name in SIGNALS], self.tr("Signal"))
        self.signals.set_tips(_MEANING)
        self.sort_button = QToolButton()
        self.sort_button.setFixedSize(24, 24)
        self.sort_button.setToolTip(self.tr("Sort again: bring units together that are alike now"))
        self.sort_button.setAccessibleName(self.tr("Sort units again"))
        for control in (
            self.sort_button,
            self._layer_label,
            self.layers,
            self._signal_label,
            self.signals,
        ):
            self.add_header_control(control)
        self.map = Heatmap()
        self.body.setContentsMargins(12, 0, 12, 7)
        self.body.addWidget(self.map, 1)
        self._fill_menu()
        self.layers.changed.connect(self._layer_chosen)
        self.signals.changed.connect(self._signal_chosen)
        self.sort_button.clicked.connect(self.sort_again)
        self.map.column_clicked.connect(self.column_clicked)
        self._show_layers(1)
        self.apply_theme()
        self._update_clause()

    def _fill_menu(self) -> None:
        self.menu.addSeparator()
        group = QActionGroup(self)
        self.similar_action = QAction(self.tr("Similar units together"), self, checkable=True)
        self.index_action = QAction(self.tr("Units by index"), self, checkable=True)
        self.similar_action.setChecked(True)
        for action in (self.similar_action, self.index_action):
            group.addAction(action)
            self.menu.addAction(action)
        group.triggered.connect(self._order_chosen)
        self.menu.addAction(self.tr("Sort again"), self.sort_again)
        self.menu.addSeparator()
        self.blind_action = QAction(self.tr("Colour-blind safe colours"), self, checkable=True)
        self.blind_action.toggled.connect(self._blind_toggled)
        self.menu.addAction(self.blind_action)

    # What the window calls.

    def set_view(self, view: RunView) -> None:
        """A new run: forgets the old states and takes the signals its cell has."""
        self._answer = None
        self._forget_order()
        self._show_layers(view.config.num_layers)
        self._show_signals(view.config.cell)
        self.map.marked = None
        super().set_view(view)
        self._draw()

    def show_answer(self, answer: Answer) -> None:
        """Shows the states of a reading; called whenever the prober has a new one."""
        if self._order_step < _SORT_AT <= answer.step:
            self._order = None  # the order of an untrained network means nothing for a trained one
        self._answer = answer
        if self.isVisible():
            self._draw()

    def refresh(self) -> None:
        """Draws what came while the panel was hidden."""
        if self._answer is not None:
            self._draw()

    def apply_theme(self) -> None:
        """Colours of the theme in force."""
        self.sort_button.setIcon(icon("sort"))
        self.map.recolour()

    def choices(self) -> dict[str, Any]:
        """Layer, signal, order and colours."""
        return {
            "layer": self.layers.current(),
            "signal": self.signals.current(),
            "by_index": self._by_index,
            "colour_blind": colour_blind_safe(),
        }

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes them back."""
        layer, signal = str(choices.get("layer")), str(choices.get("signal"))
        if layer in self.layers.options():
            self.layers.set_current(layer)
            self._layer_chosen(layer)
        if signal in self.signals.options() and signal not in self.signals.disabled():
            self.signals.set_current(signal)
            self._signal_chosen(signal)
        self._by_index = choices.get("by_index") is True
        (self.index_action if self._by_index else self.similar_action).setChecked(True)
        self.blind_action.setChecked(choices.get("colour_blind") is True)
        self._draw()

    # Choices.

    def layer(self) -> int:
        """The layer shown, from 0."""
        return self._layer

    def signal(self) -> str:
        """The name of the signal shown."""
        return self.signals.current()

    def sort_again(self) -> None:
        """Finds the order of similar units anew from what is shown now."""
        self._by_index = False
        self.similar_action.setChecked(True)
        self._forget_order()
        self._draw()

    def unit_order(self) -> NDArray[np.intp]:
        """The unit (from 0) in each row, from the top."""
        return self.map._order.copy()

    def _forget_order(self) -> None:
        self._order = None
        self._order_key = None
        self._level = 1.0

    def _layer_chosen(self, key: str) -> None:
        self._layer = int(key) - 1
        self._level = 1.0
        self._draw()

    def _signal_chosen(self, _: str) -> None:
        self._level = 1.0
        self._draw()

    def _order_chosen(self, action: QAction) -> None:
        self._by_index = action is self.index_action
        self._draw()

    def _blind_toggled(self, on: bool) -> None:
        set_colour_blind_safe(on)

    def _show_layers(self, count: int) -> None:
        if len(self.layers.options()) != count:
            self.layers.set_options([(str(n), str(n)) for n in range(1, count + 1)])
        self._layer = int(self.layers.current()) - 1
        # A choice of one is none.
        self.layers.setVisible(count > 1)
        self._show_labels()

    def _show_labels(self) -> None:
        wide = self.width() >= _NARROW
        self._signal_label.setVisible(wide)
        self._layer_label.setVisible(wide and len(self.layers.options()) > 1)

    def _show_signals(self, cell: str) -> None:
        has = CELLS[cell].signals
        word = _CELL_WORDS.get(cell, cell)
        self.signals.set_disabled(
            {
                name: f"{_MEANING[name].split(',')[0]}: {word} has none"
                for name in SIGNALS
                if name not in has
            }
        )
        if self.signals.current() not in has:
            self.signals.set_current("h")

    # Drawing.

    def _draw(self) -> None:
        reading = self._answer.reading if self._answer is not None else None
        name = self.signals.current()
        # An answer of the run before may still be under way when a new one has begun.
        missing = reading is None or not reading.text or self._layer >= len(reading.signals)
        if reading is None or missing or name not in reading.signals[self._layer]:
            self.map.set_values(None, np.arange(0), "", 0, -1.0, 1.0, True)
            self._update_clause()
            return
        values = np.asarray(reading.signals[self._layer][name])
        low, high, signed = self._levels(name, values)
        order = self._order_for(self._layer, np.asarray(reading.signals[self._layer]["h"]))
        self.map.set_values(values, order, reading.text, reading.skipped, low, high, signed)
        self._update_clause()

    def _levels(self, name: str, values: NDArray[np.floating]) -> tuple[float, float, bool]:
        """Fixed colour levels; those of unbounded signals grow in steps and never shrink."""
        if name in GATES:
            return 0.0, 1.0, False
        finite = values[np.isfinite(values)]
        largest = float(np.max(np.abs(finite))) if finite.size else 0.0
        self._level = max(self._level, level_above(largest))
        return -self._level, self._level, True

    def _order_for(self, layer: int, values: NDArray[np.floating]) -> NDArray[np.intp]:
        """One order for all signals of a layer, by its h: a unit keeps its row."""
        units, characters = values.shape
        if self._by_index:
            return np.arange(units)
        if self._order is None or self._order_key != layer or len(self._order) != units:
            if characters < _ENOUGH:
                return np.arange(units)
            self._order = similar_order(values[:, -_SORTED_BY:])
            self._order_key = layer
            self._order_step = 0 if self._answer is None else self._answer.step
        return self._order

    def _update_clause(self) -> None:
        if self.map._values is None:
            self.set_clause("")
            return
        units, per_row = len(self.map._values), self.map.units_per_row()
        parts = [self.tr("{0} units").format(f"{units:,}") if units > 1 else self.tr("1 unit")]
        if per_row > 1:
            parts.append(self.tr("{0} averaged per row").format(per_row))
        if self._by_index or self._order is None:
            parts.append(self.tr("by index"))
        elif self.width() < _NARROW:
            parts.append(self.tr("sorted"))
        else:
            parts.append(self.tr("similar units together"))
            # Units drift apart as the network learns; the rows are not moved while one watches.
            if self._answer is not None and self._answer.step != self._order_step:
                parts[-1] += self.tr(" at step {0}").format(f"{self._order_step:,}")
        self.set_clause(", ".join(parts))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow headers leave words out; how many units share a row depends on the height."""
        super().resizeEvent(event)
        self._show_labels()
        self._update_clause()
