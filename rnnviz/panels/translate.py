"""Words that belong to no widget, in the user's language; widgets have their own `tr`.

Tables made when a file is loaded, before there is a translation, hold words marked with `later` and
hand them to `tr` when they are shown (lupdate: -tr-function-alias QT_TR_NOOP+=later).
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

_CONTEXT = "words"  # translators find them under it


def tr(words: str) -> str:
    """The translation, or the words themselves where there is none."""
    return QCoreApplication.translate(_CONTEXT, words)


def later(words: str) -> str:
    """The words as they are, marked for translators."""
    return words
