"""The panels of what a step does to each group of parameters: gradient norms, update ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from rnnviz.panels import parameter_groups
from rnnviz.panels.axes import Floats
from rnnviz.panels.base import Panel
from rnnviz.panels.group_bars import RECENT, GroupBar, GroupBars, norm_text
from rnnviz.panels.number_text import two_figures, whole
from rnnviz.panels.parameter_groups import BY_LAYER, BY_MATRIX
from rnnviz.panels.ratio_plot import EMPTY_RANGE, POINTS, RatioCurve, RatioPlot, thinned
from rnnviz.panels.table import Table
from rnnviz.panels.ticks import Range, grown
from rnnviz.panels.translate import tr
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.session.norm_history import KINDS, NormHistory
from rnnviz.session.view import RunView

_WHISKERS = 4.0  # times the longest bar that the axis reaches for them


class _GroupPanel(Panel):
    """What both panels share: the measured norms, the way of grouping, the group pointed at.

    One of them shows the control for the grouping, the other one follows.
    """

    highlighted = Signal(str)
    grouping_changed = Signal(str)
    interval = 0.25

    def __init__(self, title: str, clause: str, parent: QWidget | None) -> None:
        super().__init__(title, clause, parent)
        self.norms = NormHistory()
        self.grouping = Segmented(
            [(BY_MATRIX, self.tr("matrices")), (BY_LAYER, self.tr("layers"))],
            self.tr("Group parameters by"),
            self,
        )
        self.grouping.hide()
        self.grouping.changed.connect(self.grouping_changed)
        self.grouping.changed.connect(self._changed)

    def set_norms(self, norms: NormHistory) -> None:
        """Draws another run's measured steps from now on."""
        self.norms = norms
        self._changed()

    def set_view(self, view: RunView) -> None:
        """Another run, whose measured steps come with `set_norms`."""
        self.norms = NormHistory()
        if view.config.num_layers == 1:
            self.grouping.set_current(BY_MATRIX)
        super().set_view(view)

    def set_grouping(self, by: str) -> None:
        """Matrices or layers; both panels show the same."""
        self.grouping.set_current(by)
        self._changed()

    def table(self) -> Table | None:
        """The norms of every parameter in every measured step that is kept."""
        norms = self.norms
        names, steps = list(norms.names), norms.steps
        if not len(steps):
            return None
        # From parameter by parameter to step by step.
        columns = [
            np.stack([norms.joint(kind, [name]) for name in names], axis=1).ravel()
            for kind in KINDS
        ]
        headings = ("step", "parameter", "gradient norm (L2)", "weight norm (L2)")
        return Table(
            (*headings, "update norm (L2)"),
            (np.repeat(steps, len(names)), names * len(steps), *columns),
        )

    def choices(self) -> dict[str, Any]:
        """How parameters are grouped."""
        return {"grouping": self.grouping.current()}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes back what `choices` gave."""
        by = choices.get("grouping")
        if by == BY_MATRIX or (by == BY_LAYER and self.layers() > 1):
            self.set_grouping(by)

    def layers(self) -> int:
        """Of the run shown."""
        return self.view.config.num_layers if self.view is not None else 1

    def groups(self, names: Sequence[str] | None = None) -> dict[str, list[str]]:
        """Names of parameters by group; of those measured, or of all the `names`."""
        wanted = self.norms.names if names is None else names
        return parameter_groups.groups(wanted, self.grouping.current())

    def set_highlight(self, group: str) -> None:
        """Fades all groups but one; empty for none."""
        raise NotImplementedError

    def _changed(self, *_: object) -> None:
        self.refresh()

    def empty_words(self) -> str:
        """What stands in an empty picture."""
        if self.view is None:
            return self.tr("Load a text and press Play")
        if self.view.training:
            return self.tr("Measuring the next step…")
        return self.tr("Press Play to see what a step does")


class GroupNormsPanel(_GroupPanel):
    """The gradient norm of each group in the newest measured step, before clipping."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Norm by parameter group"), "", parent)
        self.bars = GroupBars(self)
        self.bars.highlighted.connect(self.highlighted)
        self.add_header_control(self.grouping)
        self.body.addWidget(self.bars)
        self.refresh()

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "The size of the gradient of each group of parameters in the newest measured step, "
            "before clipping; whiskers show what was usual in the last 300. Shares are of the "
            "squared global norm, which is what clipping looks at."
        )

    def set_view(self, view: RunView) -> None:
        """Another run: its own axis."""
        self.grouping.setVisible(view.config.num_layers > 1)
        self.bars.top = 1e-12
        super().set_view(view)

    def reset_view(self) -> None:
        """Groups by matrix, here and in the panel that follows, on an axis that fits what is."""
        self.bars.top = 1e-12
        if self.grouping.current() != BY_MATRIX:
            self.set_grouping(BY_MATRIX)
            self.grouping_changed.emit(BY_MATRIX)
        self.refresh()

    def set_highlight(self, group: str) -> None:
        """Fades all groups but one; empty for none."""
        if group != self.bars.highlight:
            self.bars.highlight = group
            self.bars.update()

    def refresh(self) -> None:
        """Takes over the newest measured step."""
        bars, norms, view = self.bars, self.norms, self.view
        bars.bars = []
        bars.message = "" if len(norms) else self.empty_words()
        if view is not None:
            config = view.config.model_config(view.vocabulary.size)
            for group, names in self.groups(list(config.shapes())).items():
                found = norms.joint("gradients", names, RECENT) if len(norms) else np.empty(0)
                bars.bars.append(GroupBar(group, parameter_groups.shape_text(config, names), found))
        if not len(norms):
            bars.top = 1.0
        elif bars.bars:
            bars.total = math.hypot(*(bar.norm for bar in bars.bars))
            for bar in bars.bars:
                bar.share = (bar.norm / bars.total) ** 2 if bars.total > 0 else 0.0
            bars.measured = len(norms)
            self._fit()
            bars.clip_words = self._clip_words(bars.total)
        step = self.tr("step {0}").format(whole(int(norms.steps[-1]))) if len(norms) else ""
        words = self.tr("before clipping")
        if step:
            self.set_clause(f"{words}, {step}", step, words)
        else:
            self.set_clause(words)
        bars.setAccessibleDescription(
            bars.message or ", ".join(f"{bar.group} {norm_text(bar.norm)}" for bar in bars.bars)
        )
        bars.update()

    def _fit(self) -> None:
        """The axis holds bars and whiskers; it grows in steps and shrinks only by far."""
        bars = self.bars
        norm = max(bar.norm for bar in bars.bars)
        # The whisker of a few huge steps must not crush the bars: it leaves at the right.
        largest = max(norm, min(max(bar.high for bar in bars.bars), _WHISKERS * norm))
        wanted = grown(max(largest, 1e-12) * 1.02)
        if largest > bars.top or largest < 0.5 * bars.top:
            bars.top = wanted

    def _clip_words(self, total: float) -> str:
        assert self.view is not None
        in_force = self.view.in_force
        if in_force.clip_kind == "off":
            return self.tr("clip off")
        if in_force.clip_kind == "value":
            return self.tr("clipped by value at {0}").format(two_figures(in_force.clip_threshold))
        if total > in_force.clip_threshold:
            return self.tr("clipped to {0}").format(two_figures(in_force.clip_threshold))
        return self.tr("not clipped")


