"""The upper half of the expectations: a bar for each character, the entropy and the mean."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from rnnviz.panels.expectation_scene import ColumnScene
from rnnviz.panels.theme import mono_font, px, theme, ui_font
from rnnviz.panels.translate import tr


def mean_words(value: float, unit: str) -> str:
    """What is written at the end of the line of the mean."""
    if unit == "rank":
        return tr("median {0}").format(f"{value:.3g}")
    return tr("mean {0}").format(f"{value:.2f}")


def paint_bars(painter: QPainter, scene: ColumnScene) -> None:
    """Axis, bars, the line of the mean, and last the numbers."""
    _paint_axis(painter, scene)
    for column in scene.shown:
        _paint_bar(painter, scene, column)
    _paint_mean(painter, scene)
    _paint_numbers(painter, scene)


def _paint_axis(painter: QPainter, scene: ColumnScene) -> None:
    colors, where = theme(), scene.where
    low, high = (1.0, scene.level) if scene.unit == "rank" else (0.0, scene.level)
    painter.setFont(ui_font("label"))
    tall = painter.fontMetrics().height()
    for value in (low, high):
        y = round(scene.y(value))
        token = "border" if value == low else "grid"
        painter.fillRect(where.left, y, where.plot.width(), 1, colors.color(token))
        painter.setPen(colors.color("text-muted"))
        painter.drawText(
            QRectF(0, y - tall / 2, where.left - 8, tall),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            f"{value:g}",
        )
    if where.row >= px(22):
        y = where.outside - 3
        painter.fillRect(where.left, y, where.plot.width(), 1, colors.color("grid"))
    if scene.last in scene.shown:
        x = scene.x(scene.last)
        pen = QPen(colors.color("border-strong"), 1)
        pen.setDashPattern([3, 3])
        painter.setPen(pen)
        painter.drawLine(QPointF(x, where.plot.top() - 8), QPointF(x, where.outside - 4))


def _paint_bar(painter: QPainter, scene: ColumnScene, column: int) -> None:
    colors = theme()
    expected = scene.expected[column]
    if column == scene.last:
        if math.isfinite(expected):
            # Hollow: it is what the network expects to be surprised by, not what happened.
            pen = QPen(colors.color("text-muted"), 1)
            pen.setDashPattern([3, 3])
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(scene.bar(column, expected).adjusted(0, 0, -1, 0))
        return
    value = scene.values[column]
    if not math.isfinite(value):
        return
    rect = scene.bar(column, value)
    share = rect.height() / max(scene.where.plot.height(), 1)
    fill = colors.mixed("train", "surface", 0.40 + 0.60 * min(share / 0.8, 1.0))
    if column == 0:
        # Nothing had been read: it does not count, and looks like it.
        painter.fillRect(rect, colors.mixed("text-muted", "surface", 0.30))
    else:
        painter.fillRect(rect, fill)
    if math.isfinite(expected):
        # Beside the bar, so that the number above the bar is the bar's alone.
        y = round(scene.y(expected))
        tick = QRectF(rect.right() + 1, y - 1, 8, 2)
        painter.fillRect(tick, colors.color("text-2"))


def _paint_mean(painter: QPainter, scene: ColumnScene) -> None:
    mean, where = scene.mean, scene.where
    if not math.isfinite(mean):
        return
    color = theme().color("validation")
    y = round(scene.y(mean))
    end = where.x(len(scene.shown))
    if scene.last in scene.shown:
        end -= where.pitch
    pen = QPen(color, 1.5)
    pen.setDashPattern([4, 3])
    painter.setPen(pen)
    painter.drawLine(QPointF(where.left, y), QPointF(end, y))
    right = where.x(len(scene.shown)) + 6
    painter.setFont(ui_font("label"))
    painter.setPen(color)
    high = painter.fontMetrics().height()
    top = min(max(y - high / 2, where.plot.top() - high / 2), where.plot.bottom() - high + 1)
    if end < right - 6:
        pen.setDashPattern([2, 4])
        painter.setPen(QPen(color, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(end, y), QPointF(right - 4, y))
        painter.setPen(color)
    painter.drawText(
        QRectF(right, top, scene.size.width() - right, high),
        Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
        mean_words(mean, scene.unit),
    )


def _paint_numbers(painter: QPainter, scene: ColumnScene) -> None:
    """Last, on a patch of the ground, so that no line runs through them."""
    colors = theme()
    painter.setFont(mono_font("label"))
    metrics = painter.fontMetrics()
    high = metrics.ascent() + 1
    ground = colors.color("surface")
    tint = colors.mixed("surface-3", "surface", 0.45)
    for column in scene.shown:
        last = column == scene.last
        value = float(scene.expected[column] if last else scene.values[column])
        if not math.isfinite(value):
            continue
        words = f"{value:.0f}" if scene.unit == "rank" else f"{value:.1f}"
        bottom = scene.y(value) - 3
        bar = scene.bar(column, value)
        wide = metrics.horizontalAdvance(words)
        rect = QRectF(bar.center().x() - wide / 2 - 2, bottom - high, wide + 4, high + 1)
        painter.fillRect(rect, tint if scene.is_pointed(column) else ground)
        counts = not last and column > 0 and math.isfinite(scene.mean)
        painter.setPen(colors.color("text" if counts and value > 1.4 * scene.mean else "text-2"))
        if last or column == 0:
            painter.setPen(colors.color("text-muted"))
        painter.drawText(QPointF(rect.left() + 2, bottom - 1), words)
