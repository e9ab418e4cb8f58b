"""Weights of a little while ago, to go on from when training has run away.

A gradient seldom explodes in one step: the weights just before the step that was refused have often
been thrown about by the few steps before it.
"""

from __future__ import annotations

from rnnviz.engine.parameters import Parameters

GAP = 32  # steps between two copies
_OLD_ENOUGH = 10  # steps: a norm on its way up takes about so many


class Rollback:
    """Keeps the last two copies. A copy costs one reading of the weights every `GAP` steps."""

    def __init__(self) -> None:
        self._newer: tuple[int, Parameters] | None = None
        self._older: tuple[int, Parameters] | None = None

    def before(self, step: int, parameters: Parameters) -> None:
        """Called before each step, `step` being the number of those made.

        Where there is not enough memory for copies there are none.
        """
        if self._newer is not None and step - self._newer[0] < GAP:
            return
        spare = self._older[1] if self._older is not None else None
        try:
            copy = parameters.frozen_copy() if spare is None else _written(spare, parameters)
        except MemoryError:
            return
        self._older, self._newer = self._newer, (step, copy)

    def find(self, step: int) -> tuple[int, Parameters] | None:
        """The newest copy old enough to trust after `step` steps, or the oldest; None without any.

        With the step it was made after. It is good until the next call of `before`.
        """
        if self._newer is not None and self._older is not None:
            return self._newer if step - self._newer[0] >= _OLD_ENOUGH else self._older
        return self._newer

    def forget(self) -> None:
        """The weights were replaced: begin anew."""
        self._newer = self._older = None


def _written(buffer: Parameters, parameters: Parameters) -> Parameters:
    """The buffer of the oldest copy, with new values."""
    buffer.flat.flags.writeable = True
    buffer.flat[:] = parameters.flat
    buffer.flat.flags.writeable = False
    return buffer
