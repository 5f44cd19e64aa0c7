"""The web page in a real browser: what people do with it, on a desk and on a phone."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from space_jax.chat.readiness import Readiness
from tests.browser import DESK, overflow

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

PHONE = {"width": 375, "height": 667}
EVIL = '<img src="http://192.0.2.1/x" onerror="document.title=\'taken\'"> [b]x[/b] **y** ${1+1}'
ROOT = Path(__file__).resolve().parents[2]
SERVER = """
from tests.chat.conftest import HOTELS, Conversation, Database, Scripted, Tables, Talk
from space_jax.chat.page import make_page
from space_jax.chat.serving import serve
serve(make_page(Scripted(), Talk(Conversation(Tables(Database({"hotel": HOTELS})))), "x"), "127.0.0.1", None)
"""


@pytest.fixture(scope="module")
def serve():
    """Serves an agent; its address."""
    pytest.importorskip("gradio", reason="the extra `web` is not installed", exc_type=ImportError)
    from space_jax.chat.page import make_page
    from space_jax.chat.serving import launch

    pages = []

    def run(agent, fresh, *more):
        pages.append(make_page(agent, fresh, "A test", *more))
        return launch(pages[-1], "127.0.0.1", None)

    yield run
    for page in pages:
        page.close(verbose=False)


@pytest.fixture
def visit(browser):
    """Opens an address like another visitor; no request may go to another host."""
    contexts, asked = [], set()

    def run(address, size):
        contexts.append(browser.new_context(viewport=size))
        contexts[-1].on("request", lambda request: asked.add(urlsplit(request.url)))
        page = contexts[-1].new_page()
        page.goto(address)
        page.get_by_placeholder("Say something").wait_for()
        return page

    yield run
    for context in contexts:
        context.close()
    assert {one.hostname for one in asked if one.scheme not in ("data", "blob")} == {"127.0.0.1"}


@pytest.fixture
def scripted_page(serve, scripted, fresh, visit):
    address = serve(scripted, fresh, ["area=south", "stars=4"])
    return lambda size: visit(address, size)


def say(page, text, answer, timeout=60_000):
    """Types, and waits for the answer."""
    page.get_by_placeholder("Say something").fill(text)
    page.keyboard.press("Enter")
    answered(page, answer, timeout)


def answered(page, answer, timeout=60_000):
    """Waits for the last bubble to be the answer and for the page to be ready for the next turn."""
    page.locator(".talk .system").last.and_(page.get_by_text(answer, exact=True)).wait_for(timeout=timeout)
    page.get_by_role("button", name="Send", disabled=False).wait_for()


def panel(page):
    """The texts of the parts beside the conversation, its title first."""
    parts = page.locator(".panel h2, .panel section").all_inner_texts()
    return [" ".join(part.split()).lower() for part in parts]


def start_over(page):
    page.get_by_role("button", name="Start over").click()
    page.get_by_role("dialog").get_by_role("button", name="Start over").click()
    page.get_by_text("The conversation begins").wait_for()


def test_a_conversation(scripted_page):
    page = scripted_page(DESK)
    say(page, "area=north", "I heard: area=north")
    assert panel(page) == [
        "turn 1 area=north",
        "understood in this turn hotel: area = north",
        "belief state hotel area north",
        "database hotel: 1 match for area = north name ivy area north",
        "dialog acts hotel inform name",
    ]
    assert page.get_by_placeholder("Say something").input_value() == ""
    page.get_by_placeholder("Say something").fill("area=south")
    page.get_by_role("button", name="Send").click()
    answered(page, "I heard: area=south")
    assert panel(page)[1] == "understood in this turn hotel: area = south (was north)"
    assert page.locator(".talk .user").all_inner_texts() == ["area=north", "area=south"]


def test_starting_over_asks(scripted_page):
    page = scripted_page(DESK)
    assert page.get_by_role("button", name="Start over").count() == 0  # there is nothing to lose
    say(page, "area=north", "I heard: area=north")
    for answer in (lambda: page.keyboard.press("Escape"), page.get_by_role("button", name="Go on talking").click):
        page.get_by_role("button", name="Start over").click()
        page.get_by_role("dialog").wait_for()
        answer()
        page.get_by_role("dialog").wait_for(state="hidden")
        assert page.locator(".talk .user").count() == 1
    start_over(page)
    assert panel(page) == ["understood"]
    assert page.get_by_placeholder("Say something").evaluate("element => element === document.activeElement")
    say(page, "stars=4", "I heard: stars=4")
    assert panel(page)[2] == "belief state hotel stars 4"
    assert page.locator(".talk li").count() == 1


def test_an_example_is_said_by_a_click(scripted_page):
    page = scripted_page(PHONE)
    page.get_by_role("button", name="area=south").click()
    answered(page, "I heard: area=south")
    assert panel(page)[0] == "turn 1 area=south"
    assert page.get_by_role("button", name="stars=4").count() == 0


def test_an_earlier_turn_is_looked_at(scripted_page):
    page = scripted_page(DESK)
    say(page, "area=north", "I heard: area=north")
    say(page, "area=south", "I heard: area=south")
    page.get_by_text("I heard: area=north").click()
    page.locator(".panel h2", has_text="Turn 1").wait_for()
    assert panel(page)[2] == "belief state hotel area north"
    looks = page.get_by_role("button", name="What was understood")
    assert [one.get_attribute("aria-pressed") for one in looks.all()] == ["true", "false"]
    looks.nth(1).focus()
    page.keyboard.press("Enter")
    page.locator(".panel h2", has_text="Turn 2").wait_for()
    assert looks.nth(1).evaluate("element => element === document.activeElement")
    page.get_by_text("I heard: area=north").click()
    say(page, "stars=4", "I heard: stars=4")
    assert panel(page)[0] == "turn 3 stars=4"


def test_the_transcript_is_downloaded(scripted_page):
    page = scripted_page(DESK)
    say(page, "area=north 漢", "I heard: area=north 漢")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the transcript").click()
    assert download.value.suggested_filename == "transcript.jsonl"
    assert json.loads(download.value.path().read_text(encoding="utf-8"))["user"] == "area=north 漢"


def test_while_the_agent_is_busy(serve, scripted, fresh, visit):
    ready, go_on = threading.Semaphore(0), threading.Semaphore(0)
    readiness, stream = Readiness((n, 3) for n in (1, 2, 3) if ready.acquire()), scripted.stream
    scripted.stream = lambda *given: go_on.acquire() and stream(*given)
    preparing = threading.Thread(target=readiness.prepare)
    preparing.start()
    page = visit(serve(scripted, fresh, [], readiness), DESK)
    ready.release()
    page.get_by_text("1 of 3 programs are compiled").wait_for()
    go_on.release()
    page.get_by_placeholder("Say something").fill("area=north")
    page.keyboard.press("Enter")
    page.locator(".panel").get_by_text("being worked on").wait_for()
    ready.release(2)
    preparing.join()
    answered(page, "I heard: area=north")
    page.get_by_text("programs are compiled").wait_for(state="hidden")
    page.get_by_placeholder("Say something").fill("area=south")
    page.keyboard.press("Enter")
    page.locator(".panel").get_by_text("being worked on").wait_for()
    assert panel(page) == ["turn 2 area=south"]
    assert page.get_by_role("button", name="What was understood").is_disabled()
    go_on.release()
    answered(page, "I heard: area=south")


def test_visitors_do_not_hear_each_other(scripted_page):
    one, other = scripted_page(DESK), scripted_page(PHONE)
    say(one, "area=north", "I heard: area=north")
    say(other, "stars=4", "I heard: stars=4")
    say(one, "people=2", "I heard: people=2")
    assert panel(one)[2] == "belief state hotel area north people 2"
    assert panel(other)[2] == "belief state hotel stars 4"
    assert [one.locator(".talk li").count(), other.locator(".talk li").count()] == [2, 1]


def test_what_is_written_is_shown_as_it_is(scripted_page):
    page = scripted_page(DESK)
    say(page, EVIL, f"I heard: {EVIL}")
    assert page.locator(".talk .user").inner_text() == EVIL
    assert page.locator(".talk img, .panel img").count() == 0
    assert page.title() == "A test"


def test_on_a_phone(scripted_page):
    page = scripted_page(PHONE)
    assert overflow(page) <= 0
    talk = page.locator(".talk")
    assert talk.bounding_box()["height"] < 150  # as much as is in it
    say(page, f"area={'n' * 400}", f"I heard: area={'n' * 400}")
    assert overflow(page) <= 0
    over, beside = talk.bounding_box(), page.locator(".panel").bounding_box()
    assert over["y"] + over["height"] < beside["y"]
    assert max(box["x"] + box["width"] for box in (over, beside)) <= PHONE["width"]
    for number in range(6):
        say(page, f"turn {number}", f"I heard: turn {number}")
    over = talk.bounding_box()
    assert page.locator(".talk li").last.bounding_box()["y"] < over["y"] + over["height"]  # the newest is in sight
    page.get_by_role("button", name="What was understood").last.click()
    page.wait_for_function("document.querySelector('.panel h2').getBoundingClientRect().bottom < innerHeight / 2")
    page.get_by_role("link", name="Back to the conversation").click()
    page.wait_for_function("document.querySelector('.talk').getBoundingClientRect().bottom < innerHeight")


def test_a_model(serve, agent, fresh, visit):
    page = visit(serve(agent, fresh), PHONE)
    reply = agent.reply("a hotel in the north", fresh.conversation)
    say(page, "a hotel in the north", reply.text)
    slots = [slot.replace("_", " ") for slots in reply.state.values() for slot in slots]
    assert [slot for slot in slots if slot.lower() not in panel(page)[2]] == []
    say(page, "", "Sorry, I did not catch that. Could you say it again?")
    reply = agent.reply("x" * 5000, fresh.conversation)
    start_over(page)
    say(page, "x" * 5000, reply.text)
    assert overflow(page) <= 0


def test_ctrl_c_ends_it(serve):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=-1, stderr=-1, text=True) as server:
        assert "shows the page; Ctrl-C ends it" in server.stdout.readline()
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=60)
    assert server.returncode == 0
    assert "Traceback" not in out + err
