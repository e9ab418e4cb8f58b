"""The next-character panel: one types a seed text and sees what the network expects after it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QLayout, QSpacerItem, QWidget

from rnnviz.panels.base import ElidedLabel, Panel
from rnnviz.panels.characters import refused_sentence, unknown_sentence
from rnnviz.panels.probability_bars import ProbabilityBars, softmax
from rnnviz.panels.probability_curve import ProbabilityCurve
from rnnviz.panels.sizing import margins, spacing
from rnnviz.panels.surprise_strip import GUESSES, SurpriseStrip, expectations_at_end
from rnnviz.panels.table import Table
from rnnviz.panels.theme import px
from rnnviz.panels.translate import tr
from rnnviz.panels.widgets.seed_edit import LONGEST_SEED, SeedEdit
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.panels.widgets.value_slider import ValueSlider
from rnnviz.panels.widgets.writing_control import WritingControl
from rnnviz.probes.next_history import NextHistory
from rnnviz.session.config import TEMPERATURE_RANGE, RunConfig
from rnnviz.session.prober import Answer
from rnnviz.session.view import RunView
from rnnviz.text.vocabulary import Vocabulary, describe

MOST = (0, 5, 8, 12, 20)  # characters shown at most; 0: as many as fit
_LOW, _HIGH, _NARROW = 400, 620, 440  # sizes of the panel at which it is laid out otherwise
_SURPRISE_FROM, _CURVE_FROM = 480, 320  # heights from which there is room for them
_REST_GAP = 250  # milliseconds between two looks at all but the bars, for newer weights
_REST_SHARE = 0.01  # of the time that they take at most, however large the vocabulary


class NextCharacterPanel(Panel):
    """Seed text, what was expected of it, the probabilities of what follows, and writing on."""

    seed_changed = Signal(str)  # the seed without the characters the vocabulary lacks
    write_requested = Signal(object)  # Writing, from the end of the seed
    stop_requested = Signal()
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
        self._refused = ""  # a typed character that is not in the vocabulary
        self._problem = ""  # why writing ended
        self._history = NextHistory()
        self._rest_cost = 0.0  # seconds that all but the bars took last
        self._surprise_wanted = True
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
        self.message.hide()
        self.note = ElidedLabel()  # what is to be known of the distribution, while nothing is wrong
        self.note.setProperty("role", "muted")
        self.surprise = SurpriseStrip()
        self.surprise.hide()
        self._rest_timer = QTimer(self)
        self._rest_timer.setSingleShot(True)
        self._rest_timer.timeout.connect(self._show_rest)
        self.bars = ProbabilityBars()
        self.curve = ProbabilityCurve()
        self.curve.hide()
        rule = QFrame()
        rule.setProperty("rule", True)
        rule.setFixedHeight(1)
        low, high = TEMPERATURE_RANGE
        self.slider = ValueSlider(low, high, 1.0, self.tr("Temperature"))
        self.slider.set_tick(1.0)
        self.slider.setToolTip(
            self.tr("Temperature, no unit: below 1 bolder, above 1 wilder. Double click: 1.00")
        )
        self.writing = WritingControl(slider=self.slider)
        self.field = self.writing.temperature

        spacing(self.body, 0)
        self._spacers = [QSpacerItem(0, 0) for _ in range(5)]
        self.body.addItem(self._spacers[0])
        self.body.addWidget(self.edit)
        self.body.addItem(self._spacers[3])
        self.body.addWidget(self.message)
        self.body.addWidget(self.note)
        self.body.addWidget(self.surprise)
        self.body.addItem(self._spacers[4])
        self.body.addWidget(self.bars, 1)
        self.body.addWidget(self.curve)
        self.body.addItem(self._spacers[1])
        self.body.addWidget(rule)
        self.body.addItem(self._spacers[2])
        self.body.addWidget(self.writing)

        self.menu.addSeparator()
        self.menu.addAction(self.tr("Clear seed text"), self.edit.clear)
        self.menu.addAction(self.tr("Temperature 1.00"), lambda: self._edit_temperature(1.0))
        self._fill_menu()

        self.edit.textChanged.connect(self._text_changed)
        self.edit.write_on.connect(self._write_on)
        self.edit.refused.connect(self._character_refused)
        self.bars.character_chosen.connect(self.append)
        self.bars.character_pinned.connect(self.follow)
        self.surprise.readout_changed.connect(lambda _: self._show_message())
        self.order.changed.connect(lambda key: self.bars.set_alphabetical(key == "alphabet"))
        self.slider.edited.connect(self._edit_temperature)
        self.writing.temperature_changed.connect(self._edit_temperature)
        self.writing.refused.connect(self._temperature_refused)
        self.writing.way_changed.connect(self._way_changed)
        self.writing.write_requested.connect(self.write_requested)
        self.writing.stop_requested.connect(self.stop_requested)
        self.show_temperature(RunConfig().temperature)
        self._way_changed()
        layout = self.layout()
        if layout is not None:  # which else would keep a window as large as all parts together
            layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.apply_theme()
        self._update_clause()

    def _fill_menu(self) -> None:
        self.menu.addSeparator()
        most = self.menu.addMenu(self.tr("Characters shown"))
        group = QActionGroup(self)
        self.most_actions: dict[int, QAction] = {}
        for count in MOST:
            words = self.tr("The {0} likeliest").format(count) if count else self.tr("All that fit")
            action = QAction(words, self, checkable=True)
            action.triggered.connect(lambda _=False, n=count: self.set_most(n))
            group.addAction(action)
            most.addAction(action)
            self.most_actions[count] = action
        self.most_actions[0].setChecked(True)
        self.surprise_action = QAction(self.tr("Surprisal of each character"), self, checkable=True)
        self.surprise_action.setChecked(True)
        self.surprise_action.toggled.connect(self._surprise_chosen)
        self.menu.addAction(self.surprise_action)

    # What the window calls.

    def set_view(self, view: RunView) -> None:
        """A new run: seed and temperature stay, the seed is checked against the new characters.

        Emits nothing: ask the new run's prober for `seed()` afterwards.
        """
        self._vocabulary = view.vocabulary
        self._answer = self._still = None
        self._waiting = self._write_when_answered = False
        self._refused = self._problem = ""
        self._history.clear()
        self.bars.empty = self.tr("No answer yet")
        self.bars.set_logits((), None)
        self.follow("")
        self.surprise.show_expectations(None)
        self.edit.set_known(view.vocabulary)
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
            self._history.clear()
        logits = reading.logits_after()
        if self._vocabulary is not None and len(logits) == self._vocabulary.size:
            self._history.add(answer.step, logits)
        if self._waiting and reading.skipped + len(reading.text) == len(self._emitted):
            self._waiting = not self._emitted.endswith(reading.text)
        if self._still is None:
            self._show_logits(rescale=not same)
        # What else there is to see comes after the bars are on the screen.
        if not same:
            self._rest_timer.start(0)
        elif not self._rest_timer.isActive():
            self._rest_timer.start(max(_REST_GAP, round(1000 * self._rest_cost / _REST_SHARE)))
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
            self._show_note()

    def show_still(self, answer: Answer, position: int) -> None:
        """Shows what was expected after a character of another reading, which stands still.

        `show_column` or typing ends that.
        """
        self._still, self._position = answer, position
        self._show_logits(rescale=True)
        self._show_note()

    def _show_logits(self, rescale: bool) -> None:
        answer = self._still or self._answer
        if answer is not None and self._vocabulary is not None:
            logits = answer.reading.logits_after(self._position)
            self.bars.set_logits(self._vocabulary.characters, logits, rescale=rescale)
        self._update_clause()

    def is_answered(self) -> bool:
        """Whether the bars are those of the newest seed."""
        return not self._waiting

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
        self.writing.set_temperature(value)
        self.bars.set_temperature(value)
        self._show_note()
        self._show_curve()

    def choices(self) -> dict[str, Any]:
        """Order, number and surprisal of the characters, and the way of writing.

        Seed and temperature belong to the run.
        """
        return {
            "order": self.order.current(),
            "most": self.bars.most or 0,
            "surprisal": self._surprise_wanted,
            **self.writing.choices(),
        }

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes it back."""
        order, most = choices.get("order"), choices.get("most")
        if order in self.order.options():
            self.order.set_current(str(order))
            self.bars.set_alphabetical(order == "alphabet")
        if type(most) is int and most in MOST:
            self.set_most(most)
        if isinstance(choices.get("surprisal"), bool):
            self.surprise_action.setChecked(choices["surprisal"])
        self.writing.choose(choices)

    def reset_view(self) -> None:
        """The likeliest on top, as many as fit, after the whole seed, nothing followed."""
        self.order.set_current("probability")
        self.bars.set_alphabetical(False)
        self.set_most(0)
        self.surprise_action.setChecked(True)
        self.follow("")
        self.show_column(-1)

    def set_most(self, most: int) -> None:
        """Shows at most so many characters; 0: as many as fit."""
        self.most_actions[most].setChecked(True)
        self.bars.set_most(most or None)

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "How likely the network holds each character to come next, after the text you type: "
            "bars at the temperature chosen, ticks at 1.00. "
            "Many short bars and a high entropy mean that it is unsure; a click on a key writes "
            "the character, one on a bar shows its probability over training."
        )

    def table(self) -> Table | None:
        """The followed character at every step, or every character now."""
        logits, vocabulary = self.bars.logits(), self._vocabulary
        if logits is None or vocabulary is None:
            return None
        at = self.tr("probability at temperature {0:.2f}")
        if self.bars.pinned:
            steps, chances = self._history.steps(), self._followed()
            name = f"{describe(self.bars.pinned)}: {at.format(self.bars.temperature)}"
            return Table((self.tr("step"), name), (steps, chances))
        ranks = np.empty(len(logits), np.intp)
        ranks[np.argsort(-logits, kind="stable")] = np.arange(1, len(logits) + 1)
        return Table(
            (
                self.tr("character"),
                at.format(self.bars.temperature),
                at.format(1.0),
                self.tr("rank"),
                self.tr("logit"),
            ),
            (
                vocabulary.characters,
                softmax(logits, self.bars.temperature),
                softmax(logits, 1.0),
                ranks,
                logits.copy(),
            ),
        )

    # One character over training.

    def follow(self, character: str) -> None:
        """Shows the probability of a character over training; the empty one ends that."""
        self.bars.pin(character)
        self._lay_out()
        self._show_curve()

    def _show_curve(self) -> None:
        character, vocabulary = self.bars.pinned, self._vocabulary
        if not self.curve.isVisibleTo(self) or vocabulary is None or character not in vocabulary:
            return
        steps = self._history.steps().astype(np.float64)
        self.curve.show_curve(character, steps, self._followed())

    def _followed(self) -> NDArray[np.float64]:
        """The probability of the pinned character at each step of the history."""
        assert self._vocabulary is not None
        index = self._vocabulary.index(self.bars.pinned)
        return self._history.probabilities(index, self.bars.temperature)

    # What was expected of the text.

    def _surprise_chosen(self, on: bool) -> None:
        self._surprise_wanted = on
        self._lay_out()
        self._show_surprise()

    def _show_rest(self) -> None:
        begun = time.thread_time()
        self._show_note()
        self._show_curve()
        self._show_surprise()
        self._rest_cost = time.thread_time() - begun

    def _show_surprise(self) -> None:
        answer, vocabulary = self._answer, self._vocabulary
        if answer is None or vocabulary is None or not self.surprise.isVisible():
            return
        if len(answer.reading.logits) != vocabulary.size:
            return  # of the run before
        columns = self.surprise.capacity()
        found = expectations_at_end(answer.reading, vocabulary, columns)
        self.surprise.show_expectations(found)

    def shown_rows(self) -> list[tuple[str, float]]:
        """The characters drawn and their probabilities, in the order on screen."""
        return [(row.character, row.probability) for row in self.bars.rows()]

    def apply_theme(self) -> None:
        """Colours and sizes of the theme in force."""
        self.edit.restyle()
        self.surprise.apply_theme()
        self.curve.apply_size()
        self.bars.update()
        self._lay_out()

    # The seed.

    def _text_changed(self) -> None:
        if self._silent:
            return
        self._refused = self._problem = ""
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
        parts = [refused_sentence(self._refused) if self._refused else ""]
        parts.append(unknown_sentence(self._unknown))
        if self._cut:
            parts.append(
                self.tr("only the last {0} characters are kept").format(f"{LONGEST_SEED:,}")
            )
        parts += [self._refusal, self._problem]
        words = "  ·  ".join(part for part in parts if part)
        pointed = self.surprise.readout()
        self.message.setText(words)
        # What is pointed at is read out even while something is wrong.
        self.message.setVisible(bool(words) and not pointed)
        self.note.setVisible(not words or bool(pointed))
        self._show_note()

    def _show_note(self) -> None:
        """The column pointed at, or the entropy of the bars."""
        if not self.note.isVisibleTo(self):
            return
        words, entropy = self.surprise.readout(), self.bars.entropy()
        if not words and math.isfinite(entropy):
            words = self.tr("entropy {0} bits").format(f"{entropy:.2f}")
            if self.width() >= px(_NARROW):
                words += self.tr(", as unsure as between {0} equally likely characters").format(
                    f"{2.0**entropy:,.1f}"
                )
        self.note.setText(words)

    def say(self, sentence: str) -> None:
        """Why writing ended; the empty sentence takes it away."""
        self._problem = sentence
        self._show_message()

    def _character_refused(self, character: str) -> None:
        self._refused = character
        self._show_message()

    def append(self, character: str) -> None:
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
        probabilities = self.bars.chances()
        if probabilities is None or self._vocabulary is None:
            return
        steps = np.cumsum(probabilities)
        drawn = np.searchsorted(steps, self._rng.random() * steps[-1], side="right")
        drawn = min(int(drawn), len(steps) - 1)
        self.append(self._vocabulary.characters[drawn])

    # The temperature.

    def _edit_temperature(self, value: float) -> None:
        self.show_temperature(value)
        self.temperature_changed.emit(self.temperature())

    def _temperature_refused(self, sentence: str) -> None:
        self._refusal = sentence
        self._show_message()

    def _way_changed(self) -> None:
        self.bars.set_writing(self.writing.writing())

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
            if self.width() < px(_NARROW):
                words = self.tr("after the last {0}").format(f"{read:,}")
        elif self._position is not None:
            words = self.tr("after {0} of {1} characters").format(self._position + 1, read)
        elif not read:
            words = self.tr("before the first character")
        else:
            words = self.tr("after {0} characters").format(f"{read:,}")
            if read == 1:
                words = self.tr("after 1 character")
            elif self.width() < px(_NARROW):
                words = self.tr("after {0} chars").format(f"{read:,}")
        self.set_clause(words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Low panels save on air, narrow ones on words, high ones show more."""
        super().resizeEvent(event)
        self._lay_out()
        self._show_message()
        self._show_curve()
        if not self._rest_timer.isActive():
            self._rest_timer.start(0)

    def minimumSizeHint(self) -> QSize:
        """Without what gives way where there is little room."""
        size = super().minimumSizeHint()
        optional = (self.surprise, self.curve)
        less = sum(part.height() for part in optional if part.isVisibleTo(self))
        return QSize(size.width(), size.height() - less)

    def _lay_out(self) -> None:
        """What there is room for, at the panel's size and that of the type."""
        height = self.height()
        low, narrow = height < px(_LOW), self.width() < px(_NARROW)
        lines = 3 if height >= px(_HIGH) else 2
        self.edit.set_lines(lines, padding=3 if low else 7)
        for label in (self.message, self.note):
            label.setFixedHeight(px(14) if low else px(18))
        self.surprise.set_rows(GUESSES if height >= px(_HIGH) else 1)
        self.surprise.setVisible(self._surprise_wanted and height >= px(_SURPRISE_FROM))
        self.curve.setVisible(bool(self.bars.pinned) and height >= px(_CURVE_FROM))
        self.writing.set_narrow(narrow)
        margins(self.body, 12, 0, 12, 7 if low else 12)
        below = 6 if self.surprise.isVisibleTo(self) else 2
        gaps = (0, 2, 3, 4, 3) if low else (4, 8, 10, 3, below)
        for spacer, gap in zip(self._spacers, gaps, strict=True):
            spacer.changeSize(0, gap)
        self.body.invalidate()
        layout = self.layout()
        if layout is not None:
            layout.activate()  # in one go: what is hidden gives its room away at once
        words = (self.tr("Likely"), self.tr("A–Z")) if narrow else self._order_words
        self.order.set_options(list(zip(("probability", "alphabet"), words, strict=True)))
        self._update_clause()
