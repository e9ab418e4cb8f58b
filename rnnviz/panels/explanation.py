"""Two sentences on what a panel shows and how to read it, in its menu and as What's This."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWhatsThis

from rnnviz.panels.base import Panel


def explain(panel: Panel, words: str) -> QAction:
    """Gives a panel its explanation; the action that shows it comes first in the panel's menu."""
    panel.setWhatsThis(words)
    action = QAction(panel.tr("What does this show?"), panel)
    action.triggered.connect(
        lambda: QWhatsThis.showText(panel.mapToGlobal(panel.rect().topLeft()), words, panel)
    )
    first = panel.menu.actions()[0] if panel.menu.actions() else None
    if first is None:
        panel.menu.addAction(action)
    else:
        panel.menu.insertAction(first, action)
    return action
