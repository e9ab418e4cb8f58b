"""The expectations panel: a column per typed character with what the network had expected there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollBar, QSizePolicy, QWidget

from rnnviz.panels.base import ElidedLabel, Panel
from rnnviz.panels.characters import unknown_sentence
from rnnviz.panels.expectation_columns import ExpectationColumns
from rnnviz.panels.expectation_values import LN2
from rnnviz.panels.sizing import margins, spacing, tall
from rnnviz.panels.table import Column, Table
from rnnviz.panels.theme import px, row, theme, ui_font
from rnnviz.panels.translate import tr
from rnnviz.panels.widgets.seed_edit import LONGEST_SEED
from rnnviz.panels.widgets.seed_line import SeedLine
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.panels.widgets.writing_control import WritingControl
from rnnviz.probes.expectations import Expectations
from rnnviz.session.view import RunView
from rnnviz.text.vocabulary import Vocabulary

_LOW = 400  # height of the panel below which it saves on air
_NARROW = 1400  # width below which the field is shorter


class _Summary(QWidget):
    """Names and values in one line; the last ones give way where room is scarce."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        tall(self, 28)
        self._items: list[tuple[str, str]] = []

    def set_items(self, items: list[tuple[str, str]]) -> None:
        """Shows `(name, value)` pairs, the most important first."""
        self._items = items
        self.setAccessibleName(", ".join(f"{name} {value}" for name, value in items))
        self.update()

    def items(self) -> list[tuple[str, str]]:
        """What there is to show."""
        return self._items

    def minimumSizeHint(self) -> QSize:
        """May vanish."""
        return QSize(0, 28)

    def paintEvent(self, event: QPaintEvent) -> None:
        """As many pairs as fit."""
        painter = QPainter(self)
        colors = theme()
        x, align = 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        plain, bold = QFontMetrics(ui_font("label")), QFontMetrics(ui_font("label", bold=True))
        for name, value in self._items:
            wide = plain.horizontalAdvance(name + "  ") + bold.horizontalAdvance(value)
            if x + wide > self.width():
                return
            painter.setFont(ui_font("label"))
            painter.setPen(colors.color("text-2"))
            painter.drawText(QRect(x, 0, wide, self.height()), align, name)
            x += plain.horizontalAdvance(name + "  ")
            painter.setFont(ui_font("label", bold=True))
            painter.setPen(colors.color("text"))
            painter.drawText(QRect(x, 0, wide, self.height()), align, value)
            x += bold.horizontalAdvance(value) + 24


