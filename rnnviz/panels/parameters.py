"""The Parameters panel: one weight matrix as an image, its histogram and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QStackedWidget, QWidget

from rnnviz.panels.base import Panel
from rnnviz.panels.matrix_image import (
    gates_of,
)
from rnnviz.panels.matrix_overview import MatrixOverview
from rnnviz.panels.matrix_view import MatrixView
from rnnviz.panels.number_text import whole
from rnnviz.panels.parameter_groups import short_name
from rnnviz.panels.sizing import sized, tall
from rnnviz.panels.table import Column, Table
from rnnviz.panels.theme import px
from rnnviz.panels.translate import tr
from rnnviz.panels.widgets.choice import Choice
from rnnviz.probes.parameter_statistics import ArrayStatistics
from rnnviz.session.inspector import Inspection
from rnnviz.session.view import RunView

_FIRST_SHOWN = "rnn.weight_hh_l0"
_ALL = ""  # among the names of parameters


class ParametersPanel(Panel):
    """The newest values of one parameter, chosen in the header."""

    interval = 0.5

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Parameters"), "", parent)
        self.matrix = MatrixView(self)
        self.choice = Choice(self.tr("Parameter"))
        tall(self.choice, 24)
        self.choice.setMinimumContentsLength(10)
        # In a narrow panel the words are shortened.
        sized(self.choice, "least", lambda c: c.setMinimumWidth(px(110)))
        self.choice.activated.connect(self._show)
        self.add_header_control(self.choice)
        self.overview = MatrixOverview(self)
        self.overview.chosen.connect(self.show_parameter)
        self.pictures = QStackedWidget()
        for picture in (self.matrix, self.overview):
            self.pictures.addWidget(picture)
        self.body.addWidget(self.pictures)
        self._found: Inspection | None = None
        self._show()

    def set_view(self, view: RunView) -> None:
        """Another run: its own parameters."""
        self._found = None
        before = self.chosen()
        config = view.config.model_config(view.vocabulary.size)
        self.choice.clear()
        self.choice.addItem(self.tr("all parameters"), _ALL)
        for name in config.shapes():
            self.choice.addItem(short_name(name, config.num_layers), name)
        wanted = self.choice.findData(before) if self.view is not None else -1
        if wanted < 0:
            wanted = self.choice.findData(_FIRST_SHOWN)
        self.choice.setCurrentIndex(max(wanted, 0))
        self.matrix.cell, self.matrix.layers = config.cell, config.num_layers
        self.matrix.vocabulary = view.vocabulary
        self.overview.layers = config.num_layers
        super().set_view(view)
        self._show()

    def chosen(self) -> str:
        """The name of the parameter shown; empty for all of them."""
        return str(self.choice.currentData() or "")

    def show_parameter(self, name: str) -> None:
        """Shows another parameter."""
        index = self.choice.findData(name)
        if index >= 0:
            self.choice.setCurrentIndex(index)
            self._show()

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "The values of one weight matrix, or of all: a column for each unit or character it "
            "reads, a row for each unit it writes to, gate by gate, and how many have which value. "
            "Warm colours are above zero, cold ones below; stripes are units that speak to, or "
            "hear from, many others."
        )

    def table(self) -> Table | None:
        """Every value of the parameter shown with its row and column, from 0.

        Of all parameters together every value of each.
        """
        if self.chosen() == _ALL:
            return self._everything()
        found = self.matrix.statistics
        if found is None:
            return None
        return Table(("row", "column", found.name), _by_place(found.values))

    def _everything(self) -> Table | None:
        entries = self._entries()
        if not entries:
            return None
        names = np.repeat([found.name for found in entries], [e.values.size for e in entries])
        places = zip(*(_by_place(found.values) for found in entries), strict=True)
        joined = tuple(np.concatenate(parts) for parts in places)
        return Table(("parameter", "row", "column", "value"), (names, *joined))

    def _entries(self) -> tuple[ArrayStatistics, ...]:
        found = self._found
        return found.parameters or () if found is not None else ()

    def reset_view(self) -> None:
        """Shows the matrix from state to state of the first layer, and ends the read-out."""
        self.matrix.point(None)
        self.show_parameter(_FIRST_SHOWN)

    def choices(self) -> dict[str, Any]:
        """The parameter shown."""
        return {"parameter": self.chosen()}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes back what `choices` gave."""
        name = choices.get("parameter")
        if isinstance(name, str):
            self.show_parameter(name)

    def show_inspection(self, found: Inspection) -> None:
        """Takes over statistics; other findings are not for this panel."""
        if found.parameters is not None:
            self._found = found
            if self.isVisible():
                self._show()

    def refresh(self) -> None:
        """Draws what was found while hidden."""
        self._show()

    def apply_theme(self) -> None:
        """The image takes the colours of the theme."""
        self.matrix.build()
        self.overview.build()

    def _show(self, *_: object) -> None:
        found, entries = self._found, self._entries()
        words = self.tr("Waiting for the weights…")
        if self.view is None:
            words = self.tr("Load a text to see the weights")
        self.matrix.message = self.overview.message = words
        step = self.tr("values at step {0}").format(whole(found.step)) if found else ""
        self.set_clause(step if entries else self.tr("values"))
        # Only the one in sight: it takes milliseconds to make images of millions of numbers.
        everything = self.view is not None and self.chosen() == _ALL
        self.pictures.setCurrentWidget(self.overview if everything else self.matrix)
        if everything:
            gates = [len(gates_of(entry.name, self.matrix.cell)) for entry in entries]
            self.overview.show_entries(list(zip(entries, gates, strict=True)))
        else:
            by_name = {entry.name: entry for entry in entries}
            self.matrix.set_statistics(by_name.get(self.chosen()))


def _by_place(values: NDArray[np.floating[Any]]) -> tuple[Column, Column, Column]:
    """Row and column of each value, from 0, and the value; a vector is one column."""
    matrix = values.reshape(len(values), -1)
    rows, columns = (index.ravel() for index in np.indices(matrix.shape))
    return rows, columns, matrix.ravel()
