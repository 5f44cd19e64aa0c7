"""DSTC8's span extraction data (Coope et al., ACL 2020): user utterances of four services of Schema-Guided Dialogue.

What becomes what:
  dialogue    one user turn, its text as written (offsets point into it). Where the source names the slots that the
              system requested (`context.requestedSlots`), a system turn of empty text precedes it, with the frame
              (domain, `request`, those slots without values) and the act `request`. More slots are requested than
              labelled: `category`, `number_of_beds`, `number_of_seats` and `travelers` have no spans in the source
  frames      user: one, domain the service without its number in lower case (`RentalCars_1` -> `rentalcars`), intent
              `default_intent` (the source has none), with the labelled spans; none where nothing is labelled
  acts        None on the user's side: not annotated
  id          the split and the source's id; an utterance has the same id in every halving

Which file is which split:
  train       `train_0.json` of each service; option `halvings` N reads `train_N.json`, a half of the one before
  test        `test.json`. 164 texts of it are in train of their service as well, as in the source
  There is no validation. The utterances are from SGD's dialogues, so that corpus overlaps with this one.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora import span_labels
from space_jax.corpora.archives import one_file
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import field, json_list
from space_jax.corpora.utterances import choice
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError

FOLDERS = {"buses": "Buses_1", "events": "Events_1", "homes": "Homes_1", "rentalcars": "RentalCars_1"}
HALVINGS = 5


def load(source: Path, split: str, domain: str = "all", halvings: int = 0) -> Iterator[Dialogue]:
    """The utterances of a split, domain by domain in the order of the files.

    Args:
      source: a folder with `dstc8.zip`, or with its folders.
      split: "train" or "test".
      domain: "all", or some of `FOLDERS` joined by commas.
      halvings: how many times train is halved, 0 to 5.

    Raises:
      UserError: a file that is missing or damaged, a span outside its text; with file and record.
    """
    if halvings not in range(HALVINGS + 1):
        raise UserError(f"option halvings: expected 0 to {HALVINGS}, found {halvings!r}")
    part = f"{split}_{halvings}" if split == "train" else split
    chosen = choice(domain, tuple(FOLDERS), "domain")
    return itertools.chain.from_iterable(_domain(source, split, part, name) for name in chosen)


def _domain(source: Path, split: str, part: str, domain: str) -> Iterator[Dialogue]:
    where, content = one_file(source, f"{FOLDERS[domain]}/{part}.json", "dstc8.zip")
    for number, record in enumerate(json_list(content, where)):
        here = f"{where}: record {number}"
        yield span_labels.dialogue(record, f"{split}-{field(record, 'id', str, here)}", domain, here)


CORPUS = Corpus(
    name="dstc8_span",
    description="DSTC8 span extraction: user utterances of four services of Schema-Guided Dialogue",
    licence="CC BY 4.0",
    citation="Coope et al., ACL 2020, arXiv 2005.08866; https://github.com/PolyAI-LDN/task-specific-datasets",
    needs_source=True,
    options={"domain": "all", "halvings": 0},
    read=load,
    splits=("train", "test"),
)
