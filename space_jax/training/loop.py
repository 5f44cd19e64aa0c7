"""The training loop of pre-training and fine-tuning.

The order of events is a contract, on which resumption depends:

1. The state comes from the last checkpoint of the workdir; otherwise its parameters are initialised, from `Job.initial`
   if given, and passed through `Job.initialise_head`. Step k takes batch k of the source, so no data position is saved.
2. A new run is evaluated and saved before its first step.
3. Each step: draw the next batch, start the step on the current one, read the metrics of the previous step, send the
   next batch to the devices. A step is therefore always queued while the host works. A step whose loss is not finite
   leaves the state unchanged, and its metrics are read before anything is evaluated or saved, so no checkpoint holds
   the result of a later step.
4. When due, evaluate the new state, then save it. A checkpoint at step k is written after everything else in step k,
   and a resumed run continues with step k + 1.
5. The run ends after its last step, or after `Pace.patience` evaluations without a better score. A run that is asked to
   stop saves first.
"""

import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any, Generic, NamedTuple

import jax
import optax
from jax.sharding import Mesh
from rich.console import Console

from space_jax.config import ModelConfig
from space_jax.errors import UserError
from space_jax.features.grid import GridShape
from space_jax.models.recipe import B, Objective
from space_jax.models.weights import Weights, by_path, graft
from space_jax.training import compile_times
from space_jax.training.beginning import Start
from space_jax.training.checkpoint import Checkpoints
from space_jax.training.curves import draw_curves
from space_jax.training.facts import other_machine
from space_jax.training.feed import Delivery, Feed, Source
from space_jax.training.memory_use import require_state_fits, within_memory
from space_jax.training.metrics import EVALUATION_SECONDS, Writers
from space_jax.training.processes import StopSignal
from space_jax.training.progress import RunProgress
from space_jax.training.sharding import Rules
from space_jax.training.state import TrainState, abstract_state, init_state
from space_jax.training.step import make_train_step, metric_names
from space_jax.training.tally import Clock, LostTargets
from space_jax.training.workdir import Workdir

BEST, SINCE_BEST = "best", "since_best"  # keys of the results: the best score, and the evaluations since then
Results = dict[str, float]
Numbers = dict[str, float]


class TrainingDiverged(UserError):  # noqa: N818 - named after the event
    """The loss or the gradient of a step was not finite."""


@dataclasses.dataclass(frozen=True)
class Measure:
    """The measure that decides which checkpoint is the best.

    Attributes:
      name: one of the results of an evaluation; "" if the last checkpoint counts as the best.
      falling: whether lower is better, as for a loss.
    """

    name: str
    falling: bool = False

    def score(self, step: int, results: Results) -> float:
        """The score, where higher is better; -inf for a measure that is not finite."""
        if not self.name:
            return float(step)
        value = results[self.name]
        return (-value if self.falling else value) if math.isfinite(value) else -math.inf

    def __str__(self) -> str:
        """For example `lowest loss`."""
        return f"{'lowest' if self.falling else 'highest'} {self.name}" if self.name else "last"


LAST = Measure("")


@dataclasses.dataclass(frozen=True)
class Pace:
    """The length of a run and the intervals of its events; after the last step, everything is due.

    Attributes:
      steps: steps of the whole run; 0 only evaluates.
      patience: evaluations without a better score before the run ends; 0 disables early stopping.
      keep_last: checkpoints kept beside the best one.
    """

    steps: int
    log_every: int
    eval_every: int
    checkpoint_every: int
    patience: int = 0
    keep_last: int = 1

    def due(self, step: int, every: int) -> bool:
        """Whether an event with the interval `every` is due after a step."""
        return step % every == 0 or step == self.steps

    def ended(self, step: int, results: Results) -> bool:
        """Whether a run with these results needs no further step."""
        return step >= self.steps or 0 < self.patience <= results.get(SINCE_BEST, 0)


