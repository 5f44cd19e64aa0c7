"""The web page without a browser."""

import socket
import sys

import pytest

from space_jax.cli import main
from space_jax.errors import UserError

# Gradio's dependencies warn of one another; that is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def page():
    """The module; the rest of these tests needs Gradio."""
    pytest.importorskip("gradio", reason="the extra `web` is not installed", exc_type=ImportError)
    from space_jax.chat import page

    return page


def parts(yielded, page):
    """What the yields of a turn leave in (conversation, panel, box, session)."""
    now = [None] * 5
    for updates in yielded:
        now = [old if new == page.gradio.skip() else new for old, new in zip(now, updates, strict=True)]
    assert now[4].interactive is True
    return now[:4]


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
    assert "..." in yielded[0][0]
    assert yielded[0][4].interactive is False
    assert len({conversation for conversation, *_ in yielded[2:]}) > 2  # it grows
    conversation, panel, box, session = parts(yielded, page)
    assert "I heard: area=north" in conversation
    assert "hotel: area = north" in panel
    assert box == ""
    conversation, panel, _, after = parts(chat.say("area=south", session), page)
    assert [message.text for message in after.messages] == [
        *("area=north", "I heard: area=north", "area=south", "I heard: area=south"),
    ]
    assert "area = south (was north)" in panel
    _, _, _, again = parts(chat.say("stars=4", session), page)  # a session is a value: the other turn is not in it
    assert again.talk.shown == {"hotel": {"area": ("north",), "stars": ("4",)}}


def test_starting_over(page, scripted, fresh):
    conversation, panel, _, session, _ = page.Chat(scripted, fresh).start_over()
    assert session is None
    assert "begins" in conversation
    assert "nothing yet" in panel


def test_a_user_who_says_nothing_has_no_bubble(page, scripted, fresh):
    _, _, _, session = parts(page.Chat(scripted, fresh).say("  ", None), page)
    assert [message.role for message in session.messages] == ["system"]


def test_it_builds_and_calls_nobody(page, scripted, fresh):
    built = page.make_page(scripted, fresh, "A <b>name")
    assert built.title == "A <b>name"
    assert built.analytics_enabled is False
    assert "<strong>A &lt;b&gt;name</strong>" in str(built.get_config_file()["components"])


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_cannot_be_had(page, scripted, fresh, host):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"cannot listen on {host}:{port}"):
            page.launch(page.make_page(scripted, fresh, "x"), host, port)
