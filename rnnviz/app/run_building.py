"""A run with the network it begins with, made of settings or of a file; work for another thread."""

from __future__ import annotations

from collections.abc import Callable

from rnnviz.paths import cache_folder
from rnnviz.session.autosave import Slot as AutosaveSlot
from rnnviz.session.config import ConfigError, RunConfig, problems
from rnnviz.session.run import Run, build_run
from rnnviz.session.runfile import SavedRun, load_run
from rnnviz.text.corpus import Corpus, CorpusError
from rnnviz.text.sources import load_source

_LONG_TEXT = 20_000_000  # characters
_MUCH_WORK = 2_000_000  # weights, more or less


class OpenedRun:
    """A run file together with the run made of it."""

    def __init__(self, saved: SavedRun, run: Run, slot: AutosaveSlot | None = None) -> None:
        self.saved = saved
        self.run = run
        self.slot = slot  # it comes from there and is no file of the user's
        self.initial = run.initial_network()


class BuiltRun:
    """A new run; building it may take long."""

    def __init__(
        self, config: RunConfig, corpus: Corpus, then: Callable[[], None] | None = None
    ) -> None:
        """`then` is to be called when it has begun."""
        self.run = build_run(config, corpus, cores=None)
        self.initial = self.run.initial_network()
        self.then = then


def built_at_once(config: RunConfig, corpus: Corpus) -> bool:
    """Whether a run is built in so few milliseconds that nobody notices."""
    if problems(config):
        return True  # it is refused at once
    if len(corpus.text) > _LONG_TEXT:
        return False
    units, cells = config.hidden_size, config.num_layers
    work = 4 * cells * units**2
    if config.initialization == "orthogonal" or config.spectral_radius:
        work *= units // 64 + 1  # factors and eigenvalues
    return work <= _MUCH_WORK


def counted_through(corpus: Corpus) -> Corpus:
    """The same text with all that is computed of it once, so that the window need not wait."""
    _ = corpus.vocabulary, corpus.indices, corpus.frequencies
    return corpus


def open_run(
    path: str,
    slot: AutosaveSlot | None = None,
    corpus: Corpus | None = None,
    wanted: RunConfig | None = None,
) -> OpenedRun:
    """Reads a run file and the text it was trained on, and puts the two together.

    A model without a run is put together with the present text and the settings of Setup. Raises
    ConfigError when the text is gone or another, and what reading the file raises.
    """
    saved = load_run(path)
    if saved.config is None or saved.trainer is None:
        wanted = wanted or RunConfig()
        corpus = corpus or counted_through(load_source(wanted.corpus, cache_folder()))
        return OpenedRun(saved, saved.start(corpus, wanted, cores=None))
    try:
        encoding = saved.corpus_encoding if saved.corpus_encoding == "latin-1" else None
        corpus = counted_through(load_source(saved.corpus_origin, cache_folder(), encoding))
    except (CorpusError, OSError) as error:
        raise ConfigError(
            f"{saved.path.name} was trained on {saved.corpus_name}, "
            f"which could not be read: {error}"
        ) from error
    if not saved.belongs_to(corpus):
        raise ConfigError(
            f"{saved.path.name} was trained on {saved.corpus_name}, but {saved.corpus_origin} "
            "has another content now; put the old text back to go on"
        )
    return OpenedRun(saved, saved.restore(corpus, cores=None), slot)
