"""A row for each group of parameters: its gradient's norm as a bar, with whiskers and its share."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels import parameter_groups
from rnnviz.panels.axes import Floats
from rnnviz.panels.curves import crisp
from rnnviz.panels.number_text import two_figures, whole
from rnnviz.panels.painting import shows_focus
from rnnviz.panels.readout import (
    draw_name,
    name_width,
    paint_message,
)
from rnnviz.panels.theme import mono_font, px, scaled, theme, themes, ui_font
from rnnviz.panels.ticks import Range, linear_ticks
from rnnviz.panels.tip_at_point import shows_tip

RECENT = 300  # measured steps the whiskers are of
_FADED = 0.3


def group_color(group: str, highlighted: str) -> QColor:
    """A group's colour, faded while another one is pointed at."""
    token = parameter_groups.token(group)
    if highlighted and highlighted != group:
        return theme().mixed(token, "surface", _FADED)
    return theme().color(token)


class GroupBar:
    """One row of the norms."""

    def __init__(self, group: str, shape: str, norms: Floats) -> None:
        self.group, self.shape = group, shape
        self.norm = self.low = self.high = math.nan  # nothing measured yet
        if len(norms):
            self.norm = float(norms[-1])
            self.low, self.high = (float(v) for v in np.quantile(norms, (0.1, 0.9)))
        self.share = math.nan  # of the squared global norm


