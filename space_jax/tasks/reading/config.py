"""The configuration of reading."""

import dataclasses

from space_jax.config import require, require_fraction
from space_jax.config_types import Checked
from space_jax.tasks.adversarial.config import AdversarialConfig

SERVICES = ("seen", "unseen", "all")


@dataclasses.dataclass(frozen=True)
class SlotQuestionsConfig(Checked, section="task.slots"):
    """Which questions are asked about the slots of a corpus (`tasks.reading.slot_questions`)."""

    services: str = "seen"  # of SGD: those that its train split has, those that it lacks ("unseen"), or all
    turns: int = 300  # user turns of each service to train on, with a value, and as many without; 0: all
    held_out_turns: int = 100  # of each service in validation and test, whatever they have; 0: all
    unanswered: int = 1  # questions of a training turn that it does not answer; in validation and test all are asked
    requested: bool = True  # read what the system has just requested, as the questions for it

    def _check_values(self) -> None:
        require(
            self.services in SERVICES, "task.slots.services", f"{self.services!r} is not one of {', '.join(SERVICES)}"
        )
        for field in ("turns", "held_out_turns", "unanswered"):
            require(getattr(self, field) >= 0, f"task.slots.{field}", f"{getattr(self, field)} is negative")


@dataclasses.dataclass(frozen=True)
class ReadingConfig(Checked, section="task"):
    """Reading."""

    name: str = "reading"
    max_tokens: int = 1024  # of a passage; of a longer one the first are read
    window: int = 320  # tokens of a passage that are read at once
    overlap: int = 128  # tokens that a window shares with the one before it
    max_question: int = 64  # tokens of a question, and of what was said before the passage
    max_answer: int = 30  # tokens of an answer
    best: int = 5  # answers that a prediction lists
    head_dropout: float = 0.1
    slots: SlotQuestionsConfig = dataclasses.field(default_factory=SlotQuestionsConfig)  # where data.corpus is given
    adversarial: AdversarialConfig = dataclasses.field(default_factory=AdversarialConfig)

    def _check_values(self) -> None:
        require(self.name == "reading", "task.name", "belongs to the task and cannot be changed")
        for field in ("max_tokens", "window", "max_question", "max_answer", "best"):
            require(getattr(self, field) > 0, f"task.{field}", f"{getattr(self, field)} is not positive")
        require(
            0 <= self.overlap < self.window,
            "task.overlap",
            f"{self.overlap} tokens is not at least 0 and below the window of {self.window}",
        )
        require_fraction(self.head_dropout, "task.head_dropout")
