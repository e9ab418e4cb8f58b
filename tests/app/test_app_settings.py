"""The settings file: what is set is read back, and writing it cannot spoil it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray

from rnnviz.app.settings import Settings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "settings.ini"


def test_everything_comes_back_before_and_after_it_is_written(path: Path) -> None:
    first = Settings(path)
    first.set("text", 'a; "b" = ü\n🙂')
    first.set("number", 0.8)
    first.set("flag", True)
    first.set("record", {"a": [1, "é"]})
    first.set("layout/left", QByteArray(b"\x00\xff\x01"))
    for _ in range(2):
        assert first.text("text") == 'a; "b" = ü\n🙂'
        assert first.number("number", 0.0) == 0.8
        assert first.flag("flag", False)
        assert first.record("record") == {"a": [1, "é"]}
        assert first.state("layout/left") == QByteArray(b"\x00\xff\x01")
        assert first.sync() == ""
        first = Settings(path)
    first.remove("text")
    assert first.text("text", "gone") == "gone"
    first.sync()
    assert Settings(path).text("text", "gone") == "gone"
    assert [p.name for p in path.parent.iterdir()] == ["settings.ini"]


def test_nothing_is_written_before_it_is_asked_for(path: Path) -> None:
    Settings(path).set("seed", "x")
    assert not path.exists()


def test_two_windows_keep_what_each_has_set(path: Path) -> None:
    first, second = Settings(path), Settings(path)
    first.set("theme", "dark")
    first.sync()
    second.set("unit", "bits")
    second.sync()
    third = Settings(path)
    assert (third.text("theme"), third.text("unit")) == ("dark", "bits")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_write_that_fails_leaves_the_old_settings(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    settings = Settings(path)
    settings.set("theme", "dark")
    settings.sync()
    old = path.read_bytes()

    def refuse(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    settings.set("theme", "light")
    monkeypatch.setattr(os, "fsync", refuse)
    said = settings.sync()
    monkeypatch.undo()
    assert said == f"The settings cannot be kept in {path} ({os.strerror(number)})."
    assert path.read_bytes() == old
    assert settings.sync() == ""
    assert Settings(path).text("theme") == "light"
