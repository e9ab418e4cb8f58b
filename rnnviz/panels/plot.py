"""The axes every curve view shares: ticks, grid, formats and navigation, painted with QPainter.

Panels subclass `Plot` and paint their data in `paint_content`. Some hundred points cost about a
millisecond so, a fraction of what a graphics scene takes, and every label can avoid every other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPolygonF
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetricsF,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPaintEngine,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rnnviz.panels.painting import is_for_keeps, shows_focus
from rnnviz.panels.sizing import sized
from rnnviz.panels.text_width import text_height, text_width
from rnnviz.panels.theme import px, stroke, theme, themes, ui_font
from rnnviz.panels.time_cursor import paint_time_cursor, time_cursor

Floats = NDArray[np.float64]

_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_ZOOM = 1.25  # of the range per wheel notch
_OVERLAP = 0.3  # pixels by which a curve of overlapping smooth lines looks wider
_DASH = (5.0, 4.0)  # of reference lines, in pixels


class Tick(NamedTuple):
    """A place on an axis in plot coordinates; a minor tick has no label."""

    at: float
    label: str = ""


class Range(NamedTuple):
    """What an axis shows, in plot coordinates."""

    low: float
    high: float

    @property
    def span(self) -> float:
        """Its length."""
        return self.high - self.low


# Numbers as they are written on axes and in labels.


def whole(value: float) -> str:
    """Steps and counts: 12,345."""
    return f"{round(value):,}"


def two_figures(value: float) -> str:
    """Norms and thresholds with two significant figures: 0.012, 5.0, 12, 1,200, 3.1e+09."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.1e}")
    exponent = math.floor(math.log10(abs(rounded)))
    if exponent >= 5 or exponent < -4:
        return f"{rounded:.1e}"
    return f"{rounded:,.{max(1 - exponent, 0)}f}"


def decade(value: float) -> str:
    """An axis number on a logarithmic axis: 0.01, 1, 20, 1,000, 1e7."""
    if 1e-4 <= value < 1e6:
        return f"{value:,.0f}" if value >= 1 else f"{value:g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


# Ticks.


def nice_step(span: float, most: int) -> float:
    """The smallest 1, 2 or 5 times a power of ten that cuts `span` into at most `most` parts."""
    raw = span / max(most, 1)
    base = 10.0 ** math.floor(math.log10(raw))
    for mantissa in (1.0, 2.0, 5.0):
        if mantissa * base >= raw * (1 - 1e-9):
            return mantissa * base
    return 10.0 * base


def linear_ticks(
    shown: Range, most: int, text: Callable[[float], str] | None = None, least_step: float = 0.0
) -> list[Tick]:
    """At most `most` + 1 round numbers; without `text` they share the decimals their step needs."""
    step = max(nice_step(shown.span, most), least_step)
    decimals = max(-math.floor(math.log10(step) + 1e-9), 0)
    first, last = math.ceil(shown.low / step - 1e-9), math.floor(shown.high / step + 1e-9)
    values = [index * step for index in range(first, last + 1)]
    return [Tick(v, text(v) if text else f"{v:,.{decimals}f}") for v in values]


def log_ticks(shown: Range, most: int, text: Callable[[float], str] = decade) -> list[Tick]:
    """Ticks for a range of decimal logarithms: decades, and 2 and 5 between them where few."""
    return list(_log_ticks(shown, most, text))


@lru_cache(maxsize=16)  # every frame asks for the same ones several times
def _log_ticks(shown: Range, most: int, text: Callable[[float], str]) -> list[Tick]:
    first, last = math.floor(shown.low), math.ceil(shown.high)
    skip = max(1, math.ceil((last - first) / max(most, 1)))
    decades = [e for e in range(first, last + 1) if shown.low - 1e-9 <= e <= shown.high + 1e-9]
    labelled: Sequence[int] = (1,)
    if len(decades) < 3 and 3 * max(shown.span, 1.0) <= most:
        labelled = (1, 2, 5)
    ticks = []
    for exponent in range(first, last + 1):
        for mantissa in range(1, 10):
            at = exponent + math.log10(mantissa)
            if not shown.low - 1e-9 <= at <= shown.high + 1e-9:
                continue
            wanted = mantissa in labelled and (exponent % skip == 0 or skip == 1)
            if wanted:
                ticks.append(Tick(at, text(mantissa * 10.0**exponent)))
            elif skip == 1 and last - first <= 8:
                ticks.append(Tick(at))
    if sum(bool(tick.label) for tick in ticks) >= 2 or shown.span <= 0:
        return ticks
    # Zoomed in between two round numbers: as on a linear axis of the values.
    low, high = 10.0**shown.low, 10.0**shown.high
    plain = linear_ticks(Range(low, high), most)
    return [Tick(math.log10(t.at), t.label) for t in plain if t.at > 0]


