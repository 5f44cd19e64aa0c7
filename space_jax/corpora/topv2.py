"""TOPv2 (Chen et al., EMNLP 2020): utterances to an assistant with nested semantic parses, in eight domains.

What becomes what:
  dialogue    one user turn, its text as written (offsets refer to it)
  domain      the source's: alarm, event, messaging, music, navigation, reminder, timer, weather; event and navigation
              are TOP (Gupta et al., EMNLP 2018) less its unsupported utterances
  frames      one. Its intent is the root's, in lower case; its slots are all nodes under the root. A node's slot is
              named by the path from the root down to it: `todo` for a slot of the root, `todo.send_message` for the
              intent within it, `todo.send_message.recipient` for a slot of that. The value is the utterance from the
              node's first word to its last. Paths and spans show how nodes nest, so the tree loses only the place of a
              node without words (24 in all files), whose slot has no value
  acts        None: not annotated

`parses` gives the trees themselves, with the words as the source tokenises them; `parse_tree` reads and prints them.

Which file is which split: `<domain>_train.tsv`, `<domain>_eval.tsv` (validation), `<domain>_test.tsv`. With option
`spis` (samples per intent and slot) train and validation are the low-resource ones of reminder and weather, which the
source draws from its train and eval files; test stays whole. Short requests recur: 1,890 texts of validation and 3,711
of test are in train of their domain as well. So it is in the source, whose scores count them.
"""

from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora.archives import one_file
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.utterances import choice, normal, utterance
from space_jax.dialogue import parse_tree
from space_jax.dialogue.parse_tree import Node, Placed
from space_jax.dialogue.record import Dialogue, Frame, Slot, Value
from space_jax.errors import UserError
from space_jax.reading.text import lines

DOMAINS = ("alarm", "event", "messaging", "music", "navigation", "reminder", "timer", "weather")
LOW_RESOURCE = ("reminder", "weather")
SPIS = (10, 25, 50, 100, 250, 500, 1000)
FILES = {"train": "train", "validation": "eval", "test": "test"}
_SMALL_FILES = {"train": "train", "validation": "valid"}
_HEADERS = ("domain\tutterance\tsemantic_parse", "domain\tutterance\tseqlogical")  # the latter in low_resource_splits


def load(source: Path, split: str, domain: str = "all", spis: int = 0) -> Iterator[Dialogue]:
    """The utterances of a split, domain by domain in the order of the files; one file is in memory at a time.

    Args:
      source: a folder with `TOPv2_Dataset.zip`, or with its files.
      split: "train", "validation" or "test".
      domain: "all", or some of `DOMAINS` joined by commas.
      spis: samples per intent and slot, one of `SPIS` (for domains of `LOW_RESOURCE`), or 0 for all.

    Raises:
      UserError: a file that is missing or damaged, a parse that is no tree or does not spell its utterance; with file
        and line.
    """
    for where, name, of, text, tree in _rows(source, split, domain, spis):
        try:
            nodes = parse_tree.placed(tree, text)
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
        yield utterance(name, text, (Frame(of, _short(tree.label), _slots(nodes[1:], text)),))


def parses(source: Path, split: str, domain: str = "all", spis: int = 0) -> Iterator[tuple[str, str, Node]]:
    """The id, the utterance and the tree of each dialogue that `load` gives, in the same order.

    Args:
      source: as in `load`.
      split: as in `load`.
      domain: as in `load`.
      spis: as in `load`.

    Raises:
      UserError: a file that is missing or damaged, a parse that is no tree; with file and line.
    """
    for _, name, _, text, tree in _rows(source, split, domain, spis):
        yield name, text, tree


def _rows(source: Path, split: str, domain: str, spis: int) -> Iterator[tuple[str, str, str, str, Node]]:
    """The place of a row, its id, domain, utterance and tree."""
    chosen = choice(domain, DOMAINS, "domain")
    if spis and spis not in SPIS:
        raise UserError(f"option spis: expected 0 or one of {', '.join(map(str, SPIS))}, found {spis!r}")
    if spis and not set(chosen) <= set(LOW_RESOURCE):
        raise UserError(f"option spis: expected domains of {', '.join(LOW_RESOURCE)} with it, found {domain!r}")
    for of in chosen:
        name, prefix = f"{of}_{FILES[split]}.tsv", f"{split}-{of}"
        if spis and split in _SMALL_FILES:
            name, prefix = f"low_resource_splits/{of}_{_SMALL_FILES[split]}_{spis}spis.tsv", f"{prefix}-{spis}spis"
        where, content = one_file(source, name, "TOPv2_Dataset.zip")
        yield from _file(content, where, prefix, of)


def _file(content: bytes, where: str, prefix: str, domain: str) -> Iterator[tuple[str, str, str, str, Node]]:
    # Quotes are ordinary characters here, so a CSV reader would not do.
    rows = lines(content, where)
    if not rows or rows[0] not in _HEADERS:
        raise UserError(f"{where}:1: expected the columns domain, utterance, semantic_parse, found {rows[:1]}")
    for number, row in enumerate(rows[1:]):
        here = f"{where}:{number + 2}"
        cells = row.split("\t")
        if len(cells) != 3 or cells[0] != domain:
            raise UserError(f"{here}: expected {domain}, an utterance and a parse, found {row!r}")
        try:
            yield here, f"{prefix}-{number}", domain, cells[1], parse_tree.parse(cells[2])
        except UserError as error:
            raise UserError(f"{here}: {error}") from None


def _slots(nodes: list[Placed], text: str) -> tuple[Slot, ...]:
    slots: dict[str, list[Value]] = {}
    for node in nodes:
        values = slots.setdefault(".".join(map(_short, node.path[1:])), [])
        if node.start is not None and node.end is not None:
            values.append(Value(text[node.start : node.end], node.start, node.end))
    return tuple(Slot(name, tuple(dict.fromkeys(values))) for name, values in slots.items())


def _short(label: str) -> str:
    """A label without its kind, in normal form."""
    return normal(label.partition(":")[2])


CORPUS = Corpus(
    name="topv2",
    description="TOPv2: utterances to an assistant with nested semantic parses, in eight domains (two of them are TOP)",
    licence="CC BY-SA 4.0",
    citation="Chen et al., EMNLP 2020, arXiv 2010.03546; https://fb.me/TOPv2Dataset, here from "
    "https://github.com/BMPixel/UniSLU_Dataset",
    needs_source=True,
    options={"domain": "all", "spis": 0},
    read=load,
)
