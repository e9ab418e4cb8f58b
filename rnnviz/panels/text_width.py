"""How wide words are: measured once for each size of type, because frames ask again and again."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontMetricsF

from rnnviz.panels.theme import drawn_once, mono_font, ui_font


@drawn_once(256)
def text_width(words: str, role: str = "tick", *, bold: bool = False, mono: bool = False) -> float:
    """Pixels that words take in the interface font of a role, or in that of fixed width."""
    return QFontMetricsF(_font(role, bold, mono)).horizontalAdvance(words)


@drawn_once(64)
def text_height(role: str = "tick", *, bold: bool = False, mono: bool = False) -> float:
    """Pixels of a line in that font."""
    return QFontMetricsF(_font(role, bold, mono)).height()


def _font(role: str, bold: bool, mono: bool) -> QFont:
    return mono_font(role, bold=bold) if mono else ui_font(role, bold=bold)
