"""The questions for a file's name: to open, to save a run, to export."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from rnnviz.panels.translate import tr
from rnnviz.session.tensorboard import MARK as EVENTS


def ask_what_to_open(parent: QWidget, folder: str) -> str:
    """A text or a saved run, or nothing."""
    path, _ = QFileDialog.getOpenFileName(
        parent,
        tr("Open a text or a saved run"),
        folder,
        tr("Texts and runs (*.txt *.md *.py *.csv *.tex *.html *.safetensors);;All files (*)"),
    )
    return path


def ask_where_to_save(parent: QWidget, folder: str, number: int) -> str:
    """Where a run goes, by its number; the ending is added when it lacks. Nothing to give up."""
    start = Path(folder) / f"run-{number}.safetensors"
    path, _ = QFileDialog.getSaveFileName(
        parent, tr("Save run"), str(start), tr("Saved runs (*.safetensors)")
    )
    target = Path(path)
    if path and target.suffix != ".safetensors":
        target = target.with_name(target.name + ".safetensors")
    return str(target) if path else ""


def ask_where_to_export(parent: QWidget, folder: str, kind: str, number: int) -> str:
    """Where metrics (csv, jsonl, events), samples or the best weights of a run go, or nothing."""
    name, kinds = {
        "csv": ("metrics.csv", tr("Comma-separated values (*.csv)")),
        "jsonl": ("metrics.jsonl", tr("JSON lines (*.jsonl)")),
        "events": (f"run-{number}.{EVENTS}", tr("Event files (*{0}*)").format(EVENTS)),
        "samples": ("samples.txt", tr("Text (*.txt)")),
        "best": ("best.safetensors", tr("Models (*.safetensors)")),
    }[kind]
    path, _ = QFileDialog.getSaveFileName(parent, tr("Export"), str(Path(folder) / name), kinds)
    if path and kind == "events" and EVENTS not in Path(path).name:
        return f"{path}.{EVENTS}"  # or TensorBoard would not see it
    return path
