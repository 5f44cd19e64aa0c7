"""HWU64 (Liu et al., IWSDS 2019): utterances to a home assistant, one of 64 intents each.

What becomes what:
  dialogue    one user turn; runs of blanks in its text would be collapsed (none has any): no offsets refer to it
  frames      one: the source's label is `scenario_intent` (`alarm_query`); the scenario is the domain, the whole label
              the intent, so that it stays the label that the benchmark counts. No slots: this split leaves them out
  acts        None: not annotated

Which file is which split (the split is that of DialoGLUE):
  train       the folder `train` (8,954 lines); with subset "train_10" or "train_5" the folder of that name, 10 or 5
              lines an intent, all of them in `train` too
  validation  `valid` (1,076 lines, 1,006 distinct; the repetitions are kept). No text of it is in train
  test        `test`, where a user has it
"""

from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora.corpus import Corpus
from space_jax.corpora.utterances import labelled_lines, normal, utterance
from space_jax.dialogue.record import Dialogue, Frame
from space_jax.errors import UserError

SUBSETS = ("full", "train_10", "train_5")
FOLDERS = {"train": "train", "validation": "valid", "test": "test"}


def load(source: Path, split: str, subset: str = "full") -> Iterator[Dialogue]:
    """The utterances of a split, in the order of the file.

    Args:
      source: a folder with the folders `train`, `valid`, `test`, `train_10`, `train_5`.
      split: "train", "validation" or "test".
      subset: what train is, one of `SUBSETS`.

    Raises:
      UserError: files that are missing or damaged, a label without a scenario; with file and line.
    """
    if subset not in SUBSETS:
        raise UserError(f"option subset: expected one of {', '.join(SUBSETS)}, found {subset!r}")
    small = split == "train" and subset != "full"
    prefix = f"{split}-{subset}" if small else split
    for number, (where, text, label) in enumerate(labelled_lines(source / (subset if small else FOLDERS[split]))):
        scenario, _, rest = normal(label).partition("_")
        if not (scenario and rest):
            raise UserError(f"{where}: expected a label like scenario_intent, found {label!r}")
        yield utterance(f"{prefix}-{number}", text, (Frame(scenario, normal(label)),))


def find_splits(source: Path) -> tuple[str, ...]:
    """The splits that `source` holds."""
    return tuple(split for split, name in FOLDERS.items() if (source / name).is_dir())


CORPUS = Corpus(
    name="hwu64",
    description="HWU64: utterances to a home assistant with one of 64 intents in 18 scenarios",
    licence="CC BY 4.0 (the utterances; none is stated for the split)",
    citation="Liu et al., IWSDS 2019, arXiv 1903.05566; https://github.com/xliuhw/NLU-Evaluation-Data; "
    "its split: DialoGLUE, https://github.com/jianguoz/Few-Shot-Intent-Detection",
    needs_source=True,
    options={"subset": "full"},
    read=load,
    find_splits=find_splits,
)
