"""`rnnviz snapshot`: pictures of the real window, one or all there are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from rnnviz import cli
from rnnviz.app import pictures
from rnnviz.app.pages import PERSPECTIVES
from rnnviz.app.pictures import SIZES, STATES, THEMES, Shot, all_shots, take_pictures
from rnnviz.engine.blas import thread_limit

TEXT = "the ship lay in the harbour and nobody came, and then the sea rose again.\n" * 60


@pytest.fixture
def text(tmp_path: Path) -> str:
    file = tmp_path / "sea.txt"
    file.write_text(TEXT)
    return str(file)


def snapshot(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rnnviz", "snapshot", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_a_picture_has_the_size_and_the_pixels_asked_for(text: str, tmp_path: Path) -> None:
    out = tmp_path / "window.png"
    done = snapshot(
        str(out), text, "--seconds", "0.1", "--size", "1280x720", "--scale", "2",
        "--theme", "light", "--preset", "hello",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}\n"
    picture = QImage(str(out))
    assert (picture.width(), picture.height()) == (2560, 1440)
    assert picture.pixelColor(4, 4).lightness() > 200


def test_everything_is_photographed_once() -> None:
    shots = all_shots(1)
    assert len({shot.file_name for shot in shots}) == len(shots)
    assert len(shots) == len(STATES) * len(PERSPECTIVES) * len(THEMES) * len(SIZES)
    twice = all_shots(2)
    assert {shot.page for shot in twice} == {page for page, _ in PERSPECTIVES}
    assert {shot.theme for shot in twice} == set(THEMES)
    assert not {shot.file_name for shot in twice} & {shot.file_name for shot in shots}
    assert Shot("training", "probe", "dark", (1280, 720), 2).file_name == (
        "probe-dark-1280x720@2x.png"
    )


def test_a_run_is_photographed_in_every_state(
    qtbot: QtBot, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_FIRST_LOOK", 0.05)
    monkeypatch.setattr(pictures, "_SETTLE", 0.05)
    shots = [
        Shot(state, page, theme, SIZES[0], 1)
        for state in STATES
        for page, theme in (("train", "dark"), ("gradients", "light"))
    ]
    told: list[Path] = []
    with thread_limit(1):
        take_pictures(
            tmp_path, text, seconds=0.2, preset="rnn-128", shots=shots, on_picture=told.append
        )
    assert [path.name for path in told] == [shot.file_name for shot in shots]
    found = [QImage(str(path)) for path in told]
    assert {(picture.width(), picture.height()) for picture in found} == {SIZES[0]}
    dark, light = found[0].pixelColor(4, 4), found[1].pixelColor(4, 4)
    assert dark.lightness() < 60 < 200 < light.lightness()
    assert all(one != other for one, other in zip(found[::2], found[2::2], strict=False))


BAD = [
    (["x.jpg"], "must end in .png"),
    (["x.png", "--scale", "3"], "--scale"),
    (["folder", "--all", "--theme", "dark"], "leave out --size and --theme"),
    (["folder", "--all", "--preset", "best"], "there is no preset 'best'"),
    (["/dev/null/folder", "--all"], "/dev/null/folder"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_what_cannot_be_photographed_is_one_line(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["snapshot", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert words in printed.err


def test_all_pictures_are_taken_by_a_process_for_each_resolution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a failure of the first is the end."""
    asked: list[list[str]] = []
    statuses = iter([0, 0, 2])

    def run(command: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        asked.append(list(command))
        return subprocess.CompletedProcess(command, next(statuses))

    monkeypatch.setattr(subprocess, "run", run)
    folder = tmp_path / "pictures"
    given = ["snapshot", "--all", "--seconds", "3", "--preset", "hello"]
    assert cli.main([*given, str(folder), "sea.txt"]) == 0
    assert folder.is_dir()
    assert [command[command.index("--scale") + 1] for command in asked] == ["1", "2"]
    assert asked[0][-3:] == ["--", str(folder), "sea.txt"]
    assert asked[0][asked[0].index("--preset") + 1] == "hello"
    assert cli.main([*given, str(folder)]) == 2
    assert len(asked) == 3
