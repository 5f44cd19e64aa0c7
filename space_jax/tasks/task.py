"""The interface between a task and the framework.

A task adds a head to a pre-trained model. The framework (`finetune.py`, `predictor.py`) knows tasks only by the class
below, and does the rest: splits and files, few-shot subsets, the order of the examples, steps on the mesh,
evaluation, early stopping, checkpoints, prediction of files line by line.

Data flows through a task as follows:

    file or corpus -> records -> examples -> batch -> terms of the loss                      (training)
                                          -> batch -> outputs -> predictions -> scores       (prediction, evaluation)

- A record is human-readable: a frozen dataclass of the task with a field `id: str`, which is unique and the
  same in every run (few-shot subsets are published by it). It holds the truth if the source has it. A field `where`,
  file and line for people, is no part of its content: a file may move.
- The labels are a JSON object, made from the training records once and saved as `labels.json` in the workdir. A task
  object is built from configuration, labels, tokenizer and sizes, and never changes afterwards.
- An example is the record in numbers, with a field `encoded: Encoded`, so that the framework can sort by length.
- A batch is a `TaskBatch` of NumPy arrays: contexts packed into a grid of R rows, and dictionaries for what a
  task adds, `rows` with arrays `[R, ...]` and `examples` with arrays `[B, ...]`. Rows of zeros after the last one must
  change nothing, since the framework appends some so that micro-batches and devices get equal parts.
- A task is a `models.recipe.Recipe` less what only pre-training needs: `init`, `forward`, `finish` and `coefficients`
  mean what they mean there, so `training.step` runs it, micro-batches and mesh included. Its parameters are those of
  the SPACE model at the same paths (`backbone/...`, see `encoder.py`), which is what `--init` fills, and its head under
  `head/...`, boxed with logical axis names like all others.

A new task needs: a package `tasks/<name>/`; its configuration, a frozen dataclass with a field `name`, in the union
`TaskConfig` of `tasks/config.py`; its class in `tasks/registry.py`; a file in `configs/finetune/`.
"""

import abc
import dataclasses
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import jax
import numpy as np

from space_jax.config import ModelConfig
from space_jax.errors import UserError
from space_jax.features.tokenizer import Tokenizer
from space_jax.models.recipe import Keys, Partial, Terms
from space_jax.tasks.config import DataSource
from space_jax.tasks.text_packing import Encoded, TaskBatch

Json = dict[str, Any]
Arrays = dict[str, np.ndarray]


class Record(Protocol):
    """One example, human-readable."""

    @property
    def id(self) -> str: ...


class Example(Protocol):
    """A record in numbers."""

    @property
    def encoded(self) -> Encoded: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Near:
    """A training record and the cosine of its vector with another's."""

    record: Any
    cosine: float


Nearest = Callable[[Sequence[Any]], list[list[Near]]]
"""From records to the training records nearest to each, the nearest first; see `nearest_training.py`."""


