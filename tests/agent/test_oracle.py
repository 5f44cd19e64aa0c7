"""The agent's machinery without its model: with a perfect state, act and response, no goal is lost on the way.

The hand-written policy plans the acts; look-up, wording, and what the user hears are the agent's.
"""

import dataclasses
import random

from space_jax.agent.lexicalise import speak
from space_jax.agent.play import _Caller, as_heard, summary
from space_jax.corpora.simulated import DOMAINS, Tracker, put_into_words, respond, world_database
from space_jax.dialogue.record import SYSTEM
from space_jax.tasks.dialogue.act_text import acts_of, parse_acts, write_acts
from space_jax.tasks.dialogue.belief_text import parse_belief, write_belief
from space_jax.tasks.dialogue.records import in_order, named_by_user
from space_jax.world.corpus_worlds import SimulatedBackend
from space_jax.world.lookup import Offers, look_up

CALLERS = 150


class Patient(random.Random):
    """Draws that make the policy ask for nothing that it need not know."""

    def random(self):
        return 0.75

    def getrandbits(self, k):
        return random.Random(self.draws()).getrandbits(k)

    def draws(self):
        self.drawn = getattr(self, "drawn", 0) + 1
        return self.drawn


@dataclasses.dataclass
class Oracle:
    """What the agent remembers, with the policy in place of the model."""

    tracker: Tracker = dataclasses.field(default_factory=Tracker)
    offers: Offers = dataclasses.field(default_factory=Offers)
    state: dict = dataclasses.field(default_factory=dict)
    written: dict = dataclasses.field(default_factory=dict)
    heard: str = ""

    def answer(self, acts, text, backend, rng):
        self.tracker.hear_user(acts)
        self.heard += f" {text.lower()}"
        beliefs = {d: {s: (v,) for s, v in slots.items()} for d, slots in self.tracker.beliefs.items()}
        now = in_order(beliefs, self.state, ())
        if self.tracker.domain is not None:
            now[self.tracker.domain] = now.pop(self.tracker.domain)
        self.written = named_by_user(now, self.heard, self.state, self.written)
        self.state = now
        state = parse_belief(write_belief(self.written))  # as the model writes it
        found = look_up(backend, state, self.offers)
        said = put_into_words(respond(self.tracker, world_database(), rng), SYSTEM, rng)
        plan = parse_acts(write_acts(acts_of(said.frames)))
        spoken = speak(said.delexicalised, plan, state, found, self.offers, backend)
        for domain, names in spoken.names.items():
            key = found.constraints if domain == found.domain else frozenset()
            self.offers = self.offers.with_names(domain, key, names)
        told = as_heard(spoken.acts)
        self.tracker.hear_system(told)
        return told, spoken.text


def test_nothing_is_lost_between_the_model_and_the_user():
    backend, outcomes = SimulatedBackend(), []
    for n in range(CALLERS):
        caller, oracle, rng = _Caller.number(77, n, tuple(DOMAINS)), Oracle(), Patient(n)
        while not caller.user.done:
            acts = caller.says()
            caller.heard, words = oracle.answer(acts, caller.turns[-1][1], backend, rng)
            assert "[" not in words
            caller.turns.append((SYSTEM, words))
        outcomes.append(caller.outcome())
    scores = summary(outcomes)
    assert scores["success_of_possible"] > 0.95, scores
