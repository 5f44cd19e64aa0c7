"""Runs the user simulator against the policy, and records the conversation as an annotated dialogue."""

import dataclasses
import itertools
import random
from collections.abc import Iterator, Sequence

from space_jax.corpora.simulated.acts import DialogAct
from space_jax.corpora.simulated.database import Database, stable_seed, world_database
from space_jax.corpora.simulated.goal import Goal, draw_goal
from space_jax.corpora.simulated.policy import PATIENT, Manner, respond
from space_jax.corpora.simulated.progress import Progress
from space_jax.corpora.simulated.schema import DOMAINS
from space_jax.corpora.simulated.tracker import Tracker
from space_jax.corpora.simulated.user import User
from space_jax.corpora.simulated.wording import put_into_words
from space_jax.dialogue.record import SYSTEM, USER, BeliefState, Dialogue, Turn

ALL = tuple(DOMAINS)
LOWER_CASE = 0.06
"""Share of users who type in lower case."""


@dataclasses.dataclass(frozen=True)
class Episode:
    """A simulated dialogue with its goal and outcome.

    Attributes:
      dialogue: the annotated dialogue.
      goal: what the user wanted.
      progress: the final progress of each domain that was brought up.
      success: whether every domain of the goal was met, judged by the database (`Progress.met`).
    """

    dialogue: Dialogue
    goal: Goal
    progress: tuple[Progress, ...]
    success: bool


def succeeded(goal: Goal, progress: tuple[Progress, ...], database: Database) -> bool:
    """Whether every domain of the goal was brought up and met."""
    return len(progress) == len(goal.domains) and all(one.met(database) for one in progress)


def episode(seed: int, n: int, manner: Manner = PATIENT, domains: Sequence[str] = ALL) -> Episode:
    """Dialogue number `n` of the corpus with this seed; it depends only on the arguments.

    Args:
      seed: the corpus's seed.
      n: the dialogue's number, from 0.
      manner: of the system.
      domains: what users ask about.

    Returns:
      The dialogue, its goal and whether the goal was met.
    """
    rng = random.Random(stable_seed("simulated", seed, n))
    database = world_database()
    goal = draw_goal(rng, database, domains)
    user, tracker = User(goal, rng), Tracker()
    lower = rng.random() < LOWER_CASE
    turns: list[Turn] = []
    system_acts: tuple[DialogAct, ...] = ()
    while not user.done:
        user_acts = user.respond(system_acts)
        tracker.hear_user(user_acts)
        turns.append(_turn(USER, user_acts, rng, tracker.belief_state(), lower))
        system_acts = respond(tracker, database, rng, manner)
        tracker.hear_system(system_acts)
        turns.append(_turn(SYSTEM, system_acts, rng, None, lower=False))
    progress = tuple(user.progress)
    dialogue = Dialogue(f"sim-{seed}-{n}", tuple(turns))
    return Episode(dialogue, goal, progress, succeeded(goal, progress, database))


def episodes(
    seed: int, count: int | None, start: int = 0, manner: Manner = PATIENT, domains: Sequence[str] = ALL
) -> Iterator[Episode]:
    """Streams episodes `start`, `start + 1`, ...; without end if `count` is None."""
    numbers = itertools.count(start) if count is None else range(start, start + count)
    return (episode(seed, n, manner, domains) for n in numbers)


def simulate(
    seed: int, count: int | None, start: int = 0, manner: Manner = PATIENT, domains: Sequence[str] = ALL
) -> Iterator[Dialogue]:
    """Streams simulated dialogues; they are made on demand.

    Args:
      seed: the corpus's seed. Different seeds share the world (domains, entities), not the dialogues.
      count: how many dialogues, or None for an endless stream.
      start: the number of the first one.
      manner: of the system.
      domains: what users ask about.

    Returns:
      Dialogues with ids `sim-<seed>-<n>`; dialogue n depends on (seed, n, manner, domains) only, on every machine.
    """
    return (one.dialogue for one in episodes(seed, count, start, manner, domains))


def _turn(role: str, acts: tuple[DialogAct, ...], rng: random.Random, state: BeliefState | None, lower: bool) -> Turn:
    said = put_into_words(acts, role, rng, lower)
    return Turn(role, said.text, said.frames, said.acts, state, said.delexicalised)
