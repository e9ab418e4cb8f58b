"""The hidden-state panel: units that are followed, orders, freezing, the text in training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pointing import move_pointer
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from showing import show
from views import run_view

from rnnviz.engine.cells import CELLS
from rnnviz.panels.activation_colors import colour_blind_safe, set_colour_blind_safe
from rnnviz.panels.hidden_state import HiddenStatePanel
from rnnviz.probes.reading import Reading
from rnnviz.session.config import RunConfig
from rnnviz.session.prober import Answer
from rnnviz.session.view import RunView

TEXT = "to be,\nor not to be"
LEFT = Qt.MouseButton.LeftButton


def view_of(cell: str = "gru", layers: int = 2, hidden: int = 128) -> RunView:
    config = RunConfig(cell=cell, num_layers=layers, hidden_size=hidden)
    return run_view(sorted(set(TEXT)), config)


def answer_to(
    text: str, step: int = 0, hidden: int = 128, layers: int = 2, followed: bool = False
) -> Answer:
    rng = np.random.default_rng(step)
    signals = tuple(
        {
            name: rng.uniform(-1, 1, (hidden, len(text))).astype(np.float32)
            for name in CELLS["gru"].signals
        }
        for _ in range(layers)
    )
    logits = np.zeros((len(set(TEXT)), max(len(text), 1)))
    return Answer(1, step, Reading(text, 0, signals if text else (), logits), followed)


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[HiddenStatePanel]:
    panel = HiddenStatePanel()
    panel.set_view(view_of())
    show(qtbot, panel, 804, 336)
    yield panel
    set_colour_blind_safe(False)


def cell(panel: HiddenStatePanel, row: int, column: int) -> QPoint:
    return QPoint(
        panel.map.column_rect(panel.map.first() + column).center().x(),
        panel.map.row_rect(row).center().y(),
    )


def test_a_click_on_a_cell_pins_its_unit_and_shows_its_course(panel: HiddenStatePanel) -> None:
    answer = answer_to(TEXT)
    panel.show_answer(answer)
    assert not panel.strip.isVisible()
    order = panel.unit_order()
    QTest.mouseClick(panel.map, LEFT, pos=cell(panel, 40, 3))
    unit = int(order[40])
    assert panel.pinned() == unit
    assert panel.map.framed() == 3
    assert panel.strip.isVisible()
    values = answer.reading.signals[0]["h"][unit]
    np.testing.assert_array_equal(panel.strip.trace.values, values)
    number = f"{values[3]:+.2f}".replace("-", "−")
    assert panel.strip.label.text() == f"unit {unit + 1}, h of layer 1: {number}"
    bar = panel.strip.trace.bar_rect(3)
    assert bar.left() == panel.map.column_rect(3).left()
    zero = (panel.strip.trace.height() - 1) / 2
    assert (bar.center().y() < zero) == (values[3] > 0)
    # Another column in the same row keeps the unit.
    QTest.mouseClick(panel.map, LEFT, pos=cell(panel, 40, 5))
    assert panel.pinned() == unit
    assert panel.strip.trace.framed == 5
    newer = answer_to(TEXT, step=4)
    panel.show_answer(newer)
    np.testing.assert_array_equal(panel.strip.trace.values, newer.reading.signals[0]["h"][unit])


def test_a_click_beside_the_rows_pins_a_unit_and_lets_it_go(panel: HiddenStatePanel) -> None:
    panel.show_answer(answer_to(TEXT))
    chosen: list[int] = []
    panel.column_clicked.connect(chosen.append)
    place = QPoint(8, panel.map.row_rect(10).center().y())
    move_pointer(panel.map, place)
    assert panel.map.readout() == f"unit {panel.unit_order()[10] + 1}: a click follows it"
    QTest.mouseClick(panel.map, LEFT, pos=place)
    assert panel.pinned() == panel.unit_order()[10]
    assert chosen == []
    place = QPoint(8, panel.map.row_rect(10).center().y())  # the strip has taken some room
    QTest.mouseClick(panel.map, LEFT, pos=place)
    assert panel.pinned() is None
    assert not panel.strip.isVisible()


def test_a_pinned_unit_opens_in_probe_by_button_and_by_key(panel: HiddenStatePanel) -> None:
    panel.show_answer(answer_to(TEXT))
    opened: list[tuple[int, str, int]] = []
    panel.unit_clicked.connect(lambda *what: opened.append(what))
    QTest.keyClick(panel.map, Qt.Key.Key_Return)
    assert opened == []
    QTest.mouseClick(panel.layers, LEFT, pos=panel.layers.option_center("2").toPoint())
    QTest.mouseClick(panel.signals, LEFT, pos=panel.signals.option_center("z").toPoint())
    QTest.mouseClick(panel.map, LEFT, pos=cell(panel, 7, 2))
    unit = int(panel.unit_order()[7])
    QTest.mouseClick(panel.strip.open_button, LEFT)
    QTest.keyClick(panel.map, Qt.Key.Key_Return)
    assert opened == [(1, "z", unit), (1, "z", unit)]
    QTest.mouseClick(panel.strip.close_button, LEFT)
    assert panel.pinned() is None


def test_units_are_followed_by_keys(panel: HiddenStatePanel) -> None:
    panel.show_answer(answer_to(TEXT))
    QTest.keyClick(panel.map, Qt.Key.Key_Down)
    row = panel.map.row_of(panel.pinned() or 0)
    QTest.keyClick(panel.map, Qt.Key.Key_Down)
    assert panel.pinned() == panel.unit_order()[row + 1]
    QTest.keyClick(panel.map, Qt.Key.Key_Up)
    QTest.keyClick(panel.map, Qt.Key.Key_Up)
    assert panel.pinned() == panel.unit_order()[row - 1]
    QTest.keyClick(panel.map, Qt.Key.Key_Left)
    assert panel.map.marked is not None
    QTest.keyClick(panel.map, Qt.Key.Key_Escape)
    assert panel.map.marked is None
    assert panel.pinned() is not None
    QTest.keyClick(panel.map, Qt.Key.Key_Escape)
    assert panel.pinned() is None


def test_a_drag_goes_through_the_columns(panel: HiddenStatePanel) -> None:
    panel.show_answer(answer_to(TEXT))
    chosen: list[int] = []
    panel.column_clicked.connect(chosen.append)
    QTest.mousePress(panel.map, LEFT, pos=cell(panel, 5, 2))
    for column in (3, 4, 6):
        move_pointer(panel.map, cell(panel, 5, column), Qt.MouseButton.LeftButton)
    QTest.mouseRelease(panel.map, LEFT, pos=cell(panel, 5, 6))
    move_pointer(panel.map, cell(panel, 5, 9))
    assert chosen == [2, 3, 4, 6]


def test_of_units_that_share_a_row_the_most_active_is_followed(panel: HiddenStatePanel) -> None:
    panel.set_view(view_of(hidden=600))
    answer = answer_to(TEXT, hidden=600)
    panel.sort_by("index")
    panel.show_answer(answer)
    per_row = panel.map.units_per_row()
    assert per_row > 1
    assert f"{per_row} averaged per row" in panel.clause()
    h = answer.reading.signals[0]["h"]
    units = np.arange(3 * per_row, 4 * per_row)
    QTest.mouseClick(panel.map, LEFT, pos=cell(panel, 3, 4))
    assert panel.pinned() == units[np.abs(h[units, 4]).argmax()]


def test_orders_are_taken_on_request_only(panel: HiddenStatePanel) -> None:
    answer = answer_to(TEXT)
    h = answer.reading.signals[0]["h"]
    h *= np.linspace(0.1, 1.0, 128, dtype=np.float32)[:, None]
    h[64:] = np.sort(h[64:], axis=1)  # a slow half
    panel.show_answer(answer)
    panel.order_actions["variance"].trigger()
    np.testing.assert_array_equal(panel.unit_order(), np.argsort(-h.var(axis=1), kind="stable"))
    assert panel.clause() == "128 units, by variance"
    panel.order_actions["slow"].trigger()
    assert panel.clause() == "128 units, slow to fast"
    assert set(panel.unit_order()[:64]) == set(range(64, 128))
    order = panel.unit_order()
    panel.show_answer(answer_to(TEXT, step=7))
    np.testing.assert_array_equal(panel.unit_order(), order)
    panel.order_actions["slow"].trigger()
    assert (panel.unit_order() != order).any()
    panel.order_actions["index"].trigger()
    np.testing.assert_array_equal(panel.unit_order(), np.arange(128))


def test_a_frozen_picture_stands_still_and_says_so(panel: HiddenStatePanel) -> None:
    still = answer_to(TEXT, step=1_640)
    panel.show_answer(still)
    before = panel.map.picture_values().copy()
    QTest.mouseClick(panel.freeze_button, LEFT)
    assert panel.frozen()
    assert panel.map.note == "frozen at step 1,640"
    panel.show_answer(answer_to(TEXT + "!", step=2_000))
    np.testing.assert_array_equal(panel.map.picture_values(), before)
    asked: list[tuple[Answer, int]] = []
    live: list[int] = []
    panel.still_column_clicked.connect(lambda answer, at: asked.append((answer, at)))
    panel.column_clicked.connect(live.append)
    QTest.mouseClick(panel.map, LEFT, pos=cell(panel, 5, 4))
    assert asked == [(still, 4)]
    assert live == []
    QTest.mouseClick(panel.freeze_button, LEFT)
    assert panel.map.note == ""
    assert live == [len(TEXT)]  # Next character follows the seed again
    assert panel.map.picture_values().shape[1] == len(TEXT) + 1


def test_without_a_picture_there_is_nothing_to_freeze(panel: HiddenStatePanel) -> None:
    QTest.mouseClick(panel.freeze_button, LEFT)
    assert not panel.frozen()
    assert not panel.freeze_button.isChecked()


def test_the_text_in_training_is_shown_while_it_is_looked_at(panel: HiddenStatePanel) -> None:
    wanted: list[bool] = []
    panel.training_wanted.connect(wanted.append)
    panel.show_answer(answer_to(TEXT))
    QTest.mouseClick(panel.source, LEFT, pos=panel.source.option_center("training").toPoint())
    assert wanted == [True]
    assert panel.map.units() == 0
    assert "press Play" in panel.map.empty
    read = answer_to("not to be", step=3, followed=True)
    panel.show_answer(read)
    assert panel.map.text == "not to be"
    assert panel.map.framed() == -1
    assert panel.map.caption() == "what training has just read"
    panel.show_answer(answer_to(TEXT + "!", step=4))  # of the seed
    assert panel.map.text == "not to be"
    panel.hide()
    panel.show()
    assert wanted == [True, False, True]
    # A chosen column holds the text, which else moves on with every step.
    asked: list[tuple[Answer, int]] = []
    panel.still_column_clicked.connect(lambda answer, at: asked.append((answer, at)))
    QTest.mouseClick(panel.map, LEFT, pos=cell(panel, 5, 4))
    assert asked == [(read, 4)]
    assert panel.map.note == "frozen at step 3"
    panel.show_answer(answer_to("be, or", step=9, followed=True))
    assert panel.map.text == "not to be"
    assert panel.map.framed() == 4
    panel.source_actions["seed"].trigger()
    assert panel.map.text == TEXT + "!"
    assert not panel.frozen()
    assert wanted[-1] is False


def test_low_panels_keep_the_picture_rather_than_the_course(panel: HiddenStatePanel) -> None:
    panel.show_answer(answer_to(TEXT))
    QTest.mouseClick(panel.map, LEFT, pos=cell(panel, 5, 4))
    panel.resize(600, 200)
    assert not panel.strip.isVisible()
    assert not panel.source.isVisible()
    panel.resize(900, 400)
    assert panel.strip.isVisible()
    assert panel.source.isVisible()


def test_colour_blind_safe_maps_hold_everywhere(panel: HiddenStatePanel) -> None:
    panel.show_answer(answer_to(TEXT))
    other = HiddenStatePanel()
    other.set_view(view_of())
    before = panel.map.grab().toImage()
    panel.blind_action.trigger()
    assert colour_blind_safe()
    assert other.blind_action.isChecked()
    assert panel.map.grab().toImage() != before
    other.deleteLater()


def test_reset_view_and_choices(panel: HiddenStatePanel) -> None:
    panel.show_answer(answer_to(TEXT))
    panel.sort_by("slow")
    panel.signals.set_current("z")
    QTest.mouseClick(panel.map, LEFT, pos=cell(panel, 5, 4))
    QTest.mouseClick(panel.freeze_button, LEFT)
    kept = panel.choices()
    panel.reset_view()
    assert (panel.pinned(), panel.map.marked, panel.frozen()) == (None, None, False)
    assert panel.order_kind() == "similar"
    panel.choose(kept)
    assert panel.order_kind() == "slow"
    panel.choose({"by_index": True, "source": "nonsense"})
    assert panel.order_kind() == "index"
    panel.choose({"order": 5, "source": "training"})
    assert panel.order_kind() == "similar"
    assert panel.source.current() == "training"


def test_the_table_has_every_unit_and_every_character(panel: HiddenStatePanel) -> None:
    assert panel.table() is None
    text = TEXT * 10
    answer = answer_to(text)
    panel.show_answer(answer)
    QTest.mouseClick(panel.signals, LEFT, pos=panel.signals.option_center("z").toPoint())
    table = panel.table()
    assert table is not None
    assert table.columns[:3] == ("position (characters)", "character", "z of unit 1, layer 1")
    assert len(table) == len(text) and len(table.columns) == 130
    assert list(table.values[0])[-1] == len(text)
    np.testing.assert_array_equal(table.values[2 + 40], answer.reading.signals[0]["z"][40])
    assert panel.help_text().count(". ") == 1
