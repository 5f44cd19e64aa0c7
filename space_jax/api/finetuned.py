"""A fine-tuned model, read from the workdir of its run: its task's predictions."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from space_jax.errors import UserError
from space_jax.remote import as_path
from space_jax.tasks.config import FinetuneConfig
from space_jax.tasks.predictor import Predictor
from space_jax.tasks.task import Json, Task
from space_jax.terminal.progress import telling

Input = str | Mapping[str, Any]


class Finetuned:
    """A fine-tuned model.

    Its methods take texts, or the objects that a line of a JSONL file for the task holds. One that cannot be used, such
    as an empty text, raises a UserError that says which; the command `space-jax predict` continues instead.

    Attributes:
      config: of its run.
      step: of its checkpoint.
      task: the task of its training: `task.name`, `task.labels`.
    """

    def __init__(self, trained: Predictor) -> None:
        self.config: FinetuneConfig = trained.config
        self.step: int = trained.step
        self.task: Task = trained.task
        self._trained = trained

    @classmethod
    def load(cls, workdir: str | os.PathLike[str], step: str = "best", batch_size: int | None = None) -> "Finetuned":
        """The model of a fine-tuning run.

        Args:
          workdir: of the run; may be in a bucket.
          step: "best", "latest" or a number.
          batch_size: examples of a batch; the run's if None.

        Raises:
          UserError: no such run or checkpoint, or a damaged one; a run without a step whose head is not fitted.
        """
        trained = Predictor(as_path(workdir), step, batch_size)
        trained.require_steps(step)
        return cls(trained)

    def predict(self, inputs: Sequence[Input]) -> list[Json]:
        """The prediction for each input, as `space-jax predict` prints it; docs/finetuning.md shows each task's.

        Raises:
          UserError: an input that the task cannot use; with its number.
        """
        examples = self._examples(inputs)
        with telling("examples") as self._trained.told:
            return self._trained.predict_examples(examples)

    def embed(self, inputs: Sequence[Input]) -> np.ndarray:
        """The vector of each text, float32 `[N, H]`.

        Raises:
          UserError: see `predict`; a task without vectors of texts.
        """
        examples = self._examples(inputs)
        if not examples:
            return np.zeros((0, self.config.model.hidden), np.float32)
        with telling("examples") as self._trained.told:
            outputs = self._trained.outputs(examples)
        if "vector" not in outputs:
            raise UserError(f"embed: a model for the task {self.task.name} has no vectors of texts")
        return outputs["vector"]

    def require_usable(self, given: Input, where: str) -> None:
        """Checks an input before many of them are given together.

        Args:
          given: a text, or the object of a line.
          where: it is from, for the message.

        Raises:
          UserError: the task cannot use it.
        """
        self._example(given, where, 1)

    def _examples(self, inputs: Sequence[Input]) -> list[Any]:
        if isinstance(inputs, str | Mapping):
            raise UserError(f"expected a list of inputs, found one {type(inputs).__name__}")
        return [self._example(given, f"input {number}", number) for number, given in enumerate(inputs, start=1)]

    def _example(self, given: Input, where: str, number: int) -> Any:
        config, task = self.config.task, self.task
        row = {getattr(config, "text_field", "text"): given} if isinstance(given, str) else given
        return task.example(type(task).read_row(config, row, where, number))
