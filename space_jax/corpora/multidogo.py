"""MultiDoGO (Peskov et al., EMNLP 2019), annotated at the turn level: its TSV files -> `Dialogue`.

What becomes what:
  turns       the customer's turns only: the agents' are not in these files, so turns of the user follow each other
  domain      the folder (`airline`, `fastfood`, ...)
  intent      the intents as spelled, lower case; several are joined by `<div>` in the source
  slots       one label a token without BIO marks: neighbours with one label are one value, so that two values of one
              slot side by side are merged. They belong to the first intent of the turn that gives content (whose act
              is `inform`), else to its first
  acts        `ACTS_OF` below; `outofdomain` has no unified act (such a turn may say anything)
  text        split at single blanks, as the labels are; a token may be a line break, which is dropped with its label
  id          the split, the domain and the conversation

A row may span several lines, because a quoted utterance can hold line breaks; turns counted by lines come out 532
too many. 77 utterances are empty and kept as empty turns.
"""

import io
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora.archives import corpus_files, has_corpus_files
from space_jax.corpora.corpus import Corpus
from space_jax.dialogue.record import USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError
from space_jax.reading.delimited import QUOTED_TSV, checked_rows

_TO_KNOW = """
    checkbalance checkclaimstatus checkoffereligibility checkserverstatus getinformationintent getpromotions
    getroutingnumber getseatinfo viewbillsintent viewdatausageintent
"""
_TO_HAVE_DONE = """
    bookflight cancelserviceintent changeorder changeseatassignment closeaccount disputecharge expensereport
    getboardingpass getchannelpackageintent getproofofinsurance openaccount orderbreakfastintent orderburgerintent
    orderchecks orderdessertintent orderdrinkintent orderpizzaintent ordersaladintent ordersideintent
    providereceipt replacecard reportbrokenphone reportbrokensoftware reportlostcard softwareupdate
    startorder startserviceintent stoporder transfermoney transferserviceintent updateaccountinfo updateaddress
    upgradeserviceintent
"""

ACTS_OF: dict[str, str | None] = {
    "contentonly": "inform",
    "confirmation": "affirm",
    "rejection": "negate",
    "openinggreeting": "hi",
    "closinggreeting": "bye",
    "thankyou": "thank_you",
    "outofdomain": None,
    **dict.fromkeys(_TO_KNOW.split(), "request"),
    **dict.fromkeys(_TO_HAVE_DONE.split(), "inform"),
}
"""The source's intents -> unified acts: asking for information requests, asking for an action states an intent, which
informs (like SGD's INFORM_INTENT)."""

COLUMNS = ["conversationId", "turnNumber", "utteranceId", "utterance", "slot-labels", "intent"]
ARCHIVE = "turn_level.zip"
_FILES = {"train": "train", "validation": "dev", "test": "test"}
_SEPARATOR = "<div>"

Row = tuple[str, tuple[str, ...]]  # where it stands, its columns


def load(source: Path, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split, domain by domain.

    Args:
      source: the folder with `turn_level.zip`, or its unpacked files.
      split: "train", "validation" (the source's dev) or "test".

    Raises:
      UserError: files that are missing or damaged, labels that do not fit the tokens, an intent that `ACTS_OF` lacks;
        with the file and the line.
    """
    for where, content in corpus_files(source, ARCHIVE, _pattern(split), f"<domain>/{_FILES[split]}.tsv"):
        domain = where.replace("\\", "/").split("/")[-2].lower()
        for name, rows in itertools.groupby(_rows(content, where), key=lambda row: row[1][0]):
            yield Dialogue(f"{split}-{domain}-{name}", tuple(_turn(row, domain) for row in rows))


def find_splits(source: Path) -> tuple[str, ...]:
    """The splits that `source` holds."""
    return tuple(split for split in _FILES if has_corpus_files(source, ARCHIVE, _pattern(split)))


def _pattern(split: str) -> re.Pattern[str]:
    return re.compile(rf"[^/]+/{_FILES[split]}\.tsv$")


def _rows(content: bytes, where: str) -> Iterator[Row]:
    rows = checked_rows(io.BytesIO(content), QUOTED_TSV, where)
    header = next(rows, None)
    names = () if header is None else header.cells
    if list(names) != COLUMNS:
        raise UserError(f"{where}:1: expected the columns {', '.join(COLUMNS)}, found {', '.join(names)[:200]}")
    for row in rows:
        if len(row.cells) != len(COLUMNS):
            raise UserError(f"{where}:{row.number}: expected {len(COLUMNS)} columns, found {len(row.cells)}")
        yield f"{where}:{row.number}", row.cells


def _turn(row: Row, domain: str) -> Turn:
    where, (_, _, _, utterance, labels, intents) = row
    text, slots = _slots(utterance.split(" "), labels.split(" "), where)
    names = list(dict.fromkeys(name.strip().lower() for name in intents.split(_SEPARATOR)))
    unknown = [name for name in names if name not in ACTS_OF]
    if unknown:
        raise UserError(f"{where}: field intent: expected intents of {__name__}.ACTS_OF, found {', '.join(unknown)}")
    owner = next((name for name in names if ACTS_OF[name] == "inform"), names[0])
    frames = tuple(Frame(domain, name.replace(" ", "_"), slots if name == owner else ()) for name in names)
    acts = tuple(dict.fromkeys(act for name in names if (act := ACTS_OF[name]) is not None))
    return Turn(USER, text, frames, acts)


def _slots(tokens: list[str], labels: list[str], where: str) -> tuple[str, tuple[Slot, ...]]:
    """The text without tokens of white space, and the slots with the places of their values."""
    if len(tokens) != len(labels):
        raise UserError(f"{where}: field slot-labels: expected {len(tokens)} labels, one a token, found {len(labels)}")
    kept = [(token.strip(), label.lower()) for token, label in zip(tokens, labels, strict=True) if token.strip()]
    text = " ".join(token for token, _ in kept)
    slots: dict[str, dict[str, Value]] = {}
    start = 0
    for label, group in itertools.groupby(kept, key=lambda pair: pair[1]):
        end = start + sum(len(token) + 1 for token, _ in group) - 1
        if label != "o":
            slots.setdefault(label, {}).setdefault(text[start:end], Value(text[start:end], start, end))
        start = end + 1
    return text, tuple(Slot(slot, tuple(values.values())) for slot, values in slots.items())


CORPUS = Corpus(
    name="multidogo",
    description="MultiDoGO: the customers' turns of 14,147 dialogues in six domains, annotated at the turn level",
    licence="CDLA-Permissive 1.0",
    citation="Peskov et al., EMNLP 2019; https://github.com/awslabs/multi-domain-goal-oriented-dialogues-dataset",
    needs_source=True,
    options={},
    read=load,
    find_splits=find_splits,
)
