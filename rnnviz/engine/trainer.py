"""One training step at a time: forward, loss, backward, clip, update; called by the runner."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple, Protocol, TypedDict

import numpy as np
import numpy.typing as npt

from rnnviz.engine.clipping import Clipping, ClipReport, clip
from rnnviz.engine.data_parallel import DataParallel
from rnnviz.engine.errors import (
    EngineError,
    require_choice,
    require_generator,
    require_instance,
    require_integer,
    require_number,
)
from rnnviz.engine.loss import REDUCTIONS, unchecked_softmax_cross_entropy
from rnnviz.engine.network import Network, State, Window
from rnnviz.engine.optimizers import Optimizer
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.schedules import Constant, Schedule
from rnnviz.engine.truncation import Truncation

Indices = npt.NDArray[np.integer[Any]]
AnyArray = np.ndarray[Any, Any]

LARGEST_NORM = 1e9
"""A gradient with a larger norm that clipping does not hold back has diverged, finite or not."""


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

    @property
    def highest(self) -> int:
        """The highest index in the text; none is negative."""
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


class StepResult(NamedTuple):
    """What one step found.

    ``step`` counts from 1; ``characters`` and ``epoch`` are totals after it; ``loss`` is the mean
    in nats per character; ``grad_norm`` and ``max_abs_gradient`` are those before clipping. When
    ``finite`` is false, loss or norm was not a number, or the norm was above ``LARGEST_NORM`` with
    nothing to hold it back, and nothing was changed: ``step`` is then the one that failed.
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


@dataclass(slots=True)
class _Batches:
    """What is gathered while the batches of one update are read."""

    state: State | None
    nats: float = 0.0
    characters: int = 0


