"""Few-shot subsets: k records of each class, or a share of each, drawn by a seed and published by their ids.

Fine-tuning takes one of its training records; a mixture keeps the labels of the same subset and hides all others.
"""

import json
import typing
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from space_jax.config import require_seed
from space_jax.corpora.mixtures.description import Mixture, MixtureSource
from space_jax.corpora.mixtures.sources import folder_of
from space_jax.errors import UserError
from space_jax.reading.json_text import read_json
from space_jax.tasks.config import DataSource, TaskConfig
from space_jax.tasks.registry import task_class
from space_jax.tasks.workdir import write_text

FILE = "shots.json"

TARGETS = {
    **dict.fromkeys(("banking77", "clinc150", "hwu64"), "intent"),
    **dict.fromkeys(("restaurant8k", "dstc8_span"), "slots"),
    "topv2": "parse",
}
"""Corpora of single utterances that a task is fine-tuned on -> the task. Each of their records is a dialogue."""


def subsets_of(mixture: Mixture, data_root: Path | None) -> dict[str, list[str]]:
    """The few-shot subsets of a mixture, as fine-tuning draws them: source -> ids of its dialogues.

    Raises:
      UserError: a source that no task is fine-tuned on by utterances, or a subset that cannot be drawn.
    """
    return {
        source.name: _subset_of(source, folder_of(source, data_root), mixture.few[source.name], mixture.few_seed)
        for source in mixture.sources
        if source.name in mixture.few
    }


def _subset_of(source: MixtureSource, folder: Path | None, shots: str, seed: int) -> list[str]:
    if source.corpus not in TARGETS:
        raise UserError(f"few: {source.corpus} has no few-shot subsets; {', '.join(TARGETS)} have")
    kind = task_class(TARGETS[source.corpus])
    config = next(config for config in typing.get_args(TaskConfig) if config.name == kind.name)()
    options = tuple(f"{name}={str(value).lower()}" for name, value in source.options.items())
    records = kind.read_split(config, DataSource(source.corpus, str(folder), options), "train")
    return [record.id for record in take(records, kind.strata, shots, seed)]


def take(records: Sequence[Any], strata: Callable[[Any], tuple[str, ...]], shots: str, seed: int) -> list[Any]:
    """A subset as `--shots` names it: the ids of a file whose name ends in .json, else `choose`."""
    if Path(shots).suffix == ".json":
        return select(records, Path(shots))
    return choose(records, strata, shots, seed)


def choose(records: Sequence[Any], strata: Callable[[Any], tuple[str, ...]], shots: str, seed: int) -> list[Any]:
    """A balanced subset, in the order of `records`.

    Records are visited in an order shuffled by the seed, and one is taken while any of its classes still lacks some. A
    class with fewer records gives all of them; a record of several classes counts for each of them.

    Args:
      records: with `id`.
      strata: from a record to its classes; one without classes is in no subset.
      shots: "10" for ten of each class, "10%" for that share of each, at least one.
      seed: of the draw.

    Raises:
      UserError: `shots` is neither a positive number nor a share, or the seed is none.
    """
    require_seed(seed, "seed of the shots")
    by_class: dict[str, int] = defaultdict(int)
    for record in records:
        for name in strata(record):
            by_class[name] += 1
    lacking = {name: wanted(shots, count) for name, count in by_class.items()}
    chosen: set[int] = set()
    for index in np.random.default_rng(seed).permutation(len(records)).tolist():
        names = strata(records[index])
        if any(lacking[name] > 0 for name in names):
            chosen.add(index)
            for name in names:
                lacking[name] -= 1
    return [record for index, record in enumerate(records) if index in chosen]


def wanted(shots: str, count: int) -> int:
    """How many of a class's `count` records a subset takes."""
    number, percent = shots.removesuffix("%"), shots.endswith("%")
    if not number.isdecimal() or int(number) == 0 or (percent and int(number) > 100):
        raise UserError(f"shots: {shots!r} is neither a number of records such as 10, nor a share such as 10%")
    return max(1, round(count * int(number) / 100)) if percent else min(count, int(number))


def write_ids(path: Path, records: Sequence[Any], shots: str, seed: int) -> None:
    """Publishes a subset, see `ids_text`."""
    write_text(path, ids_text([record.id for record in records], shots, seed))


def ids_text(ids: Sequence[str], shots: str, seed: int) -> str:
    """The text of a subset's file: `{"shots": "10", "seed": 0, "ids": [...]}`."""
    return json.dumps({"shots": shots, "seed": seed, "ids": list(ids)}, indent=1, ensure_ascii=False) + "\n"


def select(records: Sequence[Any], path: Path) -> list[Any]:
    """The subset that a file names, in the order of `records`.

    Args:
      records: with `id`.
      path: what `write_ids` wrote, or a JSON list of ids.

    Raises:
      UserError: another file, or an id that no record has.
    """
    try:
        said = read_json(path)
    except UserError as error:
        raise UserError(f"--shots {error}") from None
    ids = said.get("ids") if isinstance(said, dict) else said
    if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
        raise UserError(f"--shots {path}: expected a list of ids, or an object with the field ids")
    missing = sorted(set(ids) - {record.id for record in records})
    if missing:
        raise UserError(f"--shots {path}: no training record has the id {missing[0]!r} ({len(missing)} are not there)")
    return [record for record in records if record.id in set(ids)]
