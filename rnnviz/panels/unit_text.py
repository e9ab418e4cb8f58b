"""The unit panel: a text painted by the activation of one unit, and the strip of its trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QPoint,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QScrollArea, QToolButton, QWidget

from rnnviz.panels.activation_colors import (
    GATES,
    level_above,
)
from rnnviz.panels.base import Panel
from rnnviz.panels.painted_text import PaintedText
from rnnviz.panels.sizing import margins, spacing, square
from rnnviz.panels.table import Table
from rnnviz.panels.theme import icon, px
from rnnviz.panels.trace_strip import ColorScale, TraceStrip
from rnnviz.panels.translate import later, tr
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.session.questions import SignalTrace
from rnnviz.session.view import RunView
from rnnviz.text.vocabulary import describe

SOURCES = ("corpus", "seed")
_STATES = {
    "h": later("hidden state h"),
    "c": later("cell state c"),
    "z": later("update gate z"),
    "r": later("reset gate r"),
    "n": later("candidate n"),
    "i": later("input gate i"),
    "f": later("forget gate f"),
    "g": later("candidate g"),
    "o": later("output gate o"),
}
_NARROW = 640


def signal_words(signal: str) -> str:
    """A signal by name and letter: `cell state c`."""
    return tr(_STATES[signal]) if signal in _STATES else signal


def unit_level(values: NDArray[np.floating]) -> float:
    """The end of the scale for one unit's values (T,) of a signed signal; at least 1."""
    finite = values[np.isfinite(values)]
    return level_above(float(np.abs(finite).max())) if finite.size else 1.0


