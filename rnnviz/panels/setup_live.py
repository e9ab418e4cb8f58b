"""The settings of Setup that hold from the next step: optimizer, learning rate, clipping."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from rnnviz.engine.optimizers import OPTIMIZERS
from rnnviz.panels.sizing import wide
from rnnviz.panels.widgets.choice import Choice
from rnnviz.panels.widgets.field_row import FieldRow
from rnnviz.panels.widgets.number_field import NumberField
from rnnviz.panels.widgets.segmented import Segmented
from rnnviz.panels.widgets.value_slider import ValueSlider
from rnnviz.session import commands
from rnnviz.session.config import CLIP_RANGE, LEARNING_RATE_RANGE, RunConfig
from rnnviz.session.frames import InForce

_FIELD, _COMPACT_FIELD = 76, 66  # pixels of the number beside a slider
# Name and the settings it runs with; an optimizer without a note is shown by its own name.
_OPTIMIZER_NOTES = {
    "sgd": ("SGD", "plain"),
    "momentum": ("Momentum", "μ 0.9"),
    "nesterov": ("Nesterov", "μ 0.9"),
    "adagrad": ("Adagrad", "ε 1e-8"),
    "rmsprop": ("RMSprop", "α 0.99"),
    "adam": ("Adam", "β 0.9, 0.999"),
    "adamw": ("AdamW", "decay 0.01"),
}


class LiveSettings(QFrame):
    """Sends commands; a control shows what the engine has acknowledged."""

    command = Signal(object)  # for the runner

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("group", "live")
        self._start = RunConfig()  # what the run began with
        self._filling = False
        self._box = QVBoxLayout(self)
        words = QLabel(self.tr("● Live: applies on the next step"))
        words.setProperty("role", "live")
        self._box.addWidget(words)
        self._add_optimizer()
        self._add_learning_rate()
        self._add_clipping()
        self.rows = self.findChildren(FieldRow)

    # Building.

    def _add_optimizer(self) -> None:
        self.optimizer = Choice(self.tr("Optimizer"))
        for name in OPTIMIZERS:
            self.optimizer.addItem(name, name)
        self.optimizer.setToolTip(
            self.tr("A change starts the new optimizer with empty accumulators")
        )
        self.optimizer.activated.connect(
            lambda index: self._send(commands.SetOptimizer(self.optimizer.itemData(index)))
        )
        row = FieldRow(self.tr("Optimizer"), self.optimizer)
        row.default_requested.connect(
            lambda: self._send(commands.SetOptimizer(self._start.optimizer))
        )
        self._box.addWidget(row)

    def _add_learning_rate(self) -> None:
        default = RunConfig().learning_rate
        self.rate_slider = ValueSlider(*LEARNING_RATE_RANGE, default, self.tr("Learning rate"))
        self.rate_slider.setToolTip(
            self.tr("Learning rate, {0:g} to {1:g}; double click: back to the start value").format(
                *LEARNING_RATE_RANGE
            )
        )
        self.rate = NumberField(
            1e-8,
            100,
            default,
            self.tr("Learning rate"),
            integer=False,
            form="{:.1e}",
            about=self.tr("How far a step goes; too far and the loss grows."),
        )
        for control in (self.rate_slider, self.rate):
            control.edited.connect(lambda value: self._send(commands.SetLearningRate(value)))
        self.rate_row = FieldRow(self.tr("Learning rate"), self.rate_slider, self.rate)
        self.rate_row.default_requested.connect(
            lambda: self._send(commands.SetLearningRate(self._start.learning_rate))
        )
        self._tell_what_is_refused(self.rate_row, self.rate)
        self._box.addWidget(self.rate_row)

    def _add_clipping(self) -> None:
        self.clip_kind = Segmented(
            [("off", self.tr("Off")), ("norm", self.tr("Norm")), ("value", self.tr("Value"))],
            self.tr("Clip gradients by"),
            stretch=True,
        )
        self.clip_kind.set_tips(
            {
                "off": self.tr("Gradients are used as they are"),
                "norm": self.tr("Scales the whole gradient down to this L2 norm"),
                "value": self.tr("Cuts each entry of the gradient to this size"),
            }
        )
        self.clip_kind.changed.connect(self._send_clipping)
        kind_row = FieldRow(self.tr("Clip gradient"), self.clip_kind)
        kind_row.default_requested.connect(lambda: self._send_clipping(self._start.clip_kind))
        self._box.addWidget(kind_row)
        default = RunConfig().clip_threshold
        self.clip_slider = ValueSlider(*CLIP_RANGE, default, self.tr("Threshold"), token="clip")
        self.clip_slider.setToolTip(
            self.tr("Clip threshold, {0:g} to {1:g}; double click: back to the start value").format(
                *CLIP_RANGE
            )
        )
        self.clip = NumberField(
            1e-9,
            1e12,
            default,
            self.tr("Threshold"),
            integer=False,
            form="{:.3g}",
            about=self.tr("The norm, or the entry, that a gradient is clipped to."),
        )
        for control in (self.clip_slider, self.clip):
            control.edited.connect(lambda value: self._send_clipping(threshold=value))
        row = FieldRow(self.tr("Threshold"), self.clip_slider, self.clip)
        row.default_requested.connect(
            lambda: self._send_clipping(threshold=self._start.clip_threshold)
        )
        self._tell_what_is_refused(row, self.clip)
        self._box.addWidget(row)

    @staticmethod
    def _tell_what_is_refused(row: FieldRow, field: NumberField) -> None:
        def tell(sentence: str) -> None:
            row.set_error(sentence)
            field.set_state("bad" if sentence else "")

        field.refused.connect(tell)

    # What it sends, and what comes back.

    def _send(self, command: commands.Command) -> None:
        if not self._filling:
            self.command.emit(command)

    def _send_clipping(self, kind: str | None = None, threshold: float | None = None) -> None:
        chosen = kind if isinstance(kind, str) else self.clip_kind.current()
        if threshold is not None and chosen == "off":
            chosen = "norm"  # whoever moves the threshold wants it to hold
        value = self.clip.value() if threshold is None else threshold
        self._send(commands.SetClipping(chosen, value))

    def set_in_force(self, in_force: InForce) -> None:
        """Shows the settings the engine has acknowledged."""
        self._filling = True
        self.rate_slider.set_value(in_force.learning_rate)
        self.rate.set_value(in_force.learning_rate)
        self.clip_slider.set_value(in_force.clip_threshold)
        self.clip.set_value(in_force.clip_threshold)
        self.clip_kind.set_current(in_force.clip_kind)
        self.clip_slider.setEnabled(in_force.clip_kind != "off")
        self.optimizer.setCurrentIndex(self.optimizer.findData(in_force.optimizer))
        self._filling = False

    def set_start(self, config: RunConfig) -> None:
        """A run has begun with this; a double click goes back to it."""
        self._start = config
        self.rate_slider.set_default(config.learning_rate)
        self.clip_slider.set_default(config.clip_threshold)

    def set_compact(self, compact: bool, margin: int, spacing: int) -> None:
        """Closer, labels beside the controls; `margin` and `spacing` in pixels."""
        for row in self.rows:
            row.set_compact(compact)
        for field in (self.rate, self.clip):
            wide(field, _COMPACT_FIELD if compact else _FIELD)
        for index in range(self.optimizer.count()):
            name = self.optimizer.itemData(index)
            title, note = _OPTIMIZER_NOTES.get(name, (name, ""))
            self.optimizer.setItemText(index, title if compact else f"{title}  {note}".rstrip())
        self._box.setContentsMargins(margin + 2, margin, margin + 2, margin)
        self._box.setSpacing(spacing)
