"""The records of a split: a corpus with its database, or a JSONL file of dialogues with the user's database."""

import functools
from collections.abc import Iterable
from pathlib import Path

from space_jax.corpora.options import parse_option
from space_jax.corpora.registry import SEED_STRIDE, SIMULATED, corpus
from space_jax.corpora.simulated import BRISK, DOMAINS, simulate
from space_jax.corpora.splits import SPLITS
from space_jax.corpora.utterances import choice
from space_jax.dialogue.jsonl import read_jsonl
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.tasks.config import DataSource
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.dialogue.records import DialogueRecord, records_with
from space_jax.tasks.dialogue.variation import variations
from space_jax.tasks.record_sources import file_of
from space_jax.tasks.validation_split import TRAIN, split_dialogues
from space_jax.world.backend import Backend
from space_jax.world.corpus_worlds import Worlds


def read_records(config: DialogueConfig, source: DataSource, split: str) -> list[DialogueRecord]:
    """See `DialogueTask.read_split`.

    Raises:
      UserError: no such split or file, no system turn in it, a line that cannot be used.
    """
    worlds = Worlds(source.corpus, source.source, config.database)
    found = dialogues(source, split, config.train_split)
    if split == TRAIN and config.variations:
        read = list(found)
        found = [*read, *variations(read, worlds.of, config.variations)]
    records = [
        record for dialogue in found for record in records_with(dialogue, worlds.of(dialogue.id), config.offered_names)
    ]
    if not records:
        raise UserError(f"config field data: split {split} has no system turn behind a user's turn")
    return records


@functools.cache
def own_world(database: str) -> Backend:
    """The world of dialogues outside any corpus: the tables in a file or a folder; none if empty.

    Raises:
      UserError: tables that cannot be read.
    """
    return Worlds("", "", database).of("")


def dialogues(source: DataSource, split: str, train: str = TRAIN) -> Iterable[Dialogue]:
    """The dialogues of a split of ours (see `validation_split`); of the simulated world those of its brisk clerk."""
    if source.corpus == SIMULATED:
        return _simulated(source, split)
    if not source.corpus:
        return read_jsonl(Path(file_of(source, split)))
    return split_dialogues(source, split, train)


def simulated_domains(source: DataSource) -> tuple[str, ...]:
    """What the users of the simulated corpus ask about, by its option `domains`; of another corpus, all of them."""
    if source.corpus != SIMULATED:
        return tuple(DOMAINS)
    options = dict(parse_option(text, corpus(SIMULATED)) for text in source.options)
    return choice(options.get("domains", "all"), tuple(DOMAINS), "domains")


def _simulated(source: DataSource, split: str) -> Iterable[Dialogue]:
    """`dialogues`, `seed` and `domains` as the corpus has them; validation and test are a fiftieth as large.

    The clerk of the corpus is patient, and some users leave before all is done; a brisk one serves all whose goals can
    be met.
    """
    options = dict(parse_option(text, corpus(SIMULATED)) for text in source.options)
    count, seed = options.get("dialogues", 1000), options.get("seed", 0)
    count = count if split == "train" else max(1, count // 50)
    return simulate(seed + SPLITS.index(split) * SEED_STRIDE, count, manner=BRISK, domains=simulated_domains(source))
