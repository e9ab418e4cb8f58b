"""Measures the real window while it trains, in turn with the same training without a window.

Both are processes of their own (`rnnviz.measuring`) that do nothing while the other has its turn.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from rnnviz.bench.children import BenchError, Child
from rnnviz.bench.networks import bench_corpus

PRESETS = ("lstm-128", "min-char-rnn")
"""What is trained when nothing else is asked for."""

TEXT_LENGTH = 1_115_394
"""Characters of the text when none is given: as many as tiny Shakespeare has."""

SHORT_HISTORY, LONG_HISTORY = 1_000, 1_000_000
"""Steps of history whose cost per frame is compared."""

_START_SECONDS = 3.0  # in which worker processes come up and the first validations are made
_PAIRS = 3  # of processes, one after the other
_STARTS = 5  # of the program, to see when its first window is there


class Side(Protocol):
    """What answers a line of JSON with another; see `Child`."""

    def exchange(self, question: str) -> str:
        """Sends a line and returns the line that answers it."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


Start = Callable[[str, str, str, int | None], Side]
"""Starts a side (window, headless) with a preset on a text, with so many BLAS threads."""


@dataclass(frozen=True)
class WindowMeasurement:
    """What was found for one preset; medians over the rounds where there are several.

    ``throughput_ratio`` is the median of the rounds' window to headless, ``window_share`` the part
    of a core that the window's thread takes. Gaps are those from one beat of a timer of 5 ms to the
    next while keys are pressed; a keystroke lasts until the bars that answer it are painted. The
    ``hidden`` figures are those of a window that is not on the screen, ``hidden_paints`` the paint
    events of the Train page's panels while another page is in front. ``frame_ms`` has the processor
    time of a frame by the steps of history. ``first_window_ms`` is the time from the start of the
    process to the first painted window, ``ready_ms`` to a run that can be played.
    """

    config: str
    processes: int
    threads: int
    characters_per_second: float
    headless: float
    throughput_ratio: float
    frames_per_second: float
    window_share: float
    loop_gap_p99_ms: float
    loop_gap_max_ms: float
    keystroke_p50_ms: float
    keystroke_p95_ms: float
    keystrokes: int
    keystrokes_missed: int
    frame_ms: Mapping[int, float]
    hidden_ratio: float
    hidden_window_share: float
    behind_window_share: float
    hidden_paints: int
    first_window_ms: float
    ready_ms: float

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the figures by name."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        } | {"frame_ms": {str(steps): round(ms, 3) for steps, ms in self.frame_ms.items()}}


def start_side(side: str, preset: str, corpus: str, threads: int | None) -> Side:
    """The process of one side; it shows no window on any screen."""
    more = () if threads is None else (str(threads),)
    command = (sys.executable, "-m", "rnnviz.measuring.child", side, preset, corpus, *more)
    return Child(f"{side} with {preset}", command, {"QT_QPA_PLATFORM": "offscreen"})


