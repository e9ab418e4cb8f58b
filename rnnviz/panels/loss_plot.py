"""The Loss panel's picture under the mouse: the read-out, what can be clicked, and tooltips."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from rnnviz.panels.event_marks import events_near, paint_event_label
from rnnviz.panels.loss_curves import DOT, LossCurves
from rnnviz.panels.loss_readout import loss_readout
from rnnviz.panels.loss_units import unit_words
from rnnviz.panels.number_text import whole
from rnnviz.panels.readout import Entry, paint_readout
from rnnviz.panels.theme import marker, ui_font
from rnnviz.panels.time_cursor import time_cursor
from rnnviz.panels.tip_at_point import shows_tip
from rnnviz.session.series import Series


class LossPlot(LossCurves):
    """The curves, as the mouse and the time cursor ask about them."""

    line_clicked = Signal(str)  # id of a reference line
    dot_clicked = Signal(int)  # step of a validation
    axis_clicked = Signal(QPointF)  # the words under the axis, in widget coordinates
    step_axis = True

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(name, parent)
        self.means: Series | None = None  # the smoothed loss, step by step
        self.split_label = ""
        self.validation_tip = ""
        self.readout: list[tuple[str, str]] = []  # what the time cursor points at, as painted
        self.readout_rect = QRectF()
        self.event_label = ""  # of the mark at the time cursor, as painted

    # The time cursor.

    def step_under(self, at: QPointF) -> float | None:
        """The reported step nearest to a point; none under a label, nor before the first step."""
        if self.history is None or not len(self.history) or self.line_at(at):
            return None
        dot = self.dot_at(at)
        if dot is not None:
            return float(dot)
        steps = self.history.step
        index = int(steps.places(round(self.to_step(self.plot_x(at.x())))))
        return float(steps.values[min(index, len(steps) - 1)])

    def column_of(self, step: float) -> float | None:
        """Where a step is."""
        return self.at_x(self.x_of(step))

    def paint_over(self, painter: QPainter) -> None:
        """The read-out, or the name of the event that the time cursor is at."""
        self._paint_cursor_words(painter, self.area())

    def _paint_cursor_words(self, painter: QPainter, area: QRectF) -> None:
        self.readout, self.event_label = [], ""
        cursor, x = time_cursor(), self.cursor_column()
        if x is None or cursor.step is None or self._box_from is not None:
            return
        events = events_near(self.events, self.event_columns(), x) if self.events else []
        self.event_label = "; ".join(event.text for event in events)
        if self.hover is None and not cursor.pinned:
            if events:  # pointed at from elsewhere: the marks alone are named
                top = area.bottom() - 2 * QFontMetricsF(ui_font("label")).height()
                paint_event_label(painter, self.event_label, x, top, area)
            return
        if self.history is None or not len(self.history):
            return
        self.readout = loss_readout(
            self.history, self.means, round(cursor.step), self.unit, self.split_label, self.axis
        )
        self.readout += [(event.text, "") for event in events]
        if cursor.pinned:
            self.readout.append((self.tr("pinned, Esc clears"), ""))
        # The step is the title; the next three have the colours of their curves.
        tokens = ["train", "train", "validation" if len(self.dot_steps) else ""]
        entries = [
            Entry(tokens[row] if row < len(tokens) else "", words, value)
            for row, (words, value) in enumerate(self.readout[1:])
        ]
        line = QFontMetricsF(ui_font("label")).height() + 3
        most = max(int((self.height() - 10) / line) - 1, 2)
        y = self.hover.y() if self.hover is not None else area.center().y()
        title = f"{self.readout[0][0]} {self.readout[0][1]}"
        within = QRectF(self.rect())
        at = QPointF(x, y)
        self.readout_rect = paint_readout(painter, within, at, title, entries[:most])

    # Pointing.

    def hover_changed(self) -> None:
        """The read-out follows the mouse; labels and dots show that they can be clicked."""
        at = self.hover
        over = at is not None and (self.line_at(at) is not None or self.dot_at(at) is not None)
        if self._drag_from is None:
            if over or self.axis_words_lit:
                self.setCursor(Qt.CursorShape.PointingHandCursor)
            else:
                self.unsetCursor()
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The words under the axis can be clicked, too."""
        self.axis_words_lit = self.axis_rect.contains(event.position())
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Ends pointing."""
        self.axis_words_lit = False
        super().leaveEvent(event)

    def line_at(self, at: QPointF) -> str | None:
        """The reference line whose label is under a point."""
        for key, rect in self.label_rects.items():
            if rect.adjusted(-2, -1, 2, 1).contains(at):
                return key
        return None

    def dot_at(self, at: QPointF) -> int | None:
        """The step of the validation whose dot is under a point."""
        reach = marker(DOT) / 2 + 2.5
        for step, point in zip(self.dot_steps.tolist(), self.dot_points(), strict=True):
            if (point - at).manhattanLength() <= 1.4 * reach and (
                math.hypot(point.x() - at.x(), point.y() - at.y()) <= reach
            ):
                return int(step)
        return None

    def clicked(self, at: QPointF) -> None:
        """A reference label hides its line, a dot shows its sample; all else pins the cursor."""
        line, dot = self.line_at(at), self.dot_at(at)
        if self.axis_rect.contains(at):
            self.axis_clicked.emit(self.axis_rect.bottomLeft())
        elif line is not None:
            self.line_clicked.emit(line)
        elif dot is not None:
            self.dot_clicked.emit(dot)
        else:
            super().clicked(at)

    def event(self, event: QEvent) -> bool:
        """Tooltips: what a figure is, and what a click does."""
        return shows_tip(event, self, self.tip_at) or super().event(event)

    def tip_at(self, at: QPointF) -> str:
        """What is under a point; empty between the marks."""
        if self.axis_rect.contains(at):
            words = {
                "step": self.tr("Training steps"),
                "characters": self.tr("Characters read"),
                "seconds": self.tr("Training time, pauses not counted"),
            }
            return self.tr("{0}. Click to choose what the axis counts").format(
                words[self.axis.kind]
            )
        if self.line_at(at):
            return self.tr("Click to hide this line; the … menu brings it back")
        dot = self.dot_at(at)
        if dot is not None:
            return self.tr(
                "Validation at step {0}. Click for the text sampled nearest to it"
            ).format(whole(dot))
        if self.value_rects.get("val", QRectF()).contains(at):
            return self.validation_tip
        if self.value_rects.get("train", QRectF()).contains(at):
            return self.tr("Smoothed loss on the training text, {0}").format(unit_words(self.unit))
        return ""
