"""How the window and the training without it are asked, and what is made of their answers; with
sides that know their answers in advance."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnnviz import cli
from rnnviz.bench import window as measuring
from rnnviz.bench.children import BenchError
from rnnviz.bench.window import TEXT_LENGTH, WindowMeasurement, measure_window, text_file
from rnnviz.cli.bench_window import table

SPEED = "characters_per_second"
RESPONSES = {
    "loop_gap_p99_ms": 20.0,
    "loop_gap_max_ms": 30.0,
    "keystroke_p50_ms": 10.0,
    "keystroke_p95_ms": 40.0,
    "keystrokes": 9,
    "keystrokes_missed": 1,
}


class Stage:
    """Starts sides that answer from lists, and notes what they were asked."""

    def __init__(self, window: list[float], headless: list[float], hidden: list[float]) -> None:
        self.speeds = {"window": iter(window), "headless": iter(headless), "hidden": iter(hidden)}
        self.cores = {side: {"processes": 2, "threads": 1} for side in ("window", "headless")}
        self.asked: list[tuple[str, str]] = []
        self.started: list[tuple[str, str, str, int | None]] = []
        self.closed: list[str] = []
        self.responses: Any = RESPONSES

    def start(self, side: str, preset: str, corpus: str, threads: int | None) -> Actor:
        self.started.append((side, preset, corpus, threads))
        return Actor(self, side)


class Actor:
    def __init__(self, stage: Stage, side: str) -> None:
        self.stage, self.side = stage, side

    def exchange(self, question: str) -> str:
        asked = json.loads(question)
        self.stage.asked.append((self.side, asked["do"]))
        match asked["do"]:
            case "threads":
                answer: Any = self.stage.cores[self.side]
            case "train":
                speed = next(self.stage.speeds[self.side])
                answer = {SPEED: speed, "frames_per_second": speed / 10, "window_share": 0.08}
            case "hidden":
                speed = next(self.stage.speeds["hidden"])
                answer = {SPEED: speed, "window_share": 0.01, "behind_share": 0.02, "paints": 3}
            case "respond":
                answer = self.stage.responses
            case "history":
                answer = {"frame_ms": asked["steps"] / 1000}
        return json.dumps(answer)

    def close(self) -> None:
        self.stage.closed.append(self.side)


def test_figures_are_medians_and_ratios_are_those_of_each_round() -> None:
    # Three pairs of processes, and the first answer of each is to warm up.
    window, headless = [1.0, 90.0, 1.0, 40.0, 1.0, 160.0], [1.0, 100.0, 1.0, 80.0, 1.0, 200.0]
    stage = Stage(window, headless, [100.0, 60.0, 210.0])
    done: list[int] = []
    found = measure_window("lstm-128", "/a/text", 3.0, 3, (900.0, 950.0), stage.start, done.append)
    assert found.characters_per_second == 90.0
    assert found.headless == 100.0
    assert found.throughput_ratio == 0.8  # of 0.9, 0.5 and 0.8: not the ratio of the medians
    assert found.hidden_ratio == 1.0  # of 1.0, 0.75 and 1.05
    assert found.frames_per_second == 9.0
    assert found.hidden_paints == 9
    assert (found.hidden_window_share, found.behind_window_share) == (0.01, 0.02)
    assert found.frame_ms == {1_000: 1.0, 1_000_000: 1000.0}
    assert (found.first_window_ms, found.ready_ms) == (900.0, 950.0)
    assert (found.processes, found.threads) == (2, 1)
    assert done == [1, 2, 3]


def test_the_sides_take_turns_on_the_same_threads_and_are_ended() -> None:
    stage = Stage([1.0] * 4, [1.0] * 4, [1.0] * 2)
    measure_window("lstm-128", "/a/text", 3.0, 2, (1.0, 1.0), stage.start)
    pair = [("window", "lstm-128", "/a/text", None), ("headless", "lstm-128", "/a/text", 1)]
    assert stage.started == pair * 2
    assert stage.asked == [
        ("window", "threads"), ("headless", "threads"), ("window", "train"), ("headless", "train"),
        ("window", "train"), ("headless", "train"), ("window", "hidden"),
        ("window", "threads"), ("headless", "threads"), ("window", "train"), ("headless", "train"),
        ("window", "hidden"), ("headless", "train"), ("window", "train"),
        ("window", "respond"), ("window", "history"), ("window", "history"),
    ]  # fmt: skip
    assert sorted(stage.closed) == ["headless"] * 2 + ["window"] * 2


def test_other_cores_are_no_comparison() -> None:
    stage = Stage([1.0], [1.0], [])
    stage.cores["headless"] = {"processes": 1, "threads": 1}
    with pytest.raises(BenchError, match="lstm-128 trains on other cores"):
        measure_window("lstm-128", "/a/text", 3.0, 1, (1.0, 1.0), stage.start)
    assert sorted(stage.closed) == ["headless", "window"]


@pytest.mark.parametrize(
    ("responses", "words"),
    [({**RESPONSES, "keystrokes": 0}, "no key pressed"), ("what?", "asked to respond")],
)
def test_what_is_no_answer_is_no_figure(responses: object, words: str) -> None:
    stage = Stage([1.0] * 2, [1.0] * 2, [1.0])
    stage.responses = responses
    with pytest.raises(BenchError, match=words):
        measure_window("lstm-128", "/a/text", 3.0, 1, (1.0, 1.0), stage.start)


def test_the_text_is_as_long_as_tiny_shakespeare_or_the_users(tmp_path: Path) -> None:
    with text_file(None) as name:
        text = Path(name).read_text(encoding="utf-8")
        assert len(text) == TEXT_LENGTH
        assert text.startswith(measuring.bench_corpus().text[:1000])
    assert not Path(name).exists()
    own = tmp_path / "own.txt"
    own.write_text("a text", encoding="utf-8")
    with text_file(str(own)) as name:
        assert name == str(own)


def measurement(**more: object) -> WindowMeasurement:
    values: dict[str, Any] = {
        "config": "lstm-128",
        "processes": 2,
        "threads": 1,
        SPEED: 180_000.0,
        "headless": 200_000.4,
        "throughput_ratio": 0.912345,
        "frames_per_second": 12.25,
        "window_share": 0.0812,
        **RESPONSES,
        "frame_ms": {1_000: 6.5, 1_000_000: 6.25},
        "hidden_ratio": 1.0,
        "hidden_window_share": 0.004,
        "behind_window_share": 0.05,
        "hidden_paints": 0,
        "first_window_ms": 1200.0,
        "ready_ms": 1300.0,
    }
    return WindowMeasurement(**(values | more))


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Every preset is measured at once; what was asked is kept."""
    asked: list[tuple[Any, ...]] = []

    def measure(*given: Any, on_round: Callable[[int], None]) -> WindowMeasurement:
        asked.append(given)
        return measurement(config=given[0])

    monkeypatch.setattr(measuring, "measure_window", measure)
    monkeypatch.setattr(measuring, "first_window", lambda: (1200.0, 1300.0))
    return asked


