"""The real window, on the Train page, with a preset on a text; what it does when it is asked."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize
from PySide6.QtWidgets import QApplication, QWidget

from rnnviz.app.application import make_application
from rnnviz.app.main_window import MainWindow
from rnnviz.app.pages import GRADIENTS, TRAIN
from rnnviz.app.settings import Settings
from rnnviz.app.snapshot import open_run, wait, wait_until
from rnnviz.engine.blas import blas_info
from rnnviz.measuring.headless_side import WARM_UP
from rnnviz.measuring.heartbeat import Heartbeat, percentile
from rnnviz.measuring.keystrokes import Keystrokes
from rnnviz.measuring.long_history import make_history, next_rows
from rnnviz.panels.theme import themes
from rnnviz.session import commands

SIZE = (1600, 1000)
_FRAMES = 60  # drawn to see what one costs
_STEPS_PER_FRAME = 10


class Counter(QObject):
    """Counts events of one kind that objects get."""

    def __init__(self, kind: QEvent.Type, watched: list[QObject]) -> None:
        super().__init__()
        self.count = 0
        self._kind = kind
        self._watched = watched
        for each in watched:
            each.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """One more."""
        if event.type() == self._kind:
            self.count += 1
        return False

    def remove(self) -> None:
        """Counts no more."""
        for each in self._watched:
            each.removeEventFilter(self)


class WindowSide:
    """Opens the window; trains only while it is asked something."""

    def __init__(self, preset: str, corpus: str) -> None:
        make_application()
        self._folder = tempfile.TemporaryDirectory()
        themes().set_mode("dark")
        self.window = window = MainWindow(Settings(Path(self._folder.name) / "settings.ini"))
        window.resize(QSize(*SIZE))
        window.show()
        open_run(window, corpus, preset)
        # Counting n-grams takes a core for a while.
        wait_until(lambda: self._view.references is not None and bool(self._view.references.ngram))

    @property
    def _view(self):  # type: ignore[no-untyped-def]
        view = self.window.controller.view
        assert view is not None
        return view

    def threads(self) -> dict[str, int]:
        """Processes that share out the batch, and BLAS threads in each."""
        live = self.window.controller.live
        assert live is not None
        return {"processes": live.run.parallelism.processes, "threads": blas_info().threads}

    def train(self, seconds: float) -> dict[str, float]:
        """Speed, frames a second and the share of a core the window's thread takes, Train in front.

        A frame is a pass in which the window paints whatever is due.
        """
        self.window.show_page(TRAIN)
        return self._train(seconds)

    def _train(self, seconds: float) -> dict[str, float]:
        live = self.window.controller.live
        assert live is not None
        trainer, config = live.run.trainer, live.run.config
        frames = Counter(QEvent.Type.UpdateRequest, [self.window])
        with self._playing():
            wait(WARM_UP)
            begun, spent = time.perf_counter(), time.thread_time()
            steps, frames.count = trainer.steps, 0
            wait(seconds)
            steps, taken = trainer.steps - steps, time.perf_counter() - begun
            spent = time.thread_time() - spent
        frames.remove()
        return {
            "characters_per_second": steps * config.batch_size * config.seq_len / taken,
            "frames_per_second": frames.count / taken,
            "window_share": spent / taken,
        }

    @contextmanager
    def _playing(self) -> Iterator[None]:
        self.window.controller.send(commands.Play())
        wait_until(lambda: self._view.training)
        yield
        if not self._view.training:
            raise ArithmeticError(f"training ended by itself: {self._view.state.message}")
        self.window.controller.send(commands.Pause())
        wait_until(lambda: not self._view.training)

    def respond(self, seconds: float) -> dict[str, float | int | None]:
        """Types while it trains: gaps of the event loop and times to the answering bars, in ms."""
        self.window.show_page(TRAIN)
        heart, keys = Heartbeat(), Keystrokes(self.window)
        with self._playing():
            wait(WARM_UP)
            heart.start()
            keys.start()
            wait(seconds)
            keys.stop()
            heart.stop()
        return {
            "loop_gap_p99_ms": _ms(percentile(heart.gaps, 0.99)),
            "loop_gap_max_ms": _ms(max(heart.gaps, default=None)),
            "keystroke_p50_ms": _ms(percentile(keys.seconds, 0.5)),
            "keystroke_p95_ms": _ms(percentile(keys.seconds, 0.95)),
            "keystrokes": len(keys.seconds),
            "keystrokes_missed": keys.missed,
        }

    def hidden(self, seconds: float) -> dict[str, float]:
        """The same as `train` with another page in front for a while, then with no window at all.

        `paints` are the paint events of all that is on the hidden Train page; speed and share are
        those of the window that is hidden as a whole.
        """
        inside: list[QObject] = [self.window.page, *self.window.page.findChildren(QWidget)]
        self.window.show_page(GRADIENTS)
        wait(0.2)
        paints = Counter(QEvent.Type.Paint, inside)
        behind = self._train(seconds / 2)
        paints.remove()
        self.window.hide()
        found = self._train(seconds)
        self.window.show()
        self.window.show_page(TRAIN)
        return {
            "characters_per_second": found["characters_per_second"],
            "window_share": found["window_share"],
            "behind_share": behind["window_share"],
            "paints": paints.count,
        }

    def history(self, steps: int) -> dict[str, float | None]:
        """Processor time of one frame of the Train page over so many steps, in ms.

        Each frame brings a few new steps, and every panel in sight draws anew. The run's own
        history is gone afterwards.
        """
        window, view = self.window, self._view
        window.show_page(TRAIN)
        view.history = make_history(steps)
        window.page.set_view(view)
        window.transport.set_view(view)
        QApplication.processEvents()
        costs = []
        for _ in range(_FRAMES):
            rows = next_rows(view.history, _STEPS_PER_FRAME)
            begun = time.thread_time()
            view.history.add_rows(rows)
            for panel in window.page.panels:
                panel.refresh()
            window.transport.refresh()
            QApplication.sendEvent(window, QEvent(QEvent.Type.UpdateRequest))
            costs.append(time.thread_time() - begun)
        return {"frame_ms": _ms(statistics.median(costs))}

    def end(self) -> None:
        """Closes the window."""
        self.window.end()
        self._folder.cleanup()


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds
