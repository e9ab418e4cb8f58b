"""The Gradient flow panel: how strongly the last loss depends on states ever further back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtWidgets import QWidget

from rnnviz.panels.base import Panel
from rnnviz.panels.flow_plot import FLOOR, FlowCurve, FlowPlot, cell_token
from rnnviz.panels.number_text import whole
from rnnviz.panels.table import Table
from rnnviz.panels.ticks import Range
from rnnviz.panels.translate import tr
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.panels.widgets.toggle import Toggle
from rnnviz.session.inspector import Inspection, flow_steps
from rnnviz.session.remark import FLOW, Remark
from rnnviz.session.view import RunView

_EMPTY_TOP = 1.0  # decimal logarithm


class GradientFlowPanel(Panel):
    """Gradient norms against steps back in time, of the newest weights or of the first ones."""

    interval = 0.5

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Gradient flow"), "", parent)
        self.plot = FlowPlot(self.tr("Size of the gradient against steps back in time"), self)
        self.body.addWidget(self.plot)
        self._found: Inspection | None = None
        self._remark: Remark | None = None  # of what was found
        self._radius: float | None = None
        self._following = True
        self._reach_seen = 0  # steps back shown so far
        self.signal = Segmented([("h", "h"), ("c", "c")], self.tr("State"))
        self.signal.set_tips(
            {
                "h": self.tr("h: hidden state, what the output sees"),
                "c": self.tr("c: cell state, the long memory of an LSTM"),
            }
        )
        self.when = Segmented(
            [("init", self.tr("At init")), ("now", self.tr("Now"))], self.tr("Which weights")
        )
        self.when.set_current("now")
        self.when.set_tips(
            {
                "init": self.tr("The weights this run began with"),
                "now": self.tr("The newest weights, looked at about every 200 steps"),
            }
        )
        self.log_toggle = Toggle(self.tr("log y"), self.tr("Logarithmic axis"))
        self.log_toggle.setToolTip(self.tr("Logarithmic axis"))
        self.log_toggle.setChecked(True)
        for widget in (self.signal, self.when, self.log_toggle):
            self.add_header_control(widget)
        self.signal.hide()
        self.signal.changed.connect(self._show)
        self.when.changed.connect(self._show)
        self.log_toggle.toggled.connect(self.set_log_y)
        self.plot.navigated.connect(self._navigated)
        self.plot.reset_requested.connect(self.reset_view)
        self._show()

    # What it shows.

    def set_view(self, view: RunView) -> None:
        """Another run: nothing is known yet."""
        self._found, self._radius, self._remark = None, None, None
        self._following = True
        self._reach_seen = 0
        super().set_view(view)
        self._show()

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "How strongly the loss at one character depends on the state so many steps before "
            "it: the median over 24 pieces of the text, and where 10 to 90% of them lie. The "
            "steeper the line falls, the shorter is the memory that training can teach; right "
            "of the dashed line training never looks."
        )

    def table(self) -> Table | None:
        """The norm of every window, layer, state and step back, of the newest and first weights."""
        found = self._found
        flows = (("now", found.flow), ("init", found.initial_flow)) if found is not None else ()
        rows = [
            (when, name, layer + 1, back, window + 1, float(value))
            for when, flow in flows
            if flow is not None
            for name, norms in flow.norms.items()
            for (layer, back, window), value in np.ndenumerate(norms)
            if math.isfinite(value)
        ]
        names = ("weights", "state", "layer", "steps back", "window", "norm of dL/dstate (nats)")
        return Table(names, tuple(zip(*rows, strict=True))) if rows else None

    def choices(self) -> dict[str, Any]:
        """Which weights, which state, and the kind of axis."""
        return {
            "when": self.when.current(),
            "signal": self.signal.current(),
            "log_y": self.plot.log_y,
        }

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes back what `choices` gave."""
        for control, name in ((self.when, "when"), (self.signal, "signal")):
            chosen = choices.get(name)
            if isinstance(chosen, str):
                control.set_current(chosen)
        log_y = choices.get("log_y")
        if isinstance(log_y, bool):
            self.set_log_y(log_y)
        self._show()

    def show_inspection(self, found: Inspection) -> None:
        """Takes over a flow; other findings are not for this panel."""
        if found.flow is not None:
            self._found, self._remark = found, None
            if self.isVisible():
                self._show()

    def remark(self) -> Remark | None:
        """How fast the top layer's gradient decays, now and at first; None before it is known."""
        found = self._found
        if found is None or found.flow is None or found.initial_flow is None:
            return None
        if self._remark is None:
            now, first = (
                FlowCurve(flow, "h", flow.layers - 1).halving
                for flow in (found.flow, found.initial_flow)
            )
            figures = {"halving": now, "halving_at_init": first}
            self._remark = Remark(FLOW, found.step, self.objectName(), figures)
        return self._remark

    def layers(self) -> int:
        """Of the run shown."""
        return self.view.config.num_layers if self.view is not None else 1

    def show_radius(self, radius: float | None) -> None:
        """The spectral radius of the step Jacobian, for the slope it promises; None hides it."""
        if radius != self._radius:
            self._radius = radius
            self._show()

    def refresh(self) -> None:
        """Draws what was found while hidden."""
        self._show()

    def apply_theme(self) -> None:
        """The plot reads colours while it paints."""
        self.plot.relayout()

    def set_log_y(self, on: bool) -> None:
        """Logarithmic or linear sizes."""
        self.log_toggle.setChecked(on)
        self.plot.log_y = on
        self._following = True
        self._show()

    def reset_view(self) -> None:
        """Shows the whole picture again."""
        self._following = True
        self._show()

    def _navigated(self) -> None:
        self._following = False

    def _show(self, *_: object) -> None:
        plot, view, found = self.plot, self.view, self._found
        cell = view.config.cell if view is not None else "gru"
        plot.token = cell_token(cell)
        self.signal.setVisible(cell == "lstm")
        plot.signal = self.signal.current() if cell == "lstm" else "h"
        plot.seq_len = view.config.seq_len if view is not None else 0
        at_init = self.when.current() == "init"
        plot.curves, plot.ghosts, plot.names = [], [], []
        plot.message = ""
        if found is None or found.flow is None or found.initial_flow is None:
            plot.message = self._empty_words()
        else:
            name = plot.signal
            flow = found.initial_flow if at_init else found.flow
            plot.curves = [FlowCurve(flow, name, layer) for layer in range(flow.layers)]
            if not at_init and found.step > 0:
                first = found.initial_flow
                plot.ghosts = [FlowCurve(first, name, first.layers - 1)]
                plot.ghost_words = self.tr("at init")
            plot.names = self._names(flow.layers, cell)
            if not any(np.isfinite(curve.median).any() for curve in plot.curves):
                plot.message = self.tr("The gradient is not a finite number any more")
        plot.rounding = view is not None and view.config.dtype == "float32"
        plot.radius = self._radius if not at_init else None
        shown = self.tr("at init") if at_init else ""
        if found is not None and not at_init:
            shown = self.tr("step {0}").format(whole(found.step))
        words = self.tr("size of ∂L/∂{0}, walking back from the last character").format(plot.signal)
        brief = self.tr("size of ∂L/∂{0}").format(plot.signal)
        if shown:
            self.set_clause(f"{words}, {shown}", f"{brief}, {shown}", shown)
        else:
            self.set_clause(words, brief)
        if self._following:
            self._fit()
        plot.relayout()

    def _names(self, layers: int, cell: str) -> list[str]:
        if layers == 1:
            return [cell.upper()]
        return [self.tr("Layer {0}").format(layer + 1) for layer in range(layers)]

    def _empty_words(self) -> str:
        view = self.view
        if view is None:
            return self.tr("Load a text to see how gradients flow")
        return self.tr("Going back through 24 pieces of the text…")

    def _fit(self) -> None:
        plot = self.plot
        seq_len = plot.seq_len or 50
        reach = len(plot.curves[0].median) - 1 if plot.curves else flow_steps(seq_len)
        values = np.concatenate(
            [np.concatenate([c.high, c.median]) for c in plot.curves + plot.ghosts] or [np.ones(1)]
        )
        values = values[np.isfinite(values)]
        largest = float(values.max()) if len(values) else 1.0
        if plot.log_y:
            top = math.ceil(math.log10(max(largest, FLOOR) * 1.15) * 2) / 2
            y = Range(math.log10(FLOOR), max(top, _EMPTY_TOP if not plot.curves else -6.0))
        else:
            y = Range(0.0, max(largest, 1e-12) * 1.08)
        plot.x_limits, plot.y_limits = Range(0.0, float(max(reach, 2))), y
        plot.set_ranges(Range(0.0, float(max(min(self._used(reach), reach), 2))), y)

    def _used(self, reach: int) -> int:
        """How far back there is something to see; never less than before in the same run."""
        plot = self.plot
        if plot.curves and plot.log_y:
            last = [
                np.flatnonzero(values > FLOOR)[-1:]
                for curve in plot.curves + plot.ghosts
                for values in (curve.high, curve.median)
            ]
            used = max(int(np.concatenate(last).max(initial=0)), round(1.3 * plot.seq_len))
            self._reach_seen = max(self._reach_seen, -(-(used + 2) // 10) * 10)
            return self._reach_seen
        return reach
