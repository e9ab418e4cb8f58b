"""The panels of the Gradients perspective on the screen, for their tests."""

from __future__ import annotations

import csv
import io

import gradient_fixtures as fixtures
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from showing import show

from rnnviz.panels.base import Panel
from rnnviz.panels.group_norms import GroupNormsPanel, UpdateRatioPanel
from rnnviz.panels.table import csv_pieces
from rnnviz.panels.theme import theme
from rnnviz.session.norm_history import NormHistory

CELLS = ["rnn", "gru", "lstm"]
SIZES = [(940, 452), (592, 452), (464, 286), (330, 220), (250, 160)]


def shown(qtbot: QtBot, panel: Panel, width: int = 940, height: int = 452) -> None:
    show(qtbot, panel, width, height)


def painted(widget: QWidget) -> QImage:
    return widget.grab().toImage()


def has_color(image: QImage, token: str) -> bool:
    wanted = theme().color(token).rgb()
    return any(
        image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height())
    )


def group_panel(qtbot: QtBot, panel: GroupNormsPanel | UpdateRatioPanel, steps: int = 40, **kind):
    shown(qtbot, panel, 484, 416)
    view = fixtures.make_view("training", **kind)
    norms = NormHistory()
    fixtures.add_steps(view, norms, steps)
    panel.set_view(view)
    panel.set_norms(norms)
    return panel, view, norms


def rows_of(panel: Panel) -> list[dict[str, str]]:
    table = panel.table()
    assert table is not None
    return list(csv.DictReader(io.StringIO("".join(csv_pieces(table)))))
