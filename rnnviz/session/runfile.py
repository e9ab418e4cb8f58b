"""A whole run in one safetensors file: the model as PyTorch reads it, and what continuing needs.

Beside the model's tensors the file holds the optimizer and the hidden state (`trainer.*`), the full
history (`history.*`), the weights with the lowest validation loss (`best.*`) and, in the metadata's
`config`, the sections `model`, `run` (all settings), `corpus` (which text, with its checksum),
`trainer` (position, step, generator), `runner` (clocks and averages), `best` and `view` (what the
panels showed). Files of earlier versions lack some of them and still open.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from rnnviz.engine.checkpoint import CheckpointError, LoadedModel, load_model, save_model
from rnnviz.engine.errors import EngineError
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.state_dict import is_state_dict, load_state_dict
from rnnviz.engine.trainer import TrainerState
from rnnviz.session.config import ConfigError, RunConfig
from rnnviz.session.frames import Row
from rnnviz.session.record import Record
from rnnviz.session.run import Run, build_run, checksum
from rnnviz.text.catalogue import CatalogueError
from rnnviz.text.corpus import Corpus
from rnnviz.text.sources import list_sources
from rnnviz.text.vocabulary import Vocabulary

_TRAINER, _HISTORY, _BEST = "trainer.", "history.", "best."


@dataclass(frozen=True)
class Best:
    """The weights that had the lowest validation loss (nats per character), and when."""

    step: int
    loss: float
    parameters: Parameters


@dataclass(frozen=True)
class Checkpoint:
    """A run between two steps, copied; any thread may write it to a file while training goes on."""

    step: int
    network: Network
    vocabulary: Vocabulary
    sections: Mapping[str, Any]
    tensors: Mapping[str, NDArray[Any]]
    last_row: Row | None  # the newest one, where the history has to end
    seconds: float  # which the copying took
    path: str = ""  # where it was asked to go
    automatic: bool = False  # nobody asked for it


def take_checkpoint(
    run: Run,
    runner: Mapping[str, Any] | None = None,
    *,
    temperature: float | None = None,
    best: Best | None = None,
    last_row: Row | None = None,
    path: str = "",
    automatic: bool = False,
) -> Checkpoint:
    """Copies all that continuing needs; `runner` is the runner's own state, for its section.

    Only the thread that trains the run, or nobody while it does, may call this.
    """
    begun = time.perf_counter()
    trainer = run.trainer
    state = trainer.state_dict(include_parameters=False)
    config = run.config.with_changes(
        learning_rate=trainer.learning_rate,
        clip_kind=trainer.clipping.kind,
        clip_threshold=trainer.clipping.threshold,
        optimizer=trainer.optimizer.name,
        temperature=run.config.temperature if temperature is None else temperature,
    )
    sections: dict[str, Any] = {
        "run": config.to_dict(),
        "corpus": {
            "name": run.corpus.name,
            "origin": _lasting(run.corpus.origin),
            "encoding": run.corpus.encoding,
            "characters": len(run.corpus.text),
            "sha256": run.text_checksum,
        },
        "trainer": state["values"],
    }
    if runner is not None:
        sections["runner"] = dict(runner)
    tensors = {_TRAINER + name: array for name, array in state["tensors"].items()}
    if best is not None:
        sections["best"] = {"step": best.step, "loss": best.loss}
        tensors |= {_BEST + name: array for name, array in best.parameters.items()}
    network = run.network.snapshot()
    return Checkpoint(
        step=trainer.steps,
        network=network,
        vocabulary=run.vocabulary,
        sections=sections,
        tensors=tensors,
        last_row=last_row,
        seconds=time.perf_counter() - begun,
        path=path,
        automatic=automatic,
    )


def write_checkpoint(
    path: str | os.PathLike[str],
    checkpoint: Checkpoint,
    record: Record | None = None,
    view: Mapping[str, Any] | None = None,
) -> None:
    """Writes a file that is a model, and a run to go on with; the old file survives a crash.

    `record` is the history up to the checkpoint's step, `view` what the panels showed, as JSON
    values. CheckpointError, one sentence, when the file cannot be written.
    """
    sections = dict(checkpoint.sections)
    tensors = dict(checkpoint.tensors)
    if view is not None:
        sections["view"] = dict(view)
    if record is not None:
        tensors |= {_HISTORY + name: array for name, array in record.tensors().items()}
    save_model(
        path,
        checkpoint.network,
        checkpoint.vocabulary.characters,
        extra_metadata={"config": json.dumps(sections)},
        extra_tensors=tensors,
    )


def save_run(
    path: str | os.PathLike[str], run: Run, seconds: float = 0.0, record: Record | None = None
) -> None:
    """Writes a run on the spot, with `seconds` of training done; see `write_checkpoint`."""
    write_checkpoint(path, take_checkpoint(run, {"seconds": seconds}), record)


def write_best(
    path: str | os.PathLike[str], model: ModelConfig, vocabulary: Vocabulary, best: Best | None
) -> None:
    """Writes the weights with the lowest validation loss as a model of their own.

    CheckpointError when there are none yet, or when the file cannot be written.
    """
    if best is None:
        raise CheckpointError(
            "There are no best weights yet: they are kept from the first validation on."
        )
    save_model(
        path,
        Network(model, best.parameters.copy()),
        vocabulary.characters,
        extra_metadata={"config": json.dumps({"best": {"step": best.step, "loss": best.loss}})},
    )


@cache
def _lasting(origin: str) -> str:
    """The origin of a text so that it is found from any folder: an id, or an absolute path."""
    if not Path(origin).exists():
        return origin
    try:
        if any(source.id == origin for source in list_sources()):
            return origin
    except (CatalogueError, OSError):
        pass
    return str(Path(origin).absolute())


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
    runner: dict[str, Any] = field(default_factory=dict)
    view: dict[str, Any] = field(default_factory=dict)
    record: Record | None = None
    best: Best | None = None

    def belongs_to(self, corpus: Corpus) -> bool:
        """Whether a text is the very one the run was trained on."""
        return bool(self.corpus_sha256) and checksum(corpus.text) == self.corpus_sha256

    def start(self, corpus: Corpus, wanted: RunConfig, cores: int | None = 1) -> Run:
        """A run that begins with the weights of a model without settings of its own.

        It trains on `corpus` as `wanted` says in all that the model does not settle. For
        `cores` see `build_run`.
        """
        model = self.model.network.config
        names = ("cell", "activation", "num_layers", "hidden_size", "dtype")
        options = ("peepholes", "dropout", "layer_norm", "residual")
        config = wanted.with_changes(
            corpus=corpus.origin, **{name: getattr(model, name) for name in names + options}
        )
        vocabulary = Vocabulary(self.model.vocabulary)
        return build_run(config, corpus, self.model.network, cores, vocabulary=vocabulary)

    def restore(self, corpus: Corpus, cores: int | None = 1) -> Run:
        """The run as it was saved, ready to continue bit for bit; `corpus` must belong to it.

        For `cores` see `build_run`.
        """
        if self.config is None or self.trainer is None:
            raise ConfigError(f"{self.path.name} holds a model only, nothing to continue")
        if not self.belongs_to(corpus):
            raise ConfigError(f"{self.path.name} was trained on another text than {corpus.name}")
        vocabulary = Vocabulary(self.model.vocabulary)
        run = build_run(self.config, corpus, self.model.network, cores, vocabulary=vocabulary)
        run.trainer.load_state_dict(self.trainer)
        return run


def load_run(path: str | os.PathLike[str]) -> SavedRun:
    """Reads and checks a run file; raises `EngineError` or `ConfigError` with one sentence."""
    file = Path(path)
    model = load_state_dict(file) if is_state_dict(file) else load_model(file)
    sections = model.config
    where = file.name
    config = None
    if "run" in sections:
        config = RunConfig.from_mapping(_mapping(sections["run"], where, "run"), f"{where}: run")
    corpus = _mapping(sections.get("corpus", {}), where, "corpus")
    trainer: TrainerState | None = None
    runner = _mapping(sections.get("runner", {}), where, "runner")
    seconds = runner.get("seconds", 0.0)
    if "trainer" in sections:
        values = dict(_mapping(sections["trainer"], where, "trainer"))
        seconds = values.pop("seconds", seconds)  # where it stood before there was a runner's
        trainer = {"tensors": _tensors(model, _TRAINER), "values": values}
    return SavedRun(
        path=file,
        model=model,
        config=config,
        corpus_name=str(corpus.get("name", "")),
        corpus_origin=str(corpus.get("origin", "")),
        corpus_encoding=str(corpus.get("encoding", "")),
        corpus_sha256=str(corpus.get("sha256", "")),
        trainer=trainer,
        seconds=float(seconds) if _is_number(seconds) else 0.0,
        runner=runner,
        view=_mapping(sections.get("view", {}), where, "view"),
        record=_record(model, file),
        best=_best(model, sections, file),
    )


@dataclass(frozen=True)
class Summary:
    """What a run file says of itself without being read whole."""

    path: Path
    step: int
    seconds: float
    what: str  # such as "GRU 1 × 128 on The Salt Crown"
    written: float  # seconds since the epoch


def summary(path: str | os.PathLike[str]) -> Summary:
    """Reads the head of a run file; `CheckpointError` when it is none."""
    file = Path(path)
    try:
        with safe_open(file, framework="numpy") as opened:
            sections = json.loads((opened.metadata() or {})["config"])
        model, corpus = sections["model"], sections["corpus"]
        what = f"{str(model['cell']).upper()} {model['num_layers']} × {model['hidden_size']}"
        return Summary(
            path=file,
            step=int(sections["trainer"]["step"]),
            seconds=float(sections["runner"]["seconds"]),
            what=f"{what} on {corpus['name']}",
            written=file.stat().st_mtime,
        )
    except (OSError, SafetensorError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise CheckpointError(f"{file} is not a run that can be gone on with: {error}.") from error


def _tensors(model: LoadedModel, prefix: str) -> dict[str, NDArray[Any]]:
    return {
        name.removeprefix(prefix): array
        for name, array in model.tensors.items()
        if name.startswith(prefix)
    }


def _record(model: LoadedModel, file: Path) -> Record | None:
    tensors = _tensors(model, _HISTORY)
    if not tensors:
        return None
    try:
        return Record.from_tensors(tensors)
    except ValueError as error:
        raise CheckpointError(
            f"{file} has a damaged history ({error}): use another copy of the file."
        ) from None


def _best(model: LoadedModel, sections: Mapping[str, Any], file: Path) -> Best | None:
    tensors = _tensors(model, _BEST)
    if not tensors:
        return None
    section = _mapping(sections.get("best"), file.name, "best")
    step, loss = section.get("step"), section.get("loss")
    wanted = model.network.parameters
    if (
        type(step) is not int
        or step < 0
        or not _is_number(loss)
        or {n: (a.shape, a.dtype) for n, a in tensors.items()}
        != {n: (a.shape, a.dtype) for n, a in wanted.items()}
        or not all(np.isfinite(array).all() for array in tensors.values())
    ):
        raise CheckpointError(
            f"{file} has best weights that do not fit its network: use another copy of the file."
        )
    parameters = wanted.zeros_like()
    for name, array in parameters.items():
        array[...] = tensors[name]
    return Best(step, float(loss), parameters.frozen_copy())


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and math.isfinite(value)


def _mapping(value: Any, where: str, section: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EngineError(f"{where}: the section {section} of its config is not an object")
    return value
