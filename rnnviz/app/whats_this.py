"""Help > What's this: every control answers with its name and what its tooltip says."""

from __future__ import annotations

import html

from PySide6.QtGui import QTextDocumentFragment
from PySide6.QtWidgets import QAbstractButton, QWhatsThis, QWidget

from rnnviz.panels.base import Panel
from rnnviz.panels.widgets.segmented import Segmented


def ask_whats_this(window: QWidget) -> None:
    """The next click names what is clicked; Esc ends that."""
    explain_controls(window)
    QWhatsThis.enterWhatsThisMode()


def explain_controls(window: QWidget) -> None:
    """Gives every widget with a tooltip an answer; tooltips change, so this is done each time."""
    for widget in window.findChildren(QWidget):
        words = explanation(widget)
        if words:
            widget.setWhatsThis(words)


def explanation(widget: QWidget) -> str:
    """The answer as markup, or nothing."""
    if isinstance(widget, Panel):
        return _markup(widget.accessibleName(), widget.help_text() or widget.clause())
    tip = _plain(widget.toolTip())
    if isinstance(widget, Segmented):
        tip = "\n".join([tip, *widget.tips()]).strip()
    name = widget.accessibleName()
    if not name and isinstance(widget, QAbstractButton):
        name = widget.text().replace("&", "")
    return _markup(name, tip) if tip else ""


def _plain(tip: str) -> str:
    return QTextDocumentFragment.fromHtml(tip).toPlainText() if tip.startswith("<qt>") else tip


def _markup(name: str, words: str) -> str:
    """The name in bold, then the words, which may begin with it."""
    head, rest = name, words
    if name and words.lower().startswith(name.lower()):
        head, rest = words[: len(name)], words[len(name) :]
    elif name and words:
        rest = f"\n{words}"
    said = html.escape(rest).replace("\n", "<br>")
    return f"<qt><b>{html.escape(head)}</b>{said}</qt>" if head else f"<qt>{said}</qt>"
