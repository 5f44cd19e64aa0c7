"""Chat JSONL: the words of users and assistants, everything else counted."""

import json

import pytest

from space_jax.corpora.importing import Options, read_source
from space_jax.errors import UserError


def read(folder, *lines, **options):
    path = folder / "chats.jsonl"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return read_source(path, Options(**options))


def said(found):
    return {one.id: [(turn.role, turn.text) for turn in one.turns] for one in found.all_dialogues}


def message(role, content, **more):
    return {"role": role, "content": content, **more}


def chat(*messages, **more):
    return {"messages": list(messages), **more}


def test_roles_parts_and_what_is_left_out(tmp_path):
    first = chat(
        message("system", "Be nice."),
        message("user", "hi"),
        message("assistant", None, tool_calls=[{}]),
        message("tool", "{}"),
        message("assistant", [{"type": "text", "text": "hello "}, {"type": "image_url", "image_url": {}}, "you"]),
        message("assistant", "What is it?"),
        id="c1",
        tools=[],
    )
    found = read(tmp_path, first, "nonsense", chat(message("system", "x")), {"a": 1}, chat(message("user", "bye"), 5))
    assert said(found) == {
        "c1": [("user", "hi"), ("system", "hello you What is it?")],
        "chats-3": [("user", "bye")],
    }
    assert found.left_out.counts == {
        "messages of the role 'system'": 2,
        "messages of the role 'assistant' without text": 1,
        "messages of the role 'tool'": 1,
        "parts that are no text": 1,
        "fields 'tools'": 1,
        "lines that cannot be read": 1,
        "chats in which nobody says anything": 1,
        "entries without a list of messages": 1,
        "messages without a role": 1,
    }
    assert any(f"{tmp_path / 'chats.jsonl'}:2: expected JSON" in line for line in found.left_out.lines())


def test_a_json_list(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([chat(message("human", "hi"), message("gpt", "hello"))], indent=1))
    assert said(read_source(tmp_path / "a.json")) == {"a-1": [("user", "hi"), ("system", "hello")]}


def test_roles_can_be_named(tmp_path):
    lines = chat(message("left", "a"), message("right", "b"), message("system", "c"))
    assert said(read(tmp_path, lines, user=("right",), system=("left", "system"))) == {
        "chats-1": [("system", "a"), ("user", "b"), ("system", "c")]
    }


def test_ids_that_come_again_get_a_number(tmp_path):
    one = chat(message("user", "a"), id="x")
    found = read(tmp_path, one, one, one)
    assert list(said(found)) == ["x", "x#2", "x#3"]
    assert any("2 ids come again" in line for line in found.said)


def test_chats_without_words_are_an_error(tmp_path):
    with pytest.raises(UserError, match=r"nothing of it can be used as chat JSONL: .*nobody says anything: 1"):
        read(tmp_path, chat(message("user", "  ")))
