"""The schema of an example: the slots of its domains in words, each with the role it had, and the role it has."""

import dataclasses
import re
from collections.abc import Mapping, Sequence

import numpy as np

from space_jax.dialogue.record import USER, Turn
from space_jax.dialogue.slot_roles import SLOT_ROLES, UNUSED, SlotName, SlotSchema, domains_of, slot_roles
from space_jax.features.tokenizer import Tokenizer

MOST_TOKENS = 8  # of a slot's words
_BREAKS = re.compile(r"[\s_.-]+|(?<=[a-z])(?=[A-Z])")


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Slots:
    """The slots of one example. C slots with m tokens in all.

    Attributes:
      tokens: `[m]` int32: domain, slot and the role in the user's turn before, in words, one slot after the other.
      lengths: `[C]` int32, tokens of each.
      roles: `[C]` int32, of `slot_roles.SLOT_ROLES`, in the last turn of the context.
    """

    tokens: np.ndarray
    lengths: np.ndarray
    roles: np.ndarray


_NOTHING = np.zeros(0, np.int32)
NO_SLOTS = Slots(_NOTHING, _NOTHING, _NOTHING)
Roles = Mapping[SlotName, int]


class SlotMaker:
    """The slots of the turns of one dialogue after the other."""

    def __init__(self, schema: SlotSchema, tokenizer: Tokenizer) -> None:
        """Encodes nothing yet.

        Args:
          schema: of the corpus.
          tokenizer: encodes the words of slots.
        """
        self._schema, self._tokenizer = schema, tokenizer
        self._encoded: dict[tuple[SlotName, int], np.ndarray] = {}

    def of_turns(self, turns: Sequence[Turn]) -> list[Slots]:
        """The slots of each turn of a dialogue; none for a turn of the system, or without frames.

        A turn has the slots of the domains that it or an earlier turn of the dialogue has named.
        """
        domains: set[str] = set()
        before: Roles = {}
        made = []
        for turn, roles in zip(turns, slot_roles(turns), strict=True):
            domains |= domains_of(turn)
            if turn.role != USER or turn.frames is None:
                made.append(NO_SLOTS)
                continue
            made.append(self._slots(domains, before, roles))
            before = roles
        return made

    def _slots(self, domains: set[str], before: Roles, roles: Roles) -> Slots:
        names = [(domain, slot) for domain in sorted(domains) for slot in self._schema.get(domain, ())]
        parts = [self._encode(name, before.get(name, UNUSED)) for name in names]
        return Slots(
            np.concatenate([_NOTHING, *parts]),
            np.array([len(part) for part in parts], np.int32),
            np.array([roles.get(name, UNUSED) for name in names], np.int32),
        )

    def _encode(self, name: SlotName, before: int) -> np.ndarray:
        if (name, before) not in self._encoded:
            said = (*name, "" if before == UNUSED else SLOT_ROLES[before])
            words = " ".join(_BREAKS.sub(" ", part) for part in said if part).strip()
            self._encoded[name, before] = np.array(self._tokenizer.encode(words)[:MOST_TOKENS], np.int32)
        return self._encoded[name, before]


def slot_positions(lengths: np.ndarray, rng: np.random.Generator | None) -> np.ndarray:
    """The positions of slots' tokens: 0, 1, ... through all of them in an order that is drawn.

    Args:
      lengths: `[C]` int32, tokens of each.
      rng: None for the order in which they stand.

    Returns:
      `[m]` int32, m tokens in all.
    """
    order = np.arange(len(lengths)) if rng is None else rng.permutation(len(lengths))
    starts = np.zeros_like(lengths)
    starts[order] = np.cumsum(lengths[order]) - lengths[order]
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return (np.repeat(starts, lengths) + within).astype(np.int32)


def flat(slots: Slots) -> np.ndarray:
    """The slots as one row of numbers, for storage: C, lengths, roles, tokens."""
    count = np.array([len(slots.lengths)], np.int32)
    return np.concatenate([count, slots.lengths, slots.roles, slots.tokens]).astype(np.int32)


def from_flat(numbers: np.ndarray) -> Slots:
    """The inverse of `flat`.

    Raises:
      ValueError: the numbers do not fit together.
    """
    count = int(numbers[0]) if len(numbers) else -1
    if count < 0 or len(numbers) < 1 + 2 * count:
        raise ValueError(f"its slots are {count}, in {len(numbers)} numbers")
    lengths, roles = numbers[1 : 1 + count], numbers[1 + count : 1 + 2 * count]
    tokens = numbers[1 + 2 * count :]
    if lengths.min(initial=0) < 0 or lengths.sum() != len(tokens):
        raise ValueError(f"its slots have {lengths.sum()} tokens, and it holds {len(tokens)}")
    if not ((roles >= 0) & (roles < len(SLOT_ROLES))).all():
        raise ValueError(f"a slot has the role {roles.max()}, which is none of {len(SLOT_ROLES)}")
    return Slots(tokens, lengths, roles)
