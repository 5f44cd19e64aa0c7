"""Fine-tuning as the command does it: read, set up, train, write the results."""

import dataclasses
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
from rich.console import Console

from space_jax.config import ModelConfig
from space_jax.config_files import read_config, save_config
from space_jax.errors import UserError
from space_jax.features.tokenizer import Tokenizer, load_tokenizer
from space_jax.models.attention_path import settled
from space_jax.models.weights import Weights, by_path, require_fit
from space_jax.tasks import shots as few
from space_jax.tasks.batches import EpochBatches, steps_per_epoch
from space_jax.tasks.config import FinetuneConfig
from space_jax.tasks.inference import Inference
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.known_labels import require_comparable, unknown_labels
from space_jax.tasks.nearest_training import nearest_training
from space_jax.tasks.predictor import Predictor
from space_jax.tasks.rates import make_finetune_optimiser
from space_jax.tasks.registry import task_class
from space_jax.tasks.task import Json, Task
from space_jax.tasks.text_packing import TaskBatch
from space_jax.tasks.workdir import ERRORS, LABELS, RESULTS, SUPPORT, write_arrays, write_json, write_text
from space_jax.terminal import say
from space_jax.training.checkpoint import agreed_checkpoints, read_notes
from space_jax.training.facts import require_same_run, run_facts
from space_jax.training.feed import part_of
from space_jax.training.initial_weights import for_dialogues, grafted, read_weights, require_init
from space_jax.training.joining import initialise_distributed
from space_jax.training.least_memory import require_examples_fit
from space_jax.training.loop import LAST, Job, Measure, Pace, Results, train
from space_jax.training.mesh import make_mesh
from space_jax.training.optimiser import learning_rate_schedule, require_frozen
from space_jax.training.processes import ending_together
from space_jax.training.sharding import unbox
from space_jax.training.state import abstract_params
from space_jax.training.workdir import TOKENIZER, Workdir

_HEAD = "head/"
COMPUTING = ("attention", "attention_dropout", "dropout_generator", "dtype", "remat")
"""The fields of a model that a fine-tuning run does not take from its weights, beside the dropout."""


@dataclasses.dataclass(frozen=True)
class Subset:
    """The training records of a run.

    Attributes:
      shots: "10", "10%", or the path of a file with ids; "" for all.
      seed: of the draw.
    """

    shots: str = ""
    seed: int = 0


def finetune(
    config: FinetuneConfig,
    workdir: str | os.PathLike[str],
    init: str | None = None,
    subset: Subset = Subset(),
    console: Console | None = None,
    grafts: Sequence[str] = (),
) -> Json | None:
    """Fine-tunes, continuing from the last checkpoint of `workdir` where there is one.

    Args:
      config: of the run; sizes and recipe come from the weights.
      workdir: gets `config.json`, `tokenizer/`, `labels.json`, `shots.json`, `checkpoints/`, `metrics.jsonl`,
        `curves.png`, and at the end `results.json` and `errors.html`; may be in a bucket (`gs://...`).
      init: the start of a new run, see `training.initial_weights.read_weights`.
      subset: of the training records.
      console: where progress is shown; standard error by default.
      grafts: modules of other runs in the place of those of `init`, see `training.initial_weights.grafted`; a `head`
        must be of the same labels.

    Returns:
      The content of `results.json`; None when the run was asked to stop early.

    Raises:
      UserError: a configuration, corpus, weights or checkpoint that does not fit; a loss that is not finite; another
        run that is writing the workdir; a disk or a memory that does not suffice.
    """
    initialise_distributed()
    place = Workdir(workdir)
    with ending_together(), place.held():
        return _finetune(config, place, init, subset, console, grafts)


