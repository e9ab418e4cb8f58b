"""The text to learn, as Setup shows it: a list to choose from, its symbols, and how it loads."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from rnnviz.panels.base import ElidedLabel
from rnnviz.panels.sizing import tall
from rnnviz.panels.theme import icon, themes
from rnnviz.panels.widgets.choice import Choice
from rnnviz.panels.widgets.field_row import FieldRow
from rnnviz.panels.widgets.plain_tip import plain_tip
from rnnviz.panels.widgets.vocabulary_strip import VocabularyStrip
from rnnviz.text.corpus import Corpus
from rnnviz.text.sources import Source

_OPEN_FILE = "open-file"


class CorpusField(QWidget):
    """Asks for a text; that it is there says `show_corpus`."""

    source_chosen = Signal(str)  # id of a source
    open_requested = Signal()
    cancel_requested = Signal()  # of a download or of loading

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wanted = ""  # id or path
        self._size: tuple[str, ...] = ("",)  # of the wanted text, in words and in fewer
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self.choice = Choice(self.tr("Corpus"))
        self.choice.setToolTip(self.tr("The text to learn; a file may be dropped on the window"))
        self.choice.activated.connect(self._activated)
        self.row = FieldRow(self.tr("Corpus"), self.choice)
        self.strip = VocabularyStrip()
        self.note = ElidedLabel()  # below the list, or beside its label
        self.note.setProperty("role", "caption")
        for widget in (self.row, self.strip, self.note, self._make_progress()):
            self._box.addWidget(widget)
        themes().changed.connect(self._apply_theme)

    def _make_progress(self) -> QWidget:
        self.loading = QWidget()
        line = QHBoxLayout(self.loading)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.cancel = QPushButton(self.tr("Cancel"))
        tall(self.cancel, 24)
        self.cancel.setToolTip(self.tr("Stops loading; the text that is there stays"))
        self.cancel.clicked.connect(self.cancel_requested)
        line.addWidget(self.progress, 1)
        line.addWidget(self.cancel)
        self.loading.hide()
        return self.loading

    def set_sources(self, sources: list[Source], current: str) -> None:
        """Fills the list of texts; `current` is an id, or the path of a file of the user's."""
        self.choice.clear()
        for source in sources:
            self.choice.addItem(source.title, source.id)
            index = self.choice.count() - 1
            self.choice.setItemData(index, plain_tip(source.note), Qt.ItemDataRole.ToolTipRole)
            if not source.local:
                self.choice.setItemIcon(index, icon("download"))
        self.choice.addItem(self.tr("Open a text file…"), _OPEN_FILE)
        self._select(current)

    def sources(self) -> list[tuple[str, str, str]]:
        """Title, id or path, and note of every text in the list."""
        note = Qt.ItemDataRole.ToolTipRole
        return [
            (
                self.choice.itemText(i),
                self.choice.itemData(i),
                self.choice.itemData(i, note) or "",
            )
            for i in range(self.choice.count())
            if self.choice.itemData(i) != _OPEN_FILE
        ]

    def _select(self, current: str) -> None:
        index = self.choice.findData(current)
        if index >= 0:
            self.choice.setCurrentIndex(index)

    def show_corpus(self, corpus: Corpus) -> None:
        """The wanted text has been loaded."""
        self._wanted = corpus.origin
        self.strip.show_counts(corpus.vocabulary, corpus.frequencies)
        length = len(corpus.text)
        size = f"{length / 1e6:.2f} M" if length >= 1e6 else f"{length:,}"
        words, short = self.tr("{0} characters · {1} symbols"), self.tr("{0} · {1} symbols")
        if corpus.excerpt:
            words = self.tr("first {0} characters · {1} symbols")
            short = self.tr("first {0} · {1} symbols")
        symbols = corpus.vocabulary.size
        self._size = tuple(form.format(size, symbols) for form in (words, short))
        self.set_busy("")
        if self.choice.findData(corpus.origin) < 0:
            index = self.choice.count() - 1
            self.choice.insertItem(index, corpus.name, corpus.origin)
            tip = plain_tip(corpus.origin)
            self.choice.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        self._select(corpus.origin)

    def set_busy(self, words: str, share: float | None = None) -> None:
        """Loading or downloading: `share` in [0, 1], None while unknown; empty words end it."""
        self.loading.setVisible(bool(words))
        if words:
            self.note.setText(words)
            self.progress.setRange(0, 0 if share is None else 1000)
            if share is not None:
                self.progress.setValue(round(1000 * share))
        else:
            self.note.setText(*self._size)
            self._select(self._wanted)

    def set_wanted(self, origin: str, pending: bool) -> None:
        """The text of the wanted settings, and whether it waits for a restart."""
        self._wanted = origin
        state = "pending" if pending else ""
        if self.choice.property("state") != state:
            self.choice.setProperty("state", state)
            self.choice.style().unpolish(self.choice)
            self.choice.style().polish(self.choice)
        self.row.set_was(self.tr("waits for restart") if pending else "")

    def _activated(self, index: int) -> None:
        chosen = self.choice.itemData(index)
        if chosen == _OPEN_FILE:
            self._select(self._wanted)
            self.open_requested.emit()
        elif chosen != self._wanted:
            self.source_chosen.emit(chosen)

    def set_compact(self, compact: bool, spacing: int) -> None:
        """Closer, and without the symbols; `spacing` in pixels.

        The list keeps all of the width, which titles and names of files need; what stands below
        it goes beside the label.
        """
        align = Qt.AlignmentFlag.AlignRight if compact else Qt.AlignmentFlag.AlignLeft
        self.note.setAlignment(align | Qt.AlignmentFlag.AlignVCenter)
        if compact:
            self.row.put_beside_label(self.note)
        else:
            self._box.insertWidget(self._box.indexOf(self.strip) + 1, self.note)
        self.strip.setVisible(not compact)
        self._box.setSpacing(spacing)

    def _apply_theme(self) -> None:
        for index in range(self.choice.count()):
            if not self.choice.itemIcon(index).isNull():
                self.choice.setItemIcon(index, icon("download"))
