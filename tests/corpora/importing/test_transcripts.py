"""Transcripts: who speaks, where a conversation ends, and what is left out."""

import pytest

from space_jax.corpora.importing import Options, read_source
from space_jax.corpora.importing.transcripts import spoken_share
from space_jax.errors import UserError


def read(folder, texts, **options):
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    found = read_source(folder, Options(**options), "transcript")
    return found, {one.id: [(turn.role[0], turn.text) for turn in one.turns] for one in found.all_dialogues}


def test_lines_are_joined_and_blank_lines_end_a_conversation(tmp_path):
    text = """Chat of Monday
Customer: hello
can you help?
Customer: please
Agent: sure

Customer: bye
Agent: bye
-----
Customer: one more
Agent:
  yes
"""
    found, dialogues = read(tmp_path, {"a.txt": text})
    assert dialogues == {
        "a-1": [("u", "hello can you help? please"), ("s", "sure")],
        "a-2": [("u", "bye"), ("s", "bye")],
        "a-3": [("u", "one more"), ("s", "yes")],
    }
    assert found.left_out.lines() == [f"lines before the first speaker of a conversation: 1 ({tmp_path / 'a.txt'}:1)"]


@pytest.mark.parametrize(
    "stamp", ["[10:02] ", "10:02 - ", "(10:02:33) ", "2024-05-01 10:02 ", "[2024-05-01T10:02:33Z] ", "1.5.24, 10:02 - "]
)
def test_times_are_dropped(stamp, tmp_path):
    text = f"{stamp}Anna: at 10:30, ok?\n{stamp}Support: yes: at 10:30\n"
    _, dialogues = read(tmp_path, {"a.txt": text})
    assert dialogues == {"a": [("u", "at 10:30, ok?"), ("s", "yes: at 10:30")]}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("**Customer:** hi", "Customer"),
        ("- Customer: hi", "Customer"),
        ("Customer [10:02]: hi", "Customer"),
        ("Müller-Lüdenscheidt: hi", "Müller-Lüdenscheidt"),
        ("Customer 12: hi", "Customer 12"),
    ],
)
def test_other_ways_to_begin_a_line(line, name, tmp_path):
    found, dialogues = read(tmp_path, {"a.txt": f"{line}\nSupport: yes\n"})
    assert dialogues == {"a": [("u", "hi"), ("s", "yes")]}
    assert any(f"speakers: {name} is the user" in said for said in found.said)


def test_words_before_a_colon_are_no_speaker_unless_they_speak(tmp_path):
    text = "Anna: hi\nhttps://a.org: a page\nBob: hello\nNote: closed\nAnna: one more long question: why?\nBob: so\n"
    found, dialogues = read(tmp_path, {"a.txt": text})
    assert dialogues["a"] == [
        ("u", "hi https://a.org: a page"),
        ("s", "hello Note: closed"),
        ("u", "one more long question: why?"),
        ("s", "so"),
    ]
    assert "not taken as speakers, with their lines: Note (1)" in found.said


def test_lines_about_a_conversation_before_it_are_no_turns(tmp_path):
    block = "Date: 3 May\nClient no: 7\nRefers to: brakes\nCustomer: hi\nAgent: hello\n\n"
    found, dialogues = read(tmp_path, {"a.txt": block * 2})
    assert dialogues == {name: [("u", "hi"), ("s", "hello")] for name in ("a-1", "a-2")}
    assert found.left_out.counts == {"lines before the first speaker of a conversation": 6}


def test_blank_lines_end_conversations_of_one_turn(tmp_path):
    _, dialogues = read(tmp_path, {"a.txt": "Customer: a\n\nCustomer: b\n\nCustomer: c\n"})
    assert list(dialogues.values()) == [[("u", "a")], [("u", "b")], [("u", "c")]]


def test_files_of_one_name(tmp_path):
    _, dialogues = read(tmp_path, {"a.txt": "Customer: a\nAgent: b\n", "a.log": "Customer: c\nAgent: d\n"})
    assert dialogues == {"a": [("u", "c"), ("s", "d")], "a#2": [("u", "a"), ("s", "b")]}


def test_blank_lines_between_all_turns_end_nothing(tmp_path):
    lines = (
        "# Chat 1",
        "**User:** a",
        "**Agent:** b",
        "- c",
        "d",
        "**User:** e",
        "## Chat 2",
        "**User:** f",
        "**Agent:** g",
    )
    found, dialogues = read(tmp_path, {"a.txt": "\n\n".join(lines)})
    assert dialogues == {"a-1": [("u", "a"), ("s", "b - c d"), ("u", "e")], "a-2": [("u", "f"), ("s", "g")]}
    assert f"blank lines part turns, not conversations ({tmp_path / 'a.txt'} first)" in found.said
    assert found.left_out.counts == {"headings": 2}


def test_two_names_that_tell_nothing_are_told_apart_by_who_begins(tmp_path):
    texts = {f"{n}.txt": "Kim: hi\nTom: hello\n" for n in range(3)} | {"3.txt": "Tom: hello?\nKim: hi\n"}
    found, dialogues = read(tmp_path, texts)
    assert dialogues["3"] == [("s", "hello?"), ("u", "hi")]
    assert "speakers: Kim is the user, Tom is the system (guessed; --user and --system name them)" in found.said


def test_one_side_is_named_and_all_others_are_the_other(tmp_path):
    texts = {"a.txt": "Tom: hi\nAnna: hello\n", "b/c.txt": "Kim: hi\nAnna: hello\n"}
    found, dialogues = read(tmp_path, texts, system=("anna",))
    assert dialogues == {"a": [("u", "hi"), ("s", "hello")], "b/c": [("u", "hi"), ("s", "hello")]}
    assert "speakers: Tom, Kim are the user, Anna is the system" in found.said


def test_what_is_no_turn_is_left_out(tmp_path):
    text = "Customer: hi\n*** Anna has joined ***\n10:05\nAgent: hello\nCustomer:\nBoss: stop\nBoss: now\n"
    found, dialogues = read(tmp_path, {"a.txt": text}, user=("Customer",), system=("Agent",))
    assert dialogues == {"a": [("u", "hi"), ("s", "hello")]}
    assert found.left_out.counts == {
        "lines about the conversation (*** ...)": 1,
        "lines with nothing but a time": 1,
        "turns without words": 1,
        "turns of 'Boss', who is neither user nor system": 1,
    }


def test_files_of_several_encodings_are_named(tmp_path):
    (tmp_path / "c.txt").write_bytes("Customer: für mich\nAgent: ja\n".encode("cp1252"))
    found, _ = read(tmp_path, {"a.txt": "Customer: hi\nAgent: é\n", "b.txt": "Customer: hi\nAgent: hello\n"})
    assert found.said[1] == (
        f"encoding: UTF-8, Windows-1252 ({tmp_path / 'c.txt'}); --encoding names another, as not all bytes are UTF-8"
    )


def test_a_text_without_speakers_is_an_error(tmp_path):
    with pytest.raises(UserError, match="begin with who speaks"):
        read(tmp_path, {"a.txt": "just words\nand more\n"})


def test_the_share_of_lines_with_a_speaker():
    assert spoken_share("A: x\nB: y\n\nz\nw\n") == 0.5
    assert spoken_share("\n") == 0
