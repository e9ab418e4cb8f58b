"""What the panels of the Gradients perspective share: words, places of labels, their data."""

from __future__ import annotations

import itertools

import gradient_fixtures as fixtures
import pytest
from gradient_panels import group_panel, rows_of, shown
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from rnnviz.panels.base import Panel
from rnnviz.panels.eigenvalues import EigenvaluesPanel
from rnnviz.panels.gradient_flow import GradientFlowPanel
from rnnviz.panels.group_norms import GroupNormsPanel, UpdateRatioPanel
from rnnviz.panels.parameters import ParametersPanel
from rnnviz.panels.readout import power_of_ten, spread_apart


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


# The numbers behind the pictures.


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
