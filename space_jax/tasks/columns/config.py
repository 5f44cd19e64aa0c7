"""The configuration of predicting the roles of columns."""

import dataclasses

from space_jax.config import require
from space_jax.config_types import Checked


@dataclasses.dataclass(frozen=True)
class ColumnsConfig(Checked, section="task"):
    """Roles of columns."""

    name: str = "column_roles"
    max_tokens: int = 320  # of an example, utterances and columns together; columns that do not fit are not read
    dialogue_tokens: int = 96  # of them, for the last words of the conversation
    most_columns: int = 64  # that are read of a database
    most_roles: int = 383  # the most frequent in training; others cannot be predicted. STAR's number
    unused_weight: float = 0.1  # of a column that the query does not use, beside 1
    previous: bool = False  # read the TRUE role of each column in the turn before, as STAR's pre-training does

    def _check_values(self) -> None:
        require(self.name == "column_roles", "task.name", "belongs to the task and cannot be changed")
        for field in ("max_tokens", "dialogue_tokens", "most_columns", "most_roles", "unused_weight"):
            require(getattr(self, field) > 0, f"task.{field}", f"{getattr(self, field)} is not positive")
        require(
            self.dialogue_tokens < self.max_tokens,
            "task.dialogue_tokens",
            f"{self.dialogue_tokens} leave no room for columns in {self.max_tokens}",
        )
