"""The writer of safetensors files: what the package itself reads must be what was written."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load

from rnnviz.engine.checkpoint import load_model, save_model
from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.engine.tensor_writer import write_tensors

KINDS = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]


@pytest.mark.parametrize("order", ["<", ">"])
def test_arrays_of_every_kind_come_back(order: str) -> None:
    rng = np.random.default_rng(1)
    tensors = {
        f"kind {kind}": rng.integers(0, 2, (3, 5)).astype(np.dtype(kind).newbyteorder(order))
        for kind in KINDS
    }
    tensors |= {"one": np.array(3.5), "none": np.zeros((0, 4), np.float32)}
    tensors["large"] = rng.normal(size=1_500_000)  # more than one piece
    file = io.BytesIO()
    write_tensors(file, tensors, {"text": 'ä "quoted"\n ☃', "other": ""})
    found = load(file.getvalue())
    assert set(found) == set(tensors)
    for name, array in tensors.items():
        assert found[name].dtype == array.dtype.newbyteorder("=")
        assert np.array_equal(found[name], array)


def test_the_metadata_come_back_and_arrays_lie_aligned(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    metadata = {"text": 'ä "quoted"\n ☃', "other": ""}
    with path.open("wb") as file:
        write_tensors(file, {"a": np.ones(3, np.uint8), "b": np.ones(3, np.float64)}, metadata)
    with safe_open(path, framework="numpy") as opened:
        assert dict(opened.metadata()) == metadata
    content = path.read_bytes()
    header = int.from_bytes(content[:8], "little")
    assert header % 8 == 0
    assert content[8 + header :][:24] == np.ones(3).tobytes()


def test_a_model_is_written_without_a_second_copy_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ModelConfig(vocabulary_size=4, hidden_size=700)
    network = Network(config, initialize(config, np.random.default_rng(1)))
    longest = []
    real = io.BufferedWriter.write

    class Watched:
        def __init__(self, file: io.BufferedWriter) -> None:
            self.file = file

        def write(self, piece: bytes) -> int:
            longest.append(len(piece))
            return real(self.file, piece)

    from rnnviz.engine import checkpoint

    monkeypatch.setattr(
        checkpoint,
        "write_tensors",
        lambda file, tensors, metadata: write_tensors(Watched(file), tensors, metadata),  # type: ignore[arg-type]
    )
    save_model(tmp_path / "m.safetensors", network, list("abcd"))
    assert max(longest) <= 1 << 22
    assert sum(longest) > network.parameters.flat.nbytes
    back = load_model(tmp_path / "m.safetensors").network
    assert np.array_equal(back.parameters.flat, network.parameters.flat)
