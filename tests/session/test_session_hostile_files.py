"""Run files that somebody has damaged: refused with one sentence, or a run that trains.

`RNNVIZ_FUZZ=20000` mutates so many files instead of a few hundred.
"""

from __future__ import annotations

import copy
import json
import math
import os
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnviz.engine.checkpoint import CheckpointError, load_model
from rnnviz.engine.errors import EngineError
from rnnviz.session.config import ConfigError, RunConfig
from rnnviz.session.frames import Event
from rnnviz.session.history import History
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.run import build_run
from rnnviz.session.runfile import load_run, save_run, summary, write_checkpoint
from rnnviz.session.runner import Budget, Runner
from rnnviz.text.corpus import Corpus

MUTATIONS = int(os.environ.get("RNNVIZ_FUZZ", "600"))
TEXT = "the tide comes in, the tide goes out, and nobody asks it why.\n" * 12
CORPUS = Corpus("tide", TEXT, "tide.txt")
KINDS = (
    RunConfig(cell="gru", hidden_size=5, seq_len=7, batch_size=3),
    RunConfig(
        cell="lstm",
        hidden_size=4,
        num_layers=2,
        seq_len=6,
        batch_size=2,
        dropout=0.2,
        peepholes=True,
        layer_norm=True,
        optimizer="rmsprop",
    ),
)
NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 3, 2**31, 2**63, 2**64, 10**400, 0.5, -0.0, 1e308, math.nan,
    math.inf,
    "", "x", "é", "\0", "\ud800", "<b>x</b>", "a\nb", "9" * 5000, "float32", "lstm", "contiguous",
    [], [[]], [0], [0, 0], [2**62, 0], [1, 2, 3], {}, {"a": 1}, {"__metadata__": {}},
)  # fmt: skip


def saved(folder: Path, config: RunConfig, name: str = "run.safetensors") -> Path:
    run = build_run(config, CORPUS)
    for _ in range(3):
        run.trainer.step()
    path = folder / name
    save_run(path, run, seconds=1.5)
    return path


def saved_whole(folder: Path, name: str = "whole.safetensors") -> Path:
    """A run with history, best weights, clocks and view, as the window saves it."""
    runner, history = Runner(build_run(KINDS[0], CORPUS), Mailbox()), History()
    runner.train_until(Budget(steps=12))
    history.extend(runner.mailbox.drain())
    history.events.append(Event(7, "lr", "lr 5.0e-3 → 1.0e-2"))
    assert runner.best is not None
    assert history.samples
    view = {"seed": "the tide", "loss": {"unit": "bits", "zoom": [0.0, 1.0, 2.0, 3.0]}}
    path = folder / name
    write_checkpoint(path, runner.checkpoint(), history.record(runner.last_row), view)
    return path


def parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def joined(header: str | dict[str, Any], tensors: bytes) -> bytes:
    text = header if isinstance(header, str) else json.dumps(header)
    encoded = text.encode("utf-8", "surrogatepass")
    return len(encoded).to_bytes(8, "little") + encoded + tensors


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value, as container and key."""
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            found.append((value, key))
            found.extend(spots(value[key]))
    return found


def changed(rng: random.Random, value: Any) -> None:
    """Replaces, deletes, doubles or renames something anywhere in a JSON value."""
    container, key = rng.choice(spots(value))
    how = rng.randrange(6)
    if how < 3:
        container[key] = copy.deepcopy(rng.choice(NASTY))
    elif how == 3 and isinstance(container, dict):
        container[rng.choice(["", "extra", "cell", "seed", "\ud800"])] = container.pop(key)
    elif how == 3:
        container.append(container[key])
    elif how == 4:
        del container[key]
    else:
        other, place = rng.choice(spots(value))
        container[key] = json.loads(json.dumps(other[place]))


def flip(rng: random.Random, data: bytes) -> bytes:
    result = bytearray(data)
    end = rng.choice([8, 300, len(data), len(data)])
    for _ in range(rng.randint(1, 8)):
        result[rng.randrange(min(end, len(data)))] = rng.randrange(256)
    return bytes(result)


def cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def shift(rng: random.Random, data: bytes) -> bytes:
    place, length = rng.randrange(len(data)), rng.randint(1, 40)
    if rng.random() < 0.5:
        return data[:place] + rng.randbytes(length) + data[place:]
    return data[:place] + data[place + length :]


def length(rng: random.Random, data: bytes) -> bytes:
    told = rng.choice([0, 1, 2, len(data) - 8, len(data) - 7, 2**24, 2**32, 2**63, 2**64 - 1])
    return told.to_bytes(8, "little") + data[8:]


def header(rng: random.Random, data: bytes) -> bytes:
    content, tensors = parts(data)
    for _ in range(rng.randint(1, 3)):
        if spots(content):
            changed(rng, content)
    return joined(content, tensors)


def inner(rng: random.Random, data: bytes) -> bytes:
    content, tensors = parts(data)
    name = rng.choice(["config", "config", "config", "vocabulary"])
    value = json.loads(content["__metadata__"][name])
    for _ in range(rng.randint(1, 3)):
        if spots(value):
            changed(rng, value)
    content["__metadata__"][name] = json.dumps(value)
    return joined(content, tensors)


def offsets(rng: random.Random, data: bytes) -> bytes:
    content, tensors = parts(data)
    one, two = rng.sample([key for key in content if key != "__metadata__"], 2)
    how = rng.randrange(4)
    if how == 0:
        content[one], content[two] = content[two], content[one]
    elif how == 1:
        content[one]["data_offsets"] = content[two]["data_offsets"]
    elif how == 2:
        for key in (one, two):
            content[key]["data_offsets"][rng.randrange(2)] += rng.choice([-8, -4, -1, 1, 4, 8])
    else:
        content[one]["shape"] = [rng.choice([0, 1, 2**32, 2**62]) for _ in range(rng.randint(0, 9))]
    return joined(content, tensors)


def doubled(rng: random.Random, data: bytes) -> bytes:
    content, tensors = parts(data)
    text = json.dumps(content)
    key = rng.choice(list(content))
    return joined(f"{{{json.dumps(key)}: {json.dumps(content[key])}, {text[1:]}", tensors)


def lists(rng: random.Random, data: bytes) -> bytes:
    """Changes one of the lists of a history, which are JSON lines among the tensors."""
    content, tensors = parts(data)
    names = [key for key in content if key.startswith("history.")]
    name = rng.choice([n for n in names if content[n]["dtype"] == "U8"])
    start, stop = content[name]["data_offsets"]
    items = [json.loads(line) for line in tensors[start:stop].splitlines()]
    for _ in range(rng.randint(1, 3)):
        if spots(items):
            changed(rng, items)
    lines = "".join(json.dumps(item) + "\n" for item in items).encode()
    content[name]["shape"] = [len(lines)]
    for key, entry in content.items():
        if key != "__metadata__" and entry["data_offsets"][0] >= stop and key != name:
            entry["data_offsets"] = [at + len(lines) - stop + start for at in entry["data_offsets"]]
    content[name]["data_offsets"] = [start, start + len(lines)]
    return joined(content, tensors[:start] + lines + tensors[stop:])


def numbers(rng: random.Random, data: bytes) -> bytes:
    result = bytearray(data)
    start = 8 + int.from_bytes(data[:8], "little")
    for _ in range(rng.randint(1, 4)):
        place = start + 4 * rng.randrange((len(data) - start) // 4)
        value = rng.choice([math.nan, math.inf, -math.inf, 3e38, 1e-45])
        result[place : place + 4] = np.float32(value).tobytes()
    return bytes(result)


MUTATORS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    flip, cut, shift, length, header, inner, inner, offsets, doubled, numbers, lists,
)  # fmt: skip


def refusal(path: Path) -> str:
    """Empty when the file opens and trains on; else the message, checked to be one sentence."""
    try:
        found = load_run(path)
        found.seconds.as_integer_ratio()  # a finite number
        assert found.corpus_name.isprintable()
        if not found.belongs_to(CORPUS):
            return ""
        run = found.restore(CORPUS)
        runner = Runner(run, Mailbox())
        runner.resume(found)
        if found.record is not None:
            assert (found.record.last is None) == (not len(History.of(found.record)))
    except (EngineError, ConfigError) as error:
        message = str(error)
        assert message.isprintable(), message
        assert path.name in message
        assert len(message) < 1000
        return message
    # Weights or optimizer may be large enough to overflow; that is divergence, and no error.
    with np.errstate(all="ignore"):
        runner.train_until(Budget(steps=run.trainer.steps + 1))
    return ""


def summed_up(path: Path) -> None:
    """What a start reads of a run that was kept by itself: a summary, or one sentence."""
    try:
        found = summary(path)
    except CheckpointError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 1000
        return
    assert found.what.isprintable()
    assert f"{found.step:,} {found.seconds:.1f}"


def test_damaged_run_files_are_refused_with_one_sentence_or_train_on(tmp_path: Path) -> None:
    originals = [saved(tmp_path, config, f"{config.cell}.safetensors") for config in KINDS]
    originals.append(saved_whole(tmp_path))
    contents = [path.read_bytes() for path in originals]
    for path in originals:
        assert refusal(path) == ""
    path = tmp_path / "damaged.safetensors"
    refused = 0
    for seed in range(MUTATIONS):
        rng = random.Random(seed)
        data = rng.choice(contents)
        for _ in range(rng.choice([1, 1, 1, 2])):
            mutate = rng.choice(MUTATORS)
            try:
                data = mutate(rng, data)
            except (ValueError, KeyError, TypeError, IndexError, AttributeError):
                continue  # the first mutation left nothing the second could find its way in
        path.write_bytes(data)
        try:
            refused += bool(refusal(path))
            summed_up(path)
        except Exception as error:
            raise AssertionError(f"mutation {seed} ({mutate.__name__})") from error
    assert refused > MUTATIONS // 2


def test_a_run_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, KINDS[0])
    whole = path.read_bytes()
    header_end = 8 + int.from_bytes(whole[:8], "little")
    for end in (*range(0, header_end, 37), *range(header_end, len(whole), 101), len(whole) - 1):
        path.write_bytes(whole[:end])
        assert "not a readable safetensors file" in refusal(path), end


def rewritten(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes the sections of a saved run's config."""
    content, tensors = parts(path.read_bytes())
    sections = json.loads(content["__metadata__"]["config"])
    change(sections)
    content["__metadata__"]["config"] = json.dumps(sections)
    path.write_bytes(joined(content, tensors))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s.update(run=[]), "section run"),
        (lambda s: s.update(trainer=3), "section trainer"),
        (lambda s: s["run"].update(zoneout=1), "no setting called 'zoneout'"),
        (lambda s: s["run"].update(hidden_size=10**400), "hidden_size"),
        (lambda s: s["run"].update(learning_rate=10**400), "learning_rate"),
        (lambda s: s["run"].update(learning_rate=math.nan), "learning_rate"),
        (lambda s: s["run"].update(cell="x" * 10**6), "cell"),
        (lambda s: s["run"].update(hidden_size=6), "settings are not those of its network"),
        (lambda s: s["run"].update(batch_size=4096), "can't be continued"),
        (lambda s: s["trainer"].update(step=2**60), "number of step"),
        (lambda s: s["trainer"].update(step=-1), "step"),
        (lambda s: s["trainer"].update(step="many"), "step"),
        (lambda s: s["trainer"].update(streams=None), "can't be continued"),
        (lambda s: s["trainer"].update(streams={"position": 3, "epoch": 0}), "position"),
        (lambda s: s["trainer"].update(optimizer="sgd"), "optimizer"),
        (lambda s: s["trainer"].pop("rng"), "rng"),
        (lambda s: s["trainer"].update(progress=math.nan), "progress"),
    ],
)
def test_contradictions_inside_a_run_file_are_told(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    path = saved(tmp_path, KINDS[0])
    rewritten(path, change)
    assert told in refusal(path)


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -1, 1e300, True, "long", None, [1]])
def test_a_senseless_time_counts_as_none(tmp_path: Path, seconds: object) -> None:
    path = saved(tmp_path, KINDS[0])
    rewritten(path, lambda s: s["trainer"].update(seconds=seconds))
    assert load_run(path).seconds == 0.0
    assert refusal(path) == ""


