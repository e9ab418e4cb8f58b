"""The quiet message in place of a panel that has failed; all others go on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from rnnviz.panels.base import Panel
from rnnviz.panels.fault import Fault, paint_again


class FaultCover(QWidget):
    """Takes the room of what the panel showed, and gives it back."""

    def __init__(self, panel: Panel, fault: Fault, show_report: Callable[[Fault], None]) -> None:
        super().__init__(panel)
        self.fault = fault
        self._panel = panel
        self._hidden = [w for w in panel.in_body() if w is not self]
        for widget in self._hidden:
            widget.hide()
        self._words = QLabel(self.tr("This panel could not be drawn.\nTraining goes on."))
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setProperty("role", "label")
        self._words.setWordWrap(True)
        report = QPushButton(self.tr("Show report"))
        report.clicked.connect(lambda: show_report(self.fault))
        again = QPushButton(self.tr("Try again"))
        again.clicked.connect(self.try_again)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addStretch(1)
        line.addWidget(report)
        line.addWidget(again)
        line.addStretch(1)
        box = QVBoxLayout(self)
        box.setSpacing(12)
        box.addStretch(1)
        box.addWidget(self._words)
        box.addLayout(line)
        box.addStretch(1)
        self.setAccessibleName(self.tr("{0} could not be drawn").format(panel.title()))
        self.setToolTip(fault.summary)
        panel.body.addWidget(self, 1)
        self.show()

    def try_again(self) -> None:
        """Shows the panel as it was; if it fails again, the cover comes back."""
        panel = self._panel
        panel.body.removeWidget(self)
        self.hide()
        self.setParent(None)
        self.deleteLater()
        for widget in self._hidden:
            widget.show()
        panel.cover = None
        paint_again(panel)
        panel.try_refresh()
