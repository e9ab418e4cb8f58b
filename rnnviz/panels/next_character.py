"""The next-character panel: one types a seed text and sees what the network expects after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSpacerItem, QWidget

from rnnviz.panels.base import ElidedLabel, Panel
from rnnviz.panels.characters import unknown_sentence
from rnnviz.panels.probability_bars import ProbabilityBars
from rnnviz.panels.translate import tr
from rnnviz.panels.widgets.number_field import NumberField
from rnnviz.panels.widgets.seed_edit import LONGEST_SEED, SeedEdit
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.panels.widgets.value_slider import ValueSlider
from rnnviz.session.config import TEMPERATURE_RANGE, RunConfig
from rnnviz.session.prober import Answer
from rnnviz.session.view import RunView
from rnnviz.text.vocabulary import Vocabulary, describe

_LOW, _HIGH, _NARROW = 400, 620, 440  # sizes of the panel at which it is laid out otherwise


class NextCharacterPanel(Panel):
    """Seed text, the probabilities of what follows, and the temperature."""

    seed_changed = Signal(str)  # the seed without the characters the vocabulary lacks
    temperature_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Next character"), "", parent)
        self._vocabulary: Vocabulary | None = None
        self._answer: Answer | None = None
        self._position: int | None = None  # in the read text; None: its end
        self._still: Answer | None = None  # another reading, shown while the position is in it
        self._emitted = ""
        self._cut = False  # the beginning of a long text was dropped
        self._silent = False  # the text is being changed by the panel itself
        self._unknown: list[str] = []
        self._refusal = ""  # why a typed temperature was not taken
        self._waiting = False  # the answer to the newest seed is still to come
        self._write_when_answered = False
        self._rng = np.random.default_rng()

        self._order_words = (self.tr("Probability"), self.tr("Alphabet"))
        self.order = Segmented(
            list(zip(("probability", "alphabet"), self._order_words, strict=True)),
            self.tr("Order of the characters"),
        )
        self.order.set_tips(
            {
                "probability": self.tr("The most likely characters on top"),
                "alphabet": self.tr("Every character keeps its place"),
            }
        )
        self.add_header_control(self.order)

        self.edit = SeedEdit()
        self.message = ElidedLabel()
        self.message.setProperty("role", "error")
        self.message.setFixedHeight(16)
        self.bars = ProbabilityBars()
        rule = QFrame()
        rule.setProperty("rule", True)
        rule.setFixedHeight(1)
        low, high = TEMPERATURE_RANGE
        self.slider = ValueSlider(low, high, 1.0, self.tr("Temperature"))
        self.slider.set_tick(1.0)
        self.slider.setToolTip(
            self.tr("Temperature, no unit: below 1 bolder, above 1 wilder. Double click: 1.00")
        )
        self.field = NumberField(
            low, high, 1.0, self.tr("Temperature"), integer=False, form="{:.2f}"
        )
        self.field.setFixedWidth(70)
        label = QLabel(self.tr("Temperature"))
        label.setProperty("role", "label")
        label.setBuddy(self.field)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(label)
        row.addWidget(self.slider, 1)
        row.addWidget(self.field)

        self.body.setSpacing(0)
        self._spacers = [QSpacerItem(0, 0) for _ in range(3)]
        self.body.addItem(self._spacers[0])
        self.body.addWidget(self.edit)
        self.body.addWidget(self.message)
        self.body.addWidget(self.bars, 1)
        self.body.addItem(self._spacers[1])
        self.body.addWidget(rule)
        self.body.addItem(self._spacers[2])
        self.body.addLayout(row)

        self.menu.addSeparator()
        self.menu.addAction(self.tr("Clear seed text"), self.edit.clear)
        self.menu.addAction(self.tr("Temperature 1.00"), lambda: self._edit_temperature(1.0))

        self.edit.textChanged.connect(self._text_changed)
        self.edit.write_on.connect(self._write_on)
        self.bars.character_chosen.connect(self._append)
        self.order.changed.connect(lambda key: self.bars.set_alphabetical(key == "alphabet"))
        self.slider.edited.connect(self._edit_temperature)
        self.field.edited.connect(self._edit_temperature)
        self.field.refused.connect(self._temperature_refused)
        self.show_temperature(RunConfig().temperature)
        self._update_clause()

    # What the window calls.

    def set_view(self, view: RunView) -> None:
        """A new run: seed and temperature stay, the seed is checked against the new characters.

        Emits nothing: ask the new run's prober for `seed()` afterwards.
        """
        self._vocabulary = view.vocabulary
        self._answer = self._still = None
        self._waiting = self._write_when_answered = False
        self.bars.set_logits((), None)
        self._check()
        self._emitted = self.seed()
        super().set_view(view)
        self._update_clause()

    def show_answer(self, answer: Answer) -> None:
        """Shows the probabilities of a reading; called whenever the prober has a new one."""
        reading = answer.reading
        same = self._answer is not None and self._answer.reading.text == reading.text
        self._answer = answer
        if not same:
            self._position = self._still = None
        if self._waiting and reading.skipped + len(reading.text) == len(self._emitted):
            self._waiting = not self._emitted.endswith(reading.text)
        if self._still is None:
            self._show_logits(rescale=not same)
        if self._write_when_answered and not self._waiting:
            self._write_when_answered = False
            self._write_on()

    def show_column(self, position: int) -> None:
        """Shows what was expected after a character of the seed; the last one ends that.

        Typing ends it too. `position` counts in the text that was read.
        """
        if self._answer is not None:
            last = len(self._answer.reading.text) - 1
            self._still = None
            self._position = position if 0 <= position < last else None
            self._show_logits(rescale=True)

    def show_still(self, answer: Answer, position: int) -> None:
        """Shows what was expected after a character of another reading, which stands still.

        `show_column` or typing ends that.
        """
        self._still, self._position = answer, position
        self._show_logits(rescale=True)

    def _show_logits(self, rescale: bool) -> None:
        answer = self._still or self._answer
        if answer is not None and self._vocabulary is not None:
            logits = answer.reading.logits_after(self._position)
            self.bars.set_logits(self._vocabulary.characters, logits, rescale=rescale)
        self._update_clause()

    def seed(self) -> str:
        """The seed text without the characters the vocabulary lacks."""
        text = self.edit.raw_text()
        unknown = frozenset(self._unknown)
        return "".join(c for c in text if c not in unknown) if unknown else text

    def set_seed(self, text: str) -> None:
        """Replaces the seed text, of a very long one by its end, without `seed_changed`."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if text == self.edit.raw_text():
            return
        self._silent = True
        self.edit.setPlainText(text[-LONGEST_SEED:])
        self._silent = False
        self._cut = len(text) > LONGEST_SEED
        self._check()
        self._emitted = self.seed()
        self._waiting = True
        self.edit.moveCursor(QTextCursor.MoveOperation.End)

    def temperature(self) -> float:
        """The temperature of the bars."""
        return self.bars.temperature

    def show_temperature(self, value: float) -> None:
        """Takes a temperature without emitting `temperature_changed`."""
        low, high = TEMPERATURE_RANGE
        value = min(max(value, low), high)
        self.slider.set_value(value)
        self.field.set_value(value)
        self.bars.set_temperature(value)

    def choices(self) -> dict[str, Any]:
        """The order of the characters; seed and temperature belong to the run."""
        return {"order": self.order.current()}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes it back."""
        order = choices.get("order")
        if order in self.order.options():
            self.order.set_current(str(order))
            self.bars.set_alphabetical(order == "alphabet")

    def shown_rows(self) -> list[tuple[str, float]]:
        """The characters drawn and their probabilities, in the order on screen."""
        return [(row.character, row.probability) for row in self.bars.rows()]

    def apply_theme(self) -> None:
        """Colours of the theme in force."""
        self.edit.restyle()
        self.bars.update()

    # The seed.

    def _text_changed(self) -> None:
        if self._silent:
            return
        self._trim()
        self._check()
        seed = self.seed()
        if seed != self._emitted:
            self._emitted = seed
            self._waiting = True
            self.seed_changed.emit(seed)

    def _trim(self) -> None:
        """Drops the beginning of what exceeds the limit."""
        excess = self.edit.document().characterCount() - 1 - LONGEST_SEED
        if excess <= 0:
            if self.edit.document().isEmpty():
                self._cut = False
            return
        self._silent = True
        cursor = QTextCursor(self.edit.document())
        cursor.joinPreviousEditBlock()
        cursor.setPosition(excess, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        cursor.endEditBlock()
        self._silent = False
        self._cut = True

    def _check(self) -> None:
        """Finds the characters the vocabulary lacks, marks them and says so."""
        unknown: list[str] = []
        if self._vocabulary is not None:
            distinct = dict.fromkeys(self.edit.raw_text())
            unknown = [character for character in distinct if character not in self._vocabulary]
        self._unknown = unknown
        self.edit.set_unknown("".join(unknown))
        self.edit.mark_unknown()
        self._show_message()

    def _show_message(self) -> None:
        parts = [unknown_sentence(self._unknown)]
        if self._cut:
            parts.append(
                self.tr("only the last {0} characters are kept").format(f"{LONGEST_SEED:,}")
            )
        parts.append(self._refusal)
        self.message.setText("  ·  ".join(part for part in parts if part))

    def _append(self, character: str) -> None:
        """Writes a character at the end of the seed."""
        cursor = QTextCursor(self.edit.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(character)
        self.edit.setTextCursor(cursor)
        self.edit.ensureCursorVisible()

    def _write_on(self) -> None:
        """Appends a character drawn from the bars, once they are those of the newest seed."""
        self.show_column(-1)
        if self._waiting:
            self._write_when_answered = True
            return
        probabilities = self.bars.probabilities()
        if probabilities is None or self._vocabulary is None:
            return
        steps = np.cumsum(probabilities)
        drawn = np.searchsorted(steps, self._rng.random() * steps[-1], side="right")
        drawn = min(int(drawn), len(steps) - 1)
        self._append(self._vocabulary.characters[drawn])

    # The temperature.

    def _edit_temperature(self, value: float) -> None:
        self.show_temperature(value)
        self.temperature_changed.emit(self.temperature())

    def _temperature_refused(self, sentence: str) -> None:
        self._refusal = sentence
        self.field.set_state("bad" if sentence else "")
        self._show_message()

    # The rest.

    def _update_clause(self) -> None:
        if self._answer is None:
            self.set_clause("")
            return
        if self._still is not None and self._position is not None:
            last = describe(self._still.reading.text[self._position])
            words = self.tr("after {0} at step {1}").format(last, f"{self._still.step:,}")
            self.set_clause(words)
            return
        reading = self._answer.reading
        read = len(reading.text)
        if reading.skipped and self._position is None:
            words = self.tr("after the last {0} of {1} characters").format(
                f"{read:,}", f"{read + reading.skipped:,}"
            )
            if self.width() < _NARROW:
                words = self.tr("after the last {0}").format(f"{read:,}")
        elif self._position is not None:
            words = self.tr("after {0} of {1} characters").format(self._position + 1, read)
        elif not read:
            words = self.tr("before the first character")
        else:
            words = self.tr("after {0} characters").format(f"{read:,}")
            if read == 1:
                words = self.tr("after 1 character")
            elif self.width() < _NARROW:
                words = self.tr("after {0} chars").format(f"{read:,}")
        self.set_clause(words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Low panels save on air, narrow ones on words, high ones show more of the seed."""
        super().resizeEvent(event)
        low, narrow = self.height() < _LOW, self.width() < _NARROW
        lines = 3 if self.height() >= _HIGH else 2
        self.edit.set_lines(lines, padding=3 if low else 7)
        self.message.setFixedHeight(14 if low else 16)
        self.body.setContentsMargins(12, 0, 12, 7 if low else 12)
        for spacer, height in zip(self._spacers, (0, 3, 4) if low else (4, 8, 10), strict=True):
            spacer.changeSize(0, height)
        self.body.invalidate()
        words = (self.tr("Likely"), self.tr("A–Z")) if narrow else self._order_words
        self.order.set_options(list(zip(("probability", "alphabet"), words, strict=True)))
        self._update_clause()