def _finetune(
    config: FinetuneConfig,
    place: Workdir,
    init: str | None,
    subset: Subset,
    console: Console | None,
    grafts: Sequence[str],
) -> Json | None:
    began = time.monotonic()
    require_init(init, grafts)
    kind = task_class(config.task.name)
    everything = kind.read_split(config.task, config.data, "train")
    train_records = _subset(kind, everything, subset)
    chosen = {record.id for record in train_records}
    left_out = [record for record in everything if record.id not in chosen]
    unlabelled = kind.read_unlabelled(config.task, config.data, left_out)
    validation = kind.read_split(config.task, config.data, "validation")
    labels = kind.make_labels(config.task, train_records)
    require_comparable(kind, config.task, labels, train_records, validation)
    # Everything that can be refused is refused before the workdir is touched.
    checkpoints = agreed_checkpoints(place.checkpoints)
    config, tokenizer, initial = _start(config, place.folder, init, bool(checkpoints), grafts)
    read = [train_records, validation, *([unlabelled] if unlabelled else [])]
    facts = run_facts(config, [_fingerprint(records) for records in read], labels)
    if checkpoints:
        saved = read_notes(place.checkpoints, checkpoints[-1])
        require_same_run(saved.facts, facts, str(place.checkpoints / str(checkpoints[-1])))
    for name in ("batch_size", "predict_batch"):
        require_examples_fit(
            f"config field train.{name}", getattr(config.train, name), config.model, make_mesh(config.mesh)
        )
    task = kind(config.task, labels, tokenizer, config.model, config.recipe or None)
    job = _job(task, config, train_records, unlabelled, validation, facts, place)
    if config.optimiser.freeze:
        require_frozen(config.optimiser, unbox(abstract_params(task, job.shape)))
    if initial is not None:
        require_fit(by_path(unbox(abstract_params(task, job.shape))), initial, config.model)
        job = dataclasses.replace(job, initial=initial)

    def write_down() -> None:
        save_config(config, place.local)
        tokenizer.save(place.local / TOKENIZER)
        write_json(place.local / LABELS, labels)
        if subset.shots:
            few.write_ids(place.local / few.FILE, train_records, subset.shots, subset.seed)

    unknown = unknown_labels(kind, config.task, labels, validation)
    told = [f"validation has {unknown}"] if unknown else []
    for remark in (*told, *kind.remarks(config.task, labels)) if jax.process_index() == 0 else ():
        say(remark, sys.stderr)
    if train(job, place, write_down, console).stopped:
        return None
    return _finish(place, validation, train_records, began)


def best_measure(config: FinetuneConfig, task: Task) -> Measure:
    """The rule for the checkpoint that counts."""
    return Measure(task.measure) if config.train.keep_by == "best" else LAST


def chosen_by(config: FinetuneConfig, task: Task) -> str:
    """The rule by which a run's checkpoint was chosen, in words."""
    measure = best_measure(config, task)
    return f"{measure} on validation" if measure.name else "no split: the last evaluation"


