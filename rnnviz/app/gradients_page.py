"""The Gradients perspective: how gradients flow back in time and what they do to the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from rnnviz.app.panel_page import PanelPage, on_screen
from rnnviz.panels.base import Panel
from rnnviz.panels.eigenvalues import EigenvaluesPanel
from rnnviz.panels.flow_plot import FlowCurve
from rnnviz.panels.gradient_flow import GradientFlowPanel
from rnnviz.panels.gradient_norm import GradientNormPanel
from rnnviz.panels.group_norms import GroupNormsPanel, UpdateRatioPanel
from rnnviz.panels.parameters import ParametersPanel
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.probes.gradient_flow import GradientFlow
from rnnviz.session.inspector import FLOW, PARAMETERS, SPECTRUM, Inspection
from rnnviz.session.norm_history import NormHistory
from rnnviz.session.remark import Remark
from rnnviz.session.view import RunView

_ROWS = (452, 416)  # pixels at 1600 x 1000
_LAST_PLACE = 576


class GradientsPage(PanelPage):
    """The last place is shared by the update ratios and the parameters; both have the switch."""

    compute_requested = Signal(int)  # the spectrum of this layer, once

    least_width = 825
    captioned = True

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # In the order of reading; widths at 1600 x 1000, splitters scale them to the window.
        self.flow = self._add(GradientFlowPanel(), "top", 940)
        self.eigenvalues = self._add(EigenvaluesPanel(), "top", 592)
        self.gradient_norm = self._add(GradientNormPanel(), "bottom", 464)
        self.group_norms = self._add(GroupNormsPanel(), "bottom", 484)
        self.update_ratio = self._add(UpdateRatioPanel(), "last place", _LAST_PLACE)
        self.parameters = self._add(ParametersPanel(), "last place", _LAST_PLACE)
        self.lecture_panels = (self.flow, self.eigenvalues)
        self.last_place = QStackedWidget()
        self._in_last_place = "updates"
        self._switches: list[Segmented] = []
        for sharer in (self.update_ratio, self.parameters):
            switch = Segmented(
                [("updates", self.tr("Updates")), ("weights", self.tr("Weights"))],
                self.tr("What the panel shows"),
            )
            switch.changed.connect(self.show_in_last_place)
            sharer.add_header_control(switch)
            self._switches.append(switch)
            self.last_place.addWidget(sharer)
        self._measured: GradientFlow | None = None
        self.eigenvalues.compute_requested.connect(self.compute_requested)
        self.eigenvalues.layer_changed.connect(lambda _: self._tell_growth())
        self.group_norms.highlighted.connect(self._highlight)
        self.update_ratio.highlighted.connect(self._highlight)
        self.group_norms.grouping_changed.connect(self.update_ratio.set_grouping)
        columns, rows = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        self._top = self._split_added("top", columns)
        self._bottom = self._split_added("bottom", columns, (self.last_place, _LAST_PLACE))
        self._rows = self._split("rows", rows, (self._top, self._bottom), _ROWS)
        self._fill(self._rows)

    def _highlight(self, group: str) -> None:
        self.group_norms.set_highlight(group)
        self.update_ratio.set_highlight(group)

    def show_in_last_place(self, which: str) -> None:
        """The update ratios (`updates`) or the parameters (`weights`)."""
        had_focus = self.last_place.isAncestorOf(self.focusWidget() or self)
        weights = which == "weights"
        wanted = self.parameters if weights else self.update_ratio
        if wanted in self._out:  # it is in sight already
            wanted.window().raise_()
            for switch in self._switches:
                switch.set_current(self._in_last_place)
            return
        self._in_last_place = which
        self.last_place.setCurrentWidget(wanted)
        for switch in self._switches:
            switch.set_current("weights" if weights else "updates")
        if had_focus:
            self._switches[1 if weights else 0].setFocus()

    def in_last_place(self) -> str:
        """Which of the two is in the last place."""
        return self._in_last_place

    # Layout.

    def choices(self) -> dict[str, Any]:
        """What is chosen in each panel and how large they are, as JSON values."""
        return super().choices() | {"last_place": self.in_last_place()}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes back what `choices` gave, after `set_view`; nonsense changes nothing."""
        super().choose(choices)
        if choices.get("last_place") in ("updates", "weights"):
            self.show_in_last_place(str(choices["last_place"]))

    def _choosers(self) -> tuple[Panel, ...]:
        return tuple(panel for panel in self.panels if panel is not self.gradient_norm)

    def _arrange(self) -> None:
        """While one of the two that share a place is in a window, the other one has it."""
        away = {
            "updates": self.update_ratio in self._out,
            "weights": self.parameters in self._out,
        }
        if away[self._in_last_place] and not all(away.values()):
            self.show_in_last_place("weights" if away["updates"] else "updates")
        super()._arrange()

    def put_back(self, panel: Panel) -> None:
        """Takes a panel back to where it was; of two that share a place, to the front."""
        returns = self.is_out(panel)
        super().put_back(panel)
        if returns and self.last_place.isAncestorOf(panel):
            self.show_in_last_place("weights" if panel is self.parameters else "updates")

    def _places(self) -> tuple[QWidget, ...]:
        return (
            self.flow,
            self.eigenvalues,
            self.gradient_norm,
            self.group_norms,
            self.last_place,
        )

    # What it shows.

    def set_view(self, view: RunView, norms: NormHistory) -> None:
        """Shows another run in every panel."""
        self._measured = None
        self._show_run(view)
        self.group_norms.set_norms(norms)
        self.update_ratio.set_norms(norms)
        self.flow.show_radius(None)

    def remark(self) -> Remark | None:
        """How the gradient flows back, once that is known."""
        found, radius = self.flow.remark(), self.eigenvalues.radius()
        if found is None or radius is None:
            return found
        return replace(found, figures={**found.figures, "radius": radius})

    def looked_at(self) -> frozenset[str]:
        """Which findings of the inspector are in sight, on the page or in windows."""
        parts = ((FLOW, self.flow), (SPECTRUM, self.eigenvalues), (PARAMETERS, self.parameters))
        return frozenset(part for part, panel in parts if on_screen(panel))

    def norms_are_seen(self) -> bool:
        """Whether the newest step's norms are in sight."""
        return on_screen(self.group_norms) or on_screen(self.update_ratio)

    def show_inspection(self, found: Inspection) -> None:
        """Hands what the inspector found to the panels."""
        self.flow.show_inspection(found)
        self.eigenvalues.show_inspection(found)
        self.parameters.show_inspection(found)
        if found.flow is not None:
            self._measured = found.flow
            self._tell_growth()
        if found.spectrum is not None:
            # The straight line it promises is that of one layer's plain recurrence.
            plain = found.spectrum.weights is not None and self.flow.layers() == 1
            self.flow.show_radius(found.spectrum.radius if plain else None)

    def _tell_growth(self) -> None:
        """A mean Jacobian alone can promise what the steps one by one do not keep."""
        if self._measured is not None:
            curve = FlowCurve(self._measured, "h", self.eigenvalues.layer())
            self.eigenvalues.show_growth(curve.halving < 0)

    # Refreshing.

    def mark_stale(self) -> None:
        """There is something new for the panels that draw the course of the run."""
        self._stale.update((self.gradient_norm, self.group_norms, self.update_ratio))
