"""A run's figures and samples as event files for TensorBoard, whose own package writes them.

That package is an extra: without it everything here says so in one sentence.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from rnnviz.engine.errors import EngineError
from rnnviz.files import replacing
from rnnviz.session.export import steps_of
from rnnviz.session.frames import Row, Sample
from rnnviz.session.growing_file import GrowingFile
from rnnviz.session.record import Record

_LOSS = "loss (nats per character)"
TRAIN, SMOOTHED, VALIDATION = f"{_LOSS}/train", f"{_LOSS}/smoothed", f"{_LOSS}/validation"
NORM, CLIPPED = "gradient/norm before clipping", "gradient/clipped"
RATE, SAMPLES = "learning rate", "samples"
MARK = "tfevents"
"""What TensorBoard looks for in the name of a file."""


class TensorBoardMissingError(EngineError):
    """The package that writes event files is not installed; one sentence with the remedy."""


def require_tensorboard() -> None:
    """Raises `TensorBoardMissingError` when there is no package that could write event files."""
    try:
        found = importlib.util.find_spec("tensorboard") is not None
    except ValueError:  # something else of that name is loaded
        found = False
    if not found:
        raise TensorBoardMissingError(
            "Event files need the package tensorboard, which is not installed: "
            "pip install 'rnnviz[tensorboard]'."
        )


class _Package(NamedTuple):
    """The parts of TensorBoard's package that are needed; TensorFlow is not among them."""

    event: ModuleType
    summary: ModuleType
    tensor: ModuleType
    record_writer: ModuleType


def _package() -> _Package:
    require_tensorboard()
    try:
        from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2
        from tensorboard.summary.writer import record_writer
    except Exception as error:  # of another version, or broken in itself
        raise TensorBoardMissingError(
            f"The package tensorboard cannot be used ({type(error).__name__}: {error}): "
            "pip install --upgrade 'rnnviz[tensorboard]'."
        ) from error
    return _Package(event_pb2, summary_pb2, tensor_pb2, record_writer)


class _Sink(NamedTuple):
    """All that TensorBoard's writer of records wants of a file."""

    write: Callable[[bytes], object]


class Events:
    """Turns steps into events and hands their bytes to `write`, one whole record at a time.

    Times are those of training: `begun` (seconds since the epoch) and what a step says.
    """

    def __init__(self, write: Callable[[bytes], object], begun: float) -> None:
        self._package = _package()
        self._records = self._package.record_writer.RecordWriter(_Sink(write))
        self._begun = begun
        self._add(0, 0.0, file_version="brain.Event:2")

    def step(
        self,
        row: Sequence[float],
        val_loss: float | None = None,
        samples: Iterable[Sample] = (),
    ) -> None:
        """Adds one step; `row` is step, characters, seconds, loss, smoothed, norm, clipped, rate.

        Losses are in nats per character.
        """
        step, _, seconds, loss, smoothed, norm, clipped, rate = row
        numbers = {TRAIN: loss, SMOOTHED: smoothed, NORM: norm, CLIPPED: clipped, RATE: rate}
        if val_loss is not None:
            numbers[VALIDATION] = val_loss
        summary = self._package.summary.Summary
        values = [summary.Value(tag=tag, simple_value=value) for tag, value in numbers.items()]
        values += [self._text(sample) for sample in samples]
        self._add(int(step), seconds, summary=summary(value=values))

    def _text(self, sample: Sample) -> Any:
        """A sample for the tab Text, which reads Markdown: to the letter."""
        words = sample.text if not sample.problem else f"{sample.text}[{sample.problem}]"
        indented = "".join(f"    {line}\n" for line in words.split("\n"))
        metadata = self._package.summary.SummaryMetadata
        return self._package.summary.Summary.Value(
            tag=SAMPLES,
            metadata=metadata(plugin_data=metadata.PluginData(plugin_name="text")),
            tensor=self._package.tensor.TensorProto(
                dtype="DT_STRING", string_val=[indented.encode("utf-8", "replace")]
            ),
        )

    def _add(self, step: int, seconds: float, **what: Any) -> None:
        event = self._package.event.Event(wall_time=self._begun + seconds, step=step, **what)
        self._records.write(event.SerializeToString())


class EventWriter(GrowingFile):
    """An event file in a folder, which grows with every step while a run trains.

    TensorBoardMissingError before anything is made; OSError as `GrowingFile`.
    """

    def __init__(self, folder: Path) -> None:
        require_tensorboard()
        folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        super().__init__(folder / f"events.out.{MARK}.{int(now)}.{os.getpid()}.rnnviz")
        self._events = Events(self.append, now)

    def write(
        self, row: Row, val_loss: float | None = None, samples: Iterable[Sample] = ()
    ) -> None:
        """Adds one step; losses in nats per character, the norm before clipping."""
        values = row.step, row.characters, row.seconds, row.loss, row.smoothed
        if not self.problem:
            self._events.step(
                (*values, row.grad_norm, row.clipped, row.learning_rate), val_loss, samples
            )


def write_events(path: str | os.PathLike[str], record: Record) -> None:
    """Every step of a run in one event file; a failure leaves an older file as it was.

    OSError when it cannot be written, TensorBoardMissingError as its name says.
    """
    require_tensorboard()
    samples: dict[int, list[Sample]] = {}
    for sample in record.samples:
        samples.setdefault(sample.step, []).append(sample)
    seconds = float(record.columns["seconds"][-1]) if len(record) else 0.0
    with replacing(path) as file:
        events = Events(file.write, time.time() - seconds)
        for values, val_loss in steps_of(record):
            events.step(values, val_loss, samples.get(int(values[0]), ()))
