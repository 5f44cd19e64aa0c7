"""A fine-tuned model in a few lines of Python.

import space_jax

model = space_jax.load("runs/banking77")
model.classify(["my card has not arrived"])     # [{"label": "card_arrival", "score": 0.98, ...}]
model.embed(["my card has not arrived"])        # float32 [1, H]
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from space_jax.errors import UserError
from space_jax.tasks.task import Json
from space_jax.tasks.trained import Trained

METHODS = {"intent": "classify", "slots": "fill", "parse": "parse", "track": "track", "track_text": "track"}
"""Task -> the method that predicts with it."""

Input = str | Mapping[str, Any]


class Model:
    """A fine-tuned model; see `load`.

    Every method takes texts, or the objects that a line of a JSONL file for the task holds. One that cannot be used,
    such as an empty text, raises a UserError that says which; the command `space-jax predict` goes on instead.
    """

    def __init__(self, trained: Trained):
        self.trained = trained

    def classify(self, texts: Sequence[Input]) -> list[Json]:
        """The intent of each utterance with its score."""
        return self._predict("classify", texts)

    def fill(self, texts: Sequence[Input]) -> list[Json]:
        """The slots of each utterance with their places in the text."""
        return self._predict("fill", texts)

    def parse(self, texts: Sequence[Input]) -> list[Json]:
        """The semantic parse of each utterance."""
        return self._predict("parse", texts)

    def track(self, dialogues: Sequence[Input]) -> list[Json]:
        """The belief state of each dialogue."""
        return self._predict("track", dialogues)

    def embed(self, texts: Sequence[Input]) -> np.ndarray:
        """The vector of each text, float32 `[N, H]`.

        Raises:
          UserError: the model's task has no vectors of texts.
        """
        examples = self._examples(texts)
        outputs = self.trained.outputs(examples) if examples else {}
        if examples and "vector" not in outputs:
            raise UserError(f"embed: a model for the task {self.trained.task.name} has no vectors of texts")
        return outputs["vector"] if examples else np.zeros((0, self.trained.config.model.hidden), np.float32)

    def _predict(self, method: str, inputs: Sequence[Input]) -> list[Json]:
        name = self.trained.task.name
        if METHODS.get(name) != method:
            known = METHODS.get(name, "embed")
            raise UserError(f"{method}: this model was fine-tuned for the task {name}; its method is {known}")
        return self.trained.predict_examples(self._examples(inputs))

    def _examples(self, inputs: Sequence[Input]) -> list[Any]:
        if isinstance(inputs, str):
            raise UserError(f"expected a list of texts, found the text {inputs[:40]!r}; write [text]")
        task, config = self.trained.task, self.trained.config.task
        examples = []
        for number, given in enumerate(inputs, start=1):
            row = {getattr(config, "text_field", "text"): given} if isinstance(given, str) else given
            examples.append(task.example(type(task).read_row(config, row, f"input {number}", number)))
        return examples


def load(workdir: Path | str, step: str = "best", batch_size: int | None = None) -> Model:
    """Reads a fine-tuned model.

    Args:
      workdir: of a fine-tuning run.
      step: "best", "latest" or a number.
      batch_size: examples of a batch; the run's if None.

    Raises:
      UserError: no such run or checkpoint, or a damaged one.
    """
    return Model(Trained(workdir, step, batch_size))
