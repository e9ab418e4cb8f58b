"""Starting the sides of a benchmark as processes, asking them, and ending them at once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence


class BenchError(Exception):
    """A side could not be measured; the message is one sentence."""


def start_child(side: str, network: str, threads: int) -> Child:
    """The process of one side (engine, torch, textbook, peak) of a network; see `child`."""
    module = "rnnviz.bench.child"
    command = (sys.executable, "-m", module, side, network, str(threads))
    return Child(f"{side} on {network}", command)


class Child:
    """A process that answers questions, ready to be asked once it is constructed.

    It says a line when it is ready, and then a number for each line it is sent. `what` names it in
    a BenchError, which says how it ended by itself.
    """

    def __init__(
        self, what: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        """`environment` holds what differs from this process's own."""
        self._what = what
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process lives
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            env={**os.environ, **(environment or {})},
            # Ctrl+C is for the process that asks; it then ends this one and what that started.
            start_new_session=True,
        )
        try:
            self.greeting = self._answer()  # the line that it said when it was ready
        except BaseException:
            self.close()
            raise

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def ask(self, seconds: float) -> float:
        """Has the side work for so long and returns how much it did a second."""
        answer = self.exchange(str(seconds))
        try:
            return float(answer)
        except ValueError:
            raise BenchError(f"{self._what} answered {answer!r}, which is no number") from None

    def exchange(self, question: str) -> str:
        """Sends a line and returns the line that answers it."""
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(f"{question}\n")
            stdin.flush()
        except OSError:
            raise self._died() from None
        return self._answer()

    def wait(self) -> None:
        """Waits until the process has ended by itself."""
        self._process.wait()
        self.close()

    def close(self) -> None:
        """Ends the process and those it has started, whatever they are doing."""
        if sys.platform != "win32" and self.running:
            with contextlib.suppress(OSError):  # it has just ended by itself
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # a question that was never read
                    stream.close()
        self._errors.close()

    def _answer(self) -> str:
        stdout = self._process.stdout
        assert stdout is not None
        line = stdout.readline()
        if not line.endswith("\n"):
            raise self._died()
        return line.strip()

    def _died(self) -> BenchError:
        status = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        reason = said[-1].strip() if said else f"it gave no reason (exit status {status})"
        return BenchError(f"{self._what} ended before it was measured: {reason}")
