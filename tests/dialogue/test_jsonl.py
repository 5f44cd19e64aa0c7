"""Dialogues in files: streaming, damaged input, skipping, atomic writing."""

import gzip
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.dialogue import jsonl
from space_jax.dialogue.acts import ACTS
from space_jax.dialogue.jsonl import ReadReport, dialogue_from_json, dialogue_to_json, read_jsonl, write_jsonl
from space_jax.dialogue.record import Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError

BOM = b"\xef\xbb\xbf"


def line(name: str, text: str = "hi") -> bytes:
    return json.dumps({"id": name, "turns": [{"role": "user", "text": text}]}).encode()


@pytest.fixture
def write(tmp_path):
    def to_file(content: bytes, name: str = "d.jsonl"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return to_file


def ids(path, **options) -> list[str]:
    return [dialogue.id for dialogue in read_jsonl(path, **options)]


words = st.text(min_size=1, max_size=8).filter(
    lambda text: text.strip() and text.encode("utf-8", "ignore").decode() == text
)


@st.composite
def turns(draw):
    text = draw(words) + " " + draw(words)
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    spanned = [Value(text[start:end], start, end)] if text[start:end].strip() else []
    slots = st.builds(Slot, words, st.lists(st.builds(Value, words), max_size=2).map(lambda v: (*v, *spanned)))
    frames = st.lists(st.builds(Frame, words, words, st.lists(slots, max_size=2).map(tuple)), max_size=2).map(tuple)
    values = st.lists(words, min_size=1, max_size=2).map(tuple)
    return Turn(
        role=draw(st.sampled_from(["user", "system"])),
        text=text,
        frames=draw(st.none() | frames),
        acts=draw(st.none() | st.lists(st.sampled_from(ACTS), unique=True, max_size=3).map(tuple)),
        state=draw(st.none() | st.dictionaries(words, st.dictionaries(words, values, max_size=2), max_size=2)),
        delexicalised=draw(st.none() | words),
    )


dialogues = st.builds(Dialogue, words, st.lists(turns(), min_size=1, max_size=3).map(tuple))


@given(dialogue=dialogues)
def test_json_and_back_is_the_same_dialogue(dialogue):
    assert dialogue_from_json(json.loads(json.dumps(dialogue_to_json(dialogue)))) == dialogue


@pytest.mark.parametrize("name", ["d.jsonl", "d.jsonl.gz"])
@given(dialogue=dialogues)
def test_written_dialogues_are_read_back(tmp_path_factory, name, dialogue):
    path = tmp_path_factory.mktemp("round") / name
    other = Dialogue(dialogue.id + "'", dialogue.turns)
    assert write_jsonl(path, [dialogue, other]) == 2
    assert list(read_jsonl(path)) == [dialogue, other]


def test_reading_takes_one_line_at_a_time(write):
    reader = read_jsonl(write(line("a") + b"\n{broken\n"))
    assert next(reader).id == "a"
    with pytest.raises(UserError, match="jsonl:2: the line: expected JSON, found it damaged"):
        next(reader)


def test_blank_lines_a_byte_order_mark_and_windows_line_ends_are_no_error(write):
    assert ids(write(BOM + line("a") + b"\r\n\r\n  \n" + line("b"))) == ["a", "b"]


def test_line_numbers_count_blank_lines(write):
    with pytest.raises(UserError, match=r"d\.jsonl:3: "):
        ids(write(line("a") + b"\n\n{}\n"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": "a", "turns": [{"role": "user", "te', "Unterminated string.*column"),
        (b'{"id": "caf\xe9", "turns": []}', "expected UTF-8, found 0xe9 at byte 11"),
        (line("a") + line("b"), "Extra data"),
        (b"[1, 2]", "the line: expected an object, found a list"),
        (b"null", "the line: expected an object, found null"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"id": "a", "id": "b", "turns": []}', "every key once in an object, found 'id' twice"),
        (b'{"id": ' + b"1" * 5000 + b"}", "the line: expected JSON, found it damaged"),
        (line("x") + b"\n" + BOM + line("y"), "jsonl:2: .*BOM"),
    ],
)
def test_a_damaged_line_is_named(write, content, message):
    with pytest.raises(UserError, match=message) as caught:
        ids(write(content))
    assert "d.jsonl:" in str(caught.value)


def test_an_id_used_twice_names_both_lines(write):
    with pytest.raises(UserError, match=r"jsonl:3: field id: .*'a', already used in line 1"):
        ids(write(b"\n".join([line("a"), line("b"), line("a")])))


def test_skip_leaves_wrong_lines_out_and_reports_them(write):
    report = ReadReport()
    path = write(b"\n".join([line("a"), b"{", line("a"), line("b"), b'{"id": "c", "turns": []}']))
    assert ids(path, on_error="skip", report=report) == ["a", "b"]
    assert (report.read, report.skipped_count) == (2, 3)
    assert [message.split(": ")[0] for message in report.skipped] == [f"{path}:{number}" for number in (2, 3, 5)]


def test_a_report_lists_so_many_and_counts_all(write, monkeypatch):
    monkeypatch.setattr(jsonl, "LISTED", 3)
    report = ReadReport()
    ids(write(b"{\n" * 10), on_error="skip", report=report)
    assert (len(report.skipped), report.skipped_count) == (3, 10)


def test_skip_without_a_report_is_logged(write, caplog):
    with caplog.at_level(logging.WARNING):
        ids(write(line("a") + b"\n{\n{\n"), on_error="skip")
    assert "skipped 2 lines" in caplog.text


def test_a_wrong_call_fails_at_once_and_not_at_the_first_dialogue(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_jsonl(tmp_path / "none.jsonl")
    with pytest.raises(UserError, match='"stop" or "skip"'):
        read_jsonl(tmp_path, on_error="ignore")


def test_an_empty_file_has_no_dialogues(write):
    assert ids(write(b"")) == []


# Named, because a gzip file holds the second it was made in, and each worker collects the tests for itself.
@pytest.mark.parametrize(
    "content",
    [gzip.compress(line("a") * 50)[:-12], b"not gzip", gzip.compress(b"")[:5]],
    ids=["end missing", "no gzip", "header missing"],
)
def test_a_damaged_gzip_file_is_an_error_even_when_skipping(write, content):
    with pytest.raises(UserError, match="complete gzip file"):
        ids(write(content, "d.jsonl.gz"), on_error="skip")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(write):
    path = write(line("old"))

    def source():
        yield Dialogue("new", (Turn("user", "hi"),))
        raise RuntimeError("the disk of the source")

    with pytest.raises(RuntimeError):
        write_jsonl(path, source())
    assert ids(path) == ["old"]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_what_could_not_be_read_is_not_written(tmp_path):
    frame = Frame("hotel", "inform", (Slot("area", (Value("east", 0, 4),)),))
    with pytest.raises(UserError, match=r"dialogue 1 \('a'\) cannot be written: field turns\[0\].frames"):
        write_jsonl(tmp_path / "d.jsonl", [Dialogue("a", (Turn("user", "west", frames=(frame,)),))])
    twice = [Dialogue("a", (Turn("user", "west"),))] * 2
    with pytest.raises(UserError, match=r"dialogue 2 .*already used in line 1"):
        write_jsonl(tmp_path / "d.jsonl", twice)
    assert list(tmp_path.iterdir()) == []


def test_writing_to_a_folder_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(UserError, match="existing folder"):
        write_jsonl(tmp_path / "no" / "d.jsonl", [])


def test_two_gzip_writes_have_the_same_bytes(tmp_path):
    written = []
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        write_jsonl(tmp_path / name, [Dialogue("a", (Turn("user", "hi"),))])
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
