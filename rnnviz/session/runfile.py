"""A whole run in one safetensors file: the model as PyTorch reads it, and what continuing needs.

Beside the model's tensors the file holds the optimizer and the hidden state (`trainer.*`), the full
history (`history.*`), the weights with the lowest validation loss (`best.*`) and, in the metadata's
`config`, the sections `model`, `run` (all settings), `corpus` (which text, with its checksum),
`trainer` (position, step, generator), `parallelism` (processes and BLAS threads), `runner` (clocks
and averages), `best` and `view` (what the panels showed). Files of earlier versions lack some of
them and still open.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from rnnviz.engine.blas import Parallelism
from rnnviz.engine.checkpoint import (
    CheckpointError,
    LoadedModel,
    load_model,
    printable,
    save_model,
)
from rnnviz.engine.errors import EngineError
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.state_dict import is_state_dict, load_state_dict
from rnnviz.engine.tensor_file import TensorFile, parse_json
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
_LONGEST = 300  # characters of what a message cites from a file
_MOST_SECONDS = 1e10  # three centuries of training
_MOST_CORES = 4096
_MOST_STEPS = 2**53  # they go into 64-bit columns; a float holds them exactly below this


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
    seconds: float  # of processor time, which the copying took
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
    copied: bool = True,
) -> Checkpoint:
    """Copies all that continuing needs; `runner` is the runner's own state, for its section.

    Only the thread that trains the run, or nobody while it does, may call this. A run that trains
    no more need not be `copied`: that takes time when a program has to end.
    """
    begun = time.thread_time()
    trainer = run.trainer
    state = trainer.state_dict(include_parameters=False, copied=copied)
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
        "parallelism": asdict(run.parallelism),
    }
    if runner is not None:
        sections["runner"] = dict(runner)
    tensors = {_TRAINER + name: array for name, array in state["tensors"].items()}
    if best is not None:
        sections["best"] = {"step": best.step, "loss": best.loss}
        tensors |= {_BEST + name: array for name, array in best.parameters.items()}
    network = run.network.snapshot() if copied else run.network
    return Checkpoint(
        step=trainer.steps,
        network=network,
        vocabulary=run.vocabulary,
        sections=sections,
        tensors=tensors,
        last_row=last_row,
        seconds=time.thread_time() - begun,
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
    parallelism: Parallelism | None = None  # of its training, where the file knows it

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

        It trains as it did, in as many processes and threads, where these cores can do that; else
        `departure` says what is different. For `cores` see `build_run`. Raises `ConfigError` with
        one sentence when the file's parts contradict one another.
        """
        where = printable(self.path.name)
        if self.config is None or self.trainer is None:
            raise ConfigError(f"{where} holds a model only, nothing to continue")
        if not self.belongs_to(corpus):
            raise ConfigError(f"{where} was trained on another text than {corpus.name}")
        # It need not be that of the text: a network from elsewhere has its own order.
        vocabulary = Vocabulary(self.model.vocabulary)
        if self.config.model_config(vocabulary.size) != self.model.network.config:
            raise _contradiction(where, "its settings are not those of its network")
        run: Run | None = None
        try:
            run = build_run(
                self.config,
                corpus,
                self.model.network,
                cores,
                vocabulary=vocabulary,
                parallelism=self.parallelism,
            )
            run.trainer.load_state_dict(self.trainer)
        # The states of the optimizer, of the generator and of the text each check themselves, as
        # strictly as their own type needs it.
        except (ValueError, TypeError, KeyError, ArithmeticError, AttributeError) as error:
            if run is not None:
                run.trainer.close()
            raise _contradiction(where, str(error) or type(error).__name__) from error
        return run

    def departure(self, run: Run) -> str:
        """Why a restored run will not go on bit for bit, in one sentence; empty when it will."""
        then, now = self.parallelism, run.parallelism
        if then is None or then == now:
            return ""
        return (
            f"{printable(self.path.name)} was trained in {_in_words(then)} and goes on in "
            f"{_in_words(now)}, so its figures will differ in their last digits from those of an "
            "unbroken run."
        )


def _in_words(parallelism: Parallelism) -> str:
    processes, threads = parallelism.processes, parallelism.threads
    words = "one process" if processes == 1 else f"{processes} processes"
    return words if threads == 1 else f"{words} with {threads} threads each"


