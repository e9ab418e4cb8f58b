"""What counting alone achieves on a text, as lines to measure a network against."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rnnviz.session.frames import Validation
from rnnviz.session.view import RunView

_ORDER_NAMES = {1: "unigram", 2: "bigram", 3: "trigram"}
_LINE_ORDERS = (2, 3, 5)


@dataclass(frozen=True)
class Reference:
    """A dashed line: what counting alone achieves, in nats per character."""

    id: str
    name: str
    nats: float


def references(view: RunView) -> list[Reference]:
    """The lines of a run, highest first; before they are computed only the uniform one."""
    found = view.references
    if found is None:
        return [Reference("uniform", "uniform", math.log(max(view.vocabulary.size, 1)))]
    lines = [Reference("uniform", "uniform", found.uniform)]
    for order in _LINE_ORDERS:
        if order in found.ngram:
            name = _ORDER_NAMES.get(order, f"{order}-gram")
            lines.append(Reference(f"{order}", name, found.ngram[order]))
    return sorted(lines, key=lambda line: -line.nats)


def below_since(
    lines: Sequence[Reference], validations: Sequence[Validation]
) -> tuple[Reference, int] | None:
    """The lowest line the validation loss is under, and the first step from which it stayed so."""
    if not validations:
        return None
    passed = [line for line in lines if validations[-1].loss < line.nats]
    if not passed:
        return None
    best = min(passed, key=lambda line: line.nats)
    since = validations[-1].step
    for validation in reversed(validations):
        if validation.loss >= best.nats:
            break
        since = validation.step
    return best, since
