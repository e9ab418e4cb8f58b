"""Samples in words: headings, visible characters, decades and text files."""

from __future__ import annotations

from collections.abc import Sequence

from rnnviz.panels.translate import tr
from rnnviz.session.frames import Sample
from rnnviz.text.vocabulary import symbol


def decade_samples(samples: Sequence[Sample]) -> dict[int, Sample]:
    """Per decade (10, 100, 1,000, ...) the first sample from that step on and before the next."""
    found: dict[int, Sample] = {}
    for sample in samples:
        decade = _decade(sample.step)
        if decade >= 10:
            found.setdefault(decade, sample)
    return found


def _decade(step: int) -> int:
    return int(10 ** (len(str(step)) - 1)) if step > 0 else 0


def visible(text: str) -> str:
    """A sample as it is drawn: control characters but line ends and tabs become signs."""
    return "".join(c if c in "\n\t " or c.isprintable() else symbol(c) for c in text)


def heading(sample: Sample) -> str:
    """Where a sample stands: step, loss and temperature."""
    words = tr("step {0} · {1:.2f} nats/char · T {2:.2f}")
    return words.format(f"{sample.step:,}", sample.loss, sample.temperature)


def as_text(samples: Sequence[Sample]) -> str:
    """Samples with their headings, for a text file."""
    parts = []
    for sample in samples:
        body = sample.text if not sample.problem else f"{sample.text}[{sample.problem}]"
        parts.append(f"--- {heading(sample)}\n{body.rstrip()}\n")
    return "\n".join(parts)
