"""What is worth saying of a run just now, for the caption of a lecture: one remark at a time.

Everything in it was measured. What somebody has just changed comes first, as the room watches for
what comes of it; else the newest thing that the run has achieved; else where it stands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rnnviz.session.frames import Event, Validation
from rnnviz.session.reference_lines import Reference, below_since, references
from rnnviz.session.view import RunView

LOSS, GRADIENT_NORM = "loss", "gradient_norm"  # the panels a remark can be about

KINDS = (
    *("diverged", "failed", "begin", "clip", "lr", "optimizer", "resumed", "weights"),
    *("below", "rising", "clipped", "best", "ahead", "above", "falling"),
)
_CHANGES = {"clip": GRADIENT_NORM, "lr": LOSS, "optimizer": LOSS, "resumed": LOSS, "weights": LOSS}
FLOW = "flow"  # of the Gradients page, which alone knows how its gradients flow
# Something is news until the run is a quarter longer than it was then, and for so many steps.
_NEWS_SHARE, _NEWS_STEPS = 0.25, 300
_RECENT = 1000  # steps that shares and medians are of
_ENOUGH = 100  # steps, below which a share says nothing
_MUCH_CLIPPED = 0.05
_OLD = 0.5  # share of a run before which its last validation says little of it now
_RISEN = 0.02  # nats per character above the best validation
_RISING = 3  # validations in a row that are above the best


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to say. Losses are in nats per character.

    `kind` is one of `KINDS` or `FLOW`; figures and names are those its words need. `step` is since
    when it holds, `about` the panel that shows it, if one does.
    """

    kind: str
    step: int
    about: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


def remark(view: RunView) -> Remark:
    """The one for the run as it is now."""
    if view.state.phase in ("diverged", "failed"):
        return _stopped(view)
    if not len(view.history):
        return _begin(view)
    news = [found for found in (_change(view), _passed(view)) if found and _is_news(found, view)]
    if news:
        return max(news, key=lambda found: found.step)  # the change when both are as new
    told = _rising(view) or _clipped(view)
    if told is None and not _validation_is_old(view):
        told = _best(view) or _passed(view)
    return told or _stands(view)


def _is_news(found: Remark, view: RunView) -> bool:
    return view.step - found.step <= max(_NEWS_STEPS, _NEWS_SHARE * found.step)


def _stopped(view: RunView) -> Remark:
    state = view.state
    if state.phase == "failed":
        return Remark("failed", view.step, names={"why": state.message})
    steps = [event.step for event in view.history.events if event.kind == "diverged"]
    _, _, what = state.headline.partition(": ")
    return Remark(
        "diverged",
        steps[-1] if steps else view.step + 1,
        GRADIENT_NORM if "gradient" in what else LOSS,
        figures={"kept": view.step},
        names={"what": what},
    )


def _begin(view: RunView) -> Remark:
    symbols = view.vocabulary.size
    figures = {"symbols": symbols, "loss": math.log(max(symbols, 1))}
    return Remark("begin", view.step, LOSS, figures)


# What somebody has changed.


def _change(view: RunView) -> Remark | None:
    events = [event for event in view.history.events if event.kind in _CHANGES]
    if not events:
        return None
    event = events[-1]
    before, _, after = event.text.removeprefix(f"{event.kind} ").partition(" → ")
    return Remark(
        event.kind,
        event.step,
        _CHANGES[event.kind],
        _since(view, event),
        {"before": before, "after": after, "text": event.text},
    )


def _since(view: RunView, event: Event) -> dict[str, float]:
    """Loss and median norm before an event and since; NaN where there is none."""
    history = view.history
    place = int(history.step.places(event.step, "right"))  # of the first step after it
    losses, norms = history.smoothed.values, history.grad_norm.values
    later = slice(max(place, len(history) - _RECENT), None)
    return {
        "steps": view.step - event.step,
        "loss_before": float(losses[place - 1]) if place else math.nan,
        "loss": float(losses[-1]),
        "norm_before": _median(norms[max(place - _RECENT, 0) : place]),
        "norm": _median(norms[later]),
    }


def _median(values: np.ndarray) -> float:
    good = values[np.isfinite(values)]
    return float(np.median(good)) if len(good) else math.nan


# What the run has achieved.


def _tables(view: RunView) -> list[Reference]:
    return [line for line in references(view) if line.id != "uniform"]


def _passed(view: RunView) -> Remark | None:
    """The best table the validation loss is below."""
    found = below_since(_tables(view), view.history.validations)
    if found is None:
        return None
    table, step = found
    figures = {"loss": view.history.validations[-1].loss, "table": table.nats}
    return Remark("below", step, LOSS, figures, {"table": table.name, "split": view.split_label})


def _measured(view: RunView) -> list[Validation]:
    return [v for v in view.history.validations if math.isfinite(v.loss)]


def _validation_is_old(view: RunView) -> bool:
    """Training has gone on for longer since the last validation than before it."""
    measured = _measured(view)
    return not measured or measured[-1].step < _OLD * view.step


def _rising(view: RunView) -> Remark | None:
    """The text is learned by heart: training still falls, validation does not."""
    measured = _measured(view)
    if len(measured) <= _RISING:
        return None
    best, newest = min(measured, key=lambda v: v.loss), measured[-1]
    since = [v for v in measured if v.step > best.step]
    place = int(view.history.step.places(best.step, "right")) - 1
    losses = view.history.smoothed.values
    falls = place >= 0 and losses[-1] < losses[place]
    if len(since) < _RISING or newest.loss < best.loss + _RISEN or not falls:
        return None
    return Remark("rising", best.step, LOSS, {"best": best.loss, "loss": newest.loss})


def _clipped(view: RunView) -> Remark | None:
    """Much of what was recent would be clipped by the rule in force, as Gradient norm counts it."""
    kind, threshold = view.in_force.clip_kind, view.in_force.clip_threshold
    recent = view.history.recent("max_abs" if kind == "value" else "grad_norm", _RECENT)
    share = view.history.clipped_share(kind, threshold, _RECENT)
    if len(recent) < _ENOUGH or share < _MUCH_CLIPPED:
        return None
    figures = {
        "share": share,
        "steps": len(recent),
        "median": _median(recent),
        "threshold": threshold,
    }
    return Remark("clipped", view.step, GRADIENT_NORM, figures, {"kind": kind})


def _best(view: RunView) -> Remark | None:
    measured = _measured(view)
    if len(measured) < 2 or measured[-1].loss > min(v.loss for v in measured):
        return None
    newest = measured[-1]
    figures = {"best": newest.loss, "loss": float(view.history.smoothed.values[-1])}
    return Remark("best", newest.step, LOSS, figures, {"split": view.split_label})


# Where it stands.


def _stands(view: RunView) -> Remark:
    """Against the tables, before the validation loss is below any."""
    loss = float(view.history.smoothed.values[-1])
    tables = _tables(view)
    below = [table for table in tables if loss < table.nats]
    nearest = below[-1] if below else tables[0] if tables else None
    if nearest is not None:
        figures = {"loss": loss, "table": nearest.nats}
        kind = "ahead" if below else "above"
        return Remark(kind, view.step, LOSS, figures, {"table": nearest.name})
    blind = math.log(max(view.vocabulary.size, 1))
    figures = {"loss": loss, "blind": blind, "symbols": view.vocabulary.size}
    return Remark("falling", view.step, LOSS, figures)
