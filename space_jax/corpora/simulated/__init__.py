"""The built-in simulated corpus: a task-oriented world of seven domains with a user simulator and a system policy.

From the world to the words:

    schema, names, entities, database   the world, the same for every seed
    goal, progress                      the user's goal, and its progress
    user, tracker, policy               the two speakers; they exchange `DialogAct`s and never read words
    grammar, nouns, phrases_*, wording  acts into words, with spans, frames and delexicalised text
    simulate                            the conversation
"""

from space_jax.corpora.simulated.acts import DialogAct
from space_jax.corpora.simulated.database import Database, world_database
from space_jax.corpora.simulated.goal import DomainGoal, Goal, draw_goal
from space_jax.corpora.simulated.policy import BRISK, PATIENT, Manner, respond
from space_jax.corpora.simulated.schema import DOMAINS, DONT_CARE, GENERAL
from space_jax.corpora.simulated.simulate import LOWER_CASE, Episode, episode, episodes, simulate, succeeded
from space_jax.corpora.simulated.tracker import Tracker
from space_jax.corpora.simulated.user import User
from space_jax.corpora.simulated.wording import Utterance, put_into_words

__all__ = [
    "BRISK",
    "DOMAINS",
    "DONT_CARE",
    "GENERAL",
    "LOWER_CASE",
    "PATIENT",
    "Database",
    "DialogAct",
    "DomainGoal",
    "Episode",
    "Goal",
    "Manner",
    "Tracker",
    "User",
    "Utterance",
    "draw_goal",
    "episode",
    "episodes",
    "put_into_words",
    "respond",
    "simulate",
    "succeeded",
    "world_database",
]
