"""Settings: limits, what waits for a restart, presets and their files."""

from __future__ import annotations

import json
import mmap
import tracemalloc
from pathlib import Path

import pytest

from rnnviz.engine.cells import CELLS
from rnnviz.engine.network import ModelConfig
from rnnviz.engine.optimizers import OPTIMIZERS, make_optimizer
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.schedules import Constant
from rnnviz.engine.truncation import Truncation
from rnnviz.session.config import ConfigError, RunConfig, fitted, problems, restart_changes
from rnnviz.session.presets import load_preset, preset_ids, read_preset
from rnnviz.session.run import build_run, least_memory
from rnnviz.text.corpus import Corpus


def test_the_default_config_has_no_problems() -> None:
    assert problems(RunConfig(), 200_000) == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"num_layers": 0}, "num_layers"),
        ({"num_layers": 5}, "num_layers"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"batch_size": 0}, "batch_size"),
        ({"cell": "transformer"}, "cell"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"clip_threshold": -1.0}, "clip_threshold"),
        ({"temperature": -0.5}, "temperature"),
        ({"val_fraction": 0.9}, "val_fraction"),
        ({"cell": "lstm", "activation": "relu"}, "activation"),
        ({"peepholes": True}, "peepholes"),
        ({"dropout": 1.0}, "dropout"),
        ({"forget_bias": float("nan")}, "forget_bias"),
        ({"spectral_radius": -1.0}, "spectral_radius"),
        ({"bptt": "never"}, "bptt"),
        ({"truncation_probability": 0.0}, "truncation_probability"),
        ({"accumulate": 0}, "accumulate"),
        ({"momentum": 1.0}, "momentum"),
        ({"rmsprop_alpha": -0.1}, "rmsprop_alpha"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"decay_factor": 1.5}, "decay_factor"),
        ({"decay_after": 0}, "decay_after"),
        ({"warm_up": -1}, "warm_up"),
        ({"top_k": -1}, "top_k"),
        ({"top_p": 0.0}, "top_p"),
    ],
)
def test_each_bad_setting_is_named(change: dict[str, object], field: str) -> None:
    found = problems(RunConfig().with_changes(**change))
    assert list(found) == [field]
    assert found[field]


def test_a_window_longer_than_the_text_says_what_would_fit() -> None:
    found = problems(RunConfig(seq_len=500, batch_size=4), 1_000)
    assert "at most 224" in found["seq_len"]  # 900 training characters in 4 streams of 225


def test_too_many_streams_for_the_text_are_told_at_the_batch() -> None:
    assert "batch_size" in problems(RunConfig(batch_size=100), 50)


@pytest.mark.parametrize("length", [1, 2, 3, 10, 60, 500, 3_000, 100_000])
def test_settings_can_be_fitted_to_a_text(length: int) -> None:
    config = fitted(RunConfig(), length)
    if config is None:
        assert length < 2
    else:
        assert problems(config, length) == {}
        assert config.seq_len == 50 or config.batch_size == 1


def test_streams_too_long_to_go_back_through_whole_are_told() -> None:
    whole = RunConfig(bptt="whole", batch_size=4)
    assert "at most 10,001" in problems(whole, 1_000_000)["bptt"]
    assert problems(whole, 1_000) == {}


def test_defaults_leave_the_engine_as_it_was() -> None:
    config = RunConfig()
    assert config.model_config(7) == ModelConfig(7, hidden_size=128, cell="gru")
    assert config.truncation() == Truncation()
    assert config.learning_rate_schedule() == Constant()
    parameters = Parameters.zeros({"w": (2,)}, "float32")
    for name in OPTIMIZERS:
        own = make_optimizer(name, parameters, **config.hyperparameters(name)).hyperparameters
        assert own == make_optimizer(name, parameters).hyperparameters


def test_only_restart_fields_wait_for_a_restart() -> None:
    before = RunConfig()
    after = before.with_changes(hidden_size=64, learning_rate=0.5, cell="lstm")
    assert restart_changes(before, after) == ("cell", "hidden_size")


