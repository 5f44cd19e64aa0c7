"""Training examples: a system turn with the turns before it, tokenised once, without any recipe's layout.

Turns are stored without `<sos>`/`<eos>`, so that one prepared corpus serves SPACE-1, -2 and -3 (`features.layout` adds
them). Roles are as in the source: two consecutive turns of one speaker stay two turns; nothing is merged or skipped.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from space_jax.dialogue.acts import ACT_INDEX, ACTS
from space_jax.dialogue.labels import ExampleTurns, Known, example_turns
from space_jax.dialogue.record import ROLES, Dialogue, Turn
from space_jax.dialogue.trees import VIEWS, hashed_views
from space_jax.errors import UserError
from space_jax.features.slots import NO_SLOTS, SlotMaker, Slots
from space_jax.features.tokenizer import Tokenizer
from space_jax.features.words import Cut, continues_words
from space_jax.printable import shown
from space_jax.reading.json_text import read_json

NO_TOKENS = np.zeros(0, np.int32)
NO_FLAGS = np.zeros(0, bool)


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much of a dialogue an example keeps: context turns, tokens per turn, tree elements per view."""

    max_turns: int = 16
    max_turn_tokens: int = 50
    tree_elements: int = 16

    FILE: ClassVar[str] = "limits.json"

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if type(value) is not int or value <= 0:
                raise UserError(f"limits.{field.name}: {shown(value)} is not a positive whole number")

    def save(self, folder: Path) -> None:
        """Writes `limits.json` atomically; a trained model's inputs must be cut to the same limits."""
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{self.FILE}.{os.getpid()}"
        temporary.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, folder / self.FILE)

    @classmethod
    def load(cls, folder: Path) -> "Limits":
        """Reads what `save` wrote.

        Raises:
          UserError: the file is missing or damaged.
        """
        try:
            return cls(**read_json(folder / cls.FILE))
        except (UserError, TypeError) as error:
            path = folder / cls.FILE
            raise UserError(
                f"{path}: cannot be read ({error}); the run's `pretrain` command, given again, writes it"
            ) from None


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Example:
    """A response with its context. t context turns with n tokens in total, r response tokens, K tree elements.

    Attributes:
      turn_tokens: `[n]` int32, the context's turns, concatenated, oldest first.
      turn_lengths: `[t]` int32, tokens of each turn; may be 0.
      turn_roles: `[t]` int32, 0 system, 1 user.
      span_mask: `[n]` bool, tokens that overlap an annotated slot value, in turns with annotated frames.
      response_tokens: `[r]` int32; may be empty.
      user_tree: `[10, K]` int32, hashed views of the last context turn.
      system_tree: `[10, K]` int32, hashed views of the response.
      acts: `[20]` float32, 1 for each dialog act of the response.
      known: which of these three are annotated; the others are zeros.
      dialogue: a hash of the dialogue's id, in [0, 2^31).
      responded: whether there is a response, even an empty one. Without one the losses use only the user's turn.
      response_cut: whether the response was truncated, so that its last token is not its end.
      continues: `[n]` bool, tokens that continue the word of the one before (`features.words`); empty where it was not
        recorded, by an earlier version, and every token counts as a word.
      slots: the schema of the last context turn, for STAR; None where the corpus was built without.
    """

    turn_tokens: np.ndarray
    turn_lengths: np.ndarray
    turn_roles: np.ndarray
    span_mask: np.ndarray
    response_tokens: np.ndarray
    user_tree: np.ndarray
    system_tree: np.ndarray
    acts: np.ndarray
    known: Known
    dialogue: int
    responded: bool = True
    response_cut: bool = False
    continues: np.ndarray = dataclasses.field(default_factory=lambda: NO_FLAGS)
    slots: Slots | None = None

    @property
    def tokens(self) -> int:
        """Tokens of context and response together."""
        return len(self.turn_tokens) + len(self.response_tokens)


@dataclasses.dataclass(frozen=True)
class _Turn:
    """A tokenised turn: ids, span mask and continued words of the whole turn, before truncation."""

    role: int
    ids: np.ndarray
    spans: np.ndarray
    continues: np.ndarray


