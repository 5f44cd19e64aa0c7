"""CLINC150 (Larson et al., EMNLP 2019): utterances to an assistant, one of 150 intents each or out of scope.

What becomes what:
  dialogue    one user turn; runs of blanks in its text are collapsed, because no offsets refer to it (3 texts of train)
  frames      one: the domain that `domains.json` gives the intent, and the intent without slots. An utterance out of
              scope has the intent `oos` in the domain `default_domain`: the source puts it in none
  acts        None: not annotated

Which file is which split:
  train       `train` and `oos_train` of `data_full.json`; with subset "train_10" or "train_5" the in-scope utterances
              are those of `few_shot/train_10` or `train_5`: 10 or 5 an intent, all of them in `train` too
  validation  `val` and `oos_val`. Three texts of it are in train as well, two of them under another intent, as in the
              source
  test        `test` and `oos_test`, where a user has the original file
  `few_shot/train` and `few_shot/valid` hold the same utterances as `train` and `val` and are not read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.corpora.archives import one_file
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import collapsed, field, strings
from space_jax.corpora.utterances import NO_DOMAIN, labelled_lines, normal, utterance
from space_jax.dialogue.record import Dialogue, Frame
from space_jax.errors import UserError
from space_jax.reading.json_text import parse_json

OUT_OF_SCOPE = "oos"
SUBSETS = ("full", "train_10", "train_5")
KEYS = {"train": "train", "validation": "val", "test": "test"}


def load(source: Path, split: str, subset: str = "full", out_of_scope: bool = True) -> Iterator[Dialogue]:
    """The utterances of a split, in the order of the source; those out of scope come last.

    Args:
      source: a folder with `data_full.json`, `domains.json` and, for the small subsets, the folder `few_shot`.
      split: "train", "validation" or "test".
      subset: what the in-scope part of train is, one of `SUBSETS`.
      out_of_scope: whether to include the utterances out of scope.

    Raises:
      UserError: files that are missing or damaged, an intent that `domains.json` lacks; with file and place.
    """
    if subset not in SUBSETS:
        raise UserError(f"option subset: expected one of {', '.join(SUBSETS)}, found {subset!r}")
    domain_of = domains(source)
    small = split == "train" and subset != "full"
    rows = labelled_lines(source / "few_shot" / subset) if small else _rows(source, KEYS[split])
    for number, row in enumerate(rows):
        yield _dialogue(f"{split}-{subset}-{number}" if small else f"{split}-{number}", row, domain_of)
    if out_of_scope:
        for number, row in enumerate(_rows(source, f"oos_{KEYS[split]}")):
            yield _dialogue(f"{split}-oos-{number}", row, {OUT_OF_SCOPE: NO_DOMAIN})


def find_splits(source: Path) -> tuple[str, ...]:
    """The splits that `source` holds."""
    if not (source / "data_full.json").is_file():
        return ()
    _, data = _data(source)
    return tuple(split for split, key in KEYS.items() if key in data)


def domains(source: Path) -> dict[str, str]:
    """Intent -> domain, in the order of `domains.json`.

    Raises:
      UserError: the file is missing or damaged.
    """
    where, content = one_file(source, "domains.json", "domains.zip")
    groups = parse_json(content, where)
    if not isinstance(groups, dict):
        raise UserError(f"{where}: expected an object with the intents of each domain, found something else")
    return {
        label: normal(domain) for domain, labels in groups.items() for label in strings(labels, f"{where}: {domain}")
    }


def _dialogue(name: str, row: tuple[str, str, str], domain_of: dict[str, str]) -> Dialogue:
    where, text, label = row
    if label not in domain_of:
        known = "intents of domains.json" if len(domain_of) > 1 else OUT_OF_SCOPE
        raise UserError(f"{where}: expected {known}, found {label!r}")
    return utterance(name, text, (Frame(domain_of[label], normal(label)),))


def _data(source: Path) -> tuple[str, dict[str, Any]]:
    where, content = one_file(source, "data_full.json", "data_full.zip")
    data = parse_json(content, where)
    if not isinstance(data, dict):
        raise UserError(f"{where}: expected an object with the lists train and val, found something else")
    return where, data


def _rows(source: Path, key: str) -> Iterator[tuple[str, str, str]]:
    where, data = _data(source)
    for number, row in enumerate(field(data, key, list, where)):
        here = f"{where}: {key}[{number}]"
        match row:
            case [str(text), str(label)]:
                yield here, collapsed(text), label
            case _:
                raise UserError(f"{here}: expected an utterance and its intent, found {row!r}")


CORPUS = Corpus(
    name="clinc150",
    description="CLINC150: utterances to an assistant with one of 150 intents in 10 domains, or out of scope",
    licence="CC BY 3.0",
    citation="Larson et al., EMNLP 2019, arXiv 1909.02027; https://github.com/clinc/oos-eval",
    needs_source=True,
    options={"subset": "full", "out_of_scope": True},
    read=load,
    find_splits=find_splits,
)
