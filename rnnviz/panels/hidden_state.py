"""The hidden-state panel: what every unit does at every character of a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QFontMetricsF,
    QHideEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QLabel, QMenu, QToolButton, QWidget

from rnnviz.engine.cells import CELLS
from rnnviz.panels.activation_colors import (
    GATES,
    colour_blind_safe,
    level_above,
    set_colour_blind_safe,
)
from rnnviz.panels.base import Panel
from rnnviz.panels.heatmap import Heatmap
from rnnviz.panels.sizing import margins, spacing, square
from rnnviz.panels.table import Table
from rnnviz.panels.theme import icon, px, ui_font
from rnnviz.panels.translate import later, tr
from rnnviz.panels.unit_strip import UnitStrip
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.probes.unit_order import ORDERS
from rnnviz.session.prober import Answer
from rnnviz.session.view import RunView

_SORT_AT = 200  # steps; then units are sorted once more, while everything changes anyway
SIGNALS = ("h", "c", "z", "r", "n", "i", "f", "g", "o")
_MEANING = {
    "h": later("h: hidden state, what the next layer and the output see"),
    "c": later("c: cell state, the long memory of an LSTM"),
    "z": later("z: update gate, 1 keeps the old state"),
    "r": later("r: reset gate, 0 ignores the old state"),
    "n": later("n: candidate state, −1 to 1"),
    "i": later("i: input gate, 0 to 1"),
    "f": later("f: forget gate, 1 keeps the cell state"),
    "g": later("g: candidate for the cell state, −1 to 1"),
    "o": later("o: output gate, 0 to 1"),
}
_CELL_WORDS = {
    "rnn": later("a plain RNN"),
    "gru": later("a GRU"),
    "lstm": later("an LSTM"),
}

_ENOUGH = 8  # characters before units can be told alike
_SORTED_BY = 100  # the last characters the order is found from
_NARROW = 680  # width of the panel below which words give way
_WIDE = 900  # and from which on there is room for all of them
_LOW = 240  # height below which the course of the pinned unit has no room
SOURCES = ("seed", "training")


class _Letters(Segmented):
    """Segments for single letters or digits, narrower than those for words."""

    def _widths(self) -> list[float]:
        metrics = QFontMetricsF(ui_font("label", bold=True))
        return [max(metrics.horizontalAdvance(label) + 12, 21.0) for _, label in self._options]


class HiddenStatePanel(Panel):
    """The states behind a reading, one layer and one signal at a time.

    The text is the seed, or what training has just read (`training_wanted` says when). Frozen, or
    with a column of the training text chosen, the picture stands still while training goes on.
    """

    column_clicked = Signal(int)  # position in the seed as read; the last one ends the choice
    still_column_clicked = Signal(object, int)  # the Answer that stands still, position in it
    unit_clicked = Signal(int, str, int)  # layer from 0, signal, unit from 0: to open in Probe
    training_wanted = Signal(bool)  # whether readings of the training text are looked at

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Hidden state"), "", parent)
        self._answer: Answer | None = None  # of the seed
        self._followed: Answer | None = None  # of what training has just read
        self._frozen: Answer | None = None  # of either, while it stands still
        self._drawn: Answer | None = None
        self._layer = 0
        self._order_kind = "similar"
        self._order: NDArray[np.intp] | None = None  # None until it is to be found (again)
        self._order_key: int | None = None
        self._order_step = 0
        self._level = 1.0
        self._layer_label = QLabel(self.tr("Layer"))
        self._signal_label = QLabel(self.tr("Signal"))
        for label in (self._layer_label, self._signal_label):
            label.setProperty("role", "muted")
        self.source = Segmented(
            [("seed", self.tr("seed")), ("training", self.tr("training"))], self.tr("Text")
        )
        self.source.set_tips(
            {
                "seed": self.tr("Your seed text"),
                "training": self.tr("What training has just read, in the first stream"),
            }
        )
        self.layers = _Letters([("1", "1")], self.tr("Layer"))
        self.signals = _Letters([(name, name) for name in SIGNALS], self.tr("Signal"))
        self.signals.set_tips({name: tr(words) for name, words in _MEANING.items()})
        self.sort_button = QToolButton()
        square(self.sort_button, 24)
        self.sort_button.setAccessibleName(self.tr("Sort units again"))
        self.freeze_button = QToolButton()
        square(self.freeze_button, 24)
        self.freeze_button.setCheckable(True)
        self.freeze_button.setAccessibleName(self.tr("Freeze the picture"))
        for control in (
            self.source,
            self._layer_label,
            self.layers,
            self._signal_label,
            self.signals,
            self.sort_button,
            self.freeze_button,
        ):
            self.add_header_control(control)
        self.map = Heatmap()
        self.map.empty = self.tr("Load a text to see the state")
        self.strip = UnitStrip()
        self.strip.hide()
        margins(self.body, 12, 0, 12, 7)
        spacing(self.body, 0)
        self.body.addWidget(self.map, 1)
        self.body.addWidget(self.strip)
        self._fill_menu()
        self.source.changed.connect(self._source_chosen)
        self.layers.changed.connect(self._layer_chosen)
        self.signals.changed.connect(self._signal_chosen)
        self.sort_button.clicked.connect(self.sort_again)
        self.freeze_button.toggled.connect(self.freeze)
        self.map.column_clicked.connect(self._column_chosen)
        self.map.unit_pinned.connect(self._pin)
        self.map.unit_opened.connect(lambda _: self._open_unit())
        self.map.resized.connect(self._show_strip)
        self.strip.opened.connect(self._open_unit)
        self.strip.closed.connect(lambda: self._pin(-1))
        self._show_layers(1)
        self.apply_theme()
        self._say_freeze()
        self._update_clause()

    def _fill_menu(self) -> None:
        self.menu.addSeparator()
        group = QActionGroup(self)
        words = {
            "similar": self.tr("Similar units together"),
            "index": self.tr("Units by index"),
            "variance": self.tr("Units by variance, the most active on top"),
            "slow": self.tr("Units from slow to fast"),
        }
        self.order_actions: dict[str, QAction] = {}
        for kind in ORDERS:
            action = QAction(words[kind], self, checkable=True)
            action.setData(kind)
            group.addAction(action)
            self.order_actions[kind] = action
        self.order_actions["similar"].setChecked(True)
        group.triggered.connect(lambda action: self.sort_by(str(action.data())))
        again = QAction(self.tr("Sort again"), self)
        again.triggered.connect(self.sort_again)
        orders = [*self.order_actions.values(), again]
        self.menu.addActions(orders)
        # The same on the button, which sorts again by a click and shows them when it is held.
        held = QMenu(self)
        held.addActions(orders)
        self.sort_button.setMenu(held)
        self.sort_button.setPopupMode(QToolButton.ToolButtonPopupMode.DelayedPopup)
        self.sort_button.setToolTip(
            self.tr("Sort units again, by what is shown now.\nHold for another order.")
        )
        self.menu.addSeparator()
        texts = QActionGroup(self)
        self.source_actions: dict[str, QAction] = {}
        for source, what in zip(
            SOURCES, (self.tr("Seed text"), self.tr("Text in training")), strict=True
        ):
            action = QAction(what, self, checkable=True)
            action.triggered.connect(lambda _=False, s=source: self.set_source(s))
            texts.addAction(action)
            self.source_actions[source] = action
            self.menu.addAction(action)
        self.source_actions["seed"].setChecked(True)
        self.menu.addSeparator()
        self.blind_action = QAction(self.tr("Colour-blind safe colours"), self, checkable=True)
        self.blind_action.toggled.connect(set_colour_blind_safe)
        self.menu.addAction(self.blind_action)

    # What the window calls.

    def set_view(self, view: RunView) -> None:
        """A new run: forgets the old states and takes the signals its cell has."""
        self._answer = self._followed = self._frozen = None
        self.freeze_button.setChecked(False)
        self._say_freeze()
        self._forget_order()
        self._show_layers(view.config.num_layers)
        self._show_signals(view.config.cell)
        self.map.marked = None
        self.map.pin(None)
        self.map.empty = self.tr("Type seed text to see the state")
        super().set_view(view)
        self._draw()

    def show_answer(self, answer: Answer) -> None:
        """Shows the states of a reading; called whenever the prober has a new one."""
        if self._order_step < _SORT_AT <= answer.step:
            self._order = None  # the order of an untrained network means nothing for a trained one
        if answer.followed:
            self._followed = answer
        else:
            self._answer = answer
        ours = answer.followed == (self.source.current() == "training")
        if ours and self._frozen is None and self.isVisible():
            self._draw()

    def refresh(self) -> None:
        """Draws what came while the panel was hidden."""
        if self.shown() is not None and self._drawn is not self.shown():
            self._draw()

    def apply_theme(self) -> None:
        """Colours and sizes of the theme in force."""
        for button, name in ((self.sort_button, "sort"), (self.freeze_button, "freeze")):
            button.setIcon(icon(name))
        self.blind_action.setChecked(colour_blind_safe())
        self.map.recolour()
        self.strip.apply_theme()
        self._show_strip()

    def choices(self) -> dict[str, Any]:
        """Text, layer, signal and order."""
        return {
            "source": self.source.current(),
            "layer": self.layers.current(),
            "signal": self.signals.current(),
            "order": self._order_kind,
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
        order = choices.get("order")
        if choices.get("by_index") is True:  # as earlier versions wrote it
            order = "index"
        self.sort_by(order if isinstance(order, str) and order in ORDERS else "similar")
        source = choices.get("source")
        if source in SOURCES:
            self.set_source(str(source))
        self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        """Asks for what it shows."""
        super().showEvent(event)
        if self.source.current() == "training":
            self.training_wanted.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """What nobody sees is not computed."""
        super().hideEvent(event)
        if self.source.current() == "training":
            self.training_wanted.emit(False)

    # Choices.

    def shown(self) -> Answer | None:
        """The reading in the picture."""
        if self._frozen is not None:
            return self._frozen
        return self._answer if self.source.current() == "seed" else self._followed

    def layer(self) -> int:
        """The layer shown, from 0."""
        return self._layer

    def signal(self) -> str:
        """The name of the signal shown."""
        return self.signals.current()

    def pinned(self) -> int | None:
        """The unit (from 0) whose course is shown below the picture."""
        return self.map.pinned

    def order_kind(self) -> str:
        """One of `ORDERS`."""
        return self._order_kind

    def sort_by(self, kind: str) -> None:
        """Sorts units in one of `ORDERS`, by what is shown now."""
        self._order_kind = kind
        self.order_actions[kind].setChecked(True)
        self.sort_again()

    def sort_again(self) -> None:
        """Finds the order anew from what is shown now."""
        self._order = None
        self._draw()

    def unit_order(self) -> NDArray[np.intp]:
        """The unit (from 0) in each row, from the top."""
        return self.map.order().copy()

    def set_source(self, source: str) -> None:
        """Shows the `seed` or the text in `training`."""
        if source != self.source.current():
            self.source.set_current(source)
            self._source_chosen(source)

    def freeze(self, on: bool) -> None:
        """Lets the picture stand still while training goes on, or moves with it again."""
        answer = self.shown()
        on = on and answer is not None
        self.freeze_button.setChecked(on)
        if on == (self._frozen is not None):
            return
        self._frozen = answer if on else None
        if not on:
            self._end_column()
        self._say_freeze()
        self._draw()

    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._frozen is not None

    def reset_view(self) -> None:
        """Moves with the training, similar units together, the last column, no unit pinned."""
        self.freeze(False)
        self._end_column()
        self._pin(-1)
        self.sort_by("similar")

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "What every unit of a layer does at every character of a text: a row is a unit, a "
            "column what it does once that character is read, colour its value. "
            "Rows that change with words, lines or single letters follow something in the text; "
            "click a cell to follow its unit and to see what is expected after its character."
        )

    def table(self) -> Table | None:
        """The signal of every unit at every character read, also of those out of sight."""
        answer, name = self.shown(), self.signal()
        reading = answer.reading if answer is not None else None
        if reading is None or self._layer >= len(reading.signals):
            return None
        values = reading.signals[self._layer].get(name)
        if values is None:
            return None
        columns = [self.tr("position (characters)"), self.tr("character")]
        of_unit = self.tr("{0} of unit {1}, layer {2}")
        columns += [of_unit.format(name, u + 1, self._layer + 1) for u in range(len(values))]
        positions = range(reading.skipped + 1, reading.skipped + len(reading.text) + 1)
        return Table(tuple(columns), (positions, list(reading.text), *np.array(values)))

    def _say_freeze(self) -> None:
        words = self.tr("Freeze the picture; training goes on")
        if self._frozen is not None:
            words = self.tr("Move with the training again")
        self.freeze_button.setToolTip(words)

    def _end_column(self) -> None:
        """Next character shows what follows the seed again."""
        self.map.mark(None)
        if self._answer is not None:
            self.column_clicked.emit(len(self._answer.reading.text) - 1)

    def _forget_order(self) -> None:
        self._order = None
        self._order_key = None
        self._level = 1.0

    def _source_chosen(self, source: str) -> None:
        self.source_actions[source].setChecked(True)
        self.freeze(False)
        self._followed = None
        self._level = 1.0
        self._end_column()
        if self.isVisible():
            self.training_wanted.emit(source == "training")
        self._draw()

    def _layer_chosen(self, key: str) -> None:
        self._layer = int(key) - 1
        self._level = 1.0
        self._draw()

    def _signal_chosen(self, _: str) -> None:
        self._level = 1.0
        self._draw()

    def _column_chosen(self, position: int) -> None:
        answer = self.shown()
        if answer is None:
            return
        if self._frozen is None and not answer.followed:
            self.column_clicked.emit(position)
        else:
            # The text in training moves on with every step: a chosen column holds it.
            self.freeze(True)
            self.map.mark(position)
            self.still_column_clicked.emit(answer, position)
        self._show_strip()

    # The pinned unit.

    def _pin(self, unit: int) -> None:
        """Follows a unit; the one that is followed, or -1, ends it."""
        self.map.pin(None if unit < 0 or unit == self.map.pinned else unit)
        self._show_strip()

    def _open_unit(self) -> None:
        if self.map.pinned is not None:
            self.unit_clicked.emit(self._layer, self.signal(), self.map.pinned)

    def _show_strip(self) -> None:
        unit, values = self.map.pinned, self.map.unit_values()
        self.strip.setVisible(values is not None and self.height() >= px(_LOW))
        if unit is None or values is None:
            return
        words = self.tr("unit {0}, {1}").format(f"{unit + 1:,}", self.signal())
        if len(self.layers.options()) > 1:
            words += self.tr(" of layer {0}").format(self._layer + 1)
        framed = self.map.framed() - self.map.first()
        if 0 <= framed < len(values):
            words += f": {self.map.number(float(values[framed]))}"
        self.strip.show_trace(
            words,
            values,
            level=self.map.level(),
            signed=self.signal() not in GATES,
            edges=self.map.column_edges(),
            framed=framed,
        )

    def _show_layers(self, count: int) -> None:
        if len(self.layers.options()) != count:
            self.layers.set_options([(str(n), str(n)) for n in range(1, count + 1)])
        self._layer = int(self.layers.current()) - 1
        # A choice of one is none.
        self.layers.setVisible(count > 1)
        self._show_labels()

    def _show_labels(self) -> None:
        wide = self.width() >= px(_WIDE)
        self._signal_label.setVisible(wide)
        self._layer_label.setVisible(wide and len(self.layers.options()) > 1)
        self.source.setVisible(self.width() >= px(_NARROW))  # it is in the menu as well

    def _show_signals(self, cell: str) -> None:
        has = CELLS[cell].signals
        word = tr(_CELL_WORDS.get(cell, cell))
        self.signals.set_disabled(
            {
                name: self.tr("{0}: {1} has none").format(tr(_MEANING[name]).split(",")[0], word)
                for name in SIGNALS
                if name not in has
            }
        )
        if self.signals.current() not in has:
            self.signals.set_current("h")

    # Drawing.

    def _draw(self) -> None:
        answer = self._drawn = self.shown()
        training = self.source.current() == "training"
        reading = answer.reading if answer is not None else None
        name = self.signals.current()
        self.map.marks_last = self._frozen is None and not training
        self.map.empty = self.tr("Type seed text to see the state")
        if training:
            self.map.empty = self.tr("Nothing has been read yet: press Play")
        self.map.words = ""
        if training:
            self.map.words = self.tr("what training has just read")
        note = ""
        if self._frozen is not None:
            note = self.tr("frozen at step {0}").format(f"{self._frozen.step:,}")
        self.map.set_note(note)
        # An answer of the run before may still be under way when a new one has begun.
        missing = reading is None or not reading.text or self._layer >= len(reading.signals)
        if reading is None or missing or name not in reading.signals[self._layer]:
            self.map.set_values(None, np.arange(0), "", 0, -1.0, 1.0, True)
        else:
            values = np.asarray(reading.signals[self._layer][name])
            low, high, signed = self._levels(name, values)
            order = self._order_for(self._layer, np.asarray(reading.signals[self._layer]["h"]))
            self.map.set_values(values, order, reading.text, reading.skipped, low, high, signed)
        self._show_strip()
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
        if self._order_kind == "index":
            return np.arange(units)
        if self._order is None or self._order_key != layer or len(self._order) != units:
            if characters < _ENOUGH:
                return np.arange(units)
            self._order = ORDERS[self._order_kind](values[:, -_SORTED_BY:])
            self._order_key = layer
            answer = self.shown()
            self._order_step = 0 if answer is None else answer.step
        return self._order

    def _update_clause(self) -> None:
        units, per_row = self.map.units(), self.map.units_per_row()
        if not units:
            self.set_clause("")
            return
        parts = [self.tr("{0} units").format(f"{units:,}") if units > 1 else self.tr("1 unit")]
        if per_row > 1:
            parts.append(self.tr("{0} averaged per row").format(per_row))
        brief = parts[0]
        words = {
            "similar": self.tr("similar units together"),
            "variance": self.tr("by variance"),
            "slow": self.tr("slow to fast"),
        }
        if self._order_kind == "index" or self._order is None:
            parts.append(self.tr("by index"))
        elif self.width() < px(_NARROW) and self._order_kind == "similar":
            parts.append(self.tr("sorted"))
        else:
            parts.append(words[self._order_kind])
            # Units drift apart as the network learns; the rows are not moved while one watches.
            answer = self.shown()
            moved = answer is not None and answer.step != self._order_step
            if moved and self.width() >= px(_NARROW):
                brief = ", ".join(parts)
                parts[-1] += self.tr(" at step {0}").format(f"{self._order_step:,}")
        self.set_clause(", ".join(parts), brief, parts[0])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow headers leave words out; how many units share a row depends on the height."""
        super().resizeEvent(event)
        self._show_labels()
        self._show_strip()
        self._update_clause()
