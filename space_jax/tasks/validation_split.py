"""A validation split for corpora without one: a tenth of train, by a hash of the dialogue's id."""

from collections.abc import Iterator

from space_jax.corpora.registry import corpus
from space_jax.dialogue.record import Dialogue
from space_jax.features.example import stable_hash
from space_jax.tasks.config import DataSource
from space_jax.tasks.record_sources import dialogues_of

TRAIN, VALIDATION, TEST = "train", "validation", "test"
PARTS = 10


def split_dialogues(source: DataSource, split: str, train: str = TRAIN) -> Iterator[Dialogue]:
    """The dialogues of a split of ours.

    Args:
      source: names the corpus.
      split: "train", "validation" or "test".
      train: the split of the corpus to train on. Where that is its "validation", or the corpus has no validation, a
        tenth of it is our validation, and train the rest.

    Raises:
      UserError: as `record_sources.dialogues_of`.
    """
    divided = train == VALIDATION or VALIDATION not in corpus(source.corpus).splits
    if split == TEST or not divided:
        yield from dialogues_of(source, train if split == TRAIN else split)
        return
    for dialogue in dialogues_of(source, train):
        if held_out(dialogue.id) == (split == VALIDATION):
            yield dialogue


def held_out(name: str) -> bool:
    """Whether a dialogue of train belongs to the validation part."""
    return stable_hash(name, bits=32) % PARTS == 0
