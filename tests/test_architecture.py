"""The one idea of the code: Qt at the rim, NumPy at the core, imports in one direction."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "rnnviz"
MAY_IMPORT = {
    "engine": {"engine", "files", "straight"},
    "text": {"text", "paths", "files"},
    "probes": {"probes", "engine", "text"},
    "bench": {"bench", "engine", "text", "paths", "blas_kernel"},
    "session": {"session", "engine", "text", "probes", "paths", "files"},
    "panels": {"panels", "session", "engine", "text", "probes", "paths", "files"},
    "app": {"app", "panels", "session", "engine", "text", "probes", "paths", "files"},
    "measuring": {
        "measuring",
        "cli",
        "app",
        "panels",
        "session",
        "engine",
        "paths",
        "text",
        "blas_kernel",
    },
    "cli": {
        "cli",
        "app",
        "session",
        "bench",
        "engine",
        "text",
        "paths",
        "files",
        "desktop",
        "blas_kernel",
    },
}


def imports(file: Path) -> set[str]:
    """Dotted names of everything a file imports."""
    return names_imported(ast.parse(file.read_text(encoding="utf-8")))


def names_imported(tree: ast.AST) -> set[str]:
    """Dotted names of everything a part of a file imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
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


@pytest.mark.parametrize("part", ["engine", "text", "probes", "session", "bench"])
def test_the_core_knows_no_qt(part: str) -> None:
    for file in (PACKAGE / part).rglob("*.py"):
        for name in imports(file):
            assert not name.startswith(("PySide6", "pyqtgraph")), f"{file}: {name}"


def test_the_engine_needs_numpy_only() -> None:
    allowed = {"numpy", "safetensors", "threadpoolctl", "rnnviz"} | set(sys.stdlib_module_names)
    for file in (PACKAGE / "engine").rglob("*.py"):
        assert {name.split(".")[0] for name in imports(file)} <= allowed, file


def test_only_its_own_side_of_the_benchmark_imports_pytorch() -> None:
    found = {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if "torch" in {name.split(".")[0] for name in imports(file)}
    }
    assert found == {"bench/torch_side.py"}


def test_the_command_line_loads_what_it_needs_only_when_it_needs_it() -> None:
    """At the top of its files: the standard library, itself, and what chooses the BLAS kernel."""
    own = ("rnnviz.cli", "rnnviz.blas_kernel", "rnnviz.__version__")
    for file in (PACKAGE / "cli").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        later = (ast.If, ast.FunctionDef, ast.ClassDef)  # the first: for type checkers only
        top = [node for node in tree.body if not isinstance(node, later)]
        for name in names_imported(ast.Module(top, [])):
            assert name.startswith(own) or name.split(".")[0] in sys.stdlib_module_names, file


def test_nothing_unpickles_or_evaluates() -> None:
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), file
        assert not {name.split(".")[0] for name in imports(file)} & {"pickle", "marshal", "shelve"}


def test_tests_wait_for_windows_in_with_statements() -> None:
    """`qtbot.waitExposed(widget)` by itself waits for nothing."""
    for file in Path(__file__).parent.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        entered = {
            item.context_expr
            for node in ast.walk(tree)
            if isinstance(node, ast.With)
            for item in node.items
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                waits = node.func.attr in ("waitExposed", "waitActive", "assertNotEmitted")
                assert not waits or node in entered, f"{file}:{node.lineno}"


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
