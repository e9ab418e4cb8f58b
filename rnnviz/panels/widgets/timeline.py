"""The strip in the transport: the whole run at a glance, with a mark for each event."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.curves import crisp, polygon
from rnnviz.panels.event_marks import nearest_event, paint_event_mark
from rnnviz.panels.text_width import text_height, text_width
from rnnviz.panels.theme import marker, px, row, theme, themes, ui_font
from rnnviz.panels.time_cursor import paint_time_cursor, time_cursor
from rnnviz.panels.tip_at_point import shows_tip
from rnnviz.panels.widgets.plain_tip import plain_tip
from rnnviz.session.frames import Event
from rnnviz.session.view import RunView

_MARKS = 12.0  # pixels above the curve for the event marks
_LEFT = 5.0  # pixels left of step 0 and
_RIGHT = 10.0  # right of the newest step for the playhead
_MOST_MARKS = 200  # the newest ones


class Timeline(QWidget):
    """Loss thumbnail, step ticks, event marks, playhead and the time cursor; hover names a mark."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view: RunView | None = None
        self.event_words = ""  # of the mark that is spelt out, as painted
        # Run, step and newest event of the picture there is.
        self._painted: tuple[RunView | None, int, Event | None] = (None, 0, None)
        self.setMinimumWidth(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Training so far"))
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        themes().changed.connect(self._resize)
        time_cursor().changed.connect(self.update)
        self._resize()

    def _resize(self) -> None:
        self.setMaximumHeight(row(54))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(400, row(54))

    def refresh(self) -> None:
        """Paints what is new, once it would move anything by half a pixel."""
        view, step, event = self._painted
        now_view, now, now_event = self._newest()
        moved = abs(now - step) * self.width() >= 0.5 * max(step, 1)
        if moved or view is not now_view or event is not now_event:
            self.update()

    def _newest(self) -> tuple[RunView | None, int, Event | None]:
        if self.view is None:
            return None, 0, None
        events = self.view.history.events
        return self.view, self.view.step, events[-1] if events else None

    def _span(self) -> int:
        """Steps the strip is long."""
        step = self.view.step if self.view else 0
        return max(step, 10)

    def _x(self, step: Any) -> Any:
        return _LEFT + (self.width() - _LEFT - _RIGHT) * step / self._span()

    def _labels_height(self) -> float:
        return text_height() + 1.5

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draws the strip."""
        self.event_words = ""
        if event.rect() == self.rect():
            self._painted = self._newest()
        colors = theme()
        painter = QPainter(self)
        painter.fillRect(event.rect(), colors.color("surface"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        strip = QRectF(
            _LEFT, 0, self.width() - _LEFT - _RIGHT, self.height() - self._labels_height()
        )
        painter.fillRect(strip, colors.color("surface-2"))
        if self.view is not None:
            self._draw_curve(painter, strip)
            self._draw_ticks(painter, strip)
            self._draw_events(painter, strip)
            self._draw_playhead(painter, strip)
            step = time_cursor().step
            if step is not None and step <= self._span():
                paint_time_cursor(painter, crisp(self._x(step)), 0.0, strip.bottom())

    def _draw_curve(self, painter: QPainter, strip: QRectF) -> None:
        assert self.view is not None
        history = self.view.history
        if len(history) < 2:
            return
        x, low, high = history.curve(
            "smoothed", 1, self._span(), max(int(strip.width()) // 3, 2), False
        )
        values = (low + high) / 2
        good = np.isfinite(values)
        if good.sum() < 2:
            return
        x, values = x[good], values[good]
        top = max(float(values.max()), 1e-9)
        base = strip.bottom()
        tall = strip.height() - marker(_MARKS)
        x, y = self._x(x), base - tall * values / top
        colors = theme()
        area = polygon(np.concatenate([x[:1], x, x[-1:]]), np.concatenate([[base], y, [base]]))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.mixed("train", "surface-2", 0.22))
        painter.drawPolygon(area)
        painter.setPen(QPen(colors.mixed("train", "surface-2", 0.7), 1))
        painter.drawPolyline(polygon(x, y))

    def _draw_ticks(self, painter: QPainter, strip: QRectF) -> None:
        colors = theme()
        painter.setFont(ui_font("tick"))
        span = self._span()
        gap = 1
        while self._x(gap) - _LEFT < px(90):
            gap = next(g for f in (1, 2, 5, 10) if (g := f * 10 ** len(str(gap)) // 10) > gap)
        for step in range(0, span + 1, gap):
            x = self._x(step)
            label = f"{step:,}"
            wide = text_width(label)
            left = min(max(x - wide / 2, 0.0), self.width() - wide)
            painter.setPen(QPen(colors.color("text-muted"), 1))
            painter.drawLine(QPointF(x, strip.bottom() - 5), QPointF(x, strip.bottom()))
            if step and self._x(span) - x < wide / 2:
                continue  # would run under the playhead's knob
            painter.drawText(QPointF(left, self.height() - 3), label)

    def _draw_events(self, painter: QPainter, strip: QRectF) -> None:
        assert self.view is not None
        colors = theme()
        marked = self.view.history.events[-_MOST_MARKS:]
        columns = [float(self._x(entry.step)) for entry in marked]
        size = marker(4.0)
        last = -math.inf
        for entry, x in zip(marked, columns, strict=True):
            bad = entry.kind == "diverged"
            if x - last < 3 and not bad:
                continue
            last = x
            color = colors.color("danger" if bad else "text-2")
            pen = QPen(color, 1)
            pen.setStyle(Qt.PenStyle.SolidLine if bad else Qt.PenStyle.DotLine)
            painter.setPen(pen)
            painter.drawLine(QPointF(x, 2 * size), QPointF(x, strip.bottom()))
            painter.setPen(QPen(color, 1.2))
            painter.setBrush(colors.color("surface"))
            paint_event_mark(painter, entry.kind, QPointF(x, size + 1.5), size)
        step = time_cursor().step
        near = None
        if step is not None:
            near = nearest_event(marked, columns, float(self._x(step)))
        if near is not None:
            self._draw_event_words(painter, near)
        elif marked:
            self._draw_event_words(painter, marked[-1])

    def _draw_event_words(self, painter: QPainter, entry: Event) -> None:
        """The mark at the time cursor, or else the newest, is spelt out where there is room."""
        painter.setFont(ui_font("tick"))
        metrics = QFontMetricsF(ui_font("tick"))
        words = entry.text if entry.kind != "diverged" else self.tr("diverged")
        wide = metrics.horizontalAdvance(words)
        x, gap = self._x(entry.step), 2 * marker(4.0)
        left = x + gap if x + gap + wide < self.width() - _RIGHT else x - gap - wide
        left = max(left, _LEFT + 2)
        painter.fillRect(
            QRectF(left - 3, 0, wide + 6, metrics.ascent() + 2), theme().color("surface-2")
        )
        painter.setPen(theme().color("text-2"))
        painter.drawText(QPointF(left, metrics.ascent() - 1), words)
        self.event_words = words

    def _draw_playhead(self, painter: QPainter, strip: QRectF) -> None:
        assert self.view is not None
        x = self._x(self.view.step)
        painter.setPen(QPen(theme().color("accent"), 2))
        painter.drawLine(QPointF(x, 0), QPointF(x, strip.bottom()))
        painter.setBrush(theme().color("surface"))
        painter.drawEllipse(QPointF(x, strip.bottom() + 1), 3.2, 3.2)

    # Pointing.

    def step_under(self, x: float) -> float:
        """The step at a pixel column, within what was trained."""
        assert self.view is not None
        share = (x - _LEFT) / max(self.width() - _LEFT - _RIGHT, 1)
        return float(min(max(round(self._span() * share), 0), self.view.step))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Points at a step."""
        if self.view is not None and self.view.step:
            time_cursor().point_at(self.step_under(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        """Ends pointing."""
        time_cursor().point_at(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pins the time cursor."""
        if event.button() == Qt.MouseButton.LeftButton and self.view is not None and self.view.step:
            time_cursor().pin(self.step_under(event.position().x()))
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        """Names the event mark, or else the step, under the mouse."""
        return shows_tip(event, self, self._tip_at) or super().event(event)

    def _tip_at(self, at: QPointF) -> str:
        if self.view is None:
            return self.toolTip()
        near = [e for e in self.view.history.events if abs(self._x(e.step) - at.x()) < 6]
        if near:
            return plain_tip(f"{self.tr('step')} {near[-1].step:,}: {near[-1].text}")
        return f"{self.tr('step')} {self.step_under(at.x()):,.0f}"
