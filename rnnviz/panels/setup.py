"""The Setup column: what holds after the next restart, and what holds from the next step."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rnnviz.engine.optimizers import OPTIMIZERS
from rnnviz.panels.base import ElidedLabel
from rnnviz.panels.sizing import margins, spacing, square, tall, wide
from rnnviz.panels.theme import icon, icon_pixels, icon_pixmap, px, theme, themes
from rnnviz.panels.widgets.choice import Choice
from rnnviz.panels.widgets.field_row import FieldRow
from rnnviz.panels.widgets.number_field import NumberField
from rnnviz.panels.widgets.plain_tip import plain_tip
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.panels.widgets.value_slider import ValueSlider
from rnnviz.panels.widgets.vocabulary_strip import VocabularyStrip
from rnnviz.session import commands
from rnnviz.session.config import (
    CLIP_RANGE,
    LEARNING_RATE_RANGE,
    RESTART_FIELDS,
    RunConfig,
    problems,
    restart_changes,
)
from rnnviz.session.frames import InForce
from rnnviz.text.corpus import Corpus
from rnnviz.text.sources import Source

WIDTH = 264
_COMPACT_BELOW = 800  # pixels of height: labels go beside their controls
_OPEN_FILE = "open-file"
_FIELD, _COMPACT_FIELD = 76, 66  # pixels of the number beside a slider
# Name and the settings it runs with; an optimizer without a note is shown by its own name.
_OPTIMIZER_NOTES = {
    "sgd": ("SGD", "plain"),
    "momentum": ("Momentum", "μ 0.9"),
    "nesterov": ("Nesterov", "μ 0.9"),
    "adagrad": ("Adagrad", "ε 1e-8"),
    "rmsprop": ("RMSprop", "α 0.99"),
    "adam": ("Adam", "β 0.9, 0.999"),
    "adamw": ("AdamW", "decay 0.01"),
}


class SetupPanel(QFrame):
    """Edits a wanted config beside the one in force. The window decides what comes of it."""

    command = Signal(object)  # a live setting, for the runner
    restart_requested = Signal()  # with `wanted`
    edited = Signal()  # `wanted` changed by the user
    reverted = Signal()  # what waited was taken back, the text included
    source_chosen = Signal(str)  # id of a source
    open_requested = Signal()
    cancel_requested = Signal()  # of a download or of loading
    collapse_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self.setAccessibleName(self.tr("Setup"))
        wide(self, WIDTH)
        self.running = RunConfig()
        self.wanted = RunConfig()
        self._text_length: int | None = None
        self._compact: bool | None = None
        self._filling = False
        self._refused: dict[str, str] = {}
        self._busy = False
        self._symbols = 0
        self._corpus_size = ""  # of the wanted text, in words

        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        outer.addWidget(self._build_header())
        content = QWidget()
        self._column = QVBoxLayout(content)
        margins(self._column, 8, 0, 8, 8)
        spacing(self._column, 8)
        self._column.addWidget(self._build_restart_group())
        self._column.addWidget(self._build_live_group())
        self._column.addStretch(1)
        self._scroll = scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the field with the focus is in sight
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer.addWidget(scroll, 1)
        self._rows = self.findChildren(FieldRow)
        themes().changed.connect(self._apply_theme)
        self._apply_theme()
        self._set_compact(False)
        self._show_wanted()

    # Building.

    def _build_header(self) -> QWidget:
        header = QWidget()
        tall(header, 36)
        line = QHBoxLayout(header)
        margins(line, 12, 6, 8, 6)
        title = QLabel(self.tr("Setup"))
        title.setProperty("role", "title")
        self._collapse = QToolButton()
        square(self._collapse, 24)
        self._collapse.setToolTip(self.tr("Fold Setup away (Ctrl+B)"))
        self._collapse.setAccessibleName(self.tr("Fold Setup away"))
        self._collapse.clicked.connect(self.collapse_requested)
        line.addWidget(title)
        line.addStretch(1)
        line.addWidget(self._collapse)
        return header

    def _build_restart_group(self) -> QWidget:
        group = QFrame()
        group.setProperty("group", "restart")
        self._restart_layout = box = QVBoxLayout(group)
        heading = QHBoxLayout()
        heading.setSpacing(8)
        self._restart_icon = QLabel()
        words = QLabel(self.tr("Applies on restart"))
        words.setProperty("role", "label")
        heading.addWidget(self._restart_icon)
        heading.addWidget(words, 1)
        box.addLayout(heading)

        self._corpus = Choice(self.tr("Corpus"))
        self._corpus.setToolTip(self.tr("The text to learn; a file may be dropped on the window"))
        self._corpus.activated.connect(self._corpus_activated)
        self._corpus_row = FieldRow(self.tr("Corpus"), self._corpus)
        box.addWidget(self._corpus_row)
        self._strip = VocabularyStrip()
        box.addWidget(self._strip)
        self._corpus_note = ElidedLabel()
        self._corpus_note.setProperty("role", "caption")
        box.addWidget(self._corpus_note)
        box.addWidget(self._build_progress())

        self._cell = Segmented(
            [("rnn", "RNN"), ("lstm", "LSTM"), ("gru", "GRU")], self.tr("Cell"), stretch=True
        )
        self._cell.set_tips(
            {
                "rnn": self.tr("One state, h = tanh(W x + U h + b)"),
                "lstm": self.tr("A cell state behind input, forget and output gates"),
                "gru": self.tr("One state behind an update and a reset gate"),
            }
        )
        self._cell.changed.connect(lambda value: self._edit("cell", value))
        self._cell_row = FieldRow(self.tr("Cell"), self._cell)
        self._cell_row.default_requested.connect(lambda: self._edit("cell", RunConfig().cell))
        box.addWidget(self._cell_row)

        self._layers = NumberField(
            1,
            4,
            1,
            self.tr("Layers"),
            about=self.tr("Each layer reads the states of the one below."),
        )
        self._hidden = NumberField(
            1, 4096, 128, self.tr("Hidden units"), step=16, about=self.tr("In each layer.")
        )
        self._sequence = NumberField(
            1,
            10_000,
            50,
            self.tr("Sequence"),
            unit=self.tr("chars"),
            step=5,
            about=self.tr("So far back the gradient goes at each step."),
        )
        self._batch = NumberField(
            1,
            4096,
            32,
            self.tr("Batch"),
            about=self.tr("Parallel streams of the text at each step."),
        )
        self._seed = NumberField(
            0,
            2**31 - 1,
            1,
            self.tr("Random seed"),
            about=self.tr("The same settings with the same seed give the same run."),
        )
        numbers = {
            "num_layers": (self._layers, self.tr("Layers")),
            "hidden_size": (self._hidden, self.tr("Hidden")),
            "seq_len": (self._sequence, self.tr("Sequence")),
            "batch_size": (self._batch, self.tr("Batch")),
        }
        self._numbers = {name: field for name, (field, _) in numbers.items()} | {"seed": self._seed}
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        self._number_rows: dict[str, FieldRow] = {}
        for index, (name, (field, label)) in enumerate(numbers.items()):
            row = FieldRow(label, field, outer_error=True)
            grid.addWidget(row, index // 2 * 3, index % 2, Qt.AlignmentFlag.AlignTop)
            # Across both columns, so that a sentence takes one line.
            grid.addWidget(row.error_label, index // 2 * 3 + 1 + index % 2, 0, 1, 2)
            self._number_rows[name] = row
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        box.addLayout(grid)

        self._dice = QToolButton()
        square(self._dice, 28)
        self._dice.setToolTip(self.tr("Another random seed"))
        self._dice.setAccessibleName(self.tr("Another random seed"))
        self._dice.clicked.connect(lambda: self._edit("seed", random.randrange(1, 10_000)))
        self._number_rows["seed"] = FieldRow(self.tr("Random seed"), self._seed, self._dice)
        box.addWidget(self._number_rows["seed"])
        for name, field in self._numbers.items():
            field.edited.connect(lambda value, name=name: self._edit(name, int(value)))
            field.refused.connect(lambda text, name=name: self._refuse(name, text))
            self._number_rows[name].default_requested.connect(
                lambda name=name: self._edit(name, getattr(RunConfig(), name))
            )

        self._split = Segmented(
            [("contiguous", self.tr("text end")), ("interleaved", self.tr("streams"))],
            self.tr("Held out"),
            stretch=True,
        )
        self._split.set_tips(
            {
                "contiguous": self.tr("The last 10 % of the text is held out for validation"),
                "interleaved": self.tr(
                    "The last 10 % of each parallel stream is held out; its losses do not compare "
                    "with those of the other split"
                ),
            }
        )
        self._split.changed.connect(lambda value: self._edit("split", value))
        self._split_row = FieldRow(self.tr("Held out"), self._split)
        self._split_row.default_requested.connect(lambda: self._edit("split", RunConfig().split))
        box.addWidget(self._split_row)

        self._size_note = ElidedLabel()
        self._size_note.setProperty("role", "caption")
        box.addWidget(self._size_note)

        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        self._restart = QPushButton(self.tr("Restart"))
        self._restart.setProperty("kind", "warn")
        tall(self._restart, 28)
        self._restart.clicked.connect(self.restart_requested)
        self._revert = QPushButton(self.tr("Revert"))
        tall(self._revert, 28)
        self._revert.setProperty("kind", "small")
        self._revert.setToolTip(self.tr("Take back what waits for a restart"))
        self._revert.clicked.connect(self.revert)
        buttons.addWidget(self._restart, 1)
        buttons.addWidget(self._revert)
        box.addLayout(buttons)
        return group

    def _build_progress(self) -> QWidget:
        self._progress_box = QWidget()
        line = QHBoxLayout(self._progress_box)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(4)
        self._cancel = QPushButton(self.tr("Cancel"))
        tall(self._cancel, 24)
        self._cancel.setToolTip(self.tr("Stops loading; the text that is there stays"))
        self._cancel.clicked.connect(self.cancel_requested)
        line.addWidget(self._progress, 1)
        line.addWidget(self._cancel)
        self._progress_box.hide()
        return self._progress_box

    def _build_live_group(self) -> QWidget:
        group = QFrame()
        group.setProperty("group", "live")
        self._live_layout = box = QVBoxLayout(group)
        words = QLabel(self.tr("● Live: applies on the next step"))
        words.setProperty("role", "live")
        box.addWidget(words)
        self._optimizer = Choice(self.tr("Optimizer"))
        for name in OPTIMIZERS:
            self._optimizer.addItem(name, name)
        self._optimizer.setToolTip(
            self.tr("A change starts the new optimizer with empty accumulators")
        )
        self._optimizer.activated.connect(
            lambda index: self._send(commands.SetOptimizer(self._optimizer.itemData(index)))
        )
        optimizer_row = FieldRow(self.tr("Optimizer"), self._optimizer)
        box.addWidget(optimizer_row)

        default = RunConfig()
        self._rate_slider = ValueSlider(
            *LEARNING_RATE_RANGE, default.learning_rate, self.tr("Learning rate")
        )
        self._rate_slider.setToolTip(
            self.tr("Learning rate, {0:g} to {1:g}; double click: back to the start value").format(
                *LEARNING_RATE_RANGE
            )
        )
        self._rate = NumberField(
            1e-8,
            100,
            default.learning_rate,
            self.tr("Learning rate"),
            integer=False,
            form="{:.1e}",
            about=self.tr("How far a step goes; too far and the loss grows."),
        )
        for control in (self._rate_slider, self._rate):
            control.edited.connect(lambda value: self._send(commands.SetLearningRate(value)))
        self._rate_row = FieldRow(self.tr("Learning rate"), self._rate_slider, self._rate)
        box.addWidget(self._rate_row)

        self._clip_kind = Segmented(
            [("off", self.tr("Off")), ("norm", self.tr("Norm")), ("value", self.tr("Value"))],
            self.tr("Clip gradients by"),
            stretch=True,
        )
        self._clip_kind.set_tips(
            {
                "off": self.tr("Gradients are used as they are"),
                "norm": self.tr("Scales the whole gradient down to this L2 norm"),
                "value": self.tr("Cuts each entry of the gradient to this size"),
            }
        )
        self._clip_kind.changed.connect(self._send_clipping)
        clip_kind_row = FieldRow(self.tr("Clip gradient"), self._clip_kind)
        box.addWidget(clip_kind_row)
        self._clip_slider = ValueSlider(
            *CLIP_RANGE, default.clip_threshold, self.tr("Threshold"), token="clip"
        )
        self._clip_slider.setToolTip(
            self.tr("Clip threshold, {0:g} to {1:g}; double click: back to the start value").format(
                *CLIP_RANGE
            )
        )
        self._clip = NumberField(
            1e-9,
            1e12,
            default.clip_threshold,
            self.tr("Threshold"),
            integer=False,
            form="{:.3g}",
            about=self.tr("The norm, or the entry, that a gradient is clipped to."),
        )
        for control in (self._clip_slider, self._clip):
            control.edited.connect(lambda value: self._send_clipping(threshold=value))
        self._clip_row = FieldRow(self.tr("Threshold"), self._clip_slider, self._clip)
        box.addWidget(self._clip_row)
        for row, field in ((self._rate_row, self._rate), (self._clip_row, self._clip)):
            field.refused.connect(
                lambda text, row=row, field=field: (
                    row.set_error(text),
                    field.set_state("bad" if text else ""),
                )
            )
        for row, command in (
            (optimizer_row, lambda: commands.SetOptimizer(self.running.optimizer)),
            (self._rate_row, lambda: commands.SetLearningRate(self.running.learning_rate)),
        ):
            row.default_requested.connect(lambda command=command: self._send(command()))
        clip_kind_row.default_requested.connect(
            lambda: self._send_clipping(kind=self.running.clip_kind)
        )
        self._clip_row.default_requested.connect(
            lambda: self._send_clipping(threshold=self.running.clip_threshold)
        )
        return group

    # Live settings.

    def _send(self, command: commands.Command) -> None:
        if not self._filling:
            self.command.emit(command)

    def _send_clipping(self, kind: str | None = None, threshold: float | None = None) -> None:
        chosen = kind if isinstance(kind, str) else self._clip_kind.current()
        if threshold is not None and chosen == "off":
            chosen = "norm"  # whoever moves the threshold wants it to hold
        value = self._clip.value() if threshold is None else threshold
        self._send(commands.SetClipping(chosen, value))

    def set_in_force(self, in_force: InForce) -> None:
        """Shows the live settings the engine has acknowledged."""
        self._filling = True
        self._rate_slider.set_value(in_force.learning_rate)
        self._rate.set_value(in_force.learning_rate)
        self._clip_slider.set_value(in_force.clip_threshold)
        self._clip.set_value(in_force.clip_threshold)
        self._clip_kind.set_current(in_force.clip_kind)
        self._clip_slider.setEnabled(in_force.clip_kind != "off")
        self._optimizer.setCurrentIndex(self._optimizer.findData(in_force.optimizer))
        self._filling = False
        self.wanted = self.wanted.with_changes(
            learning_rate=in_force.learning_rate,
            clip_kind=in_force.clip_kind,
            clip_threshold=in_force.clip_threshold,
            optimizer=in_force.optimizer,
        )

    # Restart settings.

    def set_running(self, config: RunConfig, text_length: int) -> None:
        """A run with this config has begun on a text of so many characters."""
        self.running = self.wanted = config
        self._text_length = text_length
        self._refused.clear()
        for field in self._numbers.values():
            field.reset_text()
        self._rate_slider.set_default(config.learning_rate)
        self._clip_slider.set_default(config.clip_threshold)
        self._show_wanted()

    def set_wanted(self, config: RunConfig) -> None:
        """Proposes settings, as choosing a preset does; they wait for the restart."""
        self.wanted = config
        self._refused.clear()
        self._show_wanted()

    def revert(self) -> None:
        """Takes back every restart setting that waits."""
        changes = {name: getattr(self.running, name) for name in RESTART_FIELDS}
        self.wanted = self.wanted.with_changes(**changes)
        self._refused.clear()
        for field in self._numbers.values():
            field.reset_text()
        self._show_wanted()
        self.reverted.emit()
        self.edited.emit()

    def change(self, changes: Mapping[str, Any]) -> None:
        """Proposes restart settings by field, as if they had been edited one after the other."""
        for name in changes:
            self._refused.pop(name, None)
            if name in self._numbers:
                self._numbers[name].reset_text()
        self.wanted = self.wanted.with_changes(**changes)
        self._show_wanted()
        self.edited.emit()

    def fields(self) -> list[tuple[str, QWidget]]:
        """Label and control of every setting, from top to bottom."""
        return [(row.label(), row.control()) for row in self._rows]

    def show_field(self, control: QWidget) -> None:
        """Brings the control of a setting into sight and gives it the keys."""
        self._scroll.ensureWidgetVisible(control)
        control.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if isinstance(control, NumberField):
            control.selectAll()

    def pending(self) -> tuple[str, ...]:
        """The settings that wait for a restart."""
        return restart_changes(self.running, self.wanted)

    def problems(self) -> dict[str, str]:
        """What is wrong with the wanted settings, by field."""
        return {**problems(self.wanted, self._text_length), **self._refused}

    def _edit(self, name: str, value: object) -> None:
        self._refused.pop(name, None)
        self.wanted = self.wanted.with_changes(**{name: value})
        self._show_wanted()
        self.edited.emit()

    def _refuse(self, name: str, sentence: str) -> None:
        if sentence:
            self._refused[name] = sentence
        else:
            self._refused.pop(name, None)
        self._show_wanted()

    def _show_wanted(self) -> None:
        wanted, running = self.wanted, self.running
        self._cell.set_current(wanted.cell)
        self._split.set_current(wanted.split)
        for name, field in self._numbers.items():
            field.set_value(getattr(wanted, name))
        pending, found = self.pending(), self.problems()
        for name, row in self._number_rows.items():
            changed = name in pending
            row.set_was(self.tr("was {0:,}").format(getattr(running, name)) if changed else "")
            row.set_error(sentence_of(row.label(), found.get(name, "")))
            state = "bad" if name in found else "pending" if changed else ""
            self._numbers[name].set_state(state)
        for row, control, name in (
            (self._cell_row, self._cell, "cell"),
            (self._split_row, self._split, "split"),
        ):
            control.set_pending(name in pending)
            was = str(getattr(running, name))
            was = {"contiguous": self.tr("text end"), "interleaved": self.tr("streams")}.get(
                was, was.upper()
            )
            row.set_was(self.tr("was {0}").format(was) if name in pending else "")
        others = {k: v for k, v in found.items() if k not in self._number_rows}
        self._cell_row.set_error(next(iter(others.values()), ""))
        self._mark_corpus("corpus" in pending)
        self._show_buttons(len(pending), bool(found))
        self._show_size()

    def _show_buttons(self, changes: int, bad: bool) -> None:
        if changes == 1:
            text = self.tr("Restart with 1 change")
        elif changes:
            text = self.tr("Restart with {0} changes").format(changes)
        else:
            text = self.tr("Restart")
        self._restart.setText(text)
        self._restart.setEnabled(bool(changes) and not bad and not self._busy)
        self._restart.setToolTip(
            self.tr("Mend the marked settings first")
            if bad
            else self.tr("Begins a new run; the present one ends")
        )
        self._revert.setEnabled(bool(changes) or bool(self._refused))

    def _show_size(self) -> None:
        vocabulary = self._symbols
        if not vocabulary or self.problems():
            self._size_note.setText("")
            return
        count = self.wanted.model_config(vocabulary).parameter_count
        taken = count * (4 if self.wanted.dtype == "float32" else 8)
        self._size_note.setText(
            self.tr("{0} parameters, {1} {2}").format(
                amount(count).rstrip(), f"{amount(taken)}B", self.wanted.dtype
            )
        )

    # The text.

    def set_sources(self, sources: list[Source], current: str) -> None:
        """Fills the list of texts; `current` is an id, or the path of a file of the user's."""
        self._corpus.clear()
        for source in sources:
            self._corpus.addItem(source.title, source.id)
            index = self._corpus.count() - 1
            self._corpus.setItemData(index, plain_tip(source.note), Qt.ItemDataRole.ToolTipRole)
            if not source.local:
                self._corpus.setItemIcon(index, icon("download"))
        self._corpus.addItem(self.tr("Open a text file…"), _OPEN_FILE)
        self.select_source(current)

    def sources(self) -> list[tuple[str, str, str]]:
        """Title, id or path, and note of every text in the list."""
        note = Qt.ItemDataRole.ToolTipRole
        return [
            (
                self._corpus.itemText(i),
                self._corpus.itemData(i),
                self._corpus.itemData(i, note) or "",
            )
            for i in range(self._corpus.count())
            if self._corpus.itemData(i) != _OPEN_FILE
        ]

    def select_source(self, current: str) -> None:
        """Shows a text as the chosen one."""
        index = self._corpus.findData(current)
        if index >= 0:
            self._corpus.setCurrentIndex(index)

    def set_corpus(self, corpus: Corpus) -> None:
        """The wanted text has been loaded."""
        self.wanted = self.wanted.with_changes(corpus=corpus.origin)
        self._text_length = len(corpus.text)
        self._symbols = corpus.vocabulary.size
        self._strip.show_counts(corpus.vocabulary, corpus.frequencies)
        length = len(corpus.text)
        size = f"{length / 1e6:.2f} M" if length >= 1e6 else f"{length:,}"
        words = self.tr("{0} characters · {1} symbols")
        if corpus.excerpt:
            words = self.tr("first {0} characters · {1} symbols")
        self._corpus_size = words.format(size, corpus.vocabulary.size)
        self.set_busy("")
        if self._corpus.findData(corpus.origin) < 0:
            index = self._corpus.count() - 1
            self._corpus.insertItem(index, corpus.name, corpus.origin)
            tip = plain_tip(corpus.origin)
            self._corpus.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        self.select_source(corpus.origin)
        self._show_wanted()

    def set_busy(self, words: str, share: float | None = None) -> None:
        """Loading or downloading: `share` in [0, 1], None while unknown; empty words end it."""
        self._busy = bool(words)
        self._progress_box.setVisible(self._busy)
        if self._busy:
            self._corpus_note.setText(words)
            self._progress.setRange(0, 0 if share is None else 1000)
            if share is not None:
                self._progress.setValue(round(1000 * share))
        else:
            self._corpus_note.setText(self._corpus_size)
            self.select_source(self.wanted.corpus)

    def _corpus_activated(self, index: int) -> None:
        chosen = self._corpus.itemData(index)
        if chosen == _OPEN_FILE:
            self.select_source(self.wanted.corpus)
            self.open_requested.emit()
        elif chosen != self.wanted.corpus:
            self.source_chosen.emit(chosen)

    def _mark_corpus(self, pending: bool) -> None:
        state = "pending" if pending else ""
        if self._corpus.property("state") != state:
            self._corpus.setProperty("state", state)
            self._corpus.style().unpolish(self._corpus)
            self._corpus.style().polish(self._corpus)
        self._corpus_row.set_was(self.tr("waits for restart") if pending else "")

    # Appearance.

    def _set_compact(self, compact: bool) -> None:
        if compact == self._compact:
            return
        self._compact = compact
        for row in self._rows:
            if row not in self._number_rows.values() or row is self._number_rows["seed"]:
                row.set_compact(compact)
        self._strip.setVisible(not compact)
        for field in (self._rate, self._clip):
            wide(field, _COMPACT_FIELD if compact else _FIELD)
        for index in range(self._optimizer.count()):
            name = self._optimizer.itemData(index)
            title, note = _OPTIMIZER_NOTES.get(name, (name, ""))
            self._optimizer.setItemText(index, title if compact else f"{title}  {note}".rstrip())
        margin, spacing = (8, 5) if compact else (12, 8)
        for box in (self._restart_layout, self._live_layout):
            box.setContentsMargins(margin + 2, margin, margin + 2, margin)
            box.setSpacing(spacing)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Sets rows closer in a low window."""
        super().resizeEvent(event)
        self._set_compact(event.size().height() < px(_COMPACT_BELOW))

    def _apply_theme(self) -> None:
        self._collapse.setIcon(icon("chevron-left"))
        self._dice.setIcon(icon("dice"))
        self._restart_icon.setPixmap(icon_pixmap("reset", theme().color("text-2"), icon_pixels(14)))
        self._set_compact(self.height() < px(_COMPACT_BELOW))
        for index in range(self._corpus.count()):
            if not self._corpus.itemIcon(index).isNull():
                self._corpus.setItemIcon(index, icon("download"))


def amount(number: float) -> str:
    """A count with a prefix: 1.07 M, 83 k, 165 (with a blank for a unit to follow)."""
    if number >= 1e6:
        return f"{number / 1e6:.2f} M"
    if number >= 1e4:
        return f"{number / 1e3:.0f} k"
    return f"{number / 1e3:.1f} k" if number >= 1e3 else f"{number:.0f} "


def sentence_of(label: str, problem: str) -> str:
    """What is wrong with a setting, with its name in front unless it is there already."""
    return problem if not problem or problem.startswith(label) else f"{label} {problem}"
