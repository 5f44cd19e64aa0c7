"""Scores of dialogues of one's own, by hand."""

import pytest

from space_jax.agent.own_scores import own_scores
from space_jax.agent.respond import AnsweredDialogue
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.evaluation.end_to_end import Answered
from space_jax.tasks.dialogue.records import records_of
from space_jax.world.corpus_worlds import Worlds

TABLE = "name,kind,price\nAlpha,road,50\nBeta,road,60\nC,town,50\n"
KIND = {"bike_shop": {"kind": ("road", "racing")}}
ALL = {"bike_shop": {"kind": ("road", "racing"), "price": ("50",), "name": ("Alpha",)}}
DIALOGUE = Dialogue(
    "d",
    (
        Turn(USER, "a road bike", state=KIND),
        Turn(
            SYSTEM,
            "Alpha ?",
            (Frame("bike_shop", "offer", (Slot("name", (Value("Alpha"),)),)),),
            delexicalised="[bike_shop_name] ?",
        ),
        Turn(USER, "for 50", state=ALL),
        Turn(SYSTEM, "it costs 50", (), delexicalised="it costs [bike_shop_price] now"),
    ),
)


@pytest.fixture
def worlds(tmp_path):
    (tmp_path / "bike_shop.csv").write_text(TABLE)
    return Worlds("", "", str(tmp_path))


def scores(worlds, *replies, dialogue=DIALOGUE):
    return own_scores([AnsweredDialogue(dialogue, tuple(records_of(dialogue)), replies)], worlds)


def test_all_right(worlds):
    """In another right spelling, with another name that was offered."""
    found = scores(
        worlds,
        Answered({"Bike Shop": {"kind": ("Racing",)}}, "[bike_shop_name] ?"),
        Answered(
            {"bike_shop": {"kind": ("the road",), "price": ("50",), "name": ("Beta",)}},
            "it costs [bike_shop_price] now",
        ),
    )
    assert found == pytest.approx({"state_accuracy": 100, "match": 100, "success": 100, "bleu": 100})


def test_a_state_that_finds_the_same_rows_matches_and_what_is_not_told_is_no_success(worlds):
    found = scores(
        worlds,
        Answered({"bike_shop": {"kind": ("road",), "price": ("dontcare",)}}, "[bike_shop_name] ?"),
        Answered({"bike_shop": {"kind": ("ROAD",), "price": ("fifty",), "name": ("Alpha",)}}, "it costs a lot"),
    )
    assert (found["state_accuracy"], found["match"], found["success"]) == (0, 100, 0)
    assert 0 < found["bleu"] < 100


def test_other_rows_are_no_match_and_no_success(worlds):
    second = Answered({"bike_shop": {"kind": ("road",), "name": ("Alpha",)}}, "[bike_shop_name] for [bike_shop_price]")
    found = scores(worlds, Answered({"bike_shop": {"kind": ("road",)}}, "?"), second)
    assert (found["state_accuracy"], found["match"], found["success"]) == (50, 0, 0)


def test_what_is_not_annotated_is_not_scored(worlds):
    """No tables; no states; nothing at all."""
    right = Answered(KIND, "[bike_shop_name]"), Answered(ALL, "[bike_shop_price]")
    assert set(scores(Worlds("", ""), *right)) == {"state_accuracy", "success", "bleu"}
    bare = Dialogue("x", (Turn(USER, "hello"), Turn(SYSTEM, "hello")))
    assert set(scores(worlds, Answered({}, "hello"), dialogue=bare)) == {"bleu"}
    assert own_scores([], worlds) == {}
