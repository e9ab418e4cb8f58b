"""Model files that are wrong below the level of tensors: refused by their header, in bounds."""

import json
import math
import os

import numpy as np
import pytest
from reference_cells import make_network
from safetensors.numpy import load_file, save

from rnnviz.engine import memory
from rnnviz.engine.checkpoint import CheckpointError, load_model, save_model
from rnnviz.engine.tensor_file import FormatError, TensorFile, parse_json

VOCABULARY = ("\n", "a", "é", "🙂")
META = "__metadata__"


@pytest.fixture
def path(tmp_path):
    """A model file with a few tensors more than the network's."""
    target = tmp_path / "model.safetensors"
    network = make_network(vocabulary_size=4, num_layers=1, dtype="float32")
    extra = {"more.flags": np.array([True, False]), "more.count": np.array(7)}
    save_model(target, network, VOCABULARY, extra_tensors=extra)
    return target


def header_of(path):
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def put(path, header, tensors):
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + tensors)


def refusal(path):
    with pytest.raises(CheckpointError) as caught:
        load_model(path)
    message = str(caught.value)
    assert message.startswith(f"{path} ")
    assert message.endswith(".")
    assert message.isprintable()
    assert len(message) < 600 + len(str(path))
    return message


def test_every_dtype_reads_as_the_format_s_own_reader_does(tmp_path):
    kinds = ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?")
    tensors = {kind: np.arange(6).reshape(2, 3).astype(kind) for kind in kinds}
    tensors |= {"empty": np.zeros((0, 3)), "single": np.array(2.5)}
    path = tmp_path / "all.safetensors"
    path.write_bytes(save(tensors, {"a": "ü"}))
    plain = load_file(path)
    with TensorFile(path) as file:
        assert file.metadata == {"a": "ü"}
        assert file.entries.keys() == plain.keys()
        for name, expected in plain.items():
            read = file.read(name)
            assert (read.dtype, read.shape) == (expected.dtype, expected.shape)
            np.testing.assert_array_equal(read, expected)


def test_a_header_may_have_any_length(path):
    """Its length is the first thing in the file, and may look like another kind's mark."""
    header, tensors = header_of(path)
    text = json.dumps(header)
    for length in (0x0480, 0x0580, 0x0A80, 0x8B1F, 0x4B50):
        padded = text.ljust(length)
        if len(padded.encode()) == length:
            put(path, padded, tensors)
            assert load_model(path).vocabulary == VOCABULARY
    assert length > len(text)


def bend(name, **changes):
    def change(header, tensors):
        header[name].update(changes)
        return header, tensors

    return change


def swap(header, tensors):
    header["decoder.bias"]["data_offsets"] = header["more.count"]["data_offsets"]
    return header, tensors


def hole(header, tensors):
    """Everything after the first tensor stands eight bytes later."""
    first = min(entry["data_offsets"][1] for name, entry in header.items() if name != META)
    for name, entry in header.items():
        if name != META and entry["data_offsets"][0] >= first:
            entry["data_offsets"] = [offset + 8 for offset in entry["data_offsets"]]
    return header, tensors[:first] + bytes(8) + tensors[first:]


def twice(header, tensors):
    text = json.dumps(header)
    return text[:-1] + ', "decoder.bias": ' + json.dumps(header["decoder.bias"]) + "}", tensors


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (bend("decoder.bias", dtype="F99"), "of dtype 'F99'"),
        (bend("decoder.bias", dtype="BF16"), "of dtype 'BF16'"),
        (bend("decoder.bias", dtype=4), "of dtype '4'"),
        (bend("decoder.bias", dtype="F64"), "does not have the 16 bytes its shape takes"),
        (bend("decoder.bias", shape=[5]), "does not have the 16 bytes"),
        (bend("decoder.bias", shape=[-4, -1]), "no list of sizes"),
        (bend("decoder.bias", shape=[True, 4]), "no list of sizes"),
        (bend("decoder.bias", shape=4), "no list of sizes"),
        (bend("decoder.bias", shape=[1] * 9), "no list of sizes"),
        (bend("decoder.bias", shape=[2**32, 2**32]), "beyond all sizes"),
        (bend("decoder.bias", shape=[2**63, 0]), "beyond all sizes"),
        (bend("decoder.bias", data_offsets=[0, 2**64]), "bytes its shape takes"),
        (bend("decoder.bias", data_offsets=[16, 0]), "no usable data_offsets"),
        (bend("decoder.bias", data_offsets=[-16, 0]), "no usable data_offsets"),
        (bend("decoder.bias", data_offsets=[0.5, 16.5]), "no usable data_offsets"),
        (bend("decoder.bias", extra=1), "is not described by dtype"),
        (swap, "does not have the 8 bytes"),
        (hole, "leaves a gap"),
        (twice, "the key 'decoder.bias' occurs twice"),
        (lambda header, tensors: (header, tensors + b"more"), "goes on for 4 bytes"),
        (lambda header, tensors: (header, tensors[:-4]), "it ends at byte"),
        (lambda header, tensors: ({**header, META: ["a"]}, tensors), "metadata are not texts"),
        (lambda header, tensors: ({**header, META: {"a": 1}}, tensors), "metadata are not texts"),
        (lambda header, tensors: ({**header, "x" * 10**6: 1}, tensors), "is not described by"),
        (lambda header, tensors: (list(header), tensors), "not a JSON object"),
        (lambda header, tensors: ("[" * 200_000, tensors), "nested too deeply"),
        (lambda header, tensors: ("", tensors), "not JSON"),
        (lambda header, tensors: ('{"a": ' + "9" * 5000 + "}", tensors), "not JSON"),
    ],
)
def test_a_bent_header_is_refused_with_its_cause(path, change, told):
    put(path, *change(*header_of(path)))
    message = refusal(path)
    assert "is not a readable safetensors file" in message
    assert told in message


