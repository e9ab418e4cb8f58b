"""Faults of library versions that would abort the program: caught here, not in a lecture."""

from __future__ import annotations

import sys

from PySide6.QtGui import QImage, QPainter

from rnnviz.app.application import make_application


def test_qt_calls_do_not_lose_references_to_none() -> None:
    """PySide6 6.12.0 on Python 3.11 drops one at each void call, until the process aborts."""
    make_application()
    image = QImage(8, 8, QImage.Format.Format_ARGB32)
    painter = QPainter(image)
    before = sys.getrefcount(None)
    for _ in range(1000):
        painter.drawLine(0, 0, 7, 7)
    after = sys.getrefcount(None)
    painter.end()
    assert after > before - 500


def test_pyqtgraph_uses_the_same_qt() -> None:
    import pyqtgraph

    assert pyqtgraph.Qt.QT_LIB == "PySide6"