def grown(value: float) -> float:
    """The next round number at or above a positive value, so that axes grow in steps."""
    base = 10.0 ** math.floor(math.log10(value))
    for mantissa in _STEPS:
        if mantissa * base >= value * (1 - 1e-9):
            return mantissa * base
    return 10.0 * base


# Painting.


def polygon(x: Floats, y: Floats) -> QPolygonF:
    """Points in pixels for drawPolyline and drawPoints."""
    # The empty one is Qt's own: pyqtgraph would ask it for the address of nothing.
    return arrayToQPolygonF(x, y) if len(x) else QPolygonF()


def draw_curve(
    painter: QPainter, x: Floats, y: Floats, color: QColor, width: float | None = None
) -> None:
    """Draws a smooth curve through points in pixels, `stroke()` wide unless told otherwise.

    The colour must be opaque. Qt outlines a wide polyline and fills the outline; separate lines
    with square ends it rasterizes directly, which looks the same and takes a tenth of the time
    (1,600 points, 4 px wide: 0.8 ms instead of 7.3).
    """
    if len(x) < 2:
        return
    pen = QPen(color, stroke() if width is None else width)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    engine = painter.paintEngine()
    if engine is not None and engine.type() == QPaintEngine.Type.SVG:
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawPolyline(polygon(x, y))  # one element instead of thousands
    else:
        pen.setCapStyle(Qt.PenCapStyle.SquareCap)
        pen.setWidthF(max(pen.widthF() - _OVERLAP, 1.0))
        painter.setPen(pen)
        lines = PrimitiveArray(QLineF, 4)
        lines.resize(len(x) - 1)
        ends = lines.ndarray()
        ends[:, 0], ends[:, 1], ends[:, 2], ends[:, 3] = x[:-1], y[:-1], x[1:], y[1:]
        painter.drawLines(*lines.drawargs())
    painter.restore()


def dashed_pen(color: QColor, width: float = 1.0) -> QPen:
    """The pen of reference lines."""
    pen = QPen(color, width)
    pen.setDashPattern([d / width for d in _DASH])
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def crisp(value: float) -> float:
    """The middle of the pixel, where a 1 px line stays sharp."""
    return math.floor(value) + 0.5


