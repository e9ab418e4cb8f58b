"""Autosaves: one slot per program, those of the dead are found, those of the living left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import rnnviz
from rnnviz.session import autosave
from rnnviz.session.autosave import Rhythm, new_slot, recoverable
from rnnviz.session.config import RunConfig
from rnnviz.session.run import build_run
from rnnviz.session.runfile import save_run
from rnnviz.text.corpus import Corpus

RUN = build_run(
    RunConfig(hidden_size=8, seq_len=10, batch_size=2),
    Corpus("fox", "the quick brown fox jumps over the lazy dog.\n" * 60, "fox"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "autosave"


@pytest.fixture
def slot(folder: Path) -> Iterator[autosave.Slot]:
    mine = new_slot(folder)
    yield mine
    mine.release(keep=False)


def test_every_slot_is_another(folder: Path) -> None:
    slots = [new_slot(folder) for _ in range(5)]
    assert len({slot.path for slot in slots}) == 5
    for slot in slots:
        slot.release(keep=False)
    assert list(folder.iterdir()) == []


def test_one_of_a_living_program_is_left_alone(folder: Path, slot: autosave.Slot) -> None:
    save_run(slot.path, RUN)
    assert recoverable(folder) == []
    assert slot.path.exists()


def test_one_given_up_is_found_once_and_can_be_thrown_away(
    folder: Path, slot: autosave.Slot
) -> None:
    save_run(slot.path, RUN, seconds=3.0)
    slot.release(keep=True)
    (found,) = recoverable(folder)
    assert (found.summary.what, found.summary.step) == ("GRU 1 × 8 on fox", 0)
    assert recoverable(folder) == [], "who found it holds it"
    found.slot.release(keep=True)
    (again,) = recoverable(folder)
    again.slot.release(keep=False)
    assert list(folder.iterdir()) == []


def test_the_newest_comes_first(folder: Path) -> None:
    slots = [new_slot(folder) for _ in range(3)]
    for age, slot in zip((30, 10, 20), slots, strict=True):
        save_run(slot.path, RUN)
        os.utime(slot.path, (1e9 - age, 1e9 - age))
        slot.release(keep=True)
    found = recoverable(folder)
    assert [f.slot.path for f in found] == [slots[1].path, slots[2].path, slots[0].path]
    for one in found:
        one.slot.release(keep=False)


def test_an_empty_slot_and_its_remains_are_swept_away(folder: Path, slot: autosave.Slot) -> None:
    part = slot.path.with_name(f".{slot.path.name}.abcd.part")
    part.write_bytes(b"half")
    slot.release(keep=True)
    assert recoverable(folder) == []
    assert list(folder.iterdir()) == []


def test_one_that_cannot_be_read_is_not_offered_and_not_destroyed(
    folder: Path, slot: autosave.Slot
) -> None:
    slot.path.write_bytes(b"something else")
    slot.release(keep=True)
    assert recoverable(folder) == []
    assert slot.path.read_bytes() == b"something else"


def test_no_folder_no_runs(folder: Path) -> None:
    assert recoverable(folder) == []
    assert not folder.exists()


@pytest.mark.skipif(os.name != "posix", reason="kills")
def test_a_killed_program_gives_its_slot_up(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from rnnviz.session.autosave import new_slot\n"
        "print(new_slot(Path(sys.argv[1])).path, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(rnnviz.__file__).parent.parent)},
    ) as other:
        assert other.stdout is not None
        path = Path(other.stdout.readline().strip())
        save_run(path, RUN)
        assert recoverable(folder) == []
        other.kill()
        other.wait()
    (found,) = recoverable(folder)
    assert found.slot.path == path
    found.slot.release(keep=False)


def test_it_is_due_every_minute_and_more_rarely_when_it_is_dear() -> None:
    now = [100.0]
    rhythm = Rhythm(lambda: now[0])

    def wait() -> float:
        begun = now[0]
        while not rhythm.due():
            now[0] += 1.0
        return now[0] - begun

    assert wait() == 60.0
    rhythm.done(0.01)
    assert wait() == 60.0
    rhythm.done(2.0)
    dear = wait()
    assert 2.0 / dear < 0.01
    rhythm.soon()
    assert wait() == 60.0
