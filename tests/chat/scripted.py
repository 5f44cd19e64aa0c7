"""An agent without a model: it is told its belief state, and says what it heard."""

import dataclasses
import re

from space_jax.agent.conversation import Reply, last_state
from space_jax.agent.lexicalise import SystemAct
from space_jax.agent.turn import Streamed
from space_jax.dialogue.record import SYSTEM, USER
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.tasks.dialogue.records import ContextTurn
from space_jax.world.lookup import look_up

ACTS = (PlannedAct("hotel", "inform", ("name",)),)


class Scripted:
    """Understands `slot=value` and `-slot` about hotels; every other word is only repeated."""

    misfits = ()

    def stream(self, conversation, text):
        slots = dict(last_state(conversation).get("hotel", {}))
        slots |= {slot: (value,) for slot, value in re.findall(r"(\w+)=(\w+)", text)}
        for slot in re.findall(r"-(\w+)", text):
            slots.pop(slot, None)
        state = {"hotel": slots} if slots else {}
        found = look_up(conversation.backend, state, conversation.offers)
        words = f"I heard: {text}"
        said = (*conversation.said, ContextTurn(USER, text), ContextTurn(SYSTEM, words, state, ACTS))
        after = dataclasses.replace(conversation, said=said)
        reply = Reply(words, words, state, found, (SystemAct("hotel", "inform", (("name", None),)),), after)
        pieces = (words[start : start + 7] for start in range(0, len(words), 7))
        return Streamed(state, found, ACTS, pieces, lambda: reply)
