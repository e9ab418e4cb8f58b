"""Measures now and then what a training step does to each parameter; the runner's for the window.

A measured step costs a copy of the parameters and a few passes over them. So only some steps are:
ever rarer ones of every run, for the curve of the whole run, and more while somebody looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trainer import Trainer
from rnnviz.probes.gradient_entries import EntryCounts, gradient_entries
from rnnviz.probes.step_norms import StepNorms, step_norms

_ALL_UNTIL = 16  # steps; later they are at growing distances
_RATIO = 1.03
_LONGEST_GAP = 5.0  # seconds
_SHARE, _WANTED_SHARE = 0.005, 0.03  # of training time, unseen and while somebody looks
_FREE_SECONDS = 0.05


class Gauge:
    """One per runner. `want` may be called from any thread, the rest from the training thread."""

    def __init__(self, trainer: Trainer, clock: Callable[[], float]) -> None:
        self._trainer = trainer
        self._clock = clock
        self._before: Parameters | None = None
        self._wanted = self._entries_wanted = False
        self._next_step = 1
        self._spent = self._last_seconds = 0.0

    def want(self) -> None:
        """Somebody looks: measure one of the next steps."""
        self._wanted = True

    def want_entries(self) -> None:
        """Somebody looks at the single entries of the gradient: count those of a next step."""
        self._entries_wanted = True

    def entries(self, step: int, seconds: float) -> EntryCounts | None:
        """After a step: its gradient's entries before clipping, if they are wanted and affordable.

        To be asked before the next step, which overwrites the gradient.
        """
        report = self._trainer.clip_report
        if not self._entries_wanted or report is None or report.gradients is None:
            return None
        if self._spent > _FREE_SECONDS + _WANTED_SHARE * seconds:
            return None
        begun = self._clock()
        found = gradient_entries(step, report.gradients.flat, report.limited)
        self._entries_wanted = False
        self._spent += self._clock() - begun
        return found

    def begin(self, step: int, seconds: float) -> bool:
        """Before a step: copies the parameters if it is to be measured.

        `step` is the coming one, `seconds` how long the run has trained.
        """
        wanted = self._wanted
        if not wanted and step < self._next_step and seconds - self._last_seconds < _LONGEST_GAP:
            return False  # nearly always
        share = _WANTED_SHARE if wanted else _SHARE
        if self._spent > _FREE_SECONDS + share * seconds:
            return False
        begun = self._clock()
        parameters = self._trainer.network.parameters
        if self._before is None:
            self._before = parameters.copy()
        else:
            np.copyto(self._before.flat, parameters.flat)
        self._spent += self._clock() - begun
        return True

    def end(self, step: int, seconds: float) -> StepNorms | None:
        """After a step that `begin` wanted measured; None when there is nothing to tell."""
        report = self._trainer.clip_report
        if report is None or self._before is None:
            return None
        begun = self._clock()
        gradients = report.norms()
        found = step_norms(step, gradients, self._before, self._trainer.network.parameters)
        self._wanted = False
        self._last_seconds = seconds
        while self._next_step <= step:
            growing = math.ceil(self._next_step * _RATIO)
            self._next_step = self._next_step + 1 if self._next_step < _ALL_UNTIL else growing
        self._spent += self._clock() - begun
        return found
