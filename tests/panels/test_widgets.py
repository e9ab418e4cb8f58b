"""The small shared controls, with real keys and clicks."""

from __future__ import annotations

import pytest
from pointing import move_pointer
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from showing import show

from rnnviz.panels.widgets.number_field import NumberField
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.panels.widgets.value_slider import ValueSlider

LEFT = Qt.MouseButton.LeftButton


def shown(qtbot: QtBot, widget: QWidget, width: int = 200) -> None:
    show(qtbot, widget, width, 28)


def retype(field: NumberField, text: str) -> None:
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_a_number_is_taken_on_enter_and_stepped_by_arrows(qtbot: QtBot) -> None:
    field = NumberField(1, 4, 1, "Layers")
    shown(qtbot, field)
    got: list[float] = []
    field.edited.connect(got.append)
    retype(field, "3")
    QTest.keyClick(field, Qt.Key.Key_Up)
    QTest.keyClick(field, Qt.Key.Key_Up)  # the limit
    QTest.keyClick(field, Qt.Key.Key_Down)
    assert got == [3, 4, 3]
    QTest.mouseClick(field, LEFT, pos=QPoint(field.width() - 8, 5))
    assert got[-1] == 4


@pytest.mark.parametrize("text", ["0", "5", "two", "1.5", "", "nan", "1e400", "９９"])
def test_a_bad_number_is_refused_and_stays_to_be_mended(qtbot: QtBot, text: str) -> None:
    field = NumberField(1, 4, 2, "Layers")
    shown(qtbot, field)
    told: list[str] = []
    got: list[float] = []
    field.refused.connect(told.append)
    field.edited.connect(got.append)
    field.selectAll()
    field.insert(text)
    field.setModified(True)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert told
    assert "Layers" in told[0]
    assert got == []
    assert field.value() == 2
    assert field.text() == text
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == "2"
    assert told[-1] == ""


def test_real_numbers_are_written_as_people_do(qtbot: QtBot) -> None:
    field = NumberField(1e-8, 100, 5e-3, "Learning rate", integer=False, form="{:.1e}")
    shown(qtbot, field)
    assert field.text() == "5.0e-3"
    retype(field, "0.02")
    assert field.text() == "2.0e-2"
    retype(field, "inf")
    assert field.value() == 0.02


def test_what_is_being_typed_is_not_overwritten_by_the_same_value(qtbot: QtBot) -> None:
    field = NumberField(1, 4096, 128, "Hidden units")
    shown(qtbot, field)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "25")
    field.set_value(128)
    assert field.text() == "25"


def test_segments_by_click_and_key_skip_what_is_out_of_reach(qtbot: QtBot) -> None:
    segments = Segmented([("h", "h"), ("c", "c"), ("z", "z")], "Signal")
    shown(qtbot, segments)
    got: list[str] = []
    segments.changed.connect(got.append)
    segments.set_disabled({"c": "only the LSTM has c"})
    QTest.mouseClick(segments, LEFT, pos=segments.option_center("c").toPoint())
    assert got == []
    segments.setFocus()
    QTest.keyClick(segments, Qt.Key.Key_Right)
    assert got == ["z"]
    QTest.keyClick(segments, Qt.Key.Key_Left)
    assert got == ["z", "h"]
    QTest.mouseClick(segments, LEFT, pos=segments.option_center("z").toPoint())
    assert segments.current() == "z"


def test_a_slider_by_drag_key_and_double_click(qtbot: QtBot) -> None:
    slider = ValueSlider(0.01, 100, 1.0, "Threshold")
    shown(qtbot, slider)
    got: list[float] = []
    slider.edited.connect(got.append)
    y = slider.height() // 2
    QTest.mousePress(slider, LEFT, pos=QPoint(round(slider.x_of(1.0)), y))
    move_pointer(slider, QPoint(round(slider.x_of(10.0)), y), Qt.MouseButton.LeftButton)
    QTest.mouseRelease(slider, LEFT, pos=QPoint(round(slider.x_of(10.0)), y))
    assert got[-1] == pytest.approx(10, rel=0.06)
    slider.setFocus()
    before = slider.value()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert slider.value() == pytest.approx(before * 1.05, rel=0.01)
    QTest.keyClick(slider, Qt.Key.Key_End)
    assert slider.value() == 100
    QTest.keyClick(slider, Qt.Key.Key_Home)
    assert slider.value() == 0.01
    QTest.mouseDClick(slider, LEFT, pos=QPoint(100, y))
    assert slider.value() == 1.0


def test_a_slider_shows_values_beyond_its_ends_at_the_end(qtbot: QtBot) -> None:
    slider = ValueSlider(0.1, 2.0, 1.0, "Temperature")
    shown(qtbot, slider)
    slider.set_value(50.0)
    assert slider.x_of(50.0) == slider.x_of(2.0)
    slider.set_value(0.0)
    assert slider.x_of(0.0) == slider.x_of(0.1)
