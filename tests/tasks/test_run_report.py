"""A record beside its prediction, of every task, and texts one beneath the other."""

import pytest
from rich.console import Console

from space_jax.tasks.run_report import beneath
from space_jax.tasks.task import Task
from tests.tasks.test_every_task import TASKS, make_task

PREDICTED = {
    "column_roles": {"columns": [{"column": "hotels.stars", "name": "hotels.stars", "role": "WHERE ="}]},
    "reading": {"answer": ""},
    "intent": {"label": "cancel", "score": 0.876, "next": []},
    "slots": {"spans": [{"slot": "time", "text": "for", "start": 6, "end": 9, "score": 0.5}]},
    "parse": {"parse": "[IN:BOOK the hotel ]", "score": 1.0},
    "track": {"update": {}, "state": {"hotel-area": ["south", "the south"], "hotel-price_range": []}},
    "track_text": {"state": {}, "text": "none"},
    "dialogue": {"tokens": 3.0, "loss": 1.0},
}
SAID = {
    "column_roles": ("north", "hotels.area: SELECT", "hotels.stars: WHERE ="),
    "reading": ("time | table for two", "two", "no answer"),
    "intent": ("a table for two", "book", "cancel (0.88)"),
    "slots": ("table for two", "people [two]", "time [for]"),
    "parse": ("the hotel", "[IN:BOOK the [SL:PLACE hotel ] ]", "[IN:BOOK the hotel ]"),
    "track": ("north", "hotel area north", "hotel area south"),
    "track_text": ("north", "hotel area north", "none"),
    "dialogue": ("d", "", '{"tokens": 3.0, "loss": 1.0}'),  # agents are shown in whole dialogues instead
}


@pytest.mark.parametrize("name", TASKS)
def test_side_by_side(name, tokenizer, tiny_model):
    task, record = make_task(name, tokenizer, tiny_model, "space3")
    assert isinstance(task, Task)
    assert task.side_by_side(record, PREDICTED[name]) == SAID[name]


def test_no_span_is_a_prediction_too(tokenizer, tiny_model):
    task, record = make_task("slots", tokenizer, tiny_model, "space3")
    assert task.side_by_side(record, {"spans": []})[2] == "no span"


def test_lines_with_hostile_and_empty_texts():
    console = Console(width=60)
    with console.capture() as shown:
        console.print(beneath([("text", "[bold]a[/bold]"), ("true", ""), ("predicted", "b " * 40)]))
    lines = shown.get().splitlines()
    assert lines[0].split() == ["text", "[bold]a[/bold]"]
    assert lines[1].split()[0] == "predicted"
    assert "true" not in shown.get()
    assert len(lines) == 4  # it wraps
