"""`/v1/chat/completions`: the form, the state rebuilt from messages, batches of conversations, limits."""

import dataclasses
import json
import threading

import pytest

pytest.importorskip("fastapi", reason="comes with the extra serve")
pytest.importorskip("httpx2", reason="comes with the extra dev")

from space_jax.agent.conversation import Conversation
from space_jax.chat.answer import Talk
from space_jax.serving import conversations
from space_jax.serving.chats import Chats
from space_jax.serving.engines import AgentEngine
from space_jax.world.backend import Tables
from space_jax.world.database import Database
from tests.chat.scripted import Scripted
from tests.serving.servers import client_of

HOTELS = [{"name": "Ivy", "area": "north"}, {"name": "Oak", "area": "south"}]


class Several(Scripted):
    """The agent without a model, for several conversations; it counts those that it is given at a time."""

    def __init__(self, fresh, stream=None):
        self._fresh, self.began, self._stream = fresh, [], stream or super().stream

    def conversation(self):
        return self._fresh.conversation

    def warm_up(self, together):
        yield 1, 1

    def streams(self, talks, texts):
        self.began.append(list(texts))
        return [self._stream(talk, text) for talk, text in zip(talks, texts, strict=True)]

    def count_tokens(self, text):
        return len(text.split())


@pytest.fixture
def fresh():
    return Talk(Conversation(Tables(Database({"hotel": HOTELS}))))


@pytest.fixture
def several(fresh):
    return Several(fresh)


@pytest.fixture
def client(several):
    with client_of(AgentEngine(several, 1, 4), limit=8) as client:
        yield client


def user(words):
    return {"role": "user", "content": words}


def system(words):
    return {"role": "assistant", "content": words}


def ask(client, *messages, **more):
    return client.post("/v1/chat/completions", json={"model": "tiny", "messages": list(messages), **more})


def test_a_whole_answer_with_what_was_understood(client):
    answer = ask(client, {"role": "system", "content": "be kind"}, user("area=north")).json()
    assert answer["object"] == "chat.completion"
    (choice,) = answer["choices"]
    assert choice["message"] == {"role": "assistant", "content": "I heard: area=north", "refusal": None}
    assert choice["finish_reason"] == "stop"
    assert answer["usage"] == {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4}
    understood = answer["space_jax"]
    assert understood["state"] == {"hotel": {"area": "north"}}
    assert understood["understood"]["added"] == {"hotel": {"area": "north"}}
    assert understood["matches"] == 1
    assert understood["acts"] == [["hotel", "inform", {"name": None}]]


