"""The complex plane with eigenvalues, the unit circle, and what it all means in words."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from rnnviz.panels.curves import crisp, polygon
from rnnviz.panels.number_text import two_figures, whole
from rnnviz.panels.plot import Plot
from rnnviz.panels.readout import Entry, paint_message, paint_readout
from rnnviz.panels.theme import marker, mono_font, px, stroke, theme, ui_font
from rnnviz.panels.ticks import Range
from rnnviz.panels.translate import tr
from rnnviz.probes.step_jacobian import Spectrum

Complex = NDArray[np.complex128]
_RING = 7  # radius of the mark of the largest eigenvalue in pixels
_SIDE = 148.0  # pixels of the words at the right
_LEAST_PLOT = 230.0  # wide; in less room the words at the right give way
_REACH = 9.0  # pixels around the mouse in which an eigenvalue is found
_RADIUS_NEAR_ONE = 0.02
MOST_REACH = 12.0  # beyond it the unit circle would be a dot
LEAST_REACH = (1.25, 1.25, 1.2)  # to the left, to the right, up and down from 0


def jacobian_words(radius: float, growing: bool = False) -> str:
    """What a spectral radius of the mean step Jacobian means.

    `growing` says that the gradient, as measured through the steps one by one, grows: their mean
    need not, where units are seldom out of saturation but then let much through.
    """
    if radius < 1 - _RADIUS_NEAR_ONE:
        if growing:
            return tr("below 1 in the mean, but steps differ so much that the gradient grows")
        return tr("below 1: on average each step back shrinks the gradient")
    if radius <= 1 + _RADIUS_NEAR_ONE:
        return tr("about 1: along one direction the gradient keeps its size")
    return tr("above 1: along one direction each step back enlarges the gradient")


def weight_words(radius: float, activation: str) -> str:
    """What a spectral radius of W_hh means."""
    if radius <= 1:
        return tr("at most 1: without input the state fades")
    if activation == "tanh":
        return tr("above 1, but tanh saturates and pulls it back inside")
    return tr("above 1: what ReLU lets through grows")


class EigenvaluePlane(Plot):
    """The complex plane at equal scales, with a column of words at the right."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(name, parent, navigable=False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.spectrum: Spectrum | None = None
        self.token = "good"
        self.shown = "both"
        self.activation = "tanh"
        self.growing = False  # the gradient on its way back, as far as that was measured
        self.message = ""
        self.reach = LEAST_REACH
        self.readout_rect = QRectF()

    # Geometry.

    def side_shown(self) -> bool:
        """Whether there is room for the words at the right."""
        return self.width() >= px(_SIDE + _LEAST_PLOT)

    def margins(self) -> tuple[float, float, float, float]:
        """The words at the right, or above when it is narrow."""
        if self.side_shown():
            return 4.0, 4.0, px(_SIDE) + 20.0, 4.0
        return 4.0, 2 * QFontMetricsF(ui_font("label")).height() + 4.0, 4.0, 4.0

    def fit(self) -> None:
        """The same scale on both axes, as large as the room allows for all there is."""
        area = self.area()
        left, right, up = self.reach
        scale = max((left + right) / max(area.width(), 1.0), 2 * up / max(area.height(), 1.0))
        middle, across, up = (
            (right - left) / 2,
            area.width() * scale / 2,
            area.height() * scale / 2,
        )
        self.set_ranges(Range(middle - across, middle + across), Range(-up, up))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keeps the scales equal."""
        super().resizeEvent(event)
        self.fit()

    def weights_shown(self) -> Complex | None:
        """The eigenvalues drawn as rings."""
        if self.spectrum is None or self.shown == "jacobian":
            return None
        return self.spectrum.weights

    def jacobian_shown(self) -> Complex | None:
        """The eigenvalues drawn as dots."""
        if self.spectrum is None:
            return None
        if self.shown == "weights" and self.spectrum.weights is not None:
            return None
        return self.spectrum.jacobian

    # Painting.

    def paint_content(self, painter: QPainter) -> None:
        """Axes through 0, circles, rings, dots, words, and what is under the mouse."""
        area = self.area()
        painter.setClipRect(area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_plane(painter, area)
        weights, jacobian = self.weights_shown(), self.jacobian_shown()
        colors = theme()
        if weights is not None:
            painter.setPen(QPen(colors.color("text-muted"), 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for at in self._points(weights):
                painter.drawEllipse(at, marker(3.2), marker(3.2))
        if jacobian is not None and self.spectrum is not None:
            self._paint_radius_circle(painter, self.spectrum.radius)
            pen = QPen(colors.color("surface"), marker(7.4))
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            points = polygon(self.pixel_x(jacobian.real.copy()), self.pixel_y(jacobian.imag.copy()))
            painter.setPen(pen)
            painter.drawPoints(points)
            pen.setColor(colors.color(self.token))
            pen.setWidthF(marker(5.6))
            painter.setPen(pen)
            painter.drawPoints(points)
        self._paint_unit_circle(painter, area)
        if jacobian is not None and not self._beyond(jacobian[:1]):
            self._paint_largest(painter, area, jacobian)
        painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._paint_beyond(painter, area)
        if self.message:
            # Inside the circle, whose numbers stand beside it.
            reach = 0.85 * (self.at_x(1) - self.at_x(0)) + 16
            middle = QPointF(self.at_x(0), self.at_y(0))
            room = QRectF(middle - QPointF(reach, reach), middle + QPointF(reach, reach))
            paint_message(painter, room, self.message)
        if self.side_shown():
            self._paint_side(painter)
        elif self.spectrum is not None:
            self._paint_head(painter)
        self._paint_hover(painter, area)

    def _beyond(self, values: Complex | None) -> int:
        """How many eigenvalues lie outside of the picture."""
        if values is None:
            return 0
        x, y = self.x_range, self.y_range
        inside = (values.real >= x.low) & (values.real <= x.high) & (abs(values.imag) <= y.high)
        return int(len(values) - inside.sum())

    def _paint_beyond(self, painter: QPainter, area: QRectF) -> None:
        count = self._beyond(self.jacobian_shown()) + self._beyond(self.weights_shown())
        if not count:
            return
        painter.setFont(ui_font("tick"))
        painter.setPen(theme().color("text-2"))
        words = self.tr("{0} more lie farther out").format(whole(count))
        metrics = QFontMetricsF(painter.font())
        rect = QRectF(
            area.left() + 4,
            area.bottom() - metrics.height() - 2,
            metrics.horizontalAdvance(words),
            metrics.height(),
        )
        painter.fillRect(rect.adjusted(-3, 0, 3, 0), theme().color("surface"))
        painter.drawText(QPointF(rect.left(), rect.top() + metrics.ascent()), words)

    def _points(self, values: Complex) -> list[QPointF]:
        x, y = self.pixel_x(values.real.copy()), self.pixel_y(values.imag.copy())
        return [QPointF(*point) for point in zip(x.tolist(), y.tolist(), strict=True)]

    def _paint_plane(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        painter.setPen(QPen(colors.color("border"), 1))
        x, y = crisp(self.at_x(0)), crisp(self.at_y(0))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.setFont(ui_font("tick"))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(colors.color("text-muted"))
        words = self.tr("imaginary")
        # Beside the axis, on the side that the number 1 (or i) does not need.
        right = self.at_y(1) - area.top() > 2.5 * metrics.height()
        left = x + 6 if right else x - 6 - metrics.horizontalAdvance(words)
        painter.drawText(QPointF(left, area.top() + metrics.ascent() + 2), words)
        words = self.tr("real")
        left = area.right() - metrics.horizontalAdvance(words) - 2
        # Above or below the ring around the largest eigenvalue, which is often near 1.
        clear = marker(_RING) + 2
        lower = y + clear + metrics.ascent()
        below = left - self.at_x(1) > 24
        painter.drawText(QPointF(left, lower if below else y - clear - 2), words)
        one = abs(self.at_x(1) - self.at_x(0))
        if one < 36:
            return
        for text, at in (
            ("1", QPointF(self.at_x(1) + 4, lower)),
            ("−1", QPointF(self.at_x(-1) - metrics.horizontalAdvance("−1") - 4, lower)),
            ("i", QPointF(x + 5, self.at_y(1) - 4)),
            ("−i", QPointF(x + 5, self.at_y(-1) + metrics.ascent() + 3)),
        ):
            painter.drawText(at, text)

    def _circle(self, radius: float) -> QRectF:
        return QRectF(
            QPointF(self.at_x(-radius), self.at_y(radius)),
            QPointF(self.at_x(radius), self.at_y(-radius)),
        )

    def _paint_radius_circle(self, painter: QPainter, radius: float) -> None:
        if not 0 < radius < 50:
            return
        pen = QPen(theme().color(self.token), stroke(1.2))
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(self._circle(radius))

    def _paint_unit_circle(self, painter: QPainter, area: QRectF) -> None:
        colors = theme()
        painter.setPen(QPen(colors.color("text-2"), stroke(1.6)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(self._circle(1.0))
        painter.setFont(ui_font("label"))
        metrics = QFontMetricsF(painter.font())
        words = self.tr("unit circle")
        width = metrics.horizontalAdvance(words)
        slant = math.sqrt(0.5)
        start = QPointF(self.at_x(slant), self.at_y(-slant))
        end = start + QPointF(16, 14)
        rect = QRectF(end.x() + 3, end.y() - metrics.height() / 2, width, metrics.height())
        if not area.contains(rect):
            return
        painter.setPen(QPen(colors.color("text-2"), 1))
        painter.drawLine(start, end)
        painter.fillRect(rect.adjusted(-2, 1, 2, -1), colors.color("surface"))
        painter.drawText(QPointF(rect.left(), rect.top() + metrics.ascent()), words)

    def _paint_largest(self, painter: QPainter, area: QRectF, jacobian: Complex) -> None:
        """Marks the largest eigenvalue and says how large it is."""
        colors = theme()
        at = QPointF(self.at_x(float(jacobian[0].real)), self.at_y(abs(float(jacobian[0].imag))))
        painter.setPen(QPen(colors.color("text"), stroke(1.8)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        ring = marker(_RING)
        painter.drawEllipse(at, ring, ring)
        painter.setFont(ui_font("key", bold=True))
        metrics = QFontMetricsF(painter.font())
        words = self.tr("ρ {0}").format(radius_text(float(abs(jacobian[0]))))
        width = metrics.horizontalAdvance(words)
        right = at.x() + 24 + width < area.right()
        shift = QPointF(22 if right else -22, -34 if at.y() - 50 > area.top() else 34)
        end = at + shift
        left = end.x() - 4 if right else end.x() - width + 4
        upper = shift.y() < 0
        top = end.y() - metrics.height() if upper else end.y()
        rect = QRectF(left, top, width, metrics.height())
        start = at + shift * (ring / math.hypot(shift.x(), shift.y()))
        painter.setPen(QPen(colors.color("text"), 1.2))
        painter.drawLine(start, end)
        painter.fillRect(rect.adjusted(-5, 0, 5, 0), colors.color("surface"))
        painter.drawText(QPointF(rect.left(), rect.top() + metrics.ascent()), words)

    def side_entries(self) -> list[tuple[str, bool, str, str, str]]:
        """Heading, whether its mark is filled, figure, caption and meaning, from top to bottom."""
        found = self.spectrum
        if found is None:
            return []
        entries = []
        if self.jacobian_shown() is not None:
            entries.append(
                (
                    self.tr("Jacobian J"),
                    True,
                    radius_text(found.radius),
                    self.tr("spectral radius ρ(J)"),
                    self.tr(jacobian_words(found.radius, self.growing)),
                )
            )
        radius = found.weight_radius
        if self.weights_shown() is not None and radius is not None:
            entries.append(
                (
                    self.tr("Weights Wₕₕ"),
                    False,
                    radius_text(radius),
                    self.tr("spectral radius ρ(W)"),
                    self.tr(weight_words(radius, self.activation)),
                )
            )
        return entries

    def foot_words(self) -> str:
        """What the Jacobian is the mean of."""
        found = self.spectrum
        if found is None or self.jacobian_shown() is None:
            return ""
        if found.weights is not None:
            slope = "1−h²" if self.activation == "tanh" else "h>0"
            return self.tr("J averages diag({0})W over {1} characters").format(
                slope, whole(found.averaged)
            )
        if len(found.state) > 1:
            return self.tr("J maps h and c one step on; mean over {0} places").format(
                whole(found.averaged)
            )
        return self.tr("J maps h one step on; mean over {0} places").format(whole(found.averaged))

    def _paint_side(self, painter: QPainter) -> None:
        colors = theme()
        left = self.width() - px(_SIDE)
        painter.setPen(QPen(colors.color("border"), 1))
        x = crisp(left - 12)
        painter.drawLine(QPointF(x, 4), QPointF(x, self.height() - 4))
        entries, foot = self.side_entries(), self.foot_words()
        body, caption, figure = ui_font("body", bold=True), ui_font("label"), mono_font("end-value")
        if self.height() > px(320):
            figure = _larger(figure, 1.6)
        caption_metrics = QFontMetricsF(caption)
        small = QFontMetricsF(ui_font("tick"))
        wrap = int(Qt.TextFlag.TextWordWrap)
        foot_rect = small.boundingRect(QRectF(0, 0, px(_SIDE), 2000), wrap, foot)
        bottom = self.height() - foot_rect.height() - 10
        y = 6.0
        for heading, filled, value, words, meaning in entries:
            metrics = QFontMetricsF(body)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            dot = QPointF(left + 4, y + metrics.height() / 2)
            painter.setPen(Qt.PenStyle.NoPen if filled else QPen(colors.color("text-muted"), 1.4))
            if filled:
                painter.setBrush(colors.color(self.token))
            else:
                painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(dot, 4, 4)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setFont(body)
            painter.setPen(colors.color("text"))
            painter.drawText(QPointF(left + 16, y + metrics.ascent()), heading)
            y += metrics.height() + 2
            painter.setFont(figure)
            metrics = QFontMetricsF(figure)
            painter.drawText(QPointF(left, y + metrics.ascent()), value)
            y += metrics.height()
            painter.setFont(caption)
            painter.setPen(colors.color("text-muted"))
            painter.drawText(QPointF(left, y + caption_metrics.ascent()), words)
            y += caption_metrics.height() + 2
            needed = caption_metrics.boundingRect(QRectF(left, y, px(_SIDE), 2000), wrap, meaning)
            if y + needed.height() <= bottom:
                painter.setPen(colors.color("text-2"))
                painter.drawText(needed, wrap, meaning)
                y += needed.height()
            y += 16 if self.height() > px(320) else 8
        if foot and y + foot_rect.height() < self.height():
            painter.setFont(ui_font("tick"))
            painter.setPen(colors.color("text-muted"))
            top = self.height() - foot_rect.height() - 2
            painter.drawText(QRectF(left, top, px(_SIDE), foot_rect.height() + 2), wrap, foot)

    def _paint_head(self, painter: QPainter) -> None:
        """The figures alone, above a narrow picture."""
        painter.setFont(ui_font("label"))
        painter.setPen(theme().color("text-2"))
        metrics = QFontMetricsF(painter.font())
        for line, (_, _, value, words, _) in enumerate(self.side_entries()):
            y = line * metrics.height() + metrics.ascent()
            painter.drawText(QPointF(6, y), f"{words} {value}")

    # Pointing.

    def hover_changed(self) -> None:
        """The read-out follows the mouse."""
        self.update()

    def nearest(self, at: QPointF) -> tuple[str, complex] | None:
        """The eigenvalue under a point: jacobian or weights, and its value."""
        best, found = _REACH, None
        for kind, values in (
            ("jacobian", self.jacobian_shown()),
            ("weights", self.weights_shown()),
        ):
            if values is None or not len(values):
                continue
            x, y = self.pixel_x(values.real.copy()), self.pixel_y(values.imag.copy())
            distances = np.hypot(x - at.x(), y - at.y())
            index = int(np.argmin(distances))
            if distances[index] < best:
                best, found = float(distances[index]), (kind, complex(values[index]))
        return found

    def _paint_hover(self, painter: QPainter, area: QRectF) -> None:
        if self.hover is None:
            return
        found = self.nearest(self.hover)
        if found is None:
            return
        kind, value = found
        sign = "−" if value.imag < 0 else "+"
        words = f"{value.real:.3f}".replace("-", "−")
        if abs(value.imag) >= 5e-4:
            words += f" {sign} {abs(value.imag):.3f} i"
        turn = abs(np.angle(value))
        entries = [Entry("", words, ""), Entry("", self.tr("modulus"), f"{abs(value):.3f}")]
        if turn > 1e-6:
            steps = self.tr("{0} steps").format(f"{2 * math.pi / turn:.1f}")
            entries.append(Entry("", self.tr("turns once in"), steps))
        title = self.tr("of J") if kind == "jacobian" else self.tr("of Wₕₕ")
        at = QPointF(self.at_x(value.real), self.at_y(value.imag))
        self.readout_rect = paint_readout(painter, QRectF(self.rect()), at, title, entries)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Nothing to drag here."""
        event.ignore()


def _larger(font: QFont, factor: float) -> QFont:
    larger = QFont(font)
    larger.setPixelSize(round(font.pixelSize() * factor))
    return larger


def radius_text(radius: float) -> str:
    """A spectral radius: 0.92, 3.0e+09."""
    return f"{radius:.2f}" if radius < 1000 else two_figures(radius)
