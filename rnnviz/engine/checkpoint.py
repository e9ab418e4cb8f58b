"""Model files: safetensors with PyTorch's tensor names, and everything checked on the way in.

Weights that PyTorch's modules lack stand beside them under the names of ``ModelConfig.shapes``.
Used by the session's save and open, and by ``train``, ``eval`` and ``sample`` on the command line.
"""

import json
import os
import reprlib
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from rnnviz.engine.errors import EngineError
from rnnviz.engine.memory import lacking_memory
from rnnviz.engine.network import DTYPES, ModelConfig, Network
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.tensor_file import FormatError, TensorEntry, TensorFile, parse_json
from rnnviz.engine.tensor_writer import write_tensors
from rnnviz.files import reason, replacing

SCHEMA = "1"
_MODEL_PREFIXES = ("rnn.", "decoder.")
_OWN_METADATA = ("schema", "vocabulary")
_TENSOR_KINDS = "fiub"
_LONGEST_CAUSE = 300  # characters of what a message cites from a file


class CheckpointError(EngineError):
    """A model file that cannot be written or read: one sentence with file, cause and remedy."""


@dataclass(frozen=True)
class LoadedModel:
    """What a model file holds. ``metadata`` has everything but ``schema`` and ``vocabulary``."""

    network: Network
    vocabulary: tuple[str, ...]
    metadata: dict[str, str]
    tensors: dict[str, np.ndarray[Any, Any]]

    @property
    def config(self) -> dict[str, Any]:
        """The parsed ``config`` metadata; its section ``model`` describes the network."""
        parsed: dict[str, Any] = json.loads(self.metadata["config"])
        return parsed


def save_model(
    path: str | os.PathLike[str],
    network: Network,
    vocabulary: Sequence[str],
    extra_metadata: Mapping[str, str] | None = None,
    extra_tensors: Mapping[str, np.ndarray[Any, Any]] | None = None,
) -> None:
    """Write ``network`` to ``path`` so that a crash at any moment leaves the old or the new file.

    ``vocabulary`` is the V characters in index order. ``extra_metadata`` may hold a ``config``: a
    JSON object whose sections are kept beside ``model``, which is always that of ``network``.
    ``extra_tensors`` may have any name not starting with ``rnn.`` or ``decoder.``. CheckpointError
    when the file cannot be written, EngineError for a wrong argument; nothing is written then.
    """
    target = Path(path)
    problem = _vocabulary_problem(vocabulary, network.config.vocabulary_size)
    if problem:
        raise EngineError(f"vocabulary must be the network's characters, but {problem}")
    metadata = dict(extra_metadata or {})
    for name in _OWN_METADATA:
        if name in metadata:
            raise EngineError(f"extra_metadata must not hold {name!r}, which save_model writes")
    try:
        config = json.loads(metadata.get("config", "{}"))
    except json.JSONDecodeError as error:
        raise EngineError(f"extra_metadata['config'] must be JSON, got {error}") from error
    if not isinstance(config, dict):
        raise EngineError(f"extra_metadata['config'] must be a JSON object, got {config!r}")
    model = {field.name: getattr(network.config, field.name) for field in fields(ModelConfig)}
    metadata["config"] = json.dumps({**config, "model": model})
    metadata["schema"] = SCHEMA
    metadata["vocabulary"] = json.dumps(list(vocabulary))
    # The writer below reads each array's memory as it lies, so all must be contiguous.
    tensors: dict[str, np.ndarray[Any, Any]] = dict(network.parameters)
    for name, tensor in (extra_tensors or {}).items():
        if name.startswith(_MODEL_PREFIXES):
            raise EngineError(
                f"extra_tensors must not hold {name!r}: rnn.* and decoder.* are taken"
            )
        array = np.asarray(tensor)
        if array.dtype.kind not in _TENSOR_KINDS:
            raise EngineError(f"extra_tensors[{name!r}] must be numbers, got dtype {array.dtype}")
        tensors[name] = array if array.flags.c_contiguous else array.copy(order="C")
    try:
        with replacing(target) as file:
            write_tensors(file, tensors, metadata)
    except OSError as error:
        raise CheckpointError(
            f"{target} cannot be written ({reason(error)}): "
            "choose another place or free some space."
        ) from error


def load_model(path: str | os.PathLike[str]) -> LoadedModel:
    """Read and check a model file; nothing is allocated for it before its header is in order.

    CheckpointError, one sentence with file, cause and remedy, for: a missing, special or damaged
    file, another schema, a configuration that cannot be built, tensors missing, too many, of wrong
    shape or dtype, weights that are not finite, a vocabulary that is not V different characters,
    sizes that exceed the memory.
    """
    target = Path(path)
    try:
        mode = target.stat().st_mode
    except OSError as error:
        _refuse(target, f"cannot be opened ({error.strerror or error})", "check the path")
    except ValueError:  # a NUL inside the path
        _refuse(target, "is no usable file name", "check the path")
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        _refuse(target, f"is {kind}", "choose a .safetensors file saved by rnnviz")
    try:
        with TensorFile(target) as file:
            return _read(target, file)
    except FormatError as error:
        _refuse(
            target,
            f"is not a readable safetensors file ({error})",
            "it is damaged or of another kind, so use another copy",
        )
    except OSError as error:
        _refuse(target, f"cannot be read ({error.strerror or error})", "check its permissions")
    except MemoryError:
        _refuse(target, "does not fit into memory", "close other programs or use a smaller model")


