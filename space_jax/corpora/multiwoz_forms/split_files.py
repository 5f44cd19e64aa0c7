"""A file for each split, `train.json`, `val.json`, `test.json`, packed or not: 2.1 as ConvLab and ConvLab-2 have it.

Texts are tokenised, both speakers are annotated with acts and spans.
"""

from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora.archives import one_file
from space_jax.corpora.multiwoz_forms import log
from space_jax.corpora.reading import field
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.reading.json_text import parse_json

FILES = {"train": "train.json", "validation": "val.json", "test": "test.json"}


def load(source: Path, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split in the source's order; a split is one file, which is in memory while it is read.

    Raises:
      UserError: files that are missing or damaged, a span outside its text; with the file, the dialogue and the turn.
    """
    where, content = one_file(source, FILES[split], f"{FILES[split]}.zip")
    records = parse_json(content, where)
    del content
    if not isinstance(records, dict):
        raise UserError(f"{where}: expected a JSON object of dialogues by id, found something else")
    for name, record in records.items():
        entries = [
            log.Entry(text, field(entry, "dialog_act", dict, at), field(entry, "span_info", list, at), metadata, at)
            for entry, text, metadata, at in log.utterances(record, f"{where}: dialogue {name}")
        ]
        yield log.dialogue(f"{split}-{name.removesuffix('.json')}", entries, list(map(log.spans_of_tokens, entries)))


def splits(source: Path) -> tuple[str, ...]:
    """The splits that a folder holds."""
    return tuple(
        split for split, name in FILES.items() if (source / name).is_file() or (source / f"{name}.zip").is_file()
    )
