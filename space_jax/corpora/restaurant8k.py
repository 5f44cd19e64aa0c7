"""Restaurants-8k (Coope et al., ACL 2020): calls to a restaurant's booking line, with spans of five slots.

What becomes what:
  dialogue    one user turn, its text as written (offsets refer to it). Where the source names the slots that the system
              requested (`context.requestedSlots`), a system turn of empty text precedes it, with the frame
              (`restaurant`, `request`, those slots without values) and the act `request`
  frames      user: one, domain `restaurant`, intent `default_intent` (the source has none), with the labelled spans;
              none where nothing is labelled. Spans of two slots may overlap ("now" is date and time; 59 pairs in train,
              18 in test) and five spans begin with a blank, as in the source
  acts        None on the user's side: not annotated

Which file is which split:
  train       `train_0.json` (8,198); option `halvings` N reads `train_N.json`, a half of the one before
  test        `test.json` (3,731). 69 texts of it are in train as well, as in the source
  There is no validation.
"""

from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora import span_labels
from space_jax.corpora.archives import one_file
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import json_list
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError

DOMAIN = "restaurant"
HALVINGS = 8


def load(source: Path, split: str, halvings: int = 0) -> Iterator[Dialogue]:
    """The utterances of a split, in the order of the file.

    Args:
      source: a folder with `restaurant8k.zip`, or with its files.
      split: "train" or "test".
      halvings: how many times train is halved, 0 to 8.

    Raises:
      UserError: a file that is missing or damaged, a span outside its text; with file and record.
    """
    if halvings not in range(HALVINGS + 1):
        raise UserError(f"option halvings: expected 0 to {HALVINGS}, found {halvings!r}")
    part = f"{split}_{halvings}" if split == "train" else split
    prefix = f"{split}-{part}" if split == "train" and halvings else split
    where, content = one_file(source, f"{part}.json", "restaurant8k.zip")
    for number, record in enumerate(json_list(content, where)):
        yield span_labels.dialogue(record, f"{prefix}-{number}", DOMAIN, f"{where}: record {number}")


CORPUS = Corpus(
    name="restaurant8k",
    description="Restaurants-8k: callers' utterances to a restaurant's booking line, with spans of five slots",
    licence="CC BY 4.0",
    citation="Coope et al., ACL 2020, arXiv 2005.08866; https://github.com/PolyAI-LDN/task-specific-datasets",
    needs_source=True,
    options={"halvings": 0},
    read=load,
    splits=("train", "test"),
)
