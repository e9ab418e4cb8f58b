"""The units panel: every unit of a signal with the simple feature of the text it follows best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QScrollBar, QToolButton, QWidget

from rnnviz.engine.cells import CELLS
from rnnviz.panels.base import Panel
from rnnviz.panels.sizing import margins, square
from rnnviz.panels.table import Column, Table
from rnnviz.panels.theme import icon, px
from rnnviz.panels.translate import tr
from rnnviz.panels.unit_table import LONGEST_NAME, NARROW, UnitTable
from rnnviz.panels.unit_text import signal_words
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.probes.text_features import FEATURES
from rnnviz.probes.unit_matches import UnitMatches
from rnnviz.probes.unit_order import similar_order
from rnnviz.session.questions import SignalTrace
from rnnviz.session.view import RunView

ORDERS = ("match", "index", "variance", "similar")
_PICTURE_SHARE = 100  # the last characters that similar units are told by
_MOST_NAMES = 10_000


class UnitsPanel(Panel):
    """Which layer, which signal, in what order, and the table."""

    unit_chosen = Signal(int)  # from 0
    signal_chosen = Signal(int, str)  # layer from 0, signal
    again_requested = Signal()  # match again with the newest weights
    renamed = Signal(int)  # unit from 0

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Units"), "", parent)
        self._matches: UnitMatches | None = None
        self._step = self._now = 0
        self._trace: SignalTrace | None = None
        self._similar: NDArray[np.intp] | None = None
        self._units = 0
        self._names: dict[tuple[int, str, int], str] = {}  # by layer, signal and unit
        self.orders = Segmented(
            [
                ("match", self.tr("match")),
                ("index", self.tr("index")),
                ("variance", self.tr("variance")),
                ("similar", self.tr("similar")),
            ],
            self.tr("Order of the units"),
        )
        self.orders.set_tips(
            {
                "match": self.tr("The best explained first"),
                "index": self.tr("By number"),
                "variance": self.tr("Those that move most first"),
                "similar": self.tr("Units with alike courses side by side"),
            }
        )
        self.layers = Segmented([("1", "1")], self.tr("Layer"))
        self.signals = Segmented([("h", "h")], self.tr("Signal"))
        self.again = QToolButton()
        square(self.again, 24)
        self.again.setToolTip(self.tr("Match again with the newest weights"))
        self.again.setAccessibleName(self.tr("Match again"))
        for control in (self.orders, self.layers, self.signals, self.again):
            self.add_header_control(control)
        self.grid = UnitTable()
        self.bar = QScrollBar(Qt.Orientation.Vertical)
        self.bar.setAccessibleName(self.tr("Rows in sight"))
        line = QHBoxLayout()
        line.setSpacing(2)
        line.addWidget(self.grid, 1)
        line.addWidget(self.bar)
        margins(self.body, 4, 0, 4, 6)
        self.body.addLayout(line, 1)
        self.orders.changed.connect(lambda _: self._order())
        self.layers.changed.connect(lambda _: self._signal_chosen())
        self.signals.changed.connect(lambda _: self._signal_chosen())
        self.again.clicked.connect(self.again_requested)
        self.grid.unit_chosen.connect(self.unit_chosen)
        self.grid.renamed.connect(self._rename)
        self.grid.scrolled.connect(self._place_bar)
        self.bar.valueChanged.connect(self.grid.scroll_to)
        self.apply_theme()
        self._update_clause()

    # What the page calls.

    def set_view(self, view: RunView) -> None:
        """A new run: forgets everything and takes the signals its cell has."""
        layers = [str(n) for n in range(1, view.config.num_layers + 1)]
        self.layers.set_options([(n, n) for n in layers])
        self.layers.setVisible(len(layers) > 1)
        self.layers.set_tips({n: self.tr("Layer {0}").format(n) for n in layers})
        names = CELLS[view.config.cell].signals
        self.signals.set_options([(name, name) for name in names])
        self.signals.set_tips({name: signal_words(name) for name in names})
        self.signals.setVisible(len(names) > 1)
        self._units = view.config.hidden_size
        self._now = view.step
        self._names = {}
        self.forget()
        self.grid.choose(-1)
        super().set_view(view)

    def forget(self) -> None:
        """Drops matches and courses, because another signal was chosen."""
        self._matches, self._trace, self._similar = None, None, None
        self.grid.show_trace(None)
        self._show_names()
        self._order()

    def show_matches(self, matches: UnitMatches, step: int) -> None:
        """Takes what is known, with the weights after `step`."""
        self._matches, self._step = matches, step
        self._now = max(self._now, step)
        self._order()

    def show_now(self, step: int) -> None:
        """The step the run is at by now: matches that are older say so."""
        if step != self._now:
            self._now = step
            self._update_clause()

    def show_trace(self, trace: SignalTrace) -> None:
        """The courses over the painted text."""
        self._trace = trace
        self.grid.show_trace(trace)
        if self.orders.current() == "similar" and self._similar is None:
            self._order()

    def matches(self) -> UnitMatches | None:
        """What is known."""
        return self._matches

    def step(self) -> int:
        """After which step the matches were found."""
        return self._step

    def layer(self) -> int:
        """The layer chosen, from 0."""
        return int(self.layers.current()) - 1

    def signal(self) -> str:
        """The signal chosen."""
        return self.signals.current()

    def set_signal(self, layer: int, signal: str) -> None:
        """Chooses without `signal_chosen`."""
        self.layers.set_current(str(layer + 1))
        self.signals.set_current(signal)
        self._show_names()

    def apply_theme(self) -> None:
        """Colours of the theme in force."""
        self.again.setIcon(icon("reset"))
        self.grid.update()

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "Every unit of a layer with the one simple feature of the text that it follows most "
            "closely; |r| is 1 when both always move together and 0 when they never do. A name is "
            "a guess, and below 0.4 there is none: look at the painted text before you believe it."
        )

    def table(self) -> Table | None:
        """Every unit by number, with what it follows and how closely."""
        found = self._matches
        if found is None:
            return None
        units = np.arange(len(found.r))
        columns: dict[str, Column] = {
            "unit": units + 1,
            "looks like": [self.grid.name(unit) or None for unit in units.tolist()],
            "best feature": [FEATURES[index] for index in found.feature],
            "correlation r": found.r,
            "standard deviation": np.sqrt(found.variance),
            "layer": np.full(len(units), found.layer + 1),
            "signal": [found.signal] * len(units),
            "characters read": np.full(len(units), found.read),
        }
        return Table(tuple(columns), tuple(columns.values()))

    def reset_view(self) -> None:
        """The best explained first, from the top."""
        self.orders.set_current("match")
        self._order()
        self.grid.scroll_to(0)

    def choices(self) -> dict[str, Any]:
        """Layer, signal, order, and the names the user gave."""
        return {
            "layer": self.layers.current(),
            "signal": self.signals.current(),
            "order": self.orders.current(),
            "names": [[*where, name] for where, name in sorted(self._names.items())],
        }

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes them back."""
        for name, control in (
            ("layer", self.layers),
            ("signal", self.signals),
            ("order", self.orders),
        ):
            if choices.get(name) in control.options():
                control.set_current(str(choices[name]))
        names = choices.get("names")
        for entry in names[:_MOST_NAMES] if isinstance(names, list) else []:
            match entry:
                case [int(layer), str(signal), int(unit), str(name)] if name.strip():
                    if layer >= 0 and 0 <= unit < self._units:
                        self._names[layer, signal, unit] = name.strip()[:LONGEST_NAME]
        self.forget()

    # Names.

    def _rename(self, unit: int, name: str) -> None:
        where = (self.layer(), self.signal(), unit)
        if name:
            self._names[where] = name
        else:
            self._names.pop(where, None)
        self._show_names()
        self.renamed.emit(unit)

    def _show_names(self) -> None:
        here = (self.layer(), self.signal())
        self.grid.show_names({w[2]: name for w, name in self._names.items() if w[:2] == here})

    # The order.

    def _order(self) -> None:
        by, matches = self.orders.current(), self._matches
        order = np.arange(self._units)
        if by == "similar" and self._trace is not None and self._trace.text:
            if self._similar is None or len(self._similar) != self._units:
                # Found once: rows do not move while one watches.
                self._similar = similar_order(self._trace.values[:, -_PICTURE_SHARE:])
            order = self._similar
        elif by == "match" and matches is not None:
            order = np.argsort(-np.abs(matches.r), kind="stable")
        elif by == "variance" and matches is not None:
            order = np.argsort(-matches.variance, kind="stable")
        self.grid.show_matches(matches, order)
        self._update_clause()

    def _signal_chosen(self) -> None:
        self.signal_chosen.emit(self.layer(), self.signal())

    def _update_clause(self) -> None:
        matches = self._matches
        if matches is None:
            self.set_clause("")
        elif not matches.complete:
            self.set_clause(
                self.tr("after {0} of {1} characters").format(
                    f"{matches.read:,}", f"{matches.of:,}"
                )
            )
        else:
            words = self.tr("by the one simple feature that explains each best, at step {0}")
            if self._now != self._step:
                words = self.tr("as they were at step {0}, now {1}")
            if self.width() < px(NARROW + 160):
                words = self.tr("at step {0}")
            self.set_clause(words.format(f"{self._step:,}", f"{self._now:,}"))

    def _place_bar(self) -> None:
        most = max(len(self.grid.order()) - self.grid.capacity(), 0)
        self.bar.blockSignals(True)
        self.bar.setPageStep(self.grid.capacity())
        self.bar.setRange(0, most)
        self.bar.setValue(self.grid.first())
        self.bar.blockSignals(False)
        self.bar.setVisible(most > 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow headers leave words out."""
        super().resizeEvent(event)
        words = {"variance": self.tr("variance"), "similar": self.tr("similar")}
        if self.width() < px(NARROW):
            words = {"variance": self.tr("var"), "similar": self.tr("alike")}
        options = [("match", self.tr("match")), ("index", self.tr("index")), *words.items()]
        self.orders.set_options(options)
        self._update_clause()
