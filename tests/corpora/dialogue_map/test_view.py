"""Groups with their names, shares and examples, of dialogues whose groups are known."""

import pytest

from space_jax.corpora.dialogue_map.said import in_order, said_in
from space_jax.corpora.dialogue_map.view import EXAMPLES, make_view
from space_jax.dialogue.record import Dialogue
from tests.corpora.dialogue_map.dialogues import ByWord, annotated, shop, user

pytest.importorskip("sklearn", reason="scikit-learn comes with the extra map")


def view_of(dialogues, count=3):
    ordered = in_order(dialogues)
    return make_view(ordered, said_in(ordered), ByWord().embed_turns(ordered), count, 0)


@pytest.fixture(scope="module")
def view():
    return view_of(shop())


def test_the_groups_of_either_side_in_the_order_of_the_conversation(view):
    assert [(group.role, group.name.split(", ")[0], group.turns) for group in view.groups] == [
        ("user", "hello", 12),
        ("user", "price", 18),
        ("user", "bye", 8),
        ("system", "number", 12),
        ("system", "costs", 18),
        ("system", "goodbye", 8),
    ]
    assert view.groups[0].place == 0.0
    assert view.groups[5].place == 1.0


def test_where_they_begin_and_end_and_what_follows(view):
    assert [group.begins for group in view.groups] == [1.0, 0, 0, 0, 0, 0]
    assert [group.ends for group in view.groups] == pytest.approx([0, 0, 0, 0, 4 / 12, 8 / 12])
    assert view.groups[0].then == {3: 1.0}
    assert view.groups[4].then == pytest.approx({2: 8 / 18, 1: 6 / 18})
    assert list(view.groups[4].then) == [2, 1]
    assert view.groups[5].then == {}
    assert {group.fails for group in view.groups} == {None}


def test_examples_are_different_and_lead_back(view):
    price = view.groups[1]
    assert len(price.members) == 18
    assert ("log-01", 5) in price.members
    assert len({example.text for example in price.examples}) == len(price.examples) == 18
    again = next(example for example in price.examples if example.text == "what is the price of 1 and 1")
    assert (again.dialogue, again.number, again.before) == ("log-01", 5, "it costs 1 euros")
    assert view.groups[0].examples[0].before == ""
    many = view_of([Dialogue(f"{n}", (user(f"hello {n}"),)) for n in range(99)], 1)
    assert len(many.groups[0].examples) == EXAMPLES
    same = view_of([Dialogue(f"{n}", (user("Hello" if n % 2 else "hello "),)) for n in range(9)], 1)
    assert len(same.groups[0].examples) == 1


def test_the_order_of_the_dialogues_does_not_matter(view):
    assert view_of(shop()[::-1]) == view


def test_annotation_names_groups_and_tells_of_failure():
    groups = view_of(annotated(), 1).groups
    assert groups[0].name.startswith("request: ")
    assert groups[0].acts == (("request", 1.0),)
    assert (groups[0].intents, groups[0].domains, groups[0].slots) == (
        (("ask", 1.0),),
        (("shop", 1.0),),
        (("price", 1.0),),
    )
    assert groups[1].name.startswith("notify_success + notify_failure: ") is False  # a third of its turns is below 0.4
    assert groups[1].name.startswith("notify_success: ")
    assert [group.fails for group in groups] == [0.5, 0.5]


def test_one_side_alone_and_turns_without_letters():
    (group,) = view_of([Dialogue("a", (user("12"), user("?!")))], 1).groups
    assert (group.name, group.then, group.begins, group.ends) == ("other turns", {0: 0.5}, 1.0, 1.0)
