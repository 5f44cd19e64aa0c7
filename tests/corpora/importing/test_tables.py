"""CSV and TSV: what is guessed of them, and what becomes of their rows."""

import pytest

from space_jax.corpora.importing import Options, read_source
from space_jax.corpora.importing.tables import form_of
from space_jax.dialogue.record import Frame, Turn
from space_jax.errors import UserError
from space_jax.reading.delimited import BARS, CSV, QUOTED_TSV, SEMICOLONS, TSV


def read(folder, content, name="mine.csv", **options):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_source(path, Options(**options))


def labelled(found):
    """(text, label) of the sentences."""
    turns = [sentence.turns[0] for sentence in found.sentences]
    return [(turn.text, turn.frames[0].intent if turn.frames else None) for turn in turns]


def dialogues(found):
    return {one.id: [(turn.role, turn.text) for turn in one.turns] for one in found.all_dialogues}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_are_guessed_and_said(encoding, tmp_path):
    found = read(tmp_path, "text,label\nWann öffnen Sie?,zeiten\n".encode(encoding))
    assert labelled(found) == [("Wann öffnen Sie?", "zeiten")]
    names = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with a byte order mark"}
    names["cp1252"] = "Windows-1252; --encoding names another, as not all bytes are UTF-8"
    assert found.said[1] == f"encoding: {names.get(encoding, 'UTF-16')}"


def test_an_encoding_can_be_named(tmp_path):
    content = "text,label\nпривет,greet\n".encode("cp1251")
    assert labelled(read(tmp_path, content, encoding="cp1251")) == [("привет", "greet")]
    with pytest.raises(UserError, match="--encoding: 'nope' is no encoding"):
        read(tmp_path, content, encoding="nope")
    with pytest.raises(UserError, match=r"mine\.csv:2: expected utf-8, found the byte 0xef; --encoding"):
        read(tmp_path, content, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("a,b\nx,y\n", CSV),
        ('a;b\n"x;1, 2";y\n1,5;z\n', SEMICOLONS),
        ("a\tb\nx, y\tz, w\n", TSV),
        ('a\tb\n"x"\t"y"\n', QUOTED_TSV),
        ('a\tb\n"x\ty"\tz\n', QUOTED_TSV),
        ('a\tb\n"x y\tz\n', TSV),
        ("a|b\nx,y|z\n", BARS),
        ("a\nx\n", None),
        ("text,label\nhi,a\nyou, there,b\nbye,c\nso,d\nlong,e\n", CSV),  # one damaged row of five
    ],
)
def test_the_delimiter_is_guessed_by_rows_of_equal_length(text, form):
    assert form_of(text) == form


def test_columns_are_guessed_by_name_and_others_are_named(tmp_path):
    found = read(tmp_path, "No,Utterance,Notes,Intent\n1,hi there,x,greet\n2,bye,,\n")
    assert labelled(found) == [("hi there", "greet"), ("bye", None)]
    assert "columns: text = Utterance, label = Intent (guessed; --column names them)" in found.said
    assert found.left_out.counts == {"columns ('No', 'Notes')": 2}
    assert [sentence.id for sentence in found.sentences] == ["mine-2", "mine-3"]


def test_columns_are_guessed_by_what_they_hold(tmp_path):
    rows = "".join(f"frage nummer {n} bitte;{'ab'[n % 2]};{n}\n" for n in range(8))
    found = read(tmp_path, f"Frage;Absicht;Nr\n{rows}")
    assert labelled(found)[:2] == [("frage nummer 0 bitte", "a"), ("frage nummer 1 bitte", "b")]


def test_named_columns_take_precedence(tmp_path):
    found = read(tmp_path, "text,label,mine\nx,y,z\n", columns={"text": "mine", "label": "text"})
    assert labelled(found) == [("z", "x")]
    with pytest.raises(UserError, match=r"no column 'nope' for text \(found 'text', 'label'\)"):
        read(tmp_path, "text,label\nx,y\n", columns={"text": "nope"})


