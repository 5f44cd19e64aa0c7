"""What somebody might say first to an agent: how dialogues begin in its own data, or else what is in its tables."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from space_jax.config_files import read_config
from space_jax.dialogue.record import USER, Dialogue
from space_jax.errors import UserError
from space_jax.tasks.config import FinetuneConfig
from space_jax.tasks.dialogue.splits import dialogues
from space_jax.world.backend import name_column
from space_jax.world.database import Database

_MOST, _LONGEST = 4, 100  # examples; characters of one
_READ = 200  # dialogues


def examples_for(workdir: Path, database: Database) -> tuple[str, ...]:
    """At most four things to say, about as many domains as there are.

    Args:
      workdir: of the fine-tuning run; its data may be gone.
      database: that the agent searches.
    """
    config = read_config(workdir, FinetuneConfig)
    for split in ("validation", "train"):  # the smaller one first
        try:
            found = list(itertools.islice(dialogues(config.data, split, config.task.train_split), _READ))
        except UserError:
            continue
        if some := _first_of_each(openings(found, database)):
            return some
    return _first_of_each(wishes(database))


def openings(found: Iterable[Dialogue], database: Database) -> Iterator[tuple[str, str]]:
    """The domain and the words of each short first turn that wishes for something; where there are tables, of them."""
    for dialogue in found:
        first = next((turn for turn in dialogue.turns if turn.role == USER), None)
        if first is None or not first.state or len(first.text) > _LONGEST:
            continue
        domain = next(reversed(first.state))
        if first.state[domain] and (database.columns(domain) or not database.domains):
            yield domain, " ".join(first.text.split())


def wishes(database: Database) -> Iterator[tuple[str, str]]:
    """Each domain with its name and a value of its table, preferably one that several rows have."""
    for domain in database.domains:
        rows, name = database.query(domain, {}), name_column(database, domain)
        values = [(column, row[column]) for row in rows[:_READ] for column in row if column != name and row[column]]
        if values:
            column, value = max(values, key=values.count)
            yield domain, f"{domain}, {column} {value}".replace("_", " ")


def _first_of_each(found: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The first words of each domain, then the second ones and so on."""
    words: dict[str, list[str]] = {}
    for domain, text in found:
        words.setdefault(domain, []).append(text)
    rounds = itertools.chain.from_iterable(itertools.zip_longest(*words.values(), fillvalue=""))
    return tuple(itertools.islice(filter(None, dict.fromkeys(rounds)), _MOST))
