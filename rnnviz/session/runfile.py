"""A whole run in one safetensors file: the model as PyTorch reads it, and what continuing needs.

Beside the model's tensors the file holds the optimizer and the hidden state (`trainer.*`) and, in
the metadata's `config`, the sections `model`, `run` (all settings), `corpus` (which text, with its
checksum) and `trainer` (position, step, generator).
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnnviz.engine.checkpoint import LoadedModel, load_model, printable, save_model
from rnnviz.engine.errors import EngineError
from rnnviz.engine.trainer import TrainerState
from rnnviz.session.config import ConfigError, RunConfig
from rnnviz.session.run import Run, build_run
from rnnviz.text.corpus import Corpus

_PREFIX = "trainer."
_LONGEST = 300  # characters of what a message cites from a file
_MOST_SECONDS = 1e10  # three centuries of training


def checksum(text: str) -> str:
    """SHA-256 of a text as UTF-8, to tell whether a run meets its own text again."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def save_run(path: str | os.PathLike[str], run: Run, seconds: float = 0.0) -> None:
    """Writes a run so that it can be used as a model and continued; the old file survives a crash.

    Only the thread that trains the run, or nobody while it does, may call this.
    """
    state = run.trainer.state_dict(include_parameters=False)
    trainer = run.trainer
    config = run.config.with_changes(
        learning_rate=trainer.learning_rate,
        clip_kind=trainer.clipping.kind,
        clip_threshold=trainer.clipping.threshold,
        optimizer=trainer.optimizer.name,
    )
    sections = {
        "run": config.to_dict(),
        "corpus": {
            "name": run.corpus.name,
            "origin": run.corpus.origin,
            "encoding": run.corpus.encoding,
            "characters": len(run.corpus.text),
            "sha256": checksum(run.corpus.text),
        },
        "trainer": {**state["values"], "seconds": seconds},
    }
    save_model(
        path,
        run.network,
        run.vocabulary.characters,
        extra_metadata={"config": json.dumps(sections)},
        extra_tensors={_PREFIX + name: array for name, array in state["tensors"].items()},
    )


@dataclass(frozen=True)
class SavedRun:
    """What a run file holds; a model from elsewhere has no settings, text or trainer."""

    path: Path
    model: LoadedModel
    config: RunConfig | None
    corpus_name: str
    corpus_origin: str
    corpus_encoding: str
    corpus_sha256: str
    trainer: TrainerState | None
    seconds: float

    def belongs_to(self, corpus: Corpus) -> bool:
        """Whether a text is the very one the run was trained on."""
        return bool(self.corpus_sha256) and checksum(corpus.text) == self.corpus_sha256

    def restore(self, corpus: Corpus) -> Run:
        """The run as it was saved, ready to continue bit for bit; `corpus` must belong to it.

        Raises `ConfigError` with one sentence when the file's parts contradict one another.
        """
        where = printable(self.path.name)
        if self.config is None or self.trainer is None:
            raise ConfigError(f"{where} holds a model only, nothing to continue")
        if not self.belongs_to(corpus):
            raise ConfigError(f"{where} was trained on another text than {corpus.name}")
        if self.model.vocabulary != corpus.vocabulary.characters:
            raise _contradiction(where, "its vocabulary is not that of its text")
        if self.config.model_config(corpus.vocabulary.size) != self.model.network.config:
            raise _contradiction(where, "its settings are not those of its network")
        try:
            run = build_run(self.config, corpus, self.model.network)
            run.trainer.load_state_dict(self.trainer)
        # The states of the optimizer, of the generator and of the text each check themselves, as
        # strictly as their own type needs it.
        except (ValueError, TypeError, KeyError, ArithmeticError, AttributeError) as error:
            raise _contradiction(where, str(error) or type(error).__name__) from error
        return run


def load_run(path: str | os.PathLike[str]) -> SavedRun:
    """Reads and checks a run file; raises `EngineError` or `ConfigError` with one sentence."""
    file = Path(path)
    model = load_model(file)
    sections = model.config
    where = printable(file.name)
    config = None
    if "run" in sections:
        try:
            config = RunConfig.from_mapping(_mapping(sections["run"], where, "run"), "run")
        except ConfigError as error:
            raise ConfigError(
                f"{where} has settings that can't be used ({printable(str(error), _LONGEST)}): "
                "use another copy of the file or a newer rnnviz",
                error.field,
            ) from error
    corpus = _mapping(sections.get("corpus", {}), where, "corpus")
    trainer: TrainerState | None = None
    seconds = 0.0
    if "trainer" in sections:
        values = dict(_mapping(sections["trainer"], where, "trainer"))
        seconds = _seconds(values.pop("seconds", 0.0))
        _check_counts(values, where)
        trainer = {
            "tensors": {
                name.removeprefix(_PREFIX): array
                for name, array in model.tensors.items()
                if name.startswith(_PREFIX)
            },
            "values": values,
        }
        for name, array in trainer["tensors"].items():
            if array.dtype.kind == "f" and np.isnan(array).any():
                raise _contradiction(where, f"{printable(name, 80)} has values that are no numbers")
    return SavedRun(
        path=file,
        model=model,
        config=config,
        corpus_name=printable(_text(corpus, "name"), 200),
        corpus_origin=_text(corpus, "origin"),
        corpus_encoding=_text(corpus, "encoding"),
        corpus_sha256=_text(corpus, "sha256"),
        trainer=trainer,
        seconds=seconds,
    )


def _contradiction(where: str, cause: str) -> ConfigError:
    return ConfigError(
        f"{where} can't be continued ({printable(cause, _LONGEST)}): use another copy of the file"
    )


def _text(section: dict[str, Any], key: str) -> str:
    value = section.get(key, "")
    return value if isinstance(value, str) else ""


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if 0 <= value < _MOST_SECONDS else 0.0  # NaN is not


def _check_counts(values: dict[str, Any], where: str) -> None:
    """Steps and characters go into 64-bit columns; a float holds them exactly below 2^53."""
    for name in ("step", "characters"):
        count = values.get(name, 0)
        if type(count) is int and count >= 2**53:
            raise _contradiction(where, f"its number of {name} is beyond all bounds")
    progress = values.get("progress")
    if isinstance(progress, int | float) and not 0 <= progress <= 1e15:
        raise _contradiction(where, "its progress is beyond all bounds")


def _mapping(value: Any, where: str, section: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EngineError(
            f"{where} has a config whose section {section} is not an object: "
            "use another copy of the file"
        )
    return value
