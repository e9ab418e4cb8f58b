"""The Loss panel: raw, smoothed and held-out loss of the run, with the n-gram reference lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, Signal
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolButton, QWidget

from rnnviz.panels.base import Panel
from rnnviz.panels.loss_axis import enough_loss, held_losses, log_loss_range, loss_range
from rnnviz.panels.loss_plot import LossPlot
from rnnviz.panels.loss_table import loss_table
from rnnviz.panels.loss_units import loss_text, unit_words
from rnnviz.panels.number_text import whole
from rnnviz.panels.table import Table
from rnnviz.panels.theme import px, row
from rnnviz.panels.ticks import Range, grown
from rnnviz.panels.translate import tr
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.panels.widgets.smoothing_control import SMOOTHING_RANGE, SmoothingControl
from rnnviz.panels.widgets.toggle import Toggle
from rnnviz.session.history import ALONG, History
from rnnviz.session.reference_lines import Reference, below_since, references
from rnnviz.session.series import Series
from rnnviz.session.smoothing import SmoothedSeries
from rnnviz.session.thinned import ThinnedCurve
from rnnviz.session.view import RunView

Floats = NDArray[np.float64]

_RAW_ONLY_STEPS = 20  # before that a smoothed curve is the raw one
_LOW = 200  # panel height in pixels below which parts are left out
# Widths of the panel below which a control is in the menu alone.
_UNITS_FROM, _LOG_Y_FROM, _SMOOTHING_FROM = 420, 640, 760
_AHEAD = 0.03  # of a zoomed picture that follows is free to the right of the newest step
_MARKED = ("lr", "clip", "optimizer", "resumed", "weights")

_NOTHING = ThinnedCurve(Series(), Series(), 0.0, 1.0, 1)

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
        self._curves_key: tuple[object, ...] = ()  # of what the next ones are
        self._raw = self._smooth = _NOTHING
        self._dots_key: tuple[object, ...] = ()
        self._words_key: tuple[object, ...] = ()
        self._seen_y: Range | None = None  # of the data so far, in nats
        self._make_controls()
        self._clauses: list[str] = []  # the same words, from long to short
        self._clause.installEventFilter(self)
        self._fill_menu()
        self.plot.navigated.connect(self._navigated)
        self.plot.reset_requested.connect(self.follow)
        self.plot.line_clicked.connect(lambda line: self.set_line_shown(line, False))
        self.plot.dot_clicked.connect(self._ask_for_sample)
        self.plot.axis_clicked.connect(self._offer_axes)

    def _make_controls(self) -> None:
        # Controls that lack room give way; they must not keep the panel from becoming narrow.
        self._header.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.follow_button = QToolButton()
        self.follow_button.setProperty("framed", True)
        self.follow_button.setText(self.tr("Follow"))
        self.follow_button.setToolTip(self.tr("Show the whole run and keep up with it again"))
        self.follow_button.setStyleSheet("padding: 0 8px;")
        self.follow_button.clicked.connect(self.follow)
        self.follow_button.hide()
        self.units = Segmented(
            [
                ("nats", self.tr("nats")),
                ("bits", self.tr("bits")),
                ("perplexity", self.tr("perplexity")),
            ],
            self.tr("Unit of the loss"),
        )
        self.units.set_tips(
            {
                "nats": self.tr("Natural logarithm, per character"),
                "bits": self.tr("Base 2 logarithm, per character"),
                "perplexity": self.tr("e to the loss in nats: as unsure as among so many"),
            }
        )
        self.log_toggle = Toggle(self.tr("log x"), self.tr("Logarithmic x axis"))
        self.log_toggle.setToolTip(self.tr("Logarithmic x axis (Ctrl+L)"))
        self.log_toggle.setChecked(True)
        self.log_y_toggle = Toggle(self.tr("log y"), self.tr("Logarithmic loss axis"))
        self.smoothing = SmoothingControl(1)
        for widget in (
            self.follow_button,
            self.smoothing,
            self.units,
            self.log_toggle,
            self.log_y_toggle,
        ):
            self.add_header_control(widget)
        self.units.changed.connect(self.set_unit)
        self.log_toggle.toggled.connect(self.set_log_x)
        self.log_y_toggle.toggled.connect(self.set_log_y)
        self.smoothing.edited.connect(self.set_smoothing)

    def _fill_menu(self) -> None:
        self.menu.addSeparator()
        self._unit_actions: dict[str, QAction] = {}
        units = self.menu.addMenu(self.tr("Unit"))
        for unit in self.units.options():
            action = units.addAction(unit)
            action.setCheckable(True)
            action.setChecked(unit == self.plot.unit)
            action.triggered.connect(lambda _=False, chosen=unit: self.set_unit(chosen))
            self._unit_actions[unit] = action
        self._axis_menu = self.menu.addMenu(self.tr("The x axis counts"))
        self._axis_actions: dict[str, QAction] = {}
        group = QActionGroup(self)
        names = (self.tr("Steps"), self.tr("Characters read"), self.tr("Training time"))
        for kind, name in zip(ALONG, names, strict=True):
            action = self._axis_menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(kind == self.plot.axis.kind)
            action.triggered.connect(lambda _=False, chosen=kind: self.set_axis(chosen))
            group.addAction(action)
            self._axis_actions[kind] = action
        self._log_action = self.menu.addAction(self.tr("Logarithmic x axis"))
        self._log_action.setCheckable(True)
        self._log_action.setChecked(True)
        self._log_action.toggled.connect(self.set_log_x)
        self._log_y_action = self.menu.addAction(self.tr("Logarithmic loss axis"))
        self._log_y_action.setCheckable(True)
        self._log_y_action.toggled.connect(self.set_log_y)
        self.menu.addAction(self.tr("Smoothing…"), self._offer_smoothing)
        self._line_menu = QMenu(self.tr("Reference lines"), self.menu)
        self.menu.addMenu(self._line_menu)
        self._line_menu.aboutToShow.connect(self._fill_line_menu)

    def _fill_line_menu(self) -> None:
        self._line_menu.clear()
        if self.view is None:
            return
        for line in references(self.view):
            text = f"{line.name} {loss_text(line.nats, self.plot.unit)}"
            action = self._line_menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(line.id not in self._hidden)
            action.toggled.connect(lambda on, key=line.id: self.set_line_shown(key, on))

    def _offer_axes(self, at: QPointF) -> None:
        self._axis_menu.popup(self.plot.mapToGlobal(at.toPoint()))

    def _offer_smoothing(self) -> None:
        self.smoothing.popup.popup(self.mapToGlobal(self._header.geometry().bottomLeft()))

    # What the user chooses.

    def set_unit(self, unit: str) -> None:
        """nats, bits or perplexity; of anything else nothing comes."""
        if unit not in self._unit_actions or unit == self.plot.unit:
            return
        was_log = self.plot.y_is_log()
        self.units.set_current(unit)
        self.plot.unit = unit
        for key, action in self._unit_actions.items():
            action.setChecked(key == unit)
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
        self.smoothing.set_value(window)
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
        self.follow_button.hide()
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
            "unit": self.units.current(),
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
        if unit in self.units.options():
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
        for control in (self.log_toggle, self._log_action):
            control.setChecked(plot.axis.log)
        self._axis_actions[plot.axis.kind].setChecked(True)
        already = plot.unit == "perplexity"
        for control in (self.log_y_toggle, self._log_y_action):
            control.blockSignals(True)
            control.setChecked(plot.log_y)
            control.setEnabled(not already)
            control.blockSignals(False)
        self.log_y_toggle.update()
        self.log_y_toggle.setToolTip(
            self.tr("The axis of perplexity is logarithmic as it is: perplexity is e to the loss")
            if already
            else self.tr("Logarithmic loss axis")
        )
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
        self.follow_button.setVisible(self._shows == _PART)
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
        self.smoothing.set_default(view.config.smoothing)
        self.smoothing.set_value(view.config.smoothing)
        self.follow_button.hide()
        super().set_view(view)

    def apply_theme(self) -> None:
        """The plot reads colours while it paints."""
        self.follow_button.setFixedHeight(row(24))
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
        plot.raw_only = view.step < _RAW_ONLY_STEPS or self.smoothing.value() == 1
        plot.means = self._smoothed.update() if self._smoothed is not None else history.smoothed
        self._take_ends(view)
        plot.events = [e for e in history.events if e.kind in _MARKED]
        diverged = [e.step for e in history.events if e.kind == "diverged"]
        plot.diverged_at = diverged[-1] if diverged else None
        plot.empty_text = "" if len(history) or view.training else self.tr("Press Play")
        plot.measure_again()
        self._fit(lines)
        since = self._take_curves(history)
        self._take_dots(history)
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

    def _take_curves(self, history: History) -> float | None:
        """The value of the x axis up to which they are as they were; None: they are others."""
        plot, axis = self.plot, self.plot.axis
        if not len(history):
            plot.raw = plot.smooth = (np.empty(0), np.empty(0))
            self._curves_key = ()
            return None
        columns = max(int(plot.area().width()), 16)
        key = (history, plot.means, plot.x_range, columns, axis.kind, axis.log, plot.raw_only)
        same = key == self._curves_key
        if not same:
            self._curves_key = key
            counted: Series = getattr(history, axis.kind)
            low, high = (axis.value_at(x) for x in plot.x_range)
            self._raw = ThinnedCurve(counted, history.loss, low, high, columns, axis.log)
            means = plot.means if not plot.raw_only and plot.means is not None else Series()
            self._smooth = ThinnedCurve(counted, means, low, high, columns // 2, axis.log)
        first, first_smooth = self._raw.update(), self._smooth.update()
        x, minima, maxima = self._raw.points()
        if np.array_equal(minima, maxima):
            plot.raw = _finite(x, minima)
        else:
            plot.raw = _finite(np.repeat(x, 2), np.stack([minima, maxima], axis=1).ravel())
        smooth_x, minima, maxima = self._smooth.points()
        plot.smooth = _finite(smooth_x, (minima + maxima) / 2)
        if not same or first < 1 or (len(smooth_x) and first_smooth < 1):
            return None
        since = float(x[first - 1])
        return min(since, float(smooth_x[first_smooth - 1])) if len(smooth_x) else since

    def _take_dots(self, history: History) -> None:
        plot, axis = self.plot, self.plot.axis
        count = len(history.validations)
        key = (history, count, axis.kind, axis.log, plot.x_range, plot.area())
        if key == self._dots_key:
            return
        self._dots_key = key
        steps = np.array([v.step for v in history.validations], dtype=np.float64)
        losses = np.array([v.loss for v in history.validations])
        places = axis.values_of(steps) if count else steps
        # Dots closer than 4 pixels hide each other: one of them, and always the newest, stays.
        cell = np.floor(plot.pixel_x(axis.plotted(places)) / 4)
        kept = np.append(cell[1:] != cell[:-1], True)[:count]
        low, high = (axis.value_at(x) for x in plot.x_range)
        kept &= (places >= low) & (places <= high) & np.isfinite(losses)
        plot.dots, plot.dot_steps = (places[kept], losses[kept]), steps[kept]

    # Words.

    def _set_words(self, view: RunView, lines: list[Reference]) -> None:
        history = view.history
        self.plot.setAccessibleDescription(self._in_words())
        key = (history, len(history.validations), lines, self.plot.unit, view.split_label)
        if key == self._words_key:
            return
        self._words_key = key
        split = view.split_label
        unit = unit_words(self.plot.unit)
        crossed = below_since(lines, history.validations)
        variants = [self.tr("{0}, {1}").format(split, unit), split]
        if crossed is not None:
            line, step = crossed
            table = line.name
            if line.id != "uniform":
                table = self.tr("the {0} table").format(line.name)
            variants = [  # from long to short
                self.tr("{0}: validation below {1} since step {2}").format(
                    split, table, whole(step)
                ),
                self.tr("{0}: val below {1} since step {2}").format(split, line.name, whole(step)),
                self.tr("{0}: val below {1} since {2}").format(split, line.name, whole(step)),
                self.tr("{0}: val below {1}").format(split, line.name),
                split,
            ]
        self._clauses = variants
        self._choose_clause()
        if history.validations:
            newest = history.validations[-1]
            self.plot.validation_tip = self.tr(
                "Validation loss at step {0}, {1}, {2} split: measured on {3} of {4} "
                "held-out characters"
            ).format(
                whole(newest.step),
                unit,
                split,
                whole(newest.characters),
                whole(newest.of_characters),
            )

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

    def _in_words(self) -> str:
        plot = self.plot
        parts = []
        if plot.last_train is not None:
            parts.append(
                self.tr("step {0}, training loss {1}").format(
                    whole(plot.last_train[0]), loss_text(plot.last_train[1], plot.unit)
                )
            )
        if plot.last_validation is not None:
            parts.append(
                self.tr("validation loss {0}, {1}").format(
                    loss_text(plot.last_validation[1], plot.unit), plot.split_label
                )
            )
        return "; ".join(parts)

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
        return loss_table(history, means, self.smoothing.value(), self.view.split_label)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Small panels leave parts out."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        width = self.width()
        for control, least in (
            (self.units, _UNITS_FROM),
            (self.log_y_toggle, _LOG_Y_FROM),
            (self.smoothing, _SMOOTHING_FROM),
        ):
            control.setVisible(width >= px(least))
        self._redraw()


def _finite(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    good = np.isfinite(y)
    return x[good], y[good]
