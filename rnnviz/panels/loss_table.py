"""The numbers behind the Loss panel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnviz.panels.table import Table
from rnnviz.session.history import History
from rnnviz.session.series import Series


def loss_table(history: History, means: Series, window: int, split_label: str) -> Table:
    """A row for every step: its loss, smoothed over `window` steps, and validation if measured."""
    measured: NDArray[Any] = np.full(len(history), None, dtype=object)
    for validation in history.validations:
        at = int(history.step.places(validation.step))
        if at < len(history) and history.step.values[at] == validation.step:
            measured[at] = validation.loss
    columns = (history.step, history.characters, history.seconds, history.loss, means)
    return Table(
        (
            "step",
            "characters",
            "training time (s)",
            "train (nats/char)",
            f"train, smoothed over {window} (nats/char)",
            f"validation, {split_label} (nats/char)",
        ),
        (*(column.values for column in columns), measured),
    )
