"""What a plot writes beside its data: the box with the values at the mouse, labels at line ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen

from rnnviz.panels.theme import mono_font, theme, ui_font

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Entry(NamedTuple):
    """One line of a box: a dot in the colour of a token (none when empty), words, a value."""

    token: str
    words: str
    value: str


def power_of_ten(value: float) -> str:
    """A decade on an axis: 10⁻⁸, and 0.1, 1, 10 as they are; other numbers with two figures."""
    exponent = round(math.log10(value))
    if not math.isclose(value, 10.0**exponent, rel_tol=1e-6):
        return f"{value:.2g}"
    if -1 <= exponent <= 2:
        return f"{value:g}"
    return "10" + str(exponent).translate(_SUPERSCRIPTS)


def paint_readout(
    painter: QPainter, within: QRectF, at: QPointF, title: str, entries: Sequence[Entry]
) -> QRectF:
    """A box beside a point, inside `within`; returns its rectangle."""
    colors = theme()
    words, bold, numbers = ui_font("label"), ui_font("label", bold=True), mono_font("label")
    word_metrics, bold_metrics = QFontMetricsF(words), QFontMetricsF(bold)
    number_metrics = QFontMetricsF(numbers)
    line = max(word_metrics.height(), number_metrics.height()) + 3
    dots = 16.0 if any(entry.token for entry in entries) else 0.0
    width = 20 + max(
        [bold_metrics.horizontalAdvance(title)]
        + [
            dots
            + word_metrics.horizontalAdvance(entry.words)
            + (16 + number_metrics.horizontalAdvance(entry.value) if entry.value else 0)
            for entry in entries
        ]
    )
    rows = len(entries) + bool(title)
    height = line * rows + 10
    left = at.x() + 12
    if left + width > within.right():
        left = at.x() - 12 - width
    top = min(max(at.y() - height / 2, within.top()), within.bottom() - height)
    rect = QRectF(max(left, within.left()), max(top, within.top()), width, height)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colors.color("border-strong"), 1))
    painter.setBrush(colors.color("surface-2"))
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    middle, left_edge = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignLeft
    y = rect.top() + 5
    if title:
        painter.setFont(bold)
        painter.setPen(colors.color("text"))
        painter.drawText(QRectF(rect.left() + 10, y, width - 20, line), middle | left_edge, title)
        y += line
    for entry in entries:
        cell = QRectF(rect.left() + 10, y, width - 20, line)
        if entry.token:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.color(entry.token))
            painter.drawEllipse(QPointF(cell.left() + 4, cell.center().y()), 4, 4)
        painter.setFont(words)
        painter.setPen(colors.color("text-2"))
        painter.drawText(cell.adjusted(dots, 0, 0, 0), middle | left_edge, entry.words)
        painter.setFont(numbers)
        painter.setPen(colors.color("text"))
        painter.drawText(cell, middle | Qt.AlignmentFlag.AlignRight, entry.value)
        y += line
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    return rect


def paint_message(painter: QPainter, area: QRectF, text: str) -> None:
    """Words in the middle of an empty picture, on several lines where need be."""
    painter.setFont(ui_font("body"))
    metrics = QFontMetricsF(painter.font())
    flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
    room = area.adjusted(16, 8, -16, -8)
    rect = metrics.boundingRect(room, flags, text).adjusted(-8, -4, 8, 4)
    painter.fillRect(rect, theme().color("surface"))
    painter.setPen(theme().color("text-2"))
    painter.drawText(room, flags, text)


def spread_apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places for labels in their order: `gap` apart, in [low, high], near where they want to be.

    When there is no room for all they share what there is.
    """
    if not wanted:
        return []
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    # Groups of labels that touch: each is centred on the mean of what its labels want.
    groups: list[list[int]] = []
    for index in order:
        groups.append([index])
        while len(groups) > 1 and _first(groups[-1], wanted, gap, low, high) < (
            _first(groups[-2], wanted, gap, low, high) + gap * len(groups[-2])
        ):
            joined = groups.pop()
            groups[-1] += joined
    places = [0.0] * len(wanted)
    for group in groups:
        start = _first(group, wanted, gap, low, high)
        for position, index in enumerate(group):
            places[index] = start + gap * position
    return places


def _first(group: list[int], wanted: Sequence[float], gap: float, low: float, high: float) -> float:
    """Where the first label of a group goes."""
    length = gap * (len(group) - 1)
    middle = sum(wanted[index] for index in group) / len(group)
    return min(max(middle - length / 2, low), high - length)


def name_width(name: str, font: QFont) -> float:
    """The width of `draw_name`."""
    base, _, subscript = name.partition("_")
    return QFontMetricsF(font).horizontalAdvance(base) + (
        QFontMetricsF(_small(font)).horizontalAdvance(subscript) if subscript else 0.0
    )


def draw_name(painter: QPainter, at: QPointF, name: str, font: QFont) -> None:
    """Writes `W_hh` with the part after the underline as a subscript; `at` is on the baseline."""
    base, _, subscript = name.partition("_")
    painter.setFont(font)
    painter.drawText(at, base)
    if subscript:
        shift = QFontMetricsF(font).horizontalAdvance(base)
        painter.setFont(_small(font))
        drop = 0.28 * QFontMetricsF(font).capHeight()
        painter.drawText(QPointF(at.x() + shift, at.y() + drop), subscript)
        painter.setFont(font)


def _small(font: QFont) -> QFont:
    smaller = QFont(font)
    smaller.setPixelSize(max(round(font.pixelSize() * 0.75), 9))
    return smaller
