"""The perspectives in the real window: by key and by click, while a run trains."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from opening import open_window, program_threads, settings_for, wait_for_threads_to_end
from panel_fixtures import splitter_around
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from rnnviz.app.main_window import MainWindow
from rnnviz.app.settings import Settings
from rnnviz.session import commands
from rnnviz.session.config import RunConfig
from rnnviz.session.inspector import Inspection
from rnnviz.session.runfile import load_run

TEXT = "AB:\nthe wave is over the wall, and so on.\n\nC:\nno.\n\n" * 60
LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
SMALL = RunConfig(hidden_size=12, seq_len=10, batch_size=4, cell="rnn")
KEYS = {"train": Qt.Key.Key_1, "gradients": Qt.Key.Key_2, "probe": Qt.Key.Key_3}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path, SMALL, TEXT)


def press(window: MainWindow, name: str) -> None:
    QTest.keyClick(window, KEYS[name], CONTROL)


def steps(window: MainWindow) -> int:
    assert window.controller.view is not None
    return window.controller.view.step


def train(qtbot: QtBot, window: MainWindow, steps_more: int = 5) -> None:
    wanted = steps(window) + steps_more
    window.controller.send(commands.Play())
    qtbot.waitUntil(lambda: steps(window) >= wanted, timeout=20_000)


def found_by(qtbot: QtBot, window: MainWindow, part: str) -> None:
    """Waits for the inspector's next finding of a kind."""
    with qtbot.waitSignal(
        window.controller.inspected,
        timeout=20_000,
        check_params_cb=lambda found: getattr(found, part) is not None,
    ):
        pass


