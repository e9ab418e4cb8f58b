"""A question before something is lost: a sentence, what it means, and a button per answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget

_ROLES = QMessageBox.ButtonRole


def ask(
    parent: QWidget,
    title: str,
    sentence: str,
    more: str,
    answers: Sequence[tuple[str, Callable[[], None]]],
    cancel: str,
) -> QMessageBox:
    """Asks without stopping anything: training and drawing go on beneath.

    The first of `answers` is the one that Return gives and that loses nothing; `cancel`, also given
    by Escape, does nothing.
    """
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    # Names of files and texts may look like markup; they are shown as they are.
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(sentence)
    box.setInformativeText(more)
    acts: dict[QAbstractButton, Callable[[], None]] = {}
    for number, (words, act) in enumerate(answers):
        button = box.addButton(words, _ROLES.DestructiveRole if number else _ROLES.AcceptRole)
        acts[button] = act
        if not number:
            box.setDefaultButton(button)
    box.setEscapeButton(box.addButton(cancel, _ROLES.RejectRole))

    def answered() -> None:
        box.deleteLater()
        act = acts.get(box.clickedButton())
        if act is not None:
            act()

    box.finished.connect(answered)
    box.open()
    return box