@dataclasses.dataclass(frozen=True)
class Job(Generic[B]):
    """A training job.

    Attributes:
      objective: model and loss terms.
      optimiser: the optimiser.
      schedule: the optimiser's learning rate, for reports.
      source: the training batches.
      shape: one micro-batch; only its shapes are used.
      mesh: the device mesh.
      rules: logical axis name -> mesh axes.
      model: the model's configuration, for `initial`.
      seed: seed of parameters and dropout.
      pace: length and intervals.
      facts: the run's facts, see `facts.run_facts`.
      evaluate: maps parameters to results; its second argument tells whether given results are the best so far.
      measure: the result that decides which checkpoint is the best.
      initial: initial weights of a new run.
      initialise_head: applied to the parameters of a new run after that.
    """

    objective: Objective[B]
    optimiser: optax.GradientTransformation
    schedule: optax.Schedule
    source: Source[B]
    shape: B
    mesh: Mesh
    rules: Rules
    model: ModelConfig
    seed: int
    pace: Pace
    facts: dict[str, Any]
    evaluate: Callable[[Any, Callable[[Results], bool]], Results]
    measure: Measure
    initial: Weights | None = None
    initialise_head: Callable[[Any], Any] = lambda params: params


@dataclasses.dataclass(frozen=True)
class Result:
    """The outcome of a call of `train`.

    Attributes:
      step: total number of steps done.
      stopped: whether the run was asked to stop before its end.
      metrics: the latest held-out results.
      compile_seconds: time of this call's first step including compilation; 0.0 if no step was left.
    """

    step: int
    stopped: bool
    metrics: Results
    compile_seconds: float


class _Started(NamedTuple):
    """A step whose metrics have not been read yet."""

    step: int
    metrics: jax.Array
    delivery: Delivery[Any]


@dataclasses.dataclass
class _Run(Generic[B]):
    """The state of the loop."""

    job: Job[B]
    place: Workdir
    checkpoints: Checkpoints
    writers: Writers
    progress: RunProgress
    feed: Feed[B]
    state: TrainState
    step: int
    results: Results  # of the last evaluation
    is_best: bool = False  # whether the current state was evaluated and has the best score so far
    started: _Started | None = None
    timed_from: float = 0.0  # the end of the last timed interval
    clock: Clock = dataclasses.field(default_factory=Clock)
    targets: LostTargets = dataclasses.field(default_factory=LostTargets)
    compiled: set[GridShape] = dataclasses.field(default_factory=set)
    compile_seconds: float = 0.0

    @property
    def ended(self) -> bool:
        return self.job.pace.ended(self.step, self.results)


def train(
    job: Job[B], place: Workdir, write_down: Callable[[], None] = lambda: None, console: Console | None = None
) -> Result:
    """Trains until the end, resuming from the last checkpoint of the workdir if there is one.

    Args:
      job: the training job.
      place: the workdir; gets `checkpoints/`, `metrics.jsonl`, `tensorboard/` and `curves.png`; may be in a bucket.
      write_down: writes the run's description to `place.local`; called once the checkpoints are known to be the run's.
      console: shows progress.

    Raises:
      UserError: the mesh, a batch or a checkpoint does not fit; the memory or the disk does not suffice.
      TrainingDiverged: a loss or gradient is not finite; the last good checkpoint is kept.
    """
    abstract = abstract_state(job.objective, job.optimiser, job.shape, job.rules, job.mesh)
    require_state_fits(abstract, list(job.mesh.devices.flat))
    step = make_train_step(job.objective, job.optimiser, job.schedule, job.seed, abstract, job.rules, job.mesh)
    place.fetch()
    with within_memory(), StopSignal() as stop, Checkpoints(place.checkpoints, job.pace.keep_last) as checkpoints:
        latest, elsewhere = checkpoints.latest(), ""
        if latest is not None:
            state, (saved, results, _) = checkpoints.restore(latest, abstract, job.facts)
            elsewhere = other_machine(saved, job.facts)
        else:
            state, results = init_state(job.objective, job.optimiser, job.shape, job.seed, job.rules, job.mesh), {}
        if jax.process_index() == 0:
            # Also on resumption: fields that do not affect the results may have changed.
            write_down()
        last_step, start = (-1, 0) if latest is None else (latest, latest)
        feed = Feed(job.source, job.mesh, lambda: stop.requested)
        with Writers(place.local, last_step) as writers, RunProgress(job.pace.steps, start, console) as progress:
            stop.say = progress.say
            if writers.remark:
                progress.say(writers.remark)
            run = _Run(job, place, checkpoints, writers, progress, feed, state, start, results)
            if latest is None:
                _begin(run)
            else:
                progress.say(f"resuming at step {latest}{elsewhere}")
            try:
                _steps(run, step)
                result = _finish(run)
            finally:
                place.publish()  # also what was measured before a step diverged
    if jax.process_index() == 0:
        draw_curves(place.local)
    place.publish()
    return result