class Task(abc.ABC):
    """One kind of fine-tuning. The class methods need no model; an object has labels and sizes.

    Attributes:
      name: as in the configuration and in `registry.TASKS`.
      measure: the name of the score that early stopping and the best checkpoint maximise.
      coefficients: term -> its factor in the loss.
      row_length: L, tokens of a grid row; no example is longer.
      trains: whether there are steps; if not, a run ends with its first evaluation, whatever `train.epochs` says.
      fitted: whether the head is fitted to the training records before the first step, so that it can be used without.
    """

    name: ClassVar[str]
    measure: ClassVar[str]
    coefficients: Mapping[str, float]
    row_length: int
    trains: bool = True
    fitted: bool = False

    # Data. No model, no labels.

    @classmethod
    @abc.abstractmethod
    def read_split(cls, config: Any, source: DataSource, split: str) -> list[Any]:
        """The records of a split ("train", "validation", "test") of a corpus or of a user's files.

        `record_sources.dialogues_of` and `record_sources.rows_of` do most of it.

        Raises:
          UserError: no such split or file, a line that cannot be used or has no truth; with file and line.
        """

    @classmethod
    def read_unlabelled(cls, config: Any, source: DataSource, left_out: Sequence[Any]) -> list[Any]:
        """Records without truth, of which a task can learn before and after the steps; most have no use for any.

        Args:
          config: of the task.
          source: `source.unlabelled` may name a file of them.
          left_out: of the training records, those outside a few-shot subset, whose truth must be dropped.

        Raises:
          UserError: as for `read_split`; a file that the task would not read.
        """
        if source.unlabelled:
            raise UserError(
                f"config field data.unlabelled: the task {cls.name!r} learns from records with a truth alone"
            )
        return []

    @classmethod
    @abc.abstractmethod
    def read_row(cls, config: Any, row: Mapping[str, Any], where: str, number: int) -> Any:
        """The record of one line of a file, JSON object or CSV row; the truth may be missing.

        Args:
          config: of the task.
          row: field -> value.
          where: file and line, for messages.
          number: of the line, from 1; the id where the row has no field `id`.

        Raises:
          UserError: a line that cannot be used, such as one without text; prediction continues with the next.
        """

    @classmethod
    @abc.abstractmethod
    def strata(cls, record: Any) -> tuple[str, ...]:
        """The classes of a record, for few-shot subsets with k records of each (`shots.py`); () for none."""

    @classmethod
    def has_truth(cls, record: Any) -> bool:
        """Whether a record can be learnt from and scored; one that has no label may be annotated as such."""
        return bool(cls.strata(record))

    @classmethod
    def labels_of(cls, record: Any) -> tuple[str, ...]:
        """The labels of a record, of which training should have all."""
        return cls.strata(record)

    @classmethod
    @abc.abstractmethod
    def known_labels(cls, config: Any, labels: Json) -> Collection[str]:
        """Those that a prediction can have."""

    @classmethod
    @abc.abstractmethod
    def measured_parts(cls, record: Any) -> tuple[str, ...]:
        """What a record is annotated with, in words, of all that `measure` compares."""

    @classmethod
    @abc.abstractmethod
    def make_labels(cls, config: Any, records: Sequence[Any]) -> Json:
        """The labels that the head needs: the classes in a fixed order and how often each occurs.

        Raises:
          UserError: no record has one.
        """

    @classmethod
    def remarks(cls, config: Any, labels: Json) -> list[str]:
        """What a user should know of the data before it is trained on, a sentence each.

        Args:
          config: of the task.
          labels: from `make_labels`.
        """
        return []

    # A task object.

    def __init__(self, config: Any, labels: Json, tokenizer: Tokenizer, model: ModelConfig, recipe: str | None) -> None:
        """Keeps what every task has.

        Args:
          config: of the task.
          labels: from `make_labels`.
          tokenizer: of the weights.
          model: sizes of the weights, with the tokenizer's vocabulary.
          recipe: "space1", "space2", "space3", or None for weights that no SPACE pre-training made.
        """
        self.config, self.labels, self.tokenizer, self.model, self.recipe = config, labels, tokenizer, model, recipe

    @abc.abstractmethod
    def example(self, record: Any) -> Any:
        """A record in numbers; no prediction equals a truth that the labels lack.

        Raises:
          UserError: a record that cannot be used.
        """

    def training_examples(self, records: Sequence[Any]) -> list[Any]:
        """What steps are made of: the records of training, to which a task may add examples of its own."""
        return [self.example(record) for record in records]

    @abc.abstractmethod
    def collate(self, examples: Sequence[Any], size: int, rng: np.random.Generator | None) -> TaskBatch:
        """Examples in a batch of `size` places; none is dropped, and the same arguments give the same batch.

        Args:
          examples: at most `size`; may be none.
          size: B.
          rng: for what is random in training, such as masking; None for prediction.
        """

    @abc.abstractmethod
    def init(self, key: jax.Array, batch: TaskBatch) -> Any:
        """Parameters, boxed with their logical axis names; of `batch` only the shapes matter."""

    def initialise_head(self, params: Any, outputs: Callable[[], Arrays], examples: Sequence[Any]) -> Any:
        """The parameters of a new run once the weights are in; most tasks leave them as they are.

        Args:
          params: on the mesh.
          outputs: runs `infer` over the examples with these parameters.
          examples: of training, and those without truth.
        """
        return params

    @abc.abstractmethod
    def forward(self, params: Any, batch: TaskBatch, keys: Keys) -> Partial:
        """The terms of the loss over one micro-batch, each a `losses.Sum`; pure. See `models.recipe.Recipe.forward`."""

    def finish(self, terms: Terms, features: Any) -> Terms:
        """Adds terms that compare the examples of all micro-batches; most tasks have none."""
        return terms

    @abc.abstractmethod
    def infer(self, params: Any, batch: TaskBatch) -> dict[str, jax.Array]:
        """The model's outputs without dropout, arrays `[B, ...]`; pure."""

    def support(self, outputs: Arrays, examples: Sequence[Any]) -> Arrays:
        """Arrays that prediction needs beside the parameters, from the outputs on the same examples.

        It is saved as `support.npz`. Only called if `needs_support` is true, since it costs a pass over them.
        """
        return {}

    needs_support: bool = False

    @abc.abstractmethod
    def predictions(self, outputs: Arrays, examples: Sequence[Any], support: Arrays) -> list[Json]:
        """One JSON object a record, with its scores.

        Args:
          outputs: of `infer`, one entry an example.
          examples: they belong to.
          support: of `support`.
        """

    calibrated: tuple[str, ...] = ()
    """The names that `calibrate` gives."""

    def calibrate(self, records: Sequence[Any], predictions: Sequence[Json]) -> dict[str, float]:
        """Numbers chosen on validation data, such as a threshold; saved with the best checkpoint's results."""
        return {}

    def decide(self, predictions: Sequence[Json], calibration: Json) -> list[Json]:
        """The predictions after calibration."""
        return list(predictions)

    def reliability(self, records: Sequence[Any], predictions: Sequence[Json], calibration: Json) -> dict[str, float]:
        """Measures of the scores of a finished run's predictions, before `decide`, such as their calibration error."""
        return {}

    @abc.abstractmethod
    def score(self, records: Sequence[Any], predictions: Sequence[Json]) -> dict[str, float]:
        """The metrics; `measure` is one of the names, and higher is better."""

    def side_by_side(self, record: Any, prediction: Json) -> tuple[str, str, str]:
        """A record for reading: the words, the truth and the prediction, "" for what is not known."""
        return getattr(record, "text", record.id), "", json.dumps(prediction, ensure_ascii=False)

    def error_page(
        self, records: Sequence[Any], predictions: Sequence[Json], title: str, nearest: Nearest | None = None
    ) -> str | None:
        """A self-contained HTML page about the errors, or None for a task that has none.

        Args:
          records: that were predicted.
          predictions: theirs.
          title: of the page.
          nearest: finds training records, for a task whose outputs have a `vector`.
        """
        return None