def test_keys_and_tabs_change_the_page_while_it_trains(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    assert window.shown_page() == "train" and window.setup.isVisible()
    press(window, "gradients")
    assert window.gradients.isVisible() and not window.page.isVisible()
    assert window.top_bar.tabs["gradients"].isChecked()
    assert window.rail.isVisible() and not window.setup.isVisible()
    train(qtbot, window)
    QTest.mouseClick(window.top_bar.tabs["train"], LEFT)
    assert window.page.isVisible() and not window.gradients.isVisible()
    assert window.setup.isVisible()
    train(qtbot, window)
    QTest.mouseClick(window.top_bar.tabs["gradients"], LEFT)
    QTest.keyClick(window.pages.currentWidget(), Qt.Key.Key_Space)
    view = window.controller.view
    assert view is not None
    qtbot.waitUntil(lambda: not view.training, timeout=20_000)


def test_setup_is_folded_for_each_page_by_itself(qtbot: QtBot, window: MainWindow) -> None:
    press(window, "gradients")
    QTest.keyClick(window, Qt.Key.Key_B, CONTROL)
    assert window.setup.isVisible()
    press(window, "train")
    QTest.keyClick(window, Qt.Key.Key_B, CONTROL)
    assert not window.setup.isVisible()
    press(window, "gradients")
    assert window.setup.isVisible()
    window.reset_layout()
    assert not window.setup.isVisible()


def test_values_appear_on_the_gradients_page(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    press(window, "gradients")
    page, view = window.gradients, window.controller.view
    assert view is not None
    found_by(qtbot, window, "flow")
    found_by(qtbot, window, "spectrum")
    qtbot.waitUntil(lambda: len(view.history.norms) > 3, timeout=20_000)
    assert view.history.norms.joint("weights", view.history.norms.names).min() > 0
    step = view.history.norms.steps[-1]
    # Somebody looks, so more of the steps are measured.
    qtbot.waitUntil(lambda: view.history.norms.steps[-1] > step, timeout=20_000)
    page.show_in_last_place("weights")
    found_by(qtbot, window, "parameters")


def test_a_hidden_page_makes_no_work(qtbot: QtBot, window: MainWindow) -> None:
    live = window.controller.live
    assert live is not None
    looks: list[object] = []
    wants: list[object] = []
    found: list[Inspection] = []
    live.inspector.look = lambda *given: looks.append(given)  # type: ignore[method-assign]
    live.gauge.want = lambda: wants.append(1)  # type: ignore[method-assign]
    window.controller.inspected.connect(found.append)
    train(qtbot, window, 50)
    assert (looks, wants, found) == ([], [], [])
    assert window.controller.onlookers()
    press(window, "gradients")
    qtbot.waitUntil(lambda: bool(looks and wants), timeout=20_000)
    assert not window.controller.onlookers()
    press(window, "train")
    looks.clear()
    wants.clear()
    train(qtbot, window, 50)
    assert (looks, wants) == ([], [])


def test_what_the_inspector_found_of_an_older_run_is_not_shown(
    qtbot: QtBot, window: MainWindow
) -> None:
    old = window.controller.live
    assert old is not None
    found: list[Inspection] = []
    window.controller.inspected.connect(found.append)
    tell = threading.Thread(target=lambda: old.found.emit(old, Inspection(3)))
    tell.start()
    tell.join()  # now it waits in the window's queue
    window.runs.reset()
    new = window.controller.live
    assert new is not None and new is not old
    new.found.emit(new, Inspection(4))
    QApplication.processEvents()
    assert [one.step for one in found] == [4]


def test_closing_ends_all_threads_on_every_page(qtbot: QtBot, window: MainWindow) -> None:
    press(window, "gradients")
    train(qtbot, window)
    found_by(qtbot, window, "flow")
    assert "rnnviz-inspector" in program_threads()
    window.close()
    wait_for_threads_to_end(qtbot)


def test_page_sizes_and_choices_come_back(
    qtbot: QtBot, window: MainWindow, settings: Settings
) -> None:
    press(window, "gradients")
    window.gradients.show_in_last_place("weights")
    splitter_around(window.gradients.flow, Qt.Orientation.Vertical).setSizes([300, 568])
    height = window.gradients.flow.height()
    QTest.keyClick(window, Qt.Key.Key_B, CONTROL)
    window.close()
    again = open_window(qtbot, Settings(settings.file))
    assert again.shown_page() == "gradients" and again.setup.isVisible()
    assert again.top_bar.tabs["gradients"].isChecked()
    assert again.gradients.in_last_place() == "weights"
    assert abs(again.gradients.flow.height() - height) <= 2
    press(again, "train")
    assert again.setup.isVisible()
    again.close()


def test_choices_are_kept_with_the_run(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    window.gradients.show_in_last_place("weights")
    path = tmp_path / "run.safetensors"
    with qtbot.waitSignal(window.controller.keeper.saved, timeout=20_000):
        window.controller.save(str(path))
    assert load_run(path).view["gradients"]["last_place"] == "weights"
    window.gradients.show_in_last_place("updates")
    with qtbot.waitSignal(window.controller.run_started, timeout=20_000):
        window.open_path(str(path))
    assert window.gradients.in_last_place() == "weights"
    press(window, "gradients")
    found_by(qtbot, window, "flow")  # an opened run is inspected as well


@pytest.mark.parametrize("size", [(1024, 640), (1280, 720)])
def test_a_small_window_has_room_for_every_page(
    qtbot: QtBot, window: MainWindow, size: tuple[int, int]
) -> None:
    for name in ("train", "gradients", "probe", "train"):
        press(window, name)
        window.resize(*size)
        qtbot.waitUntil(lambda: (window.width(), window.height()) == size)
        page = window.pages.currentWidget()
        assert page is not None
        assert window.transport.geometry().bottom() < window.height()
        assert page.height() <= window.pages.height()
        window.resize(1600, 1000)


# Probe.


def replied(qtbot: QtBot, window: MainWindow, kind: str) -> None:
    """Waits for the next answer to a kind of question."""
    with qtbot.waitSignal(
        window.controller.replied,
        timeout=20_000,
        check_params_cb=lambda reply: reply.question.kind == kind,
    ):
        pass


def test_values_appear_on_the_probe_page(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    press(window, "probe")
    page = window.probe
    assert page.isVisible() and not window.setup.isVisible()
    seed = window.page.next_character.seed()
    qtbot.waitUntil(lambda: page.expectations.columns.count() == len(seed) + 1, timeout=20_000)
    qtbot.waitUntil(lambda: page.units.matches() is not None, timeout=20_000)
    qtbot.waitUntil(lambda: page.unit_text.painted.text() == TEXT[:1_000], timeout=20_000)
    step = steps(window)
    with qtbot.waitSignal(  # newer weights are read while it is in sight
        window.controller.replied, timeout=20_000, check_params_cb=lambda reply: reply.step > step
    ):
        pass


def test_train_and_probe_share_the_seed_and_the_temperature(
    qtbot: QtBot, window: MainWindow
) -> None:
    train_panel, panel = window.page.next_character, window.probe.expectations
    train_panel.edit.setFocus()
    train_panel.edit.selectAll()
    QTest.keyClicks(train_panel.edit, "the wa")
    assert window.probe.seed() == "the wa"
    press(window, "probe")
    QTest.keyClicks(panel.edit, "v")
    assert train_panel.seed() == "the wav"
    qtbot.waitUntil(lambda: panel.columns.count() == 8, timeout=20_000)
    press(window, "train")

    def shown() -> bool:
        answer = train_panel._answer
        return answer is not None and answer.reading.text == "the wav"

    qtbot.waitUntil(shown, timeout=20_000)
    train_panel.field.selectAll()
    QTest.keyClicks(train_panel.field, "0.5")
    QTest.keyClick(train_panel.field, Qt.Key.Key_Return)
    assert panel.writing.writing().temperature == pytest.approx(0.5)
    panel.writing.temperature_changed.emit(1.5)
    assert train_panel.temperature() == pytest.approx(1.5)
    view = window.controller.view
    assert view is not None
    qtbot.waitUntil(lambda: view.in_force.temperature == 1.5, timeout=20_000)


def test_nothing_is_asked_of_the_respondent_while_probe_is_hidden(
    qtbot: QtBot, window: MainWindow
) -> None:
    live = window.controller.live
    assert live is not None
    press(window, "probe")
    replied(qtbot, window, "expectations")
    press(window, "train")
    assert not live.respondent._questions.waiting()
    renewed: list[int] = []
    live.respondent.renew = lambda: renewed.append(1)  # type: ignore[method-assign]
    train(qtbot, window, 50)
    assert renewed == [] and not live.respondent._questions.stale(steps(window))


def test_another_run_is_probed_too(qtbot: QtBot, window: MainWindow) -> None:
    press(window, "probe")
    replied(qtbot, window, "units")
    window.runs.reset()
    replied(qtbot, window, "units")
    assert window.probe.units.matches() is not None
    window.close()
    wait_for_threads_to_end(qtbot)


def test_names_of_units_are_kept_with_the_run_alone(
    qtbot: QtBot, window: MainWindow, settings: Settings
) -> None:
    press(window, "probe")
    window.probe.unit_text.sources.set_current("seed")
    window.probe.pin(0, "h", 3)
    assert window.run_display.panels()["probe"]["unit"] == 3
    window.close()
    kept = Settings(settings.file).record("probe/choices")
    assert kept["unit_text"] == {"source": "seed"}
    assert "unit" not in kept and "units" not in kept
