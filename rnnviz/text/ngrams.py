"""What counting alone achieves on a text: the reference lines of the loss view.

Interpolated n-gram models with Witten-Bell weights, counted on the training part and judged on the
held-out part. The context h of an n-gram, seen c(h) times in training and followed there by d(h)
different characters, gives

    P_n(x | h) = (c(h x) + d(h) P_{n-1}(x | h')) / (c(h) + d(h)),

where h' is h without its first character, P_0 = 1/V, and P_n = P_{n-1} when h never occurred
(Witten and Bell 1991; in this form Chen and Goodman 1998, section 2.5).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.integer]
Whole = TypeVar("Whole", np.int32, np.int64)

MAX_TRAIN_CHARACTERS = 20_000_000
"""Most training characters counted: beyond, the tables would take gigabytes beside the training."""

MAX_VALIDATION_CHARACTERS = 2_000_000
"""Most held-out characters judged; the mean of two million is exact enough for a line."""


@dataclass(frozen=True)
class ReferenceLosses:
    """Losses to compare a network with, in nats per character on the held-out part.

    `uniform` is ln V; `ngram` maps the order (1 = unigram) to its loss and lacks the orders which
    were cancelled or had nothing to be judged on. `train_characters` and `validation_characters`
    say how much was counted and judged.
    """

    uniform: float
    ngram: Mapping[int, float]
    train_characters: int
    validation_characters: int


def reference_losses(
    train: Indices | Sequence[Indices],
    validation: Indices | Sequence[Indices],
    vocabulary_size: int,
    max_order: int = 6,
    cancelled: Callable[[], bool] | None = None,
) -> ReferenceLosses:
    """The losses of n-gram models of order 1 to `max_order` on `validation`, nats per character.

    `train` and `validation` are index arrays (N,), or sequences of them when the split cut the text
    into pieces: no n-gram straddles two pieces. All orders are judged on the same characters: those
    which `max_order` - 1 others precede in their piece, or all when no piece is that long.
    `cancelled` is asked between orders; once it says yes, the orders done so far are returned.
    Raises ValueError for indices outside 0..vocabulary_size-1.
    """
    if vocabulary_size < 1:
        raise ValueError(f"vocabulary_size must be at least 1, got {vocabulary_size}.")
    counted, counted_starts = _joined("train", train, vocabulary_size, MAX_TRAIN_CHARACTERS)
    judged, judged_starts = _joined(
        "validation", validation, vocabulary_size, MAX_VALIDATION_CHARACTERS
    )
    scored = _place_in_piece(len(judged), judged_starts) >= max_order - 1
    if not scored.any():
        scored[:] = True
    losses: dict[int, float] = {}
    probability = np.full(len(judged), 1.0 / vocabulary_size)  # P_0
    # The number of the context before each character, -1 where there is none; the only context of
    # unigrams, the empty one, is number 0. Numbering contexts in place of spelling them out keeps
    # the codes below N * V at any order, so they never overflow.
    contexts = np.zeros(len(counted), np.int32)  # what is as long as the text is kept small
    judged_contexts = np.zeros(len(judged), np.int64)
    context_count = 1
    for order in range(1, max_order + 1):
        if not len(judged) or (cancelled is not None and cancelled()):
            break
        usable = contexts >= 0
        if not usable.any():
            break
        grams, inverse, counts = _distinct(_codes(contexts, counted, usable, vocabulary_size))
        owners = grams // vocabulary_size
        total = np.bincount(owners, counts, minlength=context_count)  # c(h)
        distinct = np.bincount(owners, minlength=context_count)  # d(h)

        judged_codes = judged_contexts * vocabulary_size + judged
        places = np.minimum(np.searchsorted(grams, judged_codes), len(grams) - 1)
        known = (judged_contexts >= 0) & (grams[places] == judged_codes)
        c_h = np.where(judged_contexts >= 0, total[judged_contexts], 0.0)
        d_h = distinct[judged_contexts]
        estimate = (np.where(known, counts[places], 0) + d_h * probability) / np.maximum(
            c_h + d_h, 1.0
        )
        probability = np.where(c_h > 0, estimate, probability)
        losses[order] = float(-np.log(probability[scored]).mean())

        # Each n-gram is the context of the character after it, unless a piece starts there.
        contexts.fill(-1)
        contexts[usable] = inverse
        contexts = _following(contexts, counted_starts)
        del inverse
        judged_contexts = _following(np.where(known, places, -1), judged_starts)
        context_count = len(grams)
    return ReferenceLosses(math.log(vocabulary_size), losses, len(counted), int(scored.sum()))


def _joined(
    argument: str, pieces: Indices | Sequence[Indices], vocabulary_size: int, limit: int
) -> tuple[Indices, npt.NDArray[np.int64]]:
    """The first `limit` characters of the pieces in one array (N,), and where its pieces start."""
    listed = [pieces] if isinstance(pieces, np.ndarray) else list(pieces)
    kept: list[Indices] = []
    room = limit
    for piece in listed:
        if len(piece) and room:
            kept.append(piece[:room])
            room -= len(kept[-1])
    if not kept:
        return np.empty(0, np.int32), np.empty(0, np.int64)
    joined = np.concatenate(kept)
    if joined.min() < 0 or joined.max() >= vocabulary_size:
        raise ValueError(
            f"{argument} must hold indices from 0 to {vocabulary_size - 1}, "
            f"got {joined.min()} to {joined.max()}."
        )
    lengths = np.array([len(piece) for piece in kept], np.int64)
    return joined, np.cumsum(lengths) - lengths


def _codes(
    contexts: npt.NDArray[np.int32],
    counted: Indices,
    usable: npt.NDArray[np.bool_],
    vocabulary_size: int,
) -> npt.NDArray[np.int64]:
    """One number for each n-gram, of its context's number and its last character."""
    codes = contexts[usable].astype(np.int64)
    codes *= vocabulary_size
    codes += counted[usable]
    return codes


