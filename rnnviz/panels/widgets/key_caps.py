"""Keys of a command drawn as the caps one presses."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from rnnviz.panels.theme import theme, ui_font

_GAP = 4


def caps_of(key: str) -> list[str]:
    """The single keys of "Ctrl+Shift+R"; those of "Ctrl++" are Ctrl and +."""
    plus = key.endswith("++")
    return [cap for cap in key.removesuffix("++").split("+") if cap] + (["+"] if plus else [])


def caps_width(key: str) -> int:
    """Pixels that the caps of a key take."""
    metrics = QFontMetrics(ui_font("tick"))
    caps = caps_of(key)
    return sum(_width(metrics, cap) for cap in caps) + _GAP * max(len(caps) - 1, 0)


def draw_caps(painter: QPainter, area: QRect, key: str) -> None:
    """Draws the caps at the right end of an area, centred in its height."""
    colors = theme()
    painter.setFont(ui_font("tick"))
    metrics = painter.fontMetrics()
    height = metrics.height() + 5
    top = area.top() + (area.height() - height) // 2
    right = area.right() + 1
    for cap in reversed(caps_of(key)):
        width = _width(metrics, cap)
        box = QRectF(right - width + 0.5, top + 0.5, width - 1, height - 1)
        painter.setPen(QPen(colors.color("border-strong"), 1))
        painter.setBrush(colors.color("surface"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(colors.color("text-2"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, cap)
        right -= width + _GAP


def _width(metrics: QFontMetrics, cap: str) -> int:
    return max(metrics.horizontalAdvance(cap) + 10, metrics.height() + 5)
