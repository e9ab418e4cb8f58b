"""The Eigenvalues panel: one step of the recurrence against the unit circle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QToolButton, QWidget

from rnnviz.engine.cells import CELLS
from rnnviz.panels.base import Panel
from rnnviz.panels.eigenvalue_plane import LEAST_REACH, MOST_REACH, EigenvaluePlane
from rnnviz.panels.flow_plot import cell_token
from rnnviz.panels.number_text import whole
from rnnviz.panels.sizing import tall
from rnnviz.panels.table import Table
from rnnviz.panels.ticks import grown
from rnnviz.panels.translate import tr
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.session.inspector import ON_DEMAND_ROWS, Inspection
from rnnviz.session.view import RunView


def plain_rows(view: RunView) -> int:
    """How many rows the step Jacobian of a run has: H, and with an LSTM's c 2 H."""
    return view.config.hidden_size * len(CELLS[view.config.cell].state_names)


class EigenvaluesPanel(Panel):
    """Eigenvalues of the mean step Jacobian, and of W_hh where there is but one."""

    interval = 0.5
    compute_requested = Signal(int)  # the layer; of a network too large to be watched all the time
    layer_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Eigenvalues"), "", parent)
        self.plot = EigenvaluePlane(self.tr("Eigenvalues of one step in the complex plane"), self)
        self.body.addWidget(self.plot)
        self._found: Inspection | None = None
        self._asked = False
        self.layers = Segmented([("0", "1")], self.tr("Layer"))
        self.layers.hide()
        self.which = Segmented(
            [
                ("both", self.tr("Both")),
                ("weights", self.tr("Wₕₕ")),
                ("jacobian", self.tr("Jacobian")),
            ],
            self.tr("Which eigenvalues"),
        )
        self.compute_button = QToolButton()
        self.compute_button.setProperty("framed", True)
        self.compute_button.setText(self.tr("Compute"))
        tall(self.compute_button, 24)
        self.compute_button.setStyleSheet("padding: 0 8px;")
        self.compute_button.setToolTip(
            self.tr("Over {0} rows this takes seconds, so it is done when you ask").format(
                ON_DEMAND_ROWS
            )
        )
        self.compute_button.clicked.connect(self._ask)
        for widget in (self.compute_button, self.layers, self.which):
            self.add_header_control(widget)
        self.compute_button.hide()
        self.which.changed.connect(self._show)
        self.layers.changed.connect(self._layer_chosen)
        self._show()

    def layer(self) -> int:
        """The layer shown, 0 is the lowest."""
        return int(self.layers.current())

    def set_view(self, view: RunView) -> None:
        """Another run: nothing is known yet."""
        self._found = None
        self._asked = False
        self.plot.growing = False
        self.plot.reach = LEAST_REACH
        count = view.config.num_layers
        self.layers.set_options([(str(n), str(n + 1)) for n in range(count)])
        self.layers.set_current(str(count - 1))
        self.layers.setVisible(count > 1)
        super().set_view(view)
        self._show()

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "One step of the recurrence as a linear map: each dot is a direction in which it "
            "stretches, shrinks or turns a small change of the state. Inside the circle "
            "changes and gradients fade from step to step, outside they grow; the farther "
            "from the real axis, the faster they turn."
        )

    def table(self) -> Table | None:
        """Every eigenvalue found, of the Jacobian and of W_hh."""
        found = self._found.spectrum if self._found is not None else None
        if found is None:
            return None
        parts = [("J", found.jacobian)]
        if found.weights is not None:
            parts.append(("W_hh", found.weights))
        values = np.concatenate([spectrum for _, spectrum in parts])
        names = [name for name, spectrum in parts for _ in spectrum]
        columns = ("matrix", "real part", "imaginary part", "modulus")
        return Table(columns, (names, values.real.copy(), values.imag.copy(), np.abs(values)))

    def reset_view(self) -> None:
        """Shows the eigenvalues of both matrices, at a scale that fits those of now."""
        self.which.set_current("both")
        self.plot.reach = LEAST_REACH
        self._show()

    def choices(self) -> dict[str, Any]:
        """Which eigenvalues, of which layer."""
        return {"which": self.which.current(), "layer": self.layer()}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes back what `choices` gave."""
        which, layer = choices.get("which"), choices.get("layer")
        if isinstance(which, str):
            self.which.set_current(which)
        if type(layer) is int and str(layer) in self.layers.options() and layer != self.layer():
            self.layers.set_current(str(layer))
            self._layer_chosen()
        self._show()

    def show_inspection(self, found: Inspection) -> None:
        """Takes over a spectrum of the layer shown; other findings are not for this panel."""
        if found.spectrum is not None and found.spectrum.layer == self.layer():
            self._found = found
            self._asked = False
            if self.isVisible():
                self._show()

    def show_growth(self, growing: bool) -> None:
        """Whether the gradient of the layer shown grows on its way back, as it was measured."""
        if growing != self.plot.growing:
            self.plot.growing = growing
            self.plot.update()

    def radius(self) -> float | None:
        """The spectral radius of the Jacobian shown."""
        found = self._found.spectrum if self._found is not None else None
        return None if found is None else found.radius

    def refresh(self) -> None:
        """Draws what was found while hidden."""
        self._show()

    def apply_theme(self) -> None:
        """The plot reads colours while it paints."""
        self.plot.relayout()

    def _layer_chosen(self) -> None:
        self._found = None
        self._asked = False
        self._show()
        self.layer_changed.emit(self.layer())

    def _ask(self) -> None:
        self._asked = True
        self.compute_requested.emit(self.layer())
        self._show()

    def on_demand(self) -> bool:
        """Whether the Jacobian is too large to be watched all the time."""
        return self.view is not None and plain_rows(self.view) > ON_DEMAND_ROWS

    def _show(self, *_: object) -> None:
        plot, view = self.plot, self.view
        cell = view.config.cell if view is not None else "gru"
        plot.token = cell_token(cell)
        plot.activation = view.config.activation if view is not None else "tanh"
        self.which.setVisible(cell == "rnn")
        plot.shown = self.which.current() if cell == "rnn" else "jacobian"
        self.compute_button.setVisible(self.on_demand())
        self.compute_button.setEnabled(not self._asked)
        found = self._found
        plot.spectrum = found.spectrum if found is not None else None
        plot.message = "" if plot.spectrum is not None else self._empty_words()
        if plot.spectrum is not None and not np.isfinite(plot.spectrum.jacobian).all():
            plot.spectrum = None
            plot.message = self.tr("The Jacobian is not finite any more")
        names = {
            "rnn": self.tr("the RNN"),
            "gru": self.tr("the GRU"),
            "lstm": self.tr("the LSTM, h and c"),
        }
        words = self.tr("one step of {0}").format(names.get(cell, cell.upper()))
        if view is not None and view.config.num_layers > 1:
            words = self.tr("layer {0}, {1}").format(self.layer() + 1, words)
        if found is not None:
            step = self.tr("step {0}").format(whole(found.step))
            self.set_clause(f"{words}, {step}", step)
        else:
            self.set_clause(words)
        self._grow_reach()
        plot.relayout()
        plot.fit()

    def _empty_words(self) -> str:
        if self.view is None:
            return self.tr("Load a text to see the eigenvalues")
        if self.on_demand() and not self._asked:
            return self.tr("A Jacobian of {0} rows takes seconds: press Compute").format(
                whole(plain_rows(self.view))
            )
        return self.tr("Computing…")

    def _grow_reach(self) -> None:
        """The axes grow in steps and do not shrink while a run goes on."""
        left, right, up = self.plot.reach
        for values in (self.plot.jacobian_shown(), self.plot.weights_shown()):
            if values is not None and np.isfinite(values).all():
                left = max(left, _grown(-float(values.real.min())))
                right = max(right, _grown(float(values.real.max())))
                up = max(up, _grown(float(np.abs(values.imag).max())))
        self.plot.reach = (left, right, up)


def _grown(reach: float) -> float:
    """How far an axis goes that should hold `reach`; eigenvalues can all be zero."""
    return min(grown(1.06 * reach), MOST_REACH) if reach > 1e-3 else 0.0
