"""The web page without a browser."""

import base64
import json
import re
import socket
import sys
import threading
from html import escape

import pytest

from space_jax.agent.agent import Agent
from space_jax.chat import bubbles
from space_jax.chat.examples import examples_for
from space_jax.chat.readiness import Readiness
from space_jax.cli import main
from space_jax.config_files import save_config
from space_jax.errors import UserError
from space_jax.tasks.config import DataSource, FinetuneConfig
from space_jax.tasks.dialogue.config import DialogueConfig

# Gradio's dependencies warn of one another; that is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def page():
    """The module; the rest of these tests needs Gradio."""
    pytest.importorskip("gradio", reason="the extra `web` is not installed", exc_type=ImportError)
    from space_jax.chat import page

    return page


def parts(yielded, page):
    """What the yields of a turn leave in (conversation, panel, box, transcript, session)."""
    now = [None] * 6
    for updates in yielded:
        now = [old if new == page.gradio.skip() else new for old, new in zip(now, updates, strict=True)]
    assert now[5].interactive is True
    return now[:5]


def test_without_gradio_a_sentence_says_what_to_install(monkeypatch, capsys, tmp_path):
    monkeypatch.delitem(sys.modules, "space_jax.chat.page", raising=False)
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert main(["chat", "--workdir", str(tmp_path), "--web"]) == 2
    said = capsys.readouterr().err
    assert "pip install 'space-jax[web]'" in said
    assert said.count("\n") == 1


def test_a_turn_fills_the_page(page, scripted, fresh):
    chat = page.Chat(scripted, fresh)
    yielded = list(chat.say("area=north", None))
    assert bubbles.DOTS in yielded[0][0]
    assert yielded[0][5].interactive is False
    assert len({conversation for conversation, *_ in yielded[2:]}) > 2  # it grows
    conversation, panel, box, _, session = parts(yielded, page)
    assert "I heard: area=north" in conversation
    assert "hotel: area = north" in panel
    assert box == ""
    conversation, panel, *_, after = parts(chat.say("area=south", session), page)
    assert [turn.said for turn in after.turns] == [
        ("area=north", "I heard: area=north"),
        ("area=south", "I heard: area=south"),
    ]
    assert "area = south (was north)" in panel
    *_, again = parts(chat.say("stars=4", session), page)  # a session is a value: the other turn is not in it
    assert again.talk.shown == {"hotel": {"area": ("north",), "stars": ("4",)}}


def test_while_a_turn_is_worked_on_the_panel_does_not_show_the_last_one(page, scripted, fresh):
    chat = page.Chat(scripted, fresh)
    session = parts(chat.say("area=north", None), page)[4]
    conversation, panel, *_ = next(chat.say("area=south", session))
    assert "being worked on" in panel
    assert "Turn 2" in panel
    assert "north" not in panel
    assert 'aria-busy="true"' in conversation
    assert "data-turn" not in conversation  # nor can an earlier one be clicked


def test_an_answer_waits_until_the_agent_is_ready(page, scripted, fresh):
    readiness = Readiness([(1, 1)])
    answering = page.Chat(scripted, fresh, readiness=readiness).say("area=north", None)
    assert "being worked on" in next(answering)[1]
    waiting = threading.Thread(target=next, args=(answering,))
    waiting.start()
    readiness.prepare()
    waiting.join()
    assert "I heard: area=north" in parts(answering, page)[0]


def test_an_earlier_turn_is_shown_as_it_was(page, scripted, fresh):
    chat = page.Chat(scripted, fresh)
    first = parts(chat.say("area=north", None), page)
    second = parts(chat.say("area=south", first[4]), page)
    conversation, panel, *rest = chat.look(0, second[4])
    assert panel == first[1] != second[1]
    assert conversation.index('aria-pressed="true"') < conversation.index('aria-pressed="false"')
    assert rest == [page.gradio.skip()] * 4
    assert chat.look(1, second[4])[:2] == tuple(second[:2])


def test_visitors_are_answered_side_by_side(page, scripted, fresh):
    chat = page.Chat(scripted, fresh)
    one = chat.say("area=north", None)
    begun = [next(one) for _ in range(3)]
    assert "I heard: area=south" in parts(chat.say("area=south", None), page)[0]
    assert "I heard: area=north" in parts([*begun, *one], page)[0]


