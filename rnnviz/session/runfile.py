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

from rnnviz.engine.checkpoint import LoadedModel, load_model, save_model
from rnnviz.engine.errors import EngineError
from rnnviz.engine.trainer import TrainerState
from rnnviz.session.config import ConfigError, RunConfig
from rnnviz.session.run import Run, build_run
from rnnviz.text.corpus import Corpus

_PREFIX = "trainer."


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

    def restore(self, corpus: Corpus, cores: int | None = 1) -> Run:
        """The run as it was saved, ready to continue bit for bit; `corpus` must belong to it.

        For `cores` see `build_run`.
        """
        if self.config is None or self.trainer is None:
            raise ConfigError(f"{self.path.name} holds a model only, nothing to continue")
        if not self.belongs_to(corpus):
            raise ConfigError(f"{self.path.name} was trained on another text than {corpus.name}")
        run = build_run(self.config, corpus, self.model.network, cores)
        run.trainer.load_state_dict(self.trainer)
        return run


def load_run(path: str | os.PathLike[str]) -> SavedRun:
    """Reads and checks a run file; raises `EngineError` or `ConfigError` with one sentence."""
    file = Path(path)
    model = load_model(file)
    sections = model.config
    where = file.name
    config = None
    if "run" in sections:
        config = RunConfig.from_mapping(_mapping(sections["run"], where, "run"), f"{where}: run")
    corpus = _mapping(sections.get("corpus", {}), where, "corpus")
    trainer: TrainerState | None = None
    seconds = 0.0
    if "trainer" in sections:
        values = dict(_mapping(sections["trainer"], where, "trainer"))
        given = values.pop("seconds", 0.0)
        seconds = float(given) if isinstance(given, int | float) else 0.0
        trainer = {
            "tensors": {
                name.removeprefix(_PREFIX): array
                for name, array in model.tensors.items()
                if name.startswith(_PREFIX)
            },
            "values": values,
        }
    return SavedRun(
        path=file,
        model=model,
        config=config,
        corpus_name=str(corpus.get("name", "")),
        corpus_origin=str(corpus.get("origin", "")),
        corpus_encoding=str(corpus.get("encoding", "")),
        corpus_sha256=str(corpus.get("sha256", "")),
        trainer=trainer,
        seconds=seconds,
    )


def _mapping(value: Any, where: str, section: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EngineError(f"{where}: the section {section} of its config is not an object")
    return value
