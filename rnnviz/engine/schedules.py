"""Learning-rate schedules: a multiplier that follows how far training is, for the trainer."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, floor, pi
from typing import Protocol

from rnnviz.engine.errors import EngineError, require_choice, require_integer, require_number


class Schedule(Protocol):
    """What the trainer needs of a schedule."""

    @property
    def name(self) -> str:
        """As in ``SCHEDULES``."""
        ...

    def multiplier(self, progress: float | None, epoch: float = 0.0, steps: int = 0) -> float:
        """The factor on the learning rate of the next update.

        ``progress`` goes from 0 (start) to 1 (end) and is None when the end is not known;
        ``epoch`` is how many passes over the text are made, with the fraction of the present one;
        ``steps`` how many updates.
        """
        ...


@dataclass(frozen=True)
class Constant:
    """The learning rate stays as it is."""

    name = "constant"

    def multiplier(self, progress: float | None, epoch: float = 0.0, steps: int = 0) -> float:
        """Always 1."""
        return 1.0


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from 1 down to ``floor`` (Loshchilov and Hutter 2017, without restarts)."""

    floor: float = 0.02
    name = "cosine"

    def __post_init__(self) -> None:
        """EngineError when ``floor`` is not in [0, 1)."""
        require_number("floor", self.floor, below=1.0)

    def multiplier(self, progress: float | None, epoch: float = 0.0, steps: int = 0) -> float:
        """``floor + (1 - floor) (1 + cos(pi progress)) / 2``; past 1 it stays at the floor.

        1 while the end is not known.
        """
        _check(progress, epoch, steps)
        if progress is None:
            return 1.0
        return self.floor + (1.0 - self.floor) * 0.5 * (1.0 + cos(pi * min(progress, 1.0)))


@dataclass(frozen=True)
class Step:
    """From the end of epoch ``after`` on, times ``factor`` at the end of each epoch, as char-rnn.

    In epochs 1 to ``after`` the rate is whole, in the next ``factor`` of it, then ``factor^2``.
    """

    factor: float = 0.95
    after: int = 10
    name = "step"

    def __post_init__(self) -> None:
        """EngineError when ``factor`` is not in (0, 1] or ``after`` is below 1."""
        if require_number("factor", self.factor, exclusive=True) > 1.0:
            raise EngineError(f"factor must be a finite number > 0 and <= 1, got {self.factor!r}")
        require_integer("after", self.after, 1)

    def multiplier(self, progress: float | None, epoch: float = 0.0, steps: int = 0) -> float:
        """``factor ** max(0, completed epochs - after + 1)``."""
        _check(progress, epoch, steps)
        return float(self.factor ** max(0, floor(epoch) - self.after + 1))


@dataclass(frozen=True)
class WarmUp:
    """A straight rise over the first ``steps`` updates, times what ``schedule`` says."""

    schedule: Schedule
    steps: int

    def __post_init__(self) -> None:
        """EngineError when ``steps`` is below 1."""
        require_integer("steps", self.steps, 1)

    @property
    def name(self) -> str:
        """That of the schedule it leads into."""
        return self.schedule.name

    def multiplier(self, progress: float | None, epoch: float = 0.0, steps: int = 0) -> float:
        """``min(1, (steps + 1) / self.steps)`` of the schedule's, whole at the last of them."""
        rise = min(1.0, (steps + 1) / self.steps)
        return rise * self.schedule.multiplier(progress, epoch, steps)


def _check(progress: float | None, epoch: float, steps: int) -> None:
    if progress is not None:
        require_number("progress", progress)
    require_number("epoch", epoch)
    require_integer("steps", steps, 0)


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": Constant,
    "cosine": Cosine,
    "step": Step,
}


def make_schedule(name: str, warm_up: int = 0, **settings: float) -> Schedule:
    """The schedule called ``name``, after a linear rise over ``warm_up`` updates if that is not 0.

    ``settings`` are the fields of its class. EngineError names what does not fit.
    """
    kind = SCHEDULES[require_choice("schedule", name, SCHEDULES)]
    require_integer("warm_up", warm_up, 0)
    known = list(getattr(kind, "__dataclass_fields__", ()))
    for key in settings:
        if key not in known:
            raise EngineError(f"{key} is not a setting of schedule {name}, which has {known}")
    schedule = kind(**settings)
    return WarmUp(schedule, warm_up) if warm_up else schedule
