"""Contexts and targets of a dialogue as token sequences.

    context   <sos_u> words <eos_u> ... [<sos_b> state <eos_b> <sos_a> acts <eos_a>] <sos_r> response <eos_r>
              <sos_u> words <eos_u>
    target    <sos_b> state <eos_b> <sos_db> database <eos_db> <sos_a> acts <eos_a> <sos_r> response <eos_r>

Of earlier turns only the last system turn keeps its state and acts, since states are cumulative. Positions restart at
every `<sos_...>`, so that a response has the positions of pre-training. A part that is not annotated is left out.

With weights of SPACE-1, turns and responses look as in its pre-training: `words [EOS]` in a context, `[BOS] response
[EOS]` in a target. States, acts and database tokens, which it never saw, have the same marks as elsewhere.
"""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

from space_jax.dialogue.record import USER, BeliefState
from space_jax.features.layout import wrappers
from space_jax.features.tokenizer import Tokenizer
from space_jax.tasks.dialogue.act_text import write_acts
from space_jax.tasks.dialogue.belief_text import write_belief
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.dialogue.records import ContextTurn, SystemTurn
from space_jax.tasks.text_packing import SYSTEM_ROLE, USER_ROLE, Encoded

STATE, ACTS, RESPONSE = PARTS = ("state", "acts", "response")
MARKS = {STATE: "b", "database": "db", ACTS: "a"}


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Target:
    """A target of n tokens.

    Attributes:
      ids, positions: `[n]` int32.
      parts: `[n]` int32, for each token the part that the model has to write: 1 the state, 2 the acts, 3 the response,
        0 for given tokens (the `<sos_...>` and the database). The closing mark of a text that was cut also has 0, so
        that the model does not learn to stop mid-sentence.
    """

    ids: np.ndarray
    positions: np.ndarray
    parts: np.ndarray


class Sequences:
    """Makes sequences with one tokenizer and the limits of a configuration.

    Args:
      tokenizer: of the weights.
      config: the limits.
      recipe: that pre-trained the weights; None where there was none.

    Attributes:
      opening, closing: the marks around each part of a target.
      limits: tokens of each part, its closing mark included.
    """

    def __init__(self, tokenizer: Tokenizer, config: DialogueConfig, recipe: str | None) -> None:
        self.tokenizer, self.config = tokenizer, config
        before, behind, around_response = wrappers(tokenizer.vocabulary(), recipe or "space3")
        self._before, self._behind = ([array.tolist() for array in side] for side in (before, behind))
        self.opening = {part: tokenizer.id_of(f"<sos_{mark}>") for part, mark in MARKS.items()}
        self.closing = {part: tokenizer.id_of(f"<eos_{mark}>") for part, mark in MARKS.items()}
        self.opening[RESPONSE], self.closing[RESPONSE] = (int(array[0]) for array in around_response)
        self.limits = {
            STATE: config.max_state_tokens,
            ACTS: config.max_act_tokens,
            RESPONSE: config.max_response_tokens,
        }
        self._encode = functools.lru_cache(maxsize=1 << 16)(lambda text: tuple(tokenizer.encode(text)))

    def context(self, said: Sequence[ContextTurn]) -> Encoded:
        """The context as the encoder reads it; the last turn has turn id 1."""
        kept = said[-self.config.max_turns :]
        last_system = max((n for n, one in enumerate(kept) if one.role != USER), default=-1)
        ids, positions, roles, turns = list[int](), list[int](), list[int](), list[int]()
        for number, one in enumerate(kept):
            segments = self._segments(one, number == last_system)
            length = sum(map(len, segments))
            ids += [token for segment in segments for token in segment]
            positions += [place for segment in segments for place in range(len(segment))]
            roles += [_role(one)] * length
            turns += [len(kept) - number] * length
        cut = slice(-self.config.context_length, None)
        return Encoded(*(np.array(part[cut], np.int32) for part in (ids, positions, roles, turns)))

    def target(self, turn: SystemTurn) -> Target:
        """A true system turn."""
        ids, positions, parts = list[int](), list[int](), list[int]()
        for part, text in self._target_parts(turn):
            tokens = self.wrapped(part, text)
            ids += tokens
            positions += range(len(tokens))
            written = PARTS.index(part) + 1
            parts += [0, *[written] * (len(tokens) - 2), written if self._fits(part, text) else 0]
            if part == STATE:
                given = self.database(turn.database)
                ids += given
                positions += range(len(given))
                parts += [0] * len(given)
        return Target(*(np.array(one, np.int32) for one in (ids, positions, parts)))

    def wrapped(self, part: str, text: str) -> list[int]:
        """A part between its marks, cut to its limit."""
        return [self.opening[part], *self._encode(text)[: self.limits[part] - 1], self.closing[part]]

    def state(self, state: BeliefState) -> list[int]:
        """A belief state, as far as it is `kept`, between its marks."""
        return self.wrapped(STATE, write_belief(self.kept(state)))

    def kept(self, state: BeliefState) -> BeliefState:
        """A belief state that fits: of one that is too long, the earliest domains are left out."""
        kept = dict(state)
        while len(kept) > 1 and not self._fits(STATE, write_belief(kept)):
            del kept[next(iter(kept))]
        return kept

    def database(self, names: Sequence[str]) -> list[int]:
        """The database tokens between their marks."""
        return [self.opening["database"], *map(self.tokenizer.id_of, names), self.closing["database"]]

    def _segments(self, one: ContextTurn, whole: bool) -> list[list[int]]:
        limit = self.config.max_turn_tokens
        role = _role(one)
        words = self._encode(one.text[-_longest_text(limit) :])[-limit:]
        segments = []
        if whole and one.state is not None:
            segments.append(self.state(one.state))
        if whole and one.acts is not None:
            segments.append(self.wrapped(ACTS, write_acts(one.acts)))
        return [*segments, [*self._before[role], *words, *self._behind[role]]]

    def _fits(self, part: str, text: str) -> bool:
        """Whether `wrapped` cuts nothing of a text."""
        return len(self._encode(text)) < self.limits[part]

    def _target_parts(self, turn: SystemTurn) -> list[tuple[str, str]]:
        """The text of each part that is annotated."""
        found: list[tuple[str, str]] = []
        if turn.state is not None:
            found.append((STATE, write_belief(self.kept(turn.state))))
        if turn.acts is not None:
            found.append((ACTS, write_acts(turn.acts)))
        return [*found, (RESPONSE, turn.response)]


def _role(one: ContextTurn) -> int:
    return USER_ROLE if one.role == USER else SYSTEM_ROLE


def _longest_text(tokens: int) -> int:
    """Characters that hold the last tokens of any ordinary text; earlier ones need not be tokenised."""
    return 40 * tokens
