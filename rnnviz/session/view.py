"""What the panels may know of the current run: one record, kept up to date by the window."""

from __future__ import annotations

from dataclasses import dataclass, field

from rnnviz.session.config import RunConfig
from rnnviz.session.frames import InForce, RunState
from rnnviz.session.history import History
from rnnviz.text.ngrams import ReferenceLosses
from rnnviz.text.vocabulary import Vocabulary


@dataclass
class RunView:
    """The current run as the window sees it. Only the window's thread reads and writes it."""

    number: int  # 1 for the first run of this window
    config: RunConfig  # as it was at the start of the run
    corpus_name: str
    vocabulary: Vocabulary
    split_label: str  # such as "contiguous 90/10"
    in_force: InForce
    history: History = field(default_factory=History)
    state: RunState = field(default_factory=lambda: RunState("paused"))
    start_seconds: float = 0.0  # of training and
    start_epoch: float = 0.0  # passes done before this window opened the run
    path: str = ""  # the file of the user's it was saved to or opened from
    saved_step: int = 0  # up to here it is in that file,
    saved_seconds: float = 0.0  # after so much training
    references: ReferenceLosses | None = None  # computed in the background, None until then

    @property
    def training(self) -> bool:
        """Whether steps are being taken right now."""
        return self.state.phase == "training"

    @property
    def seconds(self) -> float:
        """Seconds of training so far."""
        return self.history.last.seconds if self.history.last else self.start_seconds

    @property
    def unsaved(self) -> bool:
        """Whether there are steps that no file of the user's has."""
        return self.step > self.saved_step

    @property
    def unsaved_seconds(self) -> float:
        """The training that would be lost with this run."""
        return max(self.seconds - self.saved_seconds, 0.0) if self.unsaved else 0.0

    def saved_as(self, path: str, step: int, seconds: float) -> None:
        """It was written to a file of the user's."""
        self.path = path
        self.saved_step, self.saved_seconds = step, seconds

    @property
    def step(self) -> int:
        """The newest step known; a run that was opened begins above 0."""
        return self.history.last.step if self.history.last else self.state.step