def dialogue_examples(
    dialogue: Dialogue,
    tokenizer: Tokenizer,
    limits: Limits,
    cut: Cut | None = None,
    slot_maker: SlotMaker | None = None,
) -> Iterator[Example]:
    """Yields the examples of a dialogue, see `dialogue.labels.example_turns`.

    A context turn is cut to its last `max_turn_tokens` tokens (model_spec: they are nearest to what follows), a
    response to its first, because a decoder starts at the beginning.

    Args:
      dialogue: the dialogue; its texts may be empty.
      tokenizer: encodes the texts.
      limits: how much of a dialogue to keep.
      cut: finds words that no blank separates, see `features.words`.
      slot_maker: gives each example its slots; None for none.
    """
    turns = [_tokenise(turn, tokenizer, cut) for turn in dialogue.turns]
    identity = stable_hash(dialogue.id, bits=31)
    slots = None if slot_maker is None else slot_maker.of_turns(dialogue.turns)
    for wanted in example_turns(dialogue):
        example = _example(dialogue.turns, turns, wanted, limits, identity)
        if slots is not None:
            known = slots[wanted.context - 1] if wanted.known.user_tree else NO_SLOTS
            example = dataclasses.replace(example, slots=known)
        yield example


def context_example(dialogue: Dialogue, tokenizer: Tokenizer, limits: Limits) -> Example:
    """An unlabelled example with all turns of a dialogue as context and no response, as input for a model."""
    turns = [_tokenise(turn, tokenizer) for turn in dialogue.turns]
    wanted = ExampleTurns(len(turns), None, Known(acts=False, user_tree=False, system_tree=False))
    return _example(dialogue.turns, turns, wanted, limits, stable_hash(dialogue.id, bits=31))


def without_labels(dialogue: Dialogue) -> Dialogue:
    """The dialogue without the frames and acts of its turns."""
    turns = tuple(dataclasses.replace(turn, frames=None, acts=None) for turn in dialogue.turns)
    return dataclasses.replace(dialogue, turns=turns)


def stable_hash(text: str, bits: int) -> int:
    """A hash in [0, 2^bits), bits at most 64, that is the same in every process and release."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - bits)


def _tokenise(turn: Turn, tokenizer: Tokenizer, cut: Cut | None = None) -> _Turn:
    ids, offsets = tokenizer.encode_with_offsets(turn.text)
    spans = np.zeros(len(ids), bool)
    if turn.frames and offsets:
        starts, ends = np.array(offsets, np.int64).reshape(-1, 2).T
        for value in (value for frame in turn.frames for slot in frame.slots for value in slot.values):
            if value.start is not None and value.end is not None:
                spans |= (starts < value.end) & (ends > value.start)
    continues = continues_words(turn.text, offsets, cut)
    return _Turn(ROLES.index(turn.role), np.array(ids, np.int32), spans, continues)


def _example(
    turns: Sequence[Turn], tokenised: Sequence[_Turn], wanted: ExampleTurns, limits: Limits, identity: int
) -> Example:
    index, known = wanted.context, wanted.known
    context = tokenised[max(0, index - limits.max_turns) : index]
    kept = [turn.ids[-limits.max_turn_tokens :] for turn in context]
    spans = [turn.spans[-limits.max_turn_tokens :] for turn in context]
    continues = [turn.continues[-limits.max_turn_tokens :] for turn in context]
    last, response = turns[index - 1], wanted.response
    return Example(
        turn_tokens=np.concatenate(kept),
        turn_lengths=np.array([len(ids) for ids in kept], np.int32),
        turn_roles=np.array([turn.role for turn in context], np.int32),
        span_mask=np.concatenate(spans),
        response_tokens=NO_TOKENS if response is None else tokenised[index].ids[: limits.max_turn_tokens],
        user_tree=_tree(last if known.user_tree else None, limits.tree_elements),
        system_tree=_tree(response if known.system_tree else None, limits.tree_elements),
        acts=_act_vector(response),
        known=known,
        dialogue=identity,
        responded=response is not None,
        response_cut=response is not None and len(tokenised[index].ids) > limits.max_turn_tokens,
        continues=np.concatenate(continues),
    )


def _tree(turn: Turn | None, elements: int) -> np.ndarray:
    if turn is None or turn.frames is None:
        return np.zeros((len(VIEWS), elements), np.int32)
    return hashed_views(turn.frames, elements)


def _act_vector(turn: Turn | None) -> np.ndarray:
    vector = np.zeros(len(ACTS), np.float32)
    if turn is not None and turn.acts is not None:
        vector[[ACT_INDEX[act] for act in turn.acts]] = 1.0
    return vector
