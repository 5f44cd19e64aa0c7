"""The configuration of semantic parsing."""

import dataclasses

from space_jax.config import require, require_fraction
from space_jax.config_types import Checked
from space_jax.tasks.adversarial.config import AdversarialConfig


@dataclasses.dataclass(frozen=True)
class ParseConfig(Checked, section="task"):
    """Semantic parsing."""

    name: str = "parse"
    text_field: str = "text"  # of a JSONL file
    max_words: int = 32  # of an utterance; of a longer one the first are parsed, the others are words of the root
    width: int = 96  # of the vectors of a span's first and last word
    head_dropout: float = 0.2
    adversarial: AdversarialConfig = dataclasses.field(default_factory=AdversarialConfig)

    def _check_values(self) -> None:
        require(self.name == "parse", "task.name", "belongs to the task and cannot be changed")
        for field in ("max_words", "width"):
            require(getattr(self, field) > 0, f"task.{field}", f"{getattr(self, field)} is not positive")
        require_fraction(self.head_dropout, "task.head_dropout")
