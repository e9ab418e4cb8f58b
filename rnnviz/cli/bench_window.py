"""`rnnviz bench --gui`: what the window costs while it trains, and how soon it answers."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnnviz.cli.common import UsageError, check_preset

if TYPE_CHECKING:
    from rnnviz.bench.window import WindowMeasurement

_SECONDS, _ROUNDS = 3.0, 5
_NAME_WIDTH = 44
_WIDTH = 15


def run(arguments: argparse.Namespace) -> int:
    """Measures one preset after the other and prints a table, or a list of objects."""
    from tqdm import tqdm

    from rnnviz.bench.children import BenchError
    from rnnviz.bench.window import PRESETS, first_window, measure_window, text_file

    presets = list(dict.fromkeys(arguments.config or PRESETS))
    for preset in presets:
        check_preset(preset)
    if arguments.corpus is not None and not Path(arguments.corpus).is_file():
        raise UsageError(f"--corpus: {arguments.corpus}: there is no such file")
    rounds = arguments.rounds or _ROUNDS
    found: list[WindowMeasurement] = []
    try:
        with (
            text_file(arguments.corpus) as corpus,
            tqdm(
                total=len(presets) * rounds, file=sys.stderr, bar_format="{l_bar}{bar}| {postfix}"
            ) as bar,
        ):
            bar.set_postfix_str("first window")
            started = first_window()
            for preset in presets:
                bar.set_postfix_str(preset)
                seconds = arguments.seconds or _SECONDS
                measured = measure_window(
                    preset, corpus, seconds, rounds, started, on_round=lambda _: bar.update()
                )
                found.append(measured)
    except BenchError as error:
        raise UsageError(str(error)) from error
    if arguments.json:
        print(json.dumps([measured.to_dict() for measured in found]))
    else:
        print(table(found))
    return 0


def table(found: Sequence[WindowMeasurement]) -> str:
    """A row for each figure, a column for each preset, and what is aimed at."""
    heads = "".join(f"{measured.config:>{_WIDTH}}" for measured in found)
    lines = [f"{'':{_NAME_WIDTH}}{heads}{'target':>{_WIDTH}}"]
    for name, words, target in _ROWS:
        values = "".join(f"{words(measured):>{_WIDTH}}" for measured in found)
        lines.append(f"{name:{_NAME_WIDTH}}{values}{target:>{_WIDTH}}")
    return "\n".join(lines)


_ROWS: tuple[tuple[str, Callable[[WindowMeasurement], str], str], ...] = (
    ("characters/s with the window", lambda m: f"{m.characters_per_second:,.0f}", ""),
    ("characters/s without it", lambda m: f"{m.headless:,.0f}", ""),
    ("processes x threads", lambda m: f"{m.processes} x {m.threads}", ""),
    ("throughput, with / without", lambda m: f"{m.throughput_ratio:.3f}", ">= 0.90"),
    ("throughput, window hidden / without", lambda m: f"{m.hidden_ratio:.3f}", "1"),
    ("frames/s", lambda m: f"{m.frames_per_second:.1f}", ""),
    ("window's thread, share of a core", lambda m: _percent(m.window_share), ""),
    ("  with Gradients in front", lambda m: _percent(m.behind_window_share), ""),
    ("  with the window hidden", lambda m: _percent(m.hidden_window_share), ""),
    ("paints of panels behind another page", lambda m: f"{m.hidden_paints}", "0"),
    ("gap of the event loop, p99", lambda m: f"{m.loop_gap_p99_ms:.1f} ms", "<= 50 ms"),
    ("gap of the event loop, longest", lambda m: f"{m.loop_gap_max_ms:.1f} ms", ""),
    ("key to painted bars, p50", lambda m: f"{m.keystroke_p50_ms:.1f} ms", ""),
    ("key to painted bars, p95", lambda m: f"{m.keystroke_p95_ms:.1f} ms", "<= 50 ms"),
    (
        "keys answered, of those pressed",
        lambda m: f"{m.keystrokes} of {m.keystrokes + m.keystrokes_missed}",
        "all",
    ),
    ("frame over 1,000 steps", lambda m: f"{m.frame_ms[1_000]:.2f} ms", ""),
    ("frame over 1,000,000 steps", lambda m: f"{m.frame_ms[1_000_000]:.2f} ms", "no more"),
    ("command to first window", lambda m: f"{m.first_window_ms:,.0f} ms", "<= 1,500 ms"),
    ("command to a run that can be played", lambda m: f"{m.ready_ms:,.0f} ms", ""),
)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
