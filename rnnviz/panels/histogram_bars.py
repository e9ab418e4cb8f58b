"""Bars of the Gradient norm panel: as it came, what clipping takes off, where that goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QFontMetricsF, QPainter, QPen, QPolygonF

from rnnviz.panels.text_width import text_width
from rnnviz.panels.theme import theme, ui_font

BAR_SHARE = 0.62  # of the histogram's width that the longest bar takes: the rest is for labels
BIN_PIXELS = 6.0  # a bar with its gap is at least this high
KEPT, CLIPPED, AFTER = "kept", "clipped", "after"


class Bar(NamedTuple):
    """A rectangle in pixels for so many values between two."""

    rect: QRectF
    low: float
    high: float
    number: int


def paint_bars(painter: QPainter, rects: Sequence[QRectF], kind: str) -> None:
    """Kept values are solid, clipped ones hatched, where they go after clipping outlined."""
    if not rects:
        return
    colors = theme()
    if kind == KEPT:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.mixed("gradient", "surface", 0.9))
        painter.drawRects(list(rects))
        return
    if kind == CLIPPED:
        painter.setPen(QPen(colors.color("clip"), 1))
        painter.setBrush(QBrush(colors.color("clip"), Qt.BrushStyle.BDiagPattern))
    else:
        painter.setPen(QPen(colors.color("text-2"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRects([rect.adjusted(0.5, 0.5, -0.5, -0.5) for rect in rects])


def paint_beyond(
    painter: QPainter, area: QRectF, words: str, bars: Sequence[Bar], up: bool, clipped: bool
) -> QRectF:
    """The bin for what the axis does not hold: an arrow at its end and how many; its rectangle."""
    colors = theme()
    painter.setFont(ui_font("tick"))
    metrics = QFontMetricsF(painter.font())
    edge, down = (area.top(), -1) if up else (area.bottom(), 1)
    row = QRectF(area.left(), edge - 7 - 7 * down, area.width(), 14)
    left = max((bar.rect.right() for bar in bars if bar.rect.intersects(row)), default=area.left())
    left += 8
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colors.color("clip" if clipped else "gradient"))
    tip = QPointF(left + 4, edge + (1 if up else -1))
    base = tip.y() - 6 * down
    painter.drawPolygon(QPolygonF([tip, QPointF(left, base), QPointF(left + 8, base)]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(colors.color("text-2"))
    painter.drawText(QPointF(left + 13, edge - down * 7 + metrics.capHeight() / 2), words)
    return QRectF(left, row.top(), 13 + metrics.horizontalAdvance(words), row.height())


def legend_width(words: Sequence[tuple[str, str]]) -> float:
    """The width of `paint_legend`."""
    return sum(text_width(text) + 26 for _, text in words) - 10


def paint_legend(
    painter: QPainter, left: float, baseline: float, words: Sequence[tuple[str, str]]
) -> None:
    """What the kinds of bars are, from left to right: (kind, name) each."""
    painter.setFont(ui_font("tick"))
    metrics = QFontMetricsF(painter.font())
    for kind, text in words:
        top = baseline - metrics.capHeight() / 2 - 4
        paint_bars(painter, [QRectF(left, top, 11, 9)], kind)
        painter.setPen(theme().color("text-2"))
        painter.drawText(QPointF(left + 15, baseline), text)
        left += text_width(text) + 26


def covered(bars: Sequence[Bar], rect: QRectF) -> float:
    """How far bars reach into a rectangle, in pixels; 0 leaves it free."""
    reach = [
        bar.rect.right() - rect.left() + 6
        for bar in bars
        if bar.rect.top() < rect.bottom() and bar.rect.bottom() > rect.top()
    ]
    return max(0.0, *reach) if reach else 0.0


def bar_at(bars: Sequence[Bar], at: QPointF) -> Bar | None:
    """The bar in whose row a point is, up to a little beyond its end."""
    for bar in bars:
        rect = bar.rect
        if rect.top() - 1 <= at.y() <= rect.bottom() + 1 and at.x() <= rect.right() + 4:
            return bar
    return None
