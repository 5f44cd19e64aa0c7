"""The HTML of the page: what anybody wrote is text in it."""

import dataclasses
from html.parser import HTMLParser

from space_jax.agent.conversation import Conversation
from space_jax.chat import bubbles, panel
from space_jax.chat.answer import Answer, Talk
from space_jax.chat.bubbles import Said
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.world.backend import Tables
from space_jax.world.database import Database
from space_jax.world.lookup import NO_OFFERS, look_up

EVIL = "<img src=x onerror=alert(1)>\"'&lt; [b] **b** ${1+1} {{1+1}}"


class Reader(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs).get("class")))

    def handle_data(self, data):
        self.text += data + "\n"


class Says:
    """An agent that answers with fixed parts."""

    def __init__(self, streamed):
        self.stream = lambda conversation, text: streamed


def test_the_panel_of_a_turn(scripted, fresh):
    _, talk = Answer(scripted, fresh, "area=north stars=4").finish()
    page = Reader(panel.of_answer(Answer(scripted, talk, "area=south -stars people=2"), 2))
    assert [kind for tag, kind in page.elements if tag == "li"] == ["added", "changed", "removed", None]
    assert page.text.startswith("Turn 2 \narea=south -stars people=2\n")
    assert "hotel: people = 2\nhotel: area = south (was north)\nhotel: stars removed\n" in page.text
    assert "Belief state\nhotel\narea\nsouth\npeople\n2\n" in page.text
    assert "hotel: 1 match for area = south; the table has no people\nname\nOak\narea\nsouth\n" in page.text
    assert "Dialog acts\nhotel inform name\n" in page.text
    assert "[db_" not in page.text
    assert "Booking" not in page.text  # nothing can be booked here


def test_several_matches_are_a_table_with_what_was_asked_for_in_front(scripted):
    rows = [{"phone": str(number), "area": "north", "name": f"H{number}"} for number in range(7)]
    rows[1]["phone"], rows[2]["phone"] = "?", ""
    fresh = Talk(Conversation(Tables(Database({"hotel": rows}), {"hotel": ("day",)})))
    page = Reader(panel.of_answer(Answer(scripted, fresh, "area=north"), 1))
    assert "hotel: 7 matches for area = north\nname\narea\nphone\nH0\nnorth\n0\nH1\nnorth\nunknown\n" in page.text
    assert "H4\nnorth\n4\nand 2 more\n" in page.text
    assert "Booking\nnot yet, still to be said: which hotel, day\n" in page.text


def test_a_turn_that_is_not_understood_yet():
    page = Reader(panel.working(3, "area=north"))
    assert "Turn 3 \narea=north\nbeing worked on" in page.text
    assert ("p", "none") in page.elements


def test_a_conversation_that_has_not_begun():
    assert "tables of: guest house, taxi." in Reader(panel.not_begun(["guest_house", "taxi"])).text
    assert "tables" not in Reader(panel.not_begun([])).text
    assert Reader(bubbles.not_begun()).text == "The conversation begins with what you say.\n"
    assert Reader(bubbles.not_begun(["a", "b"])).text.endswith("for example:\na\nb\n")


def test_what_is_written_is_text(scripted, fresh):
    parts, acts = {EVIL: {EVIL: (EVIL,)}}, (PlannedAct(EVIL, EVIL, (EVIL,)),)
    streamed = scripted.stream(fresh.conversation, "area=north")
    evil = Says(dataclasses.replace(streamed, state=parts, acts=acts))
    page = Reader(panel.of_answer(Answer(evil, fresh, EVIL), 1))
    assert "img" not in [tag for tag, _ in page.elements]
    assert page.text.count(EVIL) == 1 + 3 + 3 + 3  # title, frame, state, acts
    page = Reader(panel.of_answer(Answer(scripted, Talk(fresh.conversation, parts), "x"), 1))
    assert page.text.count(EVIL) == 2
    tables = Database({EVIL: [{"name": EVIL, EVIL: EVIL}, {"name": EVIL, EVIL: EVIL}]})
    found = look_up(Tables(tables), parts, NO_OFFERS)
    evil = Says(dataclasses.replace(streamed, state=parts, found=found))
    page = Reader(panel.of_answer(Answer(evil, Talk(Conversation(Tables(tables))), "x"), 1))
    assert "img" not in [tag for tag, _ in page.elements]
    assert page.text.count(EVIL) == 3 + 3 + 4 + 1  # frame, state, cells, what was searched by
    for content in (bubbles.not_begun([EVIL]), panel.working(1, EVIL), panel.not_begun([EVIL])):
        assert Reader(content).text.count(EVIL) == 1
    page = Reader(bubbles.of_turns([Said(EVIL, EVIL)], answering=Said(EVIL, EVIL)))
    assert {tag for tag, _ in page.elements} == {"div", "ol", "li", "p", "button"}
    assert page.text == f"{EVIL}\n{EVIL}\nWhat was understood\n{EVIL}\n{EVIL}\n"
