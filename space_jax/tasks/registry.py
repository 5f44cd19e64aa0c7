"""The tasks by name; a task's code is imported on demand."""

import importlib

from space_jax.tasks.task import Task

TASKS = {
    "column_roles": "space_jax.tasks.columns.task:ColumnsTask",
    "dialogue": "space_jax.tasks.dialogue.task:DialogueTask",
    "intent": "space_jax.tasks.intent.task:IntentTask",
    "slots": "space_jax.tasks.slots.task:SlotsTask",
    "parse": "space_jax.tasks.parse.task:ParseTask",
    "reading": "space_jax.tasks.reading.task:ReadingTask",
    "track": "space_jax.tasks.track.task:TrackTask",
    "track_text": "space_jax.tasks.track.text_task:TrackTextTask",
}


def task_class(name: str) -> type[Task]:
    """The class of the task of that name, which is one of `TASKS`."""
    module, _, attribute = TASKS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
