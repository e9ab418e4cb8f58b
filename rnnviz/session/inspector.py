"""Computes how gradients flow through a run's network, in a thread of its own, for the window.

Like the prober it reads frozen copies of the weights and never waits for a training step. It works
only while the window says what it wants to see (`look`), on the newest weights, never on a queue,
and within a small share of the machine's time.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Set
from dataclasses import dataclass

from rnnviz.engine.errors import Interrupted
from rnnviz.engine.network import Network
from rnnviz.probes.gradient_flow import GradientFlow, gradient_flow
from rnnviz.probes.parameter_statistics import ArrayStatistics, parameter_statistics
from rnnviz.probes.step_jacobian import Spectrum, spectrum
from rnnviz.probes.windows import Indices, text_windows, visited_states
from rnnviz.session.mailbox import Mailbox

FLOW, SPECTRUM, PARAMETERS = "flow", "spectrum", "parameters"
ON_DEMAND_ROWS = 512  # of the Jacobian; a larger one is computed only when asked for

_WINDOWS = 24
_LEAD = 28  # characters read before the first state that is gone back to
_LEAST_FLOW, _MOST_FLOW = 100, 240  # steps back
_STEPS, _SECONDS = 200, 2.0  # since the last look; whichever comes first
_SHARE = 0.05  # of the time
_SHORTEST = 0.5  # seconds between two looks
_WEIGHTS_WAIT = 1.0  # seconds; then what there is must do
_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Inspection:
    """Something found out about the weights after `step`; only what was computed is set."""

    step: int
    flow: GradientFlow | None = None
    initial_flow: GradientFlow | None = None  # of the weights the run began with; with every flow
    spectrum: Spectrum | None = None
    parameters: tuple[ArrayStatistics, ...] | None = None


def flow_steps(seq_len: int) -> int:
    """How many steps back the flow is followed: well beyond the window of training."""
    return max(_LEAST_FLOW, min(-(-3 * seq_len // 40) * 20, _MOST_FLOW))


def jacobian_rows(network: Network) -> int:
    """Of a layer's step Jacobian."""
    return network.config.hidden_size * len(network.state_names)


@dataclass
class _Wish:
    """What the window wants to see; guarded by the inspector's condition."""

    parts: frozenset[str] = frozenset()
    layer: int = 0
    spectrum_asked: bool = False
    fresh: bool = False  # expressed since the last round

    def due(self) -> bool:
        """Whether there may be something to do."""
        return bool(self.parts) and (self.fresh or (self.spectrum_asked and SPECTRUM in self.parts))