class Plot(QWidget):
    """A rectangle with axes. Plot coordinates are what the subclass says (logarithms, say).

    With `navigable` the wheel zooms (over an axis only that one), drags pan, Shift+drag boxes;
    arrows, + and - do the same. A double click or Home asks for the whole picture again.

    Where x is training steps, a subclass sets `step_axis` and overrides `step_under` and
    `column_of`: then the plot points at the time cursor, shows it, and a click pins it.
    """

    navigated = Signal()  # the user zoomed or panned
    reset_requested = Signal()
    left_margin_least = 24.0
    step_axis = False

    def __init__(self, name: str, parent: QWidget | None = None, *, navigable: bool = True) -> None:
        super().__init__(parent)
        self.x_range, self.y_range = Range(0.0, 1.0), Range(0.0, 1.0)
        self.x_limits: Range | None = None  # how far the user may go
        self.y_limits: Range | None = None
        self.navigable = navigable
        self.hover: QPointF | None = None  # the mouse inside the axes, in widget coordinates
        self._drag_from: QPointF | None = None
        self._drag_ranges = (self.x_range, self.y_range)
        self._box_from: QPointF | None = None
        self._box_to = QPointF()
        self.x_labels_end = 0.0  # right end of the last number of the x axis, as painted
        self._area: QRectF | None = None  # measured when needed: a paint asks many times
        self._axes: QPixmap | None = None  # background and axes, painted once for what they show
        self._axes_key: tuple[object, ...] = ()
        self.exposed = QRectF()  # what is being painted, in widget coordinates
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if navigable else Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        sized(self, "least", lambda plot: plot.setMinimumSize(px(120), px(80)))
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        themes().changed.connect(self._theme_changed)
        if self.step_axis:
            time_cursor().changed.connect(self.cursor_moved)

    # Geometry.

    def margins(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the axes in pixels; overridden for labels at the side."""
        return self.left_margin(), 6.0, 12.0, self.bottom_margin()

    def left_margin(self) -> float:
        """Room for the widest number of the y axis."""
        widest = max((text_width(t.label) for t in self.y_ticks() if t.label), default=0.0)
        # In steps, so that the picture does not shift with every new number.
        return max(self.left_margin_least, 8.0 * math.ceil((widest + 9.0) / 8.0))

    def bottom_margin(self) -> float:
        """Room for the numbers of the x axis."""
        return text_height() + 8.0

    def area(self) -> QRectF:
        """The axes' rectangle in widget coordinates, on whole pixels."""
        if self._area is None:
            left, top, right, bottom = (round(m) for m in self.margins())
            width, height = self.width() - left - right, self.height() - top - bottom
            self._area = QRectF(left, top, max(width, 1), max(height, 1))
        return self._area

    def measure_again(self) -> None:
        """Measures the margins anew when they are next needed."""
        self._area = None

    def relayout(self) -> None:
        """Measures the margins anew at the next paint, and paints."""
        self.measure_again()
        self.update()

    def _theme_changed(self) -> None:
        self._axes = None
        self.relayout()

    def pixel_x(self, x: Floats) -> Floats:
        """Widget coordinates of plot coordinates."""
        area = self.area()
        return area.left() + (x - self.x_range.low) * (area.width() / self.x_range.span)

    def pixel_y(self, y: Floats) -> Floats:
        """Widget coordinates of plot coordinates."""
        area = self.area()
        return area.bottom() - (y - self.y_range.low) * (area.height() / self.y_range.span)

    def at_x(self, x: float) -> float:
        """`pixel_x` of one number, without NumPy's cost per call."""
        area = self.area()
        return area.left() + (x - self.x_range.low) * area.width() / self.x_range.span

    def at_y(self, y: float) -> float:
        """`pixel_y` of one number."""
        area = self.area()
        return area.bottom() - (y - self.y_range.low) * area.height() / self.y_range.span

    def plot_x(self, pixel: float) -> float:
        """Plot coordinate of a widget coordinate."""
        area = self.area()
        return self.x_range.low + (pixel - area.left()) * self.x_range.span / area.width()

    def plot_y(self, pixel: float) -> float:
        """Plot coordinate of a widget coordinate."""
        area = self.area()
        return self.y_range.low + (area.bottom() - pixel) * self.y_range.span / area.height()

    def set_ranges(self, x: Range, y: Range) -> None:
        """Shows another part."""
        if (x, y) != (self.x_range, self.y_range):
            self.x_range, self.y_range = x, y
            self.relayout()

    # For subclasses.

    def x_ticks(self) -> list[Tick]:
        """Ticks of the x axis; overridden."""
        return []

    def y_ticks(self) -> list[Tick]:
        """Ticks of the y axis; overridden."""
        return []

    def ground_look(self) -> object:
        """What `paint_ground` paints, to compare: it is painted anew when that is another."""
        return None

    def paint_ground(self, painter: QPainter) -> None:
        """Draws what stands still between grid and data, such as reference lines; overridden."""

    def paint_content(self, painter: QPainter) -> None:
        """Draws the data over the grid; overridden. The painter is not antialiased.

        Of the widget `exposed` is to be painted, and nothing else will be.
        """

    def paint_over(self, painter: QPainter) -> None:
        """Draws what stands over the time cursor, such as a read-out; overridden."""

    def hover_changed(self) -> None:
        """The mouse moved (`self.hover`); overridden by plots that answer."""

    # The time cursor.

    def step_under(self, at: QPointF) -> float | None:
        """The training step at a point inside the axes; None where there is none."""
        return None

    def column_of(self, step: float) -> float | None:
        """The pixel column of a training step; None when it is not in the picture."""
        return None

    def cursor_column(self) -> float | None:
        """Where the time cursor is to be drawn, sharp; None when it is not in the picture."""
        step = time_cursor().step
        x = self.column_of(step) if step is not None else None
        if x is None or not self.area().left() - 1 <= x <= self.area().right() + 1:
            return None
        return crisp(x)

    def cursor_moved(self) -> None:
        """Shows the time cursor where it is now."""
        if self.isVisible():
            self.update()

    def point_again(self) -> None:
        """The picture moved under a mouse at rest: it points at another step now."""
        if self.step_axis and self.hover is not None:
            self._point_at_time()

    def _point_at_time(self) -> None:
        step = self.step_under(self.hover) if self.hover is not None else None
        time_cursor().point_at(step)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draws background, grid, ticks, data, the zoom box and the focus mark."""
        self.exposed = QRectF(event.rect())
        colors = theme()
        painter = QPainter(self)
        self._paint_ground(painter)
        self.paint_content(painter)
        x = self.cursor_column() if self.step_axis else None
        if x is not None:
            paint_time_cursor(painter, x, self.area().top(), self.area().bottom())
        self.paint_over(painter)
        if self._box_from is not None:
            painter.setPen(QPen(colors.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self._box_from, self._box_to).normalized())
        if shows_focus(self):
            painter.setPen(QPen(colors.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.area().adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_ground(self, painter: QPainter) -> None:
        """Background and axes: while they stay as they are, ready-made."""
        x_ticks, y_ticks = self.x_ticks(), self.y_ticks()
        ratio = self.devicePixelRatioF()
        if is_for_keeps() or ratio != int(ratio):  # between whole pixels a picture would blur
            painter.fillRect(self.rect(), theme().color("surface"))
            self._paint_axes(painter, x_ticks, y_ticks)
            self.paint_ground(painter)
            return
        area = self.area()
        shown = (self.x_range, self.y_range, x_ticks, y_ticks, self.ground_look())
        key = (self.size(), ratio, area, *shown)
        if self._axes is None or key != self._axes_key:
            pixmap = QPixmap(self.size() * int(ratio))
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(theme().color("surface"))
            maker = QPainter(pixmap)
            self._paint_axes(maker, x_ticks, y_ticks)
            self.paint_ground(maker)
            maker.end()
            self._axes, self._axes_key = pixmap, key
        part = self.exposed
        painter.drawPixmap(part, self._axes, QRectF(part.topLeft() * ratio, part.size() * ratio))

    def hideEvent(self, event: QHideEvent) -> None:
        """What is not seen keeps no picture."""
        self._axes = None
        super().hideEvent(event)

    def _paint_axes(self, painter: QPainter, x_ticks: list[Tick], y_ticks: list[Tick]) -> None:
        colors = theme()
        area = self.area()
        metrics = QFontMetricsF(ui_font("tick"))
        grid, edge = QPen(colors.color("grid"), 1), QPen(colors.color("border"), 1)
        labels: list[tuple[QRectF, str]] = []
        painter.setPen(grid)
        for tick in x_ticks:
            x = crisp(self.at_x(tick.at))
            if tick.label:
                painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
                width = metrics.horizontalAdvance(tick.label)
                left = min(max(x - width / 2, area.left()), self.width() - width - 1)
                rect = QRectF(left, area.bottom() + 5, width + 1, metrics.height())
                if not labels or rect.left() > labels[-1][0].right() + 8:
                    labels.append((rect, tick.label))
        self.x_labels_end = labels[-1][0].right() if labels else 0.0
        last_top = math.inf
        for tick in sorted(y_ticks):
            y = crisp(self.at_y(tick.at))
            if tick.label:
                painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
                top = y - metrics.height() / 2
                if top + metrics.height() <= last_top + 1 and top >= -1:
                    width = metrics.horizontalAdvance(tick.label)
                    rect = QRectF(area.left() - 9 - width, top, width + 1, metrics.height())
                    labels.append((rect, tick.label))
                    last_top = top
        painter.setPen(edge)
        left, bottom = crisp(area.left()), crisp(area.bottom())
        if y_ticks:
            painter.drawLine(QPointF(left, area.top()), QPointF(left, bottom))
        if x_ticks:
            painter.drawLine(QPointF(left, bottom), QPointF(area.right(), bottom))
        for tick in x_ticks:
            if not tick.label:
                x = crisp(self.at_x(tick.at))
                painter.drawLine(QPointF(x, bottom + 1), QPointF(x, bottom + 3))
        for tick in y_ticks:
            if not tick.label:
                y = crisp(self.at_y(tick.at))
                painter.drawLine(QPointF(left - 3, y), QPointF(left - 1, y))
        painter.setFont(ui_font("tick"))
        painter.setPen(colors.color("text-muted"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip
        for rect, text in labels:
            painter.drawText(rect, flags, text)

    # Navigation.

    def _zoom(self, factor: float, at: QPointF, x: bool, y: bool) -> None:
        new_x, new_y = self.x_range, self.y_range
        if x:
            middle = self.plot_x(at.x())
            new_x = Range(
                middle - (middle - new_x.low) * factor, middle + (new_x.high - middle) * factor
            )
        if y:
            middle = self.plot_y(at.y())
            new_y = Range(
                middle - (middle - new_y.low) * factor, middle + (new_y.high - middle) * factor
            )
        self._navigate(new_x, new_y)

    def _navigate(self, x: Range, y: Range) -> None:
        x, y = _within(x, self.x_limits), _within(y, self.y_limits)
        if min(x.span, y.span) < 1e-6 or (x, y) == (self.x_range, self.y_range):
            return
        self.set_ranges(x, y)
        self.navigated.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms around the mouse."""
        notches = event.angleDelta().y() / 120.0
        if not self.navigable or not notches:
            event.ignore()
            return
        area, at = self.area(), event.position()
        over_y_axis, over_x_axis = at.x() < area.left(), at.y() > area.bottom()
        self._zoom(_ZOOM**-notches, at, not over_y_axis, not over_x_axis)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begins to pan, or with Shift to draw the box to zoom into."""
        if event.button() != Qt.MouseButton.LeftButton or not self.navigable:
            event.ignore()
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._box_from = self._box_to = event.position()
        else:
            self._drag_from = event.position()
            self._drag_ranges = (self.x_range, self.y_range)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pans, draws the box, or just points."""
        at = event.position()
        if self._box_from is not None:
            self._box_to = at
            self.update()
        elif self._drag_from is not None:
            moved = at - self._drag_from
            if moved.manhattanLength() > 3 or self.cursor().shape() == Qt.CursorShape.SizeAllCursor:
                self.setCursor(Qt.CursorShape.SizeAllCursor)
                area, (x, y) = self.area(), self._drag_ranges
                right = moved.x() * x.span / area.width()
                up = -moved.y() * y.span / area.height()
                self._navigate(Range(x.low - right, x.high - right), Range(y.low - up, y.high - up))
        self.hover = at if self.area().contains(at) and self._drag_from is None else None
        if self.step_axis:
            self._point_at_time()
        self.hover_changed()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ends the drag; a press that did not move is a click."""
        if self._box_from is not None:
            box = QRectF(self._box_from, event.position()).normalized()
            self._box_from = None
            if box.width() > 4 and box.height() > 4:
                self._navigate(
                    Range(self.plot_x(box.left()), self.plot_x(box.right())),
                    Range(self.plot_y(box.bottom()), self.plot_y(box.top())),
                )
            self.update()
        elif self._drag_from is not None:
            moved = event.position() - self._drag_from
            self._drag_from = None
            self.unsetCursor()
            if moved.manhattanLength() <= 3:
                self.clicked(event.position())

    def clicked(self, at: QPointF) -> None:
        """The user clicked without dragging: pins the time cursor; overridden for other marks."""
        step = self.step_under(at) if self.area().contains(at) else None
        if step is not None:
            time_cursor().pin(step)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Shows everything again; the first of the two clicks has pinned nothing."""
        if self.navigable and event.button() == Qt.MouseButton.LeftButton:
            if self.step_axis:
                time_cursor().clear()
            self.reset_requested.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Ends pointing."""
        self.hover = None
        if self.step_axis:
            time_cursor().point_at(None)
        self.hover_changed()

    def event(self, event: QEvent) -> bool:
        """Escape is for a pinned time cursor before it is for a shortcut of the window."""
        wanted = event.type() == QEvent.Type.ShortcutOverride and time_cursor().pinned
        if wanted and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Forgets where the mouse was."""
        self.hover = None
        self.relayout()
        super().resizeEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The panel's own menu opens instead."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows pan by a tenth, + and - zoom around the middle, Home shows everything."""
        if time_cursor().take_key(event):
            return
        if not self.navigable:
            super().keyPressEvent(event)
            return
        x, y, key = self.x_range, self.y_range, event.key()
        pans = {
            Qt.Key.Key_Left: (-0.1, 0.0),
            Qt.Key.Key_Right: (0.1, 0.0),
            Qt.Key.Key_Down: (0.0, -0.1),
            Qt.Key.Key_Up: (0.0, 0.1),
        }
        if key in pans:
            right, up = pans[Qt.Key(key)][0] * x.span, pans[Qt.Key(key)][1] * y.span
            self._navigate(Range(x.low + right, x.high + right), Range(y.low + up, y.high + up))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            factor = _ZOOM if key == Qt.Key.Key_Minus else 1 / _ZOOM
            self._zoom(factor, self.area().center(), True, True)
        elif key == Qt.Key.Key_Home:
            self.reset_requested.emit()
        else:
            super().keyPressEvent(event)


def _within(wanted: Range, limits: Range | None) -> Range:
    """The range moved, and if need be shortened, to lie inside the limits."""
    if limits is None:
        return wanted
    if wanted.span >= limits.span:
        return limits
    shift = max(limits.low - wanted.low, 0.0) - max(wanted.high - limits.high, 0.0)
    return Range(wanted.low + shift, wanted.high + shift)
