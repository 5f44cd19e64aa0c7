"""The training records that a model takes for the most similar to others, by its own vectors."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from space_jax.errors import UserError
from space_jax.tasks import shots as few
from space_jax.tasks.directions import unit
from space_jax.tasks.predictor import Predictor
from space_jax.tasks.task import Near, Nearest

MOST = 10_000  # training records that are compared; reading them takes as long as predicting as many
SHOWN = 2


def nearest_training(trained: Predictor, training: Callable[[], Sequence[Any]]) -> Nearest:
    """Finds training records for records with a label.

    For each, the result has the `SHOWN` nearest, then the nearest of its own label if none of them has it. Of more than
    `MOST` training records every so many-th is compared. Every process must call the function, with the same records.

    Args:
      trained: a model whose outputs have a `vector`.
      training: reads the records it was trained on, with `label`; called when they are needed.
    """

    def find(records: Sequence[Any]) -> list[list[Near]]:
        every = training() if records else ()
        compared = every[:: -(-len(every) // MOST) or 1]
        if not compared:
            return [[] for _ in records]
        cosines = _directions(trained, records) @ _directions(trained, compared).T
        labels = np.array([record.label for record in compared], object)
        return [
            [Near(compared[n], float(row[n])) for n in _chosen(row, labels == record.label)]
            for record, row in zip(records, cosines, strict=True)
        ]

    return find


def _chosen(cosines: np.ndarray, own: np.ndarray) -> list[int]:
    """The numbers of the nearest, and of the nearest own."""
    order = np.argsort(-cosines, kind="stable")
    nearest = order[:SHOWN].tolist()
    return nearest if own[nearest].any() or not own.any() else [*nearest, int(order[own[order]][0])]


def training_of(trained: Predictor, workdir: Path) -> Sequence[Any]:
    """The records that a run was trained on; none if they cannot be read any more.

    Args:
      trained: the model of the run.
      workdir: of the run, which has the ids of a subset if it was trained on one.
    """
    config = trained.config
    try:
        records = type(trained.task).read_split(config.task, config.data, "train")
        return few.select(records, workdir / few.FILE) if (workdir / few.FILE).is_file() else records
    except UserError:
        return []


def _directions(trained: Predictor, records: Sequence[Any]) -> np.ndarray:
    """Vectors of length 1, float32 `[N, H]`."""
    return unit(trained.outputs([trained.task.example(record) for record in records])["vector"])