def _begin(run: _Run[B]) -> None:
    params, initial = run.state.params, run.job.initial
    new = tuple(by_path(params))
    if initial is not None:
        params, grafted = graft(params, initial, run.job.model)
        new = grafted.new
        run.progress.say(f"parameters from {initial.source}" + (f"; {grafted}" if str(grafted) else ""))
    if jax.process_index() == 0:
        Start(None if initial is None else initial.source, new).save(run.place.local)
    run.progress.busy("compiling the evaluation, then evaluating before the first step")
    run.state = dataclasses.replace(run.state, params=run.job.initialise_head(params))
    _evaluate(run)
    _save(run)


def _steps(run: _Run[B], step: Any) -> None:
    """Runs steps until the end or until a process is asked to stop."""
    if run.ended:
        return
    pace = run.job.pace
    run.job.source.seek(run.step)
    run.feed.draw()
    delivery = run.feed.take()
    run.timed_from = time.monotonic()
    while delivery is not None and not run.ended:
        more = run.step + 1 < pace.steps
        if more:
            run.feed.draw()
        _start(run, step, delivery)
        delivery = run.feed.take() if more else None
        evaluates = pace.due(run.step, pace.eval_every)
        if evaluates or pace.due(run.step, pace.checkpoint_every):
            _read_last(run)
            if evaluates:
                _evaluate(run)
            _save(run)
            run.timed_from = time.monotonic()
    _read_last(run)


def _start(run: _Run[B], step: Any, delivery: Delivery[B]) -> None:
    """Starts a step and reads the metrics of the previous one.

    A step with a new shape is compiled. Its metrics are read at once, so that it is timed by itself.
    """
    new = delivery.batch.shape not in run.compiled
    if new:
        _read_last(run)
        run.progress.busy(compile_times.expected(_step_of(run, delivery.batch)))
    run.state, metrics = step(run.state, delivery.batch)
    _read_last(run)
    run.step, run.is_best = run.step + 1, False
    run.started = _Started(run.step, metrics, delivery)
    if new:
        _read_last(run)


def _step_of(run: _Run[B], batch: B) -> compile_times.Step:
    """The step that a batch needs, for the time that it takes to compile."""
    model, accumulates = run.job.model, batch.valid.shape[0] > 1
    kind = {"objective": type(run.job.objective).__name__, "layers": model.layers, "remat": model.remat}
    return compile_times.Step.of({**kind, "accumulates": accumulates}, [run.job.facts["fingerprint"], batch.shape])


def _read_last(run: _Run[B]) -> None:
    """Reads the metrics of the last started step, if not yet read; waits for the devices."""
    if run.started is None:
        return
    started, run.started = run.started, None
    numbers = dict(zip(metric_names(run.job.objective), jax.device_get(started.metrics).tolist(), strict=True))
    _require_finite(run, started.step, numbers)
    now = time.monotonic()
    _account(run, started, now - run.timed_from)
    run.timed_from = now
    _log(run, started.step, numbers)


def _require_finite(run: _Run[B], step: int, numbers: Numbers) -> None:
    if numbers["finite"]:
        return
    bad = [name for name, mean in _term_means(numbers).items() if not math.isfinite(mean)]
    what = f"the loss terms {', '.join(bad)} are" if bad else "the gradient is"
    last = run.checkpoints.latest()
    saved = "there is no checkpoint yet" if last is None else f"the last good checkpoint is of step {last}"
    raise TrainingDiverged(
        f"training step {step}: {what} not finite; {saved}; a lower optimiser.learning_rate or optimiser.clip_norm may "
        "help"
    )