class UnitTextPanel(Panel):
    """Which unit it is, its colours on the text, and its trace."""

    step_requested = Signal(int)  # -1 or 1: the unit before or after in the list
    source_chosen = Signal(str)  # `corpus` or `seed`

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Unit"), "", parent)
        self._trace: SignalTrace | None = None
        self._unit: int | None = None
        self._name = ""
        self._level = 1.0
        self._level_of: tuple[int | None, str, int] | None = None
        self._units = 0
        self.scale = ColorScale()
        self.sources = Segmented(
            [("corpus", self.tr("corpus")), ("seed", self.tr("seed text"))],
            self.tr("Which text is painted"),
        )
        self.sources.set_tips(
            {
                "corpus": self.tr("The beginning of the text the network learns"),
                "seed": self.tr("What you have typed"),
            }
        )
        self.before = self._arrow(self.tr("Unit before in the list"))
        self.after = self._arrow(self.tr("Next unit in the list"))
        for control in (self.scale, self.sources, self.before, self.after):
            self.add_header_control(control)
        self.painted = PaintedText()
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self.painted)
        self.strip = TraceStrip()
        margins(self.body, 12, 4, 8, 6)
        spacing(self.body, 6)
        self.body.addWidget(self.area, 1)
        self.body.addWidget(self.strip)
        self.before.clicked.connect(lambda: self.step_requested.emit(-1))
        self.after.clicked.connect(lambda: self.step_requested.emit(1))
        self.sources.changed.connect(self.source_chosen)
        self.painted.pointed.connect(self._pointed)
        self.painted.reveal.connect(lambda x, y: self.area.ensureVisible(x, y, 20, 40))
        self.strip.pointed.connect(self._pointed_strip)
        self.apply_theme()
        self._draw()

    def _arrow(self, words: str) -> QToolButton:
        button = QToolButton()
        square(button, 24)
        button.setToolTip(words)
        button.setAccessibleName(words)
        return button

    # What the page calls.

    def set_view(self, view: RunView) -> None:
        """A new run: forgets unit and trace."""
        self._trace = None
        self._unit, self._name = None, ""
        self._units = view.config.hidden_size
        super().set_view(view)
        self._draw()

    def show_unit(self, unit: int | None, name: str = "") -> None:
        """Paints the text with another unit (from 0); `name` is what it looks like."""
        self._unit, self._name = unit, name
        self._draw()

    def unit(self) -> int | None:
        """The unit shown, from 0."""
        return self._unit

    def show_trace(self, trace: SignalTrace | None) -> None:
        """Takes another signal, or the same with newer weights; None while one is awaited."""
        self._trace = trace
        self._draw()

    def source(self) -> str:
        """`corpus` or `seed`."""
        return self.sources.current()

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "The text, coloured by the value of one unit at each character, and below it the same "
            "values as a curve. Long stretches of one colour mean that the unit remembers "
            "something, such as being inside a name; flicker means that it follows single letters."
        )

    def table(self) -> Table | None:
        """The unit's value at every character of the text read, also of those out of sight."""
        trace, unit = self._trace, self._unit
        if trace is None or unit is None or unit >= len(trace.values) or not trace.text:
            return None
        name = f"{trace.signal} of unit {unit + 1}, layer {trace.layer + 1}"
        positions = np.arange(1, len(trace.text) + 1)
        return Table(
            ("position", "character", name), (positions, list(trace.text), trace.values[unit])
        )

    def reset_view(self) -> None:
        """Scrolls to the beginning of the text and ends the read-out."""
        self._pointed(-1)
        self.painted.point(-1)
        self.area.verticalScrollBar().setValue(0)
        self._update_clause()

    def choices(self) -> dict[str, Any]:
        """Which text is painted."""
        return {"source": self.sources.current()}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes it back."""
        if choices.get("source") in self.sources.options():
            self.sources.set_current(str(choices["source"]))

    def apply_theme(self) -> None:
        """Colours of the theme in force."""
        self.before.setIcon(icon("chevron-left"))
        self.after.setIcon(icon("chevron-right"))
        for widget in (self.scale, self.painted, self.strip):
            widget.update()

    # Drawing.

    def _draw(self) -> None:
        trace, unit = self._trace, self._unit
        key = (unit, trace.signal, trace.layer) if trace is not None else None
        if key is not None and key != self._level_of:
            self._level_of, self._level = key, 1.0
        self._title.setText(
            self.tr("Unit") if unit is None else self.tr("Unit {0}").format(f"{unit + 1:,}")
        )
        for button in (self.before, self.after):
            button.setEnabled(self._units > (0 if unit is None else 1))
        if trace is None or unit is None or unit >= len(trace.values) or not trace.text:
            if self.view is None:
                self.painted.empty = self.tr("Load a text to see it coloured by a unit")
            elif unit is None:
                self.painted.empty = self.tr(
                    "Waiting for the unit that is easiest to explain;\n"
                    "or choose one with the arrows above"
                )
            elif trace is not None and not trace.text:
                self.painted.empty = self.tr("Type a few words above")
            else:
                self.painted.empty = self.tr("Reading the text…")
            self.painted.show_values("", np.zeros(0), 1.0, True)
            self.strip.show_values(np.zeros(0), 1.0, True)
            self._update_clause()
            return
        signed = trace.signal not in GATES
        values = trace.values[unit]
        # The scale is the unit's own; it grows in steps and does not shrink while one watches.
        self._level = max(self._level, unit_level(values)) if signed else 1.0
        self.painted.show_values(trace.text, values, self._level, signed)
        self.strip.show_values(values, self._level, signed)
        self.scale.show_level(self._level, signed)
        self._update_clause()

    def readout(self) -> str:
        """The character pointed at, in words; empty without one."""
        trace, at = self._trace, self.painted.at()
        if trace is None or self._unit is None or not 0 <= at < len(trace.text):
            return ""
        number = f"{float(trace.values[self._unit, at]):+.2f}".replace("-", "−")
        if trace.signal in GATES:
            number = number.lstrip("+")
        return self.tr("{0} at {1}: {2}").format(describe(trace.text[at]), f"{at + 1:,}", number)

    def _update_clause(self) -> None:
        readout = self.readout()
        if readout:
            self.set_clause(readout)
            return
        if self._unit is None:
            self.set_clause("")
            return
        parts = [self._name] if self._name else []
        if self._trace is not None:
            parts.append(self.tr("layer {0}").format(self._trace.layer + 1))
            parts.append(signal_words(self._trace.signal))
        self.set_clause(", ".join(parts))

    def _pointed(self, position: int) -> None:
        self.strip.point(position)
        self._update_clause()

    def _pointed_strip(self, position: int) -> None:
        self.painted.point(position)
        self.strip.point(position)
        self._update_clause()
        if position >= 0:
            place: QPoint = self.painted.cell_rect(position).center().toPoint()
            self.area.ensureVisible(place.x(), place.y(), 20, 40)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow header does without the scale, a low panel without the trace."""
        super().resizeEvent(event)
        self.scale.setVisible(self.width() >= px(_NARROW))
        self.strip.setVisible(self.height() >= px(250))
