"""Fine-tuning as the command does it: read, set up, train, write down what came out."""

import dataclasses
import hashlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
from rich.console import Console

from space_jax.config import ModelConfig
from space_jax.config_files import read_config, save_config
from space_jax.errors import UserError
from space_jax.features.tokenizer import Tokenizer, load_tokenizer
from space_jax.models.weights import Weights, by_path, require_fit
from space_jax.tasks import shots as few
from space_jax.tasks.config import FinetuneConfig
from space_jax.tasks.fitting import Results, fit
from space_jax.tasks.inference import Inference
from space_jax.tasks.registry import task_class
from space_jax.tasks.task import Json, Task
from space_jax.tasks.trained import Trained
from space_jax.tasks.workdir import ERRORS, LABELS, RESULTS, SUPPORT, write_arrays, write_json, write_text
from space_jax.training.checkpoint import find_checkpoints, read_notes
from space_jax.training.curves import draw_curves
from space_jax.training.distributed import ending_together, initialise_distributed
from space_jax.training.facts import require_same_run, run_facts
from space_jax.training.initial_weights import read_weights
from space_jax.training.mesh import make_mesh
from space_jax.training.sharding import unbox
from space_jax.training.state import abstract_params
from space_jax.training.trained import CHECKPOINTS, TOKENIZER

_HEAD = "head/"


@dataclasses.dataclass(frozen=True)
class Subset:
    """Which training records a run takes.

    Attributes:
      shots: "10", "10%", or the path of a file with ids; "" for all.
      seed: of the draw.
    """

    shots: str = ""
    seed: int = 0


def finetune(
    config: FinetuneConfig,
    workdir: Path,
    init: str | None = None,
    subset: Subset = Subset(),
    console: Console | None = None,
) -> Json | None:
    """Fine-tunes, going on from the last checkpoint of `workdir` where there is one.

    Args:
      config: of the run; sizes and recipe come from the weights.
      workdir: gets `config.json`, `tokenizer/`, `labels.json`, `shots.json`, `checkpoints/`, `metrics.jsonl`,
        `curves.png`, and at the end `results.json` and `errors.html`.
      init: what the parameters of a new run start from, see `training.initial_weights.read_weights`.
      subset: of the training records.
      console: where progress is shown.

    Returns:
      What `results.json` holds; None when the run was asked to stop before its end.

    Raises:
      UserError: a configuration, corpus, weights or checkpoint that does not fit.
    """
    initialise_distributed()
    with ending_together():
        return _finetune(config, workdir, init, subset, console)


