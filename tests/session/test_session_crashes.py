"""Runs survive kill -9 at any instant and a disk that is full or read-only."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rnnviz

HERE = Path(__file__).parent
KILLS = int(os.environ.get("RNNVIZ_TEST_KILLS", "50"))
SEED = int(os.environ.get("RNNVIZ_TEST_SEED", "1"))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork, kill and mounts of Linux")


def outcome(*command: object) -> dict[str, Any]:
    package = str(Path(rnnviz.__file__).parent.parent)
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": package}
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_kill_at_any_instant_leaves_the_old_run_or_the_new_one(tmp_path: Path) -> None:
    found = outcome(sys.executable, HERE / "killing.py", tmp_path, KILLS, SEED)
    assert found["wrong"] == []
    assert found["kills"] == KILLS
    assert found["in the middle"] > 0


def test_the_kills_would_find_a_file_that_is_written_in_place(tmp_path: Path) -> None:
    found = outcome(sys.executable, HERE / "killing.py", tmp_path, 1_000, SEED, "naive")
    assert found["wrong"]


def test_a_full_and_a_read_only_disk_are_told_and_the_run_goes_on(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    may_mount = unshare and subprocess.run(
        [unshare, "-rm", "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)],
        capture_output=True,
        check=False,
    )
    if not may_mount or may_mount.returncode:
        pytest.skip("mounting a small file system is not allowed here")
    found = outcome(unshare, "-rm", sys.executable, HERE / "full_disk.py", tmp_path)
    place = tmp_path / "run.safetensors"
    assert found["first"] == ""
    assert found["kept first"] == {"step": 5, "files": ["run.safetensors"]}
    assert found["filled"] == errno.ENOSPC
    assert found["full"] == (
        f"{place} cannot be written (No space left on device): "
        "choose another place or free some space."
    )
    assert found["kept full"] == {"step": 5, "files": ["filler", "run.safetensors"]}
    assert found["again"] == ""
    assert found["kept again"]["step"] == 15
    assert "Read-only file system" in found["read-only"]
    assert found["kept read-only"] == {"step": 15, "files": ["run.safetensors"]}
    assert found["steps"] == 20