def _distinct(
    codes: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """The distinct codes sorted, the place of each code (N,) among them, and how often each is.

    What np.unique gives, with a third of its memory: that is most of what counting takes. `codes`
    is used up.
    """
    codes, order = _sorted(codes)
    first = np.empty(len(codes), np.bool_)
    first[0] = True
    np.not_equal(codes[1:], codes[:-1], out=first[1:])
    grams = codes[first]
    del codes
    starts = np.flatnonzero(first)
    counts = np.diff(starts, append=len(first))
    places = np.cumsum(first, dtype=np.int32)
    places -= 1
    inverse = np.empty_like(places)
    inverse[order] = places
    return grams, inverse, counts


def _sorted(codes: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    """The codes in order, in their own memory where that can be, and where each came from."""
    bits = len(codes).bit_length()
    if int(codes.max()) >> (63 - bits):
        order = np.argsort(codes, kind="stable")
        return codes[order], order
    # With its place in its low bits each is one number: to sort those is quicker, too.
    codes <<= bits
    codes |= np.arange(len(codes), dtype=np.int32)
    codes.sort()
    places = np.empty(len(codes), np.int32)
    np.bitwise_and(codes, (1 << bits) - 1, out=places, casting="unsafe")
    codes >>= bits
    return codes, places


def _place_in_piece(size: int, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many characters precede each of `size` characters in its piece."""
    places = np.arange(size)
    return places - np.repeat(starts, np.diff(starts, append=size))


def _following(ending: npt.NDArray[Whole], starts: npt.NDArray[np.int64]) -> npt.NDArray[Whole]:
    """The context before each character: what ended one place earlier, nothing at `starts`."""
    shifted = np.empty_like(ending)
    shifted[1:] = ending[:-1]
    shifted[starts] = -1
    return shifted
