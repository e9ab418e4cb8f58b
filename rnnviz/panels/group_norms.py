"""The panels of what a step does to each group of parameters: gradient norms, update ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from rnnviz.panels import parameter_groups
from rnnviz.panels.base import Panel
from rnnviz.panels.painting import shows_focus
from rnnviz.panels.parameter_groups import BY_LAYER, BY_MATRIX
from rnnviz.panels.plot import (
    Plot,
    Range,
    Tick,
    crisp,
    dashed_pen,
    draw_curve,
    grown,
    linear_ticks,
    log_ticks,
    two_figures,
    whole,
)
from rnnviz.panels.readout import (
    Entry,
    draw_name,
    name_width,
    paint_message,
    paint_readout,
    power_of_ten,
    spread_apart,
)
from rnnviz.panels.table import Table
from rnnviz.panels.theme import marker, mono_font, px, scaled, stroke, theme, themes, ui_font
from rnnviz.panels.translate import tr
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.session.norm_history import KINDS, NormHistory
from rnnviz.session.view import RunView

Floats = NDArray[np.float64]

_RECENT = 300  # measured steps the whiskers are of
_FADED = 0.3
_USUAL = (3e-4, 3e-3)
_USUAL_MIDDLE = 1e-3
_POINTS = 400  # of a curve, at most
_RATIO_EMPTY = Range(-5.0, -1.0)


def group_color(group: str, highlighted: str) -> QColor:
    """A group's colour, faded while another one is pointed at."""
    token = parameter_groups.token(group)
    if highlighted and highlighted != group:
        return theme().mixed(token, "surface", _FADED)
    return theme().color(token)


class _Bar:
    """One row of the norms."""

    def __init__(self, group: str, shape: str, norms: Floats) -> None:
        self.group, self.shape = group, shape
        self.norm = self.low = self.high = math.nan  # nothing measured yet
        if len(norms):
            self.norm = float(norms[-1])
            self.low, self.high = (float(v) for v in np.quantile(norms, (0.1, 0.9)))
        self.share = math.nan  # of the squared global norm


class _Bars(QWidget):
    """Rows with name, bar, whisker, norm and share; a foot with the global norm."""

    highlighted = Signal(str)  # the group pointed at, empty for none

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Gradient norm of each parameter group"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.bars: list[_Bar] = []
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

    def _paint_row(self, painter: QPainter, row: QRectF, bar: _Bar) -> None:
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
        for x in (low, high):
            painter.drawLine(QPointF(x, y - 3), QPointF(x, y + 3))
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
        count = min(self.measured, _RECENT)
        words = self.tr("10 to 90% range, last {0} measured steps").format(whole(count))
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
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

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
        self.bars = _Bars(self)
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
                found = norms.joint("gradients", names, _RECENT) if len(norms) else np.empty(0)
                bars.bars.append(_Bar(group, parameter_groups.shape_text(config, names), found))
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
        self.set_clause(f"{words}, {step}" if step else words)
        bars.setAccessibleDescription(
            bars.message or ", ".join(f"{bar.group} {norm_text(bar.norm)}" for bar in bars.bars)
        )
        bars.update()

    def _fit(self) -> None:
        """The axis holds bars and whiskers; it grows in steps and shrinks only by far."""
        bars = self.bars
        largest = max(max(bar.norm, bar.high) for bar in bars.bars)
        wanted = grown(max(largest, 1e-12) * 1.02)
        if largest > bars.top or largest < 0.35 * bars.top:
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


class _RatioCurve:
    """A group's update ratios thinned for drawing."""

    def __init__(self, group: str, steps: Floats, logs: Floats) -> None:
        self.group, self.steps, self.logs = group, steps, logs


