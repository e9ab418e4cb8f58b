"""Runs as panels are shown them, without anything that trains."""

from __future__ import annotations

from collections.abc import Iterable

from rnnviz.session.config import RunConfig
from rnnviz.session.frames import InForce, RunState
from rnnviz.session.view import RunView
from rnnviz.text.vocabulary import Vocabulary


def run_view(
    characters: Iterable[str] = "abc",
    config: RunConfig | None = None,
    *,
    learning_rate: float = 5e-3,
    clipping: tuple[str, float] = ("norm", 5.0),
    split: str = "contiguous 90/10",
    phase: str = "paused",
) -> RunView:
    """A run at step 0 with these characters and settings."""
    return RunView(
        number=1,
        config=config or RunConfig(),
        corpus_name="a text",
        vocabulary=Vocabulary(tuple(characters)),
        split_label=split,
        in_force=InForce(learning_rate, *clipping, "adam", 0.8),
        state=RunState(phase),
    )
