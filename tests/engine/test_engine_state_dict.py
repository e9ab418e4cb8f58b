"""PyTorch's state_dict as safetensors: names, cells and vocabularies it may have, and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from rnnviz.engine.checkpoint import CheckpointError, save_model
from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.engine.state_dict import is_state_dict, load_state_dict

CHARACTERS = ("\n", "a", "é", "🙂", "z")
Tensors = dict[str, np.ndarray[Any, Any]]


def tensors(prefix: str = "rnn.", decoder: str = "decoder", **settings: Any) -> Tensors:
    config = ModelConfig(5, **{"hidden_size": 6, "cell": "gru", **settings})
    parameters = initialize(config, np.random.default_rng(1), "uniform")
    return {
        name.replace("rnn.", prefix).replace("decoder", decoder): array.copy()
        for name, array in parameters.items()
    }


def write(folder: Path, content: Tensors, vocabulary: object = CHARACTERS) -> Path:
    path = folder / "model.safetensors"
    save_file(content, path)
    path.with_suffix(".json").write_text(json.dumps(vocabulary), encoding="utf-8")
    return path


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("layers", [1, 2, 4])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_cell_is_told_by_its_shapes(
    tmp_path: Path, cell: str, layers: int, dtype: str
) -> None:
    content = tensors("lstm.", "fc", cell=cell, num_layers=layers, dtype=dtype)
    path = write(tmp_path, content)
    assert is_state_dict(path)
    loaded = load_state_dict(path)
    config = loaded.network.config
    assert (config.cell, config.num_layers, config.dtype) == (cell, layers, dtype)
    assert config.hidden_size == 6
    assert loaded.vocabulary == CHARACTERS
    np.testing.assert_array_equal(
        loaded.network.parameters["rnn.weight_hh_l0"], content["lstm.weight_hh_l0"]
    )
    np.testing.assert_array_equal(loaded.network.parameters["decoder.bias"], content["fc.bias"])


@pytest.mark.parametrize(
    "vocabulary",
    [
        list(CHARACTERS),
        "".join(CHARACTERS),
        {c: i for i, c in reversed(list(enumerate(CHARACTERS)))},
        {"vocabulary": list(CHARACTERS)},
        {"vocabulary": {c: i for i, c in enumerate(CHARACTERS)}},
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_a_vocabulary_may_be_written_in_many_ways(
    tmp_path: Path, vocabulary: object, inside: bool
) -> None:
    path = write(tmp_path, tensors(), vocabulary)
    if inside:
        path.with_suffix(".json").unlink()
        save_file(tensors(), path, {"vocabulary": json.dumps(vocabulary)})
    assert load_state_dict(path).vocabulary == CHARACTERS


def test_layers_without_a_bias_have_one_of_zero(tmp_path: Path) -> None:
    content = {k: v for k, v in tensors().items() if "bias" not in k}
    parameters = load_state_dict(write(tmp_path, content)).network.parameters
    assert not parameters["rnn.bias_hh_l0"].any()
    assert not parameters["decoder.bias"].any()


def test_half_precision_becomes_single(tmp_path: Path) -> None:
    content = {name: array.astype(np.float16) for name, array in tensors().items()}
    loaded = load_state_dict(write(tmp_path, content))
    assert loaded.network.config.dtype == "float32"


def test_the_activation_may_be_told(tmp_path: Path) -> None:
    described = {"vocabulary": list(CHARACTERS), "activation": "relu"}
    path = write(tmp_path, tensors(cell="rnn"), described)
    assert load_state_dict(path).network.config.activation == "relu"


def test_own_files_are_no_state_dicts(tmp_path: Path) -> None:
    config = ModelConfig(5, hidden_size=6)
    network = Network(config, initialize(config, np.random.default_rng(1), "uniform"))
    save_model(tmp_path / "own.safetensors", network, CHARACTERS)
    assert not is_state_dict(tmp_path / "own.safetensors")
    assert not is_state_dict(tmp_path / "missing.safetensors")
    (tmp_path / "pickle.safetensors").write_bytes(b"\x80\x04 no")
    assert not is_state_dict(tmp_path / "pickle.safetensors")


def changed(**changes: Any) -> Tensors:
    content = tensors()
    for name, array in changes.items():
        key = name.replace("__", ".")
        if array is None:
            del content[key]
        else:
            content[key] = array
    return content


WRONG: dict[str, tuple[Tensors, object, str]] = {
    "embedding": (changed(embedding__weight=np.zeros((5, 5), "f")), CHARACTERS, "one linear layer"),
    "no decoder": (
        {k: v for k, v in tensors().items() if k.startswith("rnn.")},
        CHARACTERS,
        "one linear layer",
    ),
    "bidirectional": (
        changed(rnn__weight_ih_l0_reverse=np.zeros((18, 5), "f")),
        CHARACTERS,
        "bidirectional",
    ),
    "projections": (changed(rnn__weight_hr_l0=np.zeros((3, 6), "f")), CHARACTERS, "projections"),
    "two modules": (changed(b__weight_ih_l0=np.zeros((18, 5), "f")), CHARACTERS, "2 recurrent"),
    "no such cell": (changed(rnn__weight_hh_l0=np.zeros((12, 6), "f")), CHARACTERS, "no cell's"),
    "vector": (changed(rnn__weight_hh_l0=np.zeros(18, "f")), CHARACTERS, "no matrices"),
    "empty": (changed(rnn__weight_hh_l0=np.zeros((0, 0), "f")), CHARACTERS, "no matrices"),
    "wrong shape": (changed(decoder__weight=np.zeros((5, 7), "f")), CHARACTERS, "of shape (5, 7)"),
    "lacking": (changed(rnn__weight_ih_l0=None), CHARACTERS, "lacks weights"),
    "gap in layers": (
        tensors() | {"rnn.weight_hh_l2": np.zeros((18, 6), "f")},
        CHARACTERS,
        "the layers [0, 2]",
    ),
    "five layers": (
        tensors() | {f"rnn.weight_hh_l{k}": np.zeros((18, 6), "f") for k in range(5)},
        CHARACTERS,
        "1 to 4 layers",
    ),
    "whole numbers": (
        {name: array.astype(np.int32) for name, array in tensors().items()},
        CHARACTERS,
        "one kind of float",
    ),
    "not finite": (changed(decoder__bias=np.full(5, np.nan, "f")), CHARACTERS, "not finite"),
    "few characters": (tensors(), CHARACTERS[:4], "4 characters in its vocabulary for 5 inputs"),
    "twice": (tensors(), ["a"] * 5, "twice"),
    "words": (tensors(), ["the", "a", "b", "c", "d"], "no list of single characters"),
    "numbers": (tensors(), 5, "no list of single characters"),
    "wrong indices": (tensors(), {c: 2 * i for i, c in enumerate(CHARACTERS)}, "indices"),
    "odd indices": (tensors(), {c: [i] for i, c in enumerate(CHARACTERS)}, "indices"),
    "unknown activation": (
        tensors(cell="rnn"),
        {"vocabulary": list(CHARACTERS), "activation": ["x"]},
        "cannot be built",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, kind: str) -> None:
    content, vocabulary, words = WRONG[kind]
    path = write(tmp_path, content, vocabulary)
    with pytest.raises(CheckpointError) as caught:
        load_state_dict(path)
    said = str(caught.value)
    assert words in said
    assert said.startswith(str(path))
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "without its vocabulary: put the list of its characters"),
        (b"{", "needs model.json to be JSON"),
        (b"\xff\xfe", "cannot be read"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": 0, "a": 1}', "occurs twice"),
    ],
)
def test_a_bad_vocabulary_file_is_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = write(tmp_path, tensors())
    path.with_suffix(".json").unlink()
    if content is not None:
        path.with_suffix(".json").write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        load_state_dict(path)
    assert words in str(caught.value)


def test_the_same_weights_give_the_same_logits_as_pytorch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    for kind in ("RNN", "GRU", "LSTM"):
        module = torch.nn.ModuleDict(
            {"body": getattr(torch.nn, kind)(5, 6, 2), "head": torch.nn.Linear(6, 5)}
        )
        state = {name: value.detach().numpy() for name, value in module.state_dict().items()}
        loaded = load_state_dict(write(tmp_path, state))
        indices = np.array([[0], [3], [1], [4]], np.int32)
        one_hot = torch.nn.functional.one_hot(torch.from_numpy(indices).long(), 5).float()
        with torch.no_grad():
            wanted = module["head"](module["body"](one_hot)[0])[:, 0].numpy()
        trace = loaded.network.trace(indices[:, 0])
        np.testing.assert_allclose(trace.logits.T, wanted, atol=1e-5)
