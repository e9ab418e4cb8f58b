"""A history of any length, as a run would have written it, to see what drawing it costs."""

from __future__ import annotations

import numpy as np

from rnnviz.session.frames import Event, Row, Sample, Validation
from rnnviz.session.history import History
from rnnviz.session.record import Record

_CHARACTERS = 1600  # of a step
_SECONDS = 0.007  # of a step
_TEXT = "And when the ship came in, the salt was gone,\nand nobody had asked the king.\n" * 3


def make_history(steps: int) -> History:
    """Steps 1 to `steps` with losses that fall, validations, samples and a few marks."""
    return History.of(make_record(steps))


def make_record(steps: int) -> Record:
    """The record of that history."""
    rng = np.random.default_rng(1)
    step = np.arange(1, steps + 1)
    loss = 1.6 + 2.5 / step**0.4 + 0.05 * rng.standard_normal(steps)
    norm = np.exp(0.6 * rng.standard_normal(steps) - 0.5)
    columns = {
        "step": step,
        "characters": _CHARACTERS * step,
        "seconds": _SECONDS * step,
        "loss": loss.astype(np.float32),
        "smoothed": (1.6 + 2.5 / step**0.4).astype(np.float32),
        "grad_norm": norm.astype(np.float32),
        "max_abs": (norm / 10).astype(np.float32),
        "clipped": norm > 1.0,
        "learning_rate": np.full(steps, 0.005, np.float32),
    }
    # As the runner spaces them: by decades at first, then by time.
    late = round(20 / _SECONDS)
    young = np.unique(np.geomspace(1, min(steps, late), 40).astype(int)).tolist()
    validations = [*young, *range(2 * late, steps + 1, late)]
    late = round(4 / _SECONDS)
    decades = [10, 20, 50, 100, 200, 500, *range(late, steps + 1, late)]
    samples = [at for at in decades if at <= steps]
    marks = [at for at in (300, 5_000, 20_000, 100_000, 400_000) if at <= steps]
    return Record(
        columns=columns,
        last=_row(steps, float(loss[-1]), float(norm[-1])),
        validations=tuple(
            Validation(at, 1.7 + 2.5 / at**0.4, 8_192, 100_000) for at in validations
        ),
        samples=tuple(Sample(at, 1.6 + 2.5 / at**0.4, 0.8, _TEXT) for at in samples),
        events=tuple(Event(at, "clip", "clip 1 → 2") for at in marks),
    )


def next_rows(history: History, count: int) -> list[Row]:
    """What the next steps report."""
    first = len(history) + 1
    return [
        _row(step, 1.6 + 2.5 / step**0.4, 0.5 + (step % 13) / 10)
        for step in range(first, first + count)
    ]


def _row(step: int, loss: float, norm: float) -> Row:
    return Row(
        step=step,
        characters=_CHARACTERS * step,
        seconds=_SECONDS * step,
        epoch=_CHARACTERS * step / 1e6,
        loss=loss,
        smoothed=loss,
        grad_norm=norm,
        max_abs=norm / 10,
        clipped=norm > 1.0,
        learning_rate=0.005,
    )
