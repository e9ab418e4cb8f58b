"""Reads the ``state_dict`` of a PyTorch model saved as safetensors, and the vocabulary beside it.

It must hold one ``torch.nn.RNN``, ``GRU`` or ``LSTM`` over one-hot characters and one linear layer
that gives the logits, under whatever names. The vocabulary is the text ``vocabulary`` of the file's
metadata, or a JSON file of the same name beside it: a list or a text of the characters in the order
of their indices, an object with the index of each, or one of these under the key ``vocabulary``.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from rnnviz.engine.checkpoint import CheckpointError, LoadedModel
from rnnviz.engine.errors import EngineError
from rnnviz.engine.memory import lacking_memory
from rnnviz.engine.network import MAX_LAYERS, ModelConfig, Network
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.tensor_file import FormatError, TensorEntry, TensorFile, parse_json

_RECURRENT = re.compile(r"(.*?)((?:weight|bias)_(?:ih|hh)_l(\d{1,3}))")
_CELLS = {1: "rnn", 3: "gru", 4: "lstm"}  # by the number of row blocks of a weight
_DTYPES = {"float16": "float32", "float32": "float32", "float64": "float64"}
_MOST_JSON = 64_000_000  # bytes: every character there is takes less


def is_state_dict(path: str | os.PathLike[str]) -> bool:
    """Whether a file has recurrent weights and was not written by rnnviz."""
    try:
        with TensorFile(Path(path)) as file:
            return "schema" not in file.metadata and any(map(_RECURRENT.fullmatch, file.entries))
    except (FormatError, OSError, ValueError, MemoryError):
        return False


def load_state_dict(path: str | os.PathLike[str]) -> LoadedModel:
    """The network and its vocabulary; CheckpointError, one sentence, when they cannot be used."""
    target = Path(path)
    try:
        with TensorFile(target) as file:
            return _read(target, file)
    except FormatError as error:
        _refuse(target, f"is not a readable safetensors file ({error})", "use another copy")
    except OSError as error:
        _refuse(target, f"cannot be read ({error.strerror or error})", "check its permissions")
    except MemoryError:
        _refuse(target, "does not fit into memory", "close other programs")


def _refuse(path: Path, cause: str, remedy: str) -> NoReturn:
    raise CheckpointError(f"{path} {cause[:300]}: {remedy}.")


def _read(path: Path, file: TensorFile) -> LoadedModel:
    names = _own_names(path, file.entries)
    described = _describe(path, file.metadata)
    config = _config(path, {own: file.entries[name] for own, name in names.items()}, described)
    vocabulary = _vocabulary(path, described, config.vocabulary_size)
    for own, shape in config.shapes().items():
        if own in names and file.entries[names[own]].shape != shape:
            found = file.entries[names[own]].shape
            _refuse(
                path,
                f"has {names[own]} of shape {found} where {shape} is needed",
                "save a model of one-hot characters, recurrent layers and one linear layer",
            )
        if own not in names and not _is_bias(own):
            _refuse(path, f"lacks {own}", "save the whole state_dict")
    lacking = lacking_memory(2 * sum(entry.size for entry in file.entries.values()))
    if lacking:
        _refuse(path, lacking, "close other programs")
    parameters = Parameters.zeros(config.shapes(), config.dtype)
    for own, array in parameters.items():
        if own in names:  # layers without a bias have one of 0 here
            array[...] = file.read(names[own])
        if not np.isfinite(array).all():
            _refuse(path, f"has values in {names[own]} that are not finite", "use another copy")
    metadata = {"config": json.dumps({"model": asdict(config)})}
    return LoadedModel(Network(config, parameters), vocabulary, metadata, {})


def _own_names(path: Path, entries: Mapping[str, TensorEntry]) -> dict[str, str]:
    """The names in the file by the names here."""
    needed = "save one RNN, GRU or LSTM over one-hot characters and one linear layer"
    found: dict[str, str] = {}
    prefixes: set[str] = set()
    others: list[str] = []
    for name in entries:
        match = _RECURRENT.fullmatch(name)
        if match:
            prefixes.add(match[1])
            found[f"rnn.{match[2]}"] = name
        elif re.search(r"_l\d+_reverse$", name):
            _refuse(path, "is bidirectional, so it has seen the character it predicts", needed)
        elif re.search(r"weight_hr_l\d+$", name):
            _refuse(path, f"has projections ({name}), which are unknown here", needed)
        else:
            others.append(name)
    if len(prefixes) != 1:
        _refuse(path, f"has {len(prefixes)} recurrent modules", needed)
    decoders = sorted({name.rpartition(".")[0] for name in others})
    if len(decoders) != 1:
        listed = ", ".join(others[:4]) or "none"
        _refuse(path, f"must have one linear layer after the recurrent ones, got {listed}", needed)
    for name in others:
        part = name.rpartition(".")[2]
        if part not in ("weight", "bias"):
            _refuse(path, f"has the tensor {name}, which is unknown here", needed)
        found[f"decoder.{part}"] = name
    return found


def _is_bias(name: str) -> bool:
    return name.rpartition(".")[2].startswith("bias")


def _config(
    path: Path, entries: Mapping[str, TensorEntry], described: Mapping[str, Any]
) -> ModelConfig:
    remedy = "save one RNN, GRU or LSTM over one-hot characters and one linear layer"
    first, recurrent = entries.get("rnn.weight_ih_l0"), entries.get("rnn.weight_hh_l0")
    if first is None or recurrent is None or "decoder.weight" not in entries:
        _refuse(path, "lacks weights of its first layer or of the linear one", remedy)
    if len(first.shape) != 2 or len(recurrent.shape) != 2 or not recurrent.shape[1]:
        _refuse(path, "has recurrent weights that are no matrices", remedy)
    rows, hidden = recurrent.shape
    cell = _CELLS.get(rows // hidden)
    if cell is None or rows % hidden:
        _refuse(path, f"has recurrent weights of shape {recurrent.shape}, no cell's", remedy)
    layers = {int(m[3]) for name in entries if (m := _RECURRENT.fullmatch(name))}
    if layers != set(range(len(layers))) or len(layers) > MAX_LAYERS:
        _refuse(path, f"has the layers {sorted(layers)[:9]}", f"use 1 to {MAX_LAYERS} layers")
    dtypes = {entry.dtype for entry in entries.values()}
    dtype = _DTYPES.get(dtypes.pop()) if len(dtypes) == 1 else None
    if dtype is None:
        _refuse(path, "has weights that are not all of one kind of float", "convert it to float32")
    try:
        return ModelConfig(
            vocabulary_size=first.shape[1],
            hidden_size=hidden,
            num_layers=len(layers),
            cell=cell,
            activation=described.get("activation", "tanh"),
            dtype=dtype,
        )
    except EngineError as error:
        _refuse(path, f"describes a network that cannot be built ({error})", remedy)


def _describe(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    """``vocabulary`` and, where it is told, ``activation``."""
    beside = path.with_suffix(".json")
    if "vocabulary" in metadata:
        text, place = metadata["vocabulary"], "the vocabulary in its metadata"
    else:
        place = beside.name
        try:
            if beside.stat().st_size > _MOST_JSON or not beside.is_file():
                _refuse(path, f"has a {place} that is no vocabulary", "put its vocabulary there")
            text = beside.read_text(encoding="utf-8")
        except FileNotFoundError:
            _refuse(
                path,
                "is a PyTorch model without its vocabulary",
                f"put the list of its characters, in the order of their indices, into {beside}",
            )
        except (OSError, UnicodeDecodeError) as error:
            _refuse(path, f"has a {place} that cannot be read ({error})", "write it as UTF-8")
    try:
        found = parse_json(text)
    except ValueError as error:
        if place == beside.name or text.lstrip()[:1] in ("[", "{", '"'):
            _refuse(path, f"needs {place} to be JSON ({error})", "correct it")
        found = text  # metadata are texts: the characters themselves
    described = {} if "activation" not in metadata else {"activation": metadata["activation"]}
    if isinstance(found, dict) and "vocabulary" in found:
        return {**found, **described}
    return {"vocabulary": found, **described}


def _vocabulary(path: Path, described: Mapping[str, Any], size: int) -> tuple[str, ...]:
    found = described["vocabulary"]
    remedy = "list its characters in the order of their indices"
    if isinstance(found, dict):
        if sorted(found.values(), key=repr) != sorted(range(len(found)), key=repr):
            _refuse(path, "has a vocabulary whose indices are not 0, 1, 2 and so on", remedy)
        found = sorted(found, key=lambda character: int(found[character]))
    if isinstance(found, str):
        found = list(found)
    if not isinstance(found, list) or not all(isinstance(c, str) and len(c) == 1 for c in found):
        _refuse(path, "has a vocabulary that is no list of single characters", remedy)
    if len(set(found)) != len(found) or any("\ud800" <= c <= "\udfff" for c in found):
        _refuse(path, "has a vocabulary with a character twice or half of one", remedy)
    if len(found) != size:
        _refuse(
            path, f"has {len(found):,} characters in its vocabulary for {size:,} inputs", remedy
        )
    return tuple(found)
