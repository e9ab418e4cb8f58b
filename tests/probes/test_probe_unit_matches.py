"""Matches of units against NumPy's own correlation over the whole text at once."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.engine.initializers import initialize
from rnnviz.engine.network import ModelConfig, Network
from rnnviz.engine.parameters import Parameters
from rnnviz.probes.text_features import FEATURES, text_features
from rnnviz.probes.unit_matches import CHARACTERS, UnitMatches, unit_matches
from rnnviz.text.vocabulary import Vocabulary

TEXT = "".join(
    f'{"AB"[i % 2]}:\nthe {word} is {i}, and (so) "they say" it\'s over.\n\n'
    for i, word in enumerate(["wave", "tide", "wall"] * 12)
)
VOCABULARY = Vocabulary.from_text(TEXT)


def network_of(cell: str, layers: int = 1, hidden: int = 9) -> Network:
    config = ModelConfig(VOCABULARY.size, hidden, layers, cell)
    return Network(config, initialize(config, np.random.default_rng(5))).snapshot()


def last(network: Network, text: str, layer: int = 0, signal: str = "h") -> UnitMatches:
    found = [m for m in unit_matches(network, VOCABULARY, text, layer, signal) if m is not None]
    return found[-1]


@pytest.mark.parametrize(("cell", "layer", "signal"), [("lstm", 1, "c"), ("gru", 0, "z")])
def test_the_best_correlation_of_every_unit(cell: str, layer: int, signal: str) -> None:
    network = network_of(cell, 2)
    values = network.trace(VOCABULARY.encode(TEXT)).signals[layer][signal].astype(np.float64)
    features = text_features(TEXT).astype(np.float64)
    moving = features.std(axis=1) > 0
    table = np.zeros((len(values), len(FEATURES)))
    table[:, moving] = np.corrcoef(values, features[moving])[: len(values), len(values) :]
    found = last(network, TEXT, layer, signal)
    assert found.complete and found.of == len(TEXT)
    np.testing.assert_array_equal(found.feature, np.abs(table).argmax(axis=1))
    best = table[np.arange(len(values)), found.feature]
    np.testing.assert_allclose(found.r, best, atol=1e-6)
    np.testing.assert_allclose(found.variance, values.var(axis=1), rtol=1e-6)


def test_what_is_known_grows_and_gives_way_in_between() -> None:
    text = (TEXT * 20)[:12_000]
    found = list(unit_matches(network_of("gru"), VOCABULARY, text, 0, "h"))
    known = [matches for matches in found if matches is not None]
    assert [matches.read for matches in known] == [5_000, 10_000, 12_000]
    assert [matches.complete for matches in known] == [False, False, True]
    assert len(found) == 48 and found[0] is None and found[-1] is known[-1]


def test_of_a_long_text_the_beginning_is_read() -> None:
    text = TEXT * 20
    assert len(text) > CHARACTERS
    assert last(network_of("gru", hidden=3), text).of == CHARACTERS


def test_a_unit_made_to_follow_a_feature_is_named_by_it() -> None:
    config = ModelConfig(VOCABULARY.size, 2, 1, "rnn")
    weights = Parameters.zeros(config.shapes(), np.float32)
    weights["rnn.weight_ih_l0"][
        1, [VOCABULARY.index(c) for c in VOCABULARY.characters if c in ","]
    ] = -4
    found = last(Network(config, weights), TEXT)
    assert found.name(1) == "after a comma" and found.r[1] == pytest.approx(-1.0, abs=1e-6)
    # The other one never moves.
    assert found.name(0) == "" and found.r[0] == 0.0 and found.variance[0] == 0.0


def test_numbers_that_are_none_match_nothing() -> None:
    network = network_of("rnn")
    broken = Network(network.config, network.parameters.copy())
    broken.parameters["rnn.bias_ih_l0"][4] = np.nan
    found = last(broken, TEXT)
    assert not found.r.any() and np.isfinite(found.variance).all()


def test_without_text_there_is_no_answer() -> None:
    assert list(unit_matches(network_of("gru"), VOCABULARY, "", 0, "h")) == []


def test_a_network_that_has_gone_astray_matches_nothing() -> None:
    config = ModelConfig(VOCABULARY.size, 9, 1, "rnn", activation="relu")
    parameters = initialize(config, np.random.default_rng(5))
    for values in parameters.values():
        values *= np.float32(1e30)
    found = last(Network(config, parameters).snapshot(), TEXT[:400])
    assert not found.r.any() and np.isfinite(found.variance).all()
