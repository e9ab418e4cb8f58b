"""The points of a run that the Loss panel draws: as many as its picture has room for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnviz.panels.loss_plot import LossPlot
from rnnviz.session.history import History
from rnnviz.session.series import Series
from rnnviz.session.thinned import ThinnedCurve

Floats = NDArray[np.float64]

_NOTHING = ThinnedCurve(Series(), Series(), 0.0, 1.0, 1)


class LossPoints:
    """Sets a plot's curves and dots; what has been thinned already is kept."""

    def __init__(self, plot: LossPlot) -> None:
        self._plot = plot
        self._curves_key: tuple[object, ...] = ()  # of what the next ones are
        self._raw = self._smooth = _NOTHING
        self._dots_key: tuple[object, ...] = ()

    def take_curves(self, history: History) -> float | None:
        """Thins what is new, or all of it anew where the picture has changed.

        Returns the value of the x axis up to which the curves are as they were; None: they are
        others.
        """
        plot, axis = self._plot, self._plot.axis
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

    def take_dots(self, history: History) -> None:
        """The validations that can be told apart."""
        plot, axis = self._plot, self._plot.axis
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


def _finite(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    good = np.isfinite(y)
    return x[good], y[good]
