"""Where a run diverged, in the Loss panel: a line, and a badge that covers nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF, QPainter

from rnnviz.panels.curves import crisp, dashed_pen
from rnnviz.panels.event_marks import paint_event_label
from rnnviz.panels.loss_labels import touches
from rnnviz.panels.number_text import whole
from rnnviz.panels.theme import theme, ui_font
from rnnviz.panels.translate import tr

Floats = NDArray[np.float64]


def paint_divergence(painter: QPainter, x: float, area: QRectF) -> None:
    """A line at a pixel column."""
    painter.setPen(dashed_pen(theme().color("danger"), 1))
    painter.drawLine(QPointF(crisp(x), area.top()), QPointF(crisp(x), area.bottom()))


def paint_divergence_badge(
    painter: QPainter,
    step: int,
    x: float,
    area: QRectF,
    curve: tuple[Floats, Floats],
    levels: list[float],
    labels: list[QRectF],
) -> None:
    """The words beside the line, in the highest place free of curves, lines and their labels.

    All in pixels: `curve` is the points not to be covered, `levels` where the reference lines are.
    """
    words = tr("✕ diverged at step {0}").format(whole(step))
    metrics = QFontMetricsF(ui_font("label"))
    width, height = metrics.horizontalAdvance(words) + 13, metrics.height() + 4
    left = x - 8 - width if x - 8 - width > area.left() else x + 8
    tops = np.arange(area.top() + 4, area.bottom() - height - 4, 6.0).tolist() or [area.top()]
    places = [QRectF(left, top, width, height) for top in tops]
    free = [
        place
        for place in places
        if not touches(place, *curve)
        and not any(place.top() - 1 <= y <= place.bottom() + 1 for y in levels)
        and not any(label.intersects(place) for label in labels)
    ]
    badge = (free or places)[0]
    side = QRectF(left, area.top(), width, area.height())
    paint_event_label(painter, words, x, badge.top(), side, "danger")
