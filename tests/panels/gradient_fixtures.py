"""Small networks, their inspections and measured steps, for the tests of the gradient panels."""

from __future__ import annotations

import numpy as np
from views import run_view

from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import Network
from rnnviz.probes.gradient_flow import gradient_flow
from rnnviz.probes.parameter_statistics import parameter_statistics
from rnnviz.probes.step_jacobian import spectrum
from rnnviz.probes.step_norms import StepNorms
from rnnviz.probes.windows import text_windows, visited_states
from rnnviz.session.config import RunConfig
from rnnviz.session.inspector import Inspection
from rnnviz.session.norm_history import NormHistory
from rnnviz.session.view import RunView

LETTERS = "\n abcde"


def make_view(phase: str = "paused", clip: tuple[str, float] = ("norm", 1.0), **kind) -> RunView:
    config = RunConfig(**({"cell": "rnn", "hidden_size": 12, "seq_len": 20} | kind))
    return run_view(LETTERS, config, clipping=clip, phase=phase)


def make_network(view: RunView, seed: int = 0) -> Network:
    config = view.config.model_config(view.vocabulary.size)
    parameters = initialize(config, np.random.default_rng(seed), spectral_radius=0.95)
    return Network(config, parameters).snapshot()


def inspect(view: RunView, step: int = 600, layer: int = 0, seed: int = 0) -> list[Inspection]:
    """Flow, spectrum and parameters as the inspector would post them."""
    first, network = make_network(view, 9).twin(), make_network(view, seed).twin()
    indices = np.random.default_rng(1).integers(0, len(LETTERS), 900)
    windows = text_windows(indices, 5, 61)
    states = visited_states(network, windows[:-1])
    flow = gradient_flow(network, windows, states, 60)
    initial = gradient_flow(first, windows, visited_states(first, windows[:-1]), 60)
    return [
        Inspection(step, parameters=parameter_statistics(network.parameters)),
        Inspection(step, flow=flow, initial_flow=initial),
        Inspection(step, spectrum=spectrum(network, windows[:-1], states, layer)),
    ]


def add_steps(view: RunView, norms: NormHistory, count: int) -> None:
    """Measured steps in which every parameter's gradient has a norm of its own."""
    names = list(view.config.model_config(view.vocabulary.size).shapes())
    start = int(norms.steps[-1]) if len(norms) else 0
    for step in range(start + 1, start + count + 1):
        gradients = {name: 0.1 * (index + 1) for index, name in enumerate(names)}
        updates = {name: 1e-3 * (index + 1) for index, name in enumerate(names)}
        norms.append(StepNorms(step, gradients, dict.fromkeys(names, 1.0), updates))