class UpdateRatioPanel(_GroupPanel):
    """How large the change of each group is against the group itself, at the measured steps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Update to weight ratio"), "", parent)
        self.set_clause(tr("‖Δw‖ / ‖w‖ per step"), tr("‖Δw‖ / ‖w‖"))
        self.plot = RatioPlot(self.tr("Update to weight ratio against steps"), self)
        self.plot.highlighted.connect(self.highlighted)
        self.plot.navigated.connect(self._navigated)
        self.plot.reset_requested.connect(self.reset_view)
        self.body.addWidget(self.plot)
        self._following = True
        self._seen: Range | None = None
        self.refresh()

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "How far one step moves each group of parameters, compared with their size. About "
            "one part in a thousand is usual, as a rule of thumb: far above it the learning "
            "rate may be too high, far below it that group hardly learns."
        )

    def set_view(self, view: RunView) -> None:
        """Another run: its own axes."""
        self._following, self._seen = True, None
        super().set_view(view)

    def set_highlight(self, group: str) -> None:
        """Fades all groups but one; empty for none."""
        if group != self.plot.highlight:
            self.plot.highlight = group
            self.plot.update()

    def apply_theme(self) -> None:
        """The plot reads colours while it paints."""
        self.plot.relayout()

    def reset_view(self) -> None:
        """Shows everything and keeps up with the run."""
        self._following, self._seen = True, None
        self.refresh()

    def _navigated(self) -> None:
        self._following = False

    def refresh(self) -> None:
        """Takes over what was measured since."""
        plot, norms = self.plot, self.norms
        plot.curves = []
        steps = norms.steps.astype(np.float64)
        for group, names in self.groups().items():
            weights, updates = norms.joint("weights", names), norms.joint("updates", names)
            good = (weights > 0) & (updates > 0) & np.isfinite(weights) & np.isfinite(updates)
            logs = np.log10(updates[good] / weights[good])
            plot.curves.append(RatioCurve(group, *thinned(steps[good], logs, POINTS)))
        plot.message = "" if any(len(c.steps) for c in plot.curves) else self.empty_words()
        if self._following:
            self._fit(steps)
        plot.relayout()

    def _fit(self, steps: Floats) -> None:
        """The whole run, and decades that hold nearly all of it and the usual range."""
        plot = self.plot
        logs = np.concatenate([c.logs for c in plot.curves] or [np.empty(0)])
        y = Range(-4.0, -2.0)
        if len(logs):
            low, high = np.percentile(logs, (0.5, 99.5))
            y = Range(
                min(math.floor(2 * (low - 0.1)) / 2, -3.7), max(math.ceil(2 * (high + 0.1)) / 2, -2)
            )
            if self._seen is not None:
                y = Range(min(y.low, self._seen.low), max(y.high, self._seen.high))
            self._seen = y
        else:
            y = EMPTY_RANGE
        last = float(steps[-1]) if len(steps) else 100.0
        first = float(steps[0]) if len(steps) and steps[0] > 0.5 * last else 0.0
        x = Range(first, grown(max(last, first + 10.0)) if first == 0 else max(last, first + 10.0))
        plot.x_limits, plot.y_limits = x, Range(y.low - 1, y.high + 1)
        plot.set_ranges(x, y)