def _job(
    task: Task,
    config: FinetuneConfig,
    train_records: Sequence[Any],
    unlabelled: Sequence[Any],
    validation: Sequence[Any],
    facts: dict[str, Any],
    place: Workdir,
) -> Job[TaskBatch]:
    """The training job for a task; the evaluation of a new best score writes `support.npz`."""
    mesh, rules, every = make_mesh(config.mesh), config.mesh.rules, config.train
    examples, held_out = task.training_examples(train_records), [task.example(record) for record in validation]
    everything = [*examples, *map(task.example, unlabelled)]
    inference = Inference(task, rules, mesh, every.predict_batch)

    def evaluate(params: Any, is_best: Callable[[Results], bool]) -> Results:
        support = task.support(inference(params, everything), everything) if task.needs_support else {}
        raw = task.predictions(inference(params, held_out), held_out, support)
        calibration = task.calibrate(validation, raw)
        scores = task.score(validation, task.decide(raw, calibration))
        if support and is_best(scores) and jax.process_index() == 0:
            write_arrays(place.local / SUPPORT, support)
        return {**scores, **calibration}

    accumulate, per_epoch = config.optimiser.accumulate, steps_per_epoch(len(examples), every.batch_size)
    steps = every.epochs * per_epoch if task.trains else 0
    return Job(
        objective=task,
        optimiser=make_finetune_optimiser(config.optimiser, steps, config.model.layers),
        schedule=learning_rate_schedule(config.optimiser, max(steps, 1)),
        source=EpochBatches(task, examples, every.batch_size, accumulate, every.seed, part_of(mesh)),
        shape=task.collate([], every.batch_size // accumulate, None),
        mesh=mesh,
        rules=rules,
        model=config.model,
        seed=every.seed,
        pace=Pace(
            steps,
            every.log_every,
            every.eval_every * per_epoch,
            every.checkpoint_every,
            every.patience,
            every.keep_last,
        ),
        facts=facts,
        evaluate=evaluate,
        measure=best_measure(config, task),
        initialise_head=lambda params: task.initialise_head(params, lambda: inference(params, everything), everything),
    )


def _subset(kind: type[Task], records: list[Any], subset: Subset) -> list[Any]:
    return few.take(records, kind.strata, subset.shots, subset.seed) if subset.shots else records


def _start(
    config: FinetuneConfig, workdir: Path, init: str | None, resumed: bool, grafts: Sequence[str]
) -> tuple[FinetuneConfig, Tokenizer, Weights | None]:
    """The configuration with sizes and recipe filled in, the tokenizer, and the weights of a new run."""
    if resumed:
        if init is not None and jax.process_index() == 0:
            print(f"--init {init}: not read, because {workdir} has checkpoints to continue from", file=sys.stderr)
        saved: FinetuneConfig = read_config(workdir, FinetuneConfig)
        vector = getattr(saved.task, "vector", None)
        return _filled(config, saved.model, saved.recipe, vector), load_tokenizer(workdir / TOKENIZER), None
    if init is None:
        raise UserError("--init: expected the weights to start from: a run, converted weights, or 'minilm'")
    weights = for_dialogues(read_weights(init))
    tokenizer = weights.tokenizer
    if tokenizer is None:
        raise UserError(f"--init {init}: has no tokenizer, without which no text can be read")
    model = dataclasses.replace(weights.model, vocabulary=tokenizer.vocabulary())
    # The head of another task has other classes.
    arrays = {path: array for path, array in weights.arrays.items() if not path.startswith(_HEAD)}
    weights = grafted(dataclasses.replace(weights, arrays=arrays), grafts)
    return _filled(config, model, weights.recipe or "", weights.vector), tokenizer, weights


def _filled(config: FinetuneConfig, sizes: ModelConfig, recipe: str, vector: str | None) -> FinetuneConfig:
    """The sizes of the weights and the vector that they were trained for, with what is said about computing."""
    computing = {name: getattr(config.model, name) for name in COMPUTING}
    sizes = dataclasses.replace(sizes, adapter=config.model.adapter or sizes.adapter)
    model, task = settled(dataclasses.replace(sizes, dropout=config.dropout, **computing)), config.task
    if vector is not None and isinstance(task, IntentConfig) and task.vector == "auto":
        task = dataclasses.replace(task, vector=vector)
    return dataclasses.replace(config, model=model, recipe=recipe, task=task)


def _fingerprint(records: Sequence[Any]) -> str:
    """Identifies the records of a run."""
    text = json.dumps([_content(record) for record in records], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _content(record: Any) -> Json:
    return {name: value for name, value in dataclasses.asdict(record).items() if name != "where"}  # a file may move


def _finish(place: Workdir, validation: Sequence[Any], training: Sequence[Any], began: float) -> Json:
    """Predicts with the best checkpoint and writes the results."""
    trained = Predictor(place.folder)
    predictions, scores = trained.measure(validation)
    results = {
        "step": trained.step,
        "measure": trained.task.measure,
        "chosen_by": chosen_by(trained.config, trained.task),
        **scores,
        **trained.calibration,
        "training_records": len(training),
        "validation_records": len(validation),
        "seconds_of_the_last_call": round(time.monotonic() - began, 1),
    }
    title = f"{place.folder.name}: errors on validation"
    page = trained.task.error_page(validation, predictions, title, nearest_training(trained, lambda: training))
    if jax.process_index() == 0:
        write_json(place.local / RESULTS, results)
        if page is not None:
            write_text(place.local / ERRORS, page)
    place.publish()
    return results