class ExpectationsPanel(Panel):
    """The seed text, how the network writes on, and what it had expected of the text."""

    seed_changed = Signal(str)  # the seed without the characters the vocabulary lacks
    write_requested = Signal(object)  # Writing, from the end of the seed
    character_requested = Signal(object)  # Writing, of one character only
    stop_requested = Signal()
    temperature_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Expectations"), "", parent)
        self._vocabulary: Vocabulary | None = None
        self._found: Expectations | None = None
        self._step = 0
        self._emitted = ""
        self._refusal = ""
        self.units = Segmented(
            [("bits", self.tr("bits")), ("nats", self.tr("nats")), ("rank", self.tr("rank"))],
            self.tr("Measure of surprise"),
        )
        self.units.set_tips(
            {
                "bits": self.tr("Surprisal, −log₂ p of the character that came"),
                "nats": self.tr("Surprisal, −ln p of the character that came"),
                "rank": self.tr("The place of the character that came among the guesses"),
            }
        )
        self.add_header_control(self.units)
        self._label = QLabel(self.tr("Type here"))
        self._label.setProperty("role", "label")
        self.edit = SeedLine(LONGEST_SEED)
        self._label.setBuddy(self.edit)
        self.writing = WritingControl()
        self.summary = _Summary()
        self.message = ElidedLabel()
        self.message.setProperty("role", "error")
        self.message.hide()
        self.columns = ExpectationColumns()
        self.bar = QScrollBar(Qt.Orientation.Horizontal)
        self.bar.setAccessibleName(self.tr("Columns in sight"))
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        self.bar.setFixedHeight(8)
        self.bar.hide()
        line = QHBoxLayout()
        line.setSpacing(0)
        line.addWidget(self._label)
        line.addWidget(self.edit)
        line.addSpacing(10)
        line.addWidget(self.writing)
        line.addSpacing(24)
        line.addWidget(self.summary, 1)
        line.addWidget(self.message, 1)
        margins(self.body, 12, 2, 12, 2)
        spacing(self.body, 6)
        self.body.addLayout(line)
        self.body.addWidget(self.columns, 1)
        self.body.addWidget(self.bar)
        spacing(self.body, 4)
        self.menu.addSeparator()
        self.menu.addAction(self.tr("Clear seed text"), lambda: self.edit.replace_text(""))
        self.edit.changed.connect(self._text_changed)
        self.edit.write_on.connect(self._write_one)
        self.units.changed.connect(self._unit_chosen)
        self.columns.guess_chosen.connect(self._put)
        self.columns.scrolled.connect(self._place_bar)
        self.columns.readout_changed.connect(lambda _: self._update_clause())
        self.bar.valueChanged.connect(self._scroll)
        self.writing.write_requested.connect(self.write_requested)
        self.writing.stop_requested.connect(self.stop_requested)
        self.writing.temperature_changed.connect(self.temperature_changed)
        self.writing.refused.connect(self._refused)
        self._update_clause()
        self._update_summary()

    # What the page calls.

    def set_view(self, view: RunView) -> None:
        """A new run: the seed stays and is checked against the new characters."""
        self._vocabulary = view.vocabulary
        self._found = None
        self.columns.waiting = self.tr("No answer yet")
        self.columns.show_expectations(None)
        self._check()
        self._emitted = self.seed()
        super().set_view(view)
        self._update_clause()
        self._update_summary()

    def show_expectations(self, found: Expectations, step: int) -> None:
        """Shows an answer, of the weights after `step`."""
        self._found, self._step = found, step
        self.columns.show_expectations(found)
        self._update_clause()
        self._update_summary()

    def seed(self) -> str:
        """The seed text without the characters the vocabulary lacks."""
        text = self.edit.raw_text()
        if self._vocabulary is None:
            return text
        return "".join(character for character in text if character in self._vocabulary)

    def set_seed(self, text: str) -> None:
        """Shows another seed text without `seed_changed`."""
        self.edit.show_text(text)
        self._check()
        self._emitted = self.seed()

    def append(self, text: str) -> None:
        """Writes at the end of the seed, as if it were typed."""
        self.edit.append(text)

    def say(self, sentence: str) -> None:
        """Shows one sentence instead of the summary; the empty one takes it back."""
        self._refused(sentence)

    def set_unit(self, unit: str) -> None:
        """`bits`, `nats` or `rank`."""
        self.units.set_current(unit)
        self._unit_chosen(self.units.current())

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "Each column shows what the network expected before it read the character there: the "
            "five likeliest guesses, with the one that came outlined, and above them how much that "
            "character surprised it. Where the bars are low it has learned how the text goes on; "
            "high ones stand where a word, a name or a thought begins."
        )

    def table(self) -> Table | None:
        """Every column, the one to come included, with all its guesses."""
        found = self._found
        if found is None or not found.text:
            return None
        count = len(found.text)
        chances = 2.0**-found.surprisal
        columns: dict[str, Column] = {
            "position": np.arange(1, count + 2) + found.skipped,
            "character": [*found.text, None],
            "probability": [*chances.tolist(), None],
            "surprisal (bits)": [*found.surprisal.tolist(), None],
            "rank": [*found.ranks.tolist(), None],
            "entropy (bits)": found.entropy.copy(),
        }
        for place, (guesses, p) in enumerate(zip(found.guesses, found.chances, strict=True), 1):
            columns[f"guess {place}"] = [found.characters[i] if i >= 0 else None for i in guesses]
            columns[f"probability of guess {place}"] = p.copy()
        return Table(tuple(columns), tuple(columns.values()))

    def reset_view(self) -> None:
        """Scrolls to the newest column and ends the read-out."""
        self.columns.scroll_to(self.columns.count())
        self.columns.point(None)

    def choices(self) -> dict[str, Any]:
        """The unit and how characters are chosen; seed and temperature belong to the run."""
        return {"unit": self.units.current(), **self.writing.choices()}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes them back."""
        if choices.get("unit") in self.units.options():
            self.set_unit(str(choices["unit"]))
        self.writing.choose(choices)

    def apply_theme(self) -> None:
        """Colours of the theme in force."""
        self.columns.update()
        self.summary.update()

    # The seed.

    def _text_changed(self, _: str) -> None:
        self._check()
        seed = self.seed()
        if seed != self._emitted:
            self._emitted = seed
            self.seed_changed.emit(seed)

    def _check(self) -> None:
        unknown: list[str] = []
        if self._vocabulary is not None:
            distinct = dict.fromkeys(self.edit.raw_text())
            unknown = [character for character in distinct if character not in self._vocabulary]
        self.edit.set_bad(bool(unknown))
        self._show_message(unknown_sentence(unknown))

    def _show_message(self, words: str) -> None:
        words = "  ·  ".join(part for part in (words, self._refusal) if part)
        self.message.setText(words)
        self.message.setVisible(bool(words))
        self.summary.setVisible(not words)

    def _refused(self, sentence: str) -> None:
        self._refusal = sentence
        self._check()

    def _put(self, position: int, character: str) -> None:
        """Replaces the text from a position on by a guess."""
        if self._found is not None:
            text = self.seed()
            if text[self._found.skipped :] == self._found.text:
                self.edit.replace_text(text[: self._found.skipped + position] + character)

    def _write_one(self) -> None:
        if not self.writing.is_writing():
            self.character_requested.emit(self.writing.writing())

    # The rest.

    def _unit_chosen(self, unit: str) -> None:
        self.columns.set_unit(unit)
        self._update_summary()

    def _scroll(self, value: int) -> None:
        self.columns.scroll_to(value)

    def _place_bar(self) -> None:
        columns = self.columns
        most = max(columns.count() - columns.capacity(), 0)
        self.bar.blockSignals(True)
        self.bar.setPageStep(columns.capacity())
        self.bar.setRange(0, most)
        self.bar.setValue(columns.first())
        self.bar.blockSignals(False)
        self.bar.setVisible(most > 0)

    def _update_summary(self) -> None:
        found = self._found
        if found is None or not found.text:
            self.summary.set_items([])
            return
        items = []
        mean = self.columns.mean()
        if math.isfinite(mean):
            if self.columns.unit == "rank":
                items.append((self.tr("median rank"), f"{mean:.3g}"))
            else:
                value = self.tr("{0} {1}/char").format(f"{mean:.2f}", self.columns.unit)
                items.append((self.tr("mean surprisal"), value))
            first, among, count = self.columns.hits()
            of = self.tr("{0} of {1}")
            items.append((self.tr("first guess right"), of.format(f"{first:,}", f"{count:,}")))
            rows = self.columns.rows()
            items.append((self.tr("in the top {0}").format(rows), of.format(among, f"{count:,}")))
        entropy = found.entropy[-1]
        if math.isfinite(entropy):
            scale, unit = (LN2, "nats") if self.columns.unit == "nats" else (1.0, "bits")
            words = f"{entropy * scale:.2f} {unit}"
            items.append((self.tr("entropy of the next"), words))
        self.summary.set_items(items)

    def _update_clause(self) -> None:
        readout = self.columns.readout()
        if readout:
            self.set_clause(readout)
            return
        words = self.tr("what the model expected before it read each character")
        if self._found is not None and self._found.skipped:
            words = self.tr("of the last {0} characters, before each was read").format(
                f"{len(self._found.text):,}"
            )
        self.set_clause(words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The field ends where a column does; low panels save on air."""
        super().resizeEvent(event)
        low = self.height() < px(_LOW)
        tall(self.edit, 28 if low else 36)
        self._label.setFixedWidth(self.columns.gutter())
        self._label.setVisible(self.width() >= px(520))
        share = 0.28 if self.width() >= px(_NARROW) else 0.22
        self.edit.setFixedWidth(max(round(share * self.width()), row(160)))
