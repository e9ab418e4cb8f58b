"""Runs for the Loss panel, and the panel on the screen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pointing import move_pointer
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from showing import show
from views import run_view

from rnnviz.panels.loss import LossPanel
from rnnviz.session.frames import Row, RunState, Validation
from rnnviz.session.view import RunView
from rnnviz.text.ngrams import ReferenceLosses

LEFT = Qt.MouseButton.LeftButton

SPLIT = "contiguous 90/10"
Floats = NDArray[np.float64]


def make_view(steps: int, *, with_references: bool = True) -> RunView:
    """A run whose loss falls from ln 65 towards 1.4, validated at growing steps."""
    view = run_view((chr(48 + i) for i in range(65)), split=SPLIT)
    if with_references:
        losses = {1: 3.347, 2: 2.486, 3: 2.049, 4: 1.774, 5: 1.669, 6: 1.698}
        view.references = ReferenceLosses(4.174, losses, 1_003_854, 111_540)
    add_steps(view, steps)
    return view


def loss_at(step: int) -> float:
    return 1.4 + 2.77 * math.exp(-((step / 150) ** 0.6))


def add_steps(view: RunView, count: int) -> None:
    rng = np.random.default_rng(0)
    start = view.step
    noise = rng.normal(0, 0.03, count)
    rows = [
        Row(s, s * 1600, s * 0.03, s / 600, loss_at(s) + float(noise[i]), loss_at(s), 1.5, 0.1,
            False, 5e-3)
        for i, s in enumerate(range(start + 1, start + count + 1))
    ]  # fmt: skip
    if rows:
        view.history.add_rows(rows)
        view.state = RunState("training", rows[-1].step)
    step = 1
    while step <= start + count:
        if step > start:
            view.history.validations.append(Validation(step, loss_at(step) + 0.1, 32_768, 111_540))
        step = max(step + 1, math.ceil(step * 1.25))


def loss_panel(qtbot: QtBot) -> LossPanel:
    """The panel, as wide as on the Train page of a small window."""
    panel = LossPanel()
    show(qtbot, panel, 804, 312)
    return panel


def drag(panel: LossPanel, start: QPoint, end: QPoint, shift: bool = False) -> None:
    keys = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    QTest.mousePress(panel.plot, Qt.MouseButton.LeftButton, keys, start)
    move_pointer(panel.plot, (start + end) / 2, LEFT)
    move_pointer(panel.plot, end, LEFT)
    QTest.mouseRelease(panel.plot, Qt.MouseButton.LeftButton, keys, end)
