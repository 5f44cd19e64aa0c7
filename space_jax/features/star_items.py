"""An example as the recipe after STAR sees it: a dialogue with hidden words, and the slots of its schema behind it."""

import dataclasses

import numpy as np

from space_jax.config import StarConfig, Vocabulary
from space_jax.dialogue.slot_roles import UNUSED
from space_jax.features.example import NO_TOKENS
from space_jax.features.layout import Layout
from space_jax.features.masking import id_tables
from space_jax.features.packing import Item
from space_jax.features.slots import Slots, slot_positions

MASKED = 0.15  # share of the dialogue's words that are predicted
HIDDEN = 0.85  # share of those that are hidden; the others stay
_LONGEST = 0.5  # of a context, the share that the schema may take


def star_item(
    layout: Layout, recipe: StarConfig, vocabulary: Vocabulary, context_length: int, rng: np.random.Generator
) -> Item:
    """Hides words of the dialogue and puts the slots behind it.

    Slots that a turn uses come before those that it does not, of which some are drawn where not all fit. Their
    positions run through all of them in an order that is drawn, so that no order can be learnt; they are of turn 0,
    like a response. The dialogue loses its beginning where both together are longer than a context.

    Args:
      layout: the dialogue; its response is no part of this recipe.
      recipe: how many slots.
      vocabulary: the mask token and the special tokens.
      context_length: the longest context.
      rng: random generator.

    Returns:
      The item, of which a slot's tokens have its number in `slot_numbers`.
    """
    chosen = _chosen(layout.example.slots, recipe.most_slots, int(_LONGEST * context_length), rng)
    dialogue = _cut(layout, context_length - sum(map(len, chosen.parts)))
    special, _ = id_tables(vocabulary)
    predicted = ~special[dialogue.ids] & (rng.random(len(dialogue.ids)) < MASKED)
    hidden = predicted & (rng.random(len(dialogue.ids)) < HIDDEN)
    masked = np.where(hidden, np.int32(vocabulary.mask), dialogue.ids)
    tokens = np.concatenate([NO_TOKENS, *chosen.parts])
    zeros, lengths = np.zeros_like(tokens), np.array([len(part) for part in chosen.parts], np.int32)
    whole = dataclasses.replace(
        dialogue,
        ids=np.concatenate([dialogue.ids, tokens]),
        positions=np.concatenate([dialogue.positions, slot_positions(lengths, rng)]),
        roles=np.concatenate([dialogue.roles, zeros]),
        turns=np.concatenate([dialogue.turns, zeros]),
        spans=np.concatenate([dialogue.spans, zeros.astype(bool)]),
        continues=np.concatenate([dialogue.continues, zeros.astype(bool)]),
        response=NO_TOKENS,
    )
    numbers = np.repeat(np.arange(1, len(lengths) + 1, dtype=np.int32), lengths)
    return Item(
        whole,
        np.concatenate([masked, tokens]),
        np.flatnonzero(predicted).astype(np.int32),
        NO_TOKENS,
        slot_numbers=np.concatenate([np.zeros(len(dialogue.ids), np.int32), numbers]),
        slot_roles=chosen.roles,
    )


@dataclasses.dataclass(frozen=True)
class _Chosen:
    parts: list[np.ndarray]
    roles: np.ndarray


def _chosen(slots: Slots | None, most: int, room: int, rng: np.random.Generator) -> _Chosen:
    """At most so many slots, in at most so many tokens."""
    if slots is None or not len(slots.lengths):
        return _Chosen([], NO_TOKENS)
    drawn = rng.permutation(len(slots.lengths))
    order = drawn[np.argsort(slots.roles[drawn] == UNUSED, kind="stable")]
    fits = np.cumsum(slots.lengths[order]) <= room
    kept = np.sort(order[fits & (np.arange(len(order)) < most)])
    ends = np.cumsum(slots.lengths)
    return _Chosen([slots.tokens[ends[c] - slots.lengths[c] : ends[c]] for c in kept], slots.roles[kept])


def _cut(layout: Layout, room: int) -> Layout:
    """The last tokens of the dialogue."""
    keep = slice(max(0, len(layout.ids) - room), None)
    names = ("ids", "positions", "roles", "turns", "spans", "continues")
    return dataclasses.replace(layout, **{name: getattr(layout, name)[keep] for name in names})