def test_a_file_without_a_header(tmp_path):
    content = "how are you,greet\nwho are you,who\nhi you there,greet\n"
    found = read(tmp_path, content, columns={"text": "1", "label": "2"})
    assert labelled(found) == [("how are you", "greet"), ("who are you", "who"), ("hi you there", "greet")]
    more = content + "where are you now,who\n"
    assert labelled(read(tmp_path, more))[0] == ("how are you", "greet")
    assert "the first row is no header: its label is one of others, too" in read(tmp_path, more).said
    with pytest.raises(UserError, match="names, or numbers in a file without a header, found both"):
        read(tmp_path, content, columns={"text": "1", "label": "greet"})


def test_rows_that_cannot_be_used_are_left_out_with_their_place(tmp_path):
    found = read(tmp_path, 'text,label\nhi,a\n,b\n"open" c,c\nbye,d\nthree,four,five\nyes,e\n')
    path = tmp_path / "mine.csv"
    assert labelled(found)[0] == ("hi", "a")
    lines = found.left_out.lines()
    assert f"rows without a text: 1 ({path}:3)" in lines
    assert any(line.startswith("rows that cannot be read: 1") and f"{path}:4" in line for line in lines)


CALLS = """conversation_id;who;message;intent
7;Customer;my brakes squeak;brakes
8;Customer;hello;
7;Agent Anna;bring it in;
7;Agent Anna;today?;
8;Agent Bob;hi;
7;Customer;yes;
8;Agent Bob;;
"""


def test_conversations_are_grouped_by_their_id(tmp_path):
    found = read(tmp_path, CALLS)
    assert dialogues(found) == {
        "7": [("user", "my brakes squeak"), ("system", "bring it in today?"), ("user", "yes")],
        "8": [("user", "hello"), ("system", "hi")],
    }
    assert found.all_dialogues[0].turns[0] == Turn("user", "my brakes squeak", (Frame("default_domain", "brakes"),))
    assert found.left_out.counts == {"rows without a text": 1}
    assert any("Customer is the user, Agent Anna, Agent Bob are the system (guessed" in line for line in found.said)


def test_turns_are_sorted_by_their_number(tmp_path):
    content = "dialogue_id,turn,speaker,text\na,2,system,two\nb,1,user,one\na,10,user,ten\na,1,user,one\n"
    assert dialogues(read(tmp_path, content)) == {
        "a": [("user", "one"), ("system", "two"), ("user", "ten")],
        "b": [("user", "one")],
    }


def test_conversations_without_a_column_for_them(tmp_path):
    again = "id,author,text\n7,user,hi\n7,bot,hello\n8,user,bye\n"
    assert dialogues(read(tmp_path, again)) == {"7": [("user", "hi"), ("system", "hello")], "8": [("user", "bye")]}
    alone = "time,author,text\n10:02,user,hi\n10:03,bot,hello\n"
    found = read(tmp_path, alone)
    assert dialogues(found) == {"mine": [("user", "hi"), ("system", "hello")]}
    assert "no column has the id of a conversation: a file is one" in found.said
    assert labelled(read(tmp_path, "session,text,label\n1,hi,greet\n")) == [("hi", "greet")]


def test_who_speaks_must_be_known(tmp_path):
    with pytest.raises(UserError, match="who says a turn"):
        read(tmp_path, "dialogue_id,text\na,hi\n")
    rows = "".join(f"a,{name},hi\n" for name in ("Tim", "Tom", "Kim"))
    with pytest.raises(UserError, match=r"speakers: 'Tim' .*, 'Tom' .* --user NAME"):
        read(tmp_path, f"dialogue_id,speaker,text\n{rows}")
    found = read(tmp_path, f"dialogue_id,speaker,text\n{rows}", user=("tim",), system=("Kim",))
    assert dialogues(found) == {"a": [("user", "hi"), ("system", "hi")]}
    assert found.left_out.counts == {"turns of 'Tom', who is neither user nor system": 1}
    with pytest.raises(UserError, match="--user: nobody is called 'Timm'; nearest: 'Tim'"):
        read(tmp_path, f"dialogue_id,speaker,text\n{rows}", user=("Timm",))


@pytest.mark.parametrize("content", ["", "\n\n", "text,label\n", "text,label\n,\n", "a,b\n1,2\n"])
def test_a_file_with_nothing_to_use_is_an_error(content, tmp_path):
    with pytest.raises(UserError):
        read(tmp_path, content)


def test_one_column_is_text_without_labels(tmp_path):
    found = read(tmp_path, "text\nhi, you\nbye\n")
    assert labelled(found) == [("hi, you", None), ("bye", None)]
