"""Event files for TensorBoard: what its own reader finds in them, and life without its package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnviz.cli import main
from rnnviz.session import tensorboard
from rnnviz.session.config import RunConfig
from rnnviz.session.frames import Sample
from rnnviz.session.history import History
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.record import Record
from rnnviz.session.run import build_run
from rnnviz.session.runner import Budget, Runner
from rnnviz.session.tensorboard import (
    CLIPPED,
    NORM,
    RATE,
    SAMPLES,
    SMOOTHED,
    TRAIN,
    VALIDATION,
    EventWriter,
    TensorBoardMissingError,
    require_tensorboard,
    write_events,
)
from rnnviz.text.corpus import Corpus

SMALL = RunConfig(hidden_size=12, seq_len=10, batch_size=4, sample_length=20)
COLUMNS = {
    TRAIN: "loss",
    SMOOTHED: "smoothed",
    NORM: "grad_norm",
    CLIPPED: "clipped",
    RATE: "learning_rate",
}


def record() -> Record:
    """Of a run of 60 steps, with a sample that Markdown would spoil."""
    runner = Runner(
        build_run(SMALL, Corpus("fox", "the quick brown fox.\n" * 80, "fox")), Mailbox()
    )
    runner.train_until(Budget(steps=60))
    history = History()
    history.extend(runner.mailbox.drain())
    history.samples.append(Sample(60, 1.0, 0.8, "# no heading\n<b>é"))
    return history.record()


def read(folder: Path) -> Any:
    accumulators = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="the package tensorboard is not installed",
    )
    found = accumulators.EventAccumulator(str(folder), {"scalars": 0, "tensors": 0})
    return found.Reload()


def test_every_step_validation_and_sample_is_exported(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    kept = record()
    write_events(tmp_path / "run.tfevents", kept)
    found = read(tmp_path)
    assert found.file_version == 2.0
    assert set(found.Tags()["scalars"]) == {*COLUMNS, VALIDATION}
    for tag, name in COLUMNS.items():
        events = found.Scalars(tag)
        assert [event.step for event in events] == list(range(1, 61))
        np.testing.assert_array_equal(
            np.array([event.value for event in events], np.float32),
            kept.columns[name].astype(np.float32),
        )
        times = np.array([event.wall_time for event in events])
        np.testing.assert_allclose(np.diff(times), np.diff(kept.columns["seconds"]), atol=1e-5)
    assert [(e.step, e.value) for e in found.Scalars(VALIDATION)] == [
        (v.step, np.float32(v.loss)) for v in kept.validations
    ]
    texts = [(e.step, e.tensor_proto.string_val[0].decode()) for e in found.Tensors(SAMPLES)]
    assert [step for step, _ in texts] == [sample.step for sample in kept.samples]
    assert texts[-1] == (60, "    # no heading\n    <b>é\n")


def test_training_writes_an_event_file_as_it_goes(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    folder, out = tmp_path / "new" / "events", tmp_path / "run.safetensors"
    text = tmp_path / "fox.txt"
    text.write_text("the quick brown fox.\n" * 80)
    command = ["train", str(text), "--out", str(out), "--steps", "30", "--hidden", "8"]
    assert main([*command, "--batch", "4", "--seq-len", "10", "--tensorboard", str(folder)]) == 0
    found = read(folder)
    assert [event.step for event in found.Scalars(TRAIN)] == list(range(1, 31))
    assert found.Scalars(VALIDATION) and found.Tensors(SAMPLES)


def test_a_failing_disk_leaves_whole_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboard")
    kept = record()
    assert kept.last is not None
    with EventWriter(tmp_path) as writer:
        writer.write(kept.last)
        real = writer._file

        class Full:
            tell, truncate, close = real.tell, real.truncate, real.close
            seekable = real.seekable

            def write(self, content: bytes) -> int:
                return real.write(content[: len(content) // 2])

        monkeypatch.setattr(writer, "_file", Full())
        writer.write(kept.last)
    assert "No space left on device" in writer.problem
    assert len(read(tmp_path).Scalars(TRAIN)) == 1


# Without the package.


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)


@pytest.mark.usefixtures("missing")
def test_without_the_package_one_sentence_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = (
        "Event files need the package tensorboard, which is not installed: "
        "pip install 'rnnviz[tensorboard]'."
    )
    with pytest.raises(TensorBoardMissingError) as error:
        require_tensorboard()
    assert str(error.value) == sentence
    old = tmp_path / "run.tfevents"
    old.write_bytes(b"old")
    with pytest.raises(TensorBoardMissingError):
        write_events(old, record())
    assert old.read_bytes() == b"old"
    out = tmp_path / "run.safetensors"
    command = ["train", "hello", "--preset", "hello", "--steps", "5", "--out", str(out)]
    assert main([*command, "--tensorboard", str(tmp_path / "events")]) == 2
    assert capsys.readouterr().err == f"rnnviz: {sentence}\n"
    assert not out.exists() and not (tmp_path / "events").exists()
    assert main(command) == 0


def test_a_broken_package_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tensorboard").mkdir()
    (tmp_path / "tensorboard" / "__init__.py").touch()
    for name in [n for n in sys.modules if n.partition(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(TensorBoardMissingError, match=r"cannot be used .*: pip install --upgrade"):
        tensorboard.Events(lambda content: None, 0.0)
    for name in [n for n in sys.modules if n.partition(".")[0] == "tensorboard"]:
        del sys.modules[name]


def test_the_program_does_not_load_it_unless_asked() -> None:
    code = (
        "import sys, rnnviz.app.main_window, rnnviz.session.tensorboard; "
        "sys.exit('tensorboard' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
