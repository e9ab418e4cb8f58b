"""The time cursor: pointing at one axis of steps shows the step on all of them; pins, Escape."""

from __future__ import annotations

import numpy as np
import pytest
from pointing import move_pointer
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot
from showing import show
from views import run_view

from rnnviz.panels.gradient_norm import GradientNormPanel
from rnnviz.panels.group_norms import UpdateRatioPanel
from rnnviz.panels.loss import LossPanel
from rnnviz.panels.plot import Plot
from rnnviz.panels.theme import theme
from rnnviz.panels.time_cursor import time_cursor
from rnnviz.panels.transport import TransportBar
from rnnviz.probes.step_norms import StepNorms
from rnnviz.session.frames import Event, Row, RunState


def rows(first: int, last: int) -> list[Row]:
    values = np.random.default_rng(first).lognormal(0.4, 0.5, last - first + 1)
    return [
        Row(s, s * 100, s * 0.01, s / 600, 3.0, 3.0, float(v), 0.1, False, 5e-3)
        for s, v in zip(range(first, last + 1), values, strict=True)
    ]


class Panels(QWidget):
    """Loss, Gradient norm and the transport of one run, as in the window."""

    def __init__(self) -> None:
        super().__init__()
        self.loss, self.norm, self.bar = LossPanel(), GradientNormPanel(), TransportBar()
        box = QVBoxLayout(self)
        for widget in (self.loss, self.norm, self.bar):
            box.addWidget(widget)
        self.view = run_view()
        self.add(1, 500)

    def add(self, first: int, last: int) -> None:
        self.view.history.add_rows(rows(first, last))
        self.view.state = RunState("training", last)
        for widget in (self.loss, self.norm, self.bar):
            if widget.view is None:
                widget.set_view(self.view)
            widget.refresh()


@pytest.fixture
def panels(qtbot: QtBot) -> Panels:
    panels = Panels()
    show(qtbot, panels, 1200, 800)
    return panels


def click(widget: QWidget, at: QPointF) -> None:
    button, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(widget, button, keys, at.toPoint())


def cursor_columns(widget: QWidget, top: float, bottom: float) -> list[int]:
    """Pixel columns that have the colour of the cursor on more than nine tenths of a height."""
    image = widget.grab().toImage()
    ratio = image.width() / widget.width()
    wanted = theme().color("text-2").rgb()
    heights = [round(y * ratio) for y in np.linspace(top + 8, bottom - 8, 40)]
    return [
        round(x / ratio)
        for x in range(image.width())
        if sum(image.pixel(x, y) == wanted for y in heights) > 36
    ]


def shown_by(plot: Plot) -> list[int]:
    return cursor_columns(plot, plot.area().top(), plot.area().bottom())


def at_step(plot: Plot, step: float) -> QPointF:
    """A point of a plot on a step, away from lines and labels."""
    x = plot.column_of(step)
    assert x is not None
    return QPointF(x, plot.area().top() + 0.8 * plot.area().height())


def test_pointing_at_the_loss_draws_the_step_everywhere(panels: Panels) -> None:
    loss, norm, line = panels.loss.plot, panels.norm.plot, panels.bar.timeline
    assert shown_by(norm) == [] and cursor_columns(line, 8, 39) == []

    move_pointer(loss, at_step(loss, 400))

    step = time_cursor().step
    assert step is not None and abs(step - 400) <= 3 and not time_cursor().pinned
    for plot in (loss, norm):
        column = plot.column_of(step)
        assert column is not None
        assert shown_by(plot) == [int(column)]
    share = (cursor_columns(line, 8, 39)[0] - 5) / (line.width() - 15)
    assert abs(share - step / 500) < 0.01

    QApplication.sendEvent(loss, QEvent(QEvent.Type.Leave))
    assert time_cursor().step is None
    assert shown_by(loss) == shown_by(norm) == cursor_columns(line, 8, 39) == []


def test_pointing_at_strip_and_timeline_moves_the_cursor_too(panels: Panels) -> None:
    move_pointer(panels.norm.plot, at_step(panels.norm.plot, 333))
    assert time_cursor().step == 333
    line = panels.bar.timeline
    move_pointer(line, QPointF(5 + (line.width() - 15) * 0.5, 20))
    assert time_cursor().step == 250
    # The strip of the gradient norms holds steps 261 to 500: its line is not there.
    assert shown_by(panels.norm.plot) == []
    assert len(shown_by(panels.loss.plot)) == 1