def test_a_turn_that_fails_is_taken_back(page, scripted, fresh, monkeypatch):
    chat = page.Chat(scripted, fresh, ["an example"])
    session = parts(chat.say("area=north", None), page)[4]

    def fail(conversation, text):
        raise MemoryError("full")

    monkeypatch.setattr(scripted, "stream", fail)
    for before, shown in ((session, "I heard: area=north"), (None, "an example")):
        answering = chat.say("area=south", before)
        next(answering)
        conversation, panel, box, transcript, after, send = next(answering)
        assert shown in conversation
        assert "area=south" not in conversation + panel
        assert (box, send.interactive) == ("area=south", True)
        assert transcript == after == page.gradio.skip()
        with pytest.raises(MemoryError):
            next(answering)


@pytest.mark.parametrize("number", [-1, 1, None, "0", 0.0, [0], {}])
def test_a_turn_that_is_not_there(page, scripted, fresh, number):
    chat = page.Chat(scripted, fresh)
    session = parts(chat.say("area=north", None), page)[4]
    nothing = (page.gradio.skip(),) * 6
    assert chat.look(number, session) == chat.look(0, None) == nothing


def test_the_transcript_is_that_of_the_terminal(page, scripted, fresh):
    chat = page.Chat(scripted, fresh)
    session = parts(chat.say("area=north 漢", None), page)[4]
    link = parts(chat.say("stars=4", session), page)[3]
    content = re.search(r'href="data:application/jsonl;base64,([^"]*)"', link)[1]
    lines = [json.loads(line) for line in base64.b64decode(content).decode().splitlines()]
    assert [(line["dialogue"], line["user"]) for line in lines] == [(1, "area=north 漢"), (1, "stars=4")]
    assert lines[1]["understood"]["added"] == {"hotel": {"stars": "4"}}


def test_starting_over(page, scripted, fresh):
    conversation, panel, box, transcript, session, send = page.Chat(scripted, fresh, ["<b>a", "b"]).start_over()
    assert (box, transcript, session, send.interactive) == ("", "", None, True)
    assert "&lt;b&gt;a</button>" in conversation
    assert "tables of: hotel." in panel


def test_a_user_who_says_nothing_has_no_bubble(page, scripted, fresh):
    conversation, panel, *_ = parts(page.Chat(scripted, fresh).say("  ", None), page)
    assert 'class="user"' not in conversation
    assert "<h2>Turn 1</h2>" in panel


def test_it_builds_and_calls_nobody(page, scripted, fresh):
    built = page.make_page(scripted, fresh, "A <b>name")
    assert built.title == "A <b>name"
    assert built.analytics_enabled is False
    assert "<h1>A &lt;b&gt;name</h1>" in str(built.get_config_file()["components"])


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_cannot_be_had(page, scripted, fresh, host):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        from space_jax.chat import serving

        with pytest.raises(UserError, match=f"cannot listen on {host}:{port}"):
            serving.launch(page.make_page(scripted, fresh, "x"), host, port)


def test_the_page_of_a_run_has_its_examples_and_is_prepared(page, monkeypatch, tmp_path, scripted, fresh):
    data = DataSource(corpus="simulated", options=("domains=hotel",))
    save_config(FinetuneConfig(task=DialogueConfig(), data=data), tmp_path)
    scripted.conversation = lambda: fresh.conversation
    scripted.warm_up = lambda: iter([(1, 2), (2, 2)])
    monkeypatch.setattr(Agent, "load", lambda *given, **more: scripted)
    served = []
    from space_jax.chat import serving

    monkeypatch.setattr(serving, "serve", lambda *given: served.append(given))
    assert main(["chat", "--workdir", str(tmp_path), "--web", "--port", "7999"]) == 0
    ((built, host, port, readiness),) = served
    assert (host, port, readiness.prepare()) == ("127.0.0.1", 7999, 2)
    database = fresh.conversation.backend.database
    shown = str(built.get_config_file()["components"])
    assert [escape(one) in shown for one in examples_for(tmp_path, database)] == [True] * 4
