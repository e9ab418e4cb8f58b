"""Model files: what is written is read back, and every wrong file is refused with one sentence."""

import json
import os
import stat

import numpy as np
import pytest
from reference_cells import make_network
from safetensors.numpy import save_file

from rnnviz.engine import checkpoint
from rnnviz.engine.checkpoint import CheckpointError, load_model, save_model
from rnnviz.engine.errors import EngineError

VOCABULARY = ("\n", "a", "é", "🙂")


def network(**settings):
    return make_network(**{"vocabulary_size": 4, "num_layers": 2, "dtype": "float32", **settings})


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_comes_back_as_it_was(cell, dtype, tmp_path):
    original = network(cell=cell, dtype=dtype)
    path = tmp_path / "model.safetensors"
    extra = {"optimizer.mean": np.arange(6.0)[::2], "optimizer.steps": np.array(7)}
    settings = json.dumps({"training": {"steps": 3}})
    save_model(path, original, VOCABULARY, {"name": "ü", "config": settings}, extra)
    loaded = load_model(path)
    assert loaded.network.config == original.config
    np.testing.assert_array_equal(loaded.network.parameters.flat, original.parameters.flat)
    loaded.network.parameters.flat[0] = 1.0  # writable: training may go on
    assert loaded.vocabulary == VOCABULARY
    assert loaded.metadata["name"] == "ü"
    assert loaded.config["training"] == {"steps": 3}
    assert loaded.config["model"]["cell"] == cell
    assert loaded.tensors.keys() == extra.keys()
    for name, tensor in extra.items():
        np.testing.assert_array_equal(loaded.tensors[name], tensor)
    assert loaded.tensors["optimizer.steps"].shape == ()
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_model_section_needs_only_what_the_tensors_do_not_say(tmp_path):
    path = write(tmp_path, config={"model": {"cell": "gru", "num_layers": 2, "hidden_size": 5}})
    assert load_model(path).network.config == network().config


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "lstm", "peepholes": True},
        {"layer_norm": True},
        {"residual": True, "dropout": 0.25},
    ],
)
def test_options_that_pytorch_lacks_come_back_too(options, tmp_path):
    original = network(**options)
    path = tmp_path / "model.safetensors"
    save_model(path, original, VOCABULARY)
    loaded = load_model(path).network
    assert loaded.config == original.config
    np.testing.assert_array_equal(loaded.parameters.flat, original.parameters.flat)


def test_a_failing_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    save_model(path, network(), VOCABULARY)
    old = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.os, "fsync", full)
    with pytest.raises(CheckpointError, match=r"model\.safetensors cannot be written \(No space"):
        save_model(path, network(seed=1), VOCABULARY)
    assert path.read_bytes() == old
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_a_saved_file_has_the_rights_of_a_plain_one(tmp_path):
    plain, path = tmp_path / "plain", tmp_path / "model.safetensors"
    plain.write_text("x")
    save_model(path, network(), VOCABULARY)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    path.chmod(0o640)
    save_model(path, network(), VOCABULARY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_missing_folder_is_one_sentence(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be written"):
        save_model(tmp_path / "no" / "model.safetensors", network(), VOCABULARY)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"vocabulary": "abc"}, "vocabulary"),
        ({"vocabulary": ["a", "b", "c"]}, "vocabulary"),
        ({"vocabulary": ["a", "b", "c", "c"]}, "vocabulary"),
        ({"vocabulary": ["a", "b", "c", "dd"]}, "vocabulary"),
        ({"vocabulary": ["a", "b", "c", "\ud800"]}, "vocabulary"),
        ({"extra_metadata": {"schema": "2"}}, "extra_metadata"),
        ({"extra_metadata": {"config": "{"}}, "extra_metadata"),
        ({"extra_metadata": {"config": "[]"}}, "extra_metadata"),
        ({"extra_tensors": {"rnn.more": np.zeros(1)}}, "extra_tensors"),
        ({"extra_tensors": {"more": np.array(["x"])}}, "extra_tensors"),
    ],
)
def test_what_cannot_be_saved_is_named(arguments, named, tmp_path):
    path = tmp_path / "model.safetensors"
    with pytest.raises(EngineError, match=named):
        save_model(**{"path": path, "network": network(), "vocabulary": VOCABULARY, **arguments})
    assert not path.exists()


def write(folder, config=None, vocabulary=VOCABULARY, tensors=None, drop=(), **metadata):
    """A file like save_model's, with parts replaced or left out."""
    plain = network()
    values = {name: np.array(array) for name, array in plain.parameters.items()}
    values |= tensors or {}
    model = {"cell": "gru", "num_layers": 2, "hidden_size": 5, "activation": "tanh"}
    told = {
        "schema": "1",
        "config": json.dumps({"model": model} if config is None else config),
        "vocabulary": json.dumps(vocabulary),
        **metadata,
    }
    path = folder / "model.safetensors"
    save_file(
        {k: v for k, v in values.items() if k not in drop},
        path,
        {k: v for k, v in told.items() if k not in drop},
    )
    return path