class GroupBars(QWidget):
    """Rows with name, bar, whisker, norm and share; a foot with the global norm."""

    highlighted = Signal(str)  # the group pointed at, empty for none

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Gradient norm of each parameter group"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.bars: list[GroupBar] = []
        self.total = 0.0
        self.measured = 0
        self.clip_words = ""
        self.message = ""
        self.top = 1.0  # of the axis
        self.highlight = ""
        themes().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Roomy."""
        return QSize(420, 300)

    def minimumSizeHint(self) -> QSize:
        """Still readable."""
        return QSize(px(240), px(120))

    # Geometry.

    def _wide(self) -> bool:
        return self.width() >= px(330)

    def _columns(self) -> tuple[float, float, float, float]:
        """Left and right of the bars, right ends of the norms and of the shares."""
        tick = QFontMetricsF(ui_font("tick"))
        names = max(
            [name_width(bar.group, ui_font("body", bold=True)) for bar in self.bars]
            + [tick.horizontalAdvance(bar.shape) for bar in self.bars]
            + [40.0]
        )
        numbers = QFontMetricsF(mono_font("label"))
        share = numbers.horizontalAdvance("100.0%") if self._wide() else 0.0
        shares = self.width() - 2.0
        norms = shares - share - (18.0 if share else 0.0)
        right = norms - numbers.horizontalAdvance("1.0e+10") - 10.0
        return names + 14.0, max(right, names + 40.0), norms, shares

    def _head(self) -> float:
        return QFontMetricsF(ui_font("tick")).height() + 8.0

    def _foot(self) -> float:
        return 2 * QFontMetricsF(ui_font("label")).height() + 16.0

    def row_rect(self, index: int) -> QRectF:
        """A group's row."""
        room = self.height() - self._head() - self._foot()
        height = min(room / max(len(self.bars), 1), scaled(62))
        return QRectF(0, self._head() + index * height, self.width(), height)

    def x_of(self, norm: float) -> float:
        """Where a norm is on the axis, in widget coordinates."""
        left, right, _, _ = self._columns()
        return left + min(norm / self.top, 1.0) * (right - left)

    # Painting.

    def paintEvent(self, event: object) -> None:
        """Draws everything."""
        colors = theme()
        painter = QPainter(self)
        painter.fillRect(self.rect(), colors.color("surface"))
        if not self.bars:
            paint_message(painter, QRectF(self.rect()), self.message)
            self._paint_focus(painter)
            return
        self._paint_axis(painter)
        for index, bar in enumerate(self.bars):
            self._paint_row(painter, self.row_rect(index), bar)
        if self.message:
            first, last = self.row_rect(0), self.row_rect(len(self.bars) - 1)
            left, right, _, _ = self._columns()
            room = QRectF(left, first.top(), right - left, last.bottom() - first.top())
            paint_message(painter, room, self.message)
        else:
            self._paint_foot(painter)
        self._paint_focus(painter)

    def _paint_focus(self, painter: QPainter) -> None:
        if shows_focus(self):
            painter.setPen(QPen(theme().color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_axis(self, painter: QPainter) -> None:
        colors = theme()
        left, right, norms, shares = self._columns()
        painter.setFont(ui_font("tick"))
        metrics = QFontMetricsF(painter.font())
        baseline = metrics.ascent() + 2
        bottom = self.row_rect(len(self.bars) - 1).bottom()
        last = -math.inf
        text = two_figures if self.top >= 1e4 else None
        for tick in linear_ticks(Range(0.0, self.top), max(int((right - left) / 50), 2), text):
            x = crisp(self.x_of(tick.at))
            painter.setPen(QPen(colors.color("border" if tick.at == 0 else "grid"), 1))
            painter.drawLine(QPointF(x, self._head() - 2), QPointF(x, bottom))
            width = metrics.horizontalAdvance(tick.label)
            at = x - width / 2
            if at > last and at + width < norms - metrics.horizontalAdvance(self.tr("norm")) - 6:
                painter.setPen(colors.color("text-muted"))
                painter.drawText(QPointF(at, baseline), tick.label)
                last = at + width + 8
        painter.setPen(colors.color("text-muted"))
        words = self.tr("norm")
        painter.drawText(QPointF(norms - metrics.horizontalAdvance(words), baseline), words)
        if self._wide():
            words = self.tr("of total")
            painter.drawText(QPointF(shares - metrics.horizontalAdvance(words), baseline), words)

    def _paint_row(self, painter: QPainter, row: QRectF, bar: GroupBar) -> None:
        colors = theme()
        faded = bool(self.highlight) and self.highlight != bar.group
        two_lines = row.height() >= px(38)
        body, tick = ui_font("body", bold=True), ui_font("tick")
        metrics, small = QFontMetricsF(body), QFontMetricsF(tick)
        lines = metrics.height() + (small.height() + 2 if two_lines else 0)
        top = row.center().y() - lines / 2
        painter.setPen(colors.mixed("text", "surface", _FADED if faded else 1.0))
        draw_name(painter, QPointF(0, top + metrics.ascent()), bar.group, body)
        if two_lines:
            painter.setFont(tick)
            painter.setPen(colors.mixed("text-muted", "surface", _FADED if faded else 1.0))
            painter.drawText(QPointF(0, top + metrics.height() + 2 + small.ascent()), bar.shape)
        if math.isnan(bar.norm):
            return
        height = min(row.height() * 0.42, scaled(18))
        left = self._columns()[0]
        middle = top + metrics.height() / 2 if two_lines else row.center().y() - 3
        end = self.x_of(bar.norm)
        color = group_color(bar.group, self.highlight)
        painter.fillRect(
            QRectF(left + 1, middle - height / 2, max(end - left - 1, 1.5), height), color
        )
        y = crisp(middle + height / 2 + 5)
        painter.setPen(QPen(colors.mixed("text-2", "surface", _FADED if faded else 1.0), 1.5))
        low, high = self.x_of(bar.low), self.x_of(bar.high)
        painter.drawLine(QPointF(low, y), QPointF(high, y))
        for x, norm in ((low, bar.low), (high, bar.high)):
            # An arrow where it goes on beyond the axis.
            back = 4.0 if norm > self.top else 0.0
            painter.drawPolyline(
                [QPointF(x - back, y - 3), QPointF(x, y), QPointF(x - back, y + 3)]
            )
        _, _, norms, shares = self._columns()
        painter.setFont(mono_font("label"))
        numbers = QFontMetricsF(painter.font())
        painter.setPen(colors.mixed("text", "surface", _FADED if faded else 1.0))
        baseline = middle + numbers.capHeight() / 2
        text = norm_text(bar.norm)
        painter.drawText(QPointF(norms - numbers.horizontalAdvance(text), baseline), text)
        if self._wide() and math.isfinite(bar.share):
            text = f"{100 * bar.share:.1f}%"
            painter.drawText(QPointF(shares - numbers.horizontalAdvance(text), baseline), text)

    def _paint_foot(self, painter: QPainter) -> None:
        colors = theme()
        top = self.height() - self._foot()
        y = crisp(top + 2)
        painter.setPen(QPen(colors.color("border"), 1))
        painter.drawLine(QPointF(0, y), QPointF(self.width(), y))
        bold, label, mono = ui_font("label", bold=True), ui_font("label"), mono_font("label")
        metrics = QFontMetricsF(bold)
        baseline = top + 8 + metrics.ascent()
        painter.setFont(bold)
        painter.setPen(colors.color("text"))
        painter.drawText(QPointF(0, baseline), self.tr("Global norm"))
        _, _, norms, shares = self._columns()
        painter.setFont(label)
        words_width = QFontMetricsF(label).horizontalAdvance(self.clip_words)
        painter.setPen(colors.color("text-2"))
        painter.drawText(QPointF(shares - words_width, baseline), self.clip_words)
        painter.setFont(mono)
        numbers = QFontMetricsF(mono)
        text = norm_text(self.total)
        at = min(norms, shares - words_width - 10) - numbers.horizontalAdvance(text)
        painter.setPen(colors.color("text"))
        painter.drawText(QPointF(at, baseline), text)
        baseline += metrics.height() + 2
        painter.setPen(QPen(colors.color("text-2"), 1.5))
        middle = crisp(baseline - metrics.capHeight() / 2)
        painter.drawLine(QPointF(1, middle), QPointF(19, middle))
        for x in (1.0, 19.0):
            painter.drawLine(QPointF(x, middle - 3), QPointF(x, middle + 3))
        painter.setFont(ui_font("tick"))
        painter.setPen(colors.color("text-muted"))
        count = min(self.measured, RECENT)
        words = (
            self.tr("10 to 90% range, the one measured step")
            if count == 1
            else self.tr("10 to 90% range, last {0} measured steps").format(whole(count))
        )
        painter.drawText(QPointF(27, baseline), words)

    # Pointing.

    def group_at(self, at: QPointF) -> str:
        """The group whose row is under a point."""
        for index, bar in enumerate(self.bars):
            if self.row_rect(index).contains(at):
                return bar.group
        return ""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Points at a group."""
        self.highlighted.emit(self.group_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Points at none."""
        self.highlighted.emit("")

    def focusOutEvent(self, event: object) -> None:
        """Points at none."""
        self.highlighted.emit("")
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down point at a group, Escape at none."""
        names = [bar.group for bar in self.bars]
        move = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if event.key() == Qt.Key.Key_Escape and self.highlight:
            self.highlighted.emit("")
        elif move is not None and names:
            here = names.index(self.highlight) if self.highlight in names else -1 * (move > 0)
            self.highlighted.emit(names[(here + move) % len(names)])
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Tooltips: what a group is, and its numbers."""
        return shows_tip(event, self, self.tip_at) or super().event(event)

    def tip_at(self, at: QPointF) -> str:
        """What the row under a point says."""
        group = self.group_at(at)
        for bar in self.bars:
            if bar.group == group and math.isnan(bar.norm):
                return parameter_groups.title(group)
            if bar.group == group:
                return self.tr("{0}: {1}, 10 to 90% of the measured steps {2} to {3}").format(
                    parameter_groups.title(group),
                    norm_text(bar.norm),
                    norm_text(bar.low),
                    norm_text(bar.high),
                )
        return ""


def norm_text(value: float) -> str:
    """A norm as a column of numbers shows it: 0.670, 12.3, 4.1e-5."""
    if value == 0:
        return "0"
    if not math.isfinite(value) or value >= 1000 or value < 0.001:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa}e{int(exponent)}" if exponent else mantissa
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"
