"""Eigenvalues: the plane, what is chosen, what is read out."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace

import gradient_fixtures as fixtures
import numpy as np
import pytest
from gradient_panels import SIZES, painted, shown
from pointing import move_pointer
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rnnviz.panels.eigenvalue_plane import jacobian_words, radius_text, weight_words
from rnnviz.panels.eigenvalues import EigenvaluesPanel


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
