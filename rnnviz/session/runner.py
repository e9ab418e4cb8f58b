"""The loop that trains a run and reports each step; one per run, in a thread or on the spot.

The window runs `loop` in a thread and steers it with commands; the command line calls
`train_until`. Between two steps, and only there, commands are obeyed, samples written, validations
measured and weights copied for onlookers.
"""

from __future__ import annotations

import math
import queue
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from rnnviz.engine.clipping import Clipping
from rnnviz.engine.decoding import generate
from rnnviz.engine.errors import EngineError, Interrupted
from rnnviz.engine.optimizers import Optimizer, make_optimizer
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trainer import StepResult
from rnnviz.session import commands
from rnnviz.session.divergence import Divergence, find_divergence
from rnnviz.session.due import Due, sample_step
from rnnviz.session.frames import Event, InForce, Row, RunState, Sample, Validation
from rnnviz.session.gauge import Gauge
from rnnviz.session.history import Smoother
from rnnviz.session.mailbox import Mailbox
from rnnviz.session.rollback import Rollback
from rnnviz.session.run import Run
from rnnviz.session.runfile import Best, Checkpoint, SavedRun, take_checkpoint

# Of training time; the first ones of a run come for free, so that the pictures fill at once.
_VALIDATION_SHARE, _VALIDATION_FREE_SECONDS = 0.05, 1.0
_SAMPLE_SHARE, _SAMPLE_FREE_SECONDS = 0.02, 0.5
_LONGEST_VALIDATION_GAP = 20.0  # seconds
_LONGEST_STEP = 60.0  # seconds, of a first step; of a validation and a sample as well
_STALL = 5.0  # seconds that a machine may be held up by something else
_GESTURE = 1.0  # seconds: changes of one setting closer than this are one mark
_LONGEST_SAMPLE_GAP = 4.0  # seconds
_READ = 256  # characters of the text just read that go with the weights


@dataclass(frozen=True)
class Budget:
    """When headless training ends: whichever of the limits is reached first."""

    steps: int | None = None
    seconds: float | None = None
    epochs: float | None = None

    def progress(self, row_steps: int, seconds: float, epoch: float) -> float:
        """Share of the budget used, in [0, 1]; 0 when there is no limit."""
        shares = [0.0]
        if self.steps is not None:
            shares.append(row_steps / self.steps)
        if self.seconds is not None:
            shares.append(seconds / self.seconds)
        if self.epochs is not None:
            shares.append(epoch / self.epochs)
        return min(max(shares), 1.0)


@dataclass(frozen=True)
class _Left:
    """Weights and optimizer that gave way to the best weights after `step`."""

    step: int
    parameters: Parameters
    optimizer: Optimizer


