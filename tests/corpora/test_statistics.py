"""Counting a corpus."""

import dataclasses
import json

from rich.console import Console

from space_jax.corpora.statistics import collect, counted_by_source
from space_jax.dialogue import Dialogue, Frame, Slot, Turn, Value

EAST = Frame("hotel", "inform", (Slot("area", (Value("east", 0, 4), Value("west"))),))
MANY = Frame("hotel", "inform", tuple(Slot(f"s{number}", (Value("x"),)) for number in range(17)))
DIALOGUES = [
    Dialogue("a", (Turn("user", "east it is", (EAST,), ("inform",), {"hotel": {}}), Turn("system", "fine", (), ()))),
    Dialogue("b", (Turn("user", "two words"), Turn("user", "", (Frame("hotel", "request", (Slot("area"),)),)))),
    Dialogue("c", (Turn("system", "seventeen", (MANY, Frame("taxi", "bye")), ("inform", "bye"), None, "d"),)),
]


def test_counts():
    counted = collect(iter(DIALOGUES))
    assert counted.dialogues == 3
    assert counted.turns == {"user": 3, "system": 2}
    assert counted.words == {"user": 5, "system": 2}
    assert counted.annotated == {"frames": 4, "acts": 3, "state": 1, "delexicalised": 1}
    assert counted.labelled == 3
    assert counted.depth == {4: 2, 0: 1, 3: 1}
    assert counted.domains == {"hotel": 3, "taxi": 1}
    assert counted.intents == {"inform": 2, "request": 1, "bye": 1}
    assert counted.slots["area"] == 2
    assert counted.acts == {"inform": 2, "bye": 1}
    assert (counted.values, counted.spans) == (19, 1)
    assert (counted.views["D"], counted.views["S"], counted.views["V"]) == (3, 3, 2)


def test_the_first_texts_of_an_intent_are_kept():
    def turn(text):
        return Turn("user", text, (Frame("a", "i"), Frame("b", "i")))

    texts = ["one", " one ", "", "x" * 200, "three", "four"]
    counted = collect([Dialogue("d", tuple(map(turn, texts)))])
    assert counted.said == {"i": ["one", "x" * 159 + "…", "three"]}


def test_examples_and_what_is_known_of_them():
    frames, acts = (EAST,), ("inform",)
    user, system = Turn("user", "east", frames), Turn("system", "fine", frames, acts)
    turns = (
        system,  # opens the dialogue: no example
        user,
        system,  # everything is known
        Turn("system", "well", frames, acts),  # no user turn before it
        Turn("user", "east"),
        system,  # nothing is known of the turn before it
        user,
        Turn("system", "fine", frames),  # no acts
        user,
        Turn("system", "fine", None, acts),  # no frames
    )
    counted = collect([Dialogue("d", turns), *DIALOGUES])
    assert counted.examples == 8  # with two of DIALOGUES' last user turns and one answer
    assert counted.known == {"acts": 5, "user_tree": 5, "system_tree": 5}
    assert counted.as_json()["shares"]["known"] == {"acts": 5 / 8, "user_tree": 5 / 8, "system_tree": 5 / 8}


def test_a_mixture_is_counted_by_its_sources():
    counts = {}
    mixed = [dataclasses.replace(dialogue, id=f"{name}/{dialogue.id}") for name in "ab" for dialogue in DIALOGUES[:2]]
    assert list(counted_by_source(mixed[1:], counts)) == mixed[1:]
    assert counts["a"] == {"examples": 2, "user_tree": 1}
    assert counts["b"] == {"examples": 3, "user_tree": 2, "acts": 1, "system_tree": 1}


def test_crowded_views_are_those_with_more_elements_than_a_batch_keeps():
    crowded = {view for view, count in collect(DIALOGUES).crowded.items() if count}
    assert crowded == {"S", "IS", "SV", "DIS", "ISV", "DISV"}
    assert not any(collect(DIALOGUES, width=17).crowded.values())


def test_the_json_holds_counts_and_shares():
    record = json.loads(json.dumps(collect(DIALOGUES).as_json()))
    assert record["turns"] == {"user": 3, "system": 2}
    assert record["depth"] == {"4": 2, "0": 1, "3": 1}
    assert record["shares"]["labelled"] == 3 / 5
    assert record["shares"]["spans"] == 1 / 19
    assert record["shares"]["views"]["V"] == 2 / 5
    assert record["shares"]["state"] == 1 / 5


def test_no_dialogues_have_counts_of_zero():
    record = collect([]).as_json()
    assert record["dialogues"] == 0
    assert record["shares"]["labelled"] == 0.0
    assert set(record["shares"]["known"].values()) == {0.0}


def test_the_table_shows_the_counts():
    console = Console(width=200)
    with console.capture() as shown:
        console.print(collect(DIALOGUES).table("mine"))
    lines = [" ".join(line.replace("│", " ").split()) for line in shown.get().splitlines()]
    assert "dialogues 3" in lines
    assert "labelled turns 3 (60.0%)" in lines
    assert "known of them acts 1 (33.3%), user tree 2 (66.7%), system tree 1 (33.3%)" in lines
    assert "domains 2: hotel 3, taxi 1" in lines
    assert "tree depth 0: 1, 3: 1, 4: 2" in lines
