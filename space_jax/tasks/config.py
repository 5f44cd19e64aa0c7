"""The typed configuration of fine-tuning, without JAX; each task's part is in its package."""

import dataclasses
import os

from space_jax.config import MeshConfig, ModelConfig, OptimiserConfig, require, require_fraction, require_seed
from space_jax.config_files import CONFIG_FILE
from space_jax.config_types import Checked
from space_jax.errors import UserError
from space_jax.reading.json_text import read_json
from space_jax.remote import as_path
from space_jax.tasks.columns.config import ColumnsConfig
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.parse.config import ParseConfig
from space_jax.tasks.reading.config import ReadingConfig
from space_jax.tasks.slots.config import SlotsConfig
from space_jax.tasks.track.config import TrackConfig, TrackTextConfig

TaskConfig = (
    DialogueConfig
    | IntentConfig
    | SlotsConfig
    | ParseConfig
    | ReadingConfig
    | TrackConfig
    | TrackTextConfig
    | ColumnsConfig
)
"""The union of the tasks' configurations; `name` identifies each."""


KEPT = ("best", "last")


@dataclasses.dataclass(frozen=True)
class DataSource(Checked, section="data"):
    """Where the records come from: a corpus of the registry, or the user's own files."""

    corpus: str = ""  # a name in the registry; empty: the files below
    source: str = ""  # the folder or file that holds the corpus
    options: tuple[str, ...] = ()  # of the corpus, as ("subset=full",)
    train: str = ""  # CSV with a header, or JSONL
    validation: str = ""
    test: str = ""
    unlabelled: str = ""  # likewise, of which the tasks that can learn from it read everything but the truth

    def _check_values(self) -> None:
        require(
            not (self.corpus and (self.train or self.validation or self.test)),
            "data.corpus",
            f"{self.corpus!r} and the user's own files cannot be given together",
        )


@dataclasses.dataclass(frozen=True)
class FinetuneOptimiserConfig(OptimiserConfig):
    """AdamW as in pre-training, with rates that differ by depth."""

    learning_rate: float = 1e-4
    layer_decay: float = 1.0  # rate of a layer over that of the layer above it; the embedding counts as one more
    head_rate: float = 1.0  # rate of the newly initialised head over that of the last layer

    def _check_values(self) -> None:
        super()._check_values()
        require(0 < self.layer_decay <= 1, "optimiser.layer_decay", f"{self.layer_decay} is not above 0 and at most 1")
        require(self.head_rate > 0, "optimiser.head_rate", f"{self.head_rate} is not positive")


@dataclasses.dataclass(frozen=True)
class FinetuneTrainConfig(Checked, section="train"):
    """How long to train, how often to evaluate, what to keep."""

    epochs: int = 20  # 0: no training, for tasks that work without it (nearest neighbours)
    batch_size: int = 32
    seed: int = 0
    patience: int = 0  # evaluations without a better score before training stops; 0, or keep_by="last": never
    eval_every: int = 1  # epochs
    checkpoint_every: int = 200  # steps, beside one at every evaluation
    log_every: int = 10  # steps
    keep_last: int = 1  # checkpoints kept beside the best one
    keep_by: str = "best"  # the checkpoint that counts: "best" by the task's measure on validation, or "last"
    predict_batch: int = 64  # examples of a batch in prediction

    def _check_values(self) -> None:
        for name in ("batch_size", "eval_every", "checkpoint_every", "log_every", "keep_last", "predict_batch"):
            require(getattr(self, name) > 0, f"train.{name}", f"{getattr(self, name)} is not positive")
        require(self.keep_by in KEPT, "train.keep_by", f"{self.keep_by!r} is not one of {', '.join(KEPT)}")
        for name in ("epochs", "patience"):
            require(getattr(self, name) >= 0, f"train.{name}", f"{getattr(self, name)} is negative")
        require_seed(self.seed, "config field train.seed")


@dataclasses.dataclass(frozen=True)
class FinetuneConfig(Checked):
    """One fine-tuning run."""

    task: TaskConfig
    data: DataSource = dataclasses.field(default_factory=DataSource)
    dropout: float = 0.25  # of the backbone
    optimiser: FinetuneOptimiserConfig = dataclasses.field(default_factory=FinetuneOptimiserConfig)
    mesh: MeshConfig = dataclasses.field(default_factory=MeshConfig)
    train: FinetuneTrainConfig = dataclasses.field(default_factory=FinetuneTrainConfig)
    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)  # sizes; filled in from the weights
    recipe: str = ""  # that pre-trained the weights, "" for none; filled in from the weights

    def _check_values(self) -> None:
        require_fraction(self.dropout, "dropout")
        require(
            self.train.batch_size % self.optimiser.accumulate == 0,
            "optimiser.accumulate",
            f"{self.optimiser.accumulate} micro-batches do not divide a batch of {self.train.batch_size}",
        )


def is_finetuned(workdir: str | os.PathLike[str]) -> bool:
    """Whether a folder is the workdir of a fine-tuning run; False if it cannot be read."""
    try:
        return "task" in read_json(as_path(workdir) / CONFIG_FILE)
    except (UserError, TypeError):
        return False
