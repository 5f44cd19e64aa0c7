"""The agent on true dialogues: user turns are the true ones, and the agent writes the answers.

Dialogues run side by side, the longest first, so that those of a batch end together. The true state, acts or earlier
responses can replace the agent's own; with the true states this is policy optimisation.
"""

import dataclasses
import time
from collections.abc import Iterator, Sequence

from space_jax.agent.agent import Agent
from space_jax.agent.conversation import Conversation, Truth
from space_jax.agent.response_log import ResponseLog
from space_jax.dialogue.record import USER, Dialogue
from space_jax.evaluation.end_to_end import Answered
from space_jax.tasks.dialogue.records import ContextTurn, DialogueRecord, records_with
from space_jax.terminal.progress import Told, untold
from space_jax.world.backend import Backend
from space_jax.world.corpus_worlds import Worlds

GIVEN = STATES, ACTS, RESPONSES = ("states", "acts", "responses")


@dataclasses.dataclass(frozen=True, slots=True)
class AnsweredDialogue:
    """A dialogue with the agent's turns.

    Attributes:
      dialogue: the true one.
      records: its system turns, true.
      replies: the agent's, one a record.
    """

    dialogue: Dialogue
    records: tuple[DialogueRecord, ...]
    replies: tuple[Answered, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Speed:
    """The time it took, without turns from the log.

    Attributes:
      seconds: of wall time.
      turns: of the system.
      words: and marks of the responses.
      tokens: that the model wrote, those of belief states and acts too.
    """

    seconds: float
    turns: int
    words: int
    tokens: int


def respond(
    agent: Agent,
    dialogues: Sequence[Dialogue],
    worlds: Worlds,
    given: Sequence[str] = (),
    together: int = 64,
    told: Told = untold,
    log: ResponseLog | None = None,
) -> tuple[list[AnsweredDialogue], Speed]:
    """Answers every system turn that follows a user's.

    Args:
      agent: that answers.
      dialogues: true ones.
      worlds: theirs.
      given: of `GIVEN`, the annotations that replace the agent's own output: "states" and "acts" of the turn itself,
        "responses" of the turns before it.
      together: dialogues side by side.
      told: called with the number of turns done and the total.
      log: the answers so far, which are reused; those of each batch are added.

    Returns:
      One a dialogue, in the order given, and the speed.
    """
    backends = [worlds.of(one.id) for one in dialogues]
    records = [
        tuple(records_with(one, backend, agent.offered_names)) for one, backend in zip(dialogues, backends, strict=True)
    ]
    before = log.answers if log else {}
    new = [n for n, one in enumerate(dialogues) if len(before.get(one.id, ())) != len(records[n])]
    replies: list[list[Answered]] = [[] for _ in dialogues]
    turns = sum(len(records[n]) for n in new)
    order = sorted(new, key=lambda n: -len(records[n]))
    began, written = time.monotonic(), agent.written
    for start in range(0, len(order), together):
        batch = order[start : start + together]
        for _ in _serve(agent, batch, records, backends, replies, given):
            told(sum(map(len, replies)), turns)
        if log:
            log.add({dialogues[n].id: replies[n] for n in batch})
    words = sum(len(reply.response.split()) for one in replies for reply in one)
    speed = Speed(time.monotonic() - began, turns, words, agent.written - written)
    answers = (tuple(own) or before.get(one.id, ()) for one, own in zip(dialogues, replies, strict=True))
    return [AnsweredDialogue(*parts) for parts in zip(dialogues, records, answers, strict=True)], speed


def _serve(
    agent: Agent,
    batch: Sequence[int],
    records: Sequence[Sequence[DialogueRecord]],
    backends: Sequence[Backend],
    replies: list[list[Answered]],
    given: Sequence[str],
) -> Iterator[None]:
    """Adds the replies of a batch, a turn of all its dialogues at a time."""
    conversations = {n: Conversation(backends[n]) for n in batch}
    for turn in range(max((len(records[n]) for n in batch), default=0)):
        live = [n for n in batch if turn < len(records[n])]
        now = [records[n][turn] for n in live]
        before = [
            dataclasses.replace(conversations[n], said=_heard(conversations[n], one, RESPONSES in given))
            for n, one in zip(live, now, strict=True)
        ]
        # An empty user turn still gets an answer: the benchmark counts every turn.
        texts = [one.context[-1].text if one.context[-1].text.strip() else "." for one in now]
        truths = [
            Truth(
                state=one.target.state if STATES in given else None,
                acts=one.target.acts if ACTS in given else None,
            )
            for one in now
        ]
        for n, answer in zip(live, agent.replies(before, texts, truths), strict=True):
            replies[n].append(Answered(answer.state, answer.response, answer.cut))
            conversations[n] = answer.conversation
        yield


def _heard(conversation: Conversation, record: DialogueRecord, true_responses: bool) -> tuple[ContextTurn, ...]:
    """The turns before the user's: the user's words, with the agent's answers or the true ones."""
    earlier = record.context[:-1]
    if true_responses:
        return earlier
    own = [one for one in conversation.said if one.role != USER]
    answered = [number for number, one in enumerate(earlier) if one.role != USER and _answers_user(earlier, number)]
    replaced = dict(zip(answered, own, strict=False))
    return tuple(replaced.get(number, one) for number, one in enumerate(earlier))


def _answers_user(said: Sequence[ContextTurn], number: int) -> bool:
    return number > 0 and said[number - 1].role == USER
