"""One normal form of names: the table itself, renaming by it, and that it knows every label of the real corpora."""

import dataclasses
import json
from importlib import resources

import pytest

from space_jax.corpora.registry import CORPORA
from space_jax.corpora.unify import INTENTS_STAY, KINDS, renamed, table, unified, unmapped
from space_jax.dialogue import Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError
from tests.corpora.real import FOLDERS, real_dialogues

# MultiWOZ 2.1's train split, which is not at hand, has a ninth domain; `ontology21.json` says which slots it has.
NOT_AT_HAND = {("multiwoz21", "domains", "bus"), ("multiwoz21", "slots", "bus/day")}


def one_turn(*frames, state=None):
    return Dialogue("train-1", (Turn("user", "two in the east", frames, ("inform",), state),))


def test_no_canonical_name_and_no_name_of_a_source_is_there_twice():
    def once(pairs):
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys))
        return dict(pairs)

    text = resources.files("space_jax.corpora").joinpath("unified_names.json").read_text(encoding="utf-8")
    assert json.loads(text, object_pairs_hook=once) == table()
    assert tuple(table()) == KINDS
    for kind in KINDS:
        entries = [(corpus, name) for by in table()[kind].values() for corpus, names in by.items() for name in names]
        assert len(entries) == len(set(entries))
        assert {corpus for corpus, _ in entries} <= set(CORPORA)
    assert not INTENTS_STAY & {corpus for by in table()["intents"].values() for corpus in by}


def test_a_canonical_name_is_not_another_thing_of_the_same_source():
    """What a source's names become stays what it is when renamed once more."""
    for kind in KINDS:
        for canonical, by in table()[kind].items():
            for corpus in by:
                taken = [other for other, names in table()[kind].items() if canonical in names.get(corpus, ())]
                assert taken in ([], [canonical]), (kind, canonical, corpus, taken)


def test_names_that_mean_the_same_become_the_same():
    value = Value("two", 0, 3)
    theirs = [
        ("sgd", Frame("restaurants", "inform", (Slot("party_size", (value,)),))),
        ("multiwoz21", Frame("restaurant", "inform", (Slot("people", (value,)),))),
        ("sim_r", Frame("restaurants", "inform", (Slot("num_people", (value,)),))),
        ("simulated", Frame("restaurant", "inform", (Slot("people", (value,)),))),
    ]
    for corpus, frame in theirs:
        (turn,) = unified(one_turn(frame), corpus).turns
        assert turn.frames == (Frame("restaurant", "inform", (Slot("people", (value,)),)),)
        assert (turn.text, turn.acts) == ("two in the east", ("inform",))


def test_a_name_with_its_domain_goes_before_the_plain_one():
    hotel, message = (Frame(domain, "inform", (Slot("location"),)) for domain in ("hotels", "messaging"))
    frames = unified(one_turn(hotel, message), "sgd").turns[0].frames
    assert [slot.name for frame in frames for slot in frame.slots] == ["city", "location"]


def test_frames_and_slots_that_become_one_are_merged():
    east = Value("east", 11, 15)
    before = one_turn(
        Frame("restaurants", "inform", (Slot("cuisine", (Value("thai"),)), Slot("city", (east,)))),
        Frame("restaurants", "inform_count", (Slot("count", (Value("2"),)), Slot("category", (Value("thai"), east)))),
        state={"restaurants": {"cuisine": ("thai",), "category": ("thai", "asian")}, "hotels": {}},
    )
    (turn,) = unified(before, "sgd").turns
    slots = (Slot("food", (Value("thai"), east)), Slot("city", (east,)), Slot("count", (Value("2"),)))
    assert turn.frames == (Frame("restaurant", "inform", slots),)
    assert turn.state == {"restaurant": {"food": ("thai", "asian")}, "hotel": {}}


def test_paths_are_renamed_piece_by_piece_and_nameless_levels_stay():
    path = Frame("navigation", "get_directions", (Slot("source.get_event.name_event"),))
    (frame,) = unified(one_turn(path), "topv2").turns[0].frames
    assert frame == Frame("navigation", "get_directions", (Slot("departure.get_event.entity_name"),))
    bare = one_turn(Frame("default_domain", "oos"))
    assert unified(bare, "clinc150") == bare
    spans = one_turn(Frame("restaurant", "default_intent", (Slot("people"),)))
    assert unified(spans, "restaurant8k") == spans


def test_what_is_not_annotated_stays_so():
    bare = Dialogue("d", (Turn("user", "hello"), Turn("system", "", ())))
    assert unified(bare, "sgd") == bare


def test_unknown_labels_are_listed_with_the_way_to_see_all():
    dialogue = one_turn(
        Frame("zoos", "inform", (Slot("animal"),)), Frame("hotels", "sing"), state={"hotels": {"moat": ("yes",)}}
    )
    expected = (
        "dialogue train-1: .* lacks domain zoos, intent sing, slot hotels/moat, slot zoos/animal; .*data stats sgd"
    )
    with pytest.raises(UserError, match=expected):
        unified(dialogue, "sgd")
    assert sorted(unmapped(dialogue, "sgd"))[0] == ("domains", "zoos")
    assert renamed(dialogue, "sgd").turns[0].frames[1] == Frame("hotel", "sing")


def test_the_names_of_a_users_own_files_stay():
    dialogue = one_turn(Frame("zoos", "sing", (Slot("animal.kind"),)))
    assert unified(dialogue, "jsonl") == renamed(dialogue, "jsonl") == dialogue
    assert not list(unmapped(dialogue, "jsonl"))


@pytest.mark.parametrize("corpus", ["camrest676", "woz2", "sim_m", "restaurant8k"])
def test_every_label_of_a_small_corpus_is_known_and_a_second_renaming_changes_nothing(shared_data, corpus):
    for dialogue in real_dialogues(shared_data, corpus):
        once = unified(dialogue, corpus)
        assert unified(once, corpus) == once


@pytest.mark.slow
def test_the_table_and_the_real_corpora_know_the_same_names(shared_data):
    seen = set()
    for corpus in FOLDERS:
        for dialogue in real_dialogues(shared_data, corpus):
            assert not list(unmapped(dialogue, corpus)), dialogue.id
            once = unified(dialogue, corpus)
            assert renamed(once, corpus) == once
            seen |= {(corpus, *label) for label in labels(dialogue)}
    for kind in KINDS:
        for by in table()[kind].values():
            for corpus, names in by.items():
                if corpus in FOLDERS:
                    missing = {(corpus, kind, name) for name in names} - seen - NOT_AT_HAND
                    assert not missing


def labels(dialogue):
    """Everything that a table may name, slots plain and with their domain."""
    for turn in dialogue.turns:
        slots = [(frame.domain, slot.name) for frame in turn.frames or () for slot in frame.slots]
        slots += [(domain, slot) for domain, named in (turn.state or {}).items() for slot in named]
        for frame in turn.frames or ():
            yield "domains", frame.domain
            yield "intents", frame.intent
        for domain, slot in slots:
            for piece in slot.split("."):
                yield "slots", piece
                yield "slots", f"{domain}/{piece}"


def test_renaming_keeps_every_turn(shared_data):
    for dialogue in real_dialogues(shared_data, "camrest676"):
        bare = dataclasses.replace
        stripped = [bare(turn, frames=None, state=None) for turn in dialogue.turns]
        after = [bare(turn, frames=None, state=None) for turn in unified(dialogue, "camrest676").turns]
        assert stripped == after
