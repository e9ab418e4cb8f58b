"""What Qt warns of: shown once, in the report, and in a file when Qt ends the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opening import program_environment
from PySide6.QtCore import QtMsgType, qDebug, qInstallMessageHandler, qWarning

from rnnviz.app import qt_messages as module
from rnnviz.app.fault_report import report
from rnnviz.app.qt_messages import FATAL_FILE, QtMessages
from rnnviz.panels.fault import Fault

PROGRAM = """
import sys
from PySide6.QtCore import QTimer, qFatal, qWarning
from rnnviz.app import main_window
from rnnviz.app.application import run_window

class Complaining(main_window.MainWindow):
    def begin(self, *arguments):
        super().begin(*arguments)
        self.controller.run_started.connect(lambda _: QTimer.singleShot(0, self.complain))

    def complain(self):
        for _ in range(3):
            qWarning("the screen is odd")
        if sys.argv[1] == "fatal":
            qFatal("the screen is gone")
        self.end()

main_window.MainWindow = Complaining
sys.exit(run_window("hello", None, None))
"""


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[QtMessages]:
    found = QtMessages()
    monkeypatch.setattr(module, "_messages", found)
    with found.heard(tmp_path):
        yield found


def test_a_warning_is_shown_once_and_counted(
    messages: QtMessages, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        qWarning("odd")
    qWarning("other")
    qDebug("just so")
    shown = capfd.readouterr().err
    assert shown == "Qt warning: odd\nQt warning: other\nQt says: just so\n"
    assert messages.lines() == ["Qt warning: odd (3 times)", "Qt warning: other"]


def test_the_report_has_them(messages: QtMessages) -> None:
    fault = Fault.of(ValueError("no"))
    assert "Messages of Qt" not in report(fault, {})
    qWarning("odd")
    assert report(fault, {}).endswith("\nMessages of Qt:\nQt warning: odd\n")


def test_only_so_many_different_ones_are_kept(messages: QtMessages) -> None:
    for number in range(200):
        qWarning(f"{number} {'x' * 5000}")
    lines = messages.lines()
    assert len(lines) == module._KEPT
    assert lines[-1].startswith("Qt warning: 199 x")
    assert max(map(len, lines)) == module._LONGEST


def test_the_one_who_listened_before_listens_again(tmp_path: Path) -> None:
    heard: list[str] = []
    before = qInstallMessageHandler(lambda kind, context, text: heard.append(text))
    try:
        with QtMessages().heard(None):
            qWarning("to the program")
        qWarning("to the test")
    finally:
        qInstallMessageHandler(before)
    assert heard == ["to the test"]


@pytest.mark.parametrize("what", ["print", "write"])
def test_trouble_in_telling_is_no_trouble(
    messages: QtMessages, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(module, "_print" if what == "print" else "write_text", fail)
    messages._hear(QtMsgType.QtFatalMsg, None, "odd")  # type: ignore[arg-type]
    assert messages.lines() == ["Qt fatal: odd"]


def ran(data: Path, how: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, how],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=program_environment(data),
    )


def test_the_program_goes_on_after_a_warning(tmp_path: Path) -> None:
    done = ran(tmp_path / "data", "warn")
    assert (done.returncode, done.stderr) == (0, "Qt warning: the screen is odd\n")
    assert not (tmp_path / "data" / FATAL_FILE).exists()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_fatal_message_leaves_a_file(tmp_path: Path) -> None:
    done = ran(tmp_path / "data", "fatal")
    assert done.returncode == -signal.SIGABRT
    assert "Qt fatal: " in done.stderr
    assert "the screen is gone" in done.stderr
    written = (tmp_path / "data" / FATAL_FILE).read_text()
    for words in ("the screen is odd (3 times)", "the screen is gone", "in complain", "pyside6"):
        assert words.lower() in written.lower()
