"""The bounded box between the training thread and the window: the one posts, the other drains.

Scalars queue and are thinned out when nobody drains them; heavy things (the weights) are
latest-wins and made only when somebody asked.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from rnnviz.engine.network import Network
from rnnviz.probes.gradient_entries import EntryCounts
from rnnviz.probes.step_norms import StepNorms
from rnnviz.session.frames import Event, InForce, Row, RunState, Sample, Validation
from rnnviz.session.runfile import Checkpoint

ROW_LIMIT = 65_536  # about 13 s of the fastest network; then every second row is dropped
ITEM_LIMIT = 10_000


@dataclass
class Delivery:
    """Everything posted since the last drain, in order of posting within each kind."""

    rows: list[Row] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    norms: list[StepNorms] = field(default_factory=list)
    entries: EntryCounts | None = None
    state: RunState | None = None
    in_force: InForce | None = None

    def __bool__(self) -> bool:
        return bool(
            self.rows
            or self.validations
            or self.samples
            or self.events
            or self.checkpoints
            or self.norms
            or self.entries
            or self.state
            or self.in_force
        )


Item = Row | Validation | Sample | Event | Checkpoint | StepNorms | EntryCounts | RunState | InForce


class Mailbox:
    """Thread-safe; every method may be called from any thread and none of them waits long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = Delivery()
        self._weights: tuple[int, Network] | None = None
        self._read = ""
        self._weights_wanted = threading.Event()
        self.exchanges = 0  # how often the weights changed without a step
        self.weights_posted = threading.Event()  # set on each post; the prober waits on it

    def post(self, item: Item) -> None:
        """Queues one frozen record; of states, settings and entries only the newest is kept."""
        with self._lock:
            box = self._waiting
            if isinstance(item, Row):
                box.rows.append(item)
                if len(box.rows) > ROW_LIMIT:
                    del box.rows[::2]
            elif isinstance(item, RunState):
                box.state = item
            elif isinstance(item, InForce):
                box.in_force = item
            elif isinstance(item, EntryCounts):
                box.entries = item
            elif isinstance(item, Validation):
                box.validations.append(item)
                del box.validations[:-ITEM_LIMIT]
            elif isinstance(item, Sample):
                box.samples.append(item)
                del box.samples[:-ITEM_LIMIT]
            elif isinstance(item, Checkpoint):
                box.checkpoints.append(item)
            elif isinstance(item, StepNorms):
                box.norms.append(item)
                del box.norms[:-ITEM_LIMIT]
            else:
                box.events.append(item)
                del box.events[:-ITEM_LIMIT]

    def drain(self) -> Delivery:
        """Takes everything that waits."""
        with self._lock:
            delivery, self._waiting = self._waiting, Delivery()
        return delivery

    # The weights: copied only when a reader has asked, so that training without onlookers is free.

    def want_weights(self) -> None:
        """Asks the training thread for a fresh copy after its current step."""
        self._weights_wanted.set()

    @property
    def weights_wanted(self) -> bool:
        """Whether the training thread should post a copy now."""
        return self._weights_wanted.is_set()

    def post_weights(
        self, step: int, network: Network, read: str = "", exchanged: bool = False
    ) -> None:
        """Replaces the copy; `network` must be a snapshot that nobody writes to.

        `read` is the end of what one of the training streams has read by then. `exchanged` weights
        are others than those there were after the same step.
        """
        with self._lock:
            self.exchanges += exchanged
            self._weights, self._read = (step, network), read
            self._weights_wanted.clear()
        self.weights_posted.set()

    def latest_weights(self) -> tuple[int, Network] | None:
        """The newest copy and the step it was made after, or None before the first."""
        with self._lock:
            return self._weights

    def latest_read(self) -> str:
        """The text that came with the newest copy."""
        with self._lock:
            return self._read
