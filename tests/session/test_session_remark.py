"""What a lecture says of a run: each remark from a run in which it is true."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnnviz.session.config import RunConfig
from rnnviz.session.frames import Event, InForce, Row, RunState, Validation
from rnnviz.session.remark import KINDS, Remark, remark
from rnnviz.session.view import RunView
from rnnviz.text.ngrams import ReferenceLosses
from rnnviz.text.vocabulary import Vocabulary

NGRAMS = {1: 3.3, 2: 2.5, 3: 2.0, 5: 1.7}


def a_run(losses: list[float], norms: list[float] | None = None, *, clip: float = 5.0) -> RunView:
    """A run with these losses (smoothed ones, too), and norms before clipping."""
    view = RunView(
        number=1,
        config=RunConfig(),
        corpus_name="sea",
        vocabulary=Vocabulary.from_text("abcdefgh"),
        split_label="contiguous 90/10",
        in_force=InForce(2e-3, "norm", clip, "adam", 0.8),
    )
    view.references = ReferenceLosses(math.log(8), dict(NGRAMS), 900, 100)
    norms = norms or [1.0] * len(losses)
    rows = [
        Row(n, 10 * n, 0.1 * n, 0.01 * n, loss, loss, norm, norm, norm > clip, 2e-3)
        for n, (loss, norm) in enumerate(zip(losses, norms, strict=True), 1)
    ]
    if rows:
        view.history.add_rows(rows)
    view.state = RunState("training", len(rows))
    return view


def validated(view: RunView, *measured: tuple[int, float]) -> RunView:
    view.history.validations += [Validation(step, loss, 100, 100) for step, loss in measured]
    return view


def falling(steps: int, low: float, high: float = 3.0) -> list[float]:
    return [float(loss) for loss in np.linspace(high, low, steps)]


def test_before_the_first_step_there_is_a_blind_guess() -> None:
    found = remark(a_run([]))
    assert (found.kind, found.step, found.about) == ("begin", 0, "loss")
    assert found.figures == {"symbols": 8, "loss": pytest.approx(math.log(8))}


def test_above_the_first_table_the_next_is_named() -> None:
    found = remark(a_run(falling(50, 2.8)))
    assert (found.kind, found.names["table"]) == ("above", "bigram")
    assert found.figures == {"loss": pytest.approx(2.8), "table": 2.5}


def test_training_may_be_ahead_of_validation() -> None:
    found = remark(validated(a_run(falling(50, 1.9)), (1, 3.2)))
    assert (found.kind, found.names["table"]) == ("ahead", "trigram")


def test_below_a_table_since_the_step_from_which_it_stayed_so() -> None:
    view = validated(a_run(falling(900, 1.6)), (300, 2.4), (600, 1.9), (800, 1.68), (900, 1.66))
    found = remark(view)
    assert (found.kind, found.step, found.names["table"]) == ("below", 800, "5-gram")
    assert found.figures == {"loss": 1.66, "table": 1.7}
    assert found.names["split"] == "contiguous 90/10"


def test_what_is_no_news_any_more_makes_way_for_the_best_validation() -> None:
    view = validated(a_run(falling(4000, 1.4)), (800, 1.68), (2000, 1.6), (3900, 1.5))
    found = remark(view)
    assert (found.kind, found.step, found.figures["best"]) == ("best", 3900, 1.5)


def test_an_old_validation_makes_way_for_where_training_stands() -> None:
    view = validated(a_run(falling(1400, 1.6)), (1, 4.0), (184, 2.15))
    found = remark(view)
    assert (found.kind, found.step, found.names["table"]) == ("ahead", 1400, "5-gram")
    validated(view, (900, 1.9))
    assert remark(view).kind in ("best", "below")


def test_validation_that_rises_while_training_falls_is_told_with_both_figures() -> None:
    dots = ((800, 1.6), (1500, 1.5), (2500, 1.55), (3000, 1.6), (3900, 1.7))
    found = remark(validated(a_run(falling(4000, 1.1)), *dots))
    assert (found.kind, found.step) == ("rising", 1500)
    assert found.figures == {"best": 1.5, "loss": 1.7}


def test_validation_that_rises_with_training_is_no_learning_by_heart() -> None:
    dots = ((800, 1.6), (1500, 1.5), (2500, 1.55), (3000, 1.6), (3900, 1.7))
    risen = [*falling(1500, 1.1), *[1.4] * 2500]
    assert remark(validated(a_run(risen), *dots)).kind == "below"


def test_two_dots_above_the_best_prove_nothing() -> None:
    dots = ((800, 1.6), (1500, 1.5), (2500, 1.55), (3900, 1.7))
    assert remark(validated(a_run(falling(4000, 1.1)), *dots)).kind != "rising"


def test_the_share_above_the_line_is_the_one_that_the_panel_counts() -> None:
    norms = [10.0 if n % 4 == 0 else 1.0 for n in range(2000)]
    view = a_run([2.8] * 2000, norms, clip=5.0)
    found = remark(view)
    assert (found.kind, found.about, found.step) == ("clipped", "gradient_norm", 2000)
    assert found.figures["share"] == view.history.clipped_share("norm", 5.0) == 0.25
    assert found.figures["steps"] == 1000
    assert found.figures["median"] == 1.0
    view.in_force = InForce(2e-3, "norm", 20.0, "adam", 0.8)  # the line was moved
    assert remark(view).kind == "above"
    view.in_force = InForce(2e-3, "off", 5.0, "adam", 0.8)
    assert remark(view).kind == "above"


def test_a_share_of_few_steps_says_nothing() -> None:
    assert remark(a_run([2.8] * 60, [10.0] * 60)).kind == "above"


@pytest.mark.parametrize(
    ("kind", "text", "about", "names"),
    [
        ("clip", "clip 5 → off", "gradient_norm", ("5", "off")),
        ("lr", "lr 2.0e-3 → 1.0e-3", "loss", ("2.0e-3", "1.0e-3")),
        ("optimizer", "optimizer adam → sgd", "loss", ("adam", "sgd")),
    ],
)
def test_a_change_is_compared_with_before(
    kind: str, text: str, about: str, names: tuple[str, str]
) -> None:
    view = a_run([2.8] * 500 + [2.6] * 100, [1.0] * 500 + [12.0] * 100, clip=50.0)
    view.history.events.append(Event(500, kind, text))
    found = remark(view)
    assert (found.kind, found.step, found.about) == (kind, 500, about)
    assert (found.names["before"], found.names["after"]) == names
    assert found.figures == {
        "steps": 100,
        "loss_before": pytest.approx(2.8),
        "loss": pytest.approx(2.6),
        "norm_before": 1.0,
        "norm": 12.0,
    }


def test_a_change_that_no_step_has_obeyed_yet_has_nothing_after_it() -> None:
    view = a_run([2.8] * 500)
    view.history.events.append(Event(500, "clip", "clip 5 → 1"))
    found = remark(view)
    assert found.figures["steps"] == 0
    assert math.isnan(found.figures["norm"])


def test_a_change_is_news_until_the_run_is_a_quarter_longer() -> None:
    event = Event(2000, "lr", "lr 2.0e-3 → 1.0e-3")
    for steps, kind in ((2500, "lr"), (2501, "above")):
        view = a_run([2.8] * steps)
        view.history.events.append(event)
        assert remark(view).kind == kind


def test_the_newest_news_is_told() -> None:
    view = validated(a_run(falling(1000, 1.9)), (500, 2.6), (900, 2.4))
    view.history.events.append(Event(950, "lr", "lr 2.0e-3 → 1.0e-3"))
    assert remark(view).kind == "lr"
    validated(view, (990, 1.95))  # below a better table since
    assert remark(view).kind == "below"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("resumed", "went back to the weights of step 1,200"),
        ("weights", "weights of step 1,200"),
    ],
)
def test_other_weights_are_told_in_the_words_of_their_mark(kind: str, text: str) -> None:
    view = a_run([2.8] * 500)
    view.history.events.append(Event(500, kind, text))
    found = remark(view)
    assert (found.kind, found.names["text"]) == (kind, text)


@pytest.mark.parametrize(
    ("what", "about"),
    [
        ("gradient norm 3.1e9", "gradient_norm"),
        ("the gradient is not a finite number", "gradient_norm"),
        ("the loss is not a finite number", "loss"),
    ],
)
def test_a_divergence_goes_before_everything(what: str, about: str) -> None:
    view = validated(a_run(falling(411, 1.6)), (400, 1.6))
    view.history.events.append(Event(412, "diverged", "Diverged"))
    view.state = RunState("diverged", 411, "", f"Diverged at step 412: {what}")
    found = remark(view)
    assert (found.kind, found.step, found.about) == ("diverged", 412, about)
    assert found.names["what"] == what
    assert found.figures["kept"] == 411


def test_training_that_failed_says_why() -> None:
    view = a_run([2.8] * 20)
    view.state = RunState("failed", 20, "there is not enough memory")
    assert remark(view) == Remark("failed", 20, names={"why": "there is not enough memory"})


def test_without_held_out_text_the_loss_is_all_there_is() -> None:
    view = a_run([1.2] * 50)
    view.references = ReferenceLosses(math.log(8), {}, 0, 0)
    found = remark(view)
    assert (found.kind, found.figures["loss"]) == ("falling", pytest.approx(1.2))


def test_every_kind_is_known() -> None:
    assert len(set(KINDS)) == len(KINDS) == 15