def load_run(path: str | os.PathLike[str]) -> SavedRun:
    """Reads and checks a run file; raises `EngineError` or `ConfigError` with one sentence."""
    file = Path(path)
    model = load_state_dict(file) if is_state_dict(file) else load_model(file)
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
    runner = _mapping(sections.get("runner", {}), where, "runner")
    seconds = runner.get("seconds", 0.0)
    if "trainer" in sections:
        values = dict(_mapping(sections["trainer"], where, "trainer"))
        # Beside the trainer's before there was a section of the runner.
        seconds = values.pop("seconds", seconds)
        _check_counts(values, where)
        trainer = {"tensors": _tensors(model, _TRAINER), "values": values}
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
        seconds=_seconds(seconds),
        runner=runner,
        view=_mapping(sections.get("view", {}), where, "view"),
        record=_record(model, file),
        best=_best(model, sections, file),
        parallelism=_parallelism(sections.get("parallelism")),
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
        with TensorFile(file) as opened:
            sections: Any = parse_json(opened.metadata["config"])
        model, corpus, step = sections["model"], sections["corpus"], sections["trainer"]["step"]
        if type(step) is not int or not 0 <= step < _MOST_STEPS:
            raise ValueError("its number of steps is beyond all bounds")
        what = f"{str(model['cell']).upper()} {model['num_layers']} × {model['hidden_size']}"
        return Summary(
            path=file,
            step=step,
            seconds=_seconds(sections["runner"]["seconds"]),
            what=printable(f"{what} on {corpus['name']}", _LONGEST),
            written=file.stat().st_mtime,
        )
    except (OSError, MemoryError, ValueError, TypeError, KeyError) as error:
        cause = printable(str(error), _LONGEST)
        raise CheckpointError(
            f"{printable(str(file))} is not a run that can be gone on with: {cause}."
        ) from error


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
            f"{printable(str(file))} has a damaged history ({printable(str(error), _LONGEST)}): "
            "use another copy of the file."
        ) from None


def _best(model: LoadedModel, sections: Mapping[str, Any], file: Path) -> Best | None:
    tensors = _tensors(model, _BEST)
    if not tensors:
        return None
    section = _mapping(sections.get("best"), printable(file.name), "best")
    step, loss = section.get("step"), section.get("loss")
    wanted = model.network.parameters
    if (
        type(step) is not int
        or not 0 <= step < _MOST_STEPS
        or not _is_number(loss)
        or {n: (a.shape, a.dtype) for n, a in tensors.items()}
        != {n: (a.shape, a.dtype) for n, a in wanted.items()}
        or not all(np.isfinite(array).all() for array in tensors.values())
    ):
        raise CheckpointError(
            f"{printable(str(file))} has best weights that do not fit its network: "
            "use another copy of the file."
        )
    parameters = wanted.zeros_like()
    for name, array in parameters.items():
        array[...] = tensors[name]
    return Best(step, float(loss), parameters.frozen_copy())


def _parallelism(section: object) -> Parallelism | None:
    """What the file says of processes and threads; nonsense is as good as nothing."""
    values = section if isinstance(section, dict) else {}
    found = [values.get(name) for name in ("processes", "threads")]
    processes, threads = (n if type(n) is int and 0 < n <= _MOST_CORES else 0 for n in found)
    return Parallelism(processes, threads) if processes and threads else None


def _is_number(value: object) -> TypeGuard[float]:
    # Compared, as a whole number may be beyond what a float can hold. NaN is not.
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


def _contradiction(where: str, cause: str) -> ConfigError:
    return ConfigError(
        f"{where} can't be continued ({printable(cause, _LONGEST)}): use another copy of the file"
    )


def _text(section: dict[str, Any], key: str) -> str:
    value = section.get(key, "")
    return value if isinstance(value, str) else ""


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not _is_number(value):
        return 0.0
    return float(value) if 0 <= value < _MOST_SECONDS else 0.0


def _check_counts(values: dict[str, Any], where: str) -> None:
    for name in ("step", "characters"):
        count = values.get(name, 0)
        if type(count) is int and count >= _MOST_STEPS:
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
