"""How panels draw single characters: keycaps and visible signs for the invisible ones."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPen, QPixmap

from rnnviz.panels.painting import is_for_keeps
from rnnviz.panels.theme import Theme, drawn_once, mono_font, theme
from rnnviz.panels.translate import tr
from rnnviz.text.vocabulary import describe, symbol

KEYCAP_WIDTH = 29
KEYCAP_RADIUS = 4.0

_NAMED_AT_MOST = 3  # unknown characters listed by name


def is_stand_in(character: str) -> bool:
    """Whether the sign drawn is not the character itself: space, newline, control characters."""
    return symbol(character) != character


def draw_symbol(
    painter: QPainter, rect: QRectF, character: str, font: QFont, token: str = "text"
) -> None:
    """A character's visible sign, centred, in a colour token."""
    painter.setFont(font)
    painter.setPen(theme().color(token))
    painter.drawText(
        rect, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip, symbol(character)
    )


def draw_keycap(
    painter: QPainter, rect: QRect, character: str, role: str = "body", *, hover: bool = False
) -> None:
    """A character on a key: rounded, with the darker lower edge of something one can press.

    `role` is the size of the sign among the fonts of the theme.
    """
    if is_for_keeps():
        painter.save()
        painter.translate(rect.topLeft())
        _paint_keycap(painter, character, rect.width(), rect.height(), role, hover, theme())
        painter.restore()
        return
    ratio = painter.device().devicePixelRatio()
    cap = _keycap(character, rect.width(), rect.height(), role, hover, ratio, theme())
    painter.drawPixmap(rect.topLeft(), cap)


@drawn_once(1024)
def _keycap(
    character: str, width: int, height: int, role: str, hover: bool, ratio: float, colors: Theme
) -> QPixmap:
    """Drawn once: rounded corners and fallback fonts make a keycap the costliest part of a row."""
    pixmap = QPixmap(round(width * ratio), round(height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    _paint_keycap(painter, character, width, height, role, hover, colors)
    painter.end()
    return pixmap


def _paint_keycap(
    painter: QPainter,
    character: str,
    width: int,
    height: int,
    role: str,
    hover: bool,
    colors: Theme,
) -> None:
    rect = QRectF(0, 0, width, height)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    edge = colors.color("text-2" if hover else "border-strong")
    painter.setPen(QPen(edge, 1))
    painter.setBrush(colors.color("surface-3" if hover else "surface-2"))
    cap = rect.adjusted(0.5, 0.5, -0.5, -0.5)
    painter.drawRoundedRect(cap, KEYCAP_RADIUS, KEYCAP_RADIUS)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    low = rect.bottom() - 2
    painter.drawLine(QPointF(rect.left() + 3, low), QPointF(rect.right() - 4, low))
    draw_symbol(painter, rect.adjusted(0, -1, 0, -1), character, mono_font(role))


def refused_sentence(character: str) -> str:
    """Why a character cannot be typed, in one line."""
    words = tr("{0} is not in this text: the network does not know it")
    return words.format(describe(character))


def unknown_sentence(unknown: Collection[str]) -> str:
    """Why these characters (in order of appearance) are left out, in one line; empty for none."""
    if not unknown:
        return ""
    words = [describe(character) for character in unknown]
    if len(words) == 1:
        return tr("{0} is not in this text: left out").format(words[0])
    if len(words) > _NAMED_AT_MOST:
        rest = len(words) - _NAMED_AT_MOST
        sentence = tr("{0} and {1} more are not in this text: left out")
        return sentence.format(", ".join(words[:_NAMED_AT_MOST]), rest)
    sentence = tr("{0} and {1} are not in this text: left out")
    return sentence.format(", ".join(words[:-1]), words[-1])
