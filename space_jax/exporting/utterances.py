"""The utterances that an export is checked with: given ones, those of the run's validation, or the simulated world's.

Behind them always come a few that are hard on a tokenizer: the names of special tokens, other scripts, and a text
longer than any model reads.
"""

import dataclasses
import itertools
from pathlib import Path

from space_jax.corpora.registry import corpus
from space_jax.dialogue.record import USER
from space_jax.errors import UserError
from space_jax.exporting.exportable import Exportable
from space_jax.reading.text import lines, read_bytes
from space_jax.tasks.config import FinetuneConfig
from space_jax.tasks.record_sources import rows_of
from space_jax.tasks.registry import task_class

HARD = (
    "a",
    "?!",
    "[SEP] is [CLS] not <sos_u> a [MASK] token [unused3]",
    "Größe, naïve CAFÉ, señor",
    "今日は hotel を予約 して",
    "\U0001f600 12:30 £5.50 ‘quoted’\u200b",
    "unbelievablyincomprehensibilities" * 4,
    " ".join(f"word {number} and" for number in range(200)),
)
_TEXT = ".txt"
_Pairs = list[tuple[str, str | None]]  # texts, and their labels where these are known


@dataclasses.dataclass(frozen=True)
class Sample:
    """Utterances.

    Attributes:
      texts: the utterances.
      labels: the truth of each, None where it is not known; those of HARD have none.
      source: where they are from, in words.
    """

    texts: tuple[str, ...]
    labels: tuple[str | None, ...]
    source: str


def sample(model: Exportable, given: Path | None, count: int) -> Sample:
    """Utterances to check a model with.

    Args:
      model: that is exported.
      given: CSV, TSV or JSONL with a text a row, or a text file with one a line; None to take the run's own.
      count: how many at most, beside HARD.

    Raises:
      UserError: no such file, or it has no texts.
    """
    if given is not None:
        pairs, source = _of_file(given, model)[:count], given.name
    else:
        pairs, source = _of_validation(model, count), "the run's validation data"
        if not pairs:
            pairs, source = _simulated(count), "the simulated world"
    texts = (*(text for text, _ in pairs), *HARD)
    return Sample(texts, (*(label for _, label in pairs), *[None] * len(HARD)), source)


def _of_file(path: Path, model: Exportable) -> _Pairs:
    pairs: _Pairs
    if path.suffix == _TEXT:
        pairs = [(line, None) for line in lines(read_bytes(path), str(path)) if line.strip()]
    else:
        task = getattr(model.config, "task", None)
        text, label = (getattr(task, f"{name}_field", name) for name in ("text", "label"))
        rows = [row.values for row in rows_of(path) if row.values is not None]
        found = [(row.get(text), row.get(label)) for row in rows]
        pairs = [(a, b if isinstance(b, str) else None) for a, b in found if isinstance(a, str) and a.strip()]
        if not pairs:
            raise UserError(f"{path}: expected texts in the field {text!r}, found none")
    if not pairs:
        raise UserError(f"{path}: expected a text on each line, found none")
    return pairs


def _of_validation(model: Exportable, count: int) -> _Pairs:
    """Evenly drawn of the run's validation records; none where its files are not here."""
    config = model.config
    if not isinstance(config, FinetuneConfig):
        return []  # a prepared corpus holds ids of tokens
    try:
        records = task_class(config.task.name).read_split(config.task, config.data, "validation")
    except UserError:
        return []
    step = max(1, len(records) // count)
    found = [(getattr(one, "text", ""), getattr(one, "label", None)) for one in records[::step]]
    return [(text, label) for text, label in found if text.strip()][:count]


def _simulated(count: int) -> _Pairs:
    dialogues = corpus("simulated").load(None, "validation", dialogues=max(10, count))
    texts = (turn.text for dialogue in dialogues for turn in dialogue.turns if turn.role == USER and turn.text.strip())
    return [(text, None) for text in itertools.islice(dict.fromkeys(texts), count)]
