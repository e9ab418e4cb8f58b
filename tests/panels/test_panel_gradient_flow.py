"""Gradient flow: the curves, their names, what is read out, what is empty."""

from __future__ import annotations

import math

import gradient_fixtures as fixtures
import numpy as np
import pytest
from gradient_panels import CELLS, SIZES, has_color, painted, shown
from pointing import move_pointer
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rnnviz.panels.flow_plot import FLOOR, factor_words, halving_words
from rnnviz.panels.gradient_flow import GradientFlowPanel
from rnnviz.panels.theme import themes
from rnnviz.probes.gradient_flow import GradientFlow
from rnnviz.session.inspector import Inspection


def test_flow_draws_the_median_it_was_given(flow: GradientFlowPanel) -> None:
    found = fixtures.inspect(fixtures.make_view())[1].flow
    assert found is not None
    (curve,) = flow.plot.curves
    np.testing.assert_array_equal(curve.median, np.median(found.norms["h"][0], axis=1))
    assert (curve.low <= curve.median).all() and (curve.median <= curve.high).all()
    assert len(flow.plot.ghosts) == 1
    assert "step 600" in flow.clause()
    assert has_color(painted(flow.plot), "validation")  # a plain RNN's colour


def test_flow_switches_to_the_first_weights_and_back(flow: GradientFlowPanel) -> None:
    before = flow.plot.curves[0].median
    QTest.mouseClick(
        flow.when, Qt.MouseButton.LeftButton, pos=flow.when.option_center("init").toPoint()
    )
    assert not np.array_equal(flow.plot.curves[0].median, before)
    assert not flow.plot.ghosts and "at init" in flow.clause()
    QTest.keyClick(flow.when, Qt.Key.Key_Right)
    assert np.array_equal(flow.plot.curves[0].median, before)


def test_flow_says_how_much_weaker_under_the_mouse(flow: GradientFlowPanel) -> None:
    plot = flow.plot
    painted(plot)
    move_pointer(plot, QPointF(plot.at_x(10), plot.area().center().y()))
    painted(plot)
    assert plot.readout_rect.width() > 0
    title, entries = plot.readout(10)
    curve = plot.curves[0]
    assert title == "10 steps back"
    assert factor_words(float(curve.median[10] / curve.median[0])) in entries[0].words
    assert QRectF(plot.rect()).contains(plot.readout_rect)


def test_flow_linear_axis_starts_at_zero(flow: GradientFlowPanel) -> None:
    QTest.mouseClick(flow.log_toggle, Qt.MouseButton.LeftButton)
    assert flow.plot.y_range.low == 0.0
    assert flow.plot.y_range.high > flow.plot.curves[0].median[0]
    painted(flow.plot)
    QTest.mouseClick(flow.log_toggle, Qt.MouseButton.LeftButton)
    assert flow.plot.y_range.low == pytest.approx(math.log10(FLOOR))


def test_flow_zooms_by_keys_and_comes_back(flow: GradientFlowPanel) -> None:
    whole = flow.plot.x_range
    flow.plot.setFocus()
    QTest.keyClick(flow.plot, Qt.Key.Key_Plus)
    assert flow.plot.x_range.span < whole.span
    zoomed = flow.plot.x_range
    flow.refresh()
    assert flow.plot.x_range == zoomed  # news do not move what the user looks at
    QTest.keyClick(flow.plot, Qt.Key.Key_Home)
    assert flow.plot.x_range == whole


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 3])
def test_flow_of_every_network_paints_at_every_size(qtbot: QtBot, cell: str, layers: int) -> None:
    panel = GradientFlowPanel()
    shown(qtbot, panel)
    view = fixtures.make_view(cell=cell, num_layers=layers)
    panel.set_view(view)
    assert panel.signal.isVisible() == (cell == "lstm")
    for found in fixtures.inspect(view, layer=layers - 1):
        panel.show_inspection(found)
    assert len(panel.plot.curves) == layers
    if layers > 1:
        assert panel.plot.names == ["Layer 1", "Layer 2", "Layer 3"]
    for size in SIZES:
        panel.resize(*size)
        for mode in ("light", "dark"):
            themes().set_mode(mode)
            painted(panel)
    panel.show_radius(0.9)
    painted(panel)
    if cell == "lstm":
        QTest.keyClick(panel.signal, Qt.Key.Key_Right)
        assert "∂L/∂c" in panel.clause()
        painted(panel)
        panel.plot.readout(0)


