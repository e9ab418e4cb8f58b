"""The command line as scripts use it: real processes, exact output, one-line errors."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rnnviz.engine.checkpoint import save_model
from rnnviz.engine.network import Network
from rnnviz.session.run import build_run
from rnnviz.session.runfile import load_run
from rnnviz.text.corpus import load_text_file

TEXT = "It was a wet evening, and the sea came over the wall again.\n" * 80


def rnnviz(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rnnviz", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"} | environment,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def corpus(folder: Path) -> Path:
    path = folder / "wet.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture(scope="module")
def trained(folder: Path, corpus: Path) -> dict[str, object]:
    """One small training that several tests look at."""
    done = rnnviz(
        "train", corpus, "--out", folder / "run.safetensors", "--cell", "gru", "--hidden", 16,
        "--seq-len", 12, "--batch", 4, "--steps", 120, "--clip-norm", 0.5, "--lr", 0.02,
        "--log", folder / "metrics.jsonl", "--sample-every", 50, "--seed", 3, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {"out": done.stdout, "err": done.stderr, "result": json.loads(done.stdout)}


def test_train_prints_one_json_object(trained: dict[str, object], folder: Path) -> None:
    result = trained["result"]
    assert isinstance(result, dict)
    assert list(result) == [
        "steps", "characters", "seconds", "characters_per_second", "train_nats", "val_nats",
    ]  # fmt: skip
    assert result["steps"] == 120
    assert result["characters"] == 120 * 12 * 4
    assert result["val_nats"] < np.log(len(set(TEXT)))
    assert "--- step 50" in str(trained["err"])  # samples and progress go to stderr
    assert (folder / "run.safetensors").stat().st_size > 1000


def test_metrics_have_a_line_per_step(trained: dict[str, object], folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, 121))
    assert lines[-1]["characters"] == 120 * 48
    for line in lines:
        assert set(line) - {"val_loss"} == {
            "step", "characters", "seconds", "loss", "smoothed_loss", "grad_norm", "clipped",
            "learning_rate",
        }  # fmt: skip
        assert line["clipped"] == (line["grad_norm"] > 0.5)
    assert "val_loss" in lines[0]
    assert any(line["clipped"] for line in lines)
    assert [line["seconds"] for line in lines] == sorted(line["seconds"] for line in lines)
    # gru-128, the default preset, anneals; at the end little of the rate is left.
    assert lines[-1]["learning_rate"] < 0.1 * lines[0]["learning_rate"]


def test_the_same_seed_gives_the_same_run(folder: Path, corpus: Path) -> None:
    def run(seed: int) -> dict[str, object]:
        out = folder / f"seed{seed}.safetensors"
        done = rnnviz(
            "train", corpus, "--out", out, "--hidden", 8, "--batch", 4, "--seq-len", 8,
            "--steps", 20, "--seed", seed, "--json",
        )  # fmt: skip
        return json.loads(done.stdout)

    first, again, other = run(1), run(1), run(2)
    assert first["val_nats"] == again["val_nats"]
    assert first["val_nats"] != other["val_nats"]


def test_best_takes_the_best_weights_of_the_file(
    trained: dict[str, object], folder: Path, corpus: Path
) -> None:
    saved = load_run(folder / "run.safetensors")
    assert saved.best is not None
    changed = saved.best.parameters.copy()
    changed.flat *= 0.5  # so that they are not the last ones either
    config, both = saved.model.network.config, folder / "both.safetensors"
    sections = {"best": {"step": saved.best.step, "loss": saved.best.loss}}
    vocabulary = saved.model.vocabulary
    save_model(
        both,
        saved.model.network,
        vocabulary,
        {"config": json.dumps(sections)},
        {f"best.{name}": array for name, array in changed.items()},
    )
    alone = folder / "alone.safetensors"
    save_model(alone, Network(config, changed), vocabulary)
    for command in (
        ("eval", "RUN", corpus, "--json"),
        ("score", "RUN", "--text", "the sea", "--json"),
        ("sample", "RUN", "--prompt", "the", "--seed", "4"),
    ):
        said = {
            (path, best): rnnviz(*[path if a == "RUN" else a for a in command], *best)
            for path, best in ((both, ("--best",)), (alone, ()), (both, ()), (alone, ("--best",)))
        }
        assert said[both, ("--best",)].stdout == said[alone, ()].stdout != ""
        assert said[both, ()].stdout != said[alone, ()].stdout
        refused = said[alone, ("--best",)]
        assert refused.returncode == 2
        assert refused.stderr == (
            f"rnnviz: --best: {alone} has no best weights beside its last ones: they come with "
            "the validations of a training\n"
        )


def test_the_reported_validation_is_what_eval_says(
    trained: dict[str, object], folder: Path, corpus: Path
) -> None:
    held_out = folder / "held-out.txt"
    held_out.write_text(TEXT[int(len(TEXT) * 0.9) :])
    done = rnnviz("eval", folder / "run.safetensors", held_out, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert list(result) == [
        "nats_per_character", "bits_per_character", "perplexity", "characters",
    ]  # fmt: skip
    expected = trained["result"]
    assert isinstance(expected, dict)
    assert result["nats_per_character"] == pytest.approx(expected["val_nats"], abs=1e-6)
    assert result["bits_per_character"] == pytest.approx(
        result["nats_per_character"] / np.log(2), abs=1e-9
    )
    assert result["characters"] == len(held_out.read_text()) - 1


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_pytorch_computes_the_same_loss_from_the_file(
    folder: Path, corpus: Path, cell: str
) -> None:
    torch = pytest.importorskip("torch")
    from safetensors import safe_open

    path = folder / f"{cell}.safetensors"
    done = rnnviz(
        "train", corpus, "--out", path, "--cell", cell, "--layers", 2, "--hidden", 12,
        "--seq-len", 10, "--batch", 4, "--steps", 40, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    model = json.loads(metadata["config"])["model"]
    characters = json.loads(metadata["vocabulary"])
    assert (model["cell"], model["num_layers"], model["hidden_size"]) == (cell, 2, 12)
    kind = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
    network = kind(len(characters), 12, 2)
    network.load_state_dict({k[4:]: v for k, v in tensors.items() if k.startswith("rnn.")})
    decoder = torch.nn.Linear(12, len(characters))
    decoder.load_state_dict({k[8:]: v for k, v in tensors.items() if k.startswith("decoder.")})
    text = TEXT[int(len(TEXT) * 0.9) :]
    indices = torch.tensor([characters.index(c) for c in text])
    with torch.no_grad():
        inputs = torch.nn.functional.one_hot(indices[:-1], len(characters)).float()
        hidden, _ = network(inputs[:, None, :])
        loss = torch.nn.functional.cross_entropy(decoder(hidden[:, 0]), indices[1:]).item()
    assert loss == pytest.approx(json.loads(done.stdout)["val_nats"], abs=1e-5)


def test_sample_continues_the_prompt_and_repeats_with_its_seed(
    trained: dict[str, object], folder: Path
) -> None:
    def sample(*more: object) -> str:
        done = rnnviz(
            "sample", folder / "run.safetensors", "--prompt", "It was", "--length", 40, *more
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    text = sample("--seed", 5, "--temperature", 1.0)
    assert text.startswith("It was")
    assert len(text) == len("It was") + 40 + 1
    assert text == sample("--seed", 5, "--temperature", 1.0)
    assert text != sample("--seed", 6, "--temperature", 1.0)
    assert sample("--temperature", 0) == sample("--temperature", 0, "--seed", 9)


def test_other_splits_clipping_and_precision(folder: Path, corpus: Path) -> None:
    done = rnnviz(
        "train", corpus, "--out", folder / "b.safetensors", "--split", "interleaved",
        "--val-fraction", 0.05, "--batch", 4, "--seq-len", 10, "--hidden", 8, "--clip-value", 0.01,
        "--dtype", "float64", "--epochs", 2, "--schedule", "constant", "--threads", 1,
        "--optimizer", "adagrad", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    windows = (len(TEXT) // 4 * 95 // 100 - 1) // 10
    assert abs(result["steps"] - 2 * windows) <= 2
    assert result["val_nats"] is not None


def test_without_a_held_out_part_there_is_no_validation(folder: Path, corpus: Path) -> None:
    done = rnnviz(
        "train", corpus, "--out", folder / "all.safetensors", "--val-fraction", 0, "--steps", 5,
        "--batch", 4, "--hidden", 4, "--no-clip", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["val_nats"] is None


def test_a_diverging_run_says_so_and_keeps_the_last_finite_weights(
    folder: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rnnviz import cli
    from rnnviz.engine.network import Network

    backward = Network.unchecked_backward

    def explode_at_the_end(self: Network, *arguments: object) -> object:
        gradients = backward(self, *arguments)  # type: ignore[arg-type]
        explode_at_the_end.steps += 1  # type: ignore[attr-defined]
        if explode_at_the_end.steps == 8:  # type: ignore[attr-defined]
            gradients.flat[3] = np.inf
        return gradients

    explode_at_the_end.steps = 0  # type: ignore[attr-defined]
    monkeypatch.setattr(Network, "unchecked_backward", explode_at_the_end)
    path = folder / "diverged.safetensors"
    status = cli.main(
        ["train", str(corpus), "--out", str(path), "--hidden", "8", "--batch", "4",
         "--steps", "50", "--json"]
    )  # fmt: skip
    printed = capsys.readouterr()
    assert status == cli.DIVERGED
    (line,) = [line for line in printed.err.splitlines() if line.startswith("rnnviz:")]
    assert "Diverged at step 8: the gradient is not a finite number" in line
    assert "First non-finite: weight_ih_l0" in line
    assert json.loads(printed.out)["steps"] == 7
    assert rnnviz("eval", path, corpus).returncode == 0


def test_train_takes_the_newer_optimizers_and_schedules(folder: Path, corpus: Path) -> None:
    done = rnnviz(
        "train", corpus, "--out", folder / "newer.safetensors", "--preset", "char-rnn",
        "--hidden", 8, "--seq-len", 10, "--batch", 4, "--steps", 5, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] == 5


BAD = [
    (["train"], "--out"),
    (["train", "nowhere.txt", "--out", "x.safetensors"], "nowhere.txt"),
    (["train", "{corpus}", "--out", "/no/such/folder/x.safetensors"], "folder"),
    (["train", "{corpus}", "--out", "{folder}"], "folder"),
    (["train", "{corpus}", "--out", "x.safetensors", "--layers", "0"], "--layers"),
    (["train", "{corpus}", "--out", "x.safetensors", "--layers", "9"], "--layers"),
    (["train", "{corpus}", "--out", "x.safetensors", "--lr", "nan"], "--lr"),
    (["train", "{corpus}", "--out", "x.safetensors", "--lr", "fast"], "--lr"),
    (["train", "{corpus}", "--out", "x.safetensors", "--cell", "mlp"], "--cell"),
    (["train", "{corpus}", "--out", "x.safetensors", "--preset", "best"], "best"),
    (["train", "{corpus}", "--out", "x.safetensors", "--optimizer", "magic"], "--optimizer"),
    (["train", "{corpus}", "--out", "x.safetensors", "--seq-len", "99999"], "--seq-len"),
    (["train", "{corpus}", "--out", "x.safetensors", "--seq-len", "5000"], "text"),
    (
        ["train", "{corpus}", "--out", "x.safetensors", "--steps", "1", "--seconds", "1"],
        "--seconds",
    ),
    (["train", "{corpus}", "--out", "x.safetensors", "--clip-norm", "1", "--no-clip"], "--no-clip"),
    (["train", "{corpus}", "--out", "x.safetensors", "--val-fraction", "0.9"], "--val-fraction"),
    (["train", "{corpus}", "--out", "x.safetensors", "--seed", "-1"], "--seed"),
    (["eval", "nowhere.safetensors", "{corpus}"], "nowhere.safetensors"),
    (["eval", "{corpus}", "{corpus}"], "wet.txt"),
    (["sample", "{corpus}"], "wet.txt"),
    (["sample", "{run}", "--prompt", "é"], "é"),
    (["sample", "{run}", "--prompt", ""], "--prompt"),
    (["sample", "{run}", "--temperature", "-1"], "--temperature"),
    (["snapshot", "picture.jpg"], ".png"),
    (["snapshot", "x.png", "--size", "big"], "--size"),
    (["snapshot", "x.png", "nowhere.txt"], "nowhere.txt"),
    (["info", "--loud"], "--loud"),
    (["--theme", "pink"], "--theme"),
    (["nowhere.txt"], "nowhere.txt"),
    (["--preset", "best"], "best"),
]


@pytest.mark.parametrize(("arguments", "word"), BAD, ids=[" ".join(a) for a, _ in BAD])
def test_bad_arguments_and_files_are_one_line_and_status_2(
    trained: dict[str, object],
    folder: Path,
    corpus: Path,
    tmp_path: Path,
    arguments: list[str],
    word: str,
) -> None:
    names = {"corpus": corpus, "folder": folder, "run": folder / "run.safetensors"}
    filled = [argument.format(**names) for argument in arguments]
    filled = [str(tmp_path / a) if a in ("x.safetensors", "x.png") else a for a in filled]
    done = rnnviz(*filled, QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert word in lines[0]
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("x.*"))


def test_eval_names_a_character_the_model_lacks(trained: dict[str, object], folder: Path) -> None:
    other = folder / "other.txt"
    other.write_text("It was a wet évening.")
    done = rnnviz("eval", folder / "run.safetensors", other)
    assert done.returncode == 2
    assert "é" in done.stderr


def test_info_names_versions_paths_and_the_kernel() -> None:
    done = rnnviz("info", "--json")
    found = json.loads(done.stdout)
    for name in ("rnnviz", "numpy", "pyqtgraph", "BLAS kernel", "BLAS threads", "cache", "data"):
        assert found[name]
    assert found["rnnviz"] in rnnviz("info").stdout


def test_without_a_display_the_window_says_what_to_do_instead() -> None:
    done = rnnviz(DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "snapshot" in done.stderr
    assert "train" in done.stderr


def test_a_display_that_does_not_answer_is_no_display() -> None:
    done = rnnviz(DISPLAY=":987", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    assert done.returncode == 2
    assert "no display" in done.stderr


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_snapshot_is_a_picture_of_the_trained_window(
    folder: Path, corpus: Path, tmp_path: Path, theme: str
) -> None:
    from PySide6.QtGui import QImage

    picture = tmp_path / "window.png"
    done = rnnviz(
        "snapshot", picture, corpus, "--seconds", 1, "--size", "1280x720", "--theme", theme
    )
    assert done.returncode == 0, done.stderr
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1280, 720)
    assert (image.pixelColor(640, 2).lightness() > 128) == (theme == "light")


def test_the_python_source_corpus_trains(folder: Path) -> None:
    done = rnnviz(
        "train", "python-source", "--out", folder / "py.safetensors", "--hidden", 8, "--steps", 2,
        "--val-fraction", 0.001, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] == 2


def test_help_is_there_for_every_command() -> None:
    for command in ("", "train", "eval", "score", "sample", "snapshot", "bench", "info"):
        done = rnnviz(*([command] if command else []), "--help")
        assert done.returncode == 0
        assert "usage: rnnviz" in done.stdout


@pytest.mark.parametrize("option", ["--out", "--log"])
def test_neither_the_text_nor_another_result_is_written_over(folder: Path, option: str) -> None:
    text, link = folder / f"own{option}.txt", folder / f"link{option}.txt"
    text.write_text(TEXT)
    link.symlink_to(text.name)
    for target in (text, link):
        wanted = {"--out": folder / "apart.safetensors", option: target}
        done = rnnviz("train", text, *(a for pair in wanted.items() for a in pair), "--steps", 1)
        assert done.returncode == 2
        assert done.stderr == f"rnnviz: {option}: {target} is CORPUS as well; choose another file\n"
    assert text.read_text() == TEXT
    both = folder / "both"
    done = rnnviz("train", text, "--out", both, "--log", both, "--steps", 1)
    assert done.stderr == f"rnnviz: --log: {both} is --out as well; choose another file\n"
    assert not both.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_result_that_would_replace_a_pipe_or_a_device_is_refused_before_the_work(
    folder: Path, corpus: Path
) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    done = rnnviz("train", corpus, "--out", pipe, "--steps", 1)
    assert done.returncode == 2
    assert (
        done.stderr == f"rnnviz: {pipe}: this is a device or a pipe, which a file would replace\n"
    )


def test_what_a_terminal_cannot_show_is_shown_escaped(folder: Path) -> None:
    text = folder / os.fsdecode(b"fish\xff.txt")
    text.write_text("fish: 🐟é🐟é🐟\n" * 200, encoding="utf-8")
    out = folder / os.fsdecode(b"fish\xff.safetensors")
    for encoding in ("ascii", "utf-8"):
        surroundings = {"PYTHONIOENCODING": f"{encoding}:strict"}
        done = rnnviz(
            "train", text, "--out", out, "--steps", 3, "--hidden", 8, "--batch", 2, **surroundings
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("saved to " + str(out.parent / "fish\\udcff.safetensors\n"))
    written = rnnviz("sample", out, "--length", 200, PYTHONIOENCODING="ascii:strict")
    assert written.returncode == 0, written.stderr
    assert "\\U0001f41f" in written.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="takes a terminal as Linux has it")
def test_a_training_whose_terminal_is_closed_is_kept(folder: Path, corpus: Path) -> None:
    run, log = folder / "terminal.safetensors", folder / "terminal.jsonl"
    command = [
        sys.executable, "-c",
        "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
        "from rnnviz.cli import main; sys.exit(main(sys.argv[1:]))",
        "train", corpus, "--out", run, "--log", log, "--hidden", 24, "--batch", 4,
        "--seq-len", 10, "--steps", 10_000_000, "--sample-every", 5,
    ]  # fmt: skip
    screen, keyboard = os.openpty()
    program = subprocess.Popen(
        list(map(str, command)),
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        start_new_session=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    os.close(keyboard)
    try:
        shown = b""
        while program.poll() is None and not (log.exists() and log.stat().st_size > 20_000):
            if select.select([screen], [], [], 0.01)[0]:
                shown += os.read(screen, 1 << 16)
        assert program.poll() is None, shown
        os.close(screen)
        status = program.wait(timeout=60)
    finally:
        program.kill()
        program.wait()
    assert status == 128 + signal.SIGHUP
    record = load_run(run).record
    assert record is not None
    assert [json.loads(line)["step"] for line in log.read_text().splitlines()][-1] == len(record)


def test_memory_that_runs_out_while_training_loses_nothing(folder: Path, corpus: Path) -> None:
    run = folder / "memory.safetensors"
    short = (
        "import sys; from rnnviz.cli import main; from rnnviz.engine.trainer import Trainer\n"
        "step = Trainer.step\n"
        "def fail(self):\n"
        "    if self.steps == 30: raise MemoryError\n"
        "    return step(self)\n"
        "Trainer.step = fail\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [
        sys.executable, "-c", short, "train", corpus, "--out", run, "--hidden", 24, "--batch", 4,
        "--seq-len", 10, "--steps", 100, "--json",
    ]  # fmt: skip
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 2
    assert "not enough memory to train on; what was learned so far is kept" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["steps"] == 30
    record = load_run(run).record
    assert record is not None
    assert len(record) == 30


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_training_is_kept_up_to_its_last_step(
    folder: Path, corpus: Path, number: signal.Signals
) -> None:
    run, log = folder / f"{number.name}.safetensors", folder / f"{number.name}.jsonl"
    command = [
        sys.executable, "-c",
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from rnnviz.cli import main; sys.exit(main(sys.argv[1:]))",
        "train", corpus, "--out", run, "--log", log, "--hidden", 24, "--batch", 4,
        "--seq-len", 10, "--steps", 10_000_000, "--seed", 3, "--json",
    ]  # fmt: skip
    with subprocess.Popen(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    ) as program:
        try:
            while program.poll() is None and not (log.exists() and log.stat().st_size > 20_000):
                select.select([], [], [], 0.01)
            program.send_signal(number)
            out, errors = program.communicate(timeout=60)
        finally:
            program.kill()
    assert program.returncode == 128 + number
    assert "rnnviz: interrupted; what was learned so far is kept" in errors
    assert "Traceback" not in errors
    result = json.loads(out)
    assert result["val_nats"] is None
    saved = load_run(run)
    assert saved.config is not None
    assert saved.record is not None
    assert saved.record.last is not None
    steps = result["steps"]
    assert saved.record.last.step == steps
    assert [json.loads(line)["step"] for line in log.read_text().splitlines()][-1] == steps
    whole = build_run(saved.config, load_text_file(saved.corpus_origin))
    whole.trainer.progress = 0.0
    for _ in range(steps):
        whole.trainer.step()
    np.testing.assert_array_equal(
        saved.model.network.parameters.flat, whole.network.parameters.flat
    )
