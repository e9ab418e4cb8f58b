"""Saving the numbers behind a picture: an entry in a panel's menu that writes a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog

from rnnviz.files import reason, write_text
from rnnviz.panels.base import Panel

Rows = Iterable[Sequence[object]]


def as_csv(heading: Sequence[str], rows: Rows) -> str:
    """A table as text, a line per row; numbers with all their digits."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return file.getvalue()


def offer_csv(panel: Panel, name: str, table: Callable[[], str]) -> QAction:
    """Adds the entry; `table` is asked for the text when the user has chosen where."""

    def ask() -> None:
        path, _ = QFileDialog.getSaveFileName(
            panel, panel.tr("Save data"), name, panel.tr("Comma-separated values (*.csv)")
        )
        if path:
            problem = save_text(path, table())
            if problem:
                panel.set_clause(panel.tr("could not write {0}: {1}").format(path, problem))

    action = panel.menu.addAction(panel.tr("Save data as CSV…"))
    action.triggered.connect(ask)
    return action


def save_text(path: str, text: str) -> str:
    """Replaces a file as a whole; what went wrong, or an empty text. Then the old file stands."""
    try:
        write_text(path, text)
    except OSError as error:
        return reason(error)
    return ""
