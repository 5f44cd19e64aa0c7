"""The format of a source, guessed by what its files hold; and labelled sentences as files."""

import contextlib
import json

import pytest

from space_jax.corpora.importing import FORMATS, read_source
from space_jax.corpora.importing.imported import SourceFile
from space_jax.corpora.importing.sentences import sentence_file
from space_jax.corpora.importing.source import format_of
from space_jax.dialogue.record import Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError
from space_jax.reading.archives import gzipped

TALK = "Customer: hi, you\nAgent: yes, hello\n"
TABLE = "text,label\nhi there,greet\nbye,bye\n"
CHAT = '{"messages": [{"role": "user", "content": "hi"}]}\n'
RASA = "nlu:\n- intent: a\n  examples: |\n    - b\n"
CONVLAB = '[{"dialogue_id": "a", "turns": [{"speaker": "user", "utterance": "hi"}]}]'
OURS = '{"id": "a", "turns": [{"role": "user", "text": "hi"}]}\n'


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", TALK, "transcript"),
        ("a.csv", TALK, "transcript"),
        ("a", f"[10:02] {TALK}", "transcript"),
        ("a.csv", TABLE, "table"),
        ("a.txt", TABLE, "table"),
        ("a.csv", "text\nhi\n", "table"),
        ("a.jsonl", CHAT, "chat"),
        ("a.json", f"[{CHAT}]", "chat"),
        ("a.yml", RASA, "rasa"),
        ("a.txt", RASA, "rasa"),
        ("a.json", CONVLAB, "convlab"),
        ("a.yml", "language: en\n", ""),
        ("a.txt", "just a text\nof two lines\n", ""),
        ("a.json", "{}", ""),
        ("a.bin", "\0\x81\xff", ""),
    ],
)
def test_formats_are_guessed_by_content(name, text, expected, tmp_path):
    content = text.encode("latin-1")
    assert format_of(SourceFile(tmp_path / name, name, content)) == expected


def test_several_formats_are_told_apart_by_the_user(tmp_path):
    (tmp_path / "a.txt").write_text(TALK)
    (tmp_path / "b.csv").write_text(TABLE)
    (tmp_path / "c.md").write_text("# About\n")
    with pytest.raises(UserError, match=r"several formats: transcript \(a\.txt\), table \(b\.csv\); --format"):
        read_source(tmp_path)
    found = read_source(tmp_path, format="table")
    assert (len(found.sentences), len(found.all_dialogues)) == (2, 0)
    assert found.left_out.counts == {"files of another format": 2}
    with pytest.raises(UserError, match="--format: expected one of table, transcript"):
        read_source(tmp_path, format="csv")


def test_gzip_hidden_and_empty_files(tmp_path):
    (tmp_path / "a.txt.gz").write_bytes(gzipped(TALK.encode()))
    (tmp_path / ".hidden.txt").write_text("x")
    (tmp_path / "b.txt").write_text("\n")
    found = read_source(tmp_path)
    assert [one.id for one in found.all_dialogues] == ["a"]
    assert found.left_out.counts == {"empty files": 1}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"found none \(the folder is empty\)"),
        ({"a.txt": ""}, r"found none \(empty files: 1"),
        ({"a.txt": "so it is\n"}, r"no format that is known \(a\.txt\)"),
        ({"a.xlsx": "PK\x03\x04"}, "which you would have to save as CSV"),
        ({"a.jsonl": OURS}, "has the project's own format already"),
    ],
)
def test_a_source_that_cannot_be_used_is_an_error(files, message, tmp_path):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=message):
        read_source(tmp_path)
    with pytest.raises(UserError, match="no such file or folder"):
        read_source(tmp_path / "nowhere")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("text", [TALK, TABLE, CHAT, RASA, CONVLAB, "\0", "{", "x" * 5000])
def test_a_format_that_is_said_reads_or_refuses(format, text, tmp_path):
    (tmp_path / "a").write_text(text)
    with contextlib.suppress(UserError):
        found = read_source(tmp_path / "a", format=format)
        assert found.sentences or found.all_dialogues


def sentence(name, text, frames=None):
    return Dialogue(name, (Turn("user", text, frames),))


def test_sentences_without_spans_are_csv():
    rows = [sentence("a-1", 'so, "you"', (Frame("default_domain", "greet"),)), sentence("a-2", "bye")]
    assert sentence_file(rows) == (".csv", 'id,text,label\na-1,"so, ""you""",greet\na-2,bye,\n')
    assert sentence_file(rows[1:]) == (".csv", "id,text\na-2,bye\n")
    assert sentence_file([sentence("a", "b", (Frame("hotel", "c"),))]) == (
        ".csv",
        "id,text,label,domain\na,b,c,hotel\n",
    )


def test_sentences_with_spans_are_jsonl():
    slots = (Slot("city", (Value("Rome", 3, 7), Value("Roma"))),)
    suffix, text = sentence_file(
        [sentence("a", "in Rome", (Frame("default_domain", "go", slots),)), sentence("b", "é")]
    )
    assert suffix == ".jsonl"
    assert [json.loads(line) for line in text.splitlines()] == [
        {
            "id": "a",
            "text": "in Rome",
            "label": "go",
            "intents": ["go"],
            "spans": [{"slot": "city", "start": 3, "end": 7}],
        },
        {"id": "b", "text": "é", "spans": []},
    ]
