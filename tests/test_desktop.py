"""The menu entry and file type for Linux desktops: written into one's own folders, and removed."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rnnviz import desktop
from rnnviz.cli import main

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="desktop entries are Linux's")


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share"


def entry_of(share: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(share / "applications" / "rnnviz.desktop", encoding="utf-8")
    return parser["Desktop Entry"]


def test_what_is_installed_is_removed_again(
    share: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install-desktop"]) == 0
    printed = capsys.readouterr().out.splitlines()
    own = ("*.desktop", "rnnviz.xml", "*.svg")
    assert sorted(printed) == sorted(str(p) for kind in own for p in share.rglob(kind))
    assert len(printed) == 3
    assert main(["install-desktop"]) == 0  # again does no harm
    capsys.readouterr()
    assert main(["install-desktop", "--remove"]) == 0
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(printed)
    assert [p for kind in own for p in share.rglob(kind)] == []
    assert main(["install-desktop", "--remove"]) == 0
    assert capsys.readouterr().out == "nothing was installed\n"


def test_the_entry_starts_this_program_with_the_file(share: Path) -> None:
    desktop.install()
    entry = entry_of(share)
    assert entry["MimeType"] == "application/x-safetensors;"
    assert entry["Icon"] == "rnnviz"
    program, _, rest = entry["Exec"].removeprefix('"').partition('"')
    words = [program, *rest.replace("%f", "--version").split()]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("rnnviz "), done.stderr


def test_names_with_special_characters_are_quoted(tmp_path: Path) -> None:
    odd = tmp_path / 'my "50 %" $HOME`\\bin'
    line = desktop.exec_line(odd / "python")
    assert line == (
        f'Exec="{tmp_path}/my \\\\"50 %%\\\\" \\\\$HOME\\\\`\\\\\\\\bin/python" -m rnnviz %f'
    )
    odd.mkdir()
    (odd / "rnnviz").touch()
    assert desktop.exec_line(odd / "python").endswith('bin/rnnviz" %f')


@pytest.mark.skipif(not shutil.which("update-mime-database"), reason="no shared-mime-info")
def test_the_desktop_knows_the_file_type_then(share: Path) -> None:
    desktop.install()
    globs = (share / "mime" / "globs2").read_text()
    assert "application/x-safetensors:*.safetensors" in globs
    desktop.remove()
    assert "safetensors" not in (share / "mime" / "globs2").read_text()


def test_the_type_is_that_of_the_entry(share: Path) -> None:
    desktop.install()
    root = ElementTree.parse(share / "mime" / "packages" / "rnnviz.xml").getroot()
    space = "{http://www.freedesktop.org/standards/shared-mime-info}"
    assert [kind.get("type") for kind in root.iter(f"{space}mime-type")] == [
        "application/x-safetensors"
    ]
    assert [glob.get("pattern") for glob in root.iter(f"{space}glob")] == ["*.safetensors"]


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_elsewhere_it_says_what_to_do(
    share: Path,
    platform: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert main(["install-desktop"]) == 2
    assert capsys.readouterr().err.startswith("rnnviz: install-desktop is for Linux desktops; on ")
    assert not share.exists()


def test_a_folder_that_refuses_is_one_line(share: Path, capsys: pytest.CaptureFixture[str]) -> None:
    share.write_text("no folder")
    assert main(["install-desktop"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_handed_over_by_the_system_is_opened() -> None:
    """As macOS does it; in a process of its own, for there is one application in each."""
    code = """
from PySide6.QtCore import QEvent, QUrl
from PySide6.QtGui import QFileOpenEvent
from rnnviz.app.application import make_application

application = make_application()
application.file_opened.connect(print)
application.sendEvent(application, QFileOpenEvent(QUrl.fromLocalFile("/a run.safetensors")))
application.sendEvent(application, QEvent(QEvent.Type.ApplicationActivate))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "/a run.safetensors\n", done.stderr
