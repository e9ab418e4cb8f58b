"""What happens when something in the window goes wrong: it is told once, and the rest goes on.

An exception in a paint event would be raised again by every repaint, and would leave a painter at
work in a picture that Qt is about to throw away, which ends the process. So what paints is guarded:
it is left blank after the first exception, until somebody asks to try again.
"""

from __future__ import annotations

import functools
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

_PACKAGE = "rnnviz."


@dataclass(frozen=True)
class Fault:
    """An exception as text: nothing of it keeps what was at work when it was raised alive."""

    summary: str  # "ValueError: what it said"
    trace: str  # with the lines of the program, as Python prints them
    place: str  # file and line where it was raised: two faults of one place are the same

    @classmethod
    def of(cls, error: BaseException) -> Fault:
        """That of an exception."""
        frames = traceback.extract_tb(error.__traceback__)
        last = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        return cls(
            "".join(traceback.format_exception_only(error)).strip(),
            "".join(traceback.format_exception(error)),
            f"{type(error).__name__} {last}",
        )


class Faults(QObject):
    """Where every exception that nobody expected is told, from whatever thread."""

    raised = Signal(object, object)  # Fault, and the QWidget it happened in or None

    def tell(self, error: BaseException, widget: QWidget | None = None) -> None:
        """Tells of an exception; in the window's thread the widget it happened in, if any."""
        self.raised.emit(Fault.of(error), widget)


_faults: Faults | None = None
_lock = threading.Lock()
_blank: WeakSet[QWidget] = WeakSet()  # not painted any more


def faults() -> Faults:
    """The one teller; made on first use, in the window's thread."""
    global _faults
    with _lock:
        if _faults is None:
            _faults = Faults()
        return _faults


@contextmanager
def guarded(widget: QWidget) -> Iterator[None]:
    """An exception in the block is told of as `widget`'s, and goes no further."""
    try:
        yield
    except Exception as error:
        faults().tell(error, widget)


def paint_again(widget: QWidget) -> None:
    """A widget that was left blank, and all in it, may try again."""
    for blank in [blank for blank in _blank if blank is widget or widget.isAncestorOf(blank)]:
        _blank.discard(blank)
        blank.update()


def guard_paint_events() -> None:
    """Guards every widget class of this program that paints itself, once they are all imported."""
    waiting: list[type] = [QWidget]
    seen: set[type] = set()
    while waiting:
        found = waiting.pop()
        subclasses: list[type] = type.__subclasses__(found)
        for kind in subclasses:
            if kind not in seen:
                seen.add(kind)
                waiting.append(kind)
    for own in [kind for kind in seen if kind.__module__.startswith(_PACKAGE)]:
        paint = vars(own).get("paintEvent")
        if paint is not None and not hasattr(paint, "__wrapped__"):
            setattr(own, "paintEvent", _guarded_paint(paint))  # noqa: B010 - types are read-only


def _guarded_paint(paint: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    @functools.wraps(paint)
    def paint_event(self: QWidget, event: Any) -> None:
        if _blank and self in _blank:
            return
        try:
            paint(self, event)
        except Exception as error:
            _blank.add(self)
            faults().tell(error, self)
            # The frames hold the painter, which has to end before Qt goes on.
            traceback.clear_frames(error.__traceback__)
            error.__traceback__ = None

    return paint_event
