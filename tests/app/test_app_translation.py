"""Every word the user reads goes through `tr()`, so that it can be translated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "rnnviz"
# Methods and widgets whose strings are read by people.
SHOWN_BY = {
    *("setText", "setToolTip", "setWhatsThis", "setStatusTip", "setPlaceholderText", "setTitle"),
    *("setWindowTitle", "setAccessibleName", "setAccessibleDescription", "setInformativeText"),
    *("addAction", "addMenu", "addButton", "addItem", "insertItem", "setItemText", "drawText"),
    *("say", "say_later", "set_clause", "set_error", "set_was", "set_busy", "show_state"),
    *("QLabel", "QPushButton", "QAction", "QMenu", "QCheckBox", "QRadioButton", "QGroupBox"),
    "__init__",  # of a panel: its title
    *("ElidedLabel", "FieldRow", "Choice", "Segmented", "Readout", "Toggle", "Panel"),
}
# Of these the first argument alone is; the next is a kind, a token or an id.
FIRST_ALONE = {"say", "say_later", "show_state", "addItem", "set_busy"}
TRANSLATES = {"tr", "translate", "later"}
# The same in every language: the program, file formats, letters of the trade.
NAMES = {"rnnviz", "RNN", "LSTM", "GRU", "PNG", "SVG", "CSV", "px", "NaN"}
WORD = re.compile(r"[A-Za-z]{2,}")


def name_of(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def literals(node: ast.AST) -> Iterator[ast.Constant]:
    """String literals below a node that no translation is asked for."""
    if isinstance(node, ast.Call) and name_of(node) in TRANSLATES:
        return
    if isinstance(node, (ast.Subscript, ast.Compare, ast.Lambda)):
        return  # keys and comparisons are not shown
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    elif isinstance(node, ast.Call):
        # Of another call only what it is called on can be shown: "{0} steps".format(n).
        if isinstance(node.func, ast.Attribute):
            yield from literals(node.func.value)
    elif isinstance(node, ast.FormattedValue):
        yield from literals(node.value)
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    else:
        for child in ast.iter_child_nodes(node):
            yield from literals(child)


def shown_untranslated(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every literal that is shown as it is."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or name_of(node) not in SHOWN_BY:
            continue
        given = node.args[:1] if name_of(node) in FIRST_ALONE else node.args
        parts = [*given, *(k.value for k in node.keywords if k.arg in ("text", "tip", "name"))]
        for part in parts:
            # The first of a pair is the id of an option, the second its label.
            for found in literals(labels(part)):
                if set(WORD.findall(found.value)) - NAMES:
                    yield found.lineno, found.value


def labels(part: ast.expr) -> ast.expr:
    """A list of (id, label) without the ids."""
    if isinstance(part, ast.List) and all(
        isinstance(e, ast.Tuple) and len(e.elts) == 2 for e in part.elts
    ):
        pairs = [e for e in part.elts if isinstance(e, ast.Tuple)]
        return ast.List([pair.elts[1] for pair in pairs], part.ctx)
    return part


@pytest.mark.parametrize(
    "file",
    sorted([*(PACKAGE / "panels").rglob("*.py"), *(PACKAGE / "app").rglob("*.py")]),
    ids=lambda file: file.relative_to(PACKAGE).as_posix(),
)
def test_words_are_handed_over_translated(file: Path) -> None:
    found = list(shown_untranslated(ast.parse(file.read_text(encoding="utf-8"))))
    assert found == []


# In these a text is for a file, for Qt or for whoever mends the program.
NOT_SHOWN = {"Table", "setStyleSheet", "Column"}
SENTENCE = re.compile(r"[A-Za-z]{2,}[,:;]? [a-z]{2,}[,:;]? [a-z]{2,}")
FIGURES = {"cores for training"}  # names of `rnnviz info`, the same wherever they are copied


def sentences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every literal of three words or more that no translation is asked for."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Raise, ast.Assert)):
            continue
        if isinstance(node, ast.Call) and name_of(node) in TRANSLATES | NOT_SHOWN:
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        if isinstance(node, ast.FunctionDef) and node.name in ("table", "report"):
            continue  # headings of CSV files are for scripts, reports of faults for programmers
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if SENTENCE.search(node.value) and node.value not in FIGURES:
                yield node.lineno, node.value
        else:
            yield from sentences(node)


@pytest.mark.parametrize(
    "file",
    sorted([*(PACKAGE / "panels").rglob("*.py"), *(PACKAGE / "app").rglob("*.py")]),
    ids=lambda file: file.relative_to(PACKAGE).as_posix(),
)
def test_sentences_anywhere_are_translated(file: Path) -> None:
    assert list(sentences(ast.parse(file.read_text(encoding="utf-8")))) == []


def test_the_search_finds_what_is_not_translated() -> None:
    code = """
label.setText("Copied")
label.setText(self.tr("Copied"))
QLabel(f"step {n}")
box.addItem(self.tr("Other") if x else "None at all", "id")
Segmented([("off", "Off"), ("norm", self.tr("Norm"))], self.tr("Clip"))
label.setText("{0} steps".format(n))
label.setText(names["step"])
"""
    found = [text for _, text in shown_untranslated(ast.parse(code))]
    assert found == ["Copied", "step ", "None at all", "Off", "{0} steps"]
