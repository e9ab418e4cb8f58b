"""What is known of the loss at one step, as lines of words and values."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from rnnviz.panels.loss_units import loss_text
from rnnviz.panels.number_text import whole
from rnnviz.panels.run_axis import RunAxis
from rnnviz.session.history import History
from rnnviz.session.series import Series


def loss_readout(
    history: History,
    means: Series | None,
    step: int,
    unit: str,
    split_label: str,
    axis: RunAxis,
) -> list[tuple[str, str]]:
    """Step, loss, smoothed loss, newest validation up to there, other units, place on the axis.

    Of the reported step nearest after `step`; `means` is the smoothed loss if not the run's own.
    The line of the validation is missing where none had been measured.
    """
    index = min(int(history.step.places(step)), len(history) - 1)
    step = int(history.step.values[index])
    series = means if means is not None else history.smoothed
    smoothed = float(series.values[min(index, len(series) - 1)])
    lines = [
        (_tr("step"), whole(step)),
        (_tr("train"), loss_text(float(history.loss.values[index]), unit)),
        (_tr("smoothed"), loss_text(smoothed, unit)),
    ]
    newest = next((v for v in reversed(history.validations) if v.step <= step), None)
    if newest is not None:
        words = _tr("validation, {0}").format(split_label)
        if newest.step != step:
            words += _tr(" (step {0})").format(whole(newest.step))
        lines.append((words, loss_text(newest.loss, unit)))
    names = {"nats": _tr("nats"), "bits": _tr("bits"), "perplexity": _tr("perplexity")}
    lines += [  # of the smoothed loss, in the other units
        (name, loss_text(smoothed, other)) for other, name in names.items() if other != unit
    ]
    if axis.kind == "seconds":
        seconds = float(history.seconds.values[index])
        lines.append((_tr("training time"), axis.value_text(seconds)))
    elif axis.kind == "characters":
        characters = float(history.characters.values[index])
        lines.append((_tr("characters"), axis.value_text(characters)))
    return lines


def _tr(words: str) -> str:
    return QCoreApplication.translate("LossPlot", words)
