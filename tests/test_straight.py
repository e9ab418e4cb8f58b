"""Large files written past the system's cache, and as usual where that can't be."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnnviz import straight
from rnnviz.files import replacing
from rnnviz.straight import StraightWriter

if not hasattr(os, "O_DIRECT"):
    pytest.skip("nothing is written past a cache here", allow_module_level=True)
import fcntl

BLOCK = straight._BLOCK
SIZES = (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 4097)


def content(size: int) -> bytes:
    return np.random.default_rng(size).bytes(size)


def write(path: Path, whole: bytes, piece: int = 1 << 20) -> None:
    with replacing(path) as file:
        writer = StraightWriter(file)
        for at in range(0, len(whole), piece):
            writer.write(whole[at : at + piece])
        writer.finish()


@pytest.fixture
def direct(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each write by the system's own call went past the cache."""
    found: list[bool] = []
    real = os.write

    def noted(handle: int, data: memoryview) -> int:
        found.append(bool(fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_DIRECT))
        return real(handle, data)

    monkeypatch.setattr(straight.os, "write", noted)
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", [1 << 20, 3_000_001, 1 << 30])
def test_the_file_is_what_was_written(tmp_path: Path, size: int, piece: int) -> None:
    path = tmp_path / "file.bin"
    write(path, content(size), piece)
    assert path.read_bytes() == content(size)


def test_whole_blocks_go_past_the_cache_and_the_rest_as_usual(
    tmp_path: Path, direct: list[bool]
) -> None:
    path = tmp_path / "file.bin"
    try:  # does this file system take it at all?
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_DIRECT))
    except OSError:
        pytest.skip("this file system has no way past the cache")
    write(path, content(2 * BLOCK + 5000))
    assert direct == [True, True]
    assert path.read_bytes() == content(2 * BLOCK + 5000)


@pytest.mark.parametrize("taken", [0, 512, 4096, BLOCK - 100])
def test_a_file_system_that_takes_only_a_part_or_nothing_gets_it_as_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    real, calls = os.write, []

    def some(handle: int, data: memoryview) -> int:
        calls.append(len(data))
        if not taken or len(calls) > 1:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        flags = fcntl.fcntl(handle, fcntl.F_GETFL)
        fcntl.fcntl(handle, fcntl.F_SETFL, flags & ~os.O_DIRECT)
        return real(handle, data[:taken])

    monkeypatch.setattr(straight.os, "write", some)
    path = tmp_path / "file.bin"
    write(path, content(3 * BLOCK))
    assert 1 <= len(calls) <= 2
    assert path.read_bytes() == content(3 * BLOCK)


def test_without_a_way_past_the_cache_it_is_an_ordinary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, direct: list[bool]
) -> None:
    real: Callable[..., int] = fcntl.fcntl

    def refuse(handle: int, what: int, flags: int = 0) -> int:
        if what == fcntl.F_SETFL and flags & os.O_DIRECT:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return real(handle, what, flags)

    monkeypatch.setattr(straight.fcntl, "fcntl", refuse)
    path = tmp_path / "file.bin"
    write(path, content(2 * BLOCK + 1))
    assert direct == []
    assert path.read_bytes() == content(2 * BLOCK + 1)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_is_an_error_and_the_old_file_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")

    def full(handle: int, data: memoryview) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(straight.os, "write", full)
    with pytest.raises(OSError) as caught:
        write(path, content(BLOCK))
    assert caught.value.errno == number
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["file.bin"]


def test_what_is_no_real_file_or_has_begun_is_written_as_usual(tmp_path: Path) -> None:
    memory = io.BytesIO()
    writer = StraightWriter(memory)
    writer.write(content(BLOCK + 7))
    writer.finish()
    assert memory.getvalue() == content(BLOCK + 7)
    path = tmp_path / "file.bin"
    with path.open("wb") as file:
        file.write(b"before")
        writer = StraightWriter(file)
        writer.write(content(BLOCK))
        writer.finish()
    assert path.read_bytes() == b"before" + content(BLOCK)
