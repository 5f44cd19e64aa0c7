"""Runs from Python, with the verbs of the command line: `pretrain`, `finetune`, `curves`, `load`, `evaluate`."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from space_jax.agent.agent import Agent
from space_jax.api.finetuned import Finetuned
from space_jax.api.pretrained import Pretrained
from space_jax.config import PretrainConfig
from space_jax.config_files import apply_overrides, read_config
from space_jax.errors import UserError
from space_jax.remote import as_path
from space_jax.tasks import finetune as finetuning
from space_jax.tasks.config import FinetuneConfig, is_finetuned
from space_jax.tasks.finetune import Subset, chosen_by
from space_jax.tasks.nearest_training import nearest_training, training_of
from space_jax.tasks.predictor import Predictor
from space_jax.tasks.row_predictions import evaluate_file, evaluate_split
from space_jax.tasks.seeds import summarise
from space_jax.tasks.task import Json
from space_jax.tasks.workdir import write_text
from space_jax.terminal.progress import telling
from space_jax.training import pretrain as pretraining
from space_jax.training.curves import Curves, curves_of
from space_jax.training.loop import Result
from space_jax.training.pretrain import best_measure
from space_jax.training.run_reader import BEST, evaluate_run
from space_jax.training.workdir import METRICS

PathLike = str | os.PathLike[str]


def pretrain(config: PretrainConfig, workdir: PathLike, init: str | None = None, grafts: Sequence[str] = ()) -> Result:
    """Pre-trains; the same call continues a run that stopped.

    Args:
      config: from `load_config`, or made of the classes of `space_jax.config`.
      workdir: folder of the run, which may be in a bucket: `config.json`, `checkpoints/`, `metrics.jsonl`, ...
      init: what a new run starts from: another run, converted weights, a folder of Hugging Face, or "minilm".
      grafts: modules of other runs to put into it, each "DIR:MODULE", such as "runs/other:pooler".

    Returns:
      How the call ended: `step`, `stopped`, the last held-out `metrics`.

    Raises:
      UserError: a configuration, corpus or checkpoint that does not fit; a loss that is not finite.
    """
    _require_kind(config, PretrainConfig, "pretrain")
    return pretraining.pretrain(config, as_path(workdir), init, grafts=grafts)


def finetune(
    config: FinetuneConfig,
    workdir: PathLike,
    init: str | None = None,
    shots: str = "",
    seeds: Sequence[int] = (),
    grafts: Sequence[str] = (),
) -> Json | None:
    """Fine-tunes; the same call continues a run that stopped.

    Args:
      config: from `load_config`, or made of the classes of `space_jax.tasks.config`.
      workdir: folder of the run, which may be in a bucket.
      init: what a new run starts from: a run, converted weights, a folder of Hugging Face, or "minilm".
      shots: training records of each class, "10", or a share, "10%", or a file with their ids, "shots.json"; all if "".
      seeds: one run per seed, in `workdir/seed-S`; one run with the configuration's seed if there are none.
      grafts: as for `pretrain`; a "head" must be of the same labels.

    Returns:
      What `results.json` holds: step, scores, numbers of records; with seeds what `summary.json` holds: of each score
      mean and deviation. None when it was asked to stop before its end.

    Raises:
      UserError: a configuration, corpus, weights or checkpoint that does not fit.
    """
    _require_kind(config, FinetuneConfig, "finetune")
    folder = as_path(workdir)
    if not seeds:
        return finetuning.finetune(config, folder, init, Subset(shots, config.train.seed), grafts=grafts)
    runs = {}
    of_seed = {seed: dataclasses.replace(config, train=dataclasses.replace(config.train, seed=seed)) for seed in seeds}
    for seed, seeded in of_seed.items():
        results = finetuning.finetune(seeded, folder / f"seed-{seed}", init, Subset(shots, seed), grafts=grafts)
        if results is None:  # asked to stop
            return None
        runs[seed] = results
    return summarise(folder, runs)


def curves(workdir: PathLike) -> Curves:
    """The losses and held-out measures of a run, also of one that is not finished.

    Args:
      workdir: folder of the run, which may be in a bucket.

    Returns:
      A figure of matplotlib, which a notebook shows; `savefig` writes it.

    Raises:
      UserError: the folder holds no measures.
    """
    figure = curves_of({"": as_path(workdir)})
    if figure is None:
        raise UserError(f"{workdir}: no measures in {METRICS}; is it the workdir of a run that has begun?")
    return figure


def load(workdir: PathLike, step: str = "best") -> Pretrained | Finetuned | Agent:
    """The model of a run, in a class that depends on what the run trained.

    To tell a type checker which class, call `space_jax.Finetuned.load(workdir)` and so on; these also take more
    arguments, such as the batch size or an agent's tables.

    Args:
      workdir: folder of the run, which may be in a bucket.
      step: "best", "latest" or a number.

    Returns:
      Of a pre-training run a `Pretrained`, which has `embed`; of a fine-tuned one a `Finetuned`, which has `predict`;
      of one for dialogue an `Agent`, which has `reply`.

    Raises:
      UserError: no such run or checkpoint, or a damaged one.
    """
    folder = as_path(workdir)
    if not is_finetuned(folder):
        return Pretrained.load(folder, step)
    if read_config(folder, FinetuneConfig).task.name == "dialogue":
        return Agent.load(folder, step)
    return Finetuned.load(folder, step)


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """A measured checkpoint.

    Attributes:
      step: of the checkpoint.
      measured: the split, or the name of the file.
      scores: measure -> value; of a pre-training run as during training, of a fine-tuned one those of its task.
      records: how many records were scored; None for a pre-training run, whose measures count various things.
      left_out: the errors of lines of a file that could not be used.
      unknown: a sentence about labels of the records that training lacks; "" if there are none.
      chosen_by: the rule by which the checkpoint was chosen; "" if its step was given.
    """

    step: int
    measured: str
    scores: dict[str, float]
    records: int | None = None
    left_out: tuple[str, ...] = ()
    unknown: str = ""
    chosen_by: str = ""


def evaluate(
    workdir: PathLike,
    split: str = "validation",
    step: str = "best",
    input: PathLike | None = None,
    errors: PathLike | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Measures a checkpoint on held-out data.

    Args:
      workdir: folder of a run.
      split: "validation" or "test".
      step: "best", "latest" or a number.
      input: fine-tuned: a labelled CSV, TSV or JSONL file instead of a split.
      errors: fine-tuned: write a page (HTML) about the errors here.
      overrides: fields of the run's configuration to change, such as where the data lies: dotted name -> value.

    Raises:
      UserError: no such run, checkpoint, split or file; `input` or `errors` of a run that is not fine-tuned.
    """
    folder = as_path(workdir)
    if is_finetuned(folder):
        return _evaluate_finetuned(folder, split, step, input, errors, overrides or {})
    if input is not None or errors is not None:
        raise UserError(f"--input, --errors: are for fine-tuned models, and {workdir} is not the workdir of one")
    config = apply_overrides(read_config(folder), overrides or {})
    with telling("batches", "compiling the evaluation") as told:
        number, scores = evaluate_run(config, folder, step, split, told)
    chosen = f"{best_measure(config)} on validation" if step == BEST else ""
    return Evaluation(number, split, scores, chosen_by=chosen)


def _evaluate_finetuned(
    folder: Path, split: str, step: str, input: PathLike | None, errors: PathLike | None, overrides: Mapping[str, Any]
) -> Evaluation:
    trained = Predictor(folder, step, overrides=overrides)
    trained.require_steps(step)
    with telling("records", "compiling the evaluation") as trained.told:
        if input is None:
            result, measured = evaluate_split(trained, split), split
        else:
            result, measured = evaluate_file(trained, Path(input)), Path(input).name
    if errors is not None:
        title = f"{folder.name}: errors on {measured}"
        nearest = nearest_training(trained, lambda: training_of(trained, folder))
        page = trained.task.error_page(result.records, result.predictions, title, nearest)
        if page is None:
            raise UserError(f"--errors: the task {trained.task.name} has no page about errors")
        write_text(Path(errors), page)
    chosen = chosen_by(trained.config, trained.task) if step == BEST else ""
    return Evaluation(trained.step, measured, result.scores, len(result.records), result.errors, result.unknown, chosen)


def _require_kind(config: Any, kind: type, function: str) -> None:
    if not isinstance(config, kind):
        found = type(config).__name__
        raise UserError(f"{function}: expected a {kind.__name__}, as load_config may give it, found {found}")
