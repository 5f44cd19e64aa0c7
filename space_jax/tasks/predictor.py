"""A fine-tuned model, read from the workdir of its run."""

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from space_jax.config_files import CONFIG_FILE, apply_overrides, read_config
from space_jax.errors import UserError
from space_jax.features.tokenizer import load_tokenizer
from space_jax.models.attention_path import anywhere
from space_jax.remote import as_path
from space_jax.tasks.config import FinetuneConfig, is_finetuned
from space_jax.tasks.inference import Inference
from space_jax.tasks.registry import task_class
from space_jax.tasks.task import Arrays, Json, Task
from space_jax.tasks.workdir import LABELS, SUPPORT, read_arrays, read_json
from space_jax.terminal.progress import Told, untold
from space_jax.training import run_reader as runs
from space_jax.training.beginning import require_steps
from space_jax.training.checkpoint import load_params, read_notes
from space_jax.training.facts import require_as_trained, require_labels_as_trained
from space_jax.training.least_memory import require_examples_fit
from space_jax.training.mesh import make_mesh
from space_jax.training.state import abstract_placed_params


class Predictor:
    """Predicts with the best checkpoint of a run.

    Attributes:
      config: of the run.
      task: with the run's labels.
      step: of the checkpoint.
      calibration: values chosen on validation data.
      told: hears how many examples of a call are done.
    """

    def __init__(
        self,
        workdir: str | os.PathLike[str],
        step: str = runs.BEST,
        batch_size: int | None = None,
        overrides: Mapping[str, Any] | None = None,
        rows: Sequence[int] = (),
    ):
        """Reads the checkpoint.

        Args:
          workdir: of a fine-tuning run.
          step: "best", "latest" or a number.
          batch_size: examples of a batch; the run's if None.
          overrides: fields of the configuration to change, such as where the data lies.
          rows: see `Inference`.

        Raises:
          UserError: no such run or checkpoint, or a damaged one.
        """
        self.told: Told = untold
        self._workdir = workdir = as_path(workdir)
        if not is_finetuned(workdir):
            raise UserError(
                f"{workdir}: not the workdir of a fine-tuning run ({_why_none(workdir)}); "
                "expected a folder that `space-jax finetune --workdir` wrote"
            )
        written: FinetuneConfig = read_config(workdir, FinetuneConfig)
        config: FinetuneConfig = apply_overrides(written, overrides or {})
        self.config = config = dataclasses.replace(config, model=anywhere(config.model))
        tokenizer = load_tokenizer(workdir / runs.TOKENIZER)
        kind = task_class(self.config.task.name)
        labels = read_json(workdir / LABELS)
        self.step = runs.find_step(workdir, step)
        facts, results, _ = read_notes(workdir / runs.CHECKPOINTS, self.step)
        require_as_trained(facts, written, workdir / CONFIG_FILE)
        require_labels_as_trained(facts, labels, workdir / LABELS)
        self.task: Task = kind(config.task, labels, tokenizer, config.model, config.recipe or None)
        mesh, size = make_mesh(config.mesh), batch_size or config.train.predict_batch
        require_examples_fit("batch size", size, config.model, mesh)
        shape = self.task.collate([], config.train.predict_batch, None)
        abstract = abstract_placed_params(self.task, shape, config.mesh.rules, mesh)
        self.params = load_params(workdir / runs.CHECKPOINTS, abstract, self.step)
        self.calibration: Json = {name: value for name, value in results.items() if name in self.task.calibrated}
        self.support: Arrays = read_arrays(workdir / SUPPORT) if self.task.needs_support else {}
        if self.task.needs_support and not self.support:
            raise UserError(f"{workdir / SUPPORT}: expected what this run keeps of its training, found nothing")
        self._inference = Inference(self.task, config.mesh.rules, mesh, size, rows)

    def require_steps(self, wanted: str, if_asked: bool = True) -> None:
        """Refuses the checkpoint before the first step, unless its head was fitted: see `beginning.require_steps`."""
        require_steps(self._workdir, self.step, wanted, self.task.fitted, if_asked)

    def predict_records(self, records: Sequence[Any]) -> list[Json]:
        """One prediction a record."""
        return self.predict_examples([self.task.example(record) for record in records])

    def predict_examples(self, examples: Sequence[Any]) -> list[Json]:
        """One prediction an example."""
        if not examples:
            return []
        return self.decided(self.outputs(examples), examples)

    def measure(self, records: Sequence[Any]) -> tuple[list[Json], dict[str, float]]:
        """One prediction a record, and how good they are: `Task.score` and `Task.reliability`."""
        raw = self._raw([self.task.example(record) for record in records]) if records else []
        predictions = self.task.decide(raw, self.calibration)
        scores = self.task.score(records, predictions)
        return predictions, scores | self.task.reliability(records, raw, self.calibration)

    def decided(self, outputs: Arrays, examples: Sequence[Any]) -> list[Json]:
        """One prediction an example, from the model's outputs for it."""
        return self.task.decide(self.task.predictions(outputs, examples, self.support), self.calibration)

    def warm_up(self) -> Iterator[tuple[int, int]]:
        """Compiles what `outputs` needs for `rows`, see `Inference.warm_up`."""
        return self._inference.warm_up(self.params)

    @property
    def output_names(self) -> frozenset[str]:
        """The names of `outputs`."""
        return self._inference.names(self.params)

    def outputs(self, examples: Sequence[Any]) -> Arrays:
        """The model's output for each example."""
        return self._inference(self.params, examples, self.told)

    def _raw(self, examples: Sequence[Any]) -> list[Json]:
        return self.task.predictions(self.outputs(examples), examples, self.support)


def _why_none(workdir: Path) -> str:
    if not workdir.is_dir():
        return "there is no such folder"
    if not (workdir / CONFIG_FILE).is_file():
        return f"no {CONFIG_FILE} in it"
    return f"its {CONFIG_FILE} names no task, as that of a pre-training run"