def test_over_the_histogram_there_is_no_step(panels: Panels) -> None:
    plot = panels.norm.plot
    move_pointer(plot, plot.histogram_area().center() + QPointF(0, 40))
    assert time_cursor().step is None


def test_a_click_pins_and_escape_clears(panels: Panels) -> None:
    loss = panels.loss.plot
    click(loss, at_step(loss, 300))
    step = time_cursor().step
    assert time_cursor().pinned and step is not None and abs(step - 300) <= 2

    move_pointer(loss, at_step(loss, 20))  # pointing elsewhere does not move it
    move_pointer(panels.norm.plot, at_step(panels.norm.plot, 490))
    QApplication.sendEvent(loss, QEvent(QEvent.Type.Leave))
    assert time_cursor().step == step
    loss.grab()
    assert ("pinned, Esc clears", "") in loss.readout

    panels.add(501, 700)  # nor do new steps
    assert time_cursor().step == step
    column = loss.column_of(step)
    assert column is not None and shown_by(loss) == [int(column)]

    QTest.keyClick(loss, Qt.Key.Key_Escape)
    assert time_cursor().step is None and not time_cursor().pinned
    assert shown_by(loss) == []


def test_a_second_click_moves_the_pin(panels: Panels) -> None:
    click(panels.norm.plot, at_step(panels.norm.plot, 480))
    assert (time_cursor().step, time_cursor().pinned) == (480, True)
    line = panels.bar.timeline
    click(line, QPointF(5 + (line.width() - 15) * 0.2, 20))
    assert (time_cursor().step, time_cursor().pinned) == (100, True)


def test_a_double_click_leaves_no_pin(panels: Panels) -> None:
    loss = panels.loss.plot
    at = at_step(loss, 100).toPoint()
    click(loss, QPointF(at))
    keys = Qt.KeyboardModifier.NoModifier
    QTest.mouseDClick(loss, Qt.MouseButton.LeftButton, keys, at)
    assert not time_cursor().pinned


def test_another_run_has_no_pin(panels: Panels) -> None:
    click(panels.loss.plot, at_step(panels.loss.plot, 100))
    panels.bar.set_view(panels.view)
    assert time_cursor().step is None


def test_the_timeline_spells_out_the_mark_at_the_cursor(panels: Panels) -> None:
    line = panels.bar.timeline
    panels.view.history.events += [
        Event(100, "lr", "lr 5.0e-3 → 2.0e-3"), Event(400, "clip", "clip 5 → 1"),
    ]  # fmt: skip
    line.grab()
    assert line.event_words == "clip 5 → 1"  # the newest
    move_pointer(line, QPointF(5 + (line.width() - 15) * 0.2 + 2, 20))
    line.grab()
    assert line.event_words == "lr 5.0e-3 → 2.0e-3"
    # From another axis as well.
    move_pointer(panels.norm.plot, at_step(panels.norm.plot, 400))
    line.grab()
    assert line.event_words == "clip 5 → 1"


def test_the_update_ratios_share_the_cursor(qtbot: QtBot, panels: Panels) -> None:
    ratio = UpdateRatioPanel()
    qtbot.addWidget(ratio)
    ratio.set_view(panels.view)
    norms = panels.view.history.norms
    for step in range(1, 501, 10):
        sizes = {"rnn.weight_hh_l0": 1.0, "decoder.weight": 2.0}
        norms.append(StepNorms(step, sizes, sizes, dict.fromkeys(sizes, 0.001)))
    ratio.set_norms(norms)
    ratio.resize(600, 300)
    ratio.show()
    move_pointer(panels.loss.plot, at_step(panels.loss.plot, 350))
    step = time_cursor().step
    assert step is not None
    column = ratio.plot.column_of(step)
    assert column is not None and shown_by(ratio.plot) == [int(column)]
    move_pointer(ratio.plot, at_step(ratio.plot, 201))
    assert time_cursor().step == 201
    assert len(shown_by(panels.loss.plot)) == 1