def test_a_vocabulary_without_a_character_of_the_text_is_not_continued(tmp_path: Path) -> None:
    path = saved(tmp_path, KINDS[0])
    content, tensors = parts(path.read_bytes())
    vocabulary = json.loads(content["__metadata__"]["vocabulary"])
    content["__metadata__"]["vocabulary"] = json.dumps(["é", *vocabulary[1:]])
    path.write_bytes(joined(content, tensors))
    message = refusal(path)
    assert "can't be continued" in message
    assert "which the network does not know" in message


def test_a_vocabulary_in_another_order_is_that_of_the_network(tmp_path: Path) -> None:
    path = saved(tmp_path, KINDS[0])
    content, tensors = parts(path.read_bytes())
    vocabulary = json.loads(content["__metadata__"]["vocabulary"])[::-1]
    content["__metadata__"]["vocabulary"] = json.dumps(vocabulary)
    path.write_bytes(joined(content, tensors))
    assert load_run(path).restore(CORPUS).vocabulary.characters == tuple(vocabulary)
    assert refusal(path) == ""


@pytest.mark.parametrize("step", [10**400, 2**53, -1, 0.5, math.inf, None])
def test_a_kept_run_with_a_senseless_step_is_not_offered(tmp_path: Path, step: object) -> None:
    path = saved_whole(tmp_path)
    rewritten(path, lambda s: s["trainer"].update(step=step))
    with pytest.raises(CheckpointError, match=r"whole\.safetensors is not a run"):
        summary(path)


