"""What the Loss panel says of a run in words: its clause, a tooltip, and for screen readers."""

from __future__ import annotations

from collections.abc import Sequence

from rnnviz.panels.loss_units import loss_text, unit_words
from rnnviz.panels.number_text import whole
from rnnviz.panels.translate import tr
from rnnviz.session.frames import Validation
from rnnviz.session.reference_lines import Reference, below_since


def loss_clauses(
    split: str, unit: str, lines: list[Reference], validations: Sequence[Validation]
) -> list[str]:
    """The split and which reference line validation is below since when, from long to short."""
    crossed = below_since(lines, validations)
    if crossed is None:
        return [tr("{0}, {1}").format(split, unit_words(unit)), split]
    line, step = crossed
    table = line.name
    if line.id != "uniform":
        table = tr("the {0} table").format(line.name)
    return [
        tr("{0}: validation below {1} since step {2}").format(split, table, whole(step)),
        tr("{0}: val below {1} since step {2}").format(split, line.name, whole(step)),
        tr("{0}: val below {1} since {2}").format(split, line.name, whole(step)),
        tr("{0}: val below {1}").format(split, line.name),
        split,
    ]


def validation_tip(newest: Validation, unit: str, split: str) -> str:
    """What the newest validation was measured on."""
    return tr(
        "Validation loss at step {0}, {1}, {2} split: measured on {3} of {4} held-out characters"
    ).format(
        whole(newest.step),
        unit_words(unit),
        split,
        whole(newest.characters),
        whole(newest.of_characters),
    )


def loss_in_words(
    train: tuple[float, float] | None, validation: tuple[float, float] | None, unit: str, split: str
) -> str:
    """The newest losses, each given as (step, nats per character), as a screen reader says them."""
    parts = []
    if train is not None:
        parts.append(
            tr("step {0}, training loss {1}").format(whole(train[0]), loss_text(train[1], unit))
        )
    if validation is not None:
        parts.append(tr("validation loss {0}, {1}").format(loss_text(validation[1], unit), split))
    return "; ".join(parts)