class _RatioPlot(Plot):
    """Steps to the right, the decimal logarithm of the update-to-weight ratio upwards."""

    highlighted = Signal(str)
    step_axis = True

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(name, parent)
        self.curves: list[_RatioCurve] = []
        self.message = ""
        self.highlight = ""
        self.y_range = _RATIO_EMPTY
        self.label_rects: dict[str, QRectF] = {}
        self.readout_rect = QRectF()

    def margins(self) -> tuple[float, float, float, float]:
        """Room for the names at the right ends."""
        font = ui_font("key", bold=True)
        widest = max([name_width(curve.group, font) for curve in self.curves] + [28.0])
        return self.left_margin(), 8.0, widest + 20.0, self.bottom_margin()

    def x_ticks(self) -> list[Tick]:
        """Steps."""
        return linear_ticks(self.x_range, max(int(self.width() / 90), 2), whole, least_step=1.0)

    def y_ticks(self) -> list[Tick]:
        """Decades."""
        return log_ticks(self.y_range, max(int(self.height() / 40), 2), power_of_ten)

    def paint_content(self, painter: QPainter) -> None:
        """The usual range, curves, names, and what is under the mouse."""
        area = self.area()
        painter.setClipRect(area.adjusted(0, 0, 2, 0))
        self._paint_usual(painter, area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for curve in self.curves:
            color = group_color(curve.group, self.highlight)
            x, y = self.pixel_x(curve.steps), self.pixel_y(curve.logs)
            if len(x) == 1:
                painter.setPen(QPen(color, 1.8))
                painter.setBrush(color)
                painter.drawEllipse(QPointF(x[0], y[0]), marker(2.5), marker(2.5))
            draw_curve(painter, x, y, color, stroke(1.8))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setClipping(False)
        self._paint_names(painter, area)
        self._paint_step(painter, area)
        if self.message:
            paint_message(painter, area, self.message)

    def paint_over(self, painter: QPainter) -> None:
        """The read-out."""
        if not self.message:
            self._paint_hover(painter, self.area())

    def _paint_usual(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        top, bottom = (self.at_y(math.log10(v)) for v in reversed(_USUAL))
        top, bottom = max(top, area.top()), min(bottom, area.bottom())
        if bottom <= top:
            return
        band = QRectF(area.left() + 1, top, area.width() - 1, bottom - top)
        painter.fillRect(band, colors.mixed("good", "surface", 0.13))
        painter.setPen(dashed_pen(colors.color("good")))
        y = crisp(self.at_y(math.log10(_USUAL_MIDDLE)))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        painter.setFont(ui_font("tick"))
        metrics = QFontMetricsF(painter.font())
        if bottom - y > metrics.height() + 4:
            painter.setPen(colors.color("good"))
            words = self.tr("usual range, about {0}").format("10⁻³")
            painter.drawText(QPointF(area.left() + 8, bottom - metrics.descent() - 3), words)

    def _paint_names(self, painter: QPainter, area: QRectF) -> None:
        self.label_rects = {}
        font = ui_font("key", bold=True)
        metrics = QFontMetricsF(font)
        ends = []
        for curve in self.curves:
            if not len(curve.steps):
                continue
            shown = np.flatnonzero(curve.steps <= self.x_range.high)
            if not len(shown):
                continue
            index = int(shown[-1])
            y = self.at_y(float(curve.logs[index]))
            x = self.at_x(float(curve.steps[index]))
            ends.append((curve.group, x, min(max(y, area.top()), area.bottom())))
        height = metrics.height()
        middles = spread_apart(
            [end[2] for end in ends], height, area.top() + height / 2, area.bottom() - height / 2
        )
        left = area.right() + 16
        for (group, x, y), middle in zip(ends, middles, strict=True):
            color = group_color(group, self.highlight)
            painter.setPen(QPen(color, 1))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawLine(QPointF(max(x, area.left()) + 2, y), QPointF(area.right() + 4, y))
            painter.drawLine(QPointF(area.right() + 4, y), QPointF(left - 3, middle))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            draw_name(painter, QPointF(left, middle + metrics.capHeight() / 2), group, font)
            self.label_rects[group] = QRectF(
                left - 3, middle - height / 2, self.width() - left + 3, height
            )

    def _paint_step(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(ui_font("tick"))
        painter.setPen(theme().color("text-muted"))
        metrics = QFontMetricsF(painter.font())
        words = self.tr("step")
        left = self.width() - metrics.horizontalAdvance(words) - 1
        if left > self.x_labels_end + 5:
            left = min(left, max(area.right() + 8, self.x_labels_end + 6))
            painter.drawText(QPointF(left, area.bottom() + 5 + metrics.ascent()), words)

    # Pointing.

    def group_at(self, at: QPointF) -> str:
        """The group whose name or curve is under a point."""
        for group, rect in self.label_rects.items():
            if rect.contains(at):
                return group
        best, found = 8.0, ""
        for curve in self.curves:
            if not self.area().contains(at) or not len(curve.steps):
                continue
            index = int(np.argmin(np.abs(curve.steps - self.plot_x(at.x()))))
            distance = abs(self.at_y(float(curve.logs[index])) - at.y())
            if distance < best:
                best, found = distance, curve.group
        return found

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Points at a group, also by its name beside the axes."""
        super().mouseMoveEvent(event)
        self.highlighted.emit(self.group_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Points at none."""
        super().leaveEvent(event)
        self.highlighted.emit("")

    def step_under(self, at: QPointF) -> float | None:
        """The drawn step nearest to a point."""
        steps = next((curve.steps for curve in self.curves if len(curve.steps)), None)
        if steps is None:
            return None
        return float(steps[int(np.argmin(np.abs(steps - self.plot_x(at.x()))))])

    def column_of(self, step: float) -> float | None:
        """Where a step is."""
        return self.at_x(step)

    def hover_changed(self) -> None:
        """The read-out follows the mouse."""
        self.update()

    def _paint_hover(self, painter: QPainter, area: QRectF) -> None:
        curves = [curve for curve in self.curves if len(curve.steps)]
        step = self.step_under(self.hover) if self.hover is not None else None
        if self.hover is None or step is None or self._box_from is not None:
            return
        x = self.at_x(step)
        if not area.left() - 1 <= x <= area.right() + 1:
            return
        entries = []
        for curve in curves:
            index = int(np.argmin(np.abs(curve.steps - step)))
            if abs(curve.steps[index] - step) < 1:
                value = two_figures(float(10.0 ** curve.logs[index]))
                words = curve.group
                entries.append(Entry(parameter_groups.token(curve.group), words, value))
        title = self.tr("step {0}").format(whole(step))
        at = QPointF(x, self.hover.y())
        self.readout_rect = paint_readout(painter, QRectF(self.rect()), at, title, entries)


def thinned(steps: Floats, logs: Floats, most: int) -> tuple[Floats, Floats]:
    """At most `most` points of a curve: means of equally many neighbours, last steps at the end."""
    if len(steps) <= most:
        return steps, logs
    edges = np.linspace(0, len(steps), most + 1).astype(np.intp)
    counts = np.diff(edges)
    means: Floats = np.add.reduceat(logs, edges[:-1]) / counts
    return steps[edges[1:] - 1], means


class UpdateRatioPanel(_GroupPanel):
    """How large the change of each group is against the group itself, at the measured steps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Update to weight ratio"), tr("‖Δw‖ / ‖w‖ per step"), parent)
        self.plot = _RatioPlot(self.tr("Update to weight ratio against steps"), self)
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
            plot.curves.append(_RatioCurve(group, *thinned(steps[good], logs, _POINTS)))
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
            y = _RATIO_EMPTY
        last = float(steps[-1]) if len(steps) else 100.0
        first = float(steps[0]) if len(steps) and steps[0] > 0.5 * last else 0.0
        x = Range(first, grown(max(last, first + 10.0)) if first == 0 else max(last, first + 10.0))
        plot.x_limits, plot.y_limits = x, Range(y.low - 1, y.high + 1)
        plot.set_ranges(x, y)
