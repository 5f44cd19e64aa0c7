"""The page: whole, without scripts, every link leads somewhere, and nothing of what others wrote is obeyed."""

import re
from html.parser import HTMLParser

import pytest

from space_jax.corpora.dialogue_map.page import map_page
from space_jax.corpora.dialogue_map.page_text import LONGEST, percent, text
from space_jax.corpora.dialogue_map.said import in_order, said_in
from space_jax.corpora.dialogue_map.view import EXAMPLES, make_view
from space_jax.dialogue.record import Dialogue
from tests.corpora.dialogue_map.dialogues import ByWord, annotated, shop, system, user

pytest.importorskip("sklearn", reason="scikit-learn comes with the extra map")

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)> \" ' & \x1b[2J \u202e" + "y" * 1000


def page_of(dialogues, names=("all",), fails=None, count=3):
    ordered = in_order(dialogues)
    view = make_view(ordered, said_in(ordered), ByWord().embed_turns(ordered), count, 0)
    return map_page("a <b>title</b>", "facts", dict.fromkeys(names, view), fails)


class Parsed(HTMLParser):
    """Tags, ids and links of a page; every tag that needs an end has one."""

    EMPTY = frozenset({"meta", "br", "input", "path"})

    def __init__(self, page):
        super().__init__()
        self.tags, self.ids, self.links, self.open, self.attributes = set(), [], [], [], set()
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in self.EMPTY

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("names", [("all",), ("all", "what is asked")])
def test_every_box_leads_to_its_group_and_back(names):
    parsed = Parsed(page_of(shop(), names))
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {link.removeprefix("#") for link in parsed.links} <= set(parsed.ids)
    for view in range(len(names)):
        assert {f"#v{view}g{g}" for g in range(6)} | {f"#v{view}n{g}" for g in range(6)} <= set(parsed.links)
    assert ("fieldset" in parsed.tags) == (len(names) > 1)


def test_what_others_wrote_is_text():
    wild = Dialogue(EVIL, (user(f"{EVIL} one"), system(EVIL)))
    page = page_of([wild, *shop()])
    parsed = Parsed(page)
    assert not {"script", "img", "link", "iframe", "form"} & parsed.tags
    assert not {name for name in parsed.attributes if name.startswith("on")}
    assert all(link.startswith("#") for link in parsed.links)
    assert not re.search(r"https?:|@import|url\(", page)
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page
    assert "<title>a &lt;b&gt;title&lt;/b&gt;</title>" in page
    assert "y" * LONGEST not in page


def test_failures_are_told_where_they_are_known():
    known, unknown = page_of(annotated(), fails=0.5, count=1), page_of(shop())
    assert "Without success: 50% of all" in known
    assert "50% of those that come by end without success, 50% of all" in known
    assert "Without success: none" in page_of(annotated()[:1], fails=0.0, count=1)
    assert "Whether they ended well is not annotated" in unknown
    assert "<bdi>request</bdi> 100%" in known


def test_its_size_is_bounded():
    many = [Dialogue(f"{n}", (user(f"hello {n} {'w' * 3000}"), system(f"Welcome {n} {'v' * 3000}"))) for n in range(90)]
    assert len(page_of(many).encode()) < 6 * EXAMPLES * (2 * LONGEST + 150) + 20_000


def test_one_turn_makes_a_page():
    assert "100% of all conversations begin here, 100% end here" in page_of([Dialogue("a", (user("hi"),))], count=1)


def test_texts_and_shares():
    assert text("a\u202eb<") == "<bdi>a\\u202eb&lt;</bdi>"
    assert text("x" * 500) == f"<bdi>{'x' * (LONGEST - 1)}…</bdi>"
    assert [percent(share) for share in (0, 0.004, 0.01, 0.5, 1)] == ["0%", "&lt;1%", "1%", "50%", "100%"]
