"""What Qt itself warns of: shown once, kept for the report, and written down when it is the end.

Qt tells of its own troubles by messages only, and a program that is started from a menu has nobody
to read them.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from rnnviz.files import write_text
from rnnviz.session.information import gather

_KINDS = {
    QtMsgType.QtWarningMsg: "warning",
    QtMsgType.QtCriticalMsg: "critical",
    QtMsgType.QtFatalMsg: "fatal",
}
_KEPT = 50  # different messages; a panel that warns in every frame must not fill the memory
_LONGEST = 1000  # characters of one
FATAL_FILE = "qt-fatal.txt"  # in the data folder


class QtMessages:
    """Hears every message; may be called from any thread, and never raises."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: OrderedDict[str, int] = OrderedDict()  # the newest last
        self._folder: Path | None = None

    @contextlib.contextmanager
    def heard(self, folder: Path | None) -> Iterator[None]:
        """Within the block messages come here; a fatal one leaves a file in `folder`."""
        self._folder = folder
        before = qInstallMessageHandler(self._hear)
        try:
            yield
        finally:  # at its very end the interpreter can't be called any more
            qInstallMessageHandler(before)
            self._folder = None

    def lines(self) -> list[str]:
        """What was heard, the oldest first, and how often when that was more than once."""
        with self._lock:
            counts = list(self._counts.items())
        return [line if count == 1 else f"{line} ({count:,} times)" for line, count in counts]

    def _hear(self, kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        with contextlib.suppress(Exception):
            name = _KINDS.get(kind)
            line = f"Qt {name or 'says'}: {text}"[:_LONGEST]
            if name is None or self._note(line):
                _print(line)
            if kind == QtMsgType.QtFatalMsg:
                self._write_down()

    def _note(self, line: str) -> bool:
        """Keeps a message; whether it is a new one."""
        with self._lock:
            count = self._counts.pop(line, 0)
            self._counts[line] = count + 1
            while len(self._counts) > _KEPT:
                self._counts.popitem(last=False)
        return not count

    def _write_down(self) -> None:
        """Qt ends the process when this returns."""
        if self._folder is None:
            return
        lines = [time.strftime("%Y-%m-%d %H:%M:%S"), *self.lines(), "", *traceback.format_stack()]
        lines += [f"{name}: {value}" for name, value in gather().items()]
        self._folder.mkdir(parents=True, exist_ok=True)
        write_text(self._folder / FATAL_FILE, "\n".join(lines) + "\n")


def _print(line: str) -> None:
    if sys.stderr is not None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - for who started it


_messages = QtMessages()


def qt_messages() -> QtMessages:
    """The one of this program."""
    return _messages
