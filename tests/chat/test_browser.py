"""The web page in a real browser: what people do with it, on a desk and on a phone."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 375, "height": 667}
EVIL = '<img src="http://192.0.2.1/x" onerror="document.title=\'taken\'"> [b]x[/b] **y** ${1+1}'
ROOT = Path(__file__).resolve().parents[2]
SERVER = """
from tests.chat.conftest import HOTELS, Conversation, Database, Scripted, Tables, Talk
from space_jax.chat.page import make_page, serve
serve(make_page(Scripted(), Talk(Conversation(Tables(Database({"hotel": HOTELS})))), "x"), "127.0.0.1", None)
"""


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=["--headless=new", "--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def serve():
    """Serves an agent; its address."""
    pytest.importorskip("gradio", reason="the extra `web` is not installed", exc_type=ImportError)
    from space_jax.chat.page import launch, make_page

    pages = []

    def run(agent, fresh):
        pages.append(make_page(agent, fresh, "A test"))
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
    address = serve(scripted, fresh)
    return lambda size: visit(address, size)


def say(page, text, answer, timeout=60_000):
    """Types, and waits for the last bubble to be the answer and for the page to be ready for the next turn."""
    page.get_by_placeholder("Say something").fill(text)
    page.keyboard.press("Enter")
    page.locator(".talk li.system").last.and_(page.get_by_text(answer, exact=True)).wait_for(timeout=timeout)
    page.get_by_role("button", name="Send", disabled=False).wait_for()


def panel(page):
    """The texts of the four parts beside the conversation."""
    return [" ".join(part.split()).lower() for part in page.locator(".panel section").all_inner_texts()]


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_a_conversation(scripted_page):
    page = scripted_page(DESK)
    say(page, "area=north", "I heard: area=north")
    assert panel(page) == [
        "understood this turn hotel: area = north",
        "belief state hotel area north",
        "database hotel: 1 match [db_1] ivy",
        "dialog acts hotel inform name",
    ]
    assert page.get_by_placeholder("Say something").input_value() == ""
    page.get_by_placeholder("Say something").fill("area=south")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("I heard: area=south").wait_for()
    page.get_by_role("button", name="Send", disabled=False).wait_for()
    assert panel(page)[0] == "understood this turn hotel: area = south (was north)"
    assert page.locator(".talk li").all_inner_texts()[0] == "area=north"
    page.get_by_role("button", name="Start over").click()
    page.get_by_text("The conversation begins").wait_for()
    assert panel(page)[1] == "belief state nothing yet"
    say(page, "stars=4", "I heard: stars=4")
    assert panel(page)[1] == "belief state hotel stars 4"
    assert page.locator(".talk li").count() == 2


def test_visitors_do_not_hear_each_other(scripted_page):
    one, other = scripted_page(DESK), scripted_page(PHONE)
    say(one, "area=north", "I heard: area=north")
    say(other, "stars=4", "I heard: stars=4")
    say(one, "people=2", "I heard: people=2")
    assert panel(one)[1] == "belief state hotel area north people 2"
    assert panel(other)[1] == "belief state hotel stars 4"
    assert [one.locator(".talk li").count(), other.locator(".talk li").count()] == [4, 2]


def test_what_is_written_is_shown_as_it_is(scripted_page):
    page = scripted_page(DESK)
    say(page, EVIL, f"I heard: {EVIL}")
    assert page.locator(".talk li.user").inner_text() == EVIL
    assert page.locator(".talk img, .panel img").count() == 0
    assert page.title() == "A test"


def test_on_a_phone(scripted_page):
    page = scripted_page(PHONE)
    assert overflow(page) <= 0
    say(page, f"area={'n' * 400}", f"I heard: area={'n' * 400}")
    assert overflow(page) <= 0
    talk, beside = page.locator(".talk").bounding_box(), page.locator(".panel").bounding_box()
    assert talk["y"] + talk["height"] < beside["y"]
    assert max(box["x"] + box["width"] for box in (talk, beside)) <= PHONE["width"]
    for number in range(6):
        say(page, f"turn {number}", f"I heard: turn {number}")
    assert page.locator(".talk li").last.bounding_box()["y"] < talk["y"] + talk["height"]  # the newest is in sight


def test_a_model(serve, agent, fresh, visit):
    page = visit(serve(agent, fresh), PHONE)
    reply = agent.reply("a hotel in the north", fresh.conversation)
    say(page, "a hotel in the north", reply.text)
    assert [slot for slots in reply.state.values() for slot in slots if slot.lower() not in panel(page)[1]] == []
    say(page, "", "Sorry, I did not catch that. Could you say it again?")
    reply = agent.reply("x" * 5000, fresh.conversation)
    page.get_by_role("button", name="Start over").click()
    page.get_by_text("The conversation begins").wait_for()
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
