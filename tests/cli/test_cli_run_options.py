"""Every setting of a run can be given to `rnnviz train`, and one that does nothing is refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from safetensors import safe_open

from rnnviz import cli
from rnnviz.cli import run_options, train
from rnnviz.engine.cells import CELLS
from rnnviz.engine.initializers import INITIALIZERS
from rnnviz.engine.loss import REDUCTIONS
from rnnviz.engine.network import ACTIVATIONS, DTYPES
from rnnviz.engine.optimizers import OPTIMIZERS
from rnnviz.engine.schedules import SCHEDULES
from rnnviz.session.config import BPTT, RunConfig
from rnnviz.session.presets import load_preset

TEXT = "It was a wet evening, and the sea came over the wall again.\n" * 20

# What is typed, and the field that must change by it; what makes it possible comes first.
TYPED = [
    ("--cell lstm", "cell", "lstm"),
    ("--layers 3", "num_layers", 3),
    ("--hidden 17", "hidden_size", 17),
    ("--cell rnn --activation relu", "activation", "relu"),
    ("--cell lstm --peepholes", "peepholes", True),
    ("--layer-norm", "layer_norm", True),
    ("--layers 2 --residual", "residual", True),
    ("--layers 2 --dropout 0.25", "dropout", 0.25),
    ("--dtype float64", "dtype", "float64"),
    ("--seed 5", "seed", 5),
    ("--init orthogonal", "initialization", "orthogonal"),
    ("--cell lstm --forget-bias -1.5", "forget_bias", -1.5),
    ("--spectral-radius 0.9", "spectral_radius", 0.9),
    ("--seq-len 20", "seq_len", 20),
    ("--batch 7", "batch_size", 7),
    ("--bptt whole", "bptt", "whole"),
    ("--bptt random --truncation-probability 0.25", "truncation_probability", 0.25),
    ("--accumulate 3", "accumulate", 3),
    ("--reduction sum", "reduction", "sum"),
    ("--no-clip", "clip_kind", "off"),
    ("--clip-value 0.5", "clip_kind", "value"),
    ("--clip-norm 0.5", "clip_threshold", 0.5),
    ("--optimizer sgd", "optimizer", "sgd"),
    ("--lr 0.5", "learning_rate", 0.5),
    ("--optimizer nesterov --momentum 0.5", "momentum", 0.5),
    ("--optimizer rmsprop --rmsprop-alpha 0.5", "rmsprop_alpha", 0.5),
    ("--optimizer adamw --weight-decay 0", "weight_decay", 0.0),
    ("--schedule constant", "schedule", "constant"),
    ("--schedule step --decay-factor 0.5", "decay_factor", 0.5),
    ("--schedule step --decay-after 3", "decay_after", 3),
    ("--warm-up 30", "warm_up", 30),
    ("--split interleaved", "split", "interleaved"),
    ("--val-fraction 0.25", "val_fraction", 0.25),
    ("--smoothing 9", "smoothing", 9),
    ("--smoothing-start uniform", "smoothing_start", "uniform"),
    ("--sample-every 9", "sample_every", 9),
    ("--sample-length 9", "sample_length", 9),
    ("--temperature 0", "temperature", 0.0),
    ("--top-k 9", "top_k", 9),
    ("--top-p 0.5", "top_p", 0.5),
]


def chosen(typed: str, preset: str = "gru-128") -> tuple[RunConfig, RunConfig]:
    """The preset's settings and what becomes of them."""
    given = train.parser().parse_args(["some.txt", "--out", "x.safetensors", *typed.split()])
    before, _ = load_preset(preset).command_line_config("some.txt")
    return before, run_options.changed(before, vars(given))


@pytest.mark.parametrize(("typed", "field", "value"), TYPED, ids=[typed for typed, *_ in TYPED])
def test_an_option_sets_its_field(typed: str, field: str, value: object) -> None:
    before, after = chosen(typed)
    assert getattr(before, field) != value
    assert getattr(after, field) == value
    assert type(getattr(after, field)) is type(getattr(before, field))


def test_every_setting_of_a_run_has_an_option() -> None:
    fields = {field.name for field in dataclasses.fields(RunConfig)}
    assert {field for _, field, _ in TYPED} == fields - {"corpus"}  # the corpus is the argument
    assert set(run_options.BY_FIELD) == fields - {"corpus", "clip_kind", "clip_threshold"}
    assert all(option in train.parser().format_help() for option in run_options.BY_FIELD.values())


def test_nothing_changes_unless_it_is_asked_for() -> None:
    for preset in ("gru-128", "min-char-rnn", "char-rnn"):
        before, after = chosen("", preset)
        assert before == after


def test_a_switch_can_be_turned_off_again() -> None:
    on, off = RunConfig(cell="lstm", peepholes=True), ["x", "--out", "x", "--no-peepholes"]
    assert not run_options.changed(on, vars(train.parser().parse_args(off))).peepholes


def test_the_choices_written_out_are_those_of_the_engine() -> None:
    assert tuple(OPTIMIZERS) == run_options.OPTIMIZERS
    assert tuple(INITIALIZERS) == run_options.INITIALIZERS
    shown = " ".join(train.parser().format_help().split())
    for choices in (CELLS, ACTIVATIONS, DTYPES, BPTT, REDUCTIONS, SCHEDULES):
        assert f"{{{','.join(choices)}}}" in shown


