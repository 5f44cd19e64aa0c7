"""What does not reach the trees is counted, and does not stop a pass."""

import json

from space_jax.corpora.audit import Audit, audited
from space_jax.dialogue import Dialogue, Frame, Slot, Turn, Value

FRAMES = (
    Frame("hotels", "inform", (Slot("location", (Value("york", 3, 7), Value("near"))),)),
    Frame("hotels", "inform", (Slot("moat"),)),
    Frame("zoos", "inform", (Slot("location"),)),
)
DIALOGUES = [
    Dialogue("d", (Turn("user", "in york", FRAMES, ("inform",)), Turn("system", "", ()), Turn("user", "a", FRAMES)))
]


def test_labels_values_and_acts_are_counted():
    audit = Audit()
    (dialogue,) = audited(iter(DIALOGUES), "sgd", audit)
    assert dialogue.turns[0].frames[0].slots[0].name == "city"
    assert audit.labels == {"domain zoos": 2, "slot hotels/moat": 2}
    report = json.loads(json.dumps(audit.as_json()))
    assert (report["frames"], report["frames_share"]) == (4, 4 / 6)
    assert (report["values_without_a_place"], report["values_without_a_place_share"]) == (2, 0.5)
    assert report["why_without_a_place"] == {"other words": 2}
    assert report["turns_without_acts"] == {"user": 1}
    assert report["turns_without_acts_share"] == {"user": 0.5}


def test_names_may_stay():
    assert list(audited(iter(DIALOGUES), "sgd", Audit(), rename=False)) == DIALOGUES


def test_nothing_is_a_share_of_nothing():
    assert Audit().as_json()["frames_share"] == 0.0
