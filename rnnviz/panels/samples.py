"""The samples panel: text the network wrote while it learned, by decade of steps or as a stream."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtGui import QAction, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QLabel, QStackedWidget, QWidget

from rnnviz.files import reason, write_text
from rnnviz.panels.base import Panel
from rnnviz.panels.decade_columns import SLOTS, DecadeColumns
from rnnviz.panels.sample_stream import MOST_SAMPLES, SampleStream
from rnnviz.panels.sample_strip import SampleStrip
from rnnviz.panels.sample_text import as_text
from rnnviz.panels.sizing import margins
from rnnviz.panels.table import Table
from rnnviz.panels.theme import px
from rnnviz.panels.translate import tr
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.session.frames import Sample
from rnnviz.session.view import RunView

_NARROW = 600  # of the panel: below it the first and the newest only


class SamplesPanel(Panel):
    """What the network wrote, early and late."""

    interval = 0.25

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Samples"), "", parent)
        self.note = QLabel()
        self.note.setProperty("role", "muted")
        self.mode = Segmented(
            [("decade", self.tr("By decade")), ("stream", self.tr("Stream"))],
            self.tr("Arrangement of the samples"),
        )
        self.mode.set_tips(
            {
                "decade": self.tr("One sample per decade of steps, and the newest"),
                "stream": self.tr("Every sample in order"),
            }
        )
        self.add_header_control(self.note)
        self.add_header_control(self.mode)
        self.columns = DecadeColumns()
        self.stream = SampleStream()
        self.stream.setPlaceholderText(self.columns.empty)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.columns)
        self._stack.addWidget(self.stream)
        self.strip = SampleStrip(self.tr("Sample"))
        self.strip.hide()
        margins(self.body, 12, 0, 12, 8)
        self.body.addWidget(self._stack, 1)
        self.body.addWidget(self.strip, 1)
        self.menu.addSeparator()
        self._copy_action = self.menu.addAction(self.tr("Copy newest sample"), self.copy_newest)
        self._hold_action = QAction(self.tr("Pin the newest sample"), self, checkable=True)
        self._hold_action.triggered.connect(self._hold_newest)
        self.menu.addAction(self._hold_action)
        self._save_action = self.menu.addAction(self.tr("Save samples as text…"), self.save_text)
        self.mode.changed.connect(self._mode_chosen)
        self.columns.sample_opened.connect(self.open_sample)
        self.columns.pins_changed.connect(self._show_words)
        self._show_words()

    # What the window calls.

    def set_view(self, view: RunView) -> None:
        """A new run: forgets the old one's samples."""
        self.columns.clear()
        self.stream.clear_samples()
        super().set_view(view)

    def refresh(self) -> None:
        """Takes the samples that are new, in the arrangement that is shown."""
        if self.view is not None:
            samples = self.view.history.samples
            self.strip.show_sample(samples[-1] if samples else None, self.columns.empty)
            if self.mode.current() == "stream":
                self.stream.show_samples(samples)
            else:
                self.columns.show_samples(samples)
        self._show_words()

    def set_strip(self, on: bool) -> None:
        """The newest sample alone, in a few lines beside its step."""
        self._header.setHidden(on)
        self._stack.setHidden(on)
        self.strip.setVisible(on)

    def apply_theme(self) -> None:
        """Colours of the theme in force."""
        self.strip.update()
        self.columns.recolour()
        self.stream.restyle()

    def set_mode(self, mode: str) -> None:
        """`decade` or `stream`."""
        self.mode.set_current(mode)
        self._mode_chosen(mode)

    def choices(self) -> dict[str, Any]:
        """The arrangement."""
        return {"mode": self.mode.current()}

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Takes it back."""
        mode = choices.get("mode")
        if mode in self.mode.options():
            self.set_mode(str(mode))

    # Actions.

    def copy_newest(self) -> None:
        """Puts the newest sample's text on the clipboard."""
        if self.view is not None and self.view.history.samples:
            QGuiApplication.clipboard().setText(self.view.history.samples[-1].text)

    def save_text(self) -> None:
        """Asks where, and writes all samples of the run there."""
        if self.view is None or not self.view.history.samples:
            return
        path, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save samples"), "samples.txt", self.tr("Text (*.txt)")
        )
        if not path:
            return
        try:
            write_text(Path(path), as_text(self.view.history.samples))
        except OSError as problem:
            words = self.tr("could not write {0}: {1}")
            self.set_clause(words.format(Path(path).name, reason(problem)))

    def _mode_chosen(self, mode: str) -> None:
        self._stack.setCurrentWidget(self.stream if mode == "stream" else self.columns)
        self.refresh()

    def _hold_newest(self, on: bool) -> None:
        self.set_mode("decade")
        self.columns.hold(self.columns.newest() if on else None)

    def reset_view(self) -> None:
        """By decade, nothing pinned, the stream at its end."""
        self.columns.let_go()
        self.set_mode("decade")
        self.stream.jump_down()

    def table(self) -> Table | None:
        """Every sample of the run."""
        samples = self.view.history.samples if self.view is not None else []
        return Table(
            ("step", "loss (nats/char)", "temperature", "text", "problem"),
            (
                [sample.step for sample in samples],
                [sample.loss for sample in samples],
                [sample.temperature for sample in samples],
                [sample.text for sample in samples],
                [sample.problem for sample in samples],
            ),
        )

    def help_text(self) -> str:
        """What it shows and how to read it."""
        return self.tr(
            "Text the network has written from a line end, one sample for each tenfold of steps "
            "and the newest at the right, with the training loss of that moment. "
            "Read from left to right how letters, words and lines are learned; a click pins a "
            "column, a double click shows all of the text."
        )

    def open_sample(self, sample: Sample) -> None:
        """Shows a sample whole, among those around it."""
        self.set_mode("stream")
        self.stream.show_sample(sample)

    # Words.

    def _show_words(self) -> None:
        samples = self.view.history.samples if self.view is not None else []
        self._copy_action.setEnabled(bool(samples))
        self._hold_action.setEnabled(bool(samples))
        self._hold_action.setChecked(self.columns.held() is not None)
        self._save_action.setEnabled(bool(samples))
        if self.view is not None:
            first = self.view.config.sample_every or 10
            self.columns.empty = self.tr("First sample at step {0}").format(f"{first:,}")
            if self.view.step > first:
                self.columns.empty = self.tr("The next sample comes while it trains")
            self.stream.setPlaceholderText(self.columns.empty)
            temperature = f"{self.view.in_force.temperature:.2f}"
            self.note.setText(self.tr("temperature {0}").format(temperature))
        if not samples:
            self.set_clause("")
        elif self.mode.current() == "decade":
            if self.columns.slots == 1:
                self.set_clause(self.tr("the first and the newest"))
            else:
                self.set_clause(self.tr("by decade of steps, newest on the right"))
        elif len(samples) > MOST_SAMPLES:
            self.set_clause(
                self.tr("the last {0} of {1}").format(f"{MOST_SAMPLES:,}", f"{len(samples):,}")
            )
        else:
            self.set_clause(self.tr("all of this run, newest at the bottom"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow panel shows the first and the newest only."""
        super().resizeEvent(event)
        self.columns.set_slots(1 if self.width() < px(_NARROW) else SLOTS)
        self._show_words()
