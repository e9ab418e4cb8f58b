"""The inspector's thread: nothing unless somebody looks, newest weights only, an orderly end."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.probes.gradient_flow import gradient_flow
from rnnviz.probes.windows import text_windows, visited_states
from rnnviz.session import inspector as module
from rnnviz.session import onlooker
from rnnviz.session.inspector import (
    FLOW,
    PARAMETERS,
    SPECTRUM,
    Inspection,
    Inspector,
    flow_steps,
)
from rnnviz.session.mailbox import Mailbox

TEXT = np.random.default_rng(0).integers(0, 7, 4_000)
PATIENCE = 30.0


def make(seed: int = 0, **kind) -> Network:
    config = ModelConfig(**({"vocabulary_size": 7, "hidden_size": 8, "cell": "rnn"} | kind))
    return Network(config, initialize(config, np.random.default_rng(seed))).snapshot()


class Bench:
    """A mailbox with weights in it and an inspector that reads them."""

    def __init__(self, text: np.ndarray = TEXT, **kind) -> None:
        self.network = make(**kind)
        self.mailbox = Mailbox()
        self.found: queue.Queue[Inspection] = queue.Queue()
        self.inspector = Inspector(self.mailbox, self.network, text, 20, self.found.put)
        self.mailbox.post_weights(0, self.network)
        self.inspector.start()

    def get(self, wanted: Callable[[Inspection], object] = lambda _: True) -> Inspection:
        while True:
            found = self.found.get(timeout=PATIENCE)
            if wanted(found):
                return found


@pytest.fixture
def benches() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def build(**settings) -> Bench:
        made.append(Bench(**settings))
        return made[-1]

    yield build
    for bench in made:
        assert bench.inspector.stop(PATIENCE)


def test_what_is_looked_at_is_found(benches: Callable[..., Bench]) -> None:
    bench = benches()
    bench.inspector.look({FLOW, SPECTRUM, PARAMETERS})
    parts = [bench.get() for _ in range(3)]
    assert [p.parameters is not None for p in parts] == [True, False, False]
    flow = next(p for p in parts if p.flow is not None)
    windows = text_windows(TEXT, 24, flow_steps(20) + 29)
    twin = bench.network.twin()
    expected = gradient_flow(twin, windows, visited_states(twin, windows[:-1]), flow_steps(20))
    assert flow.flow is not None and flow.initial_flow is not None
    np.testing.assert_array_equal(flow.flow.norms["h"], expected.norms["h"])
    np.testing.assert_array_equal(flow.initial_flow.norms["h"], expected.norms["h"])
    assert any(p.spectrum is not None and p.spectrum.layer == 0 for p in parts)


def test_nothing_is_computed_or_copied_while_nobody_looks(benches: Callable[..., Bench]) -> None:
    bench = benches()
    bench.inspector.look(set())
    bench.inspector.ask_spectrum(0)  # no use either while the spectrum is not in sight
    bench.inspector.look({PARAMETERS})
    assert bench.get().parameters is not None  # the first thing ever found
    assert bench.found.empty()
    assert not bench.mailbox.weights_wanted


def test_only_what_is_in_sight_is_computed(benches: Callable[..., Bench]) -> None:
    bench = benches()
    bench.inspector.look({SPECTRUM})
    found = bench.get()
    assert found.spectrum is not None and found.flow is None and found.parameters is None
    bench.inspector.look({SPECTRUM, FLOW})
    assert bench.get().flow is not None
    assert bench.found.empty()


def test_newer_weights_are_read_the_next_time(
    benches: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SHORTEST", 0.0)
    monkeypatch.setattr(onlooker, "SHARE", 1e9)
    monkeypatch.setattr(module, "_WEIGHTS_WAIT", 0.0)
    bench = benches()
    bench.inspector.look({FLOW})
    first = bench.get()
    newer = make(seed=1)
    bench.mailbox.post_weights(module._STEPS, newer)
    bench.inspector.look({FLOW})
    second = bench.get()
    assert (first.step, second.step) == (0, module._STEPS)
    assert first.flow is not None and second.flow is not None
    assert not np.array_equal(first.flow.norms["h"], second.flow.norms["h"])
    assert second.initial_flow is not None
    np.testing.assert_array_equal(second.initial_flow.norms["h"], first.flow.norms["h"])


def test_another_layer_is_answered_at_once(benches: Callable[..., Bench]) -> None:
    bench = benches(num_layers=2)
    bench.inspector.look({SPECTRUM}, 1)
    assert bench.get().spectrum.layer == 1  # type: ignore[union-attr]
    bench.inspector.look({SPECTRUM}, 0)
    assert bench.get().spectrum.layer == 0  # type: ignore[union-attr]


def test_a_large_spectrum_waits_until_it_is_asked_for(
    benches: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ON_DEMAND_ROWS", 8)
    bench = benches(cell="lstm")
    bench.inspector.look({SPECTRUM, FLOW})
    assert bench.get().flow is not None
    bench.inspector.ask_spectrum(0)
    found = bench.get()
    assert found.spectrum is not None and found.spectrum.jacobian.shape == (16,)


@pytest.mark.parametrize("length", [1, 2, 3, 40])
def test_short_texts_do_no_harm(benches: Callable[..., Bench], length: int) -> None:
    bench = benches(text=TEXT[:length])
    bench.inspector.look({FLOW, SPECTRUM, PARAMETERS})
    assert bench.get().parameters is not None
    if length >= 2:
        assert bench.get().flow is not None


def test_the_flow_reaches_beyond_the_window() -> None:
    assert [flow_steps(n) for n in (5, 25, 50, 64, 100, 1000)] == [100, 100, 100, 100, 160, 240]


def test_it_ends_in_the_middle_of_a_probe() -> None:
    bench = Bench(hidden_size=256, num_layers=4, cell="lstm")
    bench.inspector.look({FLOW})
    assert bench.inspector.stop(PATIENCE)


@pytest.mark.parametrize("part", [FLOW, SPECTRUM, PARAMETERS])
def test_one_that_fails_is_told_and_the_next_look_is_answered(
    benches: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ArithmeticError("no")

    what = {FLOW: "gradient_flow", SPECTRUM: "spectrum", PARAMETERS: "parameter_statistics"}[part]
    monkeypatch.setattr(module, "_SHORTEST", 0.0)
    monkeypatch.setattr(onlooker, "SHARE", 1e9)
    monkeypatch.setattr(module, "_WEIGHTS_WAIT", 0.0)
    faults: queue.Queue[Exception] = queue.Queue()
    bench = benches()
    bench.inspector.on_fault = faults.put
    with monkeypatch.context() as wrong:
        wrong.setattr(module, what, fail)
        bench.inspector.look({part})
        assert str(faults.get(timeout=PATIENCE)) == "no"
    assert bench.found.empty()
    bench.mailbox.post_weights(module._STEPS, make(seed=1))
    bench.inspector.look({part})
    assert bench.get().step == module._STEPS
    assert faults.empty()
