"""A run that goes on and on with every panel in sight: nothing piles up.

The short one counts threads, widgets, objects and bytes of arrays, with each page in sight in turn
and with every panel in a window of its own. `RNNVIZ_SOAK=3600` trains the default network with all
those windows open for so many seconds and reports resident memory, threads and the gaps of the
event loop; memory may then grow by what the history needs and by noise.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from rnnviz.app.application import make_application
from rnnviz.app.main_window import MainWindow
from rnnviz.app.pages import PERSPECTIVES
from rnnviz.app.settings import Settings
from rnnviz.app.snapshot import open_run, wait
from rnnviz.measuring.heartbeat import Heartbeat, percentile
from rnnviz.panels.theme import themes
from rnnviz.session import commands, series
from rnnviz.session.config import RunConfig
from rnnviz.session.history import History
from rnnviz.session.series import Series
from rnnviz.session.view import RunView

SECONDS = float(os.environ.get("RNNVIZ_SOAK", "0"))
TEXT = "the ship lay in the harbour and nobody came, and then the sea rose again.\n" * 400
SMALL = RunConfig(hidden_size=16, seq_len=20, batch_size=8)
ROUNDS = 3  # through all pages, between the two counts
DRAWN = 3  # deliveries a page is in sight for
NOISE = 12e6  # bytes by which resident memory wavers: caches of fonts and glyphs, the allocator's


@pytest.fixture
def tracing() -> Iterator[None]:
    """Python's allocations are traced from before the first thread until after the last.

    Before Python 3.12.9 and 3.13.2 a thread that allocates without holding the interpreter's lock
    while `tracemalloc.stop` runs can crash the process (CPython issue 128679).
    """
    if SECONDS:
        yield
        return
    tracemalloc.start()
    yield
    ours = [thread for thread in threading.enumerate() if thread.name.startswith("rnnviz-")]
    for thread in ours:
        thread.join()
    tracemalloc.stop()


@pytest.fixture
def window(tracing: None, qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    make_application()
    themes().set_mode("dark")
    text = tmp_path / "sea.txt"
    text.write_text(TEXT)
    settings = Settings(tmp_path / "settings.ini")
    settings.set("config", (RunConfig() if SECONDS else SMALL).to_dict())
    found = MainWindow(settings, tmp_path / "autosaves" if SECONDS else None)
    qtbot.addWidget(found)
    found.resize(1600, 1000)
    found.show()
    open_run(found, None if SECONDS else str(text), None)
    found.controller.send(commands.Play())
    yield found
    found.end()


def view_of(window: MainWindow) -> RunView:
    view = window.controller.view
    assert view is not None
    return view


def round_trip(window: MainWindow, qtbot: QtBot) -> None:
    """Every page is in sight until it has been drawn a few times, then every panel in a window."""
    deliveries: list[object] = []
    window.controller.delivered.connect(deliveries.append)
    for page, _ in PERSPECTIVES:
        window.show_page(page)
        deliveries.clear()
        qtbot.waitUntil(lambda: len(deliveries) >= DRAWN, timeout=60_000)
    for _, panel in window.panel_windows.panels():
        window.panel_windows.open(panel)
    deliveries.clear()
    qtbot.waitUntil(lambda: len(deliveries) >= DRAWN, timeout=60_000)
    window.panel_windows.close_all()
    window.controller.delivered.disconnect(deliveries.append)


@dataclass
class Count:
    """What could pile up."""

    threads: list[str]
    widgets: Counter[str]
    blocks: int  # of memory that Python's objects have
    array_bytes: int


def count(window: MainWindow, qtbot: QtBot) -> Count:
    """As it is while nothing trains; then it goes on."""
    window.controller.send(commands.Pause())
    qtbot.waitUntil(lambda: not view_of(window).training, timeout=60_000)
    found = _count()
    window.controller.send(commands.Play())
    qtbot.waitUntil(lambda: view_of(window).training, timeout=60_000)
    return found


def _count() -> Count:
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    arrays = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
    not_history = tracemalloc.Filter(False, series.__file__)
    traces = tracemalloc.take_snapshot().filter_traces([arrays, not_history])
    return Count(
        threads=sorted(thread.name for thread in threading.enumerate()),
        widgets=Counter(type(widget).__name__ for widget in QApplication.allWidgets()),
        # The objects themselves must not be touched: other threads may be making them.
        blocks=sys.getallocatedblocks(),
        array_bytes=sum(entry.size for entry in traces.statistics("filename")),
    )


def events_of(view: RunView) -> int:
    """Records that are kept for good, besides the columns."""
    kept = view.history
    return len(kept.validations) + len(kept.samples) + len(kept.events)


def test_nothing_piles_up_while_every_page_is_looked_at(window: MainWindow, qtbot: QtBot) -> None:
    if SECONDS:
        pytest.skip("the long one is run")
    round_trip(window, qtbot)
    round_trip(window, qtbot)
    view = view_of(window)
    before, steps, events = count(window, qtbot), view.step, events_of(view)
    for _ in range(ROUNDS):
        round_trip(window, qtbot)
    after = count(window, qtbot)
    assert view.step > steps
    assert after.threads == before.threads
    assert after.widgets == before.widgets
    # What is remembered for painting comes and goes: up to 4,000 blocks, of rounds however many.
    assert after.blocks - before.blocks < 6_000 + 20 * (events_of(view) - events)
    # A single answer or inspection may be under way, but a dozen were made.
    assert after.array_bytes - before.array_bytes < 1_000_000


def resident() -> int:
    """Bytes of memory this process has."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # no such file but on Linux: the most it ever had
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def bytes_of(kept: History) -> int:
    """What a history has taken for its columns and their pyramids, as far as it is written."""
    columns = [column for column in vars(kept).values() if isinstance(column, Series)]
    return sum(17 * column.values.nbytes // 15 for column in columns)


@pytest.mark.skipif(not SECONDS, reason="on demand, see above")
def test_memory_of_a_long_run_grows_by_its_history_only(
    window: MainWindow, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    heart = Heartbeat(window)
    heart.start()
    begun = time.monotonic()
    found: list[tuple[float, float, float]] = []  # seconds, bytes, bytes of the history
    names = [name for name, _ in PERSPECTIVES]
    threads: set[int] = set()
    with capsys.disabled():
        say("\nseconds      step  resident MB  history MB  threads  gap p99 ms  longest ms")
        while (now := time.monotonic() - begun) < SECONDS:
            if found:  # at the first look the pages, afterwards all panels at once
                for _, panel in window.panel_windows.panels():
                    window.panel_windows.open(panel)
            window.show_page(names[len(found) % len(names)])
            wait(min(max(SECONDS / 200, 2.0), 20.0))
            kept = view_of(window).history
            found.append((now, resident(), bytes_of(kept)))
            gaps, heart.gaps = heart.gaps, []
            threads.add(threading.active_count())
            say(
                f"{now:7.0f} {view_of(window).step:9,} {resident() / 1e6:12.1f} "
                f"{bytes_of(kept) / 1e6:11.2f} {threading.active_count():8} "
                f"{1000 * (percentile(gaps, 0.99) or 0):11.1f} {1000 * max(gaps, default=0):11.1f}"
            )
    heart.stop()
    assert view_of(window).training
    second_half = np.array(found[len(found) // 2 :])
    seconds, extra = second_half[:, 0], second_half[:, 1] - second_half[:, 2]
    slope = np.polyfit(seconds, extra, 1)[0]
    with capsys.disabled():
        say(f"slope beside the history: {slope * 3600 / 1e6:+.1f} MB an hour")
    assert slope * (seconds[-1] - seconds[0]) < NOISE
    # Counting n-grams and autosaving have threads that come and go.
    assert max(threads) - min(threads) <= 2