def _read(path: Path, file: TensorFile) -> LoadedModel:
    metadata = file.metadata
    schema = metadata.get("schema")
    if schema != SCHEMA:
        newer = schema is not None and schema.isdecimal() and len(schema) < 10
        newer = newer and int(schema or 0) > int(SCHEMA)
        _refuse(
            path,
            f"has schema {schema!r} where {SCHEMA!r} is needed",
            "open it with a newer rnnviz" if newer else "open a file saved by rnnviz",
        )
    vocabulary = _read_vocabulary(path, metadata)
    model = {k: v for k, v in file.entries.items() if k.startswith(_MODEL_PREFIXES)}
    config = _read_config(path, metadata, len(vocabulary), model)
    _check_tensors(path, config, model)
    lacking = lacking_memory(sum(entry.size for entry in file.entries.values()))
    if lacking:
        _refuse(path, lacking, "close other programs or use a smaller model")
    parameters = Parameters.zeros(config.shapes(), config.dtype)
    for name, array in parameters.items():
        file.read_into(name, array)
        if not np.isfinite(array).all():
            _refuse(path, f"has values in {name} that are not finite", "use an earlier file")
    extra = {name: file.read(name) for name in file.entries if name not in model}
    remaining = {k: v for k, v in metadata.items() if k not in _OWN_METADATA}
    return LoadedModel(Network(config, parameters), vocabulary, remaining, extra)


def _refuse(path: Path, cause: str, remedy: str) -> NoReturn:
    raise CheckpointError(f"{printable(str(path))} {printable(cause, _LONGEST_CAUSE)}: {remedy}.")


def printable(text: str, longest: int | None = None) -> str:
    """A text from outside as a part of a one-line sentence: printable characters, shortened."""
    if longest is not None and len(text) > longest:
        text = text[: longest - 1] + "…"
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _parse(path: Path, metadata: Mapping[str, str], key: str) -> object:
    remedy = "open a file saved by rnnviz"
    if key not in metadata:
        _refuse(path, f"has no {key} in its metadata", remedy)
    try:
        return parse_json(metadata[key])
    except ValueError as error:
        _refuse(path, f"has a {key} that is not JSON ({error})", remedy)


def _vocabulary_problem(vocabulary: object, size: int | None) -> str:
    if isinstance(vocabulary, str) or not isinstance(vocabulary, Sequence) or not vocabulary:
        return "it is not a list of characters"
    for entry in vocabulary:
        if not isinstance(entry, str) or len(entry) != 1:
            return f"its entry {reprlib.repr(entry)} is not a single character"
        if "\ud800" <= entry <= "\udfff":
            return f"its entry {entry!r} is half of a surrogate pair"
    if len(set(vocabulary)) != len(vocabulary):
        return "a character occurs twice in it"
    if size is not None and len(vocabulary) != size:
        return f"it has {len(vocabulary)} characters where the network has {size}"
    return ""


def _read_vocabulary(path: Path, metadata: Mapping[str, str]) -> tuple[str, ...]:
    parsed = _parse(path, metadata, "vocabulary")
    problem = _vocabulary_problem(parsed, None)
    if problem or not isinstance(parsed, list):
        _refuse(path, f"has a wrong vocabulary ({problem})", "use another copy of the file")
    return tuple(parsed)


def _read_config(
    path: Path,
    metadata: Mapping[str, str],
    vocabulary_size: int,
    model: Mapping[str, TensorEntry],
) -> ModelConfig:
    parsed = _parse(path, metadata, "config")
    section = parsed.get("model") if isinstance(parsed, dict) else None
    remedy = "open a file saved by rnnviz"
    if not isinstance(section, dict):
        _refuse(path, "has no model section in its config", remedy)
    known = {field.name for field in fields(ModelConfig)}
    for key in section:
        if key not in known:
            _refuse(path, f"has a model with {key!r}, which is unknown here", remedy)
    for key in ("cell", "hidden_size", "num_layers"):
        if key not in section:
            _refuse(path, f"has a model without {key}", remedy)
    dtypes = {entry.dtype for entry in model.values()}
    if len(dtypes) != 1 or not dtypes <= set(DTYPES):
        found = ", ".join(sorted(dtypes)) or "no"
        _refuse(
            path,
            f"has weights of dtype {found} where one of {' or '.join(DTYPES)} is needed",
            remedy,
        )
    settings = {"vocabulary_size": vocabulary_size, "dtype": dtypes.pop(), **section}
    if settings["vocabulary_size"] != vocabulary_size:
        _refuse(
            path,
            f"has {vocabulary_size} characters in its vocabulary but a network for "
            f"{settings['vocabulary_size']!r}",
            "use another copy of the file",
        )
    try:
        return ModelConfig(**settings)
    except EngineError as error:
        _refuse(path, f"describes a network that cannot be built ({error})", remedy)


def _check_tensors(path: Path, config: ModelConfig, model: Mapping[str, TensorEntry]) -> None:
    shapes = config.shapes()
    remedy = "use another copy of the file"
    for name, shape in shapes.items():
        if name not in model:
            _refuse(path, f"lacks the tensor {name}", remedy)
        entry = model[name]
        if entry.shape != shape:
            _refuse(path, f"has {name} of shape {entry.shape} where {shape} is needed", remedy)
        if entry.dtype != config.dtype:
            _refuse(path, f"has {name} as {entry.dtype} where {config.dtype} is needed", remedy)
    for name in model:
        if name not in shapes:
            _refuse(path, f"has the tensor {name}, which its configuration does not have", remedy)
