"""The configuration of slot filling."""

import dataclasses

from space_jax.config import require, require_fraction
from space_jax.config_types import Checked
from space_jax.tasks.adversarial.config import AdversarialConfig


@dataclasses.dataclass(frozen=True)
class SlotsConfig(Checked, section="task"):
    """Slot filling."""

    name: str = "slots"
    text_field: str = "text"  # of a JSONL file
    max_tokens: int = 62  # of an utterance; of a longer one the first are read
    requested: bool = True  # read the slots that the system has just requested
    head_dropout: float = 0.1
    intent_threshold: float = 0.5  # a probability above it predicts an intent, where there are intents
    adversarial: AdversarialConfig = dataclasses.field(default_factory=AdversarialConfig)

    def _check_values(self) -> None:
        require(self.name == "slots", "task.name", "belongs to the task and cannot be changed")
        require(self.max_tokens > 0, "task.max_tokens", f"{self.max_tokens} is not positive")
        for field in ("head_dropout", "intent_threshold"):
            require_fraction(getattr(self, field), f"task.{field}")
