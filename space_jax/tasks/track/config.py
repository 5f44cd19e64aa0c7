"""The configuration of the two trackers."""

import dataclasses

from space_jax.config import require, require_fraction
from space_jax.config_types import Checked
from space_jax.corpora.splits import TRAINABLE
from space_jax.tasks.adversarial.config import AdversarialConfig


@dataclasses.dataclass(frozen=True)
class TrackConfig(Checked, section="task"):
    """State tracking by copying (TripPy)."""

    name: str = "track"
    train_split: str = "train"  # of the corpus; "validation" for MultiWOZ if train is missing, see `validation_split`
    max_tokens: int = 62  # of the last user turn; of a longer one the first are read
    context: int = 128  # tokens of the last turns together
    turns: int = 6  # turns that are read, the last user turn included
    head_dropout: float = 0.1
    adversarial: AdversarialConfig = dataclasses.field(default_factory=AdversarialConfig)

    def _check_values(self) -> None:
        _check(self, "track")


@dataclasses.dataclass(frozen=True)
class TrackTextConfig(Checked, section="task"):
    """State tracking by writing: the response decoder writes the whole state."""

    name: str = "track_text"
    train_split: str = "train"
    max_tokens: int = 62
    context: int = 224
    turns: int = 16
    written: int = 96  # tokens of a state as text; a longer one is cut
    copying: bool = False  # values may be copied from the context, see `models.copy_head`

    def _check_values(self) -> None:
        _check(self, "track_text")
        require(self.written > 2, "task.written", f"{self.written} is too few, two open and close a text")


def _check(config: TrackConfig | TrackTextConfig, name: str) -> None:
    require(config.name == name, "task.name", "belongs to the task and cannot be changed")
    known = ", ".join(map(repr, TRAINABLE))
    require(config.train_split in TRAINABLE, "task.train_split", f"{config.train_split!r} is not one of {known}")
    for field in ("max_tokens", "turns"):
        require(getattr(config, field) > 0, f"task.{field}", f"{getattr(config, field)} is not positive")
    least = config.max_tokens + 2
    require(config.context >= least, "task.context", f"{config.context} is too few for max_tokens, which need {least}")
    if isinstance(config, TrackConfig):
        require_fraction(config.head_dropout, "task.head_dropout")
