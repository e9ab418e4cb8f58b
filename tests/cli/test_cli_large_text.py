"""What the command line says about a text of which only the beginning is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnviz import cli
from rnnviz.cli import train
from rnnviz.text import corpus as corpus_module


def test_training_and_judging_say_that_only_the_beginning_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(corpus_module, "MAX_FILE_BYTES", 2_000)
    text, run = tmp_path / "large.txt", tmp_path / "run.safetensors"
    text.write_text("to be or not to be, " * 200)
    settings = ["--hidden", "4", "--seq-len", "5", "--batch", "2", "--steps", "1"]
    assert cli.main(["train", str(text), "--out", str(run), *settings]) == 0
    said = "rnnviz: large.txt has 0 MB; its first 0 MB are used."
    assert said in capsys.readouterr().err
    assert cli.main(["eval", str(run), str(text)]) == 0
    shown = capsys.readouterr()
    assert said in shown.err
    assert "over 1,999 characters" in shown.out
    assert cli.main(["score", str(run), str(text), "--json"]) == 0
    shown = capsys.readouterr()
    assert said in shown.err
    assert '"characters": 1999' in shown.out


@pytest.mark.parametrize("patience", [0.0, 1e6])
def test_a_long_validation_shows_how_far_it_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    patience: float,
) -> None:
    monkeypatch.setattr(train, "_LONG", patience)
    text, run = tmp_path / "sea.txt", tmp_path / "run.safetensors"
    text.write_text("to be or not to be, " * 200)
    settings = ["--hidden", "4", "--seq-len", "5", "--batch", "2", "--steps", "1"]
    assert cli.main(["train", str(text), "--out", str(run), *settings]) == 0
    shown = capsys.readouterr()
    assert ("of 399 characters" in shown.err) == (patience == 0.0)
    assert "validation" in shown.out
