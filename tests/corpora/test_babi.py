"""The loader of bAbI dialog, on small made-up files in its format and on the real files."""

import zipfile

import pytest

from space_jax.corpora import babi
from space_jax.dialogue.record import Dialogue, Turn
from space_jax.errors import UserError

TEXT = """1 <SILENCE>\twelcome  what can i do
2 a table in oslo\ton it
3 <SILENCE>\tapi_call thai oslo two cheap
4 resto_1 R_phone resto_1_phone
5 resto_1 R_rating 3
6 <SILENCE>\thow about resto_1
7 thai please\tapi_call thai oslo four cheap
8 api_call no result
9 \tnothing was found

1 hi\thello
"""

DIALOGUES = [
    (
        Turn("system", "welcome what can i do"),
        Turn("user", "a table in oslo"),
        Turn("system", "on it"),
        Turn("system", "how about resto_1"),
        Turn("user", "thai please"),
        Turn("user", ""),
        Turn("system", "nothing was found"),
    ),
    (Turn("user", "hi"), Turn("system", "hello")),
]


def write(folder, name: str, text: str) -> None:
    (folder / f"dialog-babi-{name}.txt").write_text(text, encoding="utf-8")


def test_what_is_said_becomes_turns_and_queries_and_facts_do_not(tmp_path):
    write(tmp_path, "task5dev", TEXT)
    expected = [Dialogue(f"validation-{number}", turns) for number, turns in enumerate(DIALOGUES)]
    assert list(babi.BABI5.load(tmp_path, "validation")) == expected


def test_a_number_one_begins_a_dialogue_even_without_a_blank_line(tmp_path):
    write(tmp_path, "task6trn", TEXT.replace("\n\n", "\n").replace("\n", "\r\n"))
    assert [dialogue.turns for dialogue in babi.BABI6.load(tmp_path, "train")] == DIALOGUES


def test_the_oov_test_is_an_option_and_archives_are_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "dialog-bAbI-tasks.zip", "w") as archive:
        archive.writestr("dialog-bAbI-tasks/dialog-babi-task5tst.txt", "1 hi\thello\n")
        archive.writestr("dialog-bAbI-tasks/dialog-babi-task5tst-OOV.txt", "1 hey\thi\n")
        archive.writestr("dialog-bAbI-tasks/dialog-babi-task6trn.txt", "1 yes\tno\n")
    seen, unseen = (list(babi.BABI5.load(tmp_path, "test", oov=oov)) for oov in (False, True))
    assert seen == [Dialogue("test-0", (Turn("user", "hi"), Turn("system", "hello")))]
    assert unseen == [Dialogue("test-oov-0", (Turn("user", "hey"), Turn("system", "hi")))]
    assert babi.BABI5.available_splits(tmp_path) == ("test",)
    assert babi.BABI6.available_splits(tmp_path) == ("train",)
    with pytest.raises(UserError, match=r"expected dialog-babi-task6dev\.txt, packed in dialog-bAbI-tasks\.zip or"):
        list(babi.BABI6.load(tmp_path, "validation"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 hi\thello\n3 bye\tbye\n", ":2: expected a line numbered 1 or 2, found '3 bye"),
        ("hi\thello\n", ":1: expected a line numbered 1 or 1, found 'hi"),
        (
            "1 hi\thello\n2 hi and bye\n",
            ":2: expected user<TAB>bot or a fact of the knowledge base, found 'hi and bye'",
        ),
        ("1 hi\thello\tbye\n", ":1: expected user<TAB>bot"),
    ],
)
def test_a_damaged_line_is_named(tmp_path, text, message):
    write(tmp_path, "task5trn", text)
    with pytest.raises(UserError, match=rf"dialog-babi-task5trn\.txt{message}"):
        list(babi.BABI5.load(tmp_path, "train"))


def test_a_wrong_encoding_is_named(tmp_path):
    (tmp_path / "dialog-babi-task5trn.txt").write_bytes("1 caf\u00e9\tyes\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"task5trn\.txt:1: expected UTF-8, found the byte 0xe9"):
        list(babi.BABI5.load(tmp_path, "train"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("corpus", "split", "options", "dialogues", "turns"),
    [
        (babi.BABI5, "train", {}, 1000, 29276),
        (babi.BABI5, "validation", {}, 1000, 29414),
        (babi.BABI5, "test", {}, 1000, 29326),
        (babi.BABI5, "test", {"oov": True}, 1000, 29317),
        (babi.BABI6, "train", {}, 1618, 23082),
        (babi.BABI6, "validation", {}, 500, 6357),
        (babi.BABI6, "test", {}, 1117, 18800),
    ],
)
def test_the_real_files_are_read_whole(shared_data, corpus, split, options, dialogues, turns):
    read = list(corpus.load(shared_data / "data" / "babi_dialog", split, **options))
    texts = [turn.text for dialogue in read for turn in dialogue.turns]
    assert (len({dialogue.id for dialogue in read}), len(texts)) == (dialogues, turns)
    assert not any(text.startswith("api_call") or "<SILENCE>" in text or " R_" in text for text in texts)
    assert texts.count("") == (6 if corpus is babi.BABI6 and split == "train" else 0)
