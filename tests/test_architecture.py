"""The one idea of the code: Qt at the rim, NumPy at the core, imports in one direction."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "rnnviz"
MAY_IMPORT = {
    "engine": {"engine", "files"},
    "text": {"text", "paths", "files"},
    "probes": {"probes", "engine", "text"},
    "session": {"session", "engine", "text", "probes", "paths", "files"},
    "panels": {"panels", "session", "engine", "text", "probes", "paths", "files"},
    "app": {"app", "panels", "session", "engine", "text", "probes", "paths", "files"},
}


def imports(file: Path) -> set[str]:
    """Dotted names of everything a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_imports_go_one_way(part: str) -> None:
    files = list((PACKAGE / part).rglob("*.py"))
    assert files
    for file in files:
        for name in imports(file):
            if name.startswith("rnnviz."):
                target = name.split(".")[1]
                assert target in MAY_IMPORT[part] or target == "__version__", f"{file}: {name}"


@pytest.mark.parametrize("part", ["engine", "text", "probes", "session"])
def test_the_core_knows_no_qt(part: str) -> None:
    for file in (PACKAGE / part).rglob("*.py"):
        for name in imports(file):
            assert not name.startswith(("PySide6", "pyqtgraph")), f"{file}: {name}"


def test_the_engine_needs_numpy_only() -> None:
    allowed = {"numpy", "safetensors", "threadpoolctl", "rnnviz"} | set(sys.stdlib_module_names)
    for file in (PACKAGE / "engine").rglob("*.py"):
        assert {name.split(".")[0] for name in imports(file)} <= allowed, file


def test_nothing_unpickles_or_evaluates() -> None:
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), file
        assert not {name.split(".")[0] for name in imports(file)} & {"pickle", "marshal", "shelve"}


def test_training_loads_no_qt() -> None:
    """The command line must work where Qt's libraries are missing."""
    code = (
        "import sys; from rnnviz import cli; cli.main(['info']);"
        "import rnnviz.session.runner;"
        "sys.exit(any(name.startswith(('PySide6', 'pyqtgraph')) for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_the_kernel_is_chosen_before_numpy_is_loaded() -> None:
    code = "import sys, rnnviz.cli; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
