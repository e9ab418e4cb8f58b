"""How much memory there is to take: that of the machine, the process and its control group."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rnnviz
from rnnviz.engine import memory

FREE = 8 * 10**9
TEXT = "the gulls come down to the water and the water comes up to the wall.\n" * 4000


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where control groups are seen; the machine has 8 GB and the process no limit."""
    monkeypatch.setattr(memory, "_GROUPS", tmp_path)
    monkeypatch.setattr(memory, "_OWN_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "_free_memory", lambda: FREE)
    monkeypatch.setattr(memory, "_left_to_process", lambda: None)
    return tmp_path


def version_2(folder: Path, limit: str, used: int, files: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {files}\nslab 7\n")


def test_a_container_has_no_more_than_its_group_leaves(groups: Path) -> None:
    (groups / "cgroup").write_text("0::/box/inner\n")
    version_2(groups / "box" / "inner", "2000000000", 700_000_000, 200_000_000)
    assert memory.available_memory() == 1_500_000_000
    version_2(groups / "box", "1000000000", 900_000_000, 0)  # the group around it has less
    assert memory.available_memory() == 100_000_000
    version_2(groups / "box", "1000000000", 1_900_000_000, 0)
    assert memory.available_memory() == 0


def test_a_group_of_the_first_version_counts_as_well(groups: Path) -> None:
    (groups / "cgroup").write_text("5:cpu:/box\n4:hugetlb,memory:/box\n0::/\n")
    folder = groups / "memory" / "box"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text("3000000000")
    (folder / "memory.usage_in_bytes").write_text("1000000000")
    (folder / "memory.stat").write_text("cache 4\ntotal_inactive_file 600000000\n")
    assert memory.available_memory() == 2_600_000_000


@pytest.mark.parametrize("own", ["", "0::/box\n", "nonsense", "4:memory:/../..\n0::/box", "::\n"])
def test_groups_that_say_nothing_limit_nothing(groups: Path, own: str) -> None:
    (groups / "cgroup").write_text(own)
    version_2(groups / "box", "max", 5, 5)
    assert memory.available_memory() == FREE


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such limit")
@pytest.mark.parametrize(
    "sizes",
    [
        ("--hidden", "4096", "--layers", "4", "--cell", "lstm"),
        ("--batch", "4096", "--seq-len", "50", "--hidden", "1024"),
        ("--seq-len", "10000", "--batch", "16", "--hidden", "600", "--dtype", "float64"),
    ],
)
def test_a_limit_of_the_process_refuses_what_does_not_fit(
    tmp_path: Path, sizes: tuple[str, ...]
) -> None:
    text, out = tmp_path / "sea.txt", tmp_path / "run.safetensors"
    text.write_text(TEXT)
    limited = (
        "import resource, sys; from rnnviz.cli import main; "
        f"resource.setrlimit(resource.RLIMIT_AS, ({2 * 10**9}, {2 * 10**9})); "
        "sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "train", str(text), "--out", str(out), *sizes],
        env=os.environ | {"PYTHONPATH": str(Path(rnnviz.__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert "GB of memory where" in done.stderr
    assert "choose fewer hidden units" in done.stderr
    assert not out.exists()
