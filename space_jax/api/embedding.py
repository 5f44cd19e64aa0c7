"""Vectors line by line, from any run that has vectors of texts: a line that cannot be used yields an error."""

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from space_jax.api.finetuned import Finetuned
from space_jax.api.pretrained import Pretrained
from space_jax.api.runs import load
from space_jax.errors import UserError
from space_jax.tasks.record_sources import Row
from space_jax.tasks.task import Json

CHUNK = 1024  # lines read before any is computed, so that lengths can be sorted
TEXT = "text"  # the field of a line for a pre-training run that holds a user's words; `turns` holds a dialogue
_TURNS = "turns"

Embedder = Pretrained | Finetuned


def load_embedder(workdir: str | os.PathLike[str], step: str = "best") -> Embedder:
    """The model of a run that has vectors of texts.

    Raises:
      UserError: no such run, or one for whole dialogues.
    """
    model = load(workdir, step)
    if isinstance(model, Pretrained | Finetuned):
        return model
    raise UserError(f"embed: {workdir} is a run for whole dialogues, which has no vectors of texts")


def embed_rows(model: Embedder, rows: Iterable[Row]) -> Iterator[Json]:
    """One JSON object a row, in their order: `{"id": ..., "vector": [...]}` or `{"line": n, "error": ...}`.

    Args:
      model: of the run.
      rows: a stream.
    """
    for chunk in _chunks(rows):
        read = [_read(model, row) for row in chunk]
        vectors = iter(model.embed([given for _, given in read if given is not None]))
        for said, given in read:
            yield said if given is None else {**said, "vector": [float(str(number)) for number in next(vectors)]}


def embed_all(model: Embedder, rows: Iterable[Row]) -> np.ndarray:
    """The vector of every row, float32 `[N, H]`.

    Raises:
      UserError: a row that cannot be used; with its place.
    """
    parts = [np.zeros((0, model.config.model.hidden), np.float32)]
    for chunk in _chunks(rows):
        read = [_read(model, row) for row in chunk]
        for said, given in read:
            if given is None:
                raise UserError(f"{said['error']}; an array has a row for every line")
        parts.append(model.embed([given for _, given in read]))
    return np.concatenate(parts)


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    stream = iter(rows)
    while chunk := list(itertools.islice(stream, CHUNK)):
        yield chunk


def _read(model: Embedder, row: Row) -> tuple[Json, Any]:
    """The output's identification of a row, and the input that it is; an error and None if it cannot be used."""
    if row.values is None:
        return {"line": row.number, "error": row.error}, None
    try:
        given = _input(model, row.values, row.where)
        model.require_usable(given, row.where)
    except UserError as error:
        return {"line": row.number, "error": str(error)}, None
    return {"id": str(row.values.get("id", row.number))}, given


def _input(model: Embedder, values: Mapping[str, Any], where: str) -> Any:
    if isinstance(model, Finetuned) or _TURNS in values:
        return values
    text = values.get(TEXT)
    if not isinstance(text, str):
        raise UserError(f"{where}: field {TEXT}: expected a user's words, or a dialogue in the field {_TURNS}")
    return text
