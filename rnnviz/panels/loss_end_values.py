"""The newest losses at the right of the axes, each beside the end of its curve."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF, QPainter

from rnnviz.panels.loss_labels import spread
from rnnviz.panels.loss_units import loss_text
from rnnviz.panels.text_width import text_width
from rnnviz.panels.theme import mono_font, theme, ui_font
from rnnviz.panels.translate import tr


class EndValue(NamedTuple):
    """One of them: what it is of ("train" or "val"), nats, and its level in pixels."""

    key: str
    nats: float
    level: float
    old: bool = False  # not of now: it stands back


def end_value_widths(losses: list[float], unit: str) -> tuple[float, float]:
    """Pixels that the widest number and the widest word take."""
    texts = ["0.00", *(loss_text(nats, unit) for nats in losses)]
    return (
        max(text_width(text, "end-value", bold=True, mono=True) for text in texts),
        max(text_width(text, "label") for text in (tr("train"), tr("val"))),
    )


def paint_end_values(
    painter: QPainter, ends: list[EndValue], unit: str, area: QRectF, right: float
) -> dict[str, QRectF]:
    """Number and word of each, from the axes' rectangle to `right`; returns where each stands."""
    colors = theme()
    number_font, word_font = mono_font("end-value", bold=True), ui_font("label")
    metrics = QFontMetricsF(number_font)
    height = metrics.height()
    # In brackets a word is no wider than the words beside it.
    words = {"train": tr("train"), "val": tr("val")}
    tokens = {"train": "train", "val": "validation"}
    shown = sorted(ends, key=lambda end: -end.nats)
    low, high = area.top() + height / 2, area.bottom() - height / 2
    middles = spread([end.level for end in shown], height, low, high)
    number_width, _ = end_value_widths([end.nats for end in shown], unit)
    left = area.right() + 10
    rects = {}
    for end, middle in zip(shown, middles, strict=True):
        painter.setPen(colors.color("text-muted" if end.old else tokens[end.key]))
        painter.setFont(number_font)
        baseline = middle + metrics.capHeight() / 2
        painter.drawText(QPointF(left, baseline), loss_text(end.nats, unit))
        painter.setFont(word_font)
        word = tr("(val)") if end.old else words[end.key]
        painter.drawText(QPointF(left + number_width + 6, baseline), word)
        rects[end.key] = QRectF(left, middle - height / 2, right - left, height)
    return rects
