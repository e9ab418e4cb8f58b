"""What becomes of a text that was asked for: it is learned, it waits in Setup, or it is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from rnnviz.paths import cache_folder
from rnnviz.session.config import RunConfig, fitted, problems
from rnnviz.text.corpus import Corpus
from rnnviz.text.sources import DEFAULT_ID, list_local_sources, list_sources

if TYPE_CHECKING:
    from rnnviz.app.main_window import MainWindow


class TextIntake(QObject):
    """Between the loader and Setup, which shows the texts."""

    refused = Signal(str)  # one sentence: a file, text or run could not be used

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.config: RunConfig | None = None  # to begin with once the text is there
        self.asked_for = ""  # the file that is being opened
        self._falling_back = False  # to the bundled play, because what was asked for is unusable
        loader = window.controller.loader
        loader.text_loaded.connect(self._loaded)
        loader.refused.connect(self._refused)
        loader.encoding_refused.connect(self._encoding_refused)

    def wanted(self) -> RunConfig:
        """The settings a run would have that began now."""
        return self.config or self._window.setup.wanted

    def fill_sources(self, current: str) -> None:
        """The list of texts in Setup; a broken catalogue is told, and the rest is offered."""
        try:
            sources = list_sources(cache_folder())
        except (ValueError, OSError) as error:
            self._window.say_later(str(error))
            sources = list_local_sources()
        self._window.setup.set_sources(sources, current)

    def run_begun(self) -> bool:
        """Nothing is asked for any more; returns whether the bundled play stood in."""
        fell_back, self._falling_back = self._falling_back, False
        self.config = None
        return fell_back

    def run_opened(self) -> None:
        """The file asked for was a run, and it could be used."""
        self.asked_for = ""

    @Slot(object)
    def _loaded(self, corpus: Corpus) -> None:
        window, wanted = self._window, self.wanted()
        if {"batch_size", "seq_len"} & set(problems(wanted, len(corpus.text))):
            self._refuse_short(corpus, wanted)
            return
        begin = self.config is not None
        self.config, self.asked_for = None, ""
        window.controller.corpus = corpus
        if not self._falling_back:
            window.notice.dismiss()
        self.fill_sources(window.setup.wanted.corpus)
        if begin:
            window.setup.set_wanted(wanted)
        window.setup.set_corpus(corpus)
        if corpus.excerpt:
            window.say_later(corpus.excerpt)
        if not begin:
            window.undo.text_chosen(corpus.origin, corpus.name)
        waits = not begin and not window.runs.is_untouched()
        # A file enters the list once it could be used; a bundled text is in Setup's list.
        if (waits or window.runs.start_wanted()) and Path(corpus.origin).is_absolute():
            window.recent.add(corpus.origin)
        window.say_waiting()

    def _refuse_short(self, corpus: Corpus, wanted: RunConfig) -> None:
        """A text too short for a window in every stream changes nothing; one click makes it fit."""
        sentence = self.tr(
            "{0} has {1:,} characters, too few for a batch of {2:,} with sequences of {3:,}."
        ).format(corpus.name, len(corpus.text), wanted.batch_size, wanted.seq_len)
        smaller = fitted(wanted, len(corpus.text))

        def fit() -> None:
            self.config = smaller
            self._loaded(corpus)

        actions = []
        if smaller is not None:
            words = self.tr("Use batch {0:,}, sequence {1:,}")
            actions.append((words.format(smaller.batch_size, smaller.seq_len), fit))
        self.refuse(sentence, "warn", actions)

    def _refused(self, sentence: str) -> None:
        self._window.recent.forget(self.asked_for)
        self.refuse(sentence)

    def _encoding_refused(self, sentence: str, path: str) -> None:
        wanted = self.config

        def read_as_latin_1() -> None:
            self.config = wanted
            self._window.controller.open_path(path, "latin-1")

        self.refuse(sentence, "warn", [(self.tr("Read it as Latin-1"), read_as_latin_1)])

    def refuse(
        self,
        sentence: str,
        kind: str = "danger",
        actions: Sequence[tuple[str, Callable[[], None]]] = (),
    ) -> None:
        """Says why; what was open stays open. At the start the bundled play takes its place."""
        window = self._window
        self.config = None
        window.runs.play_after_start = False
        window.setup.set_busy("")
        window.notice.say(sentence, kind, actions)
        if window.controller.view is None and not self._falling_back:
            self._falling_back = True
            self.config = RunConfig()
            window.controller.loader.choose_source(DEFAULT_ID)
        self.refused.emit(sentence)
