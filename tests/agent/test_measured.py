"""Replies as the scorers take them."""

import pytest

from space_jax.agent.conversation import Reply
from space_jax.agent.lookup import NOTHING
from space_jax.agent.measured import multiwoz_predictions, scores
from space_jax.agent.rewrite import Rewritten
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.errors import UserError
from space_jax.evaluation.multiwoz.placeholders import normalise_response
from space_jax.tasks.dialogue.records import records_of

DIALOGUE = Dialogue("test-PMUL1", (Turn(USER, "a train"), Turn(SYSTEM, "TR1 ?", delexicalised="[train_train_id] ?")))
REPLY = Reply(
    "x",
    "[train_train_id] at [train_leave_at] , [train_ticket] , [booking_reference] , [hotel_name] , [odd_slot]",
    {"hotel": {}, "train": {"leave_at": ("10:00",)}},
    NOTHING,
    (),
)


def test_multiwoz_names():
    rewritten = [Rewritten(DIALOGUE, tuple(records_of(DIALOGUE)), (REPLY,))]
    (turn,) = multiwoz_predictions(rewritten, "test")["PMUL1"]
    assert turn["response"] == "[train_id] at [train_leaveat] , [train_price] , [reference] , [hotel_name] , [odd_slot]"
    assert normalise_response(turn["response"]).split()[:3] == ["TRAINID", "at", "TIME,"]
    assert (turn["state"], turn["active_domains"]) == ({"hotel": {}, "train": {"leaveat": "10:00"}}, ["train", "hotel"])
    (bare,) = multiwoz_predictions(rewritten, "test", states=False)["PMUL1"]
    assert set(bare) == {"response", "active_domains"}
    assert list(multiwoz_predictions(rewritten, "train")) == ["test-PMUL1"]


def test_a_corpus_without_these_measures(tmp_path):
    with pytest.raises(UserError, match="camrest676, kvret"):
        scores("multiwoz21", tmp_path, [])
