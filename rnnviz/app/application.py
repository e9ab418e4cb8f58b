"""Starts Qt and the main window: what `rnnviz` without a command does."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

from PySide6.QtCore import QEvent, QSocketNotifier, QTimer, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from rnnviz import __version__


class Application(QApplication):
    """Tells when the system hands it a file, as macOS does after a double click."""

    file_opened = Signal(str)  # path

    def event(self, event: QEvent) -> bool:
        """Only what is sent to the application itself comes here."""
        if isinstance(event, QFileOpenEvent) and event.file():
            self.file_opened.emit(event.file())
            return True
        return super().event(event)


def make_application(arguments: list[str] | None = None) -> QApplication:
    """The QApplication with name, icon and style; the one that exists, if there is one."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        application = existing
    else:
        application = Application(arguments or ["rnnviz"])
    application.setApplicationName("rnnviz")
    application.setApplicationDisplayName("rnnviz")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("rnnviz")
    application.setStyle("Fusion")
    from rnnviz.app.icon import application_icon

    application.setWindowIcon(application_icon())
    return application


def run_window(file: str | None, theme: str | None, preset: str | None) -> int:
    """Shows the window until it is closed; returns the exit status."""
    if sys.stderr is not None:
        faulthandler.enable()
    from rnnviz.app.qt_messages import qt_messages
    from rnnviz.paths import data_folder

    with qt_messages().heard(data_folder()):
        return _run_window(file, theme, preset, data_folder() / "autosave")


def _run_window(file: str | None, theme: str | None, preset: str | None, autosaves: Path) -> int:
    application = make_application()
    from rnnviz.app.fault_report import install_hooks
    from rnnviz.app.main_window import MainWindow
    from rnnviz.app.settings import Settings
    from rnnviz.panels.fault import guard_paint_events
    from rnnviz.panels.theme import MODES, themes

    settings = Settings()
    remembered = settings.text("theme", "system")
    # Before the first widget: one made earlier would keep the system's font.
    themes().set_mode(theme or (remembered if remembered in MODES else "system"))
    window = MainWindow(settings, autosaves)
    install_hooks()
    guard_paint_events()
    signalled = _quit_on_signals(application, window)
    if isinstance(application, Application):
        application.file_opened.connect(window.open_path)
    window.show()
    window.welcome()
    window.begin(file, preset)
    settle()
    status = application.exec()
    window.end()  # when it was not the window that ended the program
    if signalled:
        _leave(status)
    return status


def _leave(status: int) -> None:
    """Ends the process on the spot: all is written, and who sent the signal may not wait long.

    To take a window and a large network apart takes longer than to keep the run.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, broken or none
            stream.flush()
    os._exit(status)


def settle() -> None:
    """What is loaded and built by now stays: Python looks through it for garbage no more.

    That would take a tenth of a second, in which window and training stand still. To be called
    before the first run, which may well become garbage.
    """
    gc.freeze()


def _quit_on_signals(application: QApplication, window: object) -> list[int]:
    """Ctrl+C, SIGTERM and a closed terminal close the window without a question.

    An unsaved run can be recovered.

    Python runs its handlers between bytecodes only, and Qt waits without any: so the signal is also
    written to a socket that wakes Qt up. The list gets the numbers of those that came.
    """
    from rnnviz.app.main_window import MainWindow

    assert isinstance(window, MainWindow)

    def end() -> None:
        window.end()
        application.quit()

    signalled: list[int] = []

    def close(number: int, frame: FrameType | None) -> None:
        signalled.append(number)
        QTimer.singleShot(0, window, end)  # now might be in the middle of a paint event

    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, close)
    waking, woken = socket.socketpair()
    for end_of_it in (waking, woken):
        end_of_it.setblocking(False)
    signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
    notifier = QSocketNotifier(woken.fileno(), QSocketNotifier.Type.Read, window)

    def look() -> None:
        with contextlib.suppress(BlockingIOError):
            woken.recv(64)
        waking.fileno()  # both ends last as long as this is connected

    notifier.activated.connect(look)
    return signalled
