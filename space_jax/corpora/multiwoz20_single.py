"""Single-domain dialogues of MultiWOZ 2.0 with acts, as released for DSTC8 track 1: raw files -> `Dialogue`.

What becomes what:
  split           by the id lists of MultiWOZ, `trainListFile`, `valListFile`, `testListFile`; most are train
  domain, intent  as in `multiwoz21`
  slots           as in `multiwoz21`; the source has no spans, so values are searched for in the text
  acts            `multiwoz.ACTS_OF`, both sides; None, with frames None, where the annotation is empty: the opening
                  line of every dialogue, which the release added (2,924), and 1,561 other turns that were missed
  state           the source has none
  text            runs of white space collapsed; some texts hold line ends
  id              the split and the source's id
A dialogue starts with the system's opening line, which is kept.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.corpora import multiwoz
from space_jax.corpora.archives import files
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import collapsed, field, strings
from space_jax.corpora.splits import SPLITS
from space_jax.dialogue.record import SYSTEM, USER, Dialogue
from space_jax.errors import UserError
from space_jax.reading.json_text import parse_json
from space_jax.reading.text import lines, read_bytes

ACTS_OF = multiwoz.ACTS_OF
ARCHIVE = "dstc8_multiwoz2.0"
LISTS = {"train": "trainListFile", "validation": "valListFile", "test": "testListFile"}
_FILE = re.compile(r"(^|/)(?!tasks\.)[^/]*\.txt$")


def load(source: Path, split: str, lists: str | Path | None = None) -> Iterator[Dialogue]:
    """The dialogues of a split, in the order of the file names; one file is in memory at a time.

    Args:
      source: a folder with `dstc8_multiwoz2.0.zip`, or with its folder `dialogues`.
      split: "train", "validation" or "test".
      lists: the folder with the id lists; by default `multiwoz21` beside `source`.

    Raises:
      UserError: files that are missing or damaged, an id that no list has, an act that `ACTS_OF` lacks; with the
        file, the line and the turn.
    """
    split_of = _split_of(Path(lists) if lists else source.absolute().parent / "multiwoz21")
    folder = "dialogues" if (source / "dialogues").is_dir() else ARCHIVE
    for path, content in files(source, folder, _FILE, "dialogues/*.txt"):
        for number, line in enumerate(content.split(b"\n"), 1):
            if line.strip():
                where = f"{path}:{number}"
                record = parse_json(line, where)
                name = field(record, "id", str, where)
                if name not in split_of:
                    raise UserError(f"{where}: field id: expected an id of {', '.join(LISTS.values())}, found {name!r}")
                if split_of[name] == split:
                    yield _dialogue(name, record, split, f"{where} ({name})")


def find_splits(source: Path) -> tuple[str, ...]:
    """All splits, if `source` holds the dialogues: they are not divided in files."""
    return SPLITS if (source / "dialogues").is_dir() or (source / f"{ARCHIVE}.zip").is_file() else ()


def _split_of(folder: Path) -> dict[str, str]:
    """Id -> split."""
    found: dict[str, str] = {}
    for split, name in LISTS.items():
        if not (folder / name).is_file():
            raise UserError(
                f"{folder}: expected {', '.join(LISTS.values())} of MultiWOZ there, which say what belongs to which "
                f"split, found no {name}; option lists names another folder"
            )
        for number, line in enumerate(lines(read_bytes(folder / name), str(folder / name)), 1):
            identity = line.strip().removesuffix(".json")
            if found.setdefault(identity, split) != split:
                raise UserError(f"{folder / name}:{number}: {identity} is in {LISTS[found[identity]]} too")
    return found


def _dialogue(name: str, record: Any, split: str, where: str) -> Dialogue:
    texts = strings(field(record, "turns", list, where), f"{where}: field turns")
    annotations = field(record, "annotations", list, where)
    if not texts or len(texts) != len(annotations):
        raise UserError(f"{where}: expected an annotation a turn, found {len(annotations)} for {len(texts)} turns")
    turns = []
    for number, (text, annotation) in enumerate(zip(map(collapsed, texts), annotations, strict=True)):
        here = f"{where}, turn {number}"
        if not isinstance(annotation, dict):
            raise UserError(f"{here}: field annotations: expected dict, found {type(annotation).__name__}")
        things = [one for _, one in multiwoz.said_of(annotation, here)]
        acts = multiwoz.act_names(annotation)
        turns.append(multiwoz.turn(USER if number % 2 else SYSTEM, text, acts, things, None, here))
    return Dialogue(f"{split}-{name}", tuple(turns))


CORPUS = Corpus(
    name="multiwoz20_single",
    description="single-domain dialogues of MultiWOZ 2.0 with acts: 2,494 / 204 / 226 dialogues",
    licence="CC BY 4.0",
    citation="Budzianowski et al., EMNLP 2018, arXiv 1810.00278; as handed out for DSTC8 track 1, "
    "https://github.com/thu-coai/ConvLab-2, data/unified_datasets/metalwoz",
    needs_source=True,
    options={"lists": None},
    read=load,
    find_splits=find_splits,
)
