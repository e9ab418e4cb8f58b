"""The About box: what rnnviz is, and the versions of everything, to copy into a report."""

from __future__ import annotations

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from rnnviz.app.fitting_dialog import FittingDialog
from rnnviz.app.top_bar import logo
from rnnviz.panels.theme import icon_pixels, mono_font, pixels, px, themes
from rnnviz.panels.translate import tr
from rnnviz.session.information import gather

# What is shown; the rest, mostly folders, is only copied.
_SHOWN = (
    "rnnviz",
    "Python",
    "Qt",
    "PySide6-Essentials",
    "numpy",
    "pyqtgraph",
    "BLAS library",
    "BLAS kernel",
    "BLAS threads",
    "cores for training",
    "platform",
)


class AboutBox(FittingDialog):
    """The sign, what the program is, and a table of versions."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, tr("About rnnviz"))
        found = gather()
        self._found = {"rnnviz": found.pop("rnnviz"), "Python": found.pop("Python")}
        self._found |= {"Qt": qVersion(), **found}
        content = QWidget()
        outer = QVBoxLayout(content)
        outer.setContentsMargins(24, 24, 24, 8)
        outer.setSpacing(16)
        head = QHBoxLayout()
        head.setSpacing(16)
        self._sign = QLabel()
        self._sign.setAccessibleName(self.tr("The sign of rnnviz"))
        self._name = QLabel(self.tr("rnnviz {0}").format(self._found["rnnviz"]))
        what = QLabel(self.tr("The oscilloscope for recurrent networks"))
        what.setProperty("role", "label")
        licence = QLabel(self.tr("Code under the MIT licence, bundled texts under CC0"))
        licence.setProperty("role", "muted")
        words = QVBoxLayout()
        words.setSpacing(4)
        for label in (self._name, what, licence):
            words.addWidget(label)
        head.addWidget(self._sign)
        head.addLayout(words, 1)
        outer.addLayout(head)
        rule = QFrame()
        rule.setProperty("rule", True)
        rule.setFixedHeight(1)
        outer.addWidget(rule)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(6)
        self._values: list[QLabel] = []
        for line, name in enumerate(name for name in _SHOWN if name in self._found):
            title, value = QLabel(name), QLabel(self._found[name])
            title.setProperty("role", "label")
            # Kernels and paths may look like markup; they are shown as they are.
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            value.setAccessibleName(f"{name}: {self._found[name]}")
            value.setToolTip(self.tr("Select to copy"))
            value.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            grid.addWidget(title, line, 0)
            grid.addWidget(value, line, 1)
            self._values.append(value)
        grid.setColumnStretch(1, 1)
        outer.addLayout(grid)
        outer.addStretch(1)
        self.fill(content)
        self.copy_button = self.add_button(self.tr("Copy"))
        self.copy_button.setToolTip(self.tr("Copies these lines and the folders in use"))
        self.copy_button.clicked.connect(self.copy)
        themes().changed.connect(self._apply_theme)
        self._apply_theme()

    def text(self) -> str:
        """Everything that is copied, a line each."""
        return "\n".join(f"{name}: {value}" for name, value in self._found.items())

    def copy(self) -> None:
        """Puts all lines on the clipboard, and says so."""
        QGuiApplication.clipboard().setText(self.text())
        self.copy_button.setText(self.tr("Copied"))

    def showEvent(self, event: QShowEvent) -> None:
        """Nothing is copied yet."""
        super().showEvent(event)
        self.copy_button.setText(self.tr("Copy"))

    def _apply_theme(self) -> None:
        self._sign.setPixmap(logo(icon_pixels(64)))
        self._name.setStyleSheet(f"font-size: {pixels('body') + px(9)}px; font-weight: 600;")
        for value in self._values:
            value.setFont(mono_font("label"))
            value.setStyleSheet(f"font-size: {pixels('label')}px;")
