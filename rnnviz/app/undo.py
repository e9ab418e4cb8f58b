"""Undo and redo for the settings and the seed text; training itself has no way back.

Changes of one control that follow each other closely become one. What is undone is asked for again
as the user would ask for it, so it applies when the control says: at the next step or on restart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack

from rnnviz.engine.cells import CELLS
from rnnviz.session import commands
from rnnviz.session.config import RESTART_FIELDS, RunConfig
from rnnviz.session.frames import InForce

_TOGETHER = 1.5  # seconds between two changes of one control that are one to the user
_LIMIT = 300  # changes kept
_SEED, _TEXT, _TEMPERATURE = "seed text", "corpus", "temperature"


class Target(Protocol):
    """Where values go back to; each method does what the user's own hand would do."""

    def send(self, command: commands.Command) -> None:
        """A live setting."""
        ...

    def edit(self, changes: Mapping[str, Any]) -> None:
        """Restart settings by field."""
        ...

    def choose_text(self, origin: str) -> None:
        """The text to learn, by id or path."""
        ...

    def show_temperature(self, temperature: float) -> None:
        """In every panel that has it, and for the samples."""
        ...

    def show_seed(self, text: str) -> None:
        """In both panels that have it."""
        ...


class _Change(QUndoCommand):
    """From some values to others; they hold already when it is pushed."""

    def __init__(
        self,
        words: str,
        old: dict[str, Any],
        new: dict[str, Any],
        apply: Callable[[dict[str, Any]], None],
        at: float,
    ) -> None:
        super().__init__(words)
        self._old, self._new, self._apply, self._at = old, new, apply, at
        self._pushed = False

    def id(self) -> int:
        """Some number for all of them: Qt then offers each to the one before it."""
        return 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Takes up a change of the same values that came soon after."""
        if (
            not isinstance(other, _Change)
            or other._new.keys() != self._new.keys()
            or other._at - self._at > _TOGETHER
        ):
            return False
        self._new, self._at = other._new, other._at
        self.setText(other.text())
        self.setObsolete(self._new == self._old)
        return True

    def undo(self) -> None:
        """The old values."""
        self._apply(self._old)

    def redo(self) -> None:
        """The new ones, except at the time they were chosen."""
        if self._pushed:
            self._apply(self._new)
        self._pushed = True


class SettingsUndo(QObject):
    """Notes what the user changes; `stack` goes back and forth."""

    def __init__(
        self,
        target: Target,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self.stack = QUndoStack(self)
        self.stack.setUndoLimit(_LIMIT)
        self._target = target
        self._clock = clock
        self._known: dict[str, Any] = {}
        self._applying = False

    # What holds.

    def begin(self, wanted: RunConfig, in_force: InForce, temperature: float, seed: str) -> None:
        """A run has begun: this is what holds now, whoever chose it."""
        self._known = {name: getattr(wanted, name) for name in RESTART_FIELDS}
        self._known |= {
            "learning rate": in_force.learning_rate,
            "clipping": (in_force.clip_kind, in_force.clip_threshold),
            "optimizer": in_force.optimizer,
            _TEMPERATURE: temperature,
            _SEED: seed,
        }

    def clear(self) -> None:
        """Another file or preset was opened: nothing of the run before can be taken back."""
        self.stack.clear()

    # What changes.

    def sent(self, command: commands.Command) -> None:
        """The user asked for a live setting."""
        match command:
            case commands.SetLearningRate(value):
                words = self.tr("learning rate {0}").format(scientific(value))
                self._note({"learning rate": value}, words)
            case commands.SetClipping(kind, threshold):
                words = {
                    "off": self.tr("clipping off"),
                    "value": self.tr("clip entries at {0}").format(f"{threshold:.2g}"),
                }.get(kind, self.tr("clip threshold {0}").format(f"{threshold:.2g}"))
                self._note({"clipping": (kind, threshold)}, words)
            case commands.SetOptimizer(name):
                self._note({"optimizer": name}, self.tr("optimizer {0}").format(name))
            case commands.SetTemperature(value):
                words = self.tr("temperature {0}").format(f"{value:.2f}")
                self._note({_TEMPERATURE: value}, words)

    def edited(self, wanted: RunConfig) -> None:
        """The user changed what waits in Setup."""
        changed = {
            name: getattr(wanted, name)
            for name in RESTART_FIELDS
            if name != _TEXT and getattr(wanted, name) != self._known.get(name)
        }
        if len(changed) > 1:
            self._note(changed, self.tr("{0} settings").format(len(changed)))
        for name, value in changed.items():
            if len(changed) == 1:
                self._note(changed, f"{self._names().get(name, name)} {self._value(value)}")

    def text_chosen(self, origin: str, name: str) -> None:
        """The user chose another text."""
        self._note({_TEXT: origin}, self.tr("text {0}").format(name))

    def seed_edited(self, text: str) -> None:
        """The user typed."""
        self._note({_SEED: text}, self.tr("seed text"))

    def _names(self) -> dict[str, str]:
        return {
            "cell": self.tr("cell"),
            "num_layers": self.tr("layers"),
            "hidden_size": self.tr("hidden units"),
            "seq_len": self.tr("sequence"),
            "batch_size": self.tr("batch"),
            "seed": self.tr("random seed"),
            "split": self.tr("held out"),
        }

    def _value(self, value: object) -> str:
        if isinstance(value, int):
            return f"{value:,}"
        known = {name: name.upper() for name in CELLS} | {
            "contiguous": self.tr("text end"),
            "interleaved": self.tr("streams"),
        }
        return known.get(str(value), str(value))

    def _note(self, changes: dict[str, Any], words: str) -> None:
        old = {key: self._known.get(key) for key in changes}
        if self._applying or not self._known or old == changes:
            return
        self._known |= changes
        self.stack.push(_Change(words, old, changes, self._apply, self._clock()))

    # Back and forth.

    def _apply(self, values: dict[str, Any]) -> None:
        self._known |= values
        self._applying = True
        try:
            self._ask_for(values)
        finally:
            self._applying = False

    def _ask_for(self, values: dict[str, Any]) -> None:
        match values:
            case {"learning rate": value}:
                self._target.send(commands.SetLearningRate(value))
            case {"clipping": (kind, threshold)}:
                self._target.send(commands.SetClipping(kind, threshold))
            case {"optimizer": name}:
                self._target.send(commands.SetOptimizer(name))
            case {"temperature": value}:
                self._target.show_temperature(value)
            case {"seed text": text}:
                self._target.show_seed(text)
            case {"corpus": origin}:
                self._target.choose_text(origin)
            case _:
                self._target.edit(values)


def scientific(value: float) -> str:
    """A learning rate as it is written everywhere: 2.0e-3."""
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"