def test_what_was_typed_trains_and_is_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, out = tmp_path / "wet.txt", tmp_path / "run.safetensors"
    corpus.write_text(TEXT)
    typed = (
        "--cell lstm --layers 2 --hidden 6 --peepholes --layer-norm --residual --dropout 0.25 "
        "--init orthogonal --forget-bias 2 --spectral-radius 0.75 --seq-len 8 --batch 3 "
        "--bptt random --truncation-probability 0.5 --accumulate 2 --reduction sum "
        "--optimizer momentum --momentum 0.5 --lr 0.01 --schedule step --decay-factor 0.5 "
        "--decay-after 1 --warm-up 3 --temperature 0.5 --sample-every 4 --sample-length 12 "
        "--smoothing 10 --smoothing-start uniform --top-k 5 --top-p 0.875"
    )
    arguments = ["train", str(corpus), "--out", str(out), *typed.split(), "--steps", "8", "--json"]
    assert cli.main(arguments) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["steps"] == 8
    samples = printed.err.split("--- step ")[1:]
    assert [sample.split(",")[0] for sample in samples] == ["4", "8"]
    assert len(samples[0].partition("\n")[2].partition("\n\n")[0]) == 12
    with safe_open(out, framework="np") as file:
        sections = json.loads(file.metadata()["config"])
        names = set(file.keys())
    run, model = sections["run"], sections["model"]
    assert {
        "bptt": "random", "accumulate": 2, "reduction": "sum", "momentum": 0.5, "warm_up": 3,
        "initialization": "orthogonal", "spectral_radius": 0.75, "forget_bias": 2.0, "top_k": 5,
        "top_p": 0.875, "smoothing_start": "uniform", "decay_factor": 0.5,
    }.items() <= run.items()  # fmt: skip
    assert {
        "cell": "lstm", "num_layers": 2, "peepholes": True, "layer_norm": True, "residual": True,
        "dropout": 0.25,
    }.items() <= model.items()  # fmt: skip
    assert {"rnn.weight_peephole_l1", "rnn.norm_weight_l0"} <= names


def test_a_preset_that_asks_for_samples_shows_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "run.safetensors")
    arguments = ["train", "hello", "--out", out, "--preset", "min-char-rnn", "--val-fraction", "0"]
    assert cli.main([*arguments, "--steps", "100", "--json"]) == 0
    assert "--- step 100," in capsys.readouterr().err
    assert cli.main([*arguments, "--steps", "100", "--json", "--sample-every", "0"]) == 0
    assert "--- step" not in capsys.readouterr().err


REFUSED = [
    ("--peepholes", "--peepholes: only the lstm cell can have peepholes"),
    ("--activation relu", "--activation: only the rnn cell can use relu"),
    ("--activation sigmoid", "--activation"),
    ("--dropout 0.5", "--dropout: acts between layers"),
    ("--layers 2 --dropout 1", "--dropout: must be at least 0 and below 1"),
    ("--residual", "--residual: acts between layers"),
    ("--forget-bias 1", "--forget-bias: only the lstm cell has a forget gate, not gru"),
    ("--cell lstm --forget-bias nan", "--forget-bias"),
    ("--init magic", "--init: must be one of uniform, gaussian"),
    ("--spectral-radius 1e9", "--spectral-radius: must be 0 to 100"),
    ("--bptt never", "--bptt"),
    ("--truncation-probability 0.5", "--truncation-probability: belongs to --bptt random"),
    ("--bptt random --truncation-probability 2", "--truncation-probability: must be 0.01 to 1"),
    ("--bptt whole --seq-len 20", "--seq-len: --bptt whole takes the whole stream"),
    ("--accumulate 0", "--accumulate"),
    ("--reduction median", "--reduction"),
    ("--momentum 0.5", "--momentum: belongs to --optimizer momentum and nesterov, not adam"),
    ("--optimizer momentum --momentum 1", "--momentum: must be at least 0 and below 1"),
    ("--rmsprop-alpha 0.5", "--rmsprop-alpha: belongs to --optimizer rmsprop, not adam"),
    ("--weight-decay 0.1", "--weight-decay: belongs to --optimizer adamw, not adam"),
    ("--decay-factor 0.5", "--decay-factor: belongs to --schedule step, not cosine"),
    ("--decay-after 5", "--decay-after: belongs to --schedule step, not cosine"),
    ("--warm-up -1", "--warm-up: must be 0 to"),
    ("--warm-up 1.5", "--warm-up"),
    ("--temperature -1", "--temperature"),
    ("--top-k -1", "--top-k: must be 0 to"),
    ("--top-p 1.5", "--top-p: must be above 0 and at most 1"),
    ("--smoothing 0", "--smoothing"),
    ("--sample-every -1", "--sample-every: must be 0 to"),
    ("--sample-length 1000000", "--sample-length: must be 1 to 100,000"),
]


@pytest.mark.parametrize(("typed", "words"), REFUSED, ids=[typed for typed, _ in REFUSED])
def test_what_cannot_be_or_does_nothing_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: str, words: str
) -> None:
    out = tmp_path / "x.safetensors"
    assert cli.main(["train", "hello", "--out", str(out), *typed.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert words in line
    assert not out.exists()
