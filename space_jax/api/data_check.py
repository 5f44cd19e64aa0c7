"""What a task would make of data, from Python: `space-jax data check`."""

import dataclasses
import os
from pathlib import Path
from typing import Any

from space_jax.agent.table_check import TableFindings, check_tables, nearest_column, nearest_table
from space_jax.errors import UserError
from space_jax.tasks.checking.findings import Findings, check
from space_jax.tasks.config import TaskConfig
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.dialogue.splits import own_world
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.registry import task_class
from space_jax.tasks.slots.config import SlotsConfig
from space_jax.tasks.track.config import TrackConfig
from space_jax.world.backend import Backend

TASKS: dict[str, type[Any]] = {
    "intent": IntentConfig,
    "slots": SlotsConfig,
    "track": TrackConfig,
    "agent": DialogueConfig,
}


@dataclasses.dataclass(frozen=True)
class DataCheck:
    """The result of a check.

    Attributes:
      records: what the task takes and leaves out, its labels and near duplicates.
      tables: of an agent, its training dialogues beside its tables; None for other tasks.
      nearest: domain, or `domain-slot`, that has no counterpart in the tables -> the name there that is like it.
    """

    records: Findings
    tables: TableFindings | None = None
    nearest: dict[str, str] = dataclasses.field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As `json.dumps` takes it."""
        tables = {} if self.tables is None else {"agent": {**self.tables.as_json(), "nearest": self.nearest}}
        return {**self.records.as_json(), **tables}


def check_data(
    source: str | os.PathLike[str],
    task: str,
    database: str | os.PathLike[str] = "",
    text_field: str | None = None,
    label_field: str | None = None,
) -> DataCheck:
    """Looks at data as a task would read them.

    Args:
      source: a file, which is the train split, or a folder with one file for each split: dialogues as in
        docs/data_format.md, or rows of the task as in docs/finetuning.md.
      task: "intent", "slots", "track" or "agent".
      database: the tables of an agent.
      text_field: of rows, for intents and slots; "text" if None.
      label_field: of rows, for intents; "label" if None.

    Raises:
      UserError: a task or an option that there is not; files that cannot be read at all.
    """
    if task not in TASKS:
        raise UserError(f"task: expected one of {', '.join(TASKS)}, found {task!r}")
    if database and task != "agent":
        raise UserError(f"database: belongs to the task agent, found it beside {task}")
    config = _config(task, {"text_field": text_field, "label_field": label_field})
    backend = own_world(os.fspath(database))
    found = check(task_class(config.name), config, Path(source), backend)
    if task != "agent" or "train" not in found.splits:
        return DataCheck(found)
    tables = check_tables(found.splits["train"].dialogues, backend)
    return DataCheck(found, tables, _nearest(tables, backend))


def _config(task: str, fields: dict[str, str | None]) -> TaskConfig:
    given = {name: value for name, value in fields.items() if value is not None}
    unknown = next((name for name in given if name not in TASKS[task].__dataclass_fields__), None)
    if unknown:
        raise UserError(f"--{unknown.replace('_', '-')}: the task {task} does not have this option")
    return TASKS[task](**given)


def _nearest(tables: TableFindings, backend: Backend) -> dict[str, str]:
    near = {domain: nearest_table(domain, backend) for domain in tables.domains.counts}
    near |= {name: nearest_column(name, backend) for name in tables.slots.counts}
    return {name: one for name, one in near.items() if one}
