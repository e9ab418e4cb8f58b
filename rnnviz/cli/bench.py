"""`rnnviz bench`: how fast the engine trains, beside PyTorch and beside what the machine can do;
with `--gui`, what the window costs it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnnviz.cli import bench_window
from rnnviz.cli.common import Parser, UsageError, count, real

if TYPE_CHECKING:
    from rnnviz.bench.measure import Measurement

_RIVAL_TITLES = {"torch": "PyTorch", "textbook": "textbook"}
_SECONDS, _ROUNDS = 1.0, 7
_NAME_WIDTH = 14
_WIDTH = 17


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = Parser(
        prog="rnnviz bench",
        description="Measures how many characters a second the engine learns from: forward, "
        "backward, clipping and update. What is compared takes turns in processes of its own; "
        "figures are medians of the rounds.",
    )
    parser.add_argument(
        "--config",
        action="append",
        metavar="NAME",
        help="a network to measure, or with --gui a preset; repeatable; default: all, with --gui "
        "lstm-128 and min-char-rnn",
    )
    parser.add_argument(
        "--against",
        choices=tuple(_RIVAL_TITLES),
        help="PyTorch on the number of threads that suits it, or the textbook's loop in NumPy "
        "(min-char-rnn only)",
    )
    parser.add_argument(
        "--gui",
        action="store_true",
        help="what the window costs while it trains and how soon it answers: the real one, without "
        "a display, in turn with the same training without it",
    )
    parser.add_argument(
        "--corpus", metavar="FILE", help="with --gui: the text; default: the bundled play repeated"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list of objects")
    parser.add_argument(
        "--seconds", type=real, metavar="S", help="of each side's turn; default: 1, with --gui 3"
    )
    parser.add_argument("--rounds", type=count, metavar="N", help="default: 7, with --gui 5")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Measures one network after the other and prints a line for each."""
    if arguments.gui:
        if arguments.against is not None:
            raise UsageError("--gui measures the window, which has nothing to do with --against")
        return bench_window.run(arguments)
    if arguments.corpus is not None:
        raise UsageError("--corpus is for --gui; networks are measured on the bundled play")
    from tqdm import tqdm

    from rnnviz.bench.children import BenchError
    from rnnviz.bench.measure import measure

    seconds, rounds = arguments.seconds or _SECONDS, arguments.rounds or _ROUNDS
    names = _networks(arguments.config, arguments.against)
    found: list[Measurement] = []
    with tqdm(
        total=len(names) * rounds, file=sys.stderr, bar_format="{l_bar}{bar}| {postfix}"
    ) as bar:

        def say(line: str) -> None:
            if not arguments.json:
                tqdm.write(line, file=sys.stdout)
                sys.stdout.flush()

        def advance(_: int) -> None:
            bar.update()

        say(_header(arguments.against))
        for name in names:
            bar.set_postfix_str(name)
            try:
                measured = measure(
                    name,
                    arguments.against,
                    seconds,
                    rounds,
                    on_round=advance,
                )
            except BenchError as error:
                raise UsageError(str(error)) from error
            found.append(measured)
            say(_line(measured, arguments.against))
    if arguments.json:
        print(json.dumps([measured.to_dict() for measured in found]))
    else:
        print(_footer(found))
    return 0


def _networks(asked: Sequence[str] | None, against: str | None) -> list[str]:
    """The networks to measure, each once; UsageError for what cannot be measured here."""
    from rnnviz.bench.measure import TEXTBOOK_NETWORK, torch_is_installed
    from rnnviz.bench.networks import NETWORKS

    for name in asked or ():
        if name not in NETWORKS:
            raise UsageError(
                f"--config: there is no network {name!r} to measure; there are "
                f"{', '.join(NETWORKS)}"
            )
    if against == "torch" and not torch_is_installed():
        raise UsageError(
            "--against torch: PyTorch is not installed in this Python; install the package torch, "
            "or measure without --against"
        )
    if against == "textbook":
        for name in asked or ():
            if name != TEXTBOOK_NETWORK:
                raise UsageError(
                    f"--against textbook: the textbook's loop is {TEXTBOOK_NETWORK} only, "
                    f"not {name}"
                )
        return [TEXTBOOK_NETWORK]
    return list(dict.fromkeys(asked or NETWORKS))


def _header(against: str | None) -> str:
    rival = "" if against is None else f"{_RIVAL_TITLES[against]:>{_WIDTH}}{'ratio':>8}"
    return (
        "characters per second (cores)\n"
        f"{'network':{_NAME_WIDTH}}{'rnnviz':>{_WIDTH}}{rival}{'of GEMM peak':>15}"
    )


def _line(measured: Measurement, against: str | None) -> str:
    rival = ""
    if against is not None:
        speed = _speed(measured.rivals[against], measured.threads[against])
        rival = f"{speed:>{_WIDTH}}{measured.ratio:>8.2f}"
    own = _speed(measured.characters_per_second, measured.threads["engine"])
    return (
        f"{measured.config:{_NAME_WIDTH}}{own:>{_WIDTH}}{rival}{100 * measured.gemm_share:>13.1f} %"
    )


def _speed(characters_per_second: float, threads: int) -> str:
    return f"{characters_per_second:,.0f} ({threads})"


def _footer(found: Sequence[Measurement]) -> str:
    import statistics

    from rnnviz.bench.gemm_peak import SIZE
    from rnnviz.bench.measure import mean_ratio
    from rnnviz.engine.blas import available_cores

    lines = []
    mean = mean_ratio(found)
    if mean is not None:
        lines.append(f"{'geometric mean':{_NAME_WIDTH + 2 * _WIDTH}}{mean:>8.2f}")
    peak = statistics.median(measured.gemm_peak for measured in found) / 1e9
    cores = available_cores()
    lines.append(
        f"GEMM peak {peak:,.0f} GFLOP/s: float32, {SIZE} x {SIZE}, "
        f"{cores} core{'' if cores == 1 else 's'}"
    )
    return "\n".join(lines)
