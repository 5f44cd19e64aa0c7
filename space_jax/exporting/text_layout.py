"""What stands around a text that is read alone, and how much of it is read, as tokenizers of others must do it too.

A BERT can express a way of reading if every token attends to every other, and if the vector of the text is the output
of its first token or the mean of all outputs. Of the vectors of `tasks.encoder` that leaves

  sentence   [CLS] text [SEP], the mean of all
  mean       <sos_u> text <eos_u>, the mean of all
  summary    [CLS] <sos_u> text <eos_u>, the first; SPACE-1: a learned vector, text, [EOS]
"""

import dataclasses
from collections.abc import Sequence

from space_jax.errors import UserError
from space_jax.features.layout import USER_ROLE, wrappers
from space_jax.features.tokenizer import Tokenizer

FIRST, MEAN = "cls", "mean"
"""The vector of a text among the outputs of its tokens, by its name in sentence-transformers."""

_PROMPTS = (
    "SPACE-3's vector is that of five prompts which see the words while the words do not see them, and in a BERT every "
    "token sees every other"
)
_BESIDE_SUMMARY = (
    "the weights of SPACE-1 read a learned summary before the words and the mean leaves it out, which no pooling of a "
    "BERT's outputs does"
)


@dataclasses.dataclass(frozen=True)
class TextLayout:
    """How a text of a user becomes tokens.

    Attributes:
      opening: the ids before it.
      closing: the ids after it.
      most: tokens of the text that are read.
      from_end: whether the last tokens of a longer text are read, else its first.
      summary: whether the first of `opening` is a summary, which has neither position nor role nor turn.
      dialogue: whether the other tokens have the role and the turn of a user's last turn.
      vector: FIRST or MEAN.
    """

    opening: tuple[int, ...]
    closing: tuple[int, ...]
    most: int
    from_end: bool
    summary: bool
    dialogue: bool
    vector: str

    @property
    def length(self) -> int:
        """The most tokens in all."""
        return len(self.opening) + self.most + len(self.closing)

    def cut(self, ids: Sequence[int]) -> Sequence[int]:
        """The tokens of a text that are read."""
        return ids[-self.most :] if self.from_end else ids[: self.most]

    def around(self, ids: Sequence[int]) -> list[int]:
        """All tokens of a text with these ids."""
        return [*self.opening, *self.cut(ids), *self.closing]


def text_layout(
    tokenizer: Tokenizer, recipe: str | None, vector: str, most: int, from_end: bool, nearest: str = "mean"
) -> TextLayout:
    """The layout in which weights give a vector of a text.

    Args:
      tokenizer: of the weights.
      recipe: that pre-trained them, None where there was none.
      vector: as in `tasks.encoder`.
      most: tokens of a text that are read.
      from_end: which tokens of a longer text.
      nearest: the vector to name where `vector` cannot be expressed.

    Raises:
      UserError: no BERT has the vector; with the reason.
    """
    vocabulary = tokenizer.vocabulary()
    if vector == "sentence":
        around = (vocabulary.summary,), (tokenizer.id_of("[SEP]"),)
        return TextLayout(*around, most, from_end, summary=False, dialogue=False, vector=MEAN)
    if vector == "prompt":
        raise UserError(f"the vector `prompt`: {_PROMPTS}; the nearest is `{nearest}`, the mean of the words' outputs")
    if recipe == "space1" and vector == "mean":
        raise UserError(f"the vector `mean`: {_BESIDE_SUMMARY}; the nearest is `summary`")
    return _of_dialogue(tokenizer, recipe, vector == "summary", most, from_end)


def words_layout(tokenizer: Tokenizer, recipe: str | None, most: int) -> TextLayout:
    """The layout in which weights give outputs of the words themselves, for tags (`tasks.token_offsets.locate`)."""
    if recipe is None:
        return text_layout(tokenizer, recipe, "sentence", most, from_end=False)
    return _of_dialogue(tokenizer, recipe, False, most, from_end=False)


def _of_dialogue(tokenizer: Tokenizer, recipe: str | None, by_summary: bool, most: int, from_end: bool) -> TextLayout:
    vocabulary = tokenizer.vocabulary()
    openings, closings, _ = wrappers(vocabulary, recipe or "space3")
    summary = by_summary or recipe == "space1"
    opening = (*((vocabulary.summary,) if summary else ()), *openings[USER_ROLE].tolist())
    closing = tuple(closings[USER_ROLE].tolist())
    return TextLayout(opening, closing, most, from_end, summary, dialogue=True, vector=FIRST if by_summary else MEAN)