def test_a_config_survives_json() -> None:
    config = RunConfig(cell="lstm", learning_rate=1.0, seed=5)
    assert RunConfig.from_mapping(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"layers": 2}, "layers"),
        ({"num_layers": "two"}, "num_layers"),
        ({"num_layers": True}, "num_layers"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"learning_rate": None}, "learning_rate"),
    ],
)
def test_unknown_names_and_wrong_types_are_refused_by_name(values: object, word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        RunConfig.from_mapping(values)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", preset_ids())
def test_every_preset_can_be_used(name: str) -> None:
    preset = load_preset(name)
    assert problems(preset.config("the-salt-crown"), 150_000) == {} or name == "hello"
    config, budget = preset.command_line_config("some.txt")
    assert config.corpus == "some.txt"
    assert len(budget) == 1


def test_the_classic_preset_is_the_classic() -> None:
    config, _ = load_preset("min-char-rnn").command_line_config("x")
    assert (config.cell, config.hidden_size, config.seq_len, config.batch_size) == (
        "rnn",
        100,
        25,
        1,
    )
    assert (config.optimizer, config.learning_rate) == ("adagrad", 0.1)
    assert (config.clip_kind, config.clip_threshold, config.reduction) == ("value", 5.0, "sum")
    assert (config.sample_every, config.sample_length) == (100, 200)


def test_char_rnn_is_the_published_setup() -> None:
    config, budget = load_preset("char-rnn").command_line_config("x")
    assert (config.cell, config.num_layers, config.hidden_size) == ("lstm", 2, 128)
    assert (config.seq_len, config.batch_size, budget) == (50, 50, {"epochs": 50})
    assert (config.split, config.val_fraction) == ("interleaved", 0.05)
    assert (config.clip_kind, config.clip_threshold) == ("value", 5.0)
    assert (config.optimizer, config.learning_rate) == ("rmsprop", 2e-3)
    schedule = config.learning_rate_schedule()
    rates = [schedule.multiplier(None, epoch) for epoch in (9.9, 10.0, 11.0)]
    assert rates == pytest.approx([1.0, 0.95, 0.95**2])


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("{", "line 1"),
        ("[]", "object"),
        ('{"title": 3, "description": ""}', "title"),
        ('{"title": "a", "description": "b", "setings": {}}', "setings"),
        ('{"title": "a", "description": "b", "settings": {"hiden": 3}}', "hiden"),
        ('{"title": "a", "description": "b", "command_line": {"seconds": "long"}}', "seconds"),
    ],
)
def test_a_broken_preset_file_is_told_by_name(tmp_path: Path, content: str, word: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=word) as raised:
        read_preset(path)
    assert "broken" in str(raised.value)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (['{"title": "a",', '"description": 3}'], "line 2: description must be a text"),
        (['{"title": "a", "description": "b",', '"setings": {}}'], "line 2: there is no key"),
        (
            ['{"title": "a", "description": "b", "settings": {', '"cell": "gru",', '"hiden": 3}}'],
            "line 3: there is no setting called 'hiden'",
        ),
        (
            ['{"title": "a", "description": "b", "settings": {', '"hidden_size": "many"}}'],
            'line 2: hidden_size is "many", but must be of type int',
        ),
        (
            ['{"title": "a", "description": "b", "settings": {', '"hidden_size": 0}}'],
            "line 2: hidden_size: must be 1 to 4,096",
        ),
        (
            [
                '{"title": "a", "description": "b", "settings": {},',
                '"command_line": {',
                '"seed":-1}}',
            ],
            "line 3: seed: must be",
        ),
        (
            ['{"title": "a", "description": "b", "command_line": {', '"steps": true}}'],
            "line 2: steps must be a number above 0",
        ),
        (['{"title": "a",', '"title": "b"}'], "line 2: the key 'title' occurs twice"),
    ],
)
def test_what_is_wrong_in_a_preset_is_told_with_its_line(
    tmp_path: Path, lines: list[str], told: str
) -> None:
    path = tmp_path / "broken.json"
    path.write_text("\n".join(lines))
    with pytest.raises(ConfigError) as raised:
        read_preset(path)
    assert str(raised.value).startswith(f"preset broken.json, {told}")


def test_a_preset_may_leave_all_settings_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "plain.json"
    path.write_text('{"title": "a", "description": "b"}')
    assert read_preset(path).config("x") == RunConfig(corpus="x")


def test_a_run_the_memory_can_not_hold_is_refused_before_it_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corpus = Corpus("many", "".join(map(chr, range(0x4E00, 0x9000))) * 3, "many")
    config = RunConfig(hidden_size=8, seq_len=20, batch_size=4)
    build_run(config, corpus)
    monkeypatch.setattr("rnnviz.engine.memory.available_memory", lambda: 1_000_000)
    with pytest.raises(ConfigError, match="on a text of 16,896 symbols needs 17 MB"):
        build_run(config, corpus)


def test_absurd_sizes_are_refused_by_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus("long", "to and fro, " * 4_000_000, "long")
    config = RunConfig(hidden_size=4096, num_layers=4, seq_len=9_000, batch_size=4096)
    monkeypatch.setattr("rnnviz.engine.memory.available_memory", lambda: 64 * 10**9)
    with pytest.raises(ConfigError, match="choose fewer hidden units"):
        build_run(config, corpus)


def test_memory_for_the_processes_that_share_a_batch_is_counted_or_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corpus = Corpus("fox", "the quick brown fox jumps over the lazy dog.\n" * 500, "fox")
    config = RunConfig(cell="lstm", hidden_size=256, batch_size=32, seq_len=20)
    model = config.model_config(corpus.vocabulary.size)
    alone, shared = (least_memory(config, model, 20, processes) for processes in (1, 2))
    size = model.parameter_count * 4
    assert shared - alone == 4 * size
    monkeypatch.setattr("rnnviz.engine.memory.available_memory", lambda: shared)
    run = build_run(config, corpus, cores=2)
    assert run.parallelism.processes == 2
    run.trainer.close()
    monkeypatch.setattr("rnnviz.engine.memory.available_memory", lambda: shared - 1)
    assert build_run(config, corpus, cores=2).parallelism.processes == 1
    monkeypatch.setattr("rnnviz.engine.memory.available_memory", lambda: alone - 1)
    with pytest.raises(ConfigError, match="of memory"):
        build_run(config, corpus, cores=2)


@pytest.mark.parametrize("cell", sorted(CELLS))
@pytest.mark.parametrize(("hidden", "layers"), [(48, 2), (128, 1), (64, 3)])
def test_the_memory_a_run_is_said_to_need_is_what_it_takes(
    cell: str, hidden: int, layers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(mmap, "MADV_HUGEPAGE", raising=False)  # those pages are not traced
    text = "".join(map(chr, range(40, 100))) * 200
    corpus = Corpus("memory", text, "memory")
    assert corpus.indices.size
    config = RunConfig(cell=cell, hidden_size=hidden, num_layers=layers, batch_size=100, seq_len=60)
    tracemalloc.start()
    try:
        run = build_run(config, corpus, cores=1)
        run.trainer.step()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    said = least_memory(config, run.network.config, 60)
    assert 0.75 * peak < said < 1.25 * peak
