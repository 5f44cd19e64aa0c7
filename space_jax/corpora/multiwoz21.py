"""MultiWOZ 2.1 (Eric et al., LREC 2020) as ConvLab distributes it, with acts of both speakers: raw files -> `Dialogue`.

The other forms in which people have it (2.0, 2.1 and 2.4 as `data.json`, 2.2, ConvLab-3) give the same dialogues; the
modules of `multiwoz_forms` say what each has and lacks. What becomes what:
  domain, intent  `Domain-Act` of `dialog_act` in lower case (`Hotel-Inform` -> `hotel`, `inform`); Booking and general
                  are domains of the source and stay so
  slots           in lower case, `multiwoz.SLOTS_OF` unites the names of acts and state
  spans           `span_info` counts tokens between blanks, last included; ours are characters. Of several places of one
                  value the first is kept. A last token before the first is an empty span (4 in validation and
                  test): that value is searched for in the text, as are those without a span
  acts            `multiwoz.ACTS_OF`, both sides; None where `dialog_act` is empty (691 turns in validation, 653 in
                  test), with frames None, because annotators missed those turns rather than finding them empty
  state           `metadata` of a system turn is the state after the preceding user turn, and is attached to that turn
  text            runs of white space collapsed, which leaves the numbers of the tokens as they are
  id              the split and the source's id
"""

import functools
import sys
from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora import multiwoz
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.multiwoz_forms import forms
from space_jax.dialogue.record import Dialogue
from space_jax.terminal import say

ACTS_OF = multiwoz.ACTS_OF


def load(source: Path, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split in the source's order; which form another than ConvLab's own has is said once.

    Args:
      source: a folder or an archive with one of `multiwoz_forms.forms.FORMS`.
      split: "train", "validation" (the source's val or dev) or "test".

    Raises:
      UserError: no form or several; files that are missing or damaged, a span outside its text, an act that `ACTS_OF`
        lacks; with the file, the dialogue and the turn.
    """
    release = forms.release(source)
    if release.form is not forms.SPLIT_FILES:
        _say_once(str(release))
    yield from release.load(split)


def find_splits(source: Path) -> tuple[str, ...]:
    """The splits that `source` holds."""
    release = forms.found(source)
    return release.splits() if release else ()


@functools.cache
def _say_once(line: str) -> None:
    say(line, sys.stderr)


CORPUS = Corpus(
    name="multiwoz21",
    description="MultiWOZ 2.1 with acts of both speakers: 8,434 / 999 / 1,000 dialogues over seven domains",
    licence="CC BY 4.0 as ConvLab-2 states for this data (the repository: Apache-2.0)",
    citation="Eric et al., LREC 2020, arXiv 1907.01669; Budzianowski et al., EMNLP 2018, arXiv 1810.00278; "
    "https://github.com/ConvLab/ConvLab-3, data/multiwoz",
    needs_source=True,
    options={},
    read=load,
    find_splits=find_splits,
    expects=forms.EXPECTED,
)