class Trainer:
    """Trains ``network`` by backpropagation through time, as far back as ``truncation`` says.

    One step is one update, after ``accumulate`` batches whose gradients are added up (their mean
    with ``reduction="mean"``). ``learning_rate``, ``clipping``, ``optimizer``, ``schedule`` and
    ``progress`` may be assigned between two steps and hold from the next one on. ``progress`` (0 to
    1, or None) is the runner's word on how far the run is; schedules that need it follow it.
    ``clip_report`` is what clipping found in the last step, None before it.
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
        truncation: Truncation | None = None,
        accumulate: int = 1,
        data_parallel: DataParallel | None = None,
        threads: int = 1,
    ) -> None:
        """EngineError names the argument that does not fit, such as streams of other characters.

        ``rng`` draws dropout and the lengths of random truncation, which need it; its state is part
        of the trainer's. ``truncation`` is ``Truncation()`` by default. ``data_parallel`` computes
        the gradients, unless truncation is random; it must be for ``network``, the windows of
        ``streams`` and ``reduction``. So many ``threads`` share the update of many parameters.
        """
        self.network = require_instance("network", network, Network)
        self.optimizer = optimizer
        self.clipping = require_instance("clipping", clipping, Clipping)
        self.streams = streams
        self.learning_rate = learning_rate
        self.schedule: Schedule = Constant() if schedule is None else schedule
        self.reduction = require_choice("reduction", reduction, REDUCTIONS)
        truncation = Truncation() if truncation is None else truncation
        self.truncation = require_instance("truncation", truncation, Truncation)
        self.accumulate = require_integer("accumulate", accumulate, 1)
        self.rng = None if rng is None else require_generator("rng", rng)
        self._drops = network.config.drops
        self._draws = self._drops or self.truncation.draws
        if self._draws and self.rng is None:
            what = "dropout" if network.config.drops else "random truncation"
            raise EngineError(f"rng must be a numpy.random.Generator for {what}, got None")
        if data_parallel is not None and self.truncation.draws:
            raise EngineError("data_parallel must be None for random truncation")
        if data_parallel is not None and data_parallel.network is not network:
            raise EngineError("data_parallel must be for the network that is trained")
        size = network.config.vocabulary_size
        if streams.highest >= size:
            raise EngineError(
                f"streams must hold indices from 0 to {size - 1}, got {streams.highest}"
            )
        self.data_parallel = data_parallel
        self.threads = require_integer("threads", threads, 1)
        self._sum: Parameters | None = None
        self.clip_report: ClipReport | None = None
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
        """One update. See ``StepResult`` for a loss that is not finite.

        An interrupted step (``Network.interrupt``) changes nothing, not even the position in the
        text or the generator.
        """
        position = self.streams.state_dict()
        drawn = self.rng.bit_generator.state if self.rng is not None and self._draws else None
        try:
            return self._step(position, drawn)
        except BaseException:  # also a keyboard interrupt: what was read is to be read again
            self._go_back(position, drawn)
            raise

    def _go_back(self, position: dict[str, int], drawn: Mapping[str, Any] | None) -> None:
        """To this position in the text and this state of the generator."""
        self.streams.load_state_dict(position)
        if self.rng is not None and drawn is not None:
            self.rng.bit_generator.state = drawn

    def _step(self, position: dict[str, int], drawn: Mapping[str, Any] | None) -> StepResult:
        rate = self._learning_rate * self.schedule.multiplier(
            self.progress, self.epoch, self._steps
        )
        batches = _Batches(self._state)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            gradients = self._gradients(batches)
            self.clip_report = report = clip(gradients, self.clipping)
            held = report.clipped and self.clipping.threshold <= LARGEST_NORM
            usable = report.finite and (held or report.total_norm <= LARGEST_NORM)
            finite = isfinite(batches.nats) and usable
            if finite:
                self.optimizer.update(self.network.parameters, gradients, rate, self.threads)
                self._state = batches.state
                self._steps += 1
                self._characters += batches.characters
            else:
                self._go_back(position, drawn)
        return StepResult(
            self._steps if finite else self._steps + 1,
            self._characters,
            self.epoch,
            batches.nats / batches.characters,
            report.total_norm,
            report.max_abs,
            report.scale,
            report.clipped,
            report.clipped_share,
            rate,
            report.cosine,
            finite,
        )

    def _gradients(self, batches: "_Batches") -> Parameters:
        """The gradient of one update, from as many windows as it takes."""
        if self.accumulate == 1 and not self.truncation.draws:
            if self.data_parallel is not None:
                return self._share_out(batches, self.data_parallel)
            window = self._read_window(batches)
            return self.network.unchecked_backward(window, window.scores)
        if self._sum is None:
            self._sum = self.network.parameters.zeros_like()
        self._sum.flat.fill(0.0)
        for _ in range(self.accumulate):
            for part in self._segment(batches):
                self._sum.flat += part.flat
        if self.reduction == "mean":
            self._sum.flat /= self.accumulate * self.truncation.expected_blocks
        return self._sum

    def _segment(self, batches: "_Batches") -> Iterator[Parameters]:
        """The gradients of what is read between two cuts, one window at a time."""
        if self.data_parallel is not None:
            return iter((self._share_out(batches, self.data_parallel),))
        return self._backpropagate(self._read_segment(batches))

    def _share_out(self, batches: "_Batches", data_parallel: DataParallel) -> Parameters:
        """The gradients of one window, computed by several processes."""
        inputs, targets, is_start = self.streams.next_window()
        nats, batches.state, gradients = data_parallel.gradients(
            inputs, targets, self._start(inputs.shape[1], is_start, batches.state), self.rng
        )
        batches.nats += nats
        batches.characters += inputs.size
        return gradients

    def interrupt(self) -> None:
        """Give up the step under way, as ``Network.interrupt``; callable from any thread."""
        self.network.interrupt()
        self.close()

    def resume(self) -> None:
        """Take ``interrupt`` back, once the step that it ended is over."""
        self.network.resume()
        if self.data_parallel is not None:
            self.data_parallel.reopen()

    def close(self) -> None:
        """End the worker processes, if there are any; training can go on without them."""
        if self.data_parallel is not None:
            self.data_parallel.close()

    def _read_segment(self, batches: "_Batches") -> list[Window]:
        """Read one window, or with random truncation a chain of them, forward.

        Their ``scores`` become the gradient of each window's loss by them.
        """
        chain: list[Window] = []
        while True:
            epoch = self.streams.epoch
            chain.append(self._read_window(batches, len(chain)))
            if self.streams.epoch != epoch or not self._goes_on():
                return chain

    def _read_window(self, batches: "_Batches", link: int = 0) -> Window:
        """Read one window forward; its ``scores`` become the gradient of its loss by them."""
        inputs, targets, is_start = self.streams.next_window()
        start = self._start(inputs.shape[1], is_start, batches.state)
        _, batches.state, window, _ = self.network.unchecked_forward(
            inputs, start, self.rng if self._drops else None, link
        )
        scores, count = window.scores, inputs.size
        weight = 1.0 / count if self.reduction == "mean" else 1.0
        batches.nats += unchecked_softmax_cross_entropy(scores, targets.reshape(-1), scores, weight)
        batches.characters += count
        return window

    def _start(self, batch: int, is_start: bool, carried: State | None) -> State:
        """The state a window begins with."""
        anew = is_start or not self.truncation.carries_state
        if anew or carried is None or carried[0][0].shape[1] != batch:
            return self.network.zero_state(batch)
        return carried

    def _goes_on(self) -> bool:
        """Whether the segment goes on after a window."""
        if self.rng is None or not self.truncation.draws:
            return False
        return bool(self.rng.random() >= self.truncation.probability)

    def _backpropagate(self, chain: list[Window]) -> Iterator[Parameters]:
        """The gradients of each window of a chain, last one first, in the same buffer."""
        d_state: State | None = None
        for index in reversed(range(len(chain))):
            window = chain[index]
            yield self.network.unchecked_backward(window, window.scores, d_state)
            if index:
                weight = self.truncation.weight
                d_state = tuple(
                    tuple(weight * array for array in arrays)
                    for arrays in self.network.state_gradient
                )

    def state_dict(self, include_parameters: bool = True, copied: bool = True) -> TrainerState:
        """Copies of parameters, optimizer, hidden state, position, step and generator.

        Without the parameters when these are saved beside it, as in a model file. ``tensors`` are
        named ``parameters.*``, ``optimizer.*`` and ``state.<layer>.<name>``. Without ``copied``
        what the optimizer remembers is itself among them: for a trainer that makes no more steps.
        """
        tensors: dict[str, AnyArray] = {}
        if include_parameters:
            for name, array in self.network.parameters.items():
                tensors[f"parameters.{name}"] = array.copy()
        for name, value in self.optimizer.state(copied).items():
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
