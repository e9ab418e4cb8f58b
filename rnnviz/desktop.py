"""Makes saved runs open by a double click on a Linux desktop: a menu entry, a file type, an icon.

All of it goes into the user's own folders and can be taken away again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rnnviz.files import write_bytes, write_text
from rnnviz.paths import resources_folder, user_share_folder

_WAIT = 30.0  # seconds for the desktop's own tools


def exec_line(python: Path) -> str:
    """What a menu entry runs, for the key Exec: the `rnnviz` beside this Python, or Python itself.

    Quoted as the Desktop Entry Specification wants it, twice over for the characters a quoted word
    may not hold.
    """
    script = python.with_name("rnnviz")
    program, words = (script, "%f") if script.is_file() else (python, "-m rnnviz %f")
    quoted = str(program).replace("\\", "\\\\\\\\").replace("%", "%%")
    for character in '"`$':
        quoted = quoted.replace(character, f"\\\\{character}")
    return f'Exec="{quoted}" {words}'


def install() -> list[Path]:
    """Writes the files and tells the desktop; returns them. OSError when a folder refuses."""
    entry, kind, icon = _files()
    resources = resources_folder()
    for path in (entry, kind, icon):
        path.parent.mkdir(parents=True, exist_ok=True)
    lines = (resources / "rnnviz.desktop").read_text(encoding="utf-8").splitlines()
    line = exec_line(Path(sys.executable).absolute())
    lines = [line if old.startswith("Exec=") else old for old in lines]
    write_bytes(icon, (resources / "icon.svg").read_bytes())
    write_bytes(kind, (resources / "rnnviz-mime.xml").read_bytes())
    write_text(entry, "\n".join(lines) + "\n")
    _tell()
    return [entry, kind, icon]


def remove() -> list[Path]:
    """Removes what `install` wrote and returns what there was; OSError when a folder refuses."""
    found = [path for path in _files() if path.exists()]
    for path in found:
        path.unlink()
    _tell()
    return found


def _files() -> tuple[Path, Path, Path]:
    share = user_share_folder()
    return (
        share / "applications" / "rnnviz.desktop",
        share / "mime" / "packages" / "rnnviz.xml",
        share / "icons" / "hicolor" / "scalable" / "apps" / "rnnviz.svg",
    )


def _tell() -> None:
    """Rebuilds the desktop's indices with its own tools, those that are there."""
    entry, kind, _ = _files()
    _run(["update-mime-database", str(kind.parent.parent)], kind.parent)
    _run(["update-desktop-database", str(entry.parent)], entry.parent)


def _run(words: Sequence[str], folder: Path) -> None:
    tool = shutil.which(words[0])
    if tool is None or not folder.is_dir():
        return
    try:
        subprocess.run(
            [tool, *words[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_WAIT,
            check=False,
            env=os.environ,
        )
    except (OSError, subprocess.SubprocessError):
        return  # the desktop finds the files by itself at the next login