def model_of(**settings):
    return {"model": {"cell": "gru", "num_layers": 2, "hidden_size": 5, **settings}}


BIAS = "decoder.bias"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"drop": ["schema"]}, "schema None"),
        ({"schema": "99"}, "schema '99'"),
        ({"drop": ["config"]}, "no config"),
        ({"drop": ["vocabulary"]}, "no vocabulary"),
        ({"drop": [BIAS]}, "lacks the tensor decoder.bias"),
        ({"drop": ["rnn.weight_hh_l1"]}, "lacks the tensor rnn.weight_hh_l1"),
        (
            {"tensors": {"rnn.weight_ih_l2": np.zeros(3, np.float32)}},
            "has the tensor rnn.weight_ih_l2",
        ),
        ({"tensors": {BIAS: np.zeros(3, np.float32)}}, "decoder.bias of shape (3,) where (4,)"),
        ({"tensors": {BIAS: np.zeros(4)}}, "weights of dtype float32, float64"),
        ({"tensors": {BIAS: np.full(4, np.nan, np.float32)}}, "decoder.bias that are not finite"),
        ({"vocabulary": ["a", "b", "c"]}, "where (15, 3) is needed"),
        ({"vocabulary": ["a", "b", "c", "c"]}, "a character occurs twice"),
        ({"vocabulary": ["a", "b", "c", "de"]}, "'de' is not a single character"),
        ({"vocabulary": ["a", "b", "c", 4]}, "4 is not a single character"),
        ({"vocabulary": "abcd"}, "not a list of characters"),
        ({"vocabulary": []}, "not a list of characters"),
        ({"vocabulary": {"a": 0}}, "not a list of characters"),
        ({"config": []}, "no model section"),
        ({"config": {"model": 3}}, "no model section"),
        ({"config": {"model": {"cell": "gru", "num_layers": 2}}}, "without hidden_size"),
        ({"config": model_of(cell="transformer")}, "cell must be one of"),
        ({"config": model_of(num_layers=5)}, "num_layers must be"),
        ({"config": model_of(num_layers=1)}, "_l1, which its configuration does not"),
        ({"config": model_of(hidden_size="5")}, "hidden_size must be"),
        ({"config": model_of(hidden_size=6)}, "where (18, 4) is needed"),
        ({"config": model_of(cell="lstm")}, "where (20, 4) is needed"),
        ({"config": model_of(activation="relu")}, "activation must be tanh"),
        ({"config": model_of(zoneout=0.5)}, "'zoneout', which is unknown"),
        ({"config": model_of(dropout=1.0)}, "dropout must be"),
        ({"config": model_of(layer_norm=1)}, "layer_norm must be"),
        ({"config": model_of(peepholes=True)}, "peepholes must be false for cell gru"),
        ({"config": model_of(layer_norm=True)}, "lacks the tensor rnn.norm_weight_l0"),
        ({"config": model_of(vocabulary_size=9)}, "4 characters in its vocabulary"),
        ({"config": model_of(dtype="float64")}, "where float64 is needed"),
    ],
)
def test_a_wrong_file_is_refused_with_its_cause(changes, told, tmp_path):
    path = write(tmp_path, **changes)
    with pytest.raises(CheckpointError) as caught:
        load_model(path)
    message = str(caught.value)
    assert message.startswith(f"{path} ")
    assert told in message
    assert message.endswith(".")
    assert "\n" not in message


def test_metadata_that_is_not_json_is_refused(tmp_path):
    path = write(tmp_path)
    told = {"schema": "1", "config": "{", "vocabulary": json.dumps(VOCABULARY)}
    save_file({"decoder.bias": np.zeros(4, np.float32)}, path, told)
    with pytest.raises(CheckpointError, match="config that is not JSON"):
        load_model(path)


def test_half_precision_weights_are_refused(tmp_path):
    names = network().parameters
    path = write(tmp_path, tensors={n: np.zeros(a.shape, np.float16) for n, a in names.items()})
    with pytest.raises(CheckpointError, match="dtype float16"):
        load_model(path)


def test_a_truncated_file_is_refused_at_any_length(tmp_path):
    path = write(tmp_path)
    whole = path.read_bytes()
    for length in (0, 1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="not a readable safetensors file"):
            load_model(path)


def test_other_kinds_of_file_are_refused(tmp_path):
    path = tmp_path / "thing"
    for content in (b"PK\x03\x04" + bytes(100), b"just some text" * 20, bytes(1000)):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match="not a readable safetensors file"):
            load_model(path)
    with pytest.raises(CheckpointError, match="is a folder"):
        load_model(tmp_path)
    with pytest.raises(CheckpointError, match="cannot be opened"):
        load_model(tmp_path / "nothing")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_named_pipe_is_refused_without_waiting(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(CheckpointError, match="not a regular file"):
        load_model(pipe)
