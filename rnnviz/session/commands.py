"""What the window may ask of a running run; the runner obeys between two steps.

Each command is a frozen record. `Runner.send` queues it from any thread; the runner posts an
`InForce` record with the values in force, and only then does the control show it as applied.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Play:
    """Train until told otherwise."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Finish the step under way, then wait."""


@dataclass(frozen=True, slots=True)
class StepOnce:
    """One step, then wait."""


@dataclass(frozen=True, slots=True)
class SetLearningRate:
    """From the next step."""

    value: float


@dataclass(frozen=True, slots=True)
class SetClipping:
    """From the next step. `kind` is off, norm or value; the threshold is kept while off."""

    kind: str
    threshold: float


@dataclass(frozen=True, slots=True)
class SetOptimizer:
    """From the next step; the new optimizer starts with empty accumulators."""

    name: str


@dataclass(frozen=True, slots=True)
class SetTemperature:
    """Of the samples, from the next one."""

    value: float


@dataclass(frozen=True, slots=True)
class UseBest:
    """Go back to the weights with the lowest validation loss, and pause.

    The optimizer begins with empty accumulators. Until the next step `UseLast` takes it back.
    """


@dataclass(frozen=True, slots=True)
class UseLast:
    """Take `UseBest` back: the weights and the optimizer that were there before it."""


@dataclass(frozen=True, slots=True)
class Save:
    """Copy the run between two steps; answered by a `Checkpoint`, to be written to `path`.

    An `automatic` one nobody asked for.
    """

    path: str
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class GoBack:
    """After a divergence: take back the weights from before it, as far as there are any.

    The optimizer and the hidden state begin anew; steps and the place in the text go on.
    """


@dataclass(frozen=True, slots=True)
class Stop:
    """Leave the loop; the thread ends."""


Command = (
    Play
    | Pause
    | StepOnce
    | SetLearningRate
    | SetClipping
    | SetOptimizer
    | SetTemperature
    | UseBest
    | UseLast
    | Save
    | GoBack
    | Stop
)
