"""The map in a real browser: read with a mouse and with the keyboard, on a desk and on a phone, without a network."""

import pytest

from space_jax.corpora.dialogue_map.page import map_page
from space_jax.corpora.dialogue_map.said import in_order, said_in
from space_jax.corpora.dialogue_map.view import make_view
from space_jax.dialogue.record import Dialogue
from tests.browser import DESK, overflow
from tests.corpora.dialogue_map.dialogues import ByWord, shop, user

pytest.importorskip("sklearn", reason="scikit-learn comes with the extra map")
pytestmark = pytest.mark.slow

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    dialogues = in_order([*shop(), Dialogue("long", (user("hello" + "o" * 500),))])
    rows = said_in(dialogues)
    view = make_view(dialogues, rows, ByWord().embed_turns(dialogues), 3, 0)
    path = tmp_path_factory.mktemp("map") / "map.html"
    path.write_text(map_page("Shop", "facts", {"all": view, "what is asked": view}, None), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(request, browser, address):
    asked = []
    page = browser.new_page(viewport=request.param)
    page.on("request", lambda one: asked.append(one.url))
    page.goto(address)
    yield page
    assert {one.partition("#")[0] for one in asked} == {address}
    page.close()


def test_a_box_opens_its_turns(page):
    assert overflow(page) <= 0
    assert page.get_by_role("heading", name="Conversations begin with").is_visible()
    page.locator("#v0n1").click()
    opened = page.locator("#v0g1")
    assert opened.is_visible()
    assert opened.locator("ol li").count() > 10
    assert not page.locator("#v0g0").is_visible()
    assert not page.get_by_role("heading", name="Conversations begin with").first.is_visible()
    assert overflow(page) <= 0
    opened.locator("ul a").first.click()
    assert not opened.is_visible()


def test_by_keyboard(page):
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "v0n2":
            break
    page.keyboard.press("Enter")
    assert page.locator("#v0g2").is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Back to its box"


def test_the_other_view(page):
    assert [page.locator(f".v{view}").is_visible() for view in (0, 1)] == [True, False]
    page.get_by_role("radio", name="what is asked").check()
    assert [page.locator(f".v{view}").is_visible() for view in (0, 1)] == [False, True]
    page.locator("#v1n0").click()
    assert page.locator("#v1g0").is_visible()


def test_what_one_looks_at_stands_out(page):
    page.locator("#v0n0").hover()
    shown = page.locator("path.v0e0").first.evaluate("path => getComputedStyle(path).opacity")
    others = page.locator(".v0 path:not(.v0e0)").first.evaluate("path => getComputedStyle(path).opacity")
    assert float(others) < 0.1 < float(shown)
