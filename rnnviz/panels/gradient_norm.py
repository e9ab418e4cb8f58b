"""The Gradient norm panel: how large recent gradients were, and the clip line the user drags."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QTimer
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolButton, QWidget

from rnnviz.panels.base import Panel
from rnnviz.panels.norm_plot import EMPTY_RANGE, MEDIAN_WINDOW, STRIP, NormPlot
from rnnviz.panels.norm_scale import LogScale, SignedLogScale, nice_log
from rnnviz.panels.number_text import two_figures, whole
from rnnviz.panels.table import Table
from rnnviz.panels.theme import px, row
from rnnviz.panels.ticks import Range
from rnnviz.panels.translate import tr
from rnnviz.session.commands import SetClipping
from rnnviz.session.config import CLIP_RANGE
from rnnviz.session.recent_counts import RecentCounts
from rnnviz.session.view import RunView

WINDOWS = (100, 1000, 10_000, 0)  # steps in the histogram and the share clipped; 0 is all
_DEFAULT_WINDOW = 1000
_SHORT_WORDS = 450  # panel width in pixels below which the header says less
_NARROW = 360  # panel width in pixels below which the strip hides
_LEAST_SPAN = 2.0  # decades
_BULK = (0.01, 0.99)  # quantiles the axis always holds
_REACH = 0.7  # decades beyond the bulk it stretches for the rest; what is further is only counted
_ENTRY_DECADES = (2, 6)  # between the ends of the axis of single entries
_SMALL_SHARE = 0.2  # of the entries that count as near 0
_ACKNOWLEDGED_WITHIN = 1000  # ms the dropped line waits for the engine before it tells the truth


def share_text(share: float) -> str:
    """A share in [0, 1] in percent: 12%, and with a decimal where 0% or 100% would be wrong."""
    percent = 100.0 * share
    if 0.0 < percent < 1.0 or 99.0 < percent < 100.0:
        return f"{percent:.1f}%"
    return f"{percent:.0f}%"


class GradientNormPanel(Panel):
    """Recent gradient norms before clipping, with the threshold as a line to drag at any time.

    Emits `command` with a `SetClipping` for every change the user makes.
    """

    interval = 0.2

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Gradient norm"), tr("before clipping"), parent)
        self.plot = NormPlot(self.tr("Gradient norms of the last steps"), self)
        self.plot.message = self.tr("Load a text to see gradient norms")
        self.body.addWidget(self.plot)
        # A control that lacks room gives way; it must not keep the panel from becoming narrow.
        self._header.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._window = _DEFAULT_WINDOW
        self._counts: dict[str, RecentCounts] = {}  # by column
        self._make_window_control()
        self._seen: Range | None = None  # of the axis so far; it never shrinks while live
        self._least: int | None = None  # of the axis of single entries, a decimal logarithm
        self._local: tuple[str, float] | None = None  # what the user has set, not yet in force
        self._dragging = False
        self._drawn_key: tuple[object, ...] = ()
        self._waiting = QTimer(self)
        self._waiting.setSingleShot(True)
        self._waiting.setInterval(_ACKNOWLEDGED_WITHIN)
        self._waiting.timeout.connect(self._give_up_waiting)
        handle = self.plot.handle
        handle.setToolTip(
            self.tr("Clip threshold: drag, or Up and Down for 5%; double click for the start value")
        )
        handle.pressed_at.connect(self._begin_drag)
        handle.dragged_to.connect(self._drag)
        handle.released.connect(self._end_drag)
        handle.scaled.connect(self._scale)
        handle.reset_requested.connect(self.reset_threshold)
        self._grab = 0.0
        self.menu.addSeparator()
        self.menu.addMenu(self._window_menu)
        self.menu.addAction(self.tr("Clip at the start value"), self.reset_threshold)

    def _make_window_control(self) -> None:
        self._window_menu = QMenu(self.tr("Steps in the histogram"), self)
        group = QActionGroup(self)
        self._window_actions: dict[int, QAction] = {}
        for window in WINDOWS:
            words = self.tr("Last {0} steps").format(whole(window)) if window else self.tr("All")
            action = self._window_menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(window == self._window)
            action.triggered.connect(lambda _=False, chosen=window: self.set_window(chosen))
            group.addAction(action)
            self._window_actions[window] = action
        self.window_button = QToolButton()
        self.window_button.setAccessibleName(self.tr("Steps in the histogram"))
        self.window_button.setToolTip(
            self.tr("How many of the newest steps the histogram and the share clipped are of")
        )
        self.window_button.setMenu(self._window_menu)
        self.window_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.window_button.setFixedHeight(row(24))
        self.add_header_control(self.window_button)

    # The window of steps.

    def set_window(self, window: int) -> None:
        """So many of the newest steps, one of `WINDOWS`; 0 is the whole run."""
        if window not in WINDOWS:
            return
        self._window = window
        self._window_actions[window].setChecked(True)
        self._counts = {}
        self._seen = None
        self._redraw()

    def choices(self) -> dict[str, Any]:
        """The window."""
        return {"window": self._window}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes it back."""
        window = choices.get("window")
        if type(window) is not int or window not in WINDOWS:
            window = _DEFAULT_WINDOW
        self.set_window(window)

    # The threshold.

    def clipping_shown(self) -> tuple[str, float]:
        """Kind and threshold as displayed: the user's while he drags, else the engine's."""
        if self._local is not None:
            return self._local
        if self.view is None:
            return "norm", 5.0
        return self.view.in_force.clip_kind, self.view.in_force.clip_threshold

    def clip_y_position(self) -> QPoint:
        """A point on the clip line (over the histogram), in coordinates of `plot`."""
        return QPointF(self.plot.histogram_area().center().x(), self.plot.line_y()).toPoint()

    def _begin_drag(self, y: float) -> None:
        if self.view is None:
            return
        self._dragging = True
        self._grab = self.plot.line_y() - y

    def _drag(self, y: float) -> None:
        if self._dragging:
            self._set_threshold(self.plot.threshold_at(y + self._grab))

    def _end_drag(self) -> None:
        self._dragging = False
        if self._local is not None:
            self._waiting.start()
        self._redraw()

    def _scale(self, factor: float) -> None:
        if self.view is None:
            return
        _, threshold = self.clipping_shown()
        low, high = CLIP_RANGE
        self._set_threshold(float(f"{min(max(threshold * factor, low), high):.3g}"))
        self._waiting.start()

    def reset_threshold(self) -> None:
        """Back to the clipping the run started with."""
        if self.view is None:
            return
        config = self.view.config
        self._set_clipping(config.clip_kind, config.clip_threshold)
        self._waiting.start()

    def _set_threshold(self, threshold: float) -> None:
        kind, _ = self.clipping_shown()
        self._set_clipping("norm" if kind == "off" else kind, threshold)

    def _set_clipping(self, kind: str, threshold: float) -> None:
        if (kind, threshold) == self.clipping_shown():
            return
        self._local = (kind, threshold)
        self._redraw()
        self.command.emit(SetClipping(kind, threshold))

    def _give_up_waiting(self) -> None:
        if not self._dragging:
            self._local = None
            self._redraw()

    # Drawing.

    def set_view(self, view: RunView) -> None:
        """Another run: its own axis and threshold."""
        self._seen = self._least = None
        self._counts = {}
        self._local = None
        self._dragging = False
        self._drawn_key = ()
        self.plot.message = ""
        super().set_view(view)

    def reset_view(self) -> None:
        """The usual window, and an axis fitted to its steps alone."""
        self.set_window(_DEFAULT_WINDOW)

    def apply_theme(self) -> None:
        """The plot reads colours while it paints."""
        self.window_button.setFixedHeight(row(24))
        self._arrange()
        self.plot.relayout()
        self.plot.place_handle()

    def sees_entries(self) -> bool:
        """Whether the single entries of a gradient are looked at."""
        return self.isVisible() and self.clipping_shown()[0] == "value"

    def _redraw(self) -> None:
        self._drawn_key = ()
        self.refresh()

    def refresh(self) -> None:
        """Takes over what is new in the run."""
        view = self.view
        if view is None:
            return
        in_force = (view.in_force.clip_kind, view.in_force.clip_threshold)
        if self._local == in_force and not self._dragging:
            self._local = None
            self._waiting.stop()
        kind, threshold = self.clipping_shown()
        key = (
            len(view.history),
            kind,
            threshold,
            len(view.history.events),
            view.history.entries.step if view.history.entries is not None else 0,
            self.plot.size(),
        )
        if key == self._drawn_key:
            return
        self._drawn_key = key
        plot, history = self.plot, view.history
        column = "max_abs" if kind == "value" else "grad_norm"
        if (plot.kind == "value") != (kind == "value"):
            self._seen = None  # another quantity, another axis
        plot.kind, plot.threshold = kind, threshold
        if column not in self._counts:
            self._counts = {column: RecentCounts(getattr(history, column), self._window)}
        counts = self._counts[column]
        counts.update()
        plot.counts = counts
        plot.entries = history.entries if kind == "value" else None
        plot.strip_steps = min(STRIP, self._window or STRIP)
        newest = plot.strip_steps + MEDIAN_WINDOW
        plot.steps = history.recent("step", newest)
        plot.values = history.recent(column, newest).astype(np.float64)
        self._set_lost_words(counts)
        self._set_words(kind, threshold)
        if not self._dragging:  # the axis must not slide under the mouse
            self._fit(threshold)
        plot.relayout()
        plot.place_handle()
        plot.point_again()

    def _fit(self, threshold: float) -> None:
        """The axis in steps of 1, 2, 5: holds the bulk of the norms and the line, with margins."""
        counts = self.plot.counts
        ends = [counts.quantile(share) if counts is not None else None for share in (0, *_BULK, 1)]
        least, low, high, most = ends
        if least is not None and low is not None and high is not None and most is not None:
            low, high = max(low - _REACH, least), min(high + _REACH, most)
            wanted = Range(
                nice_log(float(10.0**low) / 1.15, False), nice_log(float(10.0**high) * 1.15, True)
            )
            if self._seen is not None:
                wanted = Range(min(wanted.low, self._seen.low), max(wanted.high, self._seen.high))
            missing = _LEAST_SPAN - wanted.span
            if missing > 0:
                middle = 10.0 ** ((wanted.low + wanted.high) / 2)
                reach = 10.0 ** (_LEAST_SPAN / 2)
                wanted = Range(
                    min(wanted.low, nice_log(middle / reach, True)),
                    max(wanted.high, nice_log(middle * reach, False)),
                )
            self._seen = wanted
        else:
            wanted = EMPTY_RANGE
        # Room beyond the line, so that it can always be dragged further.
        wanted = Range(
            min(wanted.low, nice_log(threshold / 1.8, False)),
            max(wanted.high, nice_log(threshold * 1.8, True)),
        )
        if self.plot.kind == "value":
            # The largest entries decide the upper end; the lower one is its mirror image.
            scale = SignedLogScale(10.0 ** self._least_entry(wanted.high))
            top = scale.at(10.0**wanted.high)
            self.plot.scale, wanted = scale, Range(-top, top)
        else:
            self.plot.scale = LogScale()
        self.plot.set_ranges(self.plot.x_range, wanted)

    def _least_entry(self, top: float) -> int:
        """The power of ten below which entries count as near 0; it does not waver."""
        entries = self.plot.entries
        now = entries.size_quantile(_SMALL_SHARE) if entries is not None else top - 4.0
        if self._least is None or not self._least - 0.5 <= now <= self._least + 1.5:
            self._least = math.floor(now) if entries is not None else None
        least = math.floor(now) if self._least is None else self._least
        fewest, most = _ENTRY_DECADES
        return max(min(least, math.floor(top) - fewest), math.floor(top) - most)

    def _set_lost_words(self, counts: RecentCounts) -> None:
        """How many norms are NaN and infinite, and the step of the last; a step that diverged."""
        plot, view = self.plot, self.view
        assert view is not None
        plot.lost_words = ""
        kinds = []
        for count, name in ((counts.not_a_number, "NaN"), (counts.infinite, self.tr("infinite"))):
            if count:
                kinds.append(f"{whole(count)} {name}")
        diverged = [e.step for e in view.history.events if e.kind == "diverged"]
        if kinds:
            step = int(view.history.step.values[counts.lost[-1]])
            plot.lost_words = self.tr("{0}, last at step {1}").format(
                ", ".join(kinds), whole(max([step, *diverged]))
            )
        elif diverged:
            plot.lost_words = self.tr("diverged at step {0}").format(whole(diverged[-1]))

    def _set_words(self, kind: str, threshold: float) -> None:
        plot, counts = self.plot, self.plot.counts
        count = len(counts) if counts is not None else 0
        narrow = self.width() < px(_SHORT_WORDS)
        clauses = {"value": (self.tr("single entries, before clipping"), self.tr("entries"))}
        long, short = clauses.get(kind, (self.tr("before clipping"), self.tr("before clipping")))
        self.set_clause(short if narrow else long)
        words = self.tr("{0} step") if count == 1 else self.tr("last {0} steps")
        if not self._window and count > 1:
            words = self.tr("all {0} steps")
        plot.window_text = words.format(whole(count)) if count else ""
        shown = plot.window_text
        if narrow and count > 1:
            shown = (self.tr("last {0}") if self._window else self.tr("all")).format(whole(count))
        self.window_button.setText(self.tr("{0} ▾").format(shown))
        self.window_button.setVisible(bool(plot.window_text))
        value = two_figures(threshold)
        if kind == "value":
            value = f"±{value}"
        plot.short_label = value
        if kind == "off":
            plot.label = plot.short_label = self.tr("clip off")
        elif counts is None or not count:
            plot.label = self.tr("clip {0}").format(value)
        else:
            share = share_text(counts.above(threshold) / count)
            plot.label = self.tr("clip {0} · {1} clipped").format(value, share)
            plot.short_label = self.tr("{0} · {1}").format(value, share)
        plot.handle.setAccessibleDescription(plot.label)

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "How long the gradient was in the newest steps, before clipping: each bar counts the "
            "steps of one range, each dot is a step; when clipping is by value, the bars count the "
            "single entries of one gradient instead. What lies beyond the orange line is clipped "
            "to it: drag the line, and the share of clipped steps follows your hand."
        )

    def table(self) -> Table | None:
        """Norm and largest entry of every step of the run."""
        if self.view is None:
            return None
        history = self.view.history
        return Table(
            (
                "step",
                "gradient norm before clipping",
                "largest entry before clipping",
                "clipped",
            ),
            (
                history.step.values,
                history.grad_norm.values,
                history.max_abs.values,
                history.clipped.values,
            ),
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow panels show the histogram alone."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        self.plot.strip_shown = self.width() >= px(_NARROW)
        self._redraw()
