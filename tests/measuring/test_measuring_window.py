"""The measuring of the real window: that it counts what it says; never how much that is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from rnnviz.bench.children import Child
from rnnviz.bench.window import first_window, start_side
from rnnviz.engine.blas import thread_limit
from rnnviz.measuring import child, window_side
from rnnviz.measuring.headless_side import HeadlessSide
from rnnviz.measuring.heartbeat import Heartbeat, percentile
from rnnviz.measuring.keystrokes import Keystrokes
from rnnviz.measuring.long_history import make_history, next_rows
from rnnviz.measuring.window_side import Counter, WindowSide

TEXT = "the ship lay in the harbour and nobody came, and then the sea rose again.\n" * 40


@pytest.fixture
def text(tmp_path: Path) -> str:
    file = tmp_path / "sea.txt"
    file.write_text(TEXT)
    return str(file)


@pytest.fixture
def side(text: str, qtbot: QtBot) -> Iterator[WindowSide]:
    with thread_limit(1):
        found = WindowSide("min-char-rnn", text)
        qtbot.addWidget(found.window)
        yield found
        found.end()


def test_the_window_trains_only_while_it_is_asked_to(side: WindowSide) -> None:
    found = side.train(0.2)
    assert found["characters_per_second"] > 0
    assert found["frames_per_second"] > 0
    assert 0 < found["window_share"] < 1
    live, view = side.window.controller.live, side.window.controller.view
    assert live is not None
    assert view is not None
    assert not view.training
    assert live.run.trainer.steps > 0


def test_keys_are_answered_by_painted_bars(side: WindowSide, qtbot: QtBot) -> None:
    keys = Keystrokes(side.window)
    keys.start()
    qtbot.waitUntil(lambda: len(keys.seconds) >= 3, timeout=30_000)
    typed = side.window.page.next_character.edit.raw_text()
    assert "the ship lay".startswith(typed[:12])
    assert len(typed) >= 3
    keys.stop()
    assert all(0 < each < 30 for each in keys.seconds)
    assert keys.missed == 0


def test_a_paint_without_the_answer_answers_no_key(side: WindowSide, qtbot: QtBot) -> None:
    keys = Keystrokes(side.window)
    controller = side.window.controller
    controller.answered.disconnect(keys._take_answer)  # as if all answers were of older texts
    keys.start()
    qtbot.waitUntil(lambda: keys._awaited is not None, timeout=30_000)
    side.window.page.next_character.bars.repaint()
    QApplication.processEvents()
    assert keys.seconds == []
    keys._give_up()
    assert keys.missed == 1
    keys.stop()


def test_responses_count_beats_and_keys(side: WindowSide) -> None:
    found = side.respond(0.6)
    assert found["keystrokes"] >= 1
    assert 0 < found["loop_gap_p99_ms"] <= found["loop_gap_max_ms"]
    assert 0 < found["keystroke_p50_ms"] <= found["keystroke_p95_ms"]


def test_panels_behind_another_page_are_not_painted(side: WindowSide) -> None:
    found = side.hidden(0.2)
    assert found["paints"] == 0
    assert found["characters_per_second"] > 0
    assert side.window.isVisible()
    assert side.window.page.isVisible()


def test_a_frame_over_a_history_paints_every_panel(
    side: WindowSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_side, "_FRAMES", 3)
    curves = Counter(QEvent.Type.Paint, [side.window.page.loss.plot])
    assert side.history(2_000)["frame_ms"] > 0
    view = side.window.controller.view
    assert view is not None
    assert len(view.history) == 2_000 + 3 * window_side._STEPS_PER_FRAME
    assert curves.count >= 3


def test_a_made_up_history_goes_on_step_by_step() -> None:
    history = make_history(5_000)
    history.add_rows(next_rows(history, 7))
    np.testing.assert_array_equal(history.step.values, np.arange(1, 5_008))
    assert history.last is not None
    assert history.last.step == 5_007
    assert np.isfinite(history.loss.values).all()
    assert history.validations[-1].step <= 5_000
    assert [sample.step for sample in history.samples][:3] == [10, 20, 50]


def test_the_heart_beats_until_it_is_stopped(qtbot: QtBot) -> None:
    heart = Heartbeat()
    heart.start()
    qtbot.waitUntil(lambda: len(heart.gaps) >= 5)
    heart.stop()
    assert all(gap > 0 for gap in heart.gaps)


def test_percentiles_are_values_that_were_seen() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0] * 98 + [5.0, 9.0], 0.99) == 9.0
    assert percentile([], 0.5) is None


def test_the_training_without_a_window_is_the_same_run(text: str) -> None:
    with thread_limit(1):
        side = HeadlessSide("min-char-rnn", text, 1)
        assert side.threads() == {"processes": 1, "threads": 1}
        assert side.train(0.05)["characters_per_second"] > 0
        side.end()


def test_a_child_answers_in_json(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = [json.dumps({"do": "threads"}), json.dumps({"do": "train", "seconds": 0.01})]
    monkeypatch.setattr(child.sys, "stdin", iter([f"{line}\n" for line in questions]))
    with thread_limit(1):
        child.main(["headless", "min-char-rnn", text, "1"])
    ready, *answers = capsys.readouterr().out.splitlines()
    assert ready == "ready"
    assert [list(json.loads(answer)) for answer in answers] == [
        ["processes", "threads"],
        ["characters_per_second"],
    ]
    monkeypatch.setattr(child.sys, "stdin", iter(['{"do": "end"}\n']))
    with thread_limit(1), pytest.raises(ValueError, match="headless does not know how to end"):
        child.main(["headless", "min-char-rnn", text, "1"])
    with pytest.raises(ValueError, match="no side 'sideways'"):
        child.main(["sideways", "min-char-rnn", text])


def test_the_window_as_a_process_answers(text: str) -> None:
    process = start_side("window", "min-char-rnn", text, None)
    assert isinstance(process, Child)
    try:
        found = json.loads(process.exchange(json.dumps({"do": "train", "seconds": 0.1})))
        assert found["characters_per_second"] > 0
    finally:
        process.close()


def test_the_program_is_started_until_its_window_is_there() -> None:
    shown, ready = first_window(1)
    assert shown > 0
    assert ready > 0
