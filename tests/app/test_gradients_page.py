"""The Gradients page: who sits where, what is in sight, and that hidden panels do nothing."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from panel_fixtures import splitter_around
from panel_parts import clause_label
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from showing import show

from rnnviz.app.gradients_page import GradientsPage
from rnnviz.panels.base import Panel
from rnnviz.panels.theme import themes
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.probes.gradient_flow import GradientFlow
from rnnviz.session.inspector import FLOW, PARAMETERS, SPECTRUM, Inspection
from rnnviz.session.norm_history import NormHistory

sys.path.append(str(Path(__file__).parent.parent / "panels"))
import gradient_fixtures as fixtures


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[GradientsPage]:
    themes().set_mode("dark")
    page = GradientsPage()
    show(qtbot, page, 1540, 876)
    yield page
    themes().set_mode("dark")


def fill(page: GradientsPage, **kind) -> NormHistory:
    view = fixtures.make_view("training", **kind)
    norms = NormHistory()
    fixtures.add_steps(view, norms, 30)
    page.set_view(view, norms)
    for found in fixtures.inspect(view, layer=view.config.num_layers - 1):
        page.show_inspection(found)
    return norms


def test_panels_have_the_designed_sizes(page: GradientsPage) -> None:
    widths = [p.width() for p in (page.flow, page.eigenvalues)]
    assert widths == pytest.approx([940, 592], abs=3)
    lower = [p.width() for p in (page.gradient_norm, page.group_norms, page.update_ratio)]
    assert lower == pytest.approx([464, 484, 576], abs=6)
    assert page.flow.height() == pytest.approx(452, abs=3)


@pytest.mark.parametrize("size", [(1540, 876), (1220, 596), (964, 516)])
def test_everything_fits_in_both_themes(page: GradientsPage, size: tuple[int, int]) -> None:
    fill(page, num_layers=2)
    page.resize(*size)
    for mode in ("light", "dark"):
        themes().set_mode(mode)
        assert not page.grab().isNull()
    assert (page.width(), page.height()) == size
    for panel in page.panels[:5]:
        assert panel.isVisible()
        for control in panel.findChildren(type(page.flow.when)):
            if control.isVisible():
                left = control.mapTo(panel, control.rect().topLeft()).x()
                assert left >= 0 and left + control.width() <= panel.width()


@pytest.mark.parametrize("width", [964, 1220, 1540])
@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_headers_end_with_a_whole_word(page: GradientsPage, width: int, cell: str) -> None:
    fill(page, cell=cell)
    page.resize(width, 596)
    for panel in page.panels:
        if panel.isVisible():
            panel.grab()
            shown = clause_label(panel).shown()
            assert "…" not in shown, shown
            assert shown == panel.clause() or clause_label(panel).toolTip()
    if width > 1000:
        assert clause_label(page.eigenvalues).shown().endswith("step 600")


def switch_in(panel: Panel) -> Segmented:
    """What chooses between the panels that share a place."""
    switches = panel.findChildren(Segmented)
    return next(s for s in switches if s.accessibleName() == "What the panel shows")


def test_the_last_place_is_shared(page: GradientsPage) -> None:
    fill(page)
    assert page.update_ratio.isVisible() and not page.parameters.isVisible()
    assert page.looked_at() == {FLOW, SPECTRUM}
    switch = switch_in(page.update_ratio)
    switch.setFocus()
    QTest.keyClick(switch, Qt.Key.Key_Right)
    assert page.parameters.isVisible() and not page.update_ratio.isVisible()
    assert page.looked_at() == {FLOW, SPECTRUM, PARAMETERS}
    assert page.in_last_place() == "weights"
    QTest.keyClick(switch_in(page.parameters), Qt.Key.Key_Left)
    assert page.update_ratio.isVisible()


def test_a_hidden_page_looks_at_nothing(page: GradientsPage) -> None:
    norms = fill(page)
    page.hide()
    assert page.looked_at() == frozenset() and not page.norms_are_seen()
    before = len(page.group_norms.bars.bars), page.group_norms.clause()
    view = page.group_norms.view
    assert view is not None
    fixtures.add_steps(view, norms, 5)
    page.mark_stale()
    page.refresh_due()
    assert (len(page.group_norms.bars.bars), page.group_norms.clause()) == before
    page.show()
    assert "step 35" in page.group_norms.clause()


def test_a_maximised_panel_hides_the_others(page: GradientsPage, qtbot: QtBot) -> None:
    fill(page)
    page.toggle_maximized(page.eigenvalues)
    assert page.eigenvalues.width() == page.width()
    assert page.looked_at() == {SPECTRUM}
    page.toggle_maximized(page.eigenvalues)
    assert page.looked_at() == {FLOW, SPECTRUM}
    page.toggle_maximized(page.update_ratio)
    qtbot.waitUntil(lambda: page.update_ratio.width() == page.width())
    assert not page.flow.isVisible()
    page.toggle_maximized(page.update_ratio)
    assert page.flow.isVisible()


def test_the_layout_is_saved_and_restored(page: GradientsPage, qtbot: QtBot) -> None:
    splitter_around(page.flow, Qt.Orientation.Horizontal).setSizes([500, 1032])
    saved = page.save_layout()
    other = GradientsPage()
    qtbot.addWidget(other)
    other.resize(1540, 876)
    other.show()
    other.restore_layout(saved)
    assert other.flow.width() == page.flow.width()
    other.reset_layout()
    assert other.flow.width() == pytest.approx(940, abs=3)


def test_pointing_and_grouping_are_shared_by_both_panels(page: GradientsPage) -> None:
    fill(page, num_layers=2)
    page.group_norms.highlighted.emit("W_hh")
    assert page.update_ratio.plot.highlight == page.group_norms.bars.highlight == "W_hh"
    page.group_norms.grouping.setFocus()
    QTest.keyClick(page.group_norms.grouping, Qt.Key.Key_Right)
    groups = ["layer 1", "layer 2", "output"]
    assert [bar.group for bar in page.group_norms.bars.bars] == groups
    assert [curve.group for curve in page.update_ratio.plot.curves] == groups


def test_the_promised_slope_is_drawn_for_one_plain_layer_only(page: GradientsPage) -> None:
    fill(page)
    assert page.flow.plot.radius == page.eigenvalues.radius()
    fill(page, num_layers=2)
    assert page.flow.plot.radius is None
    fill(page, cell="gru")
    assert page.flow.plot.radius is None


def test_a_mean_that_shrinks_does_not_deny_a_gradient_that_grows(page: GradientsPage) -> None:
    fill(page)
    plane = page.eigenvalues.plot
    assert plane.spectrum is not None
    plane.spectrum = dataclasses.replace(plane.spectrum, jacobian=np.array([0.8 + 0j]))
    assert not plane.growing and "shrinks" in plane.side_entries()[0][-1]
    norms = 1.5 ** np.arange(61.0)[None, :, None] * np.ones(5)
    flow = GradientFlow({"h": norms})
    page.show_inspection(Inspection(700, flow=flow, initial_flow=flow))
    assert plane.growing and "grows" in plane.side_entries()[0][-1]
    page.set_view(fixtures.make_view(), NormHistory())
    assert not plane.growing, "of another run nothing is known"


def test_what_is_chosen_comes_back(page: GradientsPage, qtbot: QtBot) -> None:
    fill(page, num_layers=2)
    page.flow.when.set_current("init")
    page.eigenvalues.layers.set_current("0")
    page.group_norms.set_grouping("layer")
    page.parameters.show_parameter("decoder.weight")
    page.show_in_last_place("weights")
    splitter_around(page.flow, Qt.Orientation.Horizontal).setSizes([500, 1032])
    chosen = json.loads(json.dumps(page.choices()))
    other = GradientsPage()
    qtbot.addWidget(other)
    other.resize(1540, 876)
    other.show()
    fill(other, num_layers=2)
    other.choose(chosen)
    assert other.choices() == page.choices()


@pytest.mark.parametrize(
    "nonsense",
    [
        {},
        {"sizes": 3, "last_place": "elsewhere"},
        {"sizes": {"rows": [1, "x"], "top": [-1, 5]}},
        {"GradientFlowPanel": {"when": 3, "log_y": "no"}, "EigenvaluesPanel": {"layer": 9}},
        {"GroupNormsPanel": {"grouping": "colour"}, "ParametersPanel": {"parameter": "none"}},
    ],
)
def test_nonsense_chooses_nothing(page: GradientsPage, nonsense: dict[str, object]) -> None:
    fill(page)
    before = page.choices()
    page.choose(nonsense)
    assert page.choices() == before