@pytest.mark.parametrize("value", [10**400, math.nan, -1, "late", None, True])
def test_senseless_clocks_and_best_weights_of_a_whole_run(tmp_path: Path, value: object) -> None:
    path = saved_whole(tmp_path)
    rewritten(path, lambda s: s["runner"].update(seconds=value, smoother=[value, value]))
    assert load_run(path).seconds == 0.0
    assert refusal(path) == ""
    rewritten(path, lambda s: s["best"].update(step=value))
    assert "best weights that do not fit" in refusal(path)


def test_numbers_that_are_none_in_the_optimizer_are_told(tmp_path: Path) -> None:
    path = saved(tmp_path, KINDS[0])
    content, tensors = parts(path.read_bytes())
    start, stop = next(
        entry["data_offsets"]
        for name, entry in content.items()
        if name.startswith("trainer.optimizer.") and entry["dtype"] == "F32"
    )
    filled = np.full((stop - start) // 4, np.nan, np.float32).tobytes()
    path.write_bytes(joined(content, tensors[:start] + filled + tensors[stop:]))
    assert "no numbers" in refusal(path)


def test_a_header_that_promises_much_costs_nothing(tmp_path: Path) -> None:
    """Weights of terabytes in a file of kilobytes: refused before anything is allocated."""
    path = saved(tmp_path, KINDS[0])
    content, tensors = parts(path.read_bytes())
    for entry in content.values():
        if "shape" in entry:
            entry["shape"] = [2**20, 2**20]
    path.write_bytes(joined(content, tensors))
    tracemalloc.start()
    try:
        assert "not a readable safetensors file" in refusal(path)
        (tmp_path / "sparse.safetensors").write_bytes((2**40).to_bytes(8, "little") + b"{")
        os.truncate(tmp_path / "sparse.safetensors", 2**41)
        assert "more than the 16,000,000" in refusal(tmp_path / "sparse.safetensors")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000


def test_a_file_larger_than_the_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, KINDS[0])
    monkeypatch.setattr("rnnviz.engine.memory.available_memory", lambda: 1000)
    message = refusal(path)
    assert "of memory where 0 MB are free" in message
    monkeypatch.setattr("rnnviz.engine.memory.available_memory", lambda: None)
    load_model(path)
