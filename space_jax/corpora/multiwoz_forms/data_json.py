"""`data.json`, the form of the releases 2.0, 2.1, 2.3 and 2.4: all dialogues by id, and lists of ids beside it.

  data.json                 id -> `goal` and `log`
  valListFile, testListFile an id a line, whether they end in `.txt` or `.json`; all other dialogues are train
  dialogue_acts.json        or system_acts.json: id without `.json` -> number of the system's turn, from "1" -> acts, or
                            "No Annotation"; read where the log has no `dialog_act`

The repository's `MultiWOZ_2.1.zip` has the acts of both speakers in the log. Other archives have those of the system in
the file beside it, without spans: the user's turns count as not annotated, values are searched for in the text. A
dialogue without turns is left out.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from space_jax.corpora.multiwoz_forms import log
from space_jax.corpora.multiwoz_forms.place import Place
from space_jax.corpora.reading import field, strings
from space_jax.corpora.splits import SPLITS
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.json_text import parse_json
from space_jax.reading.text import lines

FILE = "data.json"
LISTS = {"validation": "valListFile", "test": "testListFile"}
ACTS = ("dialogue_acts.json", "system_acts.json")
_SUFFIXES = (".txt", ".json", "")


def load(place: Place, root: str, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split in the order of the file, which is in memory while it is read.

    Raises:
      UserError: a list that is missing, a split without dialogues, anything that is damaged; with the file, the
        dialogue and the turn.
    """
    split_of = _split_of(place, root)
    where, records = _object(place, f"{root}{FILE}")
    chosen = {
        name: record
        for name, record in records.items()
        if split_of.get(_plain(name), "train") == split and not _is_empty(record)
    }
    if not chosen:
        raise UserError(f"{where}: expected dialogues of the split {split}, found none")
    apart = None if _annotated(records) else _acts(place, root)
    del records
    for name, record in chosen.items():
        at = f"{where}: dialogue {name}"
        entries = list(_entries(record, at, None if apart is None else apart.get(_plain(name), {})))
        yield log.dialogue(f"{split}-{_plain(name)}", entries, log.spans_of_written(entries))


def splits(place: Place, root: str) -> tuple[str, ...]:
    """All splits: they share the file."""
    return SPLITS


def _entries(record: Any, where: str, apart: Any) -> Iterator[log.Entry]:
    """The entries of a dialogue; `apart` has the system's acts if the log has none."""
    if apart is not None and not isinstance(apart, dict):
        raise UserError(f"{where}: expected acts by turn, found {shown(apart)}")
    for number, (entry, text, metadata, at) in enumerate(log.utterances(record, where)):
        if apart is None:
            acts = field(entry, "dialog_act", dict, at) if entry.get("dialog_act") else {}
            spans = field(entry, "span_info", list, at) if entry.get("span_info") else []
        else:
            acts, spans = apart.get(str((number + 1) // 2), {}) if number % 2 else {}, []
            acts = {} if isinstance(acts, str) else acts  # "No Annotation"
            if not isinstance(acts, dict):
                raise UserError(f"{at}: expected acts, found {shown(acts)}")
        yield log.Entry(text, acts, spans, metadata, at)


def _is_empty(record: Any) -> bool:
    return isinstance(record, dict) and record.get("log") == []


def _annotated(records: Mapping[str, Any]) -> bool:
    logs = (record.get("log") for record in records.values() if isinstance(record, dict))
    return any(
        isinstance(one, dict) and "dialog_act" in one for turns in logs if isinstance(turns, list) for one in turns
    )


def _acts(place: Place, root: str) -> dict[str, Any]:
    name = place.first(*(f"{root}{name}" for name in ACTS))
    return {} if name is None else {_plain(key): turns for key, turns in _object(place, name)[1].items()}


def _split_of(place: Place, root: str) -> dict[str, str]:
    """Id -> split, of those that are not train."""
    found: dict[str, str] = {}
    for split, stem in LISTS.items():
        name = place.first(*(f"{root}{stem}{suffix}" for suffix in _SUFFIXES))
        if name is None:
            wanted = " and ".join(f"{one}.txt (or .json)" for one in LISTS.values())
            raise UserError(
                f"{place.path / root}: expected {wanted} beside {FILE}, which say what belongs to which split, found "
                f"no {stem}"
            )
        where, content = place.read(name)
        listed = content.lstrip().startswith(b"[")
        ids = strings(parse_json(content, where), where) if listed else lines(content, where)
        for number, identity in enumerate(map(_plain, ids), 1):
            if identity and found.setdefault(identity, split) != split:
                raise UserError(f"{where}:{number}: {identity} is in {LISTS[found[identity]]} too")
    return found


def _plain(name: str) -> str:
    return name.strip().removesuffix(".json")


def _object(place: Place, name: str) -> tuple[str, dict[str, Any]]:
    where, content = place.read(name)
    value = parse_json(content, where)
    if not isinstance(value, dict):
        raise UserError(f"{where}: expected a JSON object of dialogues by id, found something else")
    return where, value
