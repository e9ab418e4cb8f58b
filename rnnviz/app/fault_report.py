"""Tells of unexpected exceptions: a notice, a cover over the panel concerned, a report to copy."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, QSize, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from rnnviz.app.notice import Notice
from rnnviz.app.qt_messages import qt_messages
from rnnviz.panels.base import Panel
from rnnviz.panels.fault import Fault, faults, paint_again
from rnnviz.panels.fault_cover import FaultCover
from rnnviz.panels.theme import mono_font, px
from rnnviz.panels.widgets.text_area import TextArea
from rnnviz.session.information import gather

_MOST_PLACES = 200  # of which it is remembered that they were told


def report(fault: Fault, settings: Mapping[str, Any]) -> str:
    """What a programmer needs to know: the exception, the versions, the settings of the run."""
    lines = ["rnnviz: something went wrong", "", fault.trace.strip(), ""]
    lines += [f"{name}: {value}" for name, value in gather().items()]
    lines += ["", "Settings of the run:"]
    lines += [f"{name}: {value}" for name, value in settings.items()] or ["there was no run"]
    heard = qt_messages().lines()
    if heard:
        lines += ["", "Messages of Qt:", *heard]
    return "\n".join(lines) + "\n"


class ReportDialog(QDialog):
    """The report as plain text, to be copied. Nothing is sent anywhere."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Report"))
        room = parent.screen().availableSize() * 0.9
        self.resize(QSize(px(760), px(520)).boundedTo(room))
        words = QLabel(
            self.tr(
                "Nothing is sent. Copy this text if you want to report the fault; it names "
                "folders of this computer."
            )
        )
        words.setWordWrap(True)
        self.text = TextArea(text)
        self.text.setReadOnly(True)
        self.text.setFont(mono_font("label"))
        self.text.setAccessibleName(self.tr("Report"))
        self.copy = QPushButton(self.tr("Copy"))
        self.copy.setDefault(True)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(text))
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.close)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(self.copy)
        line.addWidget(close)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 16)
        box.setSpacing(12)
        box.addWidget(words)
        box.addWidget(self.text, 1)
        box.addLayout(line)


class FaultReporter(QObject):
    """Hears of every exception nobody expected, each place once, and keeps the rest going."""

    def __init__(
        self, window: QWidget, notice: Notice, settings: Callable[[], Mapping[str, Any]]
    ) -> None:
        super().__init__(window)
        self._window, self._notice, self._settings = window, notice, settings
        self._told: list[str] = []  # places, the newest last
        # Queued: it may have been in the middle of a paint event, or in another thread.
        faults().raised.connect(self._raised, Qt.ConnectionType.QueuedConnection)

    @Slot(object, object)
    def _raised(self, fault: Fault, widget: QWidget | None) -> None:
        if widget is not None and not isValid(widget):
            return  # it has gone with its window
        panel = _panel(widget)
        if fault.place not in self._told:
            self._told = [*self._told[-_MOST_PLACES:], fault.place]
            if sys.stderr is not None:
                print(fault.trace, file=sys.stderr, end="")  # noqa: T201 - for who started it
            if panel is None:
                self._say(fault, widget)
        if panel is not None and panel.cover is None:
            panel.cover = FaultCover(panel, fault, self.show_report)

    def _say(self, fault: Fault, widget: QWidget | None) -> None:
        words = self.tr("Something went wrong in the window ({0}). Everything else goes on.")
        actions = [(self.tr("Show report"), lambda: self.show_report(fault))]
        if widget is not None:
            actions.append((self.tr("Try again"), lambda: self._try_again(fault, widget)))
        self._notice.say(words.format(_short(fault.summary)), actions=actions)

    def _try_again(self, fault: Fault, widget: QWidget) -> None:
        if fault.place in self._told:
            self._told.remove(fault.place)
        paint_again(widget)

    def show_report(self, fault: Fault) -> None:
        """Opens the text; training and drawing go on beneath."""
        ReportDialog(report(fault, self._settings()), self._window).open()


def install_hooks() -> None:
    """Exceptions in slots and events come to `faults`, and those in threads as well."""

    def raised(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            faults().tell(error)
        else:
            sys.__excepthook__(kind, error, trace)

    def raised_in_thread(arguments: threading.ExceptHookArgs) -> None:
        if isinstance(arguments.exc_value, Exception):
            faults().tell(arguments.exc_value)

    sys.excepthook = raised
    threading.excepthook = raised_in_thread


def _panel(widget: QWidget | None) -> Panel | None:
    """The panel a widget is in, or is."""
    while widget is not None and not isinstance(widget, Panel):
        widget = widget.parentWidget()
    return widget


def _short(summary: str) -> str:
    line = summary.splitlines()[0] if summary else ""
    return line if len(line) <= 120 else f"{line[:119]}…"
