"""The settings of Setup that wait for a restart: cell, sizes, random seed and split."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QToolButton, QVBoxLayout, QWidget

from rnnviz.engine.cells import CELLS
from rnnviz.panels.base import ElidedLabel
from rnnviz.panels.sizing import square
from rnnviz.panels.theme import icon, themes
from rnnviz.panels.widgets.field_row import FieldRow
from rnnviz.panels.widgets.number_field import NumberField
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.session.config import RunConfig


class NetworkFields(QWidget):
    """Shows wanted settings, marks what waits and what is wrong, and tells of every change."""

    edited = Signal(str, object)  # a field of `RunConfig` and its value
    refused = Signal(str, str)  # a field, and a sentence about what was typed; empty takes it back

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.numbers: dict[str, NumberField] = {}  # by field of `RunConfig`, as are the rows
        self.rows: dict[str, FieldRow] = {}
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._add_cell()
        self._add_sizes()
        self._add_seed()
        self._add_split()
        for name, field in self.numbers.items():
            field.edited.connect(lambda value, name=name: self.edited.emit(name, int(value)))
            field.refused.connect(lambda text, name=name: self.refused.emit(name, text))
        for name, row in self.rows.items():
            row.default_requested.connect(
                lambda name=name: self.edited.emit(name, getattr(RunConfig(), name))
            )
        self.size_note = ElidedLabel()
        self.size_note.setProperty("role", "caption")
        self._box.addWidget(self.size_note)
        themes().changed.connect(self._apply_theme)
        self._apply_theme()

    # Building.

    def _add_cell(self) -> None:
        self.cell = Segmented(
            [(name, name.upper()) for name in CELLS], self.tr("Cell"), stretch=True
        )
        self.cell.set_tips(
            {
                "rnn": self.tr("One state, h = tanh(W x + U h + b)"),
                "lstm": self.tr("A cell state behind input, forget and output gates"),
                "gru": self.tr("One state behind an update and a reset gate"),
            }
        )
        self.cell.changed.connect(lambda value: self.edited.emit("cell", value))
        self.rows["cell"] = FieldRow(self.tr("Cell"), self.cell)
        self._box.addWidget(self.rows["cell"])

    def _add_sizes(self) -> None:
        layers = NumberField(
            1,
            4,
            1,
            self.tr("Layers"),
            about=self.tr("Each layer reads the states of the one below."),
        )
        hidden = NumberField(
            1, 4096, 128, self.tr("Hidden units"), step=16, about=self.tr("In each layer.")
        )
        sequence = NumberField(
            1,
            10_000,
            50,
            self.tr("Sequence"),
            unit=self.tr("chars"),
            step=5,
            about=self.tr("So far back the gradient goes at each step."),
        )
        batch = NumberField(
            1,
            4096,
            32,
            self.tr("Batch"),
            about=self.tr("Parallel streams of the text at each step."),
        )
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        for index, (name, field, label) in enumerate(
            (
                ("num_layers", layers, self.tr("Layers")),
                ("hidden_size", hidden, self.tr("Hidden")),
                ("seq_len", sequence, self.tr("Sequence")),
                ("batch_size", batch, self.tr("Batch")),
            )
        ):
            self.numbers[name] = field
            row = self.rows[name] = FieldRow(label, field, outer_error=True)
            grid.addWidget(row, index // 2 * 3, index % 2, Qt.AlignmentFlag.AlignTop)
            # Across both columns, so that a sentence takes one line.
            grid.addWidget(row.error_label, index // 2 * 3 + 1 + index % 2, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self._box.addLayout(grid)

    def _add_seed(self) -> None:
        self.numbers["seed"] = NumberField(
            0,
            2**31 - 1,
            1,
            self.tr("Random seed"),
            about=self.tr("The same settings with the same seed give the same run."),
        )
        self._dice = QToolButton()
        square(self._dice, 28)
        self._dice.setToolTip(self.tr("Another random seed"))
        self._dice.setAccessibleName(self.tr("Another random seed"))
        self._dice.clicked.connect(lambda: self.edited.emit("seed", random.randrange(1, 10_000)))
        self.rows["seed"] = FieldRow(self.tr("Random seed"), self.numbers["seed"], self._dice)
        self._box.addWidget(self.rows["seed"])

    def _add_split(self) -> None:
        self.split = Segmented(
            [("contiguous", self.tr("text end")), ("interleaved", self.tr("streams"))],
            self.tr("Held out"),
            stretch=True,
        )
        self.split.set_tips(
            {
                "contiguous": self.tr("The last 10 % of the text is held out for validation"),
                "interleaved": self.tr(
                    "The last 10 % of each parallel stream is held out; its losses do not compare "
                    "with those of the other split"
                ),
            }
        )
        self.split.changed.connect(lambda value: self.edited.emit("split", value))
        self.rows["split"] = FieldRow(self.tr("Held out"), self.split)
        self._box.addWidget(self.rows["split"])

    # What it shows.

    def show_settings(
        self,
        wanted: RunConfig,
        running: RunConfig,
        pending: Collection[str],
        problems: Mapping[str, str],
    ) -> None:
        """The wanted settings; those by name in `pending` wait, those in `problems` are wrong."""
        for name, field in self.numbers.items():
            field.set_value(getattr(wanted, name))
            changed, row = name in pending, self.rows[name]
            row.set_was(self.tr("was {0:,}").format(getattr(running, name)) if changed else "")
            row.set_error(_sentence_of(row.label(), problems.get(name, "")))
            field.set_state("bad" if name in problems else "pending" if changed else "")
        for name, control in (("cell", self.cell), ("split", self.split)):
            control.set_current(getattr(wanted, name))
            control.set_pending(name in pending)
            was = str(getattr(running, name))
            was = {"contiguous": self.tr("text end"), "interleaved": self.tr("streams")}.get(
                was, was.upper()
            )
            self.rows[name].set_was(self.tr("was {0}").format(was) if name in pending else "")
        others = (words for name, words in problems.items() if name not in self.numbers)
        self.rows["cell"].set_error(next(others, ""))

    def show_size(self, config: RunConfig, vocabulary: int) -> None:
        """Parameters and memory with so many symbols; with none of them, nothing."""
        if not vocabulary:
            self.size_note.setText("")
            return
        count = config.model_config(vocabulary).parameter_count
        taken = count * (4 if config.dtype == "float32" else 8)
        self.size_note.setText(
            self.tr("{0} parameters, {1} {2}").format(
                _amount(count).rstrip(), f"{_amount(taken)}B", config.dtype
            )
        )

    def reset_texts(self) -> None:
        """Takes back what was typed and refused."""
        for field in self.numbers.values():
            field.reset_text()

    def rows_beside(self) -> list[FieldRow]:
        """Those whose label is beside the control when compact."""
        return [self.rows[name] for name in ("cell", "seed", "split")]

    def set_compact(self, compact: bool, spacing: int) -> None:
        """Closer, labels beside the controls; `spacing` in pixels."""
        for row in self.rows_beside():
            row.set_compact(compact)
        self._box.setSpacing(spacing)

    def _apply_theme(self) -> None:
        self._dice.setIcon(icon("dice"))


def _amount(number: float) -> str:
    """A count with a prefix: 1.07 M, 83 k, 165 (with a blank for a unit to follow)."""
    if number >= 1e6:
        return f"{number / 1e6:.2f} M"
    if number >= 1e4:
        return f"{number / 1e3:.0f} k"
    return f"{number / 1e3:.1f} k" if number >= 1e3 else f"{number:.0f} "


def _sentence_of(label: str, problem: str) -> str:
    """What is wrong with a setting, with its name in front unless it is there already."""
    return problem if not problem or problem.startswith(label) else f"{label} {problem}"