def _finetune(
    config: FinetuneConfig, workdir: Path, init: str | None, subset: Subset, console: Console | None
) -> Json | None:
    began = time.monotonic()
    kind = task_class(config.task.name)
    train = _subset(kind, kind.read_split(config.task, config.data, "train"), subset)
    validation = kind.read_split(config.task, config.data, "validation")
    # Everything that can be refused is refused before the workdir is touched.
    checkpoints = find_checkpoints(workdir / CHECKPOINTS).steps
    config, tokenizer, initial = _start(config, workdir, init, bool(checkpoints))
    facts = run_facts(config, [_fingerprint(train), _fingerprint(validation)])  # type: ignore[arg-type]
    if checkpoints:
        saved, _ = read_notes(workdir / CHECKPOINTS, checkpoints[-1])
        require_same_run(saved, facts, str(workdir / CHECKPOINTS / str(checkpoints[-1])))
    labels = kind.make_labels(config.task, train)
    task = kind(config.task, labels, tokenizer, config.model, config.recipe or None)
    if initial is not None:
        shape = task.collate([], config.train.batch_size // config.optimiser.accumulate, None)
        require_fit(by_path(unbox(abstract_params(task, shape))), initial, config.model)  # type: ignore[arg-type]
    if jax.process_index() == 0:
        _write_down(config, workdir, tokenizer, labels, train, subset)
    mesh = make_mesh(config.mesh)
    examples, held_out = [task.example(r) for r in train], [task.example(r) for r in validation]
    inference = Inference(task, config.mesh.rules, mesh, config.train.predict_batch)

    def evaluate(params: Any, best: float) -> Results:
        support = task.support(inference(params, examples), examples) if task.needs_support else {}
        raw = task.predictions(inference(params, held_out), held_out, support)
        calibration = task.calibrate(validation, raw)
        scores = task.score(validation, task.decide(raw, calibration))
        if support and scores[task.measure] > best and jax.process_index() == 0:
            write_arrays(workdir / SUPPORT, support)
        return {**scores, **calibration}

    def prepare(params: Any) -> Any:
        return task.prepare(params, lambda: inference(params, examples), examples)

    if not fit(task, config, workdir, examples, evaluate, mesh, facts, initial, prepare, console):
        return None
    return _finish(workdir, validation, len(train), time.monotonic() - began)


def _subset(kind: type[Task], records: list[Any], subset: Subset) -> list[Any]:
    if not subset.shots:
        return records
    if Path(subset.shots).suffix == ".json":
        return few.select(records, Path(subset.shots))
    return few.choose(records, kind.strata, subset.shots, subset.seed)


def _start(
    config: FinetuneConfig, workdir: Path, init: str | None, resumed: bool
) -> tuple[FinetuneConfig, Tokenizer, Weights | None]:
    """The configuration with sizes and recipe filled in, the tokenizer, and the weights of a new run."""
    if resumed:
        if init is not None and jax.process_index() == 0:
            print(f"--init {init}: not read, because {workdir} has checkpoints to go on from", file=sys.stderr)
        saved: FinetuneConfig = read_config(workdir, FinetuneConfig)
        return _filled(config, saved.model, saved.recipe), load_tokenizer(workdir / TOKENIZER), None
    if init is None:
        raise UserError("--init: expected the weights to start from: a run, converted weights, or 'minilm'")
    weights = read_weights(init)
    tokenizer = weights.tokenizer
    if tokenizer is None:
        raise UserError(f"--init {init}: has no tokenizer, without which no text can be read")
    model = dataclasses.replace(weights.model, vocabulary=tokenizer.vocabulary())
    # The head of another task is of other classes.
    arrays = {path: array for path, array in weights.arrays.items() if not path.startswith(_HEAD)}
    weights = dataclasses.replace(weights, arrays=arrays)
    return _filled(config, model, weights.recipe or ""), tokenizer, weights


def _filled(config: FinetuneConfig, sizes: ModelConfig, recipe: str) -> FinetuneConfig:
    """The sizes of the weights with what the configuration says about computing."""
    own = config.model
    model = dataclasses.replace(sizes, dropout=config.dropout, dtype=own.dtype, remat=own.remat)
    return dataclasses.replace(config, model=model, recipe=recipe)


def _write_down(
    config: FinetuneConfig, workdir: Path, tokenizer: Tokenizer, labels: Json, train: Sequence[Any], subset: Subset
) -> None:
    save_config(config, workdir)
    tokenizer.save(workdir / TOKENIZER)
    write_json(workdir / LABELS, labels)
    if subset.shots:
        few.write_ids(workdir / few.FILE, train, subset.shots, subset.seed)


def _fingerprint(records: Sequence[Any]) -> str:
    """What tells the records of a run from others."""
    text = json.dumps([dataclasses.asdict(record) for record in records], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _finish(workdir: Path, validation: Sequence[Any], trained_on: int, seconds: float) -> Json:
    """The best checkpoint once more, for its predictions."""
    trained = Trained(workdir)
    predictions = trained.predict_records(validation)
    scores = trained.task.score(validation, predictions)
    results = {
        "step": trained.step,
        "measure": trained.task.measure,
        **scores,
        **trained.calibration,
        "training_records": trained_on,
        "validation_records": len(validation),
        "seconds_of_the_last_call": round(seconds, 1),
    }
    if jax.process_index() == 0:
        write_json(workdir / RESULTS, results)
        page = trained.task.error_page(validation, predictions, f"{workdir.name}: errors on validation")
        if page is not None:
            write_text(workdir / ERRORS, page)
        draw_curves(workdir)
    return results
