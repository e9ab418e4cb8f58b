"""Where labels go in the Loss panel so that they cover neither curves nor each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from rnnviz.panels.text_width import text_width
from rnnviz.panels.theme import theme

Floats = NDArray[np.float64]


def line_label_places(
    wanted: Sequence[tuple[str, float, float]],
    height: float,
    area: QRectF,
    curve: tuple[Floats, Floats],
    kept_places: dict[str, int],
) -> dict[str, QRectF]:
    """Rectangles for labels of horizontal lines, by id; those without a free place are left out.

    `wanted` holds (id, width, level of the line), in pixels as all else. `curve` is the points not
    to be covered. `kept_places` remembers where a label was, so that it stays put while it can.
    """
    rects: dict[str, QRectF] = {}
    levels = [level for _, _, level in wanted]
    for key, width, level in wanted:
        if not area.top() - 1 <= level <= area.bottom() + 1:
            continue
        places = [
            QRectF(left, top, width, height)
            for top in (level - height - 1, level + 2)
            for left in (
                area.left() + 8,
                area.right() - width - 8,
                area.left() + (area.width() - width) * 0.33,
                area.left() + (area.width() - width) * 0.66,
            )
            if area.top() - 4 <= top and top + height <= area.bottom()
        ]
        order = list(range(len(places)))
        kept = kept_places.get(key, -1)
        if kept in order[:4]:
            order.insert(0, kept)
        others = [other for other in levels if other != level]
        for index in order:
            place = places[index]
            if (
                not any(place.adjusted(-4, 0, 4, 0).intersects(o) for o in rects.values())
                and not any(place.top() - 1 <= o <= place.bottom() + 1 for o in others)
                and not touches(place, *curve)
            ):
                kept_places[key] = index
                rects[key] = place
                break
    return rects


def paint_line_label(
    painter: QPainter, rect: QRectF, ascent: float, name: str, number: str
) -> None:
    """Name and number of a line in one of these rectangles, in the painter's font."""
    colors = theme()
    painter.fillRect(rect.adjusted(-2, 1, 2, -1), colors.color("surface"))
    baseline = rect.top() + ascent
    painter.setPen(colors.color("text-muted"))
    painter.drawText(QPointF(rect.left(), baseline), name)
    painter.setPen(colors.color("text-2"))
    before = text_width(f"{name} ", "label")
    painter.drawText(QPointF(rect.left() + before, baseline), number)


def touches(rect: QRectF, x: Floats, y: Floats) -> bool:
    """Whether a curve runs through or close to a rectangle."""
    inside = (x > rect.left() - 5) & (x < rect.right() + 5)
    return bool(np.any(inside & (y > rect.top() - 2) & (y < rect.bottom() + 1)))


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """At most two rising places, moved apart to `gap` and into [low, high] as little as needed."""
    places = [min(max(place, low), high) for place in wanted]
    if len(places) == 2 and places[1] - places[0] < gap:
        middle = (places[0] + places[1]) / 2
        middle = min(max(middle, low + gap / 2), high - gap / 2)
        places = [middle - gap / 2, middle + gap / 2]
    return places