def _term_means(numbers: Numbers) -> Numbers:
    names = [name.removesuffix("/total") for name in numbers if name.endswith("/total")]
    pairs = {name: (numbers[f"{name}/total"], numbers[f"{name}/weight"]) for name in names}
    return {name: total / weight if weight else 0.0 for name, (total, weight) in pairs.items()}


def _account(run: _Run[B], started: _Started, seconds: float) -> None:
    """Records the time of a step; the first of a shape includes compilation and is recorded separately."""
    delivery, shape = started.delivery, started.delivery.batch.shape
    run.targets.add(delivery.lost, delivery.masked)
    if shape in run.compiled:
        run.clock.add(seconds, delivery.tokens, delivery.padding)
        return
    run.compiled.add(shape)
    run.compile_seconds = run.compile_seconds or seconds
    run.writers.write("compile", started.step, {"seconds": seconds, "rows": shape.rows})
    compile_times.record(_step_of(run, delivery.batch), seconds)
    run.progress.say(f"step {started.step} compiled in {seconds:.1f} s: {shape}")


def _log(run: _Run[B], step: int, numbers: Numbers) -> None:
    if not run.job.pace.due(step, run.job.pace.log_every):
        run.progress.advance(step)
        return
    rates = run.clock.look()
    speed = rates._asdict() if rates.seconds_per_step else {}  # a step that compiled is no measure of speed
    values = {name: numbers[name] for name in ("loss", "grad_norm", "learning_rate")}
    terms = {f"term/{name}": mean for name, mean in _term_means(numbers).items()}
    weights = {f"weight/{name.removesuffix('/weight')}": n for name, n in numbers.items() if name.endswith("/weight")}
    lost, warning = run.targets.look()
    counts = {"lost_targets": lost, "programs": len(run.compiled)}
    run.writers.write("train", step, {**values, **terms, **weights, **speed, **counts})
    if warning:
        run.progress.say(warning)
    run.progress.report(step, numbers["loss"], rates)


def _evaluate(run: _Run[B]) -> None:
    """Evaluates the current state and records whether it is the best so far."""
    best, began = run.results.get(BEST, -math.inf), time.monotonic()
    measure = run.job.measure
    results = run.job.evaluate(run.state.params, lambda found: measure.score(run.step, found) > best)
    score = measure.score(run.step, results)
    run.is_best = score > best
    since = 0 if run.is_best else int(run.results.get(SINCE_BEST, -1)) + 1
    history = {BEST: max(score, best)} if math.isfinite(max(score, best)) else {}
    run.results = {**results, **history, SINCE_BEST: since}
    run.writers.write("eval", run.step, {**results, EVALUATION_SECONDS: time.monotonic() - began})
    shown = "  ".join(f"{name} {value:.4f}" for name, value in results.items() if "/" not in name)
    run.progress.say(f"held out at step {run.step}: {shown}" + (f"  (best so far: {measure})" if run.is_best else ""))


def _save(run: _Run[B]) -> None:
    """Saves the current state; only the best gets a rank, since among equals Orbax would keep the latest."""
    rank = -run.results[BEST] if run.is_best else None
    run.checkpoints.save(run.step, run.state, run.job.facts, run.results, rank)
    run.place.publish()


def _finish(run: _Run[B]) -> Result:
    stopped = not run.ended
    if stopped:
        if run.checkpoints.latest() != run.step:
            _save(run)
        again = "running the cell again" if run.progress.in_notebook else "the same command"
        run.progress.say(f"stopped after step {run.step}; {again} continues from here")
    elif run.step and run.checkpoints.best() == 0:
        run.progress.say(
            f"no evaluation was better than the one before training ({run.job.measure}), so the best checkpoint is "
            "that of step 0, untrained: --init takes it, evaluate and predict refuse it unless its head was fitted; "
            "other data, or another learning rate or length, may help, and --step latest names the last checkpoint"
        )
    metrics = {name: value for name, value in run.results.items() if name not in (BEST, SINCE_BEST)}
    return Result(run.step, stopped, metrics, run.compile_seconds)
