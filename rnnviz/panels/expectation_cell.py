"""A guess with its probability, as one of the cells below a character."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QPainter,
    QPixmap,
)

from rnnviz.panels.activation_colors import ink_on, luminance
from rnnviz.panels.painting import is_for_keeps
from rnnviz.panels.theme import Theme, drawn_once, mono_font, px, theme, ui_font
from rnnviz.text.vocabulary import symbol

_SHADE = 0.62  # cells are shaded by p to this power, so that small differences are seen


def short_percent(probability: float) -> str:
    """A probability in the room of a cell."""
    if probability < 0.01:
        return "<1%"
    return f"{100 * probability:.0f}%"


def shade(probability: float) -> float:
    """How much of the colour of probabilities a cell has, by the percentage written on it.

    Cells with the same number look the same, so each is drawn only once.
    """
    share: float = (max(round(100 * probability), 0.3) / 100) ** _SHADE
    return share


class ExpectationCell(NamedTuple):
    """A character at the left and a number at the right on a fill; without `share` on none."""

    character: str
    number: str
    share: float | None  # how much of the fill is the colour of probabilities
    width: int
    height: int
    strong: bool

    def draw(self, painter: QPainter, at: QPointF) -> None:
        """Puts it there; on the screen ready-made."""
        if is_for_keeps():
            painter.save()
            painter.translate(at)
            self.paint(painter, theme())
            painter.restore()
        else:
            painter.drawPixmap(at, _ready_made(self, painter.device().devicePixelRatio(), theme()))

    def paint(self, painter: QPainter, colors: Theme) -> None:
        """Draws it at the origin."""
        rect = QRectF(0, 0, self.width, self.height)
        ink, soft = colors.color("text"), colors.color("text-2")
        if self.share is not None:
            fill = colors.mixed("train", "surface-2", self.share)
            ink = ink_on(fill)
            soft = _softer(ink, fill)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(fill)
            painter.drawRoundedRect(rect, 3, 3)
        edge = px(8) if self.width >= px(68) else px(5)
        painter.setFont(ui_font("label" if self.height >= px(20) else "tick"))
        painter.setPen(soft)
        painter.drawText(
            rect.adjusted(0, 0, -edge, 0),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            self.number,
        )
        font = mono_font("seed" if self.height >= px(24) else "label", medium=self.strong)
        room = font.pixelSize() * 0.6 + 4  # of one sign of a fixed-width font
        painter.setFont(font)
        painter.setPen(ink)
        align = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip
        painter.drawText(QRectF(edge, 0, room, self.height), align, symbol(self.character))


@drawn_once(512)
def _ready_made(cell: ExpectationCell, ratio: float, colors: Theme) -> QPixmap:
    """Drawn once: rounded corners and text are what a frame would mostly be spent on."""
    pixmap = QPixmap(round(cell.width * ratio), round(cell.height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    cell.paint(painter, colors)
    painter.end()
    return pixmap


def _softer(ink: QColor, fill: QColor) -> QColor:
    """Ink for what matters less, where the fill leaves enough contrast for it."""
    if 0.07 < luminance(fill) < 0.40:
        return ink
    share = 0.78
    return QColor(
        round(share * ink.red() + (1 - share) * fill.red()),
        round(share * ink.green() + (1 - share) * fill.green()),
        round(share * ink.blue() + (1 - share) * fill.blue()),
    )
