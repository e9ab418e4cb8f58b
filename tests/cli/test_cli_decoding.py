"""`rnnviz sample` and `rnnviz score` on a model whose probabilities are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rnnviz import cli
from rnnviz.engine.beam import beam_search
from rnnviz.engine.checkpoint import save_model
from rnnviz.engine.decoding import next_probabilities
from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network

CHARACTERS = "\nabcde"


@pytest.fixture(scope="module")
def network() -> Network:
    config = ModelConfig(len(CHARACTERS), hidden_size=12, cell="gru")
    parameters = initialize(config, np.random.default_rng(1), "uniform")
    parameters.flat *= 4.0  # far from even chances
    return Network(config, parameters)


@pytest.fixture(scope="module")
def model(network: Network, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("decoding") / "model.safetensors"
    save_model(path, network, tuple(CHARACTERS))
    return str(path)


def indices(text: str) -> np.ndarray:
    return np.array([CHARACTERS.index(character) for character in text])


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def run(*arguments: object) -> str:
        assert cli.main([str(argument) for argument in arguments]) == 0
        return capsys.readouterr().out

    return run


def ranks(network: Network, text: str, prompt: int, temperature: float) -> np.ndarray:
    """How likely each drawn character was: 0 for the likeliest."""
    chances = next_probabilities(network, indices(text), temperature)
    order = np.argsort(-chances, axis=0)
    return np.array(
        [list(order[:, t - 1]).index(indices(text)[t]) for t in range(prompt, len(text))]
    )


def test_greedy_is_the_likeliest_character_each_time(run, model: str, network: Network) -> None:
    text = run("sample", model, "--prompt", "ab", "--length", 30, "--greedy")
    assert text.startswith("ab")
    assert len(text) == 2 + 30 + 1
    assert not ranks(network, text[:-1], 2, 1.0).any()
    for same in (("--temperature", 0), ("--top-k", 1), ("--top-p", 1e-6), ("--beam", 1)):
        assert run("sample", model, "--prompt", "ab", "--length", 30, *same) == text


def test_top_k_and_top_p_limit_the_draws(run, model: str, network: Network) -> None:
    hot = ("--prompt", "ab", "--length", 300, "--temperature", 20, "--seed", 3)
    free = run("sample", model, *hot)[:-1]
    assert ranks(network, free, 2, 20.0).max() == 5
    assert ranks(network, run("sample", model, *hot, "--top-k", 3)[:-1], 2, 20.0).max() == 2
    # At this temperature the chances are nearly even, six of about 1/6: half of them are enough.
    assert ranks(network, run("sample", model, *hot, "--top-p", 0.45)[:-1], 2, 20.0).max() <= 3


def test_beam_search_prints_the_best_text_it_finds(run, model: str, network: Network) -> None:
    best = beam_search(network, indices("ab"), 8, 50)[0]
    text = run("sample", model, "--prompt", "ab", "--length", 8, "--beam", 50)
    assert text == "ab" + "".join(CHARACTERS[i] for i in best.indices) + "\n"
    greedy = run("sample", model, "--prompt", "ab", "--length", 8, "--greedy")
    assert text != greedy
    scores = [
        json.loads(run("score", model, "--text", written[:-1], "--json"))["log_probability"]
        for written in (text, greedy)
    ]
    assert scores[0] > scores[1]


def test_score_is_the_log_probability_of_each_character(run, model: str, network: Network) -> None:
    found = json.loads(run("score", model, "--text", "abba\ncab", "--json"))
    chances = next_probabilities(network, indices("abba\ncab"))
    expected = [np.log(chances[i, t]) for t, i in enumerate(indices("bba\ncab"))]
    assert found["log_probabilities"] == pytest.approx(expected, abs=1e-5)
    assert found["log_probability"] == pytest.approx(sum(expected), abs=1e-5)
    assert found["characters"] == 7


def test_score_and_eval_agree(run, model: str, tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("abcdeedcba\n" * 9)
    scored = json.loads(run("score", model, file, "--json"))
    judged = json.loads(run("eval", model, file, "--json"))
    assert set(judged) < set(scored)
    for name, value in judged.items():
        assert scored[name] == pytest.approx(value, rel=1e-6)
    assert json.loads(run("score", model, "--text", file.read_text(), "--json")) == scored


def test_score_prints_a_line_a_character_and_the_sum(run, model: str) -> None:
    first, second, third, total = run("score", model, "--text", "ab\nc").splitlines()
    names = [line.partition("\t")[0] for line in (first, second, third)]
    assert names == ["'b'", "'\\n'", "'c'"]
    values = [float(line.partition("\t")[2]) for line in (first, second, third)]
    assert float(total.split()[2].rstrip(":")) == pytest.approx(sum(values), abs=2e-4)
    assert "over 3 characters" in total


def test_one_repeated_character_can_be_judged(run, model: str, tmp_path: Path) -> None:
    file = tmp_path / "same.txt"
    file.write_text("aaaaaaaa")
    assert json.loads(run("eval", model, file, "--json"))["characters"] == 7


REFUSED = [
    (("sample", "--greedy", "--beam", "3"), "--beam"),
    (("sample", "--greedy", "--temperature", "1"), "--temperature"),
    (("sample", "--beam", "0"), "--beam"),
    (("sample", "--beam", "20000"), "--beam: must be 1 to 10,000"),
    (("sample", "--beam", "3", "--top-k", "2"), "--top-k: a beam search draws nothing"),
    (("sample", "--greedy", "--top-p", "0.5"), "--top-p: the likeliest character is always taken"),
    (("sample", "--temperature", "0", "--top-k", "2"), "--top-k: the likeliest character"),
    (("sample", "--top-k", "0"), "--top-k"),
    (("sample", "--top-p", "0"), "--top-p: must be above 0 and at most 1"),
    (("sample", "--top-p", "1.5"), "--top-p: must be above 0 and at most 1"),
    (("score",), "TEXT --text is required"),
    (("score", "the-salt-crown", "--text", "abc"), "--text"),
    (("score", "--text", "a"), "--text: at least two characters are needed"),
    (("score", "--text", "abé"), "'é' at position 2"),
    (("score", "nowhere.txt"), "nowhere.txt"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED, ids=[" ".join(a) for a, _ in REFUSED])
def test_what_cannot_be_asked_for_is_one_line(
    model: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    command, *more = arguments
    assert cli.main([command, model, *more]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert words in line
