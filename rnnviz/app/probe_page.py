"""The Probe perspective: what the network expects of a text, and what its units see in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from rnnviz.app.panel_page import PanelPage
from rnnviz.app.writer import WRITTEN, Writer
from rnnviz.panels.expectations import ExpectationsPanel
from rnnviz.panels.unit_text import UnitTextPanel
from rnnviz.panels.units import UnitsPanel
from rnnviz.panels.widgets.writing_control import Writing
from rnnviz.probes.expectations import Expectations
from rnnviz.probes.reading import LONGEST_TEXT
from rnnviz.probes.unit_matches import CHARACTERS, UnitMatches
from rnnviz.session.questions import (
    AskContinuation,
    AskExpectations,
    AskSignal,
    AskUnits,
    Reply,
    SignalTrace,
)
from rnnviz.session.view import RunView

_ROWS = (464, 404)  # pixels at 1600 x 1000
_KINDS = (AskExpectations.kind, AskSignal.kind, AskUnits.kind, AskContinuation.kind)
_SETTLED = 200  # steps after which units keep doing what they do for a while


class ProbePage(PanelPage):
    """Asks while it is on the screen, and passes the answers to its panels.

    `asked` carries the questions of `session.questions` to whoever has a network, `withdrawn` the
    kinds nobody wants answered any more; the replies come back through `show_reply`.
    """

    asked = Signal(object)
    withdrawn = Signal(object)  # tuple of kinds
    seed_changed = Signal(str)  # without the characters the vocabulary lacks
    temperature_changed = Signal(float)

    least_stacked_width = 555

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view: RunView | None = None
        self._corpus = ""
        self._answered = True  # whether the seed as it is has its expectations
        self._chosen_by_user = False
        self._matching_again = False
        # In the order of reading; sizes at 1600 x 1000, splitters scale them to the window.
        self.expectations = self._add(ExpectationsPanel(), "rows", 464, "expectations")
        self.unit_text = self._add(UnitTextPanel(), "lower", 760, "unit_text")
        self.units = self._add(UnitsPanel(), "lower", 772, "units")
        self.lecture_panels = (self.expectations, self.unit_text)
        self.writer = Writer(AskContinuation, lambda: self._answered, self)
        expectations, unit_text, units = self.expectations, self.unit_text, self.units
        expectations.seed_changed.connect(self._seed_edited)
        expectations.temperature_changed.connect(self.temperature_changed)
        expectations.write_requested.connect(lambda writing: self.write(writing, WRITTEN))
        expectations.character_requested.connect(lambda writing: self.write(writing, 1))
        expectations.stop_requested.connect(self.writer.stop)
        self.writer.asked.connect(self._ask)
        self.writer.withdrawn.connect(self.withdrawn)
        self.writer.wrote.connect(expectations.append)
        self.writer.writing_changed.connect(expectations.writing.set_writing)
        self.writer.said.connect(expectations.say)
        unit_text.step_requested.connect(self._step_unit)
        unit_text.source_chosen.connect(lambda _: self._ask_signal(forget=True))
        units.unit_chosen.connect(self._unit_chosen)
        units.signal_chosen.connect(lambda *_: self._signal_chosen())
        units.renamed.connect(lambda _: self._show_unit(units.grid.chosen()))
        units.again_requested.connect(self._ask_units)
        lower = self._split_added("lower", Qt.Orientation.Horizontal)
        upper = self.expectations
        self._rows = self._split("rows", Qt.Orientation.Vertical, (upper, lower), _ROWS)
        self._fill(self._rows)

    # Layout.

    def choices(self) -> dict[str, Any]:
        """What is chosen in each panel and how large they are, as JSON values."""
        found = super().choices()
        if self._chosen_by_user:
            found["unit"] = self.units.grid.chosen()
        return found

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes back what `choices` gave, after `set_view`; nonsense changes nothing."""
        super().choose(choices)
        unit, units = choices.get("unit"), self.view.config.hidden_size if self.view else 0
        if type(unit) is int and 0 <= unit < units:
            self.units.grid.choose(unit)
            self._unit_chosen(unit)
        if self.is_seen():
            self._ask_all()

    # What the window calls.

    def set_corpus(self, text: str) -> None:
        """The text of the run that `set_view` is about to show."""
        self._corpus = text[:CHARACTERS]

    def set_view(self, view: RunView) -> None:
        """Shows another run in every panel, and asks about it if anybody looks."""
        self.writer.stop()
        self.view = view
        self._matching_again = False
        # A model that was made for another text may lack some characters of this one.
        self._corpus = "".join(c for c in self._corpus if c in view.vocabulary)
        self._chosen_by_user = False
        self._show_run(view)
        if self.is_seen():
            self._ask_all()

    def set_seed(self, text: str) -> None:
        """Shows another seed text without `seed_changed`, and asks about it."""
        if text == self.expectations.edit.raw_text():
            return
        self.writer.stop()
        self.expectations.set_seed(text)
        self._ask_about_seed()

    def seed(self) -> str:
        """The seed text as it was typed."""
        return self.expectations.edit.raw_text()

    def set_temperature(self, value: float) -> None:
        """Shows a temperature without `temperature_changed`."""
        self.expectations.writing.set_temperature(value)

    def pin(self, layer: int, signal: str, unit: int) -> None:
        """Paints the text with a unit (from 0) chosen elsewhere."""
        self._chosen_by_user = True
        other = (layer, signal) != (self.units.layer(), self.units.signal())
        self.units.set_signal(layer, signal)
        self.units.grid.choose(unit)
        self._show_unit(unit)
        if other:
            self._signal_chosen(keep=True)

    def show_reply(self, reply: Reply) -> None:
        """Passes an answer on, unless it is to a question of before."""
        question: object = reply.question
        answer = reply.answer
        if isinstance(answer, Expectations):
            if question == AskExpectations(self.expectations.seed()):
                self._answered = True
                self.expectations.show_expectations(answer, reply.step)
        elif isinstance(answer, SignalTrace):
            if question == self._signal_question():
                self.unit_text.show_trace(answer)
                self.units.show_trace(answer)
        elif isinstance(answer, UnitMatches):
            if question == self._units_question():
                self._show_matches(answer, reply.step)
        else:
            self.writer.take(reply)

    # Asking.

    def showEvent(self, event: QShowEvent) -> None:
        """Begins to ask."""
        super().showEvent(event)
        self._ask_all()

    def hideEvent(self, event: QHideEvent) -> None:
        """What nobody sees is not computed."""
        super().hideEvent(event)
        self.seen_changed()

    def seen_changed(self) -> None:
        """Begins to ask when the first panel is in sight, and stops with the last."""
        if self.is_seen():
            self._ask_all()
        else:
            self.writer.stop()
            self._matching_again = False
            self.withdrawn.emit(_KINDS)

    def _ask_all(self) -> None:
        if self.view is None:
            return
        self._ask_about_seed()
        self._ask_signal()
        known = self.units.matches()
        if known is None or not known.complete or self.units.step() != self.view.step:
            self._ask_units()

    def _ask(self, question: object) -> None:
        if self.view is not None and self.is_seen():
            self.asked.emit(question)

    def _ask_about_seed(self) -> None:
        self._answered = False
        self._ask(AskExpectations(self.expectations.seed()))
        if self.unit_text.source() == "seed":
            self._ask_signal()

    def _signal_question(self) -> AskSignal:
        seed = self.unit_text.source() == "seed"
        text = self.expectations.seed() if seed else self._corpus[:LONGEST_TEXT]
        return AskSignal(text, self.units.layer(), self.units.signal())

    def _units_question(self) -> AskUnits:
        return AskUnits(self._corpus, self.units.layer(), self.units.signal())

    def _ask_signal(self, forget: bool = False) -> None:
        if forget:
            self.unit_text.show_trace(None)
        self._ask(self._signal_question())

    def _ask_units(self) -> None:
        self._ask(self._units_question())

    # Units.

    def _signal_chosen(self, keep: bool = False) -> None:
        """Another layer or signal: the old matches mean nothing; a pinned unit stays."""
        if not keep:
            self._chosen_by_user = False
        self.units.forget()
        self._matching_again = False
        self._ask_signal(forget=True)
        self._ask_units()

    def _show_matches(self, matches: UnitMatches, step: int) -> None:
        before = self.units.matches()
        if matches.complete or before is None or not before.complete:
            # Rows fill in the first time; later they change once, when all has been read.
            self.units.show_matches(matches, step)
        self._matching_again = self._matching_again and not matches.complete
        if matches.complete and not self._chosen_by_user:
            self.units.grid.choose(int(np.abs(matches.r).argmax()))
        self._show_unit(self.units.grid.chosen())

    def _unit_chosen(self, unit: int) -> None:
        self._chosen_by_user = True
        self._show_unit(unit)

    def _step_unit(self, by: int) -> None:
        unit = self.units.grid.neighbour(by)
        if unit >= 0:
            self.units.grid.choose(unit)
            self._unit_chosen(unit)

    def _show_unit(self, unit: int) -> None:
        name = self.units.grid.name(unit) if unit >= 0 else ""
        self.unit_text.show_unit(unit if unit >= 0 else None, name)

    # The seed, and writing on.

    def _seed_edited(self, seed: str) -> None:
        if not self.writer.handing_out():
            self.writer.stop()
        self._ask_about_seed()
        self.seed_changed.emit(seed)

    def write(self, writing: Writing, length: int) -> None:
        """Lets the network write so many characters from the end of the seed."""
        if self.view is not None and self.is_seen():
            self.writer.write(self.expectations.seed(), writing, length)

    # Refreshing.

    def mark_stale(self) -> None:
        """Nothing here is drawn from the run's history: the answers bring what is new."""

    def refresh_due(self) -> None:
        """Says how old the matches are, and finds those of an untrained network once more."""
        known = self.units.matches()
        if self.view is None or known is None or not known.complete or not self.is_seen():
            return
        now = self.view.step
        self.units.show_now(now)
        # After that they are found again on request only: rows do not move while one watches.
        if self.units.step() < _SETTLED <= now and not self._matching_again:
            self._matching_again = True
            self._ask_units()
