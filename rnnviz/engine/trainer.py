"""One training step at a time: forward, loss, backward, clip, update; called by the runner."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol, TypedDict

import numpy as np
import numpy.typing as npt

from rnnviz.engine.clipping import Clipping, clip
from rnnviz.engine.errors import (
    EngineError,
    Interrupted,
    require_choice,
    require_integer,
    require_number,
)
from rnnviz.engine.loss import REDUCTIONS, softmax_cross_entropy
from rnnviz.engine.network import Network, State
from rnnviz.engine.optimizers import Optimizer
from rnnviz.engine.schedules import Constant, Schedule

Indices = npt.NDArray[np.integer[Any]]
AnyArray = np.ndarray[Any, Any]


class Streams(Protocol):
    """Where batches come from: parallel streams of a text, read window by window."""

    @property
    def epoch(self) -> int:
        """Passes completed."""
        ...

    @property
    def progress(self) -> float:
        """Share of the present pass that is read, in [0, 1)."""
        ...

    @property
    def windows_per_epoch(self) -> int:
        """Windows in one pass."""
        ...

    def next_window(self) -> tuple[Indices, Indices, bool]:
        """Inputs ``(T, B)``, targets ``(T, B)``, and whether the streams begin here."""
        ...

    def state_dict(self) -> dict[str, int]:
        """The position, as ``load_state_dict`` takes it."""
        ...

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Continue from a position."""
        ...


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step found.

    ``step`` counts from 1; ``characters`` and ``epoch`` are totals after it; ``loss`` is the mean
    in nats per character; ``grad_norm`` and ``max_abs_gradient`` are those before clipping. When
    ``finite`` is false, loss or norm was not a number and nothing was changed: ``step`` is then the
    one that failed.
    """

    step: int
    characters: int
    epoch: float
    loss: float
    grad_norm: float
    max_abs_gradient: float
    clip_scale: float
    clipped: bool
    clipped_share: float
    learning_rate: float
    clip_cosine: float = 1.0
    finite: bool = True


class TrainerState(TypedDict):
    """Everything needed to continue bit for bit, apart from the settings.

    ``tensors`` go into a model file as they are, ``values`` as JSON.
    """

    tensors: dict[str, AnyArray]
    values: dict[str, Any]


class Trainer:
    """Trains ``network`` by truncated backpropagation through time with the state carried over.

    ``learning_rate``, ``clipping``, ``optimizer``, ``schedule`` and ``progress`` may be assigned
    between two steps and hold from the next one on. ``progress`` (0 to 1, or None) is the runner's
    word on how far the run is; the schedule's multiplier follows it.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        clipping: Clipping,
        streams: Streams,
        learning_rate: float,
        schedule: Schedule | None = None,
        reduction: str = "mean",
        rng: np.random.Generator | None = None,
    ) -> None:
        """EngineError for a wrong learning rate or reduction; ``rng`` is only carried along."""
        self.network = network
        self.optimizer = optimizer
        self.clipping = clipping
        self.streams = streams
        self.learning_rate = learning_rate
        self.schedule: Schedule = Constant() if schedule is None else schedule
        self.reduction = require_choice("reduction", reduction, REDUCTIONS)
        self.rng = rng
        self.progress: float | None = None
        self._steps = 0
        self._characters = 0
        self._state: State | None = None

    @property
    def learning_rate(self) -> float:
        """The rate before the schedule's multiplier; EngineError when set to anything not >= 0."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = require_number("learning_rate", value)

    @property
    def steps(self) -> int:
        """Updates made so far."""
        return self._steps

    @property
    def characters(self) -> int:
        """Characters learned from so far."""
        return self._characters

    @property
    def epoch(self) -> float:
        """Passes over the training text so far, with the fraction of the present one."""
        return self.streams.epoch + self.streams.progress

    @property
    def state(self) -> State | None:
        """The hidden state carried into the next window; None before the first one."""
        return self._state

    def step(self) -> StepResult:
        """One window, one update. See ``StepResult`` for a loss that is not finite.

        An interrupted step (``Network.interrupt``) changes nothing, not even the position in the
        text.
        """
        before = self.streams.state_dict()
        try:
            return self._step(before)
        except Interrupted:
            self.streams.load_state_dict(before)
            raise

    def _step(self, before: dict[str, int]) -> StepResult:
        inputs, targets, is_start = self.streams.next_window()
        batch = inputs.shape[1]
        state = self.network.zero_state(batch) if is_start else self._state
        if state is None or state[0][0].shape[1] != batch:
            state = self.network.zero_state(batch)
        rate = self._learning_rate
        if self.progress is not None:
            rate *= self.schedule.multiplier(self.progress)

        forward = self.network.forward(inputs, state)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            total, dlogits = softmax_cross_entropy(
                forward.logits, targets, dlogits_out=forward.logits, reduction=self.reduction
            )
            gradients = self.network.backward(forward, dlogits)
            report = clip(gradients, self.clipping)
            finite = isfinite(total) and report.finite
            if finite:
                self.optimizer.update(self.network.parameters, gradients, rate)
                self._state = forward.state
                self._steps += 1
                self._characters += inputs.size
            else:
                self.streams.load_state_dict(before)
        return StepResult(
            step=self._steps if finite else self._steps + 1,
            characters=self._characters,
            epoch=self.epoch,
            loss=total / inputs.size,
            grad_norm=report.total_norm,
            max_abs_gradient=report.max_abs,
            clip_scale=report.scale,
            clipped=report.clipped,
            clipped_share=report.clipped_share,
            learning_rate=rate,
            clip_cosine=report.cosine,
            finite=finite,
        )

    def state_dict(self, include_parameters: bool = True) -> TrainerState:
        """Copies of parameters, optimizer, hidden state, position, step and generator.

        Without the parameters when these are saved beside it, as in a model file. ``tensors`` are
        named ``parameters.*``, ``optimizer.*`` and ``state.<layer>.<name>``.
        """
        tensors: dict[str, AnyArray] = {}
        if include_parameters:
            for name, array in self.network.parameters.items():
                tensors[f"parameters.{name}"] = array.copy()
        for name, value in self.optimizer.state().items():
            tensors[f"optimizer.{name}"] = value
        for layer, arrays in enumerate(self._state or ()):
            for name, array in zip(self.network.state_names, arrays, strict=True):
                tensors[f"state.{layer}.{name}"] = array.copy()
        values: dict[str, Any] = {
            "step": self._steps,
            "characters": self._characters,
            "learning_rate": self._learning_rate,
            "progress": self.progress,
            "optimizer": self.optimizer.name,
            "hyperparameters": self.optimizer.hyperparameters,
            "streams": self.streams.state_dict(),
            "rng": None if self.rng is None else self.rng.bit_generator.state,
        }
        return {"tensors": tensors, "values": values}

    def load_state_dict(self, state: TrainerState) -> None:
        """Continue from ``state_dict()``'s value; EngineError, and no change, when it does not fit.

        The trainer must have been built with the same settings: network, optimizer, streams.
        """
        tensors, values = state["tensors"], state["values"]
        missing = {"step", "characters", "learning_rate", "progress", "optimizer", "streams", "rng"}
        missing -= set(values)
        if missing:
            raise EngineError(f"state must hold the value {min(missing)}, which is missing")
        if values["optimizer"] != self.optimizer.name:
            raise EngineError(
                f"state is that of optimizer {values['optimizer']}, this is {self.optimizer.name}"
            )
        steps = require_integer("state step", values["step"], 0)
        characters = require_integer("state characters", values["characters"], 0)
        rate = require_number("state learning_rate", values["learning_rate"])
        progress = values["progress"]
        if progress is not None:
            progress = require_number("state progress", progress)
        self._check_generator(values["rng"])
        parameters = self._parameters_from(tensors)
        hidden = self._hidden_from(tensors)
        position_before = self.streams.state_dict()
        self.streams.load_state_dict(values["streams"])
        try:
            self.optimizer.load_state(_section(tensors, "optimizer."))
        except EngineError:
            self.streams.load_state_dict(position_before)
            raise
        for name, array in parameters.items():
            self.network.parameters[name][...] = array
        if self.rng is not None:
            self.rng.bit_generator.state = values["rng"]
        self._state = hidden
        self._steps, self._characters = steps, characters
        self.learning_rate, self.progress = rate, progress

    def _check_generator(self, state: Any) -> None:
        """EngineError unless the trainer's generator can take ``state``."""
        if (state is None) != (self.rng is None):
            raise EngineError("state and trainer must both have a generator (rng), or neither")
        if self.rng is not None:
            try:
                type(self.rng.bit_generator)().state = state
            except (ValueError, TypeError, KeyError) as error:
                raise EngineError(
                    f"state rng must be one of {type(self.rng.bit_generator).__name__}, got {error}"
                ) from error

    def _parameters_from(self, tensors: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """The parameters in ``tensors``, checked; empty when they were saved elsewhere."""
        section = _section(tensors, "parameters.")
        own = self.network.parameters
        if section and set(section) != set(own):
            raise EngineError(f"state must hold the parameters {list(own)}, got {list(section)}")
        for name, array in section.items():
            if array.shape != own[name].shape or array.dtype != own[name].dtype:
                raise EngineError(
                    f"state parameters.{name} must be {own[name].dtype} {own[name].shape}, got "
                    f"{array.dtype} {array.shape}"
                )
        return section

    def _hidden_from(self, tensors: Mapping[str, AnyArray]) -> State | None:
        """The hidden state in ``tensors``, checked and copied; None when there is none."""
        section = _section(tensors, "state.")
        if not section:
            return None
        names = [
            [f"{layer}.{name}" for name in self.network.state_names]
            for layer in range(self.network.config.num_layers)
        ]
        wanted = {name for layer in names for name in layer}
        if set(section) != wanted:
            raise EngineError(f"state must hold state.* {sorted(wanted)}, got {sorted(section)}")
        dtype = self.network.config.dtype
        hidden = tuple(tuple(np.array(section[n], dtype) for n in layer) for layer in names)
        if hidden[0][0].ndim != 2:
            raise EngineError(f"state.0 must have shape (H, B), got {hidden[0][0].shape}")
        self.network.check_state(hidden, hidden[0][0].shape[1])
        return hidden


def _section(tensors: Mapping[str, AnyArray], prefix: str) -> dict[str, AnyArray]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
