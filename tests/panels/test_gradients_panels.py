"""The panels of the Gradients perspective with real events: what they draw, say and answer."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import gradient_fixtures as fixtures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pointing import move_pointer
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from showing import show

from rnnviz.panels import parameter_groups
from rnnviz.panels.activation_colors import set_colour_blind_safe
from rnnviz.panels.base import Panel
from rnnviz.panels.eigenvalue_plane import jacobian_words, radius_text, weight_words
from rnnviz.panels.eigenvalues import EigenvaluesPanel
from rnnviz.panels.flow_plot import FLOOR, factor_words, halving_words
from rnnviz.panels.gradient_flow import GradientFlowPanel
from rnnviz.panels.group_bars import norm_text
from rnnviz.panels.group_norms import GroupNormsPanel, UpdateRatioPanel
from rnnviz.panels.matrix_image import as_image, level_at, shrunk
from rnnviz.panels.parameters import ParametersPanel
from rnnviz.panels.plot import grown
from rnnviz.panels.ratio_plot import thinned
from rnnviz.panels.readout import power_of_ten, spread_apart
from rnnviz.panels.table import csv_pieces
from rnnviz.panels.theme import theme, themes
from rnnviz.panels.value_histogram import bin_entry
from rnnviz.probes.gradient_flow import GradientFlow
from rnnviz.probes.step_norms import StepNorms
from rnnviz.session.inspector import Inspection
from rnnviz.session.norm_history import NormHistory

CELLS = ["rnn", "gru", "lstm"]
SIZES = [(940, 452), (592, 452), (464, 286), (330, 220), (250, 160)]


@pytest.fixture(autouse=True)
def dark() -> Iterator[None]:
    themes().set_mode("dark")
    yield
    themes().set_mode("dark")


def shown(qtbot: QtBot, panel: Panel, width: int = 940, height: int = 452) -> None:
    show(qtbot, panel, width, height)


def painted(widget: QWidget) -> QImage:
    return widget.grab().toImage()


def has_color(image: QImage, token: str) -> bool:
    wanted = theme().color(token).rgb()
    return any(
        image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height())
    )


# Gradient flow.


@pytest.fixture
def flow(qtbot: QtBot) -> GradientFlowPanel:
    panel = GradientFlowPanel()
    shown(qtbot, panel)
    view = fixtures.make_view()
    panel.set_view(view)
    for found in fixtures.inspect(view):
        panel.show_inspection(found)
    return panel


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


# Eigenvalues.


@pytest.fixture
def eigenvalues(qtbot: QtBot) -> EigenvaluesPanel:
    panel = EigenvaluesPanel()
    shown(qtbot, panel, 592, 452)
    view = fixtures.make_view()
    panel.set_view(view)
    for found in fixtures.inspect(view):
        panel.show_inspection(found)
    return panel


def test_the_plane_has_equal_scales_at_every_size(eigenvalues: EigenvaluesPanel) -> None:
    plot = eigenvalues.plot
    for size in SIZES:
        eigenvalues.resize(*size)
        painted(eigenvalues)
        across = plot.at_x(1.0) - plot.at_x(0.0)
        up = plot.at_y(0.0) - plot.at_y(1.0)
        assert across == pytest.approx(up) and across > 0
        assert plot.at_x(0.0) == pytest.approx(plot.area().center().x())


def test_all_eigenvalues_are_inside_the_plane(eigenvalues: EigenvaluesPanel) -> None:
    plot, found = eigenvalues.plot, eigenvalues.plot.spectrum
    assert found is not None and found.weights is not None
    for value in [*found.jacobian, *found.weights]:
        assert plot.area().contains(QPointF(plot.at_x(value.real), plot.at_y(value.imag)))


def test_eigenvalues_without_imaginary_parts_are_drawn(eigenvalues: EigenvaluesPanel) -> None:
    view = eigenvalues.view
    assert view is not None
    found = fixtures.inspect(view)[-1]
    assert found.spectrum is not None
    for value in (0.25, 0.0):
        same = np.full(found.spectrum.jacobian.shape, value, np.complex128)
        eigenvalues.show_inspection(
            replace(found, spectrum=replace(found.spectrum, jacobian=same, weights=same))
        )
        assert eigenvalues.radius() == value
        painted(eigenvalues)


def test_which_eigenvalues_are_shown_is_chosen(eigenvalues: EigenvaluesPanel) -> None:
    plot = eigenvalues.plot
    assert plot.jacobian_shown() is not None and plot.weights_shown() is not None
    assert [entry[0] for entry in plot.side_entries()] == ["Jacobian J", "Weights Wₕₕ"]
    QTest.keyClick(eigenvalues.which, Qt.Key.Key_Right)
    assert plot.jacobian_shown() is None and plot.weights_shown() is not None
    QTest.keyClick(eigenvalues.which, Qt.Key.Key_Right)
    assert plot.jacobian_shown() is not None and plot.weights_shown() is None
    painted(plot)


def test_an_eigenvalue_under_the_mouse_is_read_out(eigenvalues: EigenvaluesPanel) -> None:
    plot = eigenvalues.plot
    value = plot.spectrum.jacobian[0]  # type: ignore[union-attr]
    at = QPointF(plot.at_x(value.real), plot.at_y(value.imag))
    found = plot.nearest(at)
    assert found is not None and abs(abs(found[1]) - abs(value)) < 1e-9
    move_pointer(plot, at)
    painted(plot)
    assert QRectF(plot.rect()).contains(plot.readout_rect)
    assert plot.nearest(QPointF(plot.area().topLeft())) is None


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gated_cells_have_no_weights_to_compare(qtbot: QtBot, cell: str) -> None:
    panel = EigenvaluesPanel()
    shown(qtbot, panel, 592, 452)
    view = fixtures.make_view(cell=cell)
    panel.set_view(view)
    assert not panel.which.isVisible()
    for found in fixtures.inspect(view):
        panel.show_inspection(found)
    assert panel.plot.weights_shown() is None and panel.plot.jacobian_shown() is not None
    assert "h and c" in panel.plot.foot_words() or cell == "gru"
    painted(panel)


def test_a_layer_is_chosen_and_others_are_not_shown(qtbot: QtBot) -> None:
    panel = EigenvaluesPanel()
    shown(qtbot, panel, 592, 452)
    view = fixtures.make_view(num_layers=2)
    panel.set_view(view)
    assert panel.layer() == 1 and panel.layers.isVisible()
    panel.show_inspection(fixtures.inspect(view, layer=0)[2])
    assert panel.plot.spectrum is None
    panel.show_inspection(fixtures.inspect(view, layer=1)[2])
    assert panel.plot.spectrum is not None and "layer 2" in panel.clause()
    with qtbot.waitSignal(panel.layer_changed) as chosen:
        QTest.keyClick(panel.layers, Qt.Key.Key_Left)
    assert chosen.args == [0] and panel.plot.spectrum is None
    painted(panel)


def test_a_large_jacobian_is_computed_on_demand(qtbot: QtBot) -> None:
    panel = EigenvaluesPanel()
    shown(qtbot, panel, 592, 452)
    panel.set_view(fixtures.make_view(cell="lstm", hidden_size=300))
    assert panel.compute_button.isVisible() and "press Compute" in panel.plot.message
    with qtbot.waitSignal(panel.compute_requested) as asked:
        QTest.mouseClick(panel.compute_button, Qt.MouseButton.LeftButton)
    assert asked.args == [0]
    assert "Computing" in panel.plot.message and not panel.compute_button.isEnabled()
    painted(panel)
    panel.set_view(fixtures.make_view(cell="lstm", hidden_size=256))
    assert not panel.compute_button.isVisible()


def test_words_of_radii() -> None:
    assert jacobian_words(0.9).startswith("below 1")
    assert jacobian_words(1.0).startswith("about 1")
    assert jacobian_words(1.2).startswith("above 1")
    assert "shrinks" in jacobian_words(0.8) and "grows" in jacobian_words(0.8, growing=True)
    assert "tanh" in weight_words(1.8, "tanh") and "ReLU" in weight_words(1.8, "relu")
    assert weight_words(0.9, "tanh").startswith("at most 1")


# Norm by group and update ratio.


def group_panel(qtbot: QtBot, panel: GroupNormsPanel | UpdateRatioPanel, steps: int = 40, **kind):
    shown(qtbot, panel, 484, 416)
    view = fixtures.make_view("training", **kind)
    norms = NormHistory()
    fixtures.add_steps(view, norms, steps)
    panel.set_view(view)
    panel.set_norms(norms)
    return panel, view, norms


def test_norms_by_group_add_up_to_the_global_norm(qtbot: QtBot) -> None:
    panel, _, _ = group_panel(qtbot, GroupNormsPanel())
    bars = panel.bars
    assert [bar.group for bar in bars.bars] == ["W_hh", "W_hy", "b_h", "W_xh", "b_y"]
    # weight_ih 0.1, weight_hh 0.2, bias_ih 0.3, bias_hh 0.4, decoder 0.5 and 0.6
    np.testing.assert_allclose([bar.norm for bar in bars.bars], [0.2, 0.5, 0.5, 0.1, 0.6])
    assert bars.total == pytest.approx(math.sqrt(0.91))
    assert sum(bar.share for bar in bars.bars) == pytest.approx(1.0)
    assert "step 40" in panel.clause()
    for size in SIZES:
        panel.resize(*size)
        painted(panel)
    assert has_color(painted(bars), "gradient")


def test_the_axis_of_the_norms_holds_every_bar(qtbot: QtBot) -> None:
    panel, view, norms = group_panel(qtbot, GroupNormsPanel())
    assert all(max(bar.norm, bar.high) <= panel.bars.top for bar in panel.bars.bars)
    fixtures.add_steps(view, norms, 3)
    panel.refresh()
    assert "step 43" in panel.clause()


@pytest.mark.parametrize(
    ("clip", "words"),
    [
        (("norm", 1.0), "not clipped"),
        (("norm", 0.5), "clipped to 0.50"),
        (("value", 0.1), "by value at 0.10"),
        (("off", 1.0), "clip off"),
    ],
)
def test_norms_say_whether_they_are_clipped(
    qtbot: QtBot, clip: tuple[str, float], words: str
) -> None:
    panel, _, _ = group_panel(qtbot, GroupNormsPanel(), clip=clip)
    assert words in panel.bars.clip_words


def test_layers_are_the_other_way_to_group(qtbot: QtBot) -> None:
    panel, _, _ = group_panel(qtbot, GroupNormsPanel(), num_layers=3)
    assert panel.grouping.isVisible()
    with qtbot.waitSignal(panel.grouping_changed) as changed:
        QTest.keyClick(panel.grouping, Qt.Key.Key_Right)
    assert changed.args == ["layer"]
    groups = [bar.group for bar in panel.bars.bars]
    assert groups == ["layer 1", "layer 2", "layer 3", "output"]
    assert len({parameter_groups.token(group) for group in groups}) == 4
    painted(panel)


def test_pointing_at_a_group_fades_the_others(qtbot: QtBot) -> None:
    panel, _, _ = group_panel(qtbot, GroupNormsPanel())
    seen: list[str] = []
    panel.highlighted.connect(seen.append)
    move_pointer(panel.bars, panel.bars.row_rect(1).center())
    assert seen == ["W_hy"] and "hidden to output" in panel.bars.tip_at(
        panel.bars.row_rect(1).center()
    )
    panel.set_highlight("W_hy")
    image = painted(panel.bars)
    assert has_color(image, "warn") and not has_color(image, "gradient")
    panel.bars.setFocus()
    QTest.keyClick(panel.bars, Qt.Key.Key_Down)
    assert seen[-1] == "b_h"


def test_update_ratios_are_changes_over_weights(qtbot: QtBot) -> None:
    panel, _, _ = group_panel(qtbot, UpdateRatioPanel())
    by_group = {curve.group: curve for curve in panel.plot.curves}
    np.testing.assert_allclose(10.0 ** by_group["W_hh"].logs, 2e-3, rtol=1e-5)
    joint = math.hypot(3e-3, 4e-3) / math.hypot(1, 1)
    np.testing.assert_allclose(10.0 ** by_group["b_h"].logs, joint, rtol=1e-5)
    assert by_group["W_hh"].steps.tolist() == list(range(1, 41))
    for size in SIZES:
        panel.resize(*size)
        painted(panel)
    rects = list(panel.plot.label_rects.values())
    panel.resize(576, 416)
    painted(panel)
    rects = list(panel.plot.label_rects.values())
    assert len(rects) == 5
    for index, rect in enumerate(rects):
        assert not any(rect.intersects(other) for other in rects[index + 1 :])


def test_an_update_curve_is_pointed_at_by_its_name_and_read_out(qtbot: QtBot) -> None:
    panel, _, _ = group_panel(qtbot, UpdateRatioPanel())
    plot = panel.plot
    painted(plot)
    seen: list[str] = []
    panel.highlighted.connect(seen.append)
    move_pointer(plot, plot.label_rects["b_y"].center())
    assert seen == ["b_y"]
    move_pointer(plot, QPointF(plot.at_x(20), plot.area().center().y()))
    painted(plot)
    assert QRectF(plot.rect()).contains(plot.readout_rect)


def test_group_panels_are_empty_before_the_first_step(qtbot: QtBot) -> None:
    for panel in (GroupNormsPanel(), UpdateRatioPanel()):
        shown(qtbot, panel, 484, 416)
        painted(panel)
        panel.set_view(fixtures.make_view())
        assert "Press Play" in panel.empty_words()
        painted(panel)
        panel.set_view(fixtures.make_view("training"))
        assert "Measuring" in panel.empty_words()
        painted(panel)


def test_a_new_run_clears_the_old_ones_norms(qtbot: QtBot) -> None:
    for panel in (GroupNormsPanel(), UpdateRatioPanel()):
        group_panel(qtbot, panel)
        panel.set_view(fixtures.make_view())
        panel.set_norms(NormHistory())
        painted(panel)
        assert len(panel.norms) == 0
        if isinstance(panel, GroupNormsPanel):
            # What will be measured is named already.
            groups = [bar.group for bar in panel.bars.bars]
            assert groups == ["W_hh", "W_hy", "b_h", "W_xh", "b_y"]
            assert all(math.isnan(bar.norm) for bar in panel.bars.bars)
            assert panel.bars.message == "Press Play to see what a step does"
            assert panel.bars.tip_at(panel.bars.row_rect(1).center()) == "hidden to output"
        else:
            assert not panel.plot.curves


def test_long_runs_draw_few_points() -> None:
    steps = np.arange(10_000.0)
    x, y = thinned(steps, np.full(10_000, -3.0), 400)
    assert len(x) == len(y) == 400
    assert x[-1] == 9_999 and (y == -3.0).all()
    assert thinned(steps[:10], steps[:10], 400)[0].size == 10


def test_norms_are_written_in_a_column() -> None:
    assert [norm_text(v) for v in (0.0, 0.67, 12.34, 4.1e-5, 3.1e9, math.nan)] == [
        "0",
        "0.670",
        "12.3",
        "4.1e-5",
        "3.1e9",
        "nan",
    ]


# Parameters.


@pytest.mark.parametrize("cell", CELLS)
def test_every_parameter_is_shown_with_its_figures(qtbot: QtBot, cell: str) -> None:
    panel = ParametersPanel()
    shown(qtbot, panel, 576, 416)
    view = fixtures.make_view(
        cell=cell, num_layers=2, layer_norm=True, peepholes=cell == "lstm", hidden_size=40
    )
    panel.set_view(view)
    assert "Waiting" in panel.matrix.message
    painted(panel)
    (found, *_) = fixtures.inspect(view)
    panel.show_inspection(found)
    assert panel.chosen() == "rnn.weight_hh_l0"
    network = fixtures.make_network(view)
    for name, array in network.parameters.items():
        panel.show_parameter(name)
        assert panel.chosen() == name
        figures = dict(panel.matrix.figures())
        assert figures["values"] == f"{array.size:,}"
        for size in SIZES:
            panel.resize(*size)
            painted(panel)
    assert "step 600" in panel.clause()


def test_a_weight_under_the_mouse_is_read_out(qtbot: QtBot) -> None:
    panel = ParametersPanel()
    shown(qtbot, panel, 576, 416)
    view = fixtures.make_view(cell="gru")
    panel.set_view(view)
    panel.show_inspection(fixtures.inspect(view)[0])
    panel.show_parameter("rnn.weight_ih_l0")
    matrix = panel.matrix
    painted(matrix)
    area = matrix.image_rect()
    # 3 x 12 rows of gates, 7 columns of characters; row 12 + 3, column of "a"
    at = QPointF(area.left() + area.width() * 2.5 / 7, area.top() + area.height() * 15.5 / 36)
    assert matrix.cell_under(at) == (15, 2)
    move_pointer(matrix, at)
    painted(matrix)
    assert QRectF(matrix.rect()).contains(matrix.readout_rect)
    title, entries = matrix.describe(15, 2)
    value = fixtures.make_network(view).parameters["rnn.weight_ih_l0"][15, 2]
    assert title == "W_xh, gate z"
    assert entries[0].words == "'a' to unit 4"
    assert float(entries[1].value.replace("−", "-")) == pytest.approx(float(value), abs=1e-4)
    matrix.setFocus()
    QTest.keyClick(matrix, Qt.Key.Key_Right)
    painted(matrix)
    QTest.keyClick(matrix, Qt.Key.Key_Escape)
    painted(matrix)


def test_the_image_has_the_colours_of_the_values(qtbot: QtBot) -> None:
    panel = ParametersPanel()
    shown(qtbot, panel, 576, 416)
    view = fixtures.make_view(hidden_size=2)
    panel.set_view(view)
    (found, *_) = fixtures.inspect(view)
    assert found.parameters is not None
    panel.show_inspection(found)
    values = fixtures.make_network(view).parameters["rnn.weight_hh_l0"]
    image, area = painted(panel.matrix), panel.matrix.image_rect()
    for row in range(2):
        for column in range(2):
            x = area.left() + area.width() * (column + 0.5) / 2
            y = area.top() + area.height() * (row + 0.5) / 2
            color = image.pixelColor(int(x), int(y))
            # Red above zero, blue below, as of the diverging map.
            assert (color.red() > color.blue()) == (values[row, column] > 0)


@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(1, 12), st.integers(1, 12), st.integers(0)
)
def test_shrinking_keeps_the_largest_weight(
    rows: int, columns: int, most_rows: int, most_columns: int, seed: int
) -> None:
    values = np.random.default_rng(seed % 2**32).normal(size=(rows, columns))
    small, down, across = shrunk(values, most_rows, most_columns)
    assert small.shape[0] <= most_rows and small.shape[1] <= most_columns
    assert np.abs(small).max() == np.abs(values).max()
    for i in range(small.shape[0]):
        for j in range(small.shape[1]):
            block = values[i * down : (i + 1) * down, j * across : (j + 1) * across]
            assert small[i, j] in block and abs(small[i, j]) == np.abs(block).max()


def test_vectors_have_a_row_for_each_gate() -> None:
    assert as_image(np.arange(12.0), 4).shape == (4, 3)
    assert as_image(np.zeros((4, 5)), 4).shape == (4, 5)
    assert level_at(np.zeros(5)) == 1.0
    assert level_at(np.full(5, 0.23)) == pytest.approx(0.25)
    # Of a large matrix a part is looked at: of every row and column some.
    large = np.random.default_rng(0).normal(0, 0.1, (2048, 512)).astype(np.float32)
    assert level_at(large) == pytest.approx(grown(0.1 * 2.326), rel=0.05)
    large[:, ::32] *= 50
    assert level_at(large) > 1


# Words and places.


def test_decades_are_written_as_powers() -> None:
    assert [power_of_ten(v) for v in (1e-8, 0.1, 1.0, 10.0, 1e3)] == [
        "10⁻⁸",
        "0.1",
        "1",
        "10",
        "10³",
    ]


@given(st.lists(st.floats(0, 400), max_size=7), st.floats(5, 30))
def test_labels_keep_apart_and_in_bounds(wanted: list[float], gap: float) -> None:
    places = spread_apart(wanted, gap, 0.0, 300.0)
    assert len(places) == len(wanted)
    assert all(-1e-6 <= place <= 300.0 + 1e-6 for place in places)
    gap = min(gap, 300.0 / max(len(wanted) - 1, 1))
    ordered = sorted(places)
    assert all(b - a >= gap - 1e-6 for a, b in itertools.pairwise(ordered))
    for (a, x), (b, y) in itertools.pairwise(zip(wanted, places, strict=True)):
        assert a == b or (a < b) == (x < y)


def test_a_label_alone_stands_where_it_wants() -> None:
    assert spread_apart([120.0], 20, 0, 300) == [120.0]
    assert spread_apart([], 20, 0, 300) == []
    assert spread_apart([100.0, 200.0], 20, 0, 300) == [100.0, 200.0]


@pytest.mark.parametrize(
    "kind",
    [GradientFlowPanel, EigenvaluesPanel, GroupNormsPanel, UpdateRatioPanel, ParametersPanel],
)
def test_every_control_has_a_name(qtbot: QtBot, kind: type[Panel]) -> None:
    panel = kind()
    shown(qtbot, panel, 576, 416)
    for widget in panel.findChildren(QWidget):
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus and widget.isVisible():
            assert widget.accessibleName(), widget


@pytest.mark.parametrize("size", [0.0, 1e-30, 400.0, 3e30, math.nan])
def test_eigenvalues_of_any_size_are_drawn(qtbot: QtBot, size: float) -> None:
    panel = EigenvaluesPanel()
    shown(qtbot, panel, 592, 452)
    view = fixtures.make_view()
    panel.set_view(view)
    found = fixtures.inspect(view)[2]
    assert found.spectrum is not None
    few = found.spectrum.jacobian * size
    spectrum = dataclasses.replace(found.spectrum, jacobian=few, weights=few)
    panel.show_inspection(dataclasses.replace(found, spectrum=spectrum))
    assert not painted(panel).isNull()
    assert (
        panel.plot.x_range.span < 100 and panel.plot.x_range.low < -1 < 1 < panel.plot.x_range.high
    )
    assert len(radius_text(size)) <= 7


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cell", CELLS)
def test_all_parameters_are_shown_at_once(qtbot: QtBot, cell: str, size: tuple[int, int]) -> None:
    panel = ParametersPanel()
    shown(qtbot, panel, *size)
    view = fixtures.make_view(cell=cell, num_layers=2)
    panel.set_view(view)
    panel.show_parameter("")
    assert panel.choice.currentText() == "all parameters"
    assert panel.overview.message == "Waiting for the weights…"
    panel.show_inspection(fixtures.inspect(view)[0])
    overview, names = panel.overview, list(fixtures.make_network(view).parameters)
    area = QRectF(overview.rect())
    tiles = [overview.tile_rect(index) for index in range(len(names))]
    assert all(area.contains(tile.adjusted(0.1, 0.1, -0.1, -0.1)) for tile in tiles)
    for first, second in itertools.combinations(tiles, 2):
        assert not first.intersects(second)
    assert has_color(painted(overview), "text")
    table = panel.table()
    parameters = fixtures.make_network(view).parameters
    assert table is not None and table.columns == ("parameter", "row", "column", "value")
    assert list(dict.fromkeys(np.asarray(table.values[0]).tolist())) == names
    flat = np.concatenate([parameters[name].reshape(-1) for name in names])
    np.testing.assert_array_equal(table.values[3], flat)
    values = parameters[names[1]]
    # Pointing says more; a click shows that parameter alone.
    move_pointer(overview, tiles[1].center())
    title, entries = overview.describe(1)
    assert title == "W_hh, layer 1" and entries[0].value == " × ".join(map(str, values.shape))
    QTest.mouseClick(overview, Qt.MouseButton.LeftButton, pos=tiles[1].center().toPoint())
    assert panel.chosen() == names[1] and panel.matrix.isVisible()
    assert len(panel.table() or ()) == values.size
    panel.choose({"parameter": ""})
    assert overview.isVisible()
    panel.reset_view()
    assert panel.chosen() == "rnn.weight_hh_l0"


def test_pointing_at_a_bar_of_the_histogram_reads_it_out(qtbot: QtBot) -> None:
    panel = ParametersPanel()
    shown(qtbot, panel, 576, 416)
    view = fixtures.make_view()
    panel.set_view(view)
    panel.show_inspection(fixtures.inspect(view)[0])
    matrix = panel.matrix
    found = matrix.statistics
    assert found is not None
    area = matrix.histogram_rect()
    most = int(np.argmax(found.counts))
    at = QPointF(area.left() + (most + 0.5) * area.width() / len(found.counts), area.center().y())
    matrix.readout_rect = QRectF()
    without = painted(matrix)
    move_pointer(matrix, at)
    assert painted(matrix) != without and not matrix.readout_rect.isEmpty()
    inside = (found.values >= found.edges[most]) & (found.values < found.edges[most + 1])
    entry = bin_entry(found, most)
    assert entry.value.startswith(f"{int(inside.sum())} values, ")
    assert " to " in entry.words and "-" not in entry.words
    QApplication.sendEvent(matrix, QEvent(QEvent.Type.Leave))
    assert painted(matrix) == without
    # In the picture of all parameters as well.
    panel.show_parameter("")
    overview = panel.overview
    area = overview.histogram_rect(1)
    assert not area.isEmpty()
    move_pointer(overview, overview.image_rect(1).center())
    without = painted(overview)
    move_pointer(overview, QPointF(area.left() + area.width() / 2, area.center().y()))
    assert painted(overview) != without


def test_units_are_counted_from_one_as_in_every_panel(qtbot: QtBot) -> None:
    panel = ParametersPanel()
    shown(qtbot, panel, 576, 416)
    view = fixtures.make_view()
    panel.set_view(view)
    panel.show_inspection(fixtures.inspect(view)[0])
    _, entries = panel.matrix.describe(0, 11)
    assert entries[0].words == "unit 12 to unit 1"


def test_weights_take_the_colours_that_everybody_can_tell_apart(qtbot: QtBot) -> None:
    panel = ParametersPanel()
    shown(qtbot, panel, 576, 416)
    view = fixtures.make_view()
    panel.set_view(view)
    panel.show_inspection(fixtures.inspect(view)[0])
    for name in ("rnn.weight_hh_l0", ""):
        panel.show_parameter(name)
        as_designed = painted(panel)
        try:
            set_colour_blind_safe(True)
            assert painted(panel) != as_designed
        finally:
            set_colour_blind_safe(False)
        assert painted(panel) == as_designed


def test_keys_point_at_parameters_and_choose_one(qtbot: QtBot) -> None:
    panel = ParametersPanel()
    shown(qtbot, panel, 576, 416)
    view = fixtures.make_view()
    panel.set_view(view)
    panel.show_inspection(fixtures.inspect(view)[0])
    panel.show_parameter("")
    panel.overview.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Escape):
        QTest.keyClick(panel.overview, key)
    QTest.keyClick(panel.overview, Qt.Key.Key_Return)
    assert panel.chosen() == ""
    QTest.keyClick(panel.overview, Qt.Key.Key_Right)
    QTest.keyClick(panel.overview, Qt.Key.Key_Right)
    QTest.keyClick(panel.overview, Qt.Key.Key_Return)
    assert panel.chosen() == "rnn.weight_hh_l0"


# The numbers behind the pictures.


def rows_of(panel: Panel) -> list[dict[str, str]]:
    table = panel.table()
    assert table is not None
    return list(csv.DictReader(io.StringIO("".join(csv_pieces(table)))))


def test_data_of_the_flow_and_the_spectrum_are_whole(
    flow: GradientFlowPanel, eigenvalues: EigenvaluesPanel
) -> None:
    rows = rows_of(flow)
    assert len(rows) == 2 * 61 * 5
    found = fixtures.inspect(fixtures.make_view())
    last = [row for row in rows if row["weights"] == "now"][-1]
    assert found[1].flow is not None and found[2].spectrum is not None
    assert float(last["norm of dL/dstate (nats)"]) == found[1].flow.norms["h"][0, 60, 4]
    values = rows_of(eigenvalues)
    assert [row["matrix"] for row in values] == ["J"] * 12 + ["W_hh"] * 12
    first = complex(float(values[0]["real part"]), float(values[0]["imaginary part"]))
    assert abs(first) == pytest.approx(found[2].spectrum.radius)
    assert float(values[0]["modulus"]) == abs(first)


def test_data_of_steps_and_parameters_are_whole(qtbot: QtBot) -> None:
    panel, _, _ = group_panel(qtbot, UpdateRatioPanel(), steps=7)
    rows = rows_of(panel)
    assert len(rows) == 7 * 6
    assert rows[-1]["step"] == "7" and rows[-1]["parameter"] == "decoder.bias"
    assert float(rows[-1]["gradient norm (L2)"]) == pytest.approx(0.6)
    parameters = ParametersPanel()
    shown(qtbot, parameters, 576, 416)
    assert parameters.table() is None
    view = fixtures.make_view()
    parameters.set_view(view)
    parameters.show_inspection(fixtures.inspect(view)[0])
    values = rows_of(parameters)
    matrix = fixtures.make_network(view).parameters["rnn.weight_hh_l0"]
    assert len(values) == matrix.size
    assert float(values[13]["rnn.weight_hh_l0"]) == matrix[1, 1]


def test_a_few_huge_steps_do_not_crush_the_bars(qtbot: QtBot) -> None:
    panel, view, norms = group_panel(qtbot, GroupNormsPanel(), steps=0)
    names = list(view.config.model_config(view.vocabulary.size).shapes())
    for step in range(1, 31):
        size = 500.0 if step < 10 else 0.5
        sizes = dict.fromkeys(names, size)
        norms.append(StepNorms(step, sizes, dict.fromkeys(names, 1.0), sizes))
    panel.set_norms(norms)
    bars = panel.bars
    assert bars.bars[0].high == pytest.approx(500.0)
    left, right, *_ = bars._columns()
    longest = max(bars.x_of(bar.norm) - left for bar in bars.bars)
    assert longest > 0.2 * (right - left)
    assert not painted(bars).isNull()
    # The whole range is still told.
    assert norm_text(500.0) in bars.tip_at(bars.row_rect(0).center())