class Runner:
    """Owns a run while it trains. `send` may be called from any thread; the rest from one."""

    def __init__(
        self,
        run: Run,
        mailbox: Mailbox,
        clock: Callable[[], float] = time.perf_counter,
        gauge: Gauge | None = None,
        rollback: Rollback | None = None,
    ) -> None:
        """With a `gauge` some steps' norms are measured and posted; headless training has none.

        Nor has it a `rollback`, which keeps weights to go back to after a divergence.
        """
        self.run = run
        self.mailbox = mailbox
        self._clock = clock
        self._gauge = gauge
        self._rollback = rollback
        self._commands: queue.SimpleQueue[commands.Command] = queue.SimpleQueue()
        self._playing = False
        self._single_steps = 0
        self._stopping = False
        self._interrupted = False
        self.seconds = 0.0
        self._longest: dict[str, float] = {}  # seconds that a step, a validation, a sample took
        self.temperature = run.config.temperature
        start = math.log(run.vocabulary.size) if run.config.smoothing_start == "uniform" else None
        self._smoother = Smoother(run.config.smoothing, start)
        self._validation_due = Due(
            1, 1.25, _LONGEST_VALIDATION_GAP, _VALIDATION_SHARE, _VALIDATION_FREE_SECONDS
        )
        self._sample_spent = 0.0
        self._sample_last = 0.0
        self._gesture = ("", 0.0, "")  # kind, time and first value of the newest change
        self.last_row: Row | None = None
        self.best: Best | None = None
        self._left: _Left | None = None  # for the best weights
        self.divergence: Divergence | None = None
        self._opened = False  # from a file, and not trained since
        self._diverged_at = 0  # the newest step that was refused
        self._diverged_before = ""  # why the run was saved in the state it is in

    # From any thread.

    def send(self, command: commands.Command) -> None:
        """Queues a command; it is obeyed between two steps."""
        self._commands.put(command)

    def interrupt(self) -> None:
        """Ends the loop without waiting for a slow step, validation or sample under way."""
        self._interrupted = True
        self.run.trainer.interrupt()

    def resume_loop(self) -> None:
        """Takes `interrupt` back, once the loop has ended; it can begin anew."""
        self._interrupted = False
        self.run.trainer.resume()

    def _check_interrupted(self, *_: int) -> None:
        if self._interrupted:
            raise Interrupted

    # The loop of the window's training thread.

    def loop(self) -> None:
        """Obeys commands and trains until told to stop; the target of the training thread."""
        self._playing, self._single_steps = False, 0  # also after a step that failed
        self.mailbox.post(self.in_force())
        if self._diverged_before:
            headline, _, cause = self._diverged_before.partition(". ")
            self._post_diverged(headline, cause)
        elif self.divergence is not None:  # the loop has been ended and begins anew
            self._post_diverged(self.divergence.headline, self.divergence.cause)
        else:
            self._post_state("paused")
        self._post_weights()
        while not (self._stopping or self._interrupted):
            training = self._playing or self._single_steps > 0
            if not training or not self._commands.empty():
                self._obey(wait=not training)
            if self._stopping or self._interrupted:
                break
            if self._playing or self._single_steps:
                try:
                    self.advance()
                except Interrupted:
                    break
                if self._single_steps:
                    self._single_steps -= 1
                    if not self._single_steps and not self._playing and not self.diverged:
                        self._post_state("paused")
            if self.mailbox.weights_wanted:
                self._post_weights()
        self._post_state("stopped")

    # Headless training.

    def train_until(self, budget: Budget, on_row: Callable[[Row], None] | None = None) -> None:
        """Trains on the spot until the budget is used up or the run diverges."""
        while not self.diverged:
            result_step = self.run.trainer.steps
            progress = budget.progress(result_step, self.seconds, self.run.trainer.epoch)
            if progress >= 1.0:
                return
            self.run.trainer.progress = progress
            row = self.advance()
            if row is not None and on_row is not None:
                on_row(row)

    def advance(self) -> Row | None:
        """One step with all that follows from it; None when it diverged."""
        begun = self._clock()
        gauge, trainer = self._gauge, self.run.trainer
        steps = trainer.steps
        measured = gauge is not None and gauge.begin(steps + 1, self.seconds)
        if self._rollback is not None:
            self._rollback.before(steps, self.run.network.parameters)
        result = trainer.step()
        if gauge is not None and result.finite:
            self._tell_gauged(gauge, result, measured)
        self.seconds += self._plausible("step", self._clock() - begun)
        if not result.finite:
            self._diverge(result)
            return None
        row = self._row(result)
        self.last_row = row
        self.mailbox.post(row)
        self._follow_up(row)
        return row

    def _tell_gauged(self, gauge: Gauge, result: StepResult, measured: bool) -> None:
        """What somebody looks at in the step's gradient, which the next one overwrites."""
        if measured:
            found = gauge.end(result.step, self.seconds)
            if found is not None:
                self.mailbox.post(found)
        entries = gauge.entries(result.step, self.seconds)
        if entries is not None:
            self.mailbox.post(entries)

    def _plausible(self, what: str, duration: float) -> float:
        """How long a step took; a machine that slept in the middle of it has not trained so long.

        Some systems' clocks go on in their sleep, and all do while a process is stopped.
        """
        longest = self._longest.get(what)
        if longest is None:
            counted = self._longest[what] = min(duration, _LONGEST_STEP)
        elif duration <= _STALL + 10 * longest:
            counted = duration
            self._longest[what] = max(longest, duration)
        else:  # asleep, or all of a sudden a much slower machine, which is believed bit by bit
            counted = longest
            self._longest[what] = 2 * longest
        return counted

    def _row(self, result: StepResult) -> Row:
        return Row(
            step=result.step,
            characters=result.characters,
            seconds=self.seconds,
            epoch=result.epoch,
            loss=result.loss,
            smoothed=self._smoother.update(result.loss),
            grad_norm=result.grad_norm,
            max_abs=result.max_abs_gradient,
            clipped=result.clipped,
            learning_rate=result.learning_rate,
        )

    def _follow_up(self, row: Row) -> None:
        """Validation and sample, when they are due; their time counts as training time.

        What there is not enough memory for is left out and tried again later: training needs less.
        """
        if self.run.split.validation is not None and self._validation_due.now(
            row.step, self.seconds
        ):
            begun = self._clock()
            with self._as_memory_allows(row.step, "validation"):
                self._validate(row.step)
            cost = self._plausible("validation", self._clock() - begun)
            self.seconds += cost
            self._validation_due.done(row.step, self.seconds, cost)
        if self._sample_is_due(row.step):
            begun = self._clock()
            with self._as_memory_allows(row.step, "sample"):
                self.mailbox.post(self.sample(row))
            cost = self._plausible("sample", self._clock() - begun)
            self.seconds += cost
            self._sample_spent += cost
            self._sample_last = self.seconds

    def _validate(self, step: int) -> None:
        measured, total = self.run.live_validation(self._check_interrupted)
        self.mailbox.post(Validation(step, measured.nats, measured.characters, total))
        if self.best is None or measured.nats < self.best.loss:
            parameters = self.run.network.parameters.frozen_copy()
            self.best = Best(step, measured.nats, parameters)

    @contextmanager
    def _as_memory_allows(self, step: int, what: str) -> Iterator[None]:
        try:
            yield
        except MemoryError:
            self.mailbox.post(Event(step, "memory", f"no {what}: not enough memory for it"))

    def _sample_is_due(self, step: int) -> bool:
        every = self.run.config.sample_every
        if every:
            return step % every == 0
        if self._sample_spent > _SAMPLE_FREE_SECONDS + _SAMPLE_SHARE * self.seconds:
            return False
        return sample_step(step) or self.seconds - self._sample_last >= _LONGEST_SAMPLE_GAP

    def sample(self, row: Row) -> Sample:
        """Text written from a newline (or the text's first character) and a zero state.

        Its random numbers depend on the run's seed and the step alone, so writing samples more or
        less often changes neither the training nor the other samples.
        """
        config = self.run.config
        vocabulary = self.run.vocabulary
        first = "\n" if "\n" in vocabulary else self.run.corpus.text[0]
        rng = np.random.default_rng([config.seed, row.step])
        indices = generate(
            self.run.network,
            np.array([vocabulary.index(first)], dtype=np.int32),
            config.sample_length,
            self.temperature,
            rng,
            top_k=config.top_k or None,
            top_p=config.top_p,
        )
        written: list[int] = []
        problem = ""
        try:
            for index in indices:
                self._check_interrupted()
                written.append(index)
        except EngineError:  # finite weights can still give logits that are not
            problem = "could not be sampled: every probability was NaN"
        text = vocabulary.decode(written)
        return Sample(row.step, row.smoothed, self.temperature, text, problem)

    def _diverge(self, result: StepResult) -> None:
        """Stops before the step has touched anything, and says what came from where."""
        self.divergence = found = find_divergence(self.run.trainer, result)
        self._playing = False
        self._single_steps = 0
        self._mark_divergence(found.step, found.sentence())
        self._post_diverged(found.headline, found.cause)

    def _mark_divergence(self, step: int, text: str) -> None:
        """One mark for a step, however often it is tried again."""
        again = step == self._diverged_at
        self._diverged_at = step
        self.mailbox.post(Event(step, "diverged", text, replaces=again))

    def _post_diverged(self, headline: str, cause: str) -> None:
        steps, back = self.run.trainer.steps, self._earlier()
        back_to = back[0] if back is not None else steps
        self.mailbox.post(RunState("diverged", steps, cause, headline, back_to))

    @property
    def diverged(self) -> bool:
        """Whether the newest step tried was refused."""
        return self.divergence is not None

    def _earlier(self) -> tuple[int, Parameters] | None:
        """Weights from before things went wrong, and their step; None when there are none."""
        steps = self.run.trainer.steps
        found = self._rollback.find(steps) if self._rollback is not None else None
        if found is None or found[0] >= steps:
            found = (self.best.step, self.best.parameters) if self.best is not None else None
        return found if found is not None and found[0] < steps else None

    def _go_back(self) -> None:
        """Earlier weights and a fresh optimizer: what the old one remembers is of no use now."""
        trainer, earlier = self.run.trainer, self._earlier()
        if earlier is None:
            return
        trainer.optimizer = self._empty_optimizer(trainer.optimizer.name)
        state = trainer.state_dict(include_parameters=False)
        tensors = {k: v for k, v in state["tensors"].items() if not k.startswith("state.")}
        tensors |= {f"parameters.{name}": array for name, array in earlier[1].items()}
        trainer.load_state_dict({"tensors": tensors, "values": state["values"]})
        if self._rollback is not None:
            self._rollback.forget()
        text = f"went back to the weights of step {earlier[0]:,}"
        self.mailbox.post(Event(trainer.steps, "resumed", text))
        self._post_weights(exchanged=True)

    # Commands.

    def in_force(self) -> InForce:
        """The live settings the next step will use."""
        trainer = self.run.trainer
        return InForce(
            learning_rate=trainer.learning_rate,
            clip_kind=trainer.clipping.kind,
            clip_threshold=trainer.clipping.threshold,
            optimizer=trainer.optimizer.name,
            temperature=self.temperature,
        )

    def _obey(self, wait: bool) -> None:
        """Applies all queued commands; with `wait` blocks a little until there is one."""
        while True:
            try:
                command = self._commands.get(timeout=0.05) if wait else self._commands.get_nowait()
            except queue.Empty:
                return
            wait = False
            self._apply(command)

    def _apply(self, command: commands.Command) -> None:
        trainer = self.run.trainer
        match command:
            case commands.Play():
                self._mark_opened()
                self.divergence = None
                self._playing = True
                self._post_state("training")
            case commands.Pause():
                if self._playing:
                    self._playing = False
                    self._post_state("paused")
            case commands.StepOnce():
                self._mark_opened()
                self.divergence = None
                self._playing = False
                self._single_steps += 1
            case commands.GoBack():
                self._go_back()
            case commands.Stop():
                self._stopping = True
            case commands.SetLearningRate(value):
                old, trainer.learning_rate = trainer.learning_rate, value
                self._changed("lr", short(old), short(value))
            case commands.SetClipping(kind, threshold):
                before = trainer.clipping
                trainer.clipping = Clipping(kind, threshold)
                self._changed("clip", clip_words(before), clip_words(trainer.clipping))
            case commands.SetOptimizer(name):
                before_name = trainer.optimizer.name
                if name != before_name:
                    trainer.optimizer = self._empty_optimizer(name)
                self._changed("optimizer", before_name, name)
            case commands.UseBest():
                self._use_best()
            case commands.UseLast():
                self._use_last()
            case commands.Save(path, automatic):
                self.mailbox.post(self.checkpoint(path, automatic))
            case commands.SetTemperature(value):
                self.temperature = value
                self.mailbox.post(self.in_force())

    def _mark_opened(self) -> None:
        """A run from a file is marked where it goes on, once it does."""
        if self._opened:
            self._opened = False
            text = f"resumed from a file at step {self.run.trainer.steps:,}"
            self.mailbox.post(Event(self.run.trainer.steps, "resumed", text))

    def _empty_optimizer(self, name: str) -> Optimizer:
        settings = self.run.config.hyperparameters(name)
        return make_optimizer(name, self.run.network.parameters, **settings)

    def _use_best(self) -> None:
        """The network has the best weights from now on; those it had are kept for a return."""
        trainer, best = self.run.trainer, self.best
        if best is None:
            return
        weights = trainer.network.parameters
        if self._left is None or self._left.step != trainer.steps:
            self._left = _Left(trainer.steps, weights.copy(), trainer.optimizer)
        weights.flat[...] = best.parameters.flat
        trainer.optimizer = self._empty_optimizer(trainer.optimizer.name)
        self._weights_changed(f"weights of step {best.step:,}")

    def _use_last(self) -> None:
        left, self._left = self._left, None
        trainer = self.run.trainer
        if left is None or left.step != trainer.steps:
            return
        trainer.network.parameters.flat[...] = left.parameters.flat
        trainer.optimizer = left.optimizer
        self._weights_changed(f"weights of step {left.step:,}", replaces=True)

    def _weights_changed(self, words: str, replaces: bool = False) -> None:
        """Tells all who look at the weights; training waits for the next Play."""
        self._playing, self._single_steps, self.divergence = False, 0, None
        if self._rollback is not None:
            self._rollback.forget()
        self.mailbox.post(Event(self.run.trainer.steps, "weights", words, replaces=replaces))
        self._post_weights(exchanged=True)
        self._post_state("paused")

    # Keeping and going on.

    def checkpoint(
        self, path: str = "", automatic: bool = False, copied: bool = True
    ) -> Checkpoint:
        """A copy of the run, to be written to `path` by somebody else.

        Only for the thread that trains, or for anybody when that has ended; for the run's end it
        need not be `copied`.
        """
        state = {
            "seconds": self.seconds,
            "smoother": [self._smoother.value, self._smoother.count],
            "validations": self._validation_due.state(),
            "samples": [self._sample_spent, self._sample_last],
        }
        return take_checkpoint(
            self.run,
            state,
            temperature=self.temperature,
            best=self.best,
            last_row=self.last_row,
            path=path,
            automatic=automatic,
            copied=copied,
        )

    def resume(self, saved: SavedRun) -> None:
        """Takes over clocks, averages and best weights of a saved run; before the first step.

        What is missing or damaged in the section stays as in a new run: none of it changes the
        training.
        """
        self._opened = self.run.trainer.steps > 0
        self.seconds = saved.seconds
        self.best = saved.best
        if saved.record is not None:
            self.last_row = saved.record.last
            events = [
                e for e in saved.record.events if e.kind in ("diverged", "resumed", "weights")
            ]
            end = events[-1] if events else None
            if end and (end.kind, end.step) == ("diverged", self.run.trainer.steps + 1):
                self._diverged_at, self._diverged_before = end.step, end.text
        value, count = _numbers(saved.runner.get("smoother"), 2) or (0.0, 0.0)
        if count >= 1:
            self._smoother.value, self._smoother.count = value, int(count)
        due = _numbers(saved.runner.get("validations"), 3)
        if due is not None:
            self._validation_due.load_state(due)
        spent, last = _numbers(saved.runner.get("samples"), 2) or (0.0, 0.0)
        self._sample_spent, self._sample_last = spent, min(last, self.seconds)

    def _changed(self, kind: str, before: str, after: str) -> None:
        """Acknowledges a live setting, and marks the change once there is something to mark.

        A drag changes a setting many times; as one gesture it leaves one mark.
        """
        step, now = self.run.trainer.steps, self._clock()
        if before != after and step > 0:
            last_kind, last_time, last_before = self._gesture
            same = kind == last_kind and now - last_time < _GESTURE
            if same:
                before = last_before
            self._gesture = (kind, now, before)
            text = f"{kind} {before} → {after}"
            self.mailbox.post(Event(step, kind, text, replaces=same))
        self.mailbox.post(self.in_force())

    def _post_state(self, phase: str, message: str = "") -> None:
        self.mailbox.post(RunState(phase, self.run.trainer.steps, message))

    def _post_weights(self, exchanged: bool = False) -> None:
        run = self.run
        network, read = run.network.snapshot(), run.last_read(_READ)
        self.mailbox.post_weights(run.trainer.steps, network, read, exchanged)


def _numbers(value: object, count: int) -> list[float] | None:
    """So many finite numbers, or None for anything else."""
    if not isinstance(value, list) or len(value) != count:
        return None
    # A whole number may be beyond what a float can hold.
    good = all(isinstance(v, int | float) and 0 <= v <= sys.float_info.max for v in value)
    return [float(v) for v in value] if good else None


def short(rate: float) -> str:
    """A learning rate as people write it: 2.0e-3."""
    mantissa, exponent = f"{rate:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def clip_words(clipping: Clipping) -> str:
    """A clipping rule as people write it: 5, off."""
    return "off" if clipping.kind == "off" else f"{clipping.threshold:.2g}"