@contextmanager
def text_file(corpus: str | None) -> Iterator[str]:
    """The file to learn from: `corpus`, or the bundled play again and again."""
    if corpus is not None:
        yield str(Path(corpus).absolute())
        return
    play = bench_corpus().text
    text = play * (TEXT_LENGTH // len(play) + 1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "the-play-again-and-again.txt"
        file.write_text(text[:TEXT_LENGTH], encoding="utf-8")
        yield str(file)


def first_window(starts: int = _STARTS) -> tuple[float, float]:
    """Milliseconds from the start of the program to its first window and to a run; medians.

    It starts `starts` times with settings of its own. BenchError when it does not.
    """
    module = "rnnviz.measuring.first_window"
    shown, ready = [], []
    for _ in range(starts):
        with tempfile.TemporaryDirectory() as folder:
            environment = {"QT_QPA_PLATFORM": "offscreen", "RNNVIZ_DATA": folder}
            begun = time.perf_counter()
            process = Child("the window", (sys.executable, "-m", module), environment)
            process.wait()  # it ends by itself, and writes its settings
        try:
            at_shown, at_ready = (float(word) for word in process.greeting.split())
        except ValueError:
            raise BenchError(f"the window said {process.greeting!r}") from None
        shown.append(at_shown - begun)
        ready.append(at_ready - begun)
    return 1000 * statistics.median(shown), 1000 * statistics.median(ready)


def measure_window(
    preset: str,
    corpus: str,
    seconds: float,
    rounds: int,
    started: tuple[float, float],
    start: Start = start_side,
    on_round: Callable[[int], None] | None = None,
) -> WindowMeasurement:
    """The figures of one preset on the text in the file ``corpus``.

    Each side trains for ``seconds`` in each of the ``rounds``; ``on_round(done)`` is called after
    each. ``started`` is what `first_window` found. BenchError when a side fails.
    """
    with_window: list[dict[str, Any]] = []
    without: list[dict[str, Any]] = []
    hidden: list[dict[str, Any]] = []
    # Where a process has its memory makes it faster or slower for as long as it lives, by a few per
    # cent, so both sides begin anew a few times.
    pairs = min(_PAIRS, rounds)
    for pair in range(pairs):
        with ExitStack() as processes:
            window, headless, cores = _begin_pair(preset, corpus, start, processes)
            for side in (window, headless):
                _ask(side, "train", seconds=min(_START_SECONDS, seconds))
            for done in range(rounds * pair // pairs, rounds * (pair + 1) // pairs):
                # There and back again, so that nobody always comes after the same other.
                turns = [
                    (with_window, window, "train"),
                    (without, headless, "train"),
                    (hidden, window, "hidden"),
                ]
                for found, side, do in turns if done % 2 == 0 else reversed(turns):
                    found.append(_ask(side, do, seconds=seconds))
                if on_round is not None:
                    on_round(done + 1)
            if pair == pairs - 1:
                responses = _ask(window, "respond", seconds=seconds * rounds)
                if not responses["keystrokes"]:
                    raise BenchError(f"no key pressed while {preset} trains was answered")
                frames = {
                    steps: float(_ask(window, "history", steps=steps)["frame_ms"])
                    for steps in (SHORT_HISTORY, LONG_HISTORY)
                }
    speed = "characters_per_second"
    return WindowMeasurement(
        config=preset,
        **cores,
        characters_per_second=_median(with_window, speed),
        headless=_median(without, speed),
        throughput_ratio=_ratio(with_window, without),
        frames_per_second=_median(with_window, "frames_per_second"),
        window_share=_median(with_window, "window_share"),
        **responses,
        frame_ms=frames,
        hidden_ratio=_ratio(hidden, without),
        hidden_window_share=_median(hidden, "window_share"),
        behind_window_share=_median(hidden, "behind_share"),
        hidden_paints=sum(found["paints"] for found in hidden),
        first_window_ms=started[0],
        ready_ms=started[1],
    )


def _begin_pair(
    preset: str, corpus: str, start: Start, processes: ExitStack
) -> tuple[Side, Side, dict[str, Any]]:
    """A window, the same training without one, and the cores both train on."""

    def begin(side: str, threads: int | None) -> Side:
        process = start(side, preset, corpus, threads)
        processes.callback(process.close)
        return process

    window = begin("window", None)
    cores = _ask(window, "threads")
    headless = begin("headless", cores["threads"])
    if _ask(headless, "threads") != cores:
        raise BenchError(f"{preset} trains on other cores with the window than without it")
    return window, headless, cores


def _ask(side: Side, do: str, **more: float) -> dict[str, Any]:
    answer = side.exchange(json.dumps({"do": do, **more}))
    try:
        found = json.loads(answer)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BenchError(f"asked to {do}, a side answered {answer!r}")
    return found


def _median(found: list[dict[str, Any]], name: str) -> float:
    return float(statistics.median(each[name] for each in found))


def _ratio(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> float:
    speed = "characters_per_second"
    pairs = zip(left, right, strict=True)
    return float(statistics.median(one[speed] / other[speed] for one, other in pairs))
