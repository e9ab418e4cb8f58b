"""The frozen records that cross from the training thread to the window.

Arrays in them are fresh, read-only copies, so no lock is needed once a frame has been posted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Row(NamedTuple):
    """The scalars of one step; one is queued for every step. Losses are in nats per character."""

    step: int
    characters: int  # seen since the start of the run
    seconds: float  # of training, pauses not counted
    epoch: float  # passes over the training text, with the fraction
    loss: float
    smoothed: float
    grad_norm: float  # global L2 norm before clipping
    max_abs: float  # largest absolute entry of the gradient before clipping
    clipped: bool
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Validation:
    """A measured held-out loss (nats per character) at a step."""

    step: int
    loss: float
    characters: int  # how many were predicted
    of_characters: int  # how many the held-out part has


@dataclass(frozen=True, slots=True)
class Sample:
    """Text written by the network at a step, from a newline and a zero state."""

    step: int
    loss: float  # smoothed training loss at that step, nats per character
    temperature: float
    text: str
    problem: str = ""  # why there is no text, in words


@dataclass(frozen=True, slots=True)
class Event:
    """A change worth a mark on the time axis.

    `kind` is lr, clip, optimizer, diverged, resumed, weights (others were taken) or
    memory (something was left out).
    """

    step: int
    kind: str
    text: str
    replaces: bool = False  # goes on with the gesture of the mark before, of the same kind


@dataclass(frozen=True, slots=True)
class RunState:
    """Whether the run trains: phase is paused, training, diverged, failed or stopped."""

    phase: str
    step: int = 0
    message: str = ""
    headline: str = ""  # of the message, where there is one
    back_to: int = 0  # of a run that has diverged: the step whose weights `GoBack` would take


@dataclass(frozen=True, slots=True)
class InForce:
    """The live settings the engine uses for its next step: the acknowledgement of commands."""

    learning_rate: float
    clip_kind: str
    clip_threshold: float
    optimizer: str
    temperature: float


@dataclass(frozen=True, slots=True)
class Saved:
    """A run was written to a file, or could not be: then `problem` is one sentence."""

    path: str
    step: int
    problem: str = ""
    automatic: bool = False  # nobody asked for it
