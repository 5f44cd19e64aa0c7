"""The configuration of end-to-end dialogue."""

import dataclasses

from space_jax.config import require
from space_jax.config_types import Checked
from space_jax.corpora.splits import TRAINABLE


@dataclasses.dataclass(frozen=True)
class DialogueConfig(Checked, section="task"):
    """End-to-end task-oriented dialogue."""

    name: str = "dialogue"
    train_split: str = "train"  # of the corpus; "validation" for MultiWOZ if train is missing, see `validation_split`
    context_length: int = 256  # tokens of a context, of which the last are kept, and of a row of their grid
    target_length: int = 288  # tokens of a row of the grid of targets, beside that of the contexts
    max_turns: int = 16  # turns of context
    max_turn_tokens: int = 50  # of one turn, of which the last are kept
    max_state_tokens: int = 120  # of a belief state, read or written
    max_act_tokens: int = 60
    max_response_tokens: int = 80
    slots: int = 4  # examples that share a row of both grids, whose lengths leave little padding if they hold so many
    state_weight: float = 1.0  # of the mean loss of a belief state's tokens beside those of acts and responses
    change_weight: float = 1.0  # of a state in which a value is another than before, beside other states
    act_weight: float = 1.0  # of the dialog-act loss beside the tokens'
    offered_names: bool = True  # write names that only the system has said as "offered"
    decoder_layers: int = 0  # states, acts and responses are decoded in as many of the top layers; 0: in all
    variations: int = 0  # copies of each training dialogue with other values (`tasks.dialogue.variation`)
    copying: bool = False  # states and responses may copy words of the context, see `models.copy_head`
    database: str = ""  # tables, a file or a folder (`world.tables`); those of the corpus if empty

    def _check_values(self) -> None:
        require(self.name == "dialogue", "task.name", "belongs to the task and cannot be changed")
        require(self.train_split in TRAINABLE, "task.train_split", f"{self.train_split!r} is not one of {TRAINABLE}")
        for field in dataclasses.fields(self):
            if field.type is int and field.name not in ("variations", "decoder_layers"):
                value = getattr(self, field.name)
                require(value > 0, f"task.{field.name}", f"{value} is not positive")
        for name in ("state_weight", "change_weight", "act_weight", "variations", "decoder_layers"):
            require(getattr(self, name) >= 0, f"task.{name}", f"{getattr(self, name)} is negative")
        longest = self.max_state_tokens + self.max_act_tokens + self.max_response_tokens + PART_MARKS
        require(
            longest <= self.target_length,
            "task.target_length",
            f"{self.target_length} does not hold the longest target, {longest} tokens with its marks",
        )


PART_MARKS = 14
"""Tokens of a target beside its three texts: eight marks and at most six database tokens."""