def test_json_is_a_list_of_objects(
    measured: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["bench", "--gui", "--json", "--seconds", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["config"] for each in found] == ["lstm-128", "min-char-rnn"]
    assert found[0]["throughput_ratio"] == 0.9123
    assert found[0]["frame_ms"] == {"1000": 6.5, "1000000": 6.25}
    assert [given[2:4] for given in measured] == [(2.0, 5), (2.0, 5)]


def test_the_table_has_a_column_for_each_preset(
    measured: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = tmp_path / "sea.txt"
    text.write_text("a text", encoding="utf-8")
    arguments = ["--config", "gru-128", "--config", "gru-128", "--corpus", str(text)]
    assert cli.main(["bench", "--gui", *arguments, "--rounds", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["gru-128", "target"]
    assert len({len(line) for line in lines}) == 1
    rows = [" ".join(line.split()) for line in lines]
    assert "throughput, with / without 0.912 >= 0.90" in rows
    assert "keys answered, of those pressed 9 of 10 all" in rows
    assert measured == [("gru-128", str(text), 3.0, 3, (1200.0, 1300.0))]


def test_figures_of_every_size_fit_their_columns() -> None:
    long = measurement(characters_per_second=123_456_789.0, loop_gap_max_ms=12_345.6)
    assert len({len(line) for line in table([long, measurement()]).splitlines()}) == 1


def test_a_side_that_dies_is_one_line(
    measured: list[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> tuple[float, float]:
        raise BenchError("the window ended before it was measured: no fonts")

    monkeypatch.setattr(measuring, "first_window", fail)
    assert cli.main(["bench", "--gui", "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith("rnnviz: the window ended before it was measured: no fonts\n")
