"""The Loss panel: raw, smoothed and held-out loss of the run, with the n-gram reference lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.base import Panel
from rnnviz.panels.loss_axis import enough_loss, held_losses, log_loss_range, loss_range
from rnnviz.panels.loss_controls import LossControls
from rnnviz.panels.loss_plot import LossPlot
from rnnviz.panels.loss_points import LossPoints
from rnnviz.panels.loss_table import loss_table
from rnnviz.panels.loss_words import loss_clauses, loss_in_words, validation_tip
from rnnviz.panels.table import Table
from rnnviz.panels.theme import px, row
from rnnviz.panels.ticks import Range, grown
from rnnviz.panels.translate import tr
from rnnviz.panels.widgets.smoothing_control import SMOOTHING_RANGE
from rnnviz.session.history import ALONG
from rnnviz.session.reference_lines import Reference, references
from rnnviz.session.smoothing import SmoothedSeries
from rnnviz.session.view import RunView

Floats = NDArray[np.float64]

_RAW_ONLY_STEPS = 20  # before that a smoothed curve is the raw one
_LOW = 200  # panel height in pixels below which parts are left out
_AHEAD = 0.03  # of a zoomed picture that follows is free to the right of the newest step
_MARKED = ("lr", "clip", "optimizer", "resumed", "weights")

# What the picture shows of a run: all of it; a part, moving along with the newest step; a part.
_ALL, _ALONG, _PART = "all", "along", "part"


class LossPanel(Panel):
    """Loss of the current run against steps, characters or time, live."""

    interval = 0.1
    sample_asked = Signal(object)  # the Sample nearest to a validation that was clicked

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Loss"), "", parent)
        self.plot = LossPlot(self.tr("Loss against steps"), self)
        self.plot.empty_text = self.tr("Load a text to see the loss")
        self.plot.set_ranges(self.plot.x_range, Range(1.5, 4.5))
        self.body.addWidget(self.plot)
        self._hidden: set[str] = set()
        self._shows = _ALL
        self._smoothed: SmoothedSeries | None = None  # None: as the run reports it
        self._drawn_key: tuple[object, ...] = ()
        self._words_key: tuple[object, ...] = ()
        self._seen_y: Range | None = None  # of the data so far, in nats
        self._points = LossPoints(self.plot)
        # Controls that lack room give way; they must not keep the panel from becoming narrow.
        self._header.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.controls = LossControls(self)
        self.controls.unit_chosen.connect(self.set_unit)
        self.controls.axis_chosen.connect(self.set_axis)
        self.controls.log_x_chosen.connect(self.set_log_x)
        self.controls.log_y_chosen.connect(self.set_log_y)
        self.controls.smoothing_chosen.connect(self.set_smoothing)
        self.controls.line_chosen.connect(self.set_line_shown)
        self.controls.follow_asked.connect(self.follow)
        self.controls.line_menu.aboutToShow.connect(self._fill_line_menu)
        self._clauses: list[str] = []  # the same words, from long to short
        self._clause.installEventFilter(self)
        self.plot.navigated.connect(self._navigated)
        self.plot.reset_requested.connect(self.follow)
        self.plot.line_clicked.connect(lambda line: self.set_line_shown(line, False))
        self.plot.dot_clicked.connect(self._ask_for_sample)
        self.plot.axis_clicked.connect(self._offer_axes)

    def _fill_line_menu(self) -> None:
        lines = references(self.view) if self.view is not None else []
        self.controls.fill_lines(lines, self._hidden, self.plot.unit)

    def _offer_axes(self, at: QPointF) -> None:
        self.controls.offer_axes(self.plot.mapToGlobal(at.toPoint()))

    # What the user chooses.

    def unit(self) -> str:
        """nats, bits or perplexity."""
        return self.plot.unit

    def set_unit(self, unit: str) -> None:
        """nats, bits or perplexity; of anything else nothing comes."""
        if unit not in self.controls.units.options() or unit == self.plot.unit:
            return
        was_log = self.plot.y_is_log()
        self.controls.show_unit(unit)
        self.plot.unit = unit
        if self.plot.y_is_log() != was_log:
            self._turn_y(was_log)
        self._show_choices()
        self._redraw()

    def set_log_x(self, on: bool) -> None:
        """Logarithmic or linear; a zoomed view keeps the steps it shows."""
        self._set_axis(self.plot.axis.kind, on)

    def set_axis(self, kind: str) -> None:
        """Steps, characters or seconds to the right; a zoomed view keeps the steps it shows."""
        if kind in ALONG:
            self._set_axis(kind, self.plot.axis.log)

    def _set_axis(self, kind: str, log: bool) -> None:
        plot = self.plot
        if (kind, log) != (plot.axis.kind, plot.axis.log):
            low, high = (plot.to_step(x) for x in plot.x_range)
            plot.axis.kind, plot.axis.log = kind, log
            if self._shows != _ALL:
                x = Range(plot.x_of(max(low, 1.0)), plot.x_of(high))
                if x.span > 0:
                    plot.set_ranges(x, plot.y_range)
                else:
                    self._shows = _ALL
        self._show_choices()
        self._redraw()

    def set_log_y(self, on: bool) -> None:
        """Logarithmic or linear loss; a zoomed view keeps the losses it shows."""
        was_log = self.plot.y_is_log()
        self.plot.log_y = on
        if self.plot.y_is_log() != was_log:
            self._turn_y(was_log)
        self._show_choices()
        self._redraw()

    def _turn_y(self, was_log: bool) -> None:
        low, high = self.plot.y_range
        if was_log:
            low, high = 10.0**low, 10.0 ** min(high, 300.0)
        else:
            low, high = self.plot.y_of(max(low, 0.1)), self.plot.y_of(max(high, 0.2))
        if high > low:
            self.plot.set_ranges(self.plot.x_range, Range(low, high))

    def set_smoothing(self, window: int) -> None:
        """Averages the loss over up to so many steps; 1 shows it raw alone."""
        low, high = SMOOTHING_RANGE
        window = min(max(window, low), high)
        if self.view is None:
            return
        config = self.view.config
        if window == config.smoothing:
            self._smoothed = None  # the run has worked it out already
        elif self._smoothed is None or self._smoothed.window != window:
            self._smoothed = SmoothedSeries(self.view.history.loss, window)
        self.controls.smoothing.set_value(window)
        self._redraw()

    def set_line_shown(self, key: str, shown: bool) -> None:
        """Shows or hides a reference line: uniform, 2, 3 or 5."""
        (self._hidden.discard if shown else self._hidden.add)(key)
        self._redraw()

    def follow(self) -> None:
        """Shows the whole run and keeps up with it."""
        self._shows = _ALL
        self._seen_y = None
        self.plot.forget_label_places()
        self.controls.follow_button.hide()
        self._redraw()

    def reset_view(self) -> None:
        """Shows the whole run and all reference lines."""
        self._hidden.clear()
        self.follow()

    def choices(self) -> dict[str, Any]:
        """Unit, axes, smoothing, hidden lines and, unless it is all, what is shown of the run."""
        plot = self.plot
        shown = (*plot.x_range, *plot.y_range)
        return {
            "unit": plot.unit,
            "log_x": plot.axis.log,
            "log_y": plot.log_y,
            "along": plot.axis.kind,
            "smoothing": self._smoothed.window if self._smoothed is not None else 0,
            "hidden": sorted(self._hidden),
            "zoom": [] if self._shows == _ALL else [float(value) for value in shown],
        }

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes them back."""
        unit, hidden, zoom = (choices.get(name) for name in ("unit", "hidden", "zoom"))
        if unit in self.controls.units.options():
            self.set_unit(str(unit))
        self.set_log_x(choices.get("log_x") is not False)
        self.set_log_y(choices.get("log_y") is True)
        along = choices.get("along")
        self.set_axis(along if isinstance(along, str) and along in ALONG else "step")
        window = choices.get("smoothing")
        low, high = SMOOTHING_RANGE
        if self.view is not None:
            if type(window) is not int or not low <= window <= high:
                window = self.view.config.smoothing
            self.set_smoothing(window)
        if isinstance(hidden, list):
            self._hidden = {key for key in hidden if isinstance(key, str)}
        if isinstance(zoom, list) and len(zoom) == 4 and all(type(v) is float for v in zoom):
            x, y = Range(zoom[0], zoom[1]), Range(zoom[2], zoom[3])
            if np.isfinite(zoom).all() and x.span > 0 and y.span > 0:
                self.plot.set_ranges(x, y)
                self._navigated()
        self._redraw()

    def _show_choices(self) -> None:
        """The controls say what is in force."""
        plot = self.plot
        self.controls.show_axes(plot.axis.kind, plot.axis.log, plot.log_y, plot.unit)
        name = {
            "step": self.tr("Loss against steps"),
            "characters": self.tr("Loss against characters read"),
            "seconds": self.tr("Loss against training time"),
        }
        plot.setAccessibleName(name[plot.axis.kind])
        plot.relayout()

    def following(self) -> bool:
        """Whether the picture keeps up with the run."""
        return self._shows != _PART

    def _navigated(self) -> None:
        """A part that holds the newest step goes on following it."""
        x = self.plot.x_range
        newest = self.plot.x_of(self.view.step) if self.view is not None else math.inf
        self._shows = _ALONG if x.low < newest <= x.high else _PART
        self.controls.follow_button.setVisible(self._shows == _PART)
        self._redraw()

    def _ask_for_sample(self, step: int) -> None:
        samples = self.view.history.samples if self.view is not None else []
        if samples:
            self.sample_asked.emit(min(samples, key=lambda sample: abs(sample.step - step)))

    def _redraw(self) -> None:
        self._drawn_key = ()
        self.refresh()

    # Drawing.

    def set_view(self, view: RunView) -> None:
        """Another run: its own axes, from the beginning."""
        self._shows = _ALL
        self._seen_y = None
        self._drawn_key = ()
        self._smoothed = None
        self.plot.axis.history = view.history
        self.controls.smoothing.set_default(view.config.smoothing)
        self.controls.smoothing.set_value(view.config.smoothing)
        self.controls.follow_button.hide()
        super().set_view(view)

    def apply_theme(self) -> None:
        """The plot reads colours while it paints."""
        self.controls.follow_button.setFixedHeight(row(24))
        self._arrange()
        self.plot.relayout()

    def refresh(self) -> None:
        """Takes over what is new in the run."""
        view = self.view
        if view is None:
            return
        history = view.history
        key = (
            len(history),
            len(history.validations),
            len(history.events),
            view.references,
            view.state,
            self.plot.size(),
        )
        if key == self._drawn_key:
            return
        self._drawn_key = key
        plot = self.plot
        plot.split_label = view.split_label
        lines = references(view)
        plot.lines = [line for line in lines if line.id not in self._hidden]
        if self.height() < px(_LOW):
            plot.lines = plot.lines[:1] + plot.lines[1:][-2:]
        plot.raw_only = view.step < _RAW_ONLY_STEPS or self.controls.smoothing.value() == 1
        plot.means = self._smoothed.update() if self._smoothed is not None else history.smoothed
        self._take_ends(view)
        plot.events = [e for e in history.events if e.kind in _MARKED]
        diverged = [e.step for e in history.events if e.kind == "diverged"]
        plot.diverged_at = diverged[-1] if diverged else None
        plot.empty_text = "" if len(history) or view.training else self.tr("Press Play")
        plot.measure_again()
        self._fit(lines)
        since = self._points.take_curves(history)
        self._points.take_dots(history)
        self._set_words(view, lines)
        plot.show_changes(since)
        plot.point_again()

    def _take_ends(self, view: RunView) -> None:
        plot, last = self.plot, view.history.last
        plot.last_train = None
        if last is not None:
            plot.last_train = (float(last.step), last.loss if plot.raw_only else self._mean(view))
        plot.last_validation = None
        if view.history.validations:
            newest = view.history.validations[-1]
            plot.last_validation = (float(newest.step), newest.loss)

    def _mean(self, view: RunView) -> float:
        """The newest smoothed loss."""
        last, means = view.history.last, self.plot.means
        assert last is not None
        if self._smoothed is None or means is None or not len(means):
            return last.smoothed
        return float(means.values[-1])

    # The axes.

    def _fit(self, lines: list[Reference]) -> None:
        plot = self.plot
        y = self._whole_y(lines)
        x = self._whole_x()
        plot.x_limits = Range(x.low, x.high + (1.0 if plot.axis.log else x.span))
        floor = y.low if plot.y_is_log() else min(0.0, y.low)
        plot.y_limits = Range(floor - y.span, y.high + 2 * y.span)
        if self._shows == _ALL:
            plot.set_ranges(x, y)
        elif self._shows == _ALONG and self.view is not None:
            shown = plot.x_range
            beyond = plot.x_of(self.view.step) - (shown.high - _AHEAD * shown.span)
            if beyond > 0:
                plot.set_ranges(Range(shown.low + beyond, shown.high + beyond), plot.y_range)

    def _whole_x(self) -> Range:
        """From the first step to the newest, growing in steps."""
        plot, view = self.plot, self.view
        assert view is not None
        axis = plot.axis
        newest = axis.value_of(max(view.step, plot.diverged_at or 0))
        least = axis.least()
        end = grown(max(newest, 10.0 * least if axis.log else 10.0))
        return Range(axis.at(least), axis.at(end))

    def _whole_y(self, lines: list[Reference]) -> Range:
        """Holds everything but spikes, growing in steps; while following it never shrinks."""
        plot, view = self.plot, self.view
        assert view is not None
        history = view.history
        values = [np.array([line.nats for line in lines] + [v.loss for v in history.validations])]
        if len(history):
            values.append(np.array(history.loss.range()))
        last = history.last
        newest = last.smoothed if last is not None else None
        enough = enough_loss(lines[0].nats, newest)
        held, plot.peak = held_losses(np.concatenate(values), enough, self._seen_y)
        if not len(history):
            held = Range(min(held.low, 1.5), held.high)
        self._seen_y = held
        if plot.y_is_log():
            return log_loss_range(plot.y_of(held.low), plot.y_of(held.high))
        return loss_range(held.low, held.high)

    # Words.

    def _set_words(self, view: RunView, lines: list[Reference]) -> None:
        history, plot = view.history, self.plot
        plot.setAccessibleDescription(
            loss_in_words(plot.last_train, plot.last_validation, plot.unit, plot.split_label)
        )
        key = (history, len(history.validations), lines, plot.unit, view.split_label)
        if key == self._words_key:
            return
        self._words_key = key
        split, unit = view.split_label, plot.unit
        self._clauses = loss_clauses(split, unit, lines, history.validations)
        self._choose_clause()
        if history.validations:
            plot.validation_tip = validation_tip(history.validations[-1], unit, split)

    def _choose_clause(self) -> None:
        """The longest clause that fits: the split comes first and is never lost."""
        room, metrics = self._clause.width(), self._clause.fontMetrics()
        for text in self._clauses:
            if metrics.horizontalAdvance(text) <= room or text == self._clauses[-1]:
                self.set_clause(text)
                return

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The clause is chosen anew when its room changes."""
        if watched is self._clause and event.type() == QEvent.Type.Resize:
            self._choose_clause()
        return super().eventFilter(watched, event)

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "How surprised the network is by each next character, on average: the pale line is "
            "each training step, the strong one its running mean over the steps before, the dots "
            "are text it does not learn from. Lower is better; below a dashed line it beats a "
            "table that counts so many characters in a row, and dots that rise while the line "
            "falls mean it learns by heart."
        )

    def table(self) -> Table | None:
        """Every step of the run, with the validation loss of the steps that have one."""
        if self.view is None:
            return None
        history = self.view.history
        means = self._smoothed.update() if self._smoothed is not None else history.smoothed
        return loss_table(history, means, self.controls.smoothing.value(), self.view.split_label)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Small panels leave parts out."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        self.controls.arrange(self.width())
        self._redraw()
