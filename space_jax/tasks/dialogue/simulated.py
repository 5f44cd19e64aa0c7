"""Training dialogues of the simulated world: of several clerks who serve the same user, the quickest is imitated.

The clerk of the corpus is patient: it asks for preferences before it suggests anything, and one user in ten leaves
before all is done. Here a brisk one serves, and imitating the best of several of its runs gives a policy that meets
more goals than it does.
"""

import random
from collections.abc import Iterator

from space_jax.corpora.simulated import (
    BRISK,
    Tracker,
    User,
    draw_goal,
    put_into_words,
    respond,
    succeeded,
    world_database,
)
from space_jax.corpora.simulated.acts import DialogAct
from space_jax.corpora.simulated.database import stable_seed
from space_jax.corpora.simulated.goal import Goal
from space_jax.dialogue.record import SYSTEM, USER, BeliefState, Dialogue, Turn

CLERKS = 4


def best_dialogues(seed: int, count: int, clerks: int = CLERKS) -> Iterator[Dialogue]:
    """Dialogues `best-<seed>-<n>`; dialogue n depends on (seed, n, clerks) only.

    Args:
      seed: of goals, users and clerks.
      count: how many.
      clerks: runs of the policy for each goal. The shortest that met it is kept; if none did, the shortest.
    """
    database = world_database()
    for n in range(count):
        goal = draw_goal(random.Random(stable_seed("goal", seed, n)), database)
        runs = [_serve(goal, random.Random(stable_seed("clerk", seed, n, run))) for run in range(clerks)]
        _, _, turns = min(runs, key=lambda run: run[:2])
        yield Dialogue(f"best-{seed}-{n}", turns)


def _serve(goal: Goal, rng: random.Random) -> tuple[bool, int, tuple[Turn, ...]]:
    """Whether the goal was missed, the number of turns, the turns."""
    database = world_database()
    user, tracker, lower = User(goal, rng), Tracker(), rng.random() < LOWER_CASE
    turns: list[Turn] = []
    system_acts: tuple[DialogAct, ...] = ()
    while not user.done:
        user_acts = user.respond(system_acts)
        tracker.hear_user(user_acts)
        said = put_into_words(user_acts, USER, rng, lower)
        beliefs = tracker.beliefs.items()
        state: BeliefState = {domain: {slot: (value,) for slot, value in slots.items()} for domain, slots in beliefs}
        turns.append(Turn(USER, said.text, said.frames, said.acts, state))
        system_acts = respond(tracker, database, rng, BRISK)
        tracker.hear_system(system_acts)
        said = put_into_words(system_acts, SYSTEM, rng)
        turns.append(Turn(SYSTEM, said.text, said.frames, said.acts, None, said.delexicalised))
    return not succeeded(goal, tuple(user.progress), database), len(turns), tuple(turns)


LOWER_CASE = 0.06
"""Share of users who type in lower case, as in the corpus."""