def test_tensors_that_share_their_bytes_are_refused(path):
    header, tensors = header_of(path)
    biases = [name for name in header if name.startswith("rnn.bias")]
    first, last = sorted(biases, key=lambda name: header[name]["data_offsets"])
    header[last]["data_offsets"] = header[first]["data_offsets"]
    put(path, header, tensors)
    assert "overlaps another" in refusal(path)


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (b"", "0 bytes only"),
        (b"\x01\x02", "2 bytes only"),
        ((2**63).to_bytes(8, "little") + b"{}", "header would take 9,223,372,036,854,775,808"),
        ((2**64 - 1).to_bytes(8, "little") + b"{}", "of a file of 10"),
        ((3).to_bytes(8, "little") + b"{}", "header would take 3 bytes"),
        ((2).to_bytes(8, "little") + b"\xff\xfe", "header is no text"),
        (b"PK\x03\x04" + bytes(60), "a zip archive, as torch.save writes"),
        (b"\x80\x02}q\0." + bytes(60), "a Python pickle, which is never opened"),
        (b"\x80\x05\x95\0\0\0\0\0\0\0\0." + bytes(60), "a Python pickle, which is never opened"),
        (b"\x89HDF\r\n\x1a\n" + bytes(60), "an HDF5 file"),
    ],
)
def test_a_wrong_beginning_is_told(path, start, told):
    path.write_bytes(start)
    assert told in refusal(path)


@pytest.mark.skipif(os.name != "posix", reason="needs sparse files")
def test_a_header_of_gigabytes_is_not_read(path):
    path.write_bytes((2**33).to_bytes(8, "little") + b"{")
    os.truncate(path, 2**34)
    assert "more than the 16,000,000 allowed" in refusal(path)


def test_truth_values_are_zero_or_one(path):
    header, tensors = header_of(path)
    start = header["more.flags"]["data_offsets"][0]
    put(path, header, tensors[:start] + b"\x07" + tensors[start + 1 :])
    assert "truth values other than 0 and 1" in refusal(path)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_that_are_no_numbers_are_refused(path, value):
    header, tensors = header_of(path)
    start = header["rnn.weight_hh_l0"]["data_offsets"][0]
    put(path, header, tensors[:start] + np.float32(value).tobytes() + tensors[start + 4 :])
    assert "rnn.weight_hh_l0 that are not finite" in refusal(path)


@pytest.mark.parametrize(
    ("schema", "remedy"),
    [("2", "newer rnnviz"), ("99999999999999", "saved by rnnviz"), ("x" * 10**6, "saved by")],
)
def test_another_schema_is_told_with_what_to_do(path, schema, remedy):
    header, tensors = header_of(path)
    header[META]["schema"] = schema
    put(path, header, tensors)
    assert remedy in refusal(path)


@pytest.mark.parametrize(
    "vocabulary", [["x" * 10**6, "a", "b", "c"], ["\x1b[31m", "a", "b", "c"], [["[" * 1000]] * 4]
)
def test_what_a_message_cites_is_short_and_printable(path, vocabulary):
    header, tensors = header_of(path)
    header[META]["vocabulary"] = json.dumps(vocabulary)
    put(path, header, tensors)
    assert "is not a single character" in refusal(path)


def test_a_file_cut_off_while_it_is_read_is_an_error_like_others(path):
    """A file mapped into memory would end the process here."""
    with TensorFile(path) as file:
        os.truncate(path, path.stat().st_size - 16)
        last = max(file.entries, key=lambda name: file.entries[name].start)
        with pytest.raises(FormatError, match="ends before its last tensor"):
            file.read(last)


@pytest.mark.parametrize("name", ["a\0b", "no/such/folder.safetensors"])
def test_names_of_no_file(name):
    with pytest.raises(CheckpointError, match="check the path"):
        load_model(name)


def test_json_keeps_within_bounds():
    with pytest.raises(ValueError, match="objects"):
        parse_json("[" + ",".join(["{}"] * 100_001) + "]")
    assert parse_json('{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}


def test_memory_is_counted_where_the_system_tells(monkeypatch, tmp_path):
    told = tmp_path / "meminfo"
    told.write_text("MemTotal:  900 kB\nMemAvailable:   500 kB\n")
    monkeypatch.setattr(memory, "_MEMINFO", told)
    assert memory.available_memory() == 512_000
    assert memory.lacking_memory(512_000) == ""
    assert memory.lacking_memory(3_000_000_000) == ("needs 3.0 GB of memory where 1 MB are free")
    for content in ("", "MemAvailable:\n", "MemAvailable: much\n"):
        told.write_text(content)
        found = memory.available_memory()
        assert found is None or found > 10**6
