"""Weights: every matrix, its figures, its picture, keys."""

from __future__ import annotations

import itertools

import gradient_fixtures as fixtures
import numpy as np
import pytest
from gradient_panels import CELLS, SIZES, has_color, painted, shown
from hypothesis import given
from hypothesis import strategies as st
from pointing import move_pointer
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from rnnviz.panels.activation_colors import set_colour_blind_safe
from rnnviz.panels.matrix_image import as_image, level_at, shrunk
from rnnviz.panels.parameters import ParametersPanel
from rnnviz.panels.ticks import grown
from rnnviz.panels.value_histogram import bin_entry
from rnnviz.session.view import RunView


def inspected(qtbot: QtBot, view: RunView) -> ParametersPanel:
    """The panel with what was found in a run."""
    panel = ParametersPanel()
    shown(qtbot, panel, 576, 416)
    panel.set_view(view)
    panel.show_inspection(fixtures.inspect(view)[0])
    return panel


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
    panel = inspected(qtbot, fixtures.make_view())
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
    panel = inspected(qtbot, fixtures.make_view())
    _, entries = panel.matrix.describe(0, 11)
    assert entries[0].words == "unit 12 to unit 1"


def test_weights_take_the_colours_that_everybody_can_tell_apart(qtbot: QtBot) -> None:
    panel = inspected(qtbot, fixtures.make_view())
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
    panel = inspected(qtbot, fixtures.make_view())
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
