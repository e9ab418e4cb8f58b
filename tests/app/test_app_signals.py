"""The real program, ended from outside while it trains: the next start has what it learned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from opening import program_environment
from pytestqt.qtbot import QtBot

from rnnviz.app.application import make_application
from rnnviz.app.main_window import MainWindow
from rnnviz.app.settings import Settings
from rnnviz.session.autosave import recoverable
from rnnviz.session.config import RunConfig
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.run import build_run
from rnnviz.session.runfile import load_run
from rnnviz.session.runner import Budget, Runner
from rnnviz.text.corpus import load_text_file

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

TEXT = "one line after another, and then one more for the road\n" * 200
SMALL = RunConfig(hidden_size=24, seq_len=10, batch_size=4)


@contextmanager
def started(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The window, which trains and autosaves all the time; programs of one folder share its data.

    It is in `folder`, as is the text.
    """
    text = folder / "lines.txt"
    text.write_text(TEXT)
    data = folder / "data"
    settings = Settings(data / "settings.ini")
    settings.set("config", SMALL.with_changes(corpus=str(text)).to_dict())
    settings.sync()
    program = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "playing.py"), str(text)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=program_environment(data),
    )
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """It has trained and kept something."""
    with started(tmp_path) as running:
        yield running


def reached(program: subprocess.Popen[str]) -> int:
    """The step it tells next; what it does not live to tell is an error with its last words."""
    assert program.stdout is not None
    line = program.stdout.readline()
    if not line:
        raise AssertionError(program.communicate()[1])
    return int(line)


def check(folder: Path, at_least: int) -> int:
    """Looks whether the kept run is what so many steps of training give; returns how many."""
    (lost,) = recoverable(folder)
    saved = load_run(lost.summary.path)
    lost.slot.release(keep=True)
    assert saved.config is not None
    assert saved.record is not None
    steps = lost.summary.step
    assert steps >= at_least
    assert len(saved.record) == steps
    whole = build_run(saved.config, load_text_file(saved.corpus_origin))
    Runner(whole, Mailbox()).train_until(Budget(steps=steps))
    np.testing.assert_array_equal(
        saved.model.network.parameters.flat, whole.network.parameters.flat
    )
    return steps


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_keeps_the_run_and_ends_cleanly(
    program: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    at = reached(program)
    program.send_signal(number)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == 0
    assert errors == ""
    check(tmp_path / "data" / "autosave", at)


def test_a_killed_program_has_kept_its_run_and_the_next_recovers_it(
    qtbot: QtBot, program: subprocess.Popen[str], tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "autosave"
    reached(program)
    assert recoverable(folder) == [], "that of a living program is its own"
    program.kill()
    program.wait()
    steps = check(folder, 1)
    make_application()
    window = MainWindow(Settings(tmp_path / "settings.ini"), folder)
    qtbot.addWidget(window)
    window.show()
    window.begin(str(tmp_path / "lines.txt"))
    qtbot.waitUntil(lambda: window.controller.view is not None, timeout=20_000)
    first = window.controller.view
    assert f"step {steps:,}" in window.notice.words()
    window.notice.buttons()[0].click()
    qtbot.waitUntil(lambda: window.controller.view is not first, timeout=20_000)
    assert window.controller.view is not None
    assert window.controller.view.step == steps
    window.close()


def test_two_programs_with_one_folder_keep_their_hands_off_each_other(
    program: subprocess.Popen[str], tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "autosave"
    reached(program)
    (first,) = folder.glob("*.safetensors")
    with started(tmp_path) as other:
        reached(other)
        (second,) = set(folder.glob("*.safetensors")) - {first}
        assert recoverable(folder) == [], "both live"
        program.kill()
        program.wait()
        at = reached(other)
        (lost,) = recoverable(folder)
        lost.slot.release(keep=True)
        assert lost.summary.path == first
        while reached(other) < at + 20:  # it goes on to autosave, beside the dead one's
            pass
        before = first.read_bytes()
        other.send_signal(signal.SIGTERM)  # in the middle of an autosave, more often than not
        _, errors = other.communicate(timeout=60)
    assert (other.returncode, errors) == (0, "")
    assert first.read_bytes() == before
    found = recoverable(folder)
    for run in found:
        run.slot.release(keep=True)
    assert {run.summary.path for run in found} == {first, second}
    assert {load_run(run.summary.path).record is None for run in found} == {False}
    assert not list(folder.glob(".*.part")), "nothing half written is left"
