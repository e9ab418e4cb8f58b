"""`rnnviz bench` as it is typed; nothing here depends on how fast anything is."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from functools import partial

import pytest

from rnnviz import cli
from rnnviz.bench import measure as measuring
from rnnviz.bench.children import BenchError
from rnnviz.bench.measure import Measurement
from rnnviz.bench.networks import NETWORKS

BENCH = (sys.executable, "-m", "rnnviz", "bench")
SHORT = ("--config", "min-char-rnn", "--seconds", "0.05", "--rounds", "1")


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BENCH, *arguments], capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_json_is_a_list_of_objects() -> None:
    done = bench(*SHORT, "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert list(found) == [
        "config", "characters_per_second", "torch", "ratio", "gemm_share", "threads",
    ]  # fmt: skip
    assert found["config"] == "min-char-rnn"
    assert found["characters_per_second"] > 0
    assert 0.0 < found["gemm_share"] < 1.0
    assert found["torch"] is None
    assert found["ratio"] is None
    assert found["threads"]["engine"] >= 1


def test_the_table_names_the_textbook() -> None:
    done = bench("--against", "textbook", "--seconds", "0.02", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    _, header, line, footer = done.stdout.splitlines()
    assert header.split() == ["network", "rnnviz", "textbook", "ratio", "of", "GEMM", "peak"]
    assert line.split()[0] == "min-char-rnn"
    assert len(line) == len(header)
    assert footer.startswith("GEMM peak ")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every network is measured at once, and is four times as fast as the one before."""

    def measure(name: str, against: str | None, *_: object, on_round: object) -> Measurement:
        ratio = 0.5 * 4.0 ** list(NETWORKS).index(name)
        return Measurement(
            name, 5e4 * ratio, {"torch": 5e4}, ratio, 0.25, 2e11, {"engine": 1, "torch": 2}
        )

    monkeypatch.setattr(measuring, "measure", measure)


@pytest.mark.usefixtures("measured")
def test_several_networks_have_a_geometric_mean(capsys: pytest.CaptureFixture[str]) -> None:
    names = list(NETWORKS)[:2]
    assert (
        cli.main(["bench", "--against", "torch", "--config", names[0], "--config", names[1]]) == 0
    )
    assert [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()[1:5]] == [
        "network rnnviz PyTorch ratio of GEMM peak",
        "min-char-rnn 25,000 (1) 50,000 (2) 0.50 25.0 %",
        "rnn-128 100,000 (1) 50,000 (2) 2.00 25.0 %",
        "geometric mean 1.00",
    ]


@pytest.mark.usefixtures("measured")
def test_all_networks_are_measured_unless_one_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["bench", "--json"]) == 0
    assert [found["config"] for found in json.loads(capsys.readouterr().out)] == list(NETWORKS)
    assert cli.main(["bench", "--json", "--config", "gru-128", "--config", "gru-128"]) == 0
    assert [found["config"] for found in json.loads(capsys.readouterr().out)] == ["gru-128"]


BAD = [
    (["--config", "gru-129"], "there are min-char-rnn, rnn-128, gru-128"),
    (["--against", "jax"], "--against"),
    (["--against", "textbook", "--config", "gru-128"], "min-char-rnn only, not gru-128"),
    (["--seconds", "0"], "--seconds"),
    (["--rounds", "0.5"], "--rounds"),
    (["--gui", "--against", "torch"], "nothing to do with --against"),
    (["--gui", "--config", "lstm-129"], "there is no preset 'lstm-129'"),
    (["--gui", "--corpus", "/no/such/file"], "there is no such file"),
    (["--corpus", "x.txt"], "--corpus is for --gui"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_what_cannot_be_measured_is_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["bench", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert words in printed.err


def test_without_pytorch_there_is_nothing_to_compare_with(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    assert cli.main(["bench", "--against", "torch", *SHORT]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("rnnviz: --against torch: PyTorch is not installed")
    assert len(printed.err.splitlines()) == 1


def test_a_side_that_dies_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(*_: object, on_round: object) -> Measurement:
        raise BenchError("torch on gru-128 ended before it was measured: no libgomp")

    monkeypatch.setattr(measuring, "measure", measure)
    assert cli.main(["bench", "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith(
        "rnnviz: torch on gru-128 ended before it was measured: no libgomp\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts of one process are POSIX's")
def test_an_interrupt_ends_it_at_once() -> None:
    process = subprocess.Popen(
        [*BENCH, "--config", "min-char-rnn", "--seconds", "100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Also where the tests themselves were started in the background, without interrupts.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("characters per second")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == cli.INTERRUPTED
    assert "Traceback" not in said
