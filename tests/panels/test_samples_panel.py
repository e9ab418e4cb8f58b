"""The samples panel: columns by decade, and a stream that keeps its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from menus import menu_entry
from pointing import turn_wheel
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from showing import show
from views import run_view

from rnnviz.panels import sample_stream, samples
from rnnviz.panels.decade_columns import column_text_height
from rnnviz.panels.sample_text import as_text, decade_samples, heading, visible
from rnnviz.panels.samples import SamplesPanel
from rnnviz.panels.theme import themes
from rnnviz.session.config import RunConfig
from rnnviz.session.frames import Sample
from rnnviz.session.view import RunView


def sample(step: int, text: str = "", problem: str = "") -> Sample:
    text = text or f"Sample of step {step},\nwhich has two lines.\n"
    return Sample(step, 2.5, 0.8, "" if problem else text, problem)


def view_of(*steps: int, every: int = 0) -> RunView:
    view = run_view(config=RunConfig(sample_every=every))
    view.history.samples += [sample(step) for step in steps]
    return view


@pytest.fixture
def panel(qtbot: QtBot) -> SamplesPanel:
    panel = SamplesPanel()
    show(qtbot, panel, 804, 212)
    return panel


def press_stream(panel: SamplesPanel) -> None:
    place = panel.mode.option_center("stream").toPoint()
    QTest.mouseClick(panel.mode, Qt.MouseButton.LeftButton, pos=place)


def scroll(panel: SamplesPanel, notches: int) -> None:
    viewport = panel.stream.viewport()
    for _ in range(abs(notches)):
        turn_wheel(viewport, viewport.rect().center(), 1 if notches > 0 else -1)


def top_line(panel: SamplesPanel) -> str:
    return panel.stream.cursorForPosition(QPoint(2, 4)).block().text()


def test_decades_take_the_exact_step_or_the_next_later_one() -> None:
    found = decade_samples([sample(step) for step in (5, 20, 50, 100, 200, 1_512, 1_600)])
    assert {decade: one.step for decade, one in found.items()} == {10: 20, 100: 100, 1_000: 1_512}


def test_empty_says_when_the_first_one_comes(panel: SamplesPanel) -> None:
    panel.set_view(view_of())
    assert panel.columns.empty == "First sample at step 10"
    assert panel.note.text() == "temperature 0.80"
    panel.set_view(view_of(every=250))
    assert panel.columns.empty == "First sample at step 250"


def test_columns_never_change_their_width(panel: SamplesPanel) -> None:
    view = view_of()
    panel.set_view(view)
    rects = None
    for step in (10, 20, 100, 1_000, 10_000, 20_000, 100_000, 123_456):
        view.history.samples.append(sample(step))
        panel.refresh()
        rects = rects or panel.columns.column_rects()
        assert panel.columns.column_rects() == rects
        newest = panel.columns.newest()
        assert newest is not None and newest.step == step
        assert not panel.grab().isNull()
    assert [decade for decade, _ in panel.columns.columns()] == [10, 10_000, 100_000]


def test_decades_still_to_come_are_named(panel: SamplesPanel) -> None:
    panel.set_view(view_of(10))
    columns = panel.columns.columns()
    assert [(decade, one is not None) for decade, one in columns] == [
        (10, True),
        (100, False),
        (1_000, False),
    ]


def test_a_narrow_panel_shows_first_and_newest(panel: SamplesPanel) -> None:
    panel.set_view(view_of(10, 100, 1_000, 1_640))
    panel.resize(590, 150)
    assert [decade for decade, _ in panel.columns.columns()] == [10]
    assert len(panel.columns.column_rects()) == 2
    panel.resize(804, 212)
    assert len(panel.columns.column_rects()) == 4


def test_no_line_is_cut_at_the_bottom(panel: SamplesPanel) -> None:
    view = view_of(10)
    view.history.samples.append(sample(20, "word " * 400))
    panel.set_view(view)
    for height in range(120, 300, 7):
        panel.resize(804, height)
        panel.grab()
        for layout in panel.columns._layouts.values():
            assert layout.lineCount() > 0
            last = layout.lineAt(layout.lineCount() - 1)
            top = panel.columns.height() - column_text_height(panel.columns.height())
            assert top + last.y() + last.height() <= panel.columns.height() + 1


def test_the_stream_follows_its_end(panel: SamplesPanel) -> None:
    view = view_of(*range(10, 400, 10))
    panel.set_view(view)
    press_stream(panel)
    assert panel.stream.at_end()
    view.history.samples.append(sample(400))
    panel.refresh()
    assert panel.stream.at_end()
    assert not panel.stream.button.isVisible()
    bottom = panel.stream.cursorForPosition(QPoint(2, panel.stream.viewport().height() - 6))
    assert bottom.block() == panel.stream.document().lastBlock()
    assert panel.stream.toPlainText().rstrip().endswith("Sample of step 400,\nwhich has two lines.")


def test_the_stream_keeps_its_place_when_scrolled_back(panel: SamplesPanel) -> None:
    view = view_of(*range(10, 400, 10))
    panel.set_view(view)
    press_stream(panel)
    scroll(panel, 5)
    value, line = panel.stream.verticalScrollBar().value(), top_line(panel)
    for step in range(400, 430, 10):
        view.history.samples.append(sample(step))
        panel.refresh()
    assert panel.stream.verticalScrollBar().value() == value
    assert top_line(panel) == line
    assert panel.stream.button.isVisible()
    assert panel.stream.button.text() == "3 new below"
    QTest.mouseClick(panel.stream.button, Qt.MouseButton.LeftButton)
    assert panel.stream.at_end()
    assert not panel.stream.button.isVisible()
    view.history.samples.append(sample(430))
    panel.refresh()
    assert panel.stream.at_end()


def test_scrolling_down_by_hand_follows_again(panel: SamplesPanel) -> None:
    view = view_of(*range(10, 400, 10))
    panel.set_view(view)
    press_stream(panel)
    scroll(panel, 3)
    view.history.samples.append(sample(400))
    panel.refresh()
    assert panel.stream.below() == 1
    scroll(panel, -50)
    assert panel.stream.below() == 0
    assert not panel.stream.button.isVisible()


def test_the_place_is_kept_when_old_samples_leave(
    panel: SamplesPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_stream, "MOST_SAMPLES", 50)
    monkeypatch.setattr(samples, "MOST_SAMPLES", 50)
    view = view_of(*range(1, 51))
    panel.set_view(view)
    press_stream(panel)
    scroll(panel, 10)
    line = top_line(panel)
    for step in range(51, 61):
        view.history.samples.append(sample(step))
        panel.refresh()
        assert top_line(panel) == line
    assert len(panel.stream.samples()) == 50
    assert panel.stream.document().blockCount() == 100
    assert panel.stream.samples()[0].step == 11
    assert panel.stream.toPlainText().lstrip().startswith("step 11 ")
    assert panel.clause() == "the last 50 of 60"


def test_more_at_once_than_are_kept(panel: SamplesPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_stream, "MOST_SAMPLES", 50)
    monkeypatch.setattr(samples, "MOST_SAMPLES", 50)
    view = view_of(*range(1, 11))
    panel.set_view(view)
    press_stream(panel)
    view.history.samples += [sample(step) for step in range(11, 200)]
    panel.refresh()
    assert [one.step for one in panel.stream.samples()] == list(range(150, 200))
    assert panel.stream.document().blockCount() == 100
    assert panel.stream.at_end()


def test_a_new_run_starts_empty(panel: SamplesPanel) -> None:
    panel.set_view(view_of(10, 20, 30))
    press_stream(panel)
    panel.set_view(view_of())
    assert panel.stream.toPlainText() == ""
    assert panel.columns.newest() is None
    assert panel.clause() == ""


def test_a_problem_is_told_in_words(panel: SamplesPanel) -> None:
    words = "could not be sampled: every probability was NaN"
    view = view_of(10)
    view.history.samples.append(sample(20, problem=words))
    panel.set_view(view)
    assert not panel.grab().isNull()
    press_stream(panel)
    assert words in panel.stream.toPlainText()
    assert words in as_text(view.history.samples)


def test_control_characters_are_seen() -> None:
    assert visible("a\nb\tc\x07\u200b") == "a\nb\tc\u2407\u25a1"


def test_copy_and_save(
    panel: SamplesPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = view_of(10, 1_640)
    panel.set_view(view)
    panel.copy_newest()
    assert QGuiApplication.clipboard().text() == view.history.samples[-1].text
    path = tmp_path / "written.txt"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(path), ""))
    panel.save_text()
    text = path.read_text(encoding="utf-8")
    assert "--- step 1,640 · 2.50 nats/char · T 0.80\n" in text
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []
    nowhere = tmp_path / "missing" / "x.txt"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(nowhere), ""))
    panel.save_text()
    assert panel.clause().startswith("could not write x.txt")


def test_a_double_click_opens_the_sample_in_the_stream(panel: SamplesPanel) -> None:
    view = view_of(*range(10, 200, 10))
    panel.set_view(view)
    place = panel.columns.column_rects()[1].center()
    QTest.mouseDClick(panel.columns, Qt.MouseButton.LeftButton, pos=place)
    assert panel.mode.current() == "stream"
    assert top_line(panel).strip("\u2028") == heading(sample(100))
    assert panel.columns.pinned_decade() == 0  # the first of the two clicks pins nothing


def test_the_theme_flips_and_the_place_stays(panel: SamplesPanel) -> None:
    panel.set_view(view_of(*range(10, 400, 10)))
    press_stream(panel)
    scroll(panel, 5)
    line = top_line(panel)
    themes().set_mode("light")
    assert top_line(panel) == line
    image = panel.grab().toImage()
    assert image.pixelColor(400, 205).lightness() > 200
    themes().set_mode("dark")


def press(panel: SamplesPanel, column: int) -> None:
    place = panel.columns.column_rects()[column].center()
    QTest.mouseClick(panel.columns, Qt.MouseButton.LeftButton, pos=place)


def test_a_click_holds_a_sample_although_newer_ones_come(panel: SamplesPanel) -> None:
    view = view_of(10, 100, 1_000, 1_640)
    panel.set_view(view)
    press(panel, 3)
    before = panel.columns.grab().toImage()
    view.history.samples.append(sample(2_000))
    panel.refresh()
    held = panel.columns.at_right()
    assert held is not None and held.step == 1_640
    newest = panel.columns.newest()
    assert newest is not None and newest.step == 2_000
    assert menu_entry(panel.menu, "Pin the newest sample").isChecked()
    assert panel.columns.grab().toImage() != before  # says that there is a newer one
    press(panel, 3)
    assert panel.columns.at_right() is newest
    menu_entry(panel.menu, "Pin the newest sample").trigger()
    assert panel.columns.held() is newest
    panel.set_view(view_of(10))
    assert panel.columns.held() is None


def test_a_pinned_decade_stays_in_sight(panel: SamplesPanel) -> None:
    view = view_of(10, 100, 1_000, 1_640)
    panel.set_view(view)
    press(panel, 1)
    assert panel.columns.pinned_decade() == 100
    view.history.samples += [sample(10_000), sample(100_000)]
    panel.refresh()
    assert [decade for decade, _ in panel.columns.columns()] == [10, 100, 100_000]
    press(panel, 1)
    assert [decade for decade, _ in panel.columns.columns()] == [10, 10_000, 100_000]
    press(panel, 1)
    panel.resize(590, 150)
    assert [decade for decade, _ in panel.columns.columns()] == [10_000]
    panel.reset_view()
    assert [decade for decade, _ in panel.columns.columns()] == [10]


def test_a_column_still_to_come_cannot_be_pinned(panel: SamplesPanel) -> None:
    panel.set_view(view_of(10))
    press(panel, 2)
    assert panel.columns.pinned_decade() == 0


def test_the_table_has_every_sample(panel: SamplesPanel) -> None:
    words = "could not be sampled: every probability was NaN"
    view = view_of(10, 20)
    view.history.samples.append(sample(30, problem=words))
    panel.set_view(view)
    table = panel.table()
    assert table is not None
    assert table.columns == ("step", "loss (nats/char)", "temperature", "text", "problem")
    assert list(table.values[0]) == [10, 20, 30]
    assert table.values[3][1] == sample(20).text
    assert table.values[4][2] == words
    assert panel.help_text().count(". ") == 1
