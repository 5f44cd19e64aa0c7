"""Plays an agent against the user simulator of the simulated world, many dialogues at a time.

The user receives the agent's dialog acts with the values that its words actually say. A goal is met as the simulator
itself judges it, by the database. Some goals cannot be met: nothing fits and the user would take nothing else, or every
place turns the booking down. Where the database bears the refusal out, the dialogue counts as rightly refused.
"""

import dataclasses
import random
from collections.abc import Sequence

from space_jax.agent.agent import Agent
from space_jax.agent.conversation import Conversation
from space_jax.agent.lexicalise import SystemAct
from space_jax.corpora.simulated import (
    BRISK,
    DOMAINS,
    LOWER_CASE,
    DialogAct,
    Tracker,
    User,
    draw_goal,
    put_into_words,
    respond,
    succeeded,
    world_database,
)
from space_jax.corpora.simulated.database import stable_seed
from space_jax.corpora.simulated.goal import Goal
from space_jax.corpora.simulated.progress import Progress
from space_jax.dialogue.acts import ACT_INDEX
from space_jax.dialogue.record import USER
from space_jax.terminal.progress import Told, untold
from space_jax.world.backend import NAME
from space_jax.world.corpus_worlds import SimulatedBackend

MEASURES = ("success", "refused", "success_of_possible", "user_turns")


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one dialogue.

    Attributes:
      goal: of the user.
      success: whether all of it was met.
      refused: whether every unmet wish was refused, and the database bears it out.
      user_turns: of the dialogue.
      transcript: (role, words) of each turn.
      cut: turns of the agent in which a part reached its limit of tokens.
    """

    goal: Goal
    success: bool
    refused: bool
    user_turns: int
    transcript: tuple[tuple[str, str], ...]
    cut: int = 0


@dataclasses.dataclass
class _Caller:
    """A simulated user on the line."""

    goal: Goal
    user: User
    rng: random.Random
    lower: bool
    heard: tuple[DialogAct, ...] = ()
    turns: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    cut: int = 0

    @classmethod
    def number(cls, seed: int, n: int, domains: Sequence[str]) -> "_Caller":
        rng = random.Random(stable_seed("caller", seed, n))
        goal = draw_goal(rng, world_database(), domains)
        return cls(goal, User(goal, rng), rng, rng.random() < LOWER_CASE)

    def says(self) -> tuple[DialogAct, ...]:
        acts = self.user.respond(self.heard)
        self.turns.append((USER, put_into_words(acts, USER, self.rng, self.lower).text))
        return acts

    def outcome(self) -> Outcome:
        progress = tuple(self.user.progress)
        success = succeeded(self.goal, progress, world_database())
        spoken = sum(role == USER for role, _ in self.turns)
        refused = not success and _refused(self.goal, progress)
        return Outcome(self.goal, success, refused, spoken, tuple(self.turns), self.cut)


def play(
    agent: Agent,
    seed: int,
    count: int,
    together: int = 64,
    domains: Sequence[str] = tuple(DOMAINS),
    told: Told = untold,
) -> list[Outcome]:
    """Lets the agent serve users `0 ... count - 1` of a seed, who ask about `domains`, `together` of them at a time.

    `told` is called with the number of ended dialogues and their total.
    """
    backend = SimulatedBackend()
    outcomes: list[Outcome] = []
    for start in range(0, count, together):
        callers = [_Caller.number(seed, n, domains) for n in range(start, min(count, start + together))]
        conversations = [Conversation(backend) for _ in callers]
        live = list(range(len(callers)))
        while live:
            for n in live:
                callers[n].says()
            replies = agent.replies([conversations[n] for n in live], [callers[n].turns[-1][1] for n in live])
            for n, reply in zip(live, replies, strict=True):
                conversations[n] = reply.conversation
                callers[n].turns.append(("system", reply.text))
                callers[n].heard = as_heard(reply.acts)
                callers[n].cut += bool(reply.cut)
            live = [n for n in live if not callers[n].user.done]
            told(start + len(callers) - len(live), count)
        outcomes += [caller.outcome() for caller in callers]
    return outcomes


def play_policy(seed: int, count: int, domains: Sequence[str] = tuple(DOMAINS)) -> list[Outcome]:
    """The same users served by the imitated policy, which reads their acts instead of their words."""
    outcomes = []
    for n in range(count):
        caller, tracker = _Caller.number(seed, n, domains), Tracker()
        while not caller.user.done:
            tracker.hear_user(caller.says())
            caller.heard = respond(tracker, world_database(), caller.rng, BRISK)
            tracker.hear_system(caller.heard)
        outcomes.append(caller.outcome())
    return outcomes


def as_heard(acts: Sequence[SystemAct]) -> tuple[DialogAct, ...]:
    """The agent's acts as the user simulator receives them.

    Acts outside the taxonomy, and suggestions that name nothing, are dropped; an agent without any act left was not
    understood.
    """
    heard = tuple(
        DialogAct(one.act, one.domain, one.slots)
        for one in acts
        if one.act in ACT_INDEX and (one.act not in ("propose", "select") or _names_something(one))
    )
    return heard or (DialogAct("dont_understand"),)


def _names_something(act: SystemAct) -> bool:
    return any(slot == NAME and value for slot, value in act.slots)


def summary(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """`MEASURES`: shares of all dialogues, the share of successes among those not rightly refused, the mean length."""
    count = max(len(outcomes), 1)
    success, refused = sum(one.success for one in outcomes), sum(one.refused for one in outcomes)
    return {
        "success": success / count,
        "refused": refused / count,
        "success_of_possible": success / max(count - refused, 1),
        "user_turns": sum(one.user_turns for one in outcomes) / count,
    }


def _refused(goal: Goal, progress: Sequence[Progress]) -> bool:
    """Whether each domain that was not met was given up for a reason that the database bears out."""
    database = world_database()
    if len(progress) < len(goal.domains):
        return False
    return all(one.met(database) or (one.given_up and _impossible(one)) for one in progress)


def _impossible(one: Progress) -> bool:
    database, domain = world_database(), one.goal.domain
    if not database.query(domain, one.constraints):
        return True
    return bool(one.name and one.booking) and not database.available(domain, str(one.name), one.booking)
