"""Learning-rate schedules: a multiplier as a function of a run's progress, for the trainer."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi
from typing import Protocol

from rnnviz.engine.errors import require_choice, require_number


class Schedule(Protocol):
    """What the trainer needs of a schedule."""

    name: str

    def multiplier(self, progress: float) -> float:
        """The factor on the learning rate at ``progress`` from 0 (start) to 1 (end)."""
        ...


@dataclass(frozen=True)
class Constant:
    """The learning rate stays as it is."""

    name = "constant"

    def multiplier(self, progress: float) -> float:
        """Always 1."""
        require_number("progress", progress)
        return 1.0


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from 1 down to ``floor`` (Loshchilov and Hutter 2017, without restarts)."""

    floor: float = 0.02
    name = "cosine"

    def __post_init__(self) -> None:
        """EngineError when ``floor`` is not in [0, 1)."""
        require_number("floor", self.floor, below=1.0)

    def multiplier(self, progress: float) -> float:
        """``floor + (1 - floor) (1 + cos(pi progress)) / 2``; past 1 it stays at the floor."""
        progress = min(require_number("progress", progress), 1.0)
        return self.floor + (1.0 - self.floor) * 0.5 * (1.0 + cos(pi * progress))


SCHEDULES: dict[str, Callable[[], Schedule]] = {"constant": Constant, "cosine": Cosine}


def make_schedule(name: str) -> Schedule:
    """The schedule called ``name``; EngineError for an unknown one."""
    return SCHEDULES[require_choice("schedule", name, SCHEDULES)]()
