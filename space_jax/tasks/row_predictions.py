"""Prediction line by line: a line that cannot be used yields an error, and prediction continues."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from space_jax.errors import UserError
from space_jax.printable import printable
from space_jax.reading.text import Lines
from space_jax.tasks.known_labels import unknown_labels
from space_jax.tasks.predictor import Predictor
from space_jax.tasks.record_sources import Row, json_rows, rows_of
from space_jax.tasks.task import Json

CHUNK = 16  # batches read before any is predicted, so that lengths can be sorted


def rows_from(name: str, standard_input: Lines) -> Iterator[Row]:
    """The rows of a file, or of standard input as JSONL for "-".

    Raises:
      UserError: no such file or one of another kind.
    """
    return json_rows(standard_input, "standard input") if name == "-" else rows_of(Path(name))


def predict_rows(trained: Predictor, rows: Iterable[Row], batch_size: int) -> Iterator[Json]:
    """One JSON object a row, in their order: `{"id": ..., ...}` or `{"line": n, "error": ...}`.

    Args:
      trained: the model.
      rows: a stream.
      batch_size: examples of a batch; sixteen batches are read at a time.
    """
    waiting: list[Row] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == CHUNK * batch_size:
            yield from _predict(trained, waiting)
            waiting = []
    yield from _predict(trained, waiting)


def _predict(trained: Predictor, rows: list[Row]) -> Iterator[Json]:
    read = [_read(trained, row) for row in rows]
    usable = [example for _, example in read if example is not None]
    predictions = iter(trained.predict_examples(usable))
    for said, example in read:
        yield said if example is None else {**said, **next(predictions)}


def _read(trained: Predictor, row: Row) -> tuple[Json, Any]:
    """The output's identification of a row, and its example; an error and None if it cannot be used."""
    if row.values is None:
        return {"line": row.number, "error": row.error}, None
    try:
        record = type(trained.task).read_row(trained.config.task, row.values, row.where, row.number)
        return {"id": record.id}, trained.task.example(record)
    except UserError as error:
        return {"line": row.number, "error": str(error)}, None


@dataclasses.dataclass(frozen=True)
class Evaluated:
    """A measured set of records.

    Attributes:
      scores: of `Task.score`.
      records: that were scored.
      predictions: theirs.
      unknown: a sentence about labels that training lacks; "" if there are none.
      errors: the lines that could not be used.
    """

    scores: dict[str, float]
    records: list[Any]
    predictions: list[Json]
    unknown: str
    errors: tuple[str, ...] = ()


def evaluate_split(trained: Predictor, split: str) -> Evaluated:
    """Scores a split of the run's data.

    Raises:
      UserError: there is none.
    """
    config = trained.config
    records = type(trained.task).read_split(config.task, config.data, split)
    predictions, scores = trained.measure(records)
    return Evaluated(scores, records, predictions, _unknown(trained, records))


def evaluate_file(trained: Predictor, path: Path) -> Evaluated:
    """Scores a labelled file; no prediction equals a label that training lacks.

    Args:
      trained: the model.
      path: CSV, TSV or JSONL.

    Raises:
      UserError: no such file, or no line of it has a truth.
    """
    records, errors = [], []
    for row in rows_of(path):
        try:
            records.append(_labelled(trained, row))
        except UserError as error:
            errors.append(str(error))
    if not records:
        raise UserError(f"{path}: expected labelled records, found none; {errors[0] if errors else 'it is empty'}")
    predictions, scores = trained.measure(records)
    return Evaluated(scores, records, predictions, _unknown(trained, records), tuple(errors))


def _unknown(trained: Predictor, records: list[Any]) -> str:
    return unknown_labels(type(trained.task), trained.config.task, trained.task.labels, records)


def _labelled(trained: Predictor, row: Row) -> Any:
    if row.values is None:
        raise UserError(row.error)
    task, config = trained.task, trained.config.task
    record = type(task).read_row(config, row.values, row.where, row.number)
    task.example(record)  # refuses what cannot be used
    if not task.has_truth(record):
        raise UserError(f"{row.where}: expected a truth to compare with, found none")
    return record


def to_line(value: Json) -> str:
    """One line of JSONL; letters of all scripts as they are, what a terminal would obey or not encode escaped."""
    return printable(json.dumps(value, ensure_ascii=False))