def test_flow_labels_do_not_overlap_each_other(qtbot: QtBot) -> None:
    panel = GradientFlowPanel()
    shown(qtbot, panel)
    view = fixtures.make_view(cell="gru", num_layers=3)
    panel.set_view(view)
    for found in fixtures.inspect(view):
        panel.show_inspection(found)
    painted(panel.plot)
    rects = panel.plot.label_rects
    assert len(rects) >= 3
    for index, rect in enumerate(rects):
        assert QRectF(panel.plot.rect()).contains(rect)
        assert not any(rect.intersects(other) for other in rects[index + 1 :])


@pytest.mark.parametrize("size", [(760, 300), (760, 420), (480, 240)])
@pytest.mark.parametrize("factor", [1.09, 1.8])
def test_the_name_of_a_curve_that_grows_stands_clear_of_it(
    qtbot: QtBot, size: tuple[int, int], factor: float
) -> None:
    panel = GradientFlowPanel()
    shown(qtbot, panel)
    panel.set_view(fixtures.make_view(seq_len=120))
    rise = factor ** np.arange(181.0)
    norms = rise[None, :, None] * np.array([0.5, 0.8, 1.0, 1.3, 2.0])
    flow = GradientFlow({"h": norms})
    panel.show_inspection(Inspection(1, flow=flow, initial_flow=flow))
    panel.resize(*size)
    painted(panel.plot)
    plot = panel.plot
    assert "doubles" in halving_words(plot.curves[0].halving)
    assert plot.label_rects
    assert not plot._touches_line(plot.label_rects[0].adjusted(4, 2, -4, -2), curves_only=True)


def test_flow_is_empty_until_something_is_found(qtbot: QtBot, flow: GradientFlowPanel) -> None:
    panel = GradientFlowPanel()
    shown(qtbot, panel)
    assert "Load a text" in panel.plot.message
    painted(panel)
    panel.set_view(fixtures.make_view())
    assert "pieces of the text" in panel.plot.message
    painted(panel)
    flow.set_view(fixtures.make_view(cell="gru"))  # a new run forgets the old one's curves
    assert not flow.plot.curves and flow.plot.message


def test_flow_of_a_network_whose_gradient_is_not_finite_paints(flow: GradientFlowPanel) -> None:
    found = fixtures.inspect(fixtures.make_view())[1]
    assert found.flow is not None and found.initial_flow is not None
    for value in (math.nan, 0.0, math.inf):
        norms = {"h": np.full_like(found.flow.norms["h"], value)}
        broken = type(found.flow)(norms)
        flow.show_inspection(type(found)(900, flow=broken, initial_flow=found.initial_flow))
        painted(flow.plot)
        flow.plot.readout(5)
        assert bool(flow.plot.message) == (value != 0.0)


def test_a_hidden_flow_panel_does_not_draw(qtbot: QtBot) -> None:
    panel = GradientFlowPanel()
    shown(qtbot, panel)
    view = fixtures.make_view()
    panel.set_view(view)
    panel.hide()
    panel.show_inspection(fixtures.inspect(view)[1])
    assert not panel.plot.curves
    panel.show()
    assert panel.plot.curves  # it catches up


def test_words_of_halving_and_factors() -> None:
    assert halving_words(4.31) == "halves every 4.3 steps"
    assert halving_words(-12.0) == "doubles every 12.0 steps"
    assert halving_words(math.inf) == "stays level"
    assert halving_words(math.nan) == "leaves nothing to measure"
    assert factor_words(1 / 114) == "110× weaker"
    assert factor_words(2.0) == "2.0× stronger"
    assert factor_words(1.01) == "as strong"
    assert factor_words(0.0) == "nothing left"
