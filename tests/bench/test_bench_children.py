"""Processes that answer, that die, and that are ended."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from rnnviz.bench.children import BenchError, Child

ECHO = "print('ready', flush=True)\nfor line in sys.stdin: print(2 * float(line), flush=True)"


def child(code: str) -> Child:
    return Child("torch on gru-128", (sys.executable, "-c", f"import sys\n{code}"))


def test_a_child_answers_until_it_is_closed() -> None:
    process = child(ECHO)
    assert process.ask(1.5) == 3.0
    assert process.ask(2.0) == 4.0
    assert process.running
    process.close()
    assert not process.running


def test_closing_does_not_wait_for_the_work_under_way() -> None:
    process = child("print('ready', flush=True)\nimport threading\nthreading.Event().wait()")
    process.close()
    assert not process.running


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX's")
def test_what_a_child_has_started_ends_with_it(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    holds = f"import threading; held = open({str(fifo)!r}, 'wb'); threading.Event().wait()"
    process = child(
        "import subprocess\n"
        f"started = subprocess.Popen([sys.executable, '-c', {holds!r}])\n"
        "print('ready', flush=True)\n"
        "started.wait()"
    )
    with fifo.open("rb") as reading:  # waits until what was started has opened its end
        process.close()
        assert reading.read() == b""  # ends when nobody has the other end any more


def test_a_child_that_dies_is_quoted_with_its_last_words() -> None:
    with pytest.raises(BenchError, match=r"^torch on gru-128 ended .*: ImportError: no libgomp$"):
        child("raise ImportError('no libgomp')")
    process = child("print('ready', flush=True)\nsys.stdin.readline()\nsys.exit('out of\\nmemory')")
    try:
        with pytest.raises(BenchError, match=r"before it was measured: memory$"):
            process.ask(1.0)
        with pytest.raises(BenchError, match=r"memory$"):  # also when it is asked again
            process.ask(1.0)
    finally:
        process.close()


def test_a_child_that_dies_in_silence_leaves_its_exit_status() -> None:
    with pytest.raises(BenchError, match="exit status 3"):
        child("sys.exit(3)")


def test_an_answer_that_is_no_number_is_not_taken_for_one() -> None:
    process = child("print('ready', flush=True)\nsys.stdin.readline()\nprint('fast', flush=True)")
    try:
        with pytest.raises(BenchError, match="'fast'"):
            process.ask(1.0)
    finally:
        process.close()
