"""Small dialogues of a shop, and vectors of their turns that put each kind of turn into a corner of its own."""

import numpy as np

from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn

KINDS = ("hello", "price", "bye", "Welcome", "costs", "Goodbye")  # a word of each turn; the last three the system's


def user(text, **annotation):
    return Turn(USER, text, **annotation)


def system(text, **annotation):
    return Turn(SYSTEM, text, **annotation)


def shop(count=12):
    """Each greets, asks once or twice for a price, and says goodbye; every third ends after the price."""
    dialogues = []
    for number in range(count):
        turns = [user(f"hello from {number}"), system(f"Welcome, number {number}")]
        for again in range(1 + number % 2):
            turns += [user(f"what is the price of {number} and {again}"), system(f"it costs {number} euros")]
        if number % 3:
            turns += [user(f"bye, said {number}"), system(f"Goodbye {number}")]
        dialogues.append(Dialogue(f"log-{number:02d}", tuple(turns)))
    return dialogues


def annotated():
    """Two dialogues with acts: one is told of success at its end, one of failure, after a success."""
    frame = Frame("shop", "ask", (Slot("price"),))
    asked = user("what is the price", frames=(frame,), acts=("request",))
    good = (asked, system("it is booked", acts=("notify_success",)))
    return [
        Dialogue("good", good),
        Dialogue("bad", (*good, user("and another"), system("sorry", acts=("notify_failure",)))),
    ]


class ByWord:
    """A model that knows the words of `KINDS`, and a little noise that depends on the text alone."""

    views = ()

    def embed_turns(self, dialogues):
        return np.array([self._vector(turn.text) for one in dialogues for turn in one.turns if turn.text.strip()])

    def _vector(self, text):
        near = np.array([float(word in text) for word in KINDS], np.float32)
        return near + 0.01 * np.random.default_rng(sum(map(ord, text))).normal(size=len(KINDS)).astype(np.float32)
