"""One character's probability over training, small, below the bars."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.axes import Floats
from rnnviz.panels.curves import draw_curve
from rnnviz.panels.number_text import whole
from rnnviz.panels.plot import Plot
from rnnviz.panels.readout import Entry, paint_readout
from rnnviz.panels.theme import marker, theme, ui_font
from rnnviz.panels.ticks import Range, Tick, linear_ticks
from rnnviz.text.vocabulary import describe

_TOPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # upper ends of the axis


class ProbabilityCurve(Plot):
    """p(character | seed) against steps, at the temperature of the bars."""

    closed = Signal()
    step_axis = True

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Probability over training"), parent, navigable=False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.character = ""
        self._steps: Floats = np.zeros(0)
        self._chances: Floats = np.zeros(0)
        self._top = _TOPS[0]
        self.apply_size()

    def apply_size(self) -> None:
        """High enough for the axis, its numbers and a line of words."""
        line = QFontMetricsF(ui_font("label")).height()
        self.setMinimumHeight(0)
        self.setFixedHeight(round(line + 3.4 * QFontMetricsF(ui_font("tick")).height() + 19))

    def show_curve(self, character: str, steps: Floats, chances: Floats) -> None:
        """Shows `chances` (N,) of a character at `steps` (N,)."""
        if character != self.character:
            self._top = _TOPS[0]
        self.character = character
        self._steps, self._chances = np.asarray(steps, np.float64), chances
        finite = chances[np.isfinite(chances)]
        largest = float(finite.max()) if finite.size else 0.0
        fitting = next((top for top in _TOPS if largest <= top), 1.0)
        self._top = max(self._top, fitting)  # does not shrink while it is live
        low = float(self._steps[0]) if len(steps) else 0.0
        high = float(self._steps[-1]) if len(steps) else 1.0
        self.set_ranges(Range(low, max(high, low + 1.0)), Range(0.0, self._top))
        self.update()

    def points(self) -> tuple[Floats, Floats]:
        """Steps and probabilities, all of them."""
        return self._steps, self._chances

    # The picture.

    def margins(self) -> tuple[float, float, float, float]:
        """Room for the words above and the newest value at the right."""
        above = QFontMetricsF(ui_font("label")).height() + 11
        right = QFontMetricsF(ui_font("label", bold=True)).horizontalAdvance("100.0%") + 14
        return self.left_margin(), above, right, self.bottom_margin()

    def x_ticks(self) -> list[Tick]:
        """Steps."""
        most = max(int(self.area().width() // 90), 1)
        return linear_ticks(self.x_range, most, whole, least_step=1.0)

    def y_ticks(self) -> list[Tick]:
        """Zero and the upper end."""
        return [Tick(0.0, "0"), Tick(self._top, f"{100 * self._top:g}%")]

    def step_under(self, at: QPointF) -> float | None:
        """The step under the mouse."""
        return self.plot_x(at.x()) if len(self._steps) else None

    def column_of(self, step: float) -> float | None:
        """Where a step is."""
        return self.at_x(step) if len(self._steps) else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click pins the time cursor, as on every axis of steps."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked(event.position())

    def hover_changed(self) -> None:
        """The read-out follows."""
        self.update()

    def paint_content(self, painter: QPainter) -> None:
        """The words, the curve, and the newest value at its end."""
        colors, area = theme(), self.area()
        metrics = QFontMetricsF(ui_font("label"))
        painter.setFont(ui_font("label"))
        painter.setPen(colors.color("text-2"))
        words = self.tr("probability of {0} after the whole seed text, by step").format(
            describe(self.character)
        )
        rect = QRectF(0, 4, self.width(), metrics.height())
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(rect, flags, words)
        if not len(self._steps):
            return
        # Two points to a pixel are as many as can be seen.
        count = len(self._steps)
        most = 2 * max(int(area.width()), 1)
        picked = np.arange(count)
        if count > most:
            picked = np.unique(np.linspace(0, count - 1, most).round().astype(np.intp))
        x, y = self.pixel_x(self._steps[picked]), self.pixel_y(self._chances[picked])
        good = np.isfinite(y)
        draw_curve(painter, x[good], y[good], colors.color("train"))
        last = float(self._chances[-1])
        if not np.isfinite(last):
            return
        end = QPointF(self.at_x(float(self._steps[-1])), self.at_y(last))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.color("train"))
        painter.drawEllipse(end, marker(6) / 2, marker(6) / 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(ui_font("label", bold=True))
        painter.setPen(colors.color("train"))
        height = painter.fontMetrics().height()
        top = min(max(end.y() - height / 2, 0.0), self.height() - height)
        label = QRectF(end.x() + marker(6), top, self.width() - end.x(), height)
        painter.drawText(label, flags, f"{100 * last:.1f}%")

    def nearest(self, step: float) -> int:
        """The place of the answer whose step is nearest."""
        return int(np.abs(self._steps - step).argmin())

    def paint_over(self, painter: QPainter) -> None:
        """The step and value under the mouse."""
        if self.hover is None or not len(self._steps):
            return
        place = self.nearest(self.plot_x(self.hover.x()))
        chance = float(self._chances[place])
        value = f"{100 * chance:.2f}%" if np.isfinite(chance) else self.tr("not a number")
        title = self.tr("step {0}").format(whole(self._steps[place]))
        entries = [Entry("train", describe(self.character), value)]
        paint_readout(painter, QRectF(self.rect()), self.hover, title, entries)
