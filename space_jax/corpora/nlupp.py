"""NLU++ (Casanueva et al., Findings of NAACL 2022): utterances to a bank and to a hotel with several intents each.

What becomes what:
  dialogue    one user turn, its text as written (offsets refer to it)
  domain      the folder: `banking` or `hotels`. Intents and slots that the source calls general belong to both
  frames      one for each intent, without slots, in the source's order. Slots are annotated of the utterance and not of
              an intent, so they are in a separate frame with the intent `default_intent`, which comes last. An
              utterance with neither (42) has no frames. One utterance has an intent twice, which is once here
  values      the words, with their span. Where the source's normalised value differs, it is a second value without a
              span: a number or a name as it is, an object (a date, a time, an amount of money, a period) as JSON with
              sorted keys, so that nothing is lost
  acts        None: not annotated. (`affirm`, `deny`, `thank` are among the intents; they are not acts of ours)

Which file is which split: the source has 20 folds of each domain and no split. Option `folds` says which are train; the
others are test. By default all are train and there is no test. Its usual set-ups: 20-fold, train is one fold ("0") and
test the 19 others; 10-fold, train is two ("0,1") and test the 18 others.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.corpora.archives import one_file
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import field, json_list, strings
from space_jax.corpora.utterances import NO_INTENT, choice, normal, utterance
from space_jax.dialogue.from_json import same_text
from space_jax.dialogue.record import Dialogue, Frame, Slot, Value
from space_jax.errors import UserError
from space_jax.reading.json_text import parse_json

DOMAINS = ("banking", "hotels")
FOLDS = tuple(str(fold) for fold in range(20))
ARCHIVE = "nlupp.zip"

Ontology = dict[str, dict[str, Any]]
"""`intents` and `slots` -> name -> its description and domains."""


def load(source: Path, split: str, domain: str = "all", folds: str = "all") -> Iterator[Dialogue]:
    """The utterances of a split, domain by domain and fold by fold in the order of the files.

    Args:
      source: a folder with `nlupp.zip`, or with the files of its folder `data`.
      split: "train", or "test" where `folds` leaves some for it.
      domain: "all", "banking" or "hotels".
      folds: "all", or the numbers of the folds that are train, joined by commas.

    Raises:
      UserError: a file that is missing or damaged, an intent or slot that `ontology.json` lacks, a span that does not
        hold its words; with file and record.
    """
    domains, train = choice(domain, DOMAINS, "domain"), choice(folds, FOLDS, "folds")
    chosen = train if split == "train" else tuple(fold for fold in FOLDS if fold not in train)
    if not chosen:
        raise UserError(f"option folds: expected some of {FOLDS[0]} to {FOLDS[-1]}, found all, which leaves no test")
    known = ontology(source)
    for of in domains:
        for fold in chosen:
            where, content = one_file(source, f"{of}/fold{fold}.json", ARCHIVE)
            for number, record in enumerate(json_list(content, where)):
                yield _dialogue(record, f"{split}-{of}-fold{fold}-{number}", of, known, f"{where}: record {number}")


def find_splits(source: Path) -> tuple[str, ...]:
    """Train where the files exist; test exists only with the option `folds`."""
    return ("train",) if (source / ARCHIVE).is_file() or (source / "ontology.json").is_file() else ()


def ontology(source: Path) -> Ontology:
    """The intents and slots with their descriptions and domains, as the source has them.

    Raises:
      UserError: the file is missing or damaged.
    """
    where, content = one_file(source, "ontology.json", ARCHIVE)
    known = parse_json(content, where)
    return {kind: field(known, kind, dict, where) for kind in ("intents", "slots")}


def _dialogue(record: Any, name: str, domain: str, known: Ontology, where: str) -> Dialogue:
    text = field(record, "text", str, where)
    intents = strings(field(record, "intents", list, where), where) if "intents" in record else []
    slots = field(record, "slots", dict, where) if "slots" in record else {}
    for kind, names in (("intents", intents), ("slots", slots)):
        if unknown := [one for one in dict.fromkeys(names) if one not in known[kind]]:
            raise UserError(f"{where}: field {kind}: expected {kind} of ontology.json, found {', '.join(unknown)}")
    frames = [Frame(domain, intent) for intent in dict.fromkeys(map(normal, intents))]
    if slots:
        filled = (Slot(normal(slot), _values(slots[slot], text, f"{where}: field slots.{slot}")) for slot in slots)
        frames.append(Frame(domain, NO_INTENT, tuple(filled)))
    return utterance(name, text, tuple(frames))


def _values(annotated: Any, text: str, where: str) -> tuple[Value, ...]:
    """The words with their span, and the normalised value if it differs."""
    match annotated:
        case {"text": str(said), "span": [int(start), int(end)]} if (
            0 <= start < end <= len(text) and text[start:end] == said
        ):
            words = Value(said, start, end)
        case _:
            raise UserError(f"{where}: expected a text at its span within {len(text)} characters, found {annotated}")
    meant = annotated.get("value", annotated.get("values", said))
    written = meant if isinstance(meant, str) else json.dumps(meant, ensure_ascii=False, sort_keys=True)
    return (words,) if same_text(written, said) else (words, Value(written))


CORPUS = Corpus(
    name="nlupp",
    description="NLU++: utterances to a bank and to a hotel, several of 62 intents each, 17 slots with spans",
    licence="CC BY 4.0",
    citation="Casanueva et al., Findings of NAACL 2022, arXiv 2204.13021; "
    "https://github.com/PolyAI-LDN/task-specific-datasets",
    needs_source=True,
    options={"domain": "all", "folds": "all"},
    read=load,
    find_splits=find_splits,
    splits=("train", "test"),
)
