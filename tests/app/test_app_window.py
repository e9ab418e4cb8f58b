"""The real window, driven with real mouse and key events on a small text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dropping import drop_file
from opening import open_window, program_threads, settings_for, wait_for_threads_to_end
from pointing import move_pointer
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from rnnviz.app.application import make_application
from rnnviz.app.main_window import MainWindow
from rnnviz.app.settings import Settings
from rnnviz.panels.theme import theme
from rnnviz.panels.time_cursor import time_cursor
from rnnviz.panels.transport import Readout
from rnnviz.session import commands
from rnnviz.session.config import RunConfig

TEXT = "".join(
    f"{word}:\nthe {word} of the sea is {i} and never the {word} of the shore.\n\n"
    for i, word in enumerate(["wave", "tide", "salt", "wall", "gull", "rope", "mast"] * 40)
)
LEFT = Qt.MouseButton.LeftButton
SMALL = RunConfig(hidden_size=16, seq_len=10, batch_size=4, cell="gru")


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    return tmp_path / "sea.txt"


@pytest.fixture
def settings(tmp_path: Path, text_file: Path) -> Settings:
    return settings_for(tmp_path, SMALL, TEXT)


def click(widget: QWidget, at: QPoint | None = None) -> None:
    QTest.mouseClick(widget, LEFT, Qt.KeyboardModifier.NoModifier, at or QPoint())


def steps(window: MainWindow) -> int:
    assert window.controller.view is not None
    return window.controller.view.step


def train(qtbot: QtBot, window: MainWindow, until: int = 5) -> None:
    click(window.transport.play)
    qtbot.waitUntil(lambda: steps(window) >= until, timeout=20_000)


def pause(qtbot: QtBot, window: MainWindow) -> None:
    click(window.transport.play)
    view = window.controller.view
    assert view is not None
    qtbot.waitUntil(lambda: not view.training, timeout=20_000)


def field(window: MainWindow, name: str) -> QWidget:
    return window.setup.network.numbers[name]


def type_number(window: MainWindow, name: str, text: str) -> None:
    box = field(window, name)
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(box, text)
    QTest.keyClick(box, Qt.Key.Key_Return)


def test_pressing_play_trains_and_the_panels_follow(qtbot: QtBot, window: MainWindow) -> None:
    assert window.transport.pill.word() == "Ready"
    train(qtbot, window, until=60)
    view = window.controller.view
    assert view is not None
    assert window.transport.play.text() == "Pause"
    assert window.transport.pill.word() == "Live"
    assert view.history.loss.values[-1] < view.history.loss.values[0]
    qtbot.waitUntil(lambda: bool(view.history.samples) and bool(view.history.validations))
    qtbot.waitUntil(lambda: view.references is not None and 2 in view.references.ngram)
    assert "GRU 1 × 16 on sea.txt" in window.top_bar.what()


def shown_readouts(window: MainWindow) -> list[str]:
    return [readout.text() for readout in window.transport.findChildren(Readout)]


def test_before_the_first_run_the_bar_says_that_there_is_none(
    qtbot: QtBot, settings: Settings
) -> None:
    make_application()
    window = MainWindow(settings)
    qtbot.addWidget(window)
    window.resize(1600, 1000)
    window.show()
    transport = window.transport
    window._refresh_transport()
    assert not transport.play.isEnabled()
    assert transport.pill.word() == transport.pill.accessibleName() == "No run"
    assert set(shown_readouts(window)) == {"–"}
    for part in (transport.pill, transport.play):
        assert "Corpus" in part.toolTip() and "Ctrl+O" in part.toolTip()
    window.begin()
    assert transport.pill.word() == "No run"  # the text is being loaded
    qtbot.waitUntil(lambda: window.controller.view is not None, timeout=20_000)
    qtbot.waitUntil(lambda: transport.pill.word() == "Ready")
    assert transport.play.isEnabled() and transport.play.toolTip() == "Train (Space)"
    assert transport.steps.text() == "0" and transport.elapsed.text() == "00:00"
    assert "Ctrl+O" not in transport.pill.toolTip()
    window.close()
    wait_for_threads_to_end(qtbot)


def test_pause_single_step_and_space(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    pause(qtbot, window)
    at = steps(window)
    assert window.transport.pill.word() == "Paused"
    click(window.transport.step)
    qtbot.waitUntil(lambda: steps(window) == at + 1)
    QTest.keyClick(window, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: steps(window) == at + 2)
    QTest.keyClick(window.page.loss, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: steps(window) > at + 10)
    QTest.keyClick(window.page.loss, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.transport.pill.word() == "Paused")


def test_dragging_the_clip_line_is_obeyed_while_training(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window, until=40)
    view = window.controller.view
    assert view is not None
    panel = window.page.gradient_norm
    before = view.in_force.clip_threshold
    start = panel.clip_y_position()
    canvas = panel.plot
    QTest.mousePress(canvas, LEFT, Qt.KeyboardModifier.NoModifier, start)
    for move in range(1, 8):
        move_pointer(canvas, start + QPoint(0, 10 * move), Qt.MouseButton.LeftButton)
        qtbot.wait(1)
    QTest.mouseRelease(canvas, LEFT, Qt.KeyboardModifier.NoModifier, start + QPoint(0, 70))
    qtbot.waitUntil(lambda: view.in_force.clip_threshold < before / 2)
    at = steps(window)
    qtbot.waitUntil(lambda: steps(window) > at + 20)
    live = window.controller.live
    assert live is not None
    assert live.run.trainer.clipping.threshold == view.in_force.clip_threshold
    threshold = view.in_force.clip_threshold
    norms = view.history.recent("grad_norm", 10)
    assert view.history.last is not None
    assert view.history.last.clipped == (norms[-1] > threshold)
    assert window.setup.live.clip.value() == pytest.approx(threshold)
    assert any(event.kind == "clip" for event in view.history.events)


def test_typing_a_seed_changes_the_bars_while_training(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window, until=20)
    panel = window.page.next_character
    panel.set_seed("")
    editor = panel.edit
    editor.setFocus()
    answers: list[str] = []
    window.controller.answered.connect(lambda answer: answers.append(answer.reading.text))
    for i, character in enumerate("the sea"):
        QTest.keyClicks(editor, character)
        wanted = "the sea"[: i + 1]
        qtbot.waitUntil(lambda wanted=wanted: wanted in answers, timeout=10_000)
    assert window.controller.view is not None
    assert window.controller.view.training
    assert "7 char" in panel.clause()
    rows = panel.shown_rows()
    assert len(rows) >= 8
    assert all(rows[i][1] >= rows[i + 1][1] for i in range(len(rows) - 1))


def test_a_click_on_a_column_shows_what_was_expected_there(
    qtbot: QtBot, window: MainWindow
) -> None:
    train(qtbot, window, until=300)
    panel, states = window.page.next_character, window.page.hidden_state
    panel.edit.selectAll()
    QTest.keyClicks(panel.edit, "the tide of the sea")
    qtbot.waitUntil(lambda: "19 char" in panel.clause())
    click(states.map, states.map.column_rect(3).center())
    assert "after 4 of 19" in panel.clause()
    panel.edit.setFocus()
    QTest.keyClicks(panel.edit, " ")
    qtbot.waitUntil(lambda: "20 char" in panel.clause())
    assert states.map.marked is None


def test_an_unknown_character_is_explained_and_left_out(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.page.next_character
    panel.set_seed("the")
    panel.edit.setFocus()
    # QTest types ASCII only; this is what an input method sends.
    key = QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, "é")
    QApplication.sendEvent(panel.edit, key)
    assert panel.seed().count("é") == 0
    assert "é" in panel.message.text()


def test_reset_begins_again_and_keeps_live_settings(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window, until=20)
    window.setup.live.rate.setFocus()
    window.setup.live.rate.selectAll()
    QTest.keyClicks(window.setup.live.rate, "0.01")
    QTest.keyClick(window.setup.live.rate, Qt.Key.Key_Return)
    first = window.controller.view
    assert first is not None
    qtbot.waitUntil(lambda: first.in_force.learning_rate == 0.01)
    click(window.transport.reset)
    qtbot.waitUntil(lambda: window.controller.view is not first)
    second = window.controller.view
    assert second is not None
    assert second.number == first.number + 1
    assert second.step == 0
    assert second.in_force.learning_rate == 0.01
    assert window.transport.steps.text() == "0"
    qtbot.waitUntil(lambda: program_threads().count("rnnviz-trainer") == 1)


def test_quitting_while_training_ends_every_thread(qtbot: QtBot, settings: Settings) -> None:
    make_application()
    window = open_window(qtbot, settings)
    train(qtbot, window)
    assert "rnnviz-trainer" in program_threads()
    QTest.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    assert not window.isVisible()
    wait_for_threads_to_end(qtbot)


def test_restart_settings_wait_and_are_marked(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    setup = window.setup
    type_number(window, "hidden_size", "24")
    click(setup.network.cell, setup.network.cell.option_center("lstm").toPoint())
    assert setup.pending() == ("cell", "hidden_size")
    assert setup.restart_button.text() == "Restart with 2 changes"
    assert setup.network.rows["hidden_size"].was() == "was 16"
    assert window.controller.view is not None
    assert window.controller.view.config.hidden_size == 16
    click(setup.revert_button)
    assert setup.pending() == ()
    assert setup.wanted.hidden_size == 16
    type_number(window, "hidden_size", "24")
    first = window.controller.view
    click(setup.restart_button)
    qtbot.waitUntil(lambda: window.controller.view is not first)
    second = window.controller.view
    assert second is not None
    assert second.config.hidden_size == 24
    qtbot.waitUntil(lambda: second.step > 0)  # it was training, so it goes on training
    assert setup.pending() == ()


def test_before_the_first_step_a_change_needs_no_restart(qtbot: QtBot, window: MainWindow) -> None:
    type_number(window, "num_layers", "2")
    assert window.controller.view is not None
    assert window.controller.view.config.num_layers == 2
    assert window.setup.pending() == ()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("num_layers", "0", "1 to 4"),
        ("num_layers", "x", "whole number"),
        ("seq_len", "9999", "longer than the text"),
        ("hidden_size", "-3", "1 to 4,096"),
    ],
)
def test_a_bad_setting_is_told_beside_its_control(
    qtbot: QtBot, window: MainWindow, name: str, text: str, words: str
) -> None:
    train(qtbot, window)
    type_number(window, name, text)
    row = window.setup.network.rows[name]
    assert words in row.error()
    assert field(window, name).property("state") == "bad"
    assert not window.setup.restart_button.isEnabled()
    assert window.controller.view is not None
    assert getattr(window.controller.view.config, name) == getattr(SMALL, name)
    click(window.setup.revert_button)
    assert row.error() == ""


def bad_files(folder: Path) -> dict[str, Path]:
    files = {
        "empty": folder / "empty.txt",
        "single": folder / "single.txt",
        "binary": folder / "binary.bin",
        "short": folder / "short.txt",
        "folder": folder / "folder",
        "missing": folder / "missing.txt",
        "pickle": folder / "run.safetensors",
    }
    files["empty"].write_bytes(b"")
    files["single"].write_bytes(b"x")
    files["binary"].write_bytes(bytes(range(256)) * 4)
    files["short"].write_bytes(b"short text")
    files["folder"].mkdir()
    files["pickle"].write_bytes(b"\x80\x04\x95 not a model")
    return files


@pytest.mark.parametrize("kind", ["empty", "single", "binary", "folder", "missing", "pickle"])
def test_a_bad_file_gets_one_sentence_and_changes_nothing(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, kind: str
) -> None:
    train(qtbot, window)
    view, corpus = window.controller.view, window.controller.corpus
    window.open_path(str(bad_files(tmp_path)[kind]))
    qtbot.waitUntil(lambda: window.notice.words() != "", timeout=10_000)
    words = window.notice.words()
    assert "\n" not in words
    assert "Traceback" not in words
    assert window.controller.view is view
    assert window.controller.corpus is corpus
    assert window.setup.wanted.corpus == SMALL.with_changes(corpus=corpus.origin).corpus
    at = steps(window)
    qtbot.waitUntil(lambda: steps(window) > at)


def test_a_text_shorter_than_the_window_changes_nothing_and_can_be_made_to_fit(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    train(qtbot, window)
    view, corpus = window.controller.view, window.controller.corpus
    window.open_path(str(bad_files(tmp_path)["short"]))
    qtbot.waitUntil(lambda: window.notice.words() != "")
    assert "short.txt has 10 characters" in window.notice.words()
    assert window.controller.view is view
    assert window.controller.corpus is corpus
    assert window.setup.pending() == ()
    (button,) = window.notice.buttons()
    assert button.text() == "Use batch 1, sequence 9"
    click(button)
    qtbot.waitUntil(lambda: window.controller.view.corpus_name == "short.txt")
    assert window.controller.view.config.seq_len == 9


@pytest.mark.parametrize("kind", ["empty", "binary", "short", "missing", "pickle"])
def test_a_bad_file_on_the_command_line_is_told_and_the_play_opens(
    qtbot: QtBot, settings: Settings, tmp_path: Path, kind: str
) -> None:
    make_application()
    settings.remove("config")
    window = MainWindow(settings)
    qtbot.addWidget(window)
    window.show()
    window.begin(str(bad_files(tmp_path)[kind]))
    qtbot.waitUntil(lambda: window.controller.view is not None, timeout=20_000)
    assert window.controller.view.corpus_name == "The Salt Crown"
    assert window.notice.words()
    window.close()


def test_reverting_a_text_takes_it_back_whole(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    train(qtbot, window)
    corpus = window.controller.corpus
    other = tmp_path / "other.txt"
    other.write_text("another text altogether, and a longer one\n" * 80)
    window.open_path(str(other))
    qtbot.waitUntil(lambda: window.setup.pending() == ("corpus",))
    click(window.setup.revert_button)
    assert window.setup.pending() == ()
    assert window.controller.corpus is corpus
    assert f"{len(TEXT):,} characters" in window.setup.corpus.note.text()


def test_invalid_utf8_offers_latin_1(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    path = tmp_path / "latin.txt"
    path.write_bytes("façade à côté du café\n".encode("latin-1") * 100)
    window.open_path(str(path))
    qtbot.waitUntil(lambda: window.notice.words() != "")
    assert "offset 2" in window.notice.words()
    (button,) = window.notice.buttons()
    click(button)
    qtbot.waitUntil(lambda: "é" in window.controller.corpus.text)
    assert window.setup.pending() == ("corpus",)
    click(window.setup.restart_button)
    qtbot.waitUntil(lambda: window.controller.view.corpus_name == "latin.txt")


def test_a_file_dropped_on_the_window_is_opened(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "dropped.txt"
    path.write_text("some other text that was dropped here\n" * 50)
    assert drop_file(window, path)
    # Nothing has been trained yet, so there is nothing to restart.
    qtbot.waitUntil(lambda: window.controller.view.corpus_name == "dropped.txt")


def test_a_saved_run_opens_and_continues(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window, until=30)
    pause(qtbot, window)
    from rnnviz.session import commands

    at = steps(window)
    path = tmp_path / "kept.safetensors"
    window.controller.send(commands.Save(str(path)))
    qtbot.waitUntil(lambda: "Saved" in window.notice.words())
    parameters = window.controller.live.run.network.parameters.flat.copy()
    first = window.controller.view
    window.open_path(str(path))
    qtbot.waitUntil(lambda: window.controller.view is not first)
    restored = window.controller.live.run
    assert (restored.network.parameters.flat == parameters).all()
    assert restored.trainer.steps == at
    assert window.controller.view.number == first.number + 1
    qtbot.waitUntil(lambda: window.transport.steps.text() == f"{at:,}")
    click(window.transport.step)
    qtbot.waitUntil(lambda: steps(window) == at + 1)


def test_divergence_is_told_and_can_be_resumed(qtbot: QtBot, window: MainWindow) -> None:
    window.controller.send(commands.SetClipping("off", 20.0))
    train(qtbot, window)
    pause(qtbot, window)
    at = steps(window)
    network = window.controller.live.run.network
    kept = float(network.parameters["decoder.bias"][0])
    network.parameters["decoder.bias"][0] = float("nan")
    click(window.transport.play)
    banner = window.diverged
    qtbot.waitUntil(lambda: "finite" in banner.words())
    assert f"step {at + 1:,}" in banner.words()
    assert "decoder.bias" in banner.words()
    assert window.transport.pill.word() == "Diverged"
    assert window.isEnabled()
    assert QApplication.activeModalWidget() is None
    network.parameters["decoder.bias"][0] = kept
    resume, reset = banner.buttons()
    assert (resume.text(), reset.text()) == ("Go on with clip 5", "Reset")
    click(resume)
    qtbot.waitUntil(lambda: steps(window) > at + 5)
    assert banner.isHidden()
    in_force = window.controller.view.in_force
    assert (in_force.clip_kind, in_force.clip_threshold) == ("norm", 5.0)


def test_going_on_takes_weights_from_before_the_divergence(
    qtbot: QtBot, window: MainWindow
) -> None:
    train(qtbot, window)
    pause(qtbot, window)
    live = window.controller.live
    live.run.network.parameters.flat[:] = float("nan")
    click(window.transport.play)
    qtbot.waitUntil(lambda: not window.diverged.isHidden())
    at, back_to = steps(window), window.controller.view.state.back_to
    assert back_to < at
    assert f"those of step {back_to:,}" in window.diverged.words()
    go_on, _ = window.diverged.buttons()
    assert go_on.text() == "Go on with clip 0.1", "the 1 in force did not help"
    click(go_on)
    qtbot.waitUntil(lambda: steps(window) > at + 5)
    assert window.diverged.isHidden()
    assert np.isfinite(live.run.network.parameters.flat).all()
    assert "resumed" in [event.kind for event in window.controller.view.history.events]


def test_the_preset_explode_shows_it_from_the_menu(qtbot: QtBot, window: MainWindow) -> None:
    window.registry["preset.explode"].trigger()
    qtbot.waitUntil(lambda: window.controller.view.config.spectral_radius > 1)
    click(window.transport.play)
    qtbot.waitUntil(lambda: not window.diverged.isHidden(), timeout=20_000)
    assert "weight_hh_l0" in window.diverged.words()
    at = steps(window)
    go_on, _ = window.diverged.buttons()
    assert go_on.text() == "Go on with clip 1"
    click(go_on)
    qtbot.waitUntil(lambda: steps(window) > at + 40, timeout=60_000)
    assert window.controller.view.history.last.smoothed < 4.0
    assert window.diverged.isHidden()


def test_reset_takes_the_divergence_away(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    pause(qtbot, window)
    window.controller.live.run.network.parameters.flat[:] = float("nan")
    click(window.transport.play)
    qtbot.waitUntil(lambda: not window.diverged.isHidden())
    window.show_page("gradients")
    assert window.diverged.isVisible()
    click(window.diverged.buttons()[-1])
    qtbot.waitUntil(lambda: window.controller.view.step == 0)
    assert window.diverged.isHidden()
    train(qtbot, window)


def test_long_training_is_not_thrown_away_without_a_question(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.controller.live.runner.seconds = 100.0
    train(qtbot, window)
    view = window.controller.view
    asked: list[str] = []

    def press(word: str) -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        asked.append(box.text())
        next(button for button in box.buttons() if button.text() == word).click()

    QTimer.singleShot(0, window, lambda: press("Go on training"))
    click(window.transport.reset)
    assert window.controller.view is view
    QTimer.singleShot(0, window, lambda: press("Reset"))
    click(window.transport.reset)
    assert window.controller.view is not view
    assert "ends run 1" in asked[0]


def test_both_themes_and_the_flip_while_training(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    QTest.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert not theme().is_dark
    light = window.grab().toImage()
    QTest.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert theme().is_dark
    dark = window.grab().toImage()
    assert light.pixelColor(300, 4).lightness() > 200
    assert dark.pixelColor(300, 4).lightness() < 60


@pytest.mark.parametrize(("width", "height"), [(1600, 1000), (1280, 720), (1024, 640)])
def test_the_layout_gives_way_as_designed(
    qtbot: QtBot, window: MainWindow, width: int, height: int
) -> None:
    window.resize(width, height)
    qtbot.waitUntil(lambda: window.width() == width)
    assert window.setup.isVisible() == (width >= 1280)
    assert window.rail.isVisible() == (width < 1280)
    assert window.page.samples.isVisible() == (height >= 760)
    for panel in window.page.panels:
        if panel.isVisible():
            assert panel.width() >= 200
            assert panel.height() >= 120
    for button in window.transport.findChildren(QPushButton):
        assert window.rect().contains(button.mapTo(window, button.rect().bottomRight()))


def test_setup_folds_and_unfolds(qtbot: QtBot, window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert not window.setup.isVisible()
    click(window.rail)
    assert window.setup.isVisible()


def test_a_header_double_click_maximises_a_panel_and_back(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.page.loss
    before = panel.width()
    QTest.mouseDClick(panel, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(300, 12))
    assert [p for p in window.page.panels if p.isVisible()] == [panel]
    qtbot.waitUntil(lambda: panel.width() > before)
    QTest.mouseDClick(panel, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(300, 12))
    assert all(p.isVisible() for p in window.page.panels)


def test_what_the_user_set_is_there_at_the_next_start(
    qtbot: QtBot, settings: Settings, tmp_path: Path
) -> None:
    make_application()
    first = open_window(qtbot, settings)
    type_number(first, "hidden_size", "20")
    first.page.next_character.edit.selectAll()
    QTest.keyClicks(first.page.next_character.edit, "the salt")
    first.page.loss.set_unit("bits")
    first.close()
    second = open_window(qtbot, Settings(tmp_path / "settings.ini"))
    assert second.controller.view.config.hidden_size == 20
    assert second.page.next_character.seed() == "the salt"
    assert second.page.loss.unit() == "bits"
    second.close()


@pytest.mark.parametrize("content", ["", "garbage\x00[", '[General]\nconfig="{\\"cell\\": 3}"\n'])
def test_damaged_settings_fall_back_to_the_defaults(
    qtbot: QtBot, tmp_path: Path, content: str
) -> None:
    make_application()
    path = tmp_path / "damaged.ini"
    path.write_text(content)
    window = open_window(qtbot, Settings(path))
    assert window.controller.view.corpus_name == "The Salt Crown"
    window.close()


def test_a_preset_is_one_click(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    actions = {a.text(): a for a in window.top_bar.presets.menu().actions()}
    actions["hell → ello"].trigger()
    qtbot.waitUntil(lambda: window.controller.view.corpus_name == "hello", timeout=10_000)
    config = window.controller.view.config
    assert (config.cell, config.hidden_size) == ("rnn", 8)
    qtbot.waitUntil(lambda: steps(window) > 0)  # it was training, so it goes on training
    assert "bad" not in {f.property("state") for f in window.setup.network.numbers.values()}


def test_markup_in_a_file_name_is_shown_as_text(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "<b>bold<b> & <img src=x>.txt"
    path.write_text("<h1>plain</h1> text & more\n" * 50)
    window.open_path(str(path))
    qtbot.waitUntil(lambda: window.controller.view.corpus_name == path.name)
    assert path.name in window.top_bar.what()


def test_starting_and_stopping_often_leaves_one_trainer(qtbot: QtBot, window: MainWindow) -> None:
    wait: Callable[[], None] = QApplication.processEvents
    for _ in range(60):
        click(window.transport.play)
        wait()
    for _ in range(5):
        window.runs.reset()
        wait()
    qtbot.waitUntil(lambda: program_threads().count("rnnviz-trainer") == 1)
    train(qtbot, window)


def test_a_click_on_a_validation_shows_the_sample_of_that_step(
    qtbot: QtBot, window: MainWindow
) -> None:
    train(qtbot, window, until=30)
    view = window.controller.view
    assert view is not None
    qtbot.waitUntil(lambda: bool(view.history.samples and view.history.validations), timeout=30_000)
    pause(qtbot, window)
    window.resize(1600, 1000)
    plot, samples = window.page.loss.plot, window.page.samples
    window.page.loss.follow()
    step = int(plot.dot_steps[-1])
    column = plot.column_of(step)
    loss = next(v.loss for v in view.history.validations if v.step == step)
    assert column is not None and samples.isVisible()
    click(plot, QPointF(column, plot.pixel_of(loss)).toPoint())
    assert samples.mode.current() == "stream"
    nearest = min(view.history.samples, key=lambda sample: abs(sample.step - step))
    assert f"step {nearest.step:,}" in samples.stream.toPlainText()


def test_escape_clears_the_pinned_cursor_wherever_the_focus_is(
    qtbot: QtBot, window: MainWindow
) -> None:
    train(qtbot, window)
    pause(qtbot, window)
    click(window.transport.timeline)
    assert time_cursor().pinned
    window.transport.play.setFocus()
    QTest.keyClick(window.transport.play, Qt.Key.Key_Escape)
    assert not time_cursor().pinned
    click(window.transport.timeline)
    window.runs.reset()
    qtbot.waitUntil(lambda: window.controller.view is not None and not steps(window))
    assert not time_cursor().pinned  # of another run