class Inspector:
    """One per run. `on_found` is called in the inspector's thread; hand it a Qt signal's emit."""

    def __init__(
        self,
        mailbox: Mailbox,
        initial: Network,
        indices: Indices,
        seq_len: int,
        on_found: Callable[[Inspection], None],
    ) -> None:
        self._mailbox = mailbox
        self._initial = initial
        self._flow_steps = flow_steps(seq_len)
        self._windows = text_windows(indices, _WINDOWS, self._flow_steps + _LEAD + 1)
        self._on_found = on_found
        self._condition = threading.Condition()
        self._wish = _Wish()
        self._stopping = False
        self._busy: Network | None = None
        self._initial_flow: GradientFlow | None = None
        self._thread = threading.Thread(target=self._loop, name="rnnviz-inspector", daemon=True)

    # From any thread.

    def start(self) -> None:
        """Starts the thread; it sleeps until somebody looks."""
        self._thread.start()

    def look(self, parts: Collection[str], layer: int = 0) -> None:
        """Says which of flow, spectrum (of `layer`) and parameters are being looked at right now.

        To be said again and again: each time newer results may follow, one round for all of them.
        """
        with self._condition:
            self._wish.parts, self._wish.layer = frozenset(parts), layer
            self._wish.fresh = True
            self._condition.notify()

    def ask_spectrum(self, layer: int) -> None:
        """Asks once for the spectrum of a network that is too large to be looked at all the time.

        It is computed while the spectrum is among what is looked at.
        """
        with self._condition:
            self._wish.layer = layer
            self._wish.spectrum_asked = True
            self._condition.notify()

    def stop(self, timeout: float = 1.0) -> bool:
        """Ends the thread, also in the middle of a probe; True when it has ended."""
        with self._condition:
            self._stopping = True
            if self._busy is not None:
                self._busy.interrupt()
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    # The thread.

    def _loop(self) -> None:
        done: dict[str, tuple[int, int]] = {}  # part -> step and layer it was last computed for
        last_step, last_time, not_before = -1, 0.0, 0.0
        while True:
            with self._condition:
                while not self._stopping and not self._wish.due():
                    self._condition.wait()
                if self._stopping:
                    return
                self._wish.fresh = False
                wish = _Wish(self._wish.parts, self._wish.layer, self._wish.spectrum_asked)
            now = time.monotonic()
            missing = {part for part in wish.parts if part not in done}
            if SPECTRUM in wish.parts and done.get(SPECTRUM, (0, wish.layer))[1] != wish.layer:
                missing.add(SPECTRUM)
            held = self._mailbox.latest_weights()
            waited = now - last_time >= _SECONDS
            stepped = held is not None and held[0] - last_step >= _STEPS
            asked = wish.spectrum_asked and SPECTRUM in wish.parts
            if not (missing or asked or (now >= not_before and (waited or stepped))):
                continue
            weights = held if missing and held is not None else self._fresh_weights()
            if weights is None:
                continue
            step, network = weights
            if asked:
                with self._condition:
                    self._wish.spectrum_asked = False
            elif SPECTRUM in wish.parts and jacobian_rows(network) > ON_DEMAND_ROWS:
                wish.parts -= {SPECTRUM}
                done[SPECTRUM] = (step, wish.layer)
            new = {
                part
                for part in wish.parts
                if done.get(part) != (step, wish.layer if part == SPECTRUM else 0)
            }
            if asked:
                new.add(SPECTRUM)
            begun = time.thread_time()
            if new:
                try:
                    self._inspect(step, network, new, wish.layer)
                except Interrupted:
                    return
                except Exception:
                    # The pictures stay as they are; training and the window go on.
                    traceback.print_exc(file=sys.stderr)
                done |= {part: (step, wish.layer if part == SPECTRUM else 0) for part in new}
            last_step, last_time = step, time.monotonic()
            cost = time.thread_time() - begun
            not_before = last_time + max(cost / _SHARE, _SHORTEST)

    def _fresh_weights(self) -> tuple[int, Network] | None:
        """A copy made after now, or the newest there is when a step takes long."""
        self._mailbox.want_weights()
        deadline = time.monotonic() + _WEIGHTS_WAIT
        with self._condition:
            while self._mailbox.weights_wanted and not self._stopping:
                if time.monotonic() >= deadline:
                    break
                self._condition.wait(_POLL)
        return self._mailbox.latest_weights()

    def _own(self, network: Network) -> Network:
        """The same weights with buffers of this thread."""
        with self._condition:
            if self._stopping:
                raise Interrupted
            self._busy = network.twin()
            return self._busy

    def _inspect(self, step: int, shared: Network, parts: Set[str], layer: int) -> None:
        if PARAMETERS in parts:
            self._on_found(Inspection(step, parameters=parameter_statistics(shared.parameters)))
        if len(self._windows) < 2 or not parts & {FLOW, SPECTRUM}:
            return
        network, inputs = self._own(shared), self._windows[:-1]
        states = visited_states(network, inputs)
        if FLOW in parts:
            if self._initial_flow is None:
                first = self._own(self._initial)
                self._initial_flow = gradient_flow(
                    first, self._windows, visited_states(first, inputs), self._flow_steps
                )
                network = self._own(shared)
            flow = gradient_flow(network, self._windows, states, self._flow_steps)
            self._on_found(Inspection(step, flow=flow, initial_flow=self._initial_flow))
        if SPECTRUM in parts:
            self._on_found(Inspection(step, spectrum=spectrum(network, inputs, states, layer)))
