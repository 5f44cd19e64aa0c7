"""The evaluation's data besides predictions, in one small file, so that a machine without the corpus can score.

The file holds goals, normalised references, annotated states, the domains booked by each turn, and the database's
tables as the source has them. References depend on the evaluation's rules, so the file is valid for one version of it.
"""

import json
import os
from pathlib import Path
from typing import Any

from space_jax.corpora.reading import field, strings
from space_jax.errors import UserError
from space_jax.evaluation.multiwoz.database import DATABASE_DOMAINS, Database
from space_jax.evaluation.multiwoz.goals import Goal
from space_jax.evaluation.multiwoz.report import VERSION
from space_jax.evaluation.multiwoz.source import (
    Benchmark,
    TestDialogue,
    checked_entries,
    read_dialogues,
    read_object,
    read_raw,
    read_tables,
)
from space_jax.evaluation.multiwoz.values import State
from space_jax.printable import shown
from space_jax.reading.archives import gzipped

NAME = "multiwoz_benchmark.json"
_TOKENS = "corpus.json", "examples"
"""The contents of a folder of `space-jax data build`."""


def write_prepared(source: Path, out: Path) -> Path:
    """Writes a folder that `read_benchmark` reads in place of `source`, with the same figures.

    Args:
      source: as `read_raw` has it.
      out: the folder; made where it is missing, its file written whole or not at all.

    Returns:
      The file.

    Raises:
      UserError: as `read_raw`.
    """
    tables = read_tables(source)
    content = {
        "version": VERSION,
        "dialogues": {name: _to_json(dialogue) for name, dialogue in read_dialogues(source).items()},
        "database": tables,
    }
    out.mkdir(parents=True, exist_ok=True)
    file, temporary = out / f"{NAME}.gz", out / f".{NAME}.{os.getpid()}"
    # No time in it, so that the same source makes the same file.
    temporary.write_bytes(gzipped(json.dumps(content).encode()))
    os.replace(temporary, file)
    return file


def read_benchmark(source: Path) -> Benchmark:
    """The benchmark in a folder that `write_prepared` made, or in one with the corpora.

    Raises:
      UserError: neither; a file that is damaged, or was prepared by another version of the evaluation.
    """
    if (source / NAME).is_file() or (source / f"{NAME}.gz").is_file():
        return _read(source)
    if (source / _TOKENS[0]).is_file() and (source / _TOKENS[1]).is_dir():
        raise UserError(
            f"{source}: expected the MultiWOZ files or the output of --prepare, found a corpus of tokens as "
            "`space-jax data build` makes it, which has no goals and no database; where the MultiWOZ files are, run "
            "`space-jax multiwoz-eval --source DIR --prepare OUT` and give OUT"
        )
    return read_raw(source)


def _read(source: Path) -> Benchmark:
    where, content = read_object(source, NAME)
    if content.get("version") != VERSION:
        raise UserError(
            f"{where}: expected a file of version {VERSION} of the evaluation, found {content.get('version')!r}; "
            "rebuild it with --prepare"
        )
    dialogues = {
        name: _from_json(record, f"{where}: dialogue {name}")
        for name, record in field(content, "dialogues", dict, where).items()
    }
    tables = field(content, "database", dict, where)
    return Benchmark(
        dialogues,
        Database(
            {
                domain: checked_entries(domain, field(tables, domain, list, where), f"{where}: database {domain}")
                for domain in DATABASE_DOMAINS
            }
        ),
    )


def _to_json(dialogue: TestDialogue) -> dict[str, Any]:
    return {
        "goals": {
            domain: {"constraints": dict(goal.constraints), "requested": sorted(goal.requested)}
            for domain, goal in dialogue.goals.items()
        },
        "references": dialogue.references,
        "states": dialogue.states,
        "booked": [sorted(domains) for domains in dialogue.booked],
    }


def _from_json(record: Any, where: str) -> TestDialogue:
    references = strings(field(record, "references", list, where), f"{where}: field references")
    states, booked = field(record, "states", list, where), field(record, "booked", list, where)
    if not len(references) == len(states) == len(booked):
        raise UserError(
            f"{where}: expected as many states and bookings as its {len(references)} references, found {len(states)} "
            f"and {len(booked)}"
        )
    return TestDialogue(
        {
            domain: _goal(goal, f"{where}: goal {domain}")
            for domain, goal in field(record, "goals", dict, where).items()
        },
        tuple(references),
        tuple(_state(state, f"{where}: field states") for state in states),
        tuple(frozenset(strings(domains, f"{where}: field booked")) for domains in booked),
    )


def _goal(record: Any, where: str) -> Goal:
    requested = strings(field(record, "requested", list, where), f"{where}: field requested")
    return Goal(_texts(field(record, "constraints", dict, where), where), frozenset(requested))


def _state(record: Any, where: str) -> State:
    if not isinstance(record, dict):
        raise UserError(f"{where}: expected an object of domains, found {type(record).__name__}")
    return {domain: _texts(slots, where) for domain, slots in record.items()}


def _texts(record: Any, where: str) -> dict[str, str]:
    if not isinstance(record, dict) or not all(isinstance(value, str) for value in record.values()):
        raise UserError(f"{where}: expected slots with strings, found {shown(record)}")
    return record
