"""The HTML of the page: what anybody wrote is text in it."""

import dataclasses
from html.parser import HTMLParser

from space_jax.chat import bubbles, panel
from space_jax.chat.answer import Answer, Talk
from space_jax.chat.bubbles import Message
from space_jax.dialogue.record import SYSTEM, USER
from space_jax.tasks.dialogue.act_text import PlannedAct

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
    page = Reader(panel.of_answer(Answer(scripted, talk, "area=south -stars people=2")))
    assert [kind for tag, kind in page.elements if tag == "li"] == ["added", "changed", "removed", None, None]
    assert "hotel: people = 2\nhotel: area = south (was north)\nhotel: stars removed\n" in page.text
    assert "Belief state\nhotel\narea\nsouth\npeople\n2\n" in page.text
    assert "hotel: 1 match [db_1]\nOak\n" in page.text
    assert page.text.endswith("Dialog acts\nhotel inform name\n")


def test_a_conversation_that_has_not_begun():
    assert Reader(panel.of_answer(None)).text.count("nothing yet") == 4
    assert "begins" in Reader(bubbles.of_messages(())).text


def test_what_is_written_is_text(scripted, fresh):
    parts, acts = {EVIL: {EVIL: (EVIL,)}}, (PlannedAct(EVIL, EVIL, (EVIL,)),)
    streamed = scripted.stream(fresh.conversation, "area=north")
    evil = Says(dataclasses.replace(streamed, state=parts, acts=acts))
    page = Reader(panel.of_answer(Answer(evil, fresh, "x")))
    assert "img" not in [tag for tag, _ in page.elements]
    assert page.text.count(EVIL) == 3 + 3 + 3  # frame, state, acts
    page = Reader(panel.of_answer(Answer(scripted, Talk(fresh.conversation, parts), "x")))
    assert page.text.count(EVIL) == 2
    page = Reader(bubbles.of_messages([Message(USER, EVIL), Message(SYSTEM, EVIL)]))
    assert page.elements == [("div", "talk"), ("ol", None), ("li", "user"), ("li", "system")]
    assert page.text == f"{EVIL}\n{EVIL}\n"
