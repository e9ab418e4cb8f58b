"""The lower half of the expectations: the characters read, and what had been guessed of each."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from rnnviz.panels.characters import draw_keycap
from rnnviz.panels.expectation_cell import ExpectationCell, shade, short_percent
from rnnviz.panels.expectation_scene import ColumnScene
from rnnviz.panels.readout import paint_message
from rnnviz.panels.theme import px, theme, ui_font
from rnnviz.panels.translate import tr


def paint_keys(painter: QPainter, scene: ColumnScene) -> None:
    """A keycap for each character, and the place of the one to come."""
    colors, where = theme(), scene.where
    wide = min(round(1.2 * where.key), where.pitch - 6)
    for column in scene.shown:
        left = scene.x(column) + (where.pitch - wide) // 2
        rect = QRect(left, where.keys, wide, where.key)
        if column < scene.last:
            role = "seed" if where.key >= px(26) else "label"
            draw_keycap(painter, rect, scene.found.text[column], role)
            continue
        painter.setFont(ui_font("label"))
        words = tr("next")
        need = painter.fontMetrics().horizontalAdvance(words) + 14
        rect = QRect(rect.center().x() - need // 2, rect.top(), need, rect.height())
        _outline_dashed(painter, QRectF(rect), "accent", 1.0)
        painter.setPen(colors.color("accent"))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, words)


def paint_guesses(painter: QPainter, scene: ColumnScene) -> None:
    """The best guesses below each character, the best first."""
    where = scene.where
    if (scene.found.guesses[0] < 0).all():
        top, bottom = where.cells, where.outside + where.row
        paint_message(
            painter,
            QRectF(where.left, top, where.plot.width(), bottom - top),
            tr("The network's output is not a finite number: it expects nothing any more"),
        )
        return
    for column in scene.shown:
        _paint_column(painter, scene, column)


def _paint_column(painter: QPainter, scene: ColumnScene, column: int) -> None:
    colors, found, where = theme(), scene.found, scene.where
    if found.guesses[0, column] < 0:
        painter.setPen(colors.color("danger"))
        painter.setFont(ui_font("label"))
        painter.drawText(scene.cell(column, 0), Qt.AlignmentFlag.AlignCenter, "NaN")
        return
    rank = int(found.ranks[column]) if column < scene.last else 0
    for place in range(where.rows):
        rect = scene.cell(column, place)
        chance = float(found.chances[place, column])
        cell = ExpectationCell(
            found.characters[found.guesses[place, column]],
            short_percent(chance),
            shade(chance),
            round(rect.width()),
            round(rect.height()),
            place == 0 or place + 1 == rank,
        )
        cell.draw(painter, rect.topLeft())
        if scene.pointed == (column, place):
            _outline(painter, rect, QPen(colors.color("accent"), 2), -0.5)
    if 0 < rank <= where.rows:
        rect = scene.cell(column, rank - 1)
        width = 2.5 if where.row >= px(24) else 2.0
        _outline(painter, rect, QPen(colors.color("text"), width), 1 - width / 2)
    elif rank > where.rows:
        rect = scene.cell(column, where.rows)
        _outline_dashed(painter, rect, "text", 2.0 if where.row >= px(24) else 1.5)
        words = tr("no. {0}").format(f"{rank:,}")
        size = round(rect.width()), round(rect.height())
        cell = ExpectationCell(found.text[column], words, None, *size, True)
        cell.draw(painter, rect.topLeft())


def _outline(painter: QPainter, rect: QRectF, pen: QPen, inset: float) -> None:
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), 4, 4)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _outline_dashed(painter: QPainter, rect: QRectF, token: str, width: float) -> None:
    pen = QPen(theme().color(token), width)
    pen.setDashPattern([3, 2])
    _outline(painter, rect, pen, width / 2)
