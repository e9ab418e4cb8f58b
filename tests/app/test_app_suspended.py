"""The real program, put to sleep while it trains: it wakes up as if nothing had happened."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from suspending import NIGHT, asleep, wait_until

import rnnviz
from rnnviz.app.settings import Settings
from rnnviz.session.autosave import recoverable
from rnnviz.session.config import RunConfig
from rnnviz.session.runfile import load_run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

TEXT = "one line after another, and then one more for the road\n" * 400
ALONE = RunConfig(hidden_size=24, seq_len=10, batch_size=4)
SHARED = RunConfig(hidden_size=96, seq_len=50, batch_size=32)  # among processes, where it helps
TESTS = Path(__file__).parent.parent


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """The file that says how far the clocks are ahead."""
    path = tmp_path / "clock"
    path.write_bytes(struct.pack("d", 0.0))
    return path


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "lines.txt"
    path.write_text(TEXT)
    return path


def started(clock: Path, *command: object, **environment: str) -> subprocess.Popen[str]:
    """A Python program with these clocks, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, str(TESTS / "clock_ahead.py"), *map(str, (clock, *command))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(Path(rnnviz.__file__).parent.parent)} | environment,
    )


def end(program: subprocess.Popen[str]) -> None:
    """Ends it and what it has started, whatever state they are in."""
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()
    for stream in (program.stdout, program.stderr):
        assert stream is not None
        stream.close()


@pytest.fixture(params=[ALONE, SHARED], ids=["alone", "shared"])
def program(
    request: pytest.FixtureRequest, clock: Path, text: Path, tmp_path: Path
) -> Iterator[subprocess.Popen[str]]:
    """The window, which trains."""
    data = tmp_path / "data"
    settings = Settings(data / "settings.ini")
    settings.set("config", request.param.with_changes(corpus=str(text)).to_dict())
    settings.sync()
    window = started(
        clock,
        Path(__file__).parent / "playing.py",
        text,
        RNNVIZ_DATA=str(data),
        QT_QPA_PLATFORM="offscreen",
    )
    try:
        yield window
    finally:
        end(window)


def reached(program: subprocess.Popen[str]) -> int:
    """The step it tells next; anything else it says is an error."""
    assert program.stdout is not None
    line = program.stdout.readline()
    if not line:
        raise AssertionError(program.communicate()[1])
    return int(line)


def hours_in(seconds: np.ndarray) -> float:
    """The longest gap in a run's time of training, in hours."""
    return float(np.diff(seconds, prepend=0.0).max()) / 3600


def test_a_window_put_to_sleep_trains_on_without_an_alarm(
    program: subprocess.Popen[str], clock: Path, tmp_path: Path
) -> None:
    for _ in range(3):
        at = reached(program)
        with asleep(program.pid, clock):
            pass
        wait_until(lambda at=at: reached(program) > at + 20)
    last = reached(program)
    program.terminate()
    _, errors = program.communicate(timeout=60)
    assert (program.returncode, errors) == (0, "")
    (lost,) = recoverable(tmp_path / "data" / "autosave")
    saved = load_run(lost.summary.path)
    lost.slot.release(keep=True)
    assert saved.record is not None
    assert len(saved.record) >= last
    seconds = saved.record.tensors()["seconds"]
    assert hours_in(seconds) < 0.02, "the axis of time has no night in it"
    assert saved.seconds < NIGHT / 10


def test_autosaves_come_after_a_sleep_as_before(
    program: subprocess.Popen[str], clock: Path, tmp_path: Path
) -> None:
    at = reached(program)
    with asleep(program.pid, clock):
        (before,) = (tmp_path / "data" / "autosave").glob("*.safetensors")
        stamp = before.stat().st_ino
    wait_until(lambda: reached(program) > at and before.stat().st_ino != stamp)
    program.kill()  # what was kept since it woke up is whole, and offered
    program.wait()
    (lost,) = recoverable(tmp_path / "data" / "autosave")
    lost.slot.release(keep=True)
    assert lost.summary.step > at


@pytest.mark.parametrize("config", [ALONE, SHARED], ids=["alone", "shared"])
def test_a_training_in_a_terminal_put_to_sleep_goes_on(
    config: RunConfig, clock: Path, text: Path, tmp_path: Path
) -> None:
    run, log = tmp_path / "run.safetensors", tmp_path / "log.jsonl"
    main = Path(rnnviz.__file__).parent / "__main__.py"
    program = started(
        clock, main, "train", text, "--out", run, "--log", log, "--steps", 10_000_000,
        "--hidden", config.hidden_size, "--batch", config.batch_size, "--seq-len", config.seq_len,
    )  # fmt: skip

    def size() -> int:
        assert program.poll() is None, program.communicate()
        return log.stat().st_size if log.exists() else 0

    try:
        at = 0
        for _ in range(3):
            wait_until(lambda at=at: size() > at + 10_000)
            with asleep(program.pid, clock):
                at = size()
            wait_until(lambda at=at: size() > at + 10_000)
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=60)
    finally:
        end(program)
    assert program.returncode == 128 + signal.SIGINT
    assert "Traceback" not in errors
    record = load_run(run).record
    assert record is not None
    assert hours_in(record.tensors()["seconds"]) < 0.02
