"""The marks of what happened to a run, told apart by shape, and the label that names one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QPolygonF

from rnnviz.panels.theme import theme, ui_font
from rnnviz.session.frames import Event

_SHAPES = {  # corners in half widths of the mark
    "lr": ((0, -1), (1, 0), (0, 1), (-1, 0)),
    "clip": ((-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)),
    "optimizer": ((-0.9, 0.8), (0, -1), (0.9, 0.8)),
    "resumed": ((-0.7, -0.9), (0.9, 0), (-0.7, 0.9)),
    "weights": ((0.7, -0.9), (-0.9, 0), (0.7, 0.9)),
}


def paint_event_mark(painter: QPainter, kind: str, at: QPointF, size: float) -> None:
    """A diamond for the learning rate, a square for clipping, a triangle up for the optimizer,
    one to the right where training went on, one to the left where it went back to other weights, a
    cross where it diverged. The painter's pen and brush are used.
    """
    if kind == "diverged":
        for sign in (1, -1):
            painter.drawLine(at + QPointF(-size, -size * sign), at + QPointF(size, size * sign))
        return
    shape = _SHAPES.get(kind, _SHAPES["lr"])
    painter.drawPolygon(QPolygonF([at + QPointF(dx * size, dy * size) for dx, dy in shape]))


def stacked(
    events: Sequence[Event], columns: Sequence[float], gap: float = 3.0
) -> list[tuple[Event, float, int]]:
    """The marks to draw: event, pixel column, and how many marks stand below it there.

    Of changes of one kind at one place the first is enough; those of other kinds go above it.
    """
    marks: list[tuple[Event, float, int]] = []
    kinds: list[str] = []  # at the last place
    for event, x in zip(events, columns, strict=True):
        if marks and x - marks[-1][1] < gap:
            if event.kind in kinds:
                continue
            x = marks[-1][1]
        else:
            kinds = []
        marks.append((event, x, len(kinds)))
        kinds.append(event.kind)
    return marks


def events_near(events: Sequence[Event], columns: Sequence[float], x: float) -> list[Event]:
    """The newest event of each kind at the place of the one nearest to a pixel column."""
    nearest = nearest_event(events, columns, x)
    if nearest is None:
        return []
    place = next(c for e, c in zip(events, columns, strict=True) if e is nearest)
    there = {e.kind: e for e, c in zip(events, columns, strict=True) if abs(c - place) < 3}
    return list(there.values())


def nearest_event(events: Sequence[Event], columns: Sequence[float], x: float) -> Event | None:
    """The newest of the events nearest to a pixel column, if it is within 6 pixels of it."""
    found, best = None, 6.0
    for event, column in zip(events, columns, strict=True):
        if abs(column - x) <= best:
            found, best = event, abs(column - x)
    return found


def paint_event_label(
    painter: QPainter, words: str, x: float, top: float, within: QRectF, token: str = "text"
) -> QRectF:
    """Words in a box beside a pixel column, on the side that has room; returns its rectangle."""
    colors = theme()
    painter.setFont(ui_font("label"))
    metrics = QFontMetricsF(painter.font())
    shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, within.width() - 12)
    width, height = metrics.horizontalAdvance(shown) + 12, metrics.height() + 4
    left = x + 8 if x + 8 + width <= within.right() else x - 8 - width
    left = min(max(left, within.left()), max(within.right() - width, within.left()))
    rect = QRectF(left, min(max(top, within.top()), within.bottom() - height), width, height)
    bad = token == "danger"
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colors.color("danger" if bad else "border-strong"), 1))
    painter.setBrush(colors.color("danger-soft" if bad else "surface-2"))
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(colors.color(token))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, shown)
    return rect
