"""A system turn in words that are not the agent's own: somebody edited its answer, or another system gave it.

The agent reads responses with placeholders and knows which names were offered, so both are read from the words: the
values are those of the tables and of the belief state (`value_meanings`).
"""

import dataclasses
import functools

from space_jax.agent.conversation import Conversation
from space_jax.agent.delexicalise import placeholder
from space_jax.agent.value_meanings import CellValues, SpokenOf
from space_jax.dialogue.record import SYSTEM, USER, BeliefState, Turn
from space_jax.tasks.dialogue.records import ContextTurn
from space_jax.world.backend import row_name
from space_jax.world.database import Database
from space_jax.world.lookup import NOTHING, Lookup


def answered_with(
    before: Conversation, user: str, given: str, after: Conversation, state: BeliefState, found: Lookup = NOTHING
) -> Conversation:
    """The conversation after a user's turn that was answered with given words.

    Args:
      before: the conversation before the user's turn.
      user: the user's words; "" where the system speaks first.
      given: the words of the answer.
      after: the conversation with the agent's own answer; its belief state is kept, its acts are not.
      state: that belief state, with names.
      found: the result from the database for it.
    """
    database = before.backend.database
    tables = _values(database)
    spoken = SpokenOf(tables)
    spoken.hear(Turn(USER, user))
    chosen, _ = spoken.answer(Turn(SYSTEM, given), state)
    parts, last, offers = [], 0, before.offers
    for said, meaning in chosen:
        parts += [given[last : said.start], placeholder(meaning)]
        last = said.end
        row = tables.row(meaning.domain, said.key) if tables.names_rows(meaning) else None
        if row is not None:
            asked = found.constraints if meaning.domain == found.domain else frozenset()
            offers = offers.with_names(meaning.domain, asked, (row_name(database, meaning.domain, row),))
    response = "".join([*parts, given[last:]])
    own = after.said[len(before.said) :]  # both turns; none where the user said nothing
    answer = ContextTurn(SYSTEM, response, own[-1].state if own else None)
    return dataclasses.replace(before, said=(*before.said, *own[:-1], answer), offers=offers)


@functools.lru_cache(maxsize=4)
def _values(database: Database) -> CellValues:
    return CellValues(database)
