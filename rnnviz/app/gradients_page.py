"""The Gradients perspective: how gradients flow back in time and what they do to the weights."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from rnnviz.panels.base import Panel
from rnnviz.panels.eigenvalues import EigenvaluesPanel
from rnnviz.panels.gradient_flow import GradientFlowPanel
from rnnviz.panels.gradient_norm import GradientNormPanel
from rnnviz.panels.group_norms import GroupNormsPanel, UpdateRatioPanel
from rnnviz.panels.parameters import ParametersPanel
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.session.inspector import FLOW, PARAMETERS, SPECTRUM, Inspection
from rnnviz.session.norm_history import NormHistory
from rnnviz.session.view import RunView

# Sizes at 1600 x 1000; splitters scale them to the window.
_ROWS = (452, 416)
_TOP = (940, 592)
_BOTTOM = (464, 484, 576)


class GradientsPage(QWidget):
    """Lays the panels out, remembers sizes, and refreshes whichever is visible and due.

    The last place is shared by the update ratios and the parameters; both have the switch.
    """

    compute_requested = Signal(int)  # the spectrum of this layer, once

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.flow = GradientFlowPanel()
        self.eigenvalues = EigenvaluesPanel()
        self.gradient_norm = GradientNormPanel()
        self.group_norms = GroupNormsPanel()
        self.update_ratio = UpdateRatioPanel()
        self.parameters = ParametersPanel()
        self.panels: tuple[Panel, ...] = (
            self.flow,
            self.eigenvalues,
            self.gradient_norm,
            self.group_norms,
            self.update_ratio,
            self.parameters,
        )
        self.last_place = QStackedWidget()
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
        self._top = self._splitter(Qt.Orientation.Horizontal, (self.flow, self.eigenvalues))
        self._bottom = self._splitter(
            Qt.Orientation.Horizontal, (self.gradient_norm, self.group_norms, self.last_place)
        )
        self._rows = self._splitter(Qt.Orientation.Vertical, (self._top, self._bottom))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._rows)
        self._maximized: Panel | None = None
        self._due: dict[Panel, float] = dict.fromkeys(self.panels, 0.0)
        self._stale: set[Panel] = set()
        for panel in self.panels:
            panel.maximize_requested.connect(self._toggle_maximized_sender)
        self.eigenvalues.compute_requested.connect(self.compute_requested)
        self.group_norms.highlighted.connect(self._highlight)
        self.update_ratio.highlighted.connect(self._highlight)
        self.group_norms.grouping_changed.connect(self.update_ratio.set_grouping)
        self.reset_layout()

    def _splitter(self, orientation: Qt.Orientation, widgets: Iterable[QWidget]) -> QSplitter:
        splitter = QSplitter(orientation)
        splitter.setHandleWidth(8)
        splitter.setChildrenCollapsible(False)
        for index, widget in enumerate(widgets):
            splitter.addWidget(widget)
            splitter.setStretchFactor(index, 1)
        return splitter

    def _highlight(self, group: str) -> None:
        self.group_norms.set_highlight(group)
        self.update_ratio.set_highlight(group)

    def show_in_last_place(self, which: str) -> None:
        """The update ratios (`updates`) or the parameters (`weights`)."""
        had_focus = self.last_place.isAncestorOf(self.focusWidget() or self)
        weights = which == "weights"
        self.last_place.setCurrentWidget(self.parameters if weights else self.update_ratio)
        for switch in self._switches:
            switch.set_current("weights" if weights else "updates")
        if had_focus:
            self._switches[1 if weights else 0].setFocus()

    def in_last_place(self) -> str:
        """Which of the two is in the last place."""
        return self._switches[0].current()

    # Layout.

    def _splitters(self) -> tuple[tuple[str, QSplitter], ...]:
        return (("rows", self._rows), ("top", self._top), ("bottom", self._bottom))

    def reset_layout(self) -> None:
        """Sizes as designed."""
        self._restore_maximized()
        self._rows.setSizes(list(_ROWS))
        self._top.setSizes(list(_TOP))
        self._bottom.setSizes(list(_BOTTOM))

    def parts(self) -> tuple[str, ...]:
        """Names of the splitters."""
        return tuple(name for name, _ in self._splitters())

    def save_layout(self) -> dict[str, QByteArray]:
        """Splitter states by name."""
        self._restore_maximized()
        return {name: splitter.saveState() for name, splitter in self._splitters()}

    def restore_layout(self, states: dict[str, QByteArray]) -> None:
        """Takes back saved states; Qt ignores damaged ones."""
        for name, splitter in self._splitters():
            if not states.get(name, QByteArray()).isEmpty():
                splitter.restoreState(states[name])
                upright = Qt.Orientation.Vertical if name == "rows" else Qt.Orientation.Horizontal
                splitter.setOrientation(upright)

    def choices(self) -> dict[str, Any]:
        """What is chosen in each panel and how large they are, as JSON values."""
        found: dict[str, Any] = {panel.objectName(): panel.choices() for panel in self._choosers()}
        found["last_place"] = self.in_last_place()
        if self._maximized is None:
            found["sizes"] = {name: splitter.sizes() for name, splitter in self._splitters()}
        return found

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes back what `choices` gave, after `set_view`; nonsense changes nothing."""
        for panel in self._choosers():
            chosen = choices.get(panel.objectName())
            if isinstance(chosen, dict):
                panel.choose(chosen)
        if choices.get("last_place") in ("updates", "weights"):
            self.show_in_last_place(str(choices["last_place"]))
        sizes = choices.get("sizes")
        for name, splitter in self._splitters():
            wanted = sizes.get(name) if isinstance(sizes, dict) else None
            if (
                isinstance(wanted, list)
                and len(wanted) == splitter.count()
                and all(type(size) is int and 0 <= size < 100_000 for size in wanted)
            ):
                splitter.setSizes(wanted)

    def _choosers(
        self,
    ) -> tuple[
        GradientFlowPanel, EigenvaluesPanel, GroupNormsPanel, UpdateRatioPanel, ParametersPanel
    ]:
        """The panels in which there is something to choose."""
        return (
            self.flow,
            self.eigenvalues,
            self.group_norms,
            self.update_ratio,
            self.parameters,
        )

    def _toggle_maximized_sender(self) -> None:
        panel = self.sender()
        if isinstance(panel, Panel):
            self.toggle_maximized(panel)

    def toggle_maximized(self, panel: Panel) -> None:
        """Gives one panel the whole page, or gives it back."""
        if self._maximized is not None:
            self._restore_maximized()
            return
        self._maximized = panel
        for place in self._places():
            place.setVisible(place.isAncestorOf(panel) or place is panel)
        for row in (self._top, self._bottom):
            row.setVisible(row.isAncestorOf(panel))
        self.setFocus()

    def _places(self) -> tuple[QWidget, ...]:
        return (
            self.flow,
            self.eigenvalues,
            self.gradient_norm,
            self.group_norms,
            self.last_place,
        )

    def _restore_maximized(self) -> None:
        if self._maximized is None:
            return
        self._maximized = None
        for widget in (*self._places(), self._top, self._bottom):
            widget.show()

    # What it shows.

    def set_view(self, view: RunView, norms: NormHistory) -> None:
        """Shows another run in every panel."""
        for panel in self.panels:
            panel.set_view(view)
        self.group_norms.set_norms(norms)
        self.update_ratio.set_norms(norms)
        self.flow.show_radius(None)
        self._stale.clear()

    def looked_at(self) -> frozenset[str]:
        """Which findings of the inspector are in sight; none while the page is hidden."""
        parts = ((FLOW, self.flow), (SPECTRUM, self.eigenvalues), (PARAMETERS, self.parameters))
        return frozenset(part for part, panel in parts if panel.isVisible())

    def norms_are_seen(self) -> bool:
        """Whether the newest step's norms are in sight."""
        return self.group_norms.isVisible() or self.update_ratio.isVisible()

    def show_inspection(self, found: Inspection) -> None:
        """Hands what the inspector found to the panels."""
        self.flow.show_inspection(found)
        self.eigenvalues.show_inspection(found)
        self.parameters.show_inspection(found)
        if found.spectrum is not None:
            # The straight line it promises is that of one layer's plain recurrence.
            plain = found.spectrum.weights is not None and self.flow.layers() == 1
            self.flow.show_radius(found.spectrum.radius if plain else None)

    # Refreshing.

    def mark_stale(self) -> None:
        """There is something new for the panels that draw the course of the run."""
        self._stale.update((self.gradient_norm, self.group_norms, self.update_ratio))

    def refresh_due(self) -> None:
        """Redraws what is visible, has something new and was not drawn too recently.

        Hidden panels cost nothing: they catch up when they are shown.
        """
        now = time.monotonic()
        for panel in list(self._stale):
            if not panel.isVisible():
                self._stale.discard(panel)
            elif now >= self._due[panel]:
                panel.refresh()
                self._due[panel] = now + panel.interval
                self._stale.discard(panel)
