"""A conversation in the terminal, and its transcript."""

import dataclasses
import io
import json
import sys

import pytest

from space_jax.agent.conversation import Conversation
from space_jax.chat.answer import Talk
from space_jax.chat.terminal import talk_in_terminal
from space_jax.errors import UserError
from space_jax.world.backend import Tables
from space_jax.world.database import Database


@pytest.fixture
def talk(scripted, fresh, monkeypatch, capsys, tmp_path):
    """Types these lines; what is shown, and the transcript."""

    def run(*said):
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in said)))
        monkeypatch.setenv("COLUMNS", "200")
        talk_in_terminal(scripted, fresh, tmp_path / "transcript.jsonl")
        lines = (tmp_path / "transcript.jsonl").read_text(encoding="utf-8").splitlines()
        return [line.split() for line in capsys.readouterr().out.splitlines()], [json.loads(line) for line in lines]

    return run


def test_every_turn_shows_frame_state_matches_act_and_answer(talk):
    shown, _ = talk("area=north", "area=south stars=4")
    assert ["you>", "understood", "hotel:", "area", "=", "north"] in shown
    assert ["state", "hotel:", "area", "=", "north"] in shown
    assert ["database", "hotel:", "1", "match", "[db_1]:", "Ivy"] in shown
    assert ["act", "hotel", "inform", "name"] in shown
    assert ["agent>", "I", "heard:", "area=north"] in shown
    assert ["you>", "understood", "hotel:", "stars", "=", "4,", "area", "=", "south", "(was", "north)"] in shown


def test_the_transcript_has_the_frames_and_starts_over(talk):
    shown, lines = talk("area=north", "hello", "/new", "stars=4", "/quit", "never read")
    assert [(line["dialogue"], line["user"]) for line in lines] == [(1, "area=north"), (1, "hello"), (2, "stars=4")]
    assert ["you>", "understood", "nothing", "new"] in shown
    nothing = {"added": {}, "changed": {}, "removed": {}}
    added = [{"hotel": {"area": "north"}}, {}, {"hotel": {"stars": "4"}}]
    assert [line["understood"] for line in lines] == [{**nothing, "added": one} for one in added]
    assert lines[1]["state"] == {"hotel": {"area": "north"}}
    assert lines[2]["system"] == "I heard: stars=4"


def test_what_reached_its_limit_is_not_shown_as_finished(talk, scripted, monkeypatch):
    stream = scripted.stream

    def cut(conversation, text):
        streamed = stream(conversation, text)
        reply = dataclasses.replace(streamed.finish(), cut=("state", "response"))
        return dataclasses.replace(streamed, cut=("state",), finish=lambda: reply)

    monkeypatch.setattr(scripted, "stream", cut)
    shown, (line,) = talk("area=north")
    lines = [" ".join(words) for words in shown]
    assert "cut the state reached the limit of tokens and may lack its end" in lines
    assert "the answer reached its limit of tokens and is not finished" in lines
    assert line["cut"] == ["state", "response"]


def test_brackets_are_text(talk):
    shown, _ = talk("[bold]x[/bold] [/]")
    assert ["agent>", "I", "heard:", "[bold]x[/bold]", "[/]"] in shown


def test_a_table_that_somebody_sent_cannot_clear_the_screen(talk, scripted, monkeypatch, capsys):
    """`robust-tables/escapes`, in `understood`, `state`, `database` and the answer."""
    hostile = "\x1b[2J\x1b]0;owned\x07Ivy"
    fresh = Talk(Conversation(Tables(Database({"hotel": [{"name": hostile, "area": "north"}]}))))
    monkeypatch.setattr("sys.stdin", io.StringIO("area=north \x1b[2J\n"))
    monkeypatch.setenv("COLUMNS", "200")
    talk_in_terminal(scripted, fresh)
    out = capsys.readouterr().out
    assert not set(out) & set("\x1b\x07")
    assert r"\u001b[2J\u001b]0;owned" in out
    assert r"I heard: area=north \u001b[2J" in out.replace("\n", "")


def test_what_was_said_before_an_interruption_is_kept(talk, scripted, tmp_path, monkeypatch):
    answer = scripted.stream

    def interrupted(conversation, text):
        if text == "stop":
            raise KeyboardInterrupt
        return answer(conversation, text)

    monkeypatch.setattr(scripted, "stream", interrupted)
    with pytest.raises(KeyboardInterrupt):
        talk("hello", "stop")
    assert json.loads((tmp_path / "transcript.jsonl").read_text())["user"] == "hello"


def test_each_turn_is_in_the_transcript_when_it_ends_and_no_second_chat_writes_it(
    scripted, fresh, monkeypatch, tmp_path
):
    path, found = tmp_path / "transcript.jsonl", []
    path.write_text("of an earlier conversation\n")

    class Typed(io.StringIO):
        def readline(self, *limit):
            found.append(path.read_text().count("\n"))
            if len(found) == 2:
                with pytest.raises(UserError, match=r"transcript.jsonl: another process is writing it"):
                    talk_in_terminal(scripted, fresh, path)
            return super().readline(*limit)

    monkeypatch.setattr("sys.stdin", Typed("one\ntwo\n"))
    talk_in_terminal(scripted, fresh, path)
    assert found[:3] == [0, 1, 2]
    assert [one.name for one in tmp_path.iterdir()] == ["transcript.jsonl"]


def test_what_a_terminal_cannot_show_is_replaced(scripted, fresh, monkeypatch):
    shown = io.BytesIO()
    monkeypatch.setattr("sys.stdin", io.StringIO("café 漢\n"))
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(shown, encoding="ascii"))
    talk_in_terminal(scripted, fresh)
    sys.stdout.flush()
    assert b"I heard: caf? ?" in shown.getvalue()
