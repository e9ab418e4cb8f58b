"""Writing that a crash cannot spoil: the old file or the new one, and nothing else beside it."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rnnviz import files
from rnnviz.files import replacing, write_bytes, write_text
from rnnviz.session.frames import Row
from rnnviz.session.metrics import MetricsWriter

pytestmark = pytest.mark.skipif(os.name != "posix", reason="locks, limits and links of POSIX")

OLD, NEW = b"old" * 1000, b"new" * 200_000
ROW = Row(1, 10, 0.5, 0.1, 2.0, 2.1, 0.3, 0.1, False, 0.01)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "file.bin"
    path.write_bytes(OLD)
    return path


def test_the_new_content_is_on_the_disk_before_it_gets_the_name(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        if kind == "file":
            assert os.fstat(handle).st_size == len(NEW)
        done.append(f"sync {kind}")
        fsync(handle)

    def renamed(part: Path, name: Path) -> Path:
        assert part.parent == target.parent
        assert target.read_bytes() == OLD
        done.append("rename")
        return replace(part, name)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    write_bytes(target, NEW)
    assert done == ["sync file", "rename", "sync folder"]
    assert target.read_bytes() == NEW


def test_an_exception_in_between_leaves_the_old_file_and_no_part(target: Path) -> None:
    with pytest.raises(KeyboardInterrupt), replacing(target) as file:
        file.write(NEW)
        raise KeyboardInterrupt
    assert target.read_bytes() == OLD
    assert names(target.parent) == ["file.bin"]


@pytest.mark.parametrize("call", ["fsync", "write", "rename", "begin"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS])
def test_whatever_the_system_refuses_the_old_file_is_intact(
    target: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    class Full:
        def __init__(self, file: object) -> None:
            self._file = file

        def __getattr__(self, name: str) -> object:
            return refuse if name == "write" else getattr(self._file, name)

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()  # type: ignore[attr-defined]

    if call == "write":
        fdopen = os.fdopen
        monkeypatch.setattr(os, "fdopen", lambda *a, **k: Full(fdopen(*a, **k)))
    elif call == "fsync":
        monkeypatch.setattr(os, "fsync", refuse)
    elif call == "rename":
        monkeypatch.setattr(Path, "replace", refuse)
    else:
        monkeypatch.setattr(files.tempfile, "mkstemp", refuse)
    with pytest.raises(OSError) as caught:
        write_bytes(target, NEW)
    monkeypatch.undo()
    assert files.reason(caught.value) == os.strerror(number)
    assert target.read_bytes() == OLD
    assert names(target.parent) == ["file.bin"]


@pytest.fixture
def size_limit() -> Iterator[Callable[[int], None]]:
    """No file may grow beyond so many bytes: the kernel's own refusal, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_real_short_write_leaves_the_old_file(
    target: Path, size_limit: Callable[[int], None]
) -> None:
    size_limit(100_000)
    with pytest.raises(OSError):
        write_bytes(target, NEW)
    assert target.read_bytes() == OLD
    assert names(target.parent) == ["file.bin"]


def test_metrics_that_no_longer_fit_are_told_and_those_before_stay(
    target: Path, size_limit: Callable[[int], None]
) -> None:
    with MetricsWriter(target) as metrics:
        size_limit(100_000)
        for step in range(1, 3000):
            metrics.write(ROW._replace(step=step))
    assert metrics.problem.startswith(f"{target} cannot be written (")
    steps = [json.loads(line)["step"] for line in target.read_text().splitlines()]
    assert steps == list(range(1, len(steps) + 1))
    assert 500 < len(steps) < 2999
    assert names(target.parent) == ["file.bin"]


def test_metrics_can_be_read_line_by_line_while_they_are_written(target: Path) -> None:
    with MetricsWriter(target) as metrics:
        for step in range(1, 500):
            metrics.write(ROW._replace(step=step), 1.5 if step == 3 else None)
            if step in (1, 250):
                assert json.loads(target.read_text().splitlines()[-1])["step"] == step
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, 500))
    assert [line["val_loss"] for line in lines if "val_loss" in line] == [1.5]
    assert not metrics.problem


def test_rights_and_links_stay(target: Path) -> None:
    target.chmod(0o640)
    link = target.with_name("link")
    link.symlink_to(target.name)
    write_text(link, "through the link")
    assert link.is_symlink()
    assert target.read_text() == "through the link"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_folder_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_bytes(tmp_path, NEW)
    with pytest.raises(FileNotFoundError):
        write_bytes(tmp_path / "no" / "file", NEW)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_replaced_by_a_file_nor_is_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(OSError, match="no regular file"):
            write_bytes(path, NEW)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [link, pipe]
    assert not files.is_replaceable("/dev/null")


def test_metrics_go_into_a_pipe_as_well() -> None:
    reading, writing = os.pipe()
    with MetricsWriter(Path(f"/dev/fd/{writing}")) as metrics:
        metrics.write(Row(1, 4, 0.5, 0.1, 2.0, 2.0, 1.0, 0.5, False, 0.1), None)
    os.close(writing)
    with os.fdopen(reading) as lines:
        assert [json.loads(line)["step"] for line in lines] == [1]
    assert metrics.problem == ""


def test_remains_of_the_dead_go_and_those_of_the_living_stay(target: Path) -> None:
    dead = target.with_name(".file.bin.abcd1234.part")
    dead.write_bytes(b"half")
    others = target.with_name(".other.bin.abcd1234.part")
    others.write_bytes(b"somebody else's")
    code = (
        "import sys; from rnnviz.files import replacing\n"
        "with replacing(sys.argv[1]) as file:\n"
        "    print('begun', flush=True); sys.stdin.readline(); file.write(b'by the other')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"begun\n"
        assert not dead.exists()
        write_bytes(target, NEW)
        assert target.read_bytes() == NEW
        other.communicate(b"\n", timeout=30)
    assert target.read_bytes() == b"by the other"
    assert names(target.parent) == [others.name, "file.bin"]