def events(answer):
    lines = [line for line in answer.text.split("\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_a_stream_says_first_what_was_understood(client):
    answer = ask(client, user("area=north"), stream=True, stream_options={"include_usage": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    first, *pieces, last, usage = events(answer)
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert first["space_jax"]["state"] == {"hotel": {"area": "north"}}
    assert len(pieces) == 3
    assert "".join(one["choices"][0]["delta"]["content"] for one in pieces) == "I heard: area=north"
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["space_jax"]["delexicalised"] == "I heard: area=north"
    assert usage["usage"]["total_tokens"] == 4
    assert len({one["id"] for one in (first, *pieces, last, usage)}) == 1


def test_a_conversation_goes_on_from_its_messages_alone(client, several):
    said = [user("area=north")]
    for words in ("stars=4", "-area"):
        said.append(ask(client, *said).json()["choices"][0]["message"])
        said.append(user(words))
    last = ask(client, *said).json()["space_jax"]
    assert last["state"] == {"hotel": {"stars": "4"}}
    assert last["understood"] == {"added": {}, "changed": {}, "removed": {"hotel": ["area"]}}
    assert several.began == [["area=north"], ["stars=4"], ["-area"]]  # nothing was gone through again

    with client_of(AgentEngine(several, 1, 4)) as other:  # another server, as after a restart
        assert ask(other, *said).json()["space_jax"] == last
    assert several.began[3:] == [["area=north"], ["stars=4"], ["-area"]]


def test_the_oldest_conversations_are_forgotten_and_rebuilt(client, several, monkeypatch):
    monkeypatch.setattr(conversations, "KEPT", 1)
    first = ask(client, user("area=north")).json()["choices"][0]["message"]
    ask(client, user("hello"))
    again = ask(client, user("area=north"), first, user("stars=4")).json()
    assert again["space_jax"]["state"] == {"hotel": {"area": "north", "stars": "4"}}
    assert several.began[2:] == [["area=north"], ["stars=4"]]


def test_other_words_than_the_agents_own_are_read_as_they_are(client, several):
    heard = []

    def stream(conversation, text):
        heard.append(conversation)
        return Scripted.stream(several, conversation, text)

    several._stream = stream
    ask(client, system("Welcome"), user("area=south"), system("Take Oak, it is nice"), user("yes"))
    last = heard[-1]
    assert [one.text for one in last.said] == ["Welcome", "area=south", "Take [hotel_name], it is nice"]
    assert last.said[-1].state == {"hotel": {"area": ("south",)}}
    assert last.said[-1].acts is None
    assert last.offers.names("hotel") == ("Oak",)
    assert last.offers.under("hotel", frozenset({("area", "south")})) == {"Oak"}


def test_messages_of_one_side_in_a_row_are_one_turn(client, several):
    parts = [{"type": "text", "text": "area=north"}, {"type": "text", "text": "stars=4"}]
    answer = ask(client, user("hello"), {"role": "user", "content": parts}).json()
    assert several.began == [["hello area=north stars=4"]]
    assert answer["choices"][0]["message"]["content"] == "I heard: hello area=north stars=4"


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ({"messages": []}, 422, "messages: list should have at least 1 item"),
        ({"messages": [{"role": "user", "content": 7}]}, 422, "messages[0].content: expected a text, found 7"),
        ({"messages": [{"role": "tool", "content": "a"}]}, 422, "messages[0].role: input should be 'system', 'develo"),
        ({"messages": [user("a"), {"role": "assistant", "content": "b"}]}, 422, 'messages[1].role: expected "user"'),
        ({"messages": [{"role": "system", "content": "a"}]}, 422, 'messages[0].role: expected "user"'),
        ({"messages": [user([{"type": "image_url"}])]}, 422, "messages[0].content: expected parts of the form"),
        ({"messages": [user("a" * 20_000)]}, 422, "messages[0].content: expected a text of at most 16384 characters"),
        ({"messages": [user("a")] * 201}, 422, "messages: list should have at most 200 items"),
        ({"model": "gpt"}, 404, "model: expected 'tiny', found 'gpt'"),
        ({"n": 2}, 422, "n: expected 1, since an agent gives one answer, found 2"),
        ({"tools": [{"type": "function"}]}, 422, "tools: expected none, since an agent writes words and nothing else"),
        ({"stream": "yes"}, 422, "stream: input should be a valid boolean, found 'yes'"),
    ],
)
def test_what_cannot_be_answered_is_refused(client, more, status, said):
    answer = client.post("/v1/chat/completions", json={"model": "tiny", "messages": [user("a")], **more})
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]


def test_parameters_of_sampling_change_nothing(client):
    plain = ask(client, user("hi")).json()["choices"]
    assert ask(client, user("hi"), temperature=0.7, top_p=0.5, max_tokens=5, seed=1).json()["choices"] == plain


def test_too_many_answers_in_progress_are_429_and_give_their_places_back(fresh):
    going, begun = threading.Event(), threading.Event()

    def stream(conversation, text):
        begun.set()
        going.wait()
        if text == "bug":
            raise ZeroDivisionError
        return Scripted.stream(agent, conversation, text)

    agent = Several(fresh, stream)
    with client_of(AgentEngine(agent, 1, 1), limit=2) as client:
        answers = {}

        def one(text):
            answers[text] = ask(client, user(text), stream=text == "streamed")

        threads = [threading.Thread(target=one, args=(text,)) for text in ("bug", "streamed")]
        for thread in threads:
            thread.start()
        begun.wait()
        while client.app.state.service.chats._active < 2:
            pass
        refused = ask(client, user("more"))
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        going.set()
        for thread in threads:
            thread.join()
        assert (answers["bug"].status_code, answers["streamed"].status_code) == (500, 200)
        assert client.app.state.service.chats._active == 0
        assert ask(client, user("more")).status_code == 200


def test_a_bug_within_a_stream_ends_it_with_an_error(fresh):
    def stream(conversation, text):
        def pieces():
            yield "I"
            raise ZeroDivisionError("secret")

        return dataclasses.replace(Scripted.stream(agent, conversation, text), pieces=pieces())

    agent = Several(fresh, stream)
    with client_of(AgentEngine(agent, 1, 1)) as client:
        *_, last = events(ask(client, user("hi"), stream=True))
        assert last["error"]["type"] == "server_error"
        assert "secret" not in json.dumps(last)
        assert client.app.state.service.chats._active == 0


def test_as_many_are_begun_as_there_are_programs_for(several, fresh):
    """Programs are compiled for one conversation and for four, so two with words take the places of four."""
    chats = Chats(AgentEngine(several, 1, 4), None, 8, lambda parts, seconds: None)
    answers = chats._begin_all([(fresh, "a"), (fresh, " "), (fresh, "b")])
    assert several.began[0] == ["a", "b", "a", "a"]
    assert ["".join(one.pieces) for one in answers] == ["I heard: a", "I heard:  ", "I heard: b"]
    chats._begin_all([(fresh, "c")])
    assert several.began[-1] == ["c"]


def test_a_model_of_one_layer_talks(agent, monkeypatch):
    """What its programs are, and that they are compiled ahead, is tested in `tests/agent/test_warming.py`."""
    monkeypatch.setattr(agent, "warm_up", lambda together: iter([(1, 1)]))
    with client_of(AgentEngine(agent, 1, 2)) as client:
        streamed = ask(client, user("a hotel"), stream=True)
        words = "".join(one["choices"][0]["delta"].get("content", "") for one in events(streamed))
        assert words == agent.reply("a hotel").text
        silent = ask(client, user(" ")).json()["choices"][0]["message"]
        assert silent["content"].startswith("Sorry, I did not catch that")
