"""Labelled sentences as files that fine-tuning reads: CSV, or JSONL where values have places in the text."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from space_jax.corpora.utterances import NO_DOMAIN
from space_jax.dialogue.record import Dialogue
from space_jax.reading.delimited import CSV, row_text


def sentence_file(sentences: Sequence[Dialogue]) -> tuple[str, str]:
    """The suffix of the file and its text.

    CSV has the columns `id` and `text`, and `label` and `domain` where the source has them. JSONL has the same fields,
    and `intents` and `spans`, from which slots are learnt.

    Args:
      sentences: dialogues of one user turn.
    """
    records = [_record(sentence) for sentence in sentences]
    if any(record["spans"] for record in records):
        return ".jsonl", "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    return ".csv", "".join(row_text(row, CSV) for row in _rows(records))


def _record(sentence: Dialogue) -> dict[str, Any]:
    (turn,) = sentence.turns
    frames = turn.frames or ()
    record: dict[str, Any] = {"id": sentence.id, "text": turn.text}
    if frames:
        record["label"] = frames[0].intent
        record["intents"] = [frame.intent for frame in frames]
        if frames[0].domain != NO_DOMAIN:
            record["domain"] = frames[0].domain
    record["spans"] = [
        {"slot": slot.name, "start": value.start, "end": value.end}
        for frame in frames
        for slot in frame.slots
        for value in slot.values
        if value.start is not None
    ]
    return record


def _rows(records: Iterable[dict[str, Any]]) -> Iterator[list[str]]:
    records = list(records)
    columns = ["id", "text", *(name for name in ("label", "domain") if any(name in record for record in records))]
    yield columns
    for record in records:
        yield [record.get(name, "") for name in columns]
