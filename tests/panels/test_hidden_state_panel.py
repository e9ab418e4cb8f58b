"""The hidden-state panel: what is drawn where, order of the units, hover, clicks, sizes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from pointing import move_pointer
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from showing import show
from views import run_view

from rnnviz.engine.cells import CELLS
from rnnviz.panels.activation_colors import level_above
from rnnviz.panels.hidden_state import SIGNALS, HiddenStatePanel
from rnnviz.panels.theme import theme, themes
from rnnviz.probes.reading import Reading
from rnnviz.probes.unit_order import similar_order
from rnnviz.session.config import RunConfig
from rnnviz.session.prober import Answer
from rnnviz.session.view import RunView

TEXT = "to be,\nor not to be"


def view_of(cell: str = "gru", layers: int = 2, hidden: int = 128) -> RunView:
    config = RunConfig(cell=cell, num_layers=layers, hidden_size=hidden)
    return run_view(sorted(set(TEXT)), config)


def answer_to(
    text: str,
    cell: str = "gru",
    layers: int = 2,
    hidden: int = 128,
    seed: int = 0,
    scale: float = 1.0,
) -> Answer:
    rng = np.random.default_rng(seed)
    signals = tuple(
        {
            name: rng.uniform(-scale, scale, (hidden, len(text))).astype(np.float32)
            for name in CELLS[cell].signals
        }
        for _ in range(layers)
    )
    reading = Reading(
        text, 0, signals if text else (), np.zeros((len(set(TEXT)), max(len(text), 1)))
    )
    return Answer(1, seed, reading)


@pytest.fixture
def panel(qtbot: QtBot) -> HiddenStatePanel:
    panel = HiddenStatePanel()
    panel.set_view(view_of())
    show(qtbot, panel, 804, 336)
    return panel


def click(panel: HiddenStatePanel, position: int) -> None:
    QTest.mouseClick(
        panel.map, Qt.MouseButton.LeftButton, pos=panel.map.column_rect(position).center()
    )


def values_shown(panel: HiddenStatePanel) -> NDArray[np.floating]:
    return panel.map.picture_values()


def test_empty_text_says_what_to_do(panel: HiddenStatePanel) -> None:
    panel.show_answer(answer_to(""))
    assert panel.map.empty == "Type seed text to see the state"
    assert not panel.grab().isNull()
    assert panel.clause() == ""


def test_rows_are_units_and_columns_characters(panel: HiddenStatePanel) -> None:
    answer = answer_to(TEXT)
    panel.show_answer(answer)
    assert panel.clause() == "128 units, similar units together"
    order = panel.unit_order()
    assert sorted(order) == list(range(128))
    np.testing.assert_array_equal(values_shown(panel), answer.reading.signals[0]["h"][order])
    panel.order_actions["index"].trigger()
    assert panel.clause() == "128 units, by index"
    np.testing.assert_array_equal(values_shown(panel), answer.reading.signals[0]["h"])


def test_the_picture_is_crisp_and_in_the_right_place(panel: HiddenStatePanel) -> None:
    answer = answer_to(TEXT)
    h = answer.reading.signals[0]["h"]
    h[:] = 0.0
    h[5, 3] = 1.0
    h[90, 7] = -1.0
    panel.order_actions["index"].trigger()
    panel.show_answer(answer)
    area, image = panel.map.map_rect(), panel.map.grab().toImage()
    assert area.height() % 128 == 0
    pixels = area.height() // 128
    zero = image.pixelColor(area.left() + 1, area.top() + 1)
    for unit, column in ((5, 3), (90, 7)):
        rect = panel.map.column_rect(column)
        for y in range(unit * pixels, (unit + 1) * pixels):
            for x in (rect.left(), rect.right()):
                assert image.pixelColor(x, area.top() + y) != zero
        for y in (unit * pixels - 1, (unit + 1) * pixels):
            assert image.pixelColor(rect.center().x(), area.top() + y) == zero
    hot = image.pixelColor(panel.map.column_rect(3).center().x(), area.top() + 5 * pixels)
    cold = image.pixelColor(panel.map.column_rect(7).center().x(), area.top() + 90 * pixels)
    assert hot.red() > hot.blue() and cold.blue() > cold.red()


def test_a_text_that_comes_at_once_has_all_the_width(panel: HiddenStatePanel) -> None:
    long = (TEXT + " ") * 3
    for length in (30, 47, 50):
        panel.show_answer(answer_to("Another text:"))  # which the next one does not continue
        panel.show_answer(answer_to(long[:length]))
        area, image = panel.map.map_rect(), panel.map.grab().toImage()
        edges = panel.map.column_edges()
        assert len(edges) == length + 1
        assert edges[0] == area.left() and edges[-1] == area.right() + 1
        widths = np.diff(edges)
        assert widths.max() - widths.min() <= 1
        # Each character is below its column, and the picture ends no earlier than they do.
        assert panel.map.column_rect(length - 1).right() == area.right()
        empty = theme().mixed("surface-2", "surface", 0.5)
        assert image.pixelColor(area.right() - 4, area.center().y()) != empty


def test_columns_seldom_change_their_width_while_typing(panel: HiddenStatePanel) -> None:
    text = (TEXT + " ") * 6
    places = []
    for length in range(1, len(text)):
        panel.show_answer(answer_to(text[:length]))
        places.append((panel.map.columns(), panel.map.column_rect(panel.map.first())))
    changes = [n for n, (one, other) in enumerate(pairwise(places)) if one != other]
    assert 1 <= len(changes) <= 5 and min(np.diff(changes)) >= 8
    assert 40 <= panel.map.columns() <= 64
    last = panel.map.column_rect(len(text) - 2)
    assert panel.map.map_rect().contains(last) and last.width() >= 10
    assert panel.map.caption() == (
        f"the last {panel.map.columns()} of {len(text) - 1} characters, one column each"
    )
    counts = set()
    for length in range(50, 42, -1):  # nor while deleting
        panel.show_answer(answer_to(text[:length]))
        counts.add(panel.map.columns())
    assert len(counts) == 1


def test_every_column_is_found_where_it_is_painted(panel: HiddenStatePanel) -> None:
    panel.show_answer(answer_to(TEXT))
    middle = panel.map.map_rect().center().y()
    for column, (left, after) in enumerate(pairwise(panel.map.column_edges())):
        for x in (left, after - 1):
            move_pointer(panel.map, QPoint(x, middle))
            assert panel.map.pointed_column() == column


def test_the_order_stays_while_watching(panel: HiddenStatePanel) -> None:
    panel.show_answer(answer_to(TEXT[:3]))
    assert panel.clause() == "128 units, by index"
    panel.show_answer(answer_to(TEXT, seed=1))
    order = panel.unit_order()
    panel.show_answer(answer_to(TEXT + "!", seed=2))
    np.testing.assert_array_equal(panel.unit_order(), order)
    assert panel.clause() == "128 units, similar units together at step 1"
    QTest.mouseClick(panel.sort_button, Qt.MouseButton.LeftButton)
    assert (panel.unit_order() != order).any()
    order = panel.unit_order()
    panel.order_actions["index"].trigger()
    panel.order_actions["similar"].trigger()
    np.testing.assert_array_equal(panel.unit_order(), order)


def test_similar_rows_end_up_side_by_side() -> None:
    rng = np.random.default_rng(3)
    patterns = rng.choice([-1.0, 1.0], (6, 40))
    group = rng.permutation(np.repeat(np.arange(6), 20))
    order = similar_order(patterns[group] + rng.normal(0, 0.1, (120, 40)))
    assert sorted(order) == list(range(120))
    assert np.count_nonzero(np.diff(group[order])) == 5


@pytest.mark.parametrize("shape", [(1, 8), (2, 8), (5, 1), (130, 9)])
def test_any_number_of_rows_can_be_ordered(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(0).normal(size=shape)
    assert sorted(similar_order(values)) == list(range(shape[0]))
    assert sorted(similar_order(np.zeros(shape))) == list(range(shape[0]))
    assert sorted(similar_order(np.full(shape, np.nan))) == list(range(shape[0]))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_signals_a_cell_lacks_stay_in_place(panel: HiddenStatePanel, cell: str) -> None:
    panel.set_view(view_of(cell, layers=1))
    panel.show_answer(answer_to(TEXT, cell, layers=1))
    assert panel.signals.options() == list(SIGNALS)
    assert set(SIGNALS) - set(panel.signals.disabled()) == set(CELLS[cell].signals)
    for name in CELLS[cell].signals:
        place = panel.signals.option_center(name).toPoint()
        QTest.mouseClick(panel.signals, Qt.MouseButton.LeftButton, pos=place)
        assert panel.signal() == name
        assert values_shown(panel).shape == (128, len(TEXT))
    assert not panel.layers.isVisible()


def test_a_layer_can_be_chosen(panel: HiddenStatePanel) -> None:
    answer = answer_to(TEXT)
    panel.order_actions["index"].trigger()
    panel.show_answer(answer)
    place = panel.layers.option_center("2").toPoint()
    QTest.mouseClick(panel.layers, Qt.MouseButton.LeftButton, pos=place)
    np.testing.assert_array_equal(values_shown(panel), answer.reading.signals[1]["h"])
    panel.set_view(view_of(layers=1))
    assert panel.layer() == 0


def test_levels_of_the_cell_state_grow_in_steps() -> None:
    assert [level_above(x) for x in (0.2, 1.0, 1.1, 2.3, 7, 11)] == [1, 1, 2, 5, 10, 20]
    assert level_above(float("nan")) == 1


def test_the_cell_state_has_levels_that_hold_it(panel: HiddenStatePanel) -> None:
    panel.set_view(view_of("lstm"))
    panel.signals.set_current("c")
    panel.show_answer(answer_to(TEXT, "lstm", scale=3.0))
    assert panel.map.level() == 5.0
    panel.show_answer(answer_to(TEXT, "lstm", scale=0.5, seed=1))
    assert panel.map.level() == 5.0  # never shrinks while watching


def test_many_units_share_rows(panel: HiddenStatePanel) -> None:
    panel.set_view(view_of(hidden=600, layers=1))
    answer = answer_to(TEXT, hidden=600, layers=1)
    panel.order_actions["index"].trigger()
    panel.show_answer(answer)
    per_row = panel.map.units_per_row()
    assert per_row > 1
    assert f"{per_row} averaged per row" in panel.clause()
    rows = values_shown(panel)
    assert panel.map.map_rect().height() >= 2 * len(rows)
    np.testing.assert_allclose(
        rows[0], answer.reading.signals[0]["h"][:per_row].mean(axis=0), rtol=1e-5, atol=1e-6
    )


def test_hovering_reads_out(panel: HiddenStatePanel) -> None:
    answer = answer_to(TEXT)
    panel.show_answer(answer)
    before = panel.map.grab().toImage()
    area, column = panel.map.map_rect(), TEXT.index("\n")
    row = 40
    point = QPoint(
        panel.map.column_rect(column).center().x(), area.top() + row * area.height() // 128 + 1
    )
    move_pointer(panel.map, point)
    unit = int(panel.unit_order()[row])
    value = f"{answer.reading.signals[0]['h'][unit, column]:+.2f}".replace("-", "−")
    assert panel.map.readout() == f"unit {unit + 1}, newline, {value}"
    assert panel.map.grab().toImage() != before
    move_pointer(panel.map, QPoint(panel.map.width() - 2, 2))
    assert panel.map.readout() == ""
    assert panel.map.grab().toImage() == before


def test_a_click_chooses_a_column(panel: HiddenStatePanel) -> None:
    panel.show_answer(answer_to(TEXT))
    chosen: list[int] = []
    panel.column_clicked.connect(chosen.append)
    assert panel.map.framed() == len(TEXT) - 1
    click(panel, 4)
    assert chosen == [4]
    assert panel.map.framed() == 4
    QTest.keyClick(panel.map, Qt.Key.Key_Right)
    assert chosen == [4, 5]
    QTest.mouseDClick(panel.map, Qt.MouseButton.LeftButton, pos=panel.map.column_rect(1).center())
    assert chosen[-1] == len(TEXT) - 1
    assert panel.map.marked is None
    QTest.keyClick(panel.map, Qt.Key.Key_Home)
    assert chosen[-1] == 0
    QTest.keyClick(panel.map, Qt.Key.Key_Escape)
    assert panel.map.marked is None


def test_positions_count_from_the_start_of_what_was_read(panel: HiddenStatePanel) -> None:
    text = TEXT * 10
    panel.show_answer(answer_to(text))
    chosen: list[int] = []
    panel.column_clicked.connect(chosen.append)
    click(panel, len(text) - 10)
    assert chosen == [len(text) - 10]


def test_a_chosen_column_stays_while_the_network_learns_and_goes_with_the_text(
    panel: HiddenStatePanel,
) -> None:
    panel.show_answer(answer_to(TEXT))
    click(panel, 4)
    before = values_shown(panel).copy()
    panel.show_answer(answer_to(TEXT, seed=3))
    assert panel.map.framed() == 4
    assert not np.array_equal(values_shown(panel), before)
    panel.show_answer(answer_to(TEXT + "!", seed=4))
    assert panel.map.marked is None
    assert values_shown(panel).shape[1] == len(TEXT) + 1


def test_an_answer_of_the_run_before_does_no_harm(panel: HiddenStatePanel) -> None:
    panel.set_view(view_of("lstm"))
    panel.signals.set_current("c")
    panel.show_answer(answer_to(TEXT, "gru"))
    assert values_shown(panel).size == 0
    panel.show_answer(answer_to(TEXT, "lstm"))
    assert values_shown(panel).size


def test_a_new_run_clears_the_picture(panel: HiddenStatePanel) -> None:
    panel.show_answer(answer_to(TEXT))
    panel.set_view(view_of())
    assert values_shown(panel).size == 0


def test_what_is_not_a_number_is_shown_as_such(panel: HiddenStatePanel) -> None:
    answer = answer_to(TEXT)
    answer.reading.signals[0]["h"][:, 2] = np.nan
    panel.show_answer(answer)
    image = panel.map.grab().toImage()
    center = panel.map.column_rect(2).center()
    assert image.pixelColor(center) == QColor(theme().hex("danger"))


@pytest.mark.parametrize("size", [(590, 270), (804, 336), (420, 180), (1200, 700)])
@pytest.mark.parametrize("hidden", [1, 3, 128, 256, 1000])
def test_everything_is_inside_at_any_size(
    panel: HiddenStatePanel, size: tuple[int, int], hidden: int
) -> None:
    panel.set_view(view_of(hidden=hidden))
    panel.resize(*size)
    panel.show_answer(answer_to(TEXT * 6, hidden=hidden))
    area = panel.map.map_rect()
    assert panel.map.rect().contains(area)
    assert len(values_shown(panel)) <= area.height()
    assert not panel.grab().isNull()


def test_answers_while_hidden_are_drawn_when_shown(panel: HiddenStatePanel) -> None:
    panel.hide()
    panel.show_answer(answer_to(TEXT))
    assert values_shown(panel).size == 0
    panel.show()
    assert values_shown(panel).size


def test_the_theme_flips_at_once(panel: HiddenStatePanel) -> None:
    answer = answer_to(TEXT)
    for signals in answer.reading.signals:
        signals["h"][:] = 0.0
    panel.show_answer(answer)
    place = panel.map.map_rect().topLeft() + QPoint(4, 4)
    dark = panel.map.grab().toImage().pixelColor(place)
    themes().set_mode("light")
    light = panel.map.grab().toImage().pixelColor(place)
    assert light.lightness() > 180 > 80 > dark.lightness()
    themes().set_mode("dark")
