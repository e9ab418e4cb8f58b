"""Computes how gradients flow through a run's network, in a thread of its own, for the window.

It works only while the window says what it wants to see (`look`), on the newest weights and never
on a queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Set
from dataclasses import dataclass

from rnnviz.engine.errors import Interrupted
from rnnviz.engine.network import Network
from rnnviz.probes.gradient_flow import GradientFlow, gradient_flow
from rnnviz.probes.parameter_statistics import ArrayStatistics, parameter_statistics
from rnnviz.probes.step_jacobian import Spectrum, spectrum
from rnnviz.probes.windows import Indices, text_windows, visited_states
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.onlooker import Onlooker

FLOW, SPECTRUM, PARAMETERS = "flow", "spectrum", "parameters"
ON_DEMAND_ROWS = 512  # of the Jacobian; a larger one is computed only when asked for

_WINDOWS = 24
_LEAD = 28  # characters read before the first state that is gone back to
_LEAST_FLOW, _MOST_FLOW = 100, 240  # steps back
_STEPS, _SECONDS = 200, 2.0  # since the last look; whichever comes first
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


class Inspector(Onlooker):
    """One per run. `on_found` is called in the inspector's thread; hand it a Qt signal's emit."""

    def __init__(
        self,
        mailbox: Mailbox,
        initial: Network,
        indices: Indices,
        seq_len: int,
        on_found: Callable[[Inspection], None],
    ) -> None:
        super().__init__(mailbox, "inspector")
        self._initial = initial
        self._flow_steps = flow_steps(seq_len)
        self._windows = text_windows(indices, _WINDOWS, self._flow_steps + _LEAD + 1)
        self._on_found = on_found
        self._wish = _Wish()
        self._busy: Network | None = None
        # Only the thread's, from here on.
        self._initial_flow: GradientFlow | None = None
        self._done: dict[str, tuple[int, int]] = {}  # part -> step and layer it was computed for
        self._last_step, self._last_time = -1, 0.0

    # From any thread.

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

    # The thread.

    def _interrupt(self) -> None:
        if self._busy is not None:
            self._busy.interrupt()

    def _due(self) -> bool:
        return self._wish.due()

    def _forget(self) -> None:
        self._done.clear()

    def _work(self, step: int, network: Network, renew: bool) -> None:
        with self._condition:
            self._wish.fresh = False
            wish = _Wish(self._wish.parts, self._wish.layer, self._wish.spectrum_asked)
        done, now = self._done, time.monotonic()
        missing = {part for part in wish.parts if part not in done}
        if SPECTRUM in wish.parts and done.get(SPECTRUM, (0, wish.layer))[1] != wish.layer:
            missing.add(SPECTRUM)
        waited = now - self._last_time >= _SECONDS
        stepped = step - self._last_step >= _STEPS
        asked = wish.spectrum_asked and SPECTRUM in wish.parts
        if not (missing or asked or (now >= self._not_before and (waited or stepped))):
            return
        if not missing:
            step, network = self._fresh_weights() or (step, network)
        if asked:
            with self._condition:
                self._wish.spectrum_asked = False
        elif SPECTRUM in wish.parts and jacobian_rows(network) > ON_DEMAND_ROWS:
            wish.parts -= {SPECTRUM}
            done[SPECTRUM] = (step, wish.layer)
        stamps = {part: (step, wish.layer if part == SPECTRUM else 0) for part in wish.parts}
        new = {part for part, stamp in stamps.items() if done.get(part) != stamp}
        if asked:
            new.add(SPECTRUM)
        done |= {part: stamps[part] for part in new}
        self._last_step = step
        try:
            with self._charged(_SHORTEST):
                if new:
                    self._inspect(step, network, new, wish.layer)
        finally:
            self._last_time = time.monotonic()

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
