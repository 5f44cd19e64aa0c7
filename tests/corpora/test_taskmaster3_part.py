"""The loader of the piece of Taskmaster-3, on small made-up rows in its format and on the real file."""

import csv
import io
import zipfile

import pytest

from space_jax.corpora import taskmaster3_part
from space_jax.dialogue.record import Dialogue, Turn
from space_jax.errors import UserError

CALL = "<PN>find<PAN>name<PAV>moon"
RESULT = "<PR>find<PRAN>time<PRAV>9 pm<PRAV>10 pm"


def table(*rows: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows(rows)
    return text.getvalue()


@pytest.fixture
def corpus(tmp_path):
    def load(*rows: tuple[str, ...]) -> list[Dialogue]:
        with zipfile.ZipFile(tmp_path / "taskmaster3_part.zip", "w") as archive:
            archive.writestr("TM-3-2020/splits/train/train-bc.tsv", table(*rows))
        return list(taskmaster3_part.load(tmp_path, "train"))

    return load


def test_the_event_before_the_mark_is_the_last_and_calls_are_left_out(corpus):
    before = f'<S><A>Hello.<U>"Moon"  please{CALL}'
    assert corpus((f"{RESULT}<C>{before}", "[A]At 9 or 10?[PN]wait", "d1"), ("<U>Hi<C><U>Oh", "[PN]find", "d2")) == [
        Dialogue("train-d1", (Turn("system", "Hello."), Turn("user", '"Moon" please'), Turn("system", "At 9 or 10?"))),
        Dialogue("train-d2", (Turn("user", "Oh"), Turn("user", "Hi"))),
    ]


def test_the_longest_row_of_a_dialogue_stands_for_it(corpus):
    rows = [
        ("<U>Hi", "[A]Hello", "d1"),
        ("<U>Bye<C><U>Hi<A>Hello", "[A]Bye now", "d1"),
        ("<U>Bye<C><U>Hi<A>Hello", "[PN]find", "d1"),
    ]
    (read,) = corpus(*rows)
    assert [turn.text for turn in read.turns] == ["Hi", "Hello", "Bye", "Bye now"]


def test_unpacked_files_are_read_too_and_there_is_only_train(tmp_path):
    assert taskmaster3_part.find_splits(tmp_path) == ()
    (tmp_path / "train-aa.tsv").write_text("<U>Hi\t[A]Hello\td1\n")
    assert taskmaster3_part.CORPUS.available_splits(tmp_path) == ("train",)
    assert [dialogue.id for dialogue in taskmaster3_part.CORPUS.load(tmp_path, "train")] == ["train-d1"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("<U>Hi<X>a<Y>b<X>", "[A]Hello", "d1"), r":2: field input: .*MARKS, found <X>, <Y>$"),
        (("Hi<U>there", "[A]Hello", "d1"), ":2: field input: .*found 'Hi'"),
        (("<U>Hi", "Hello", "d1"), r":2: field output: expected it to begin with \[A\] or \[PN\], found 'Hello'"),
        (("<U>Hi", "[A]Hello"), ":2: expected input, output and dialogue id, found 2 columns"),
        ((CALL, "[PN]find", "d1"), ":2: expected at least one turn"),
    ],
)
def test_a_damaged_row_is_named(corpus, row, message):
    with pytest.raises(UserError, match=rf"train-bc\.tsv{message}"):
        corpus(("<U>Hi", "[A]Hello", "d0"), row)


def test_damaged_files_are_named(tmp_path):
    with pytest.raises(UserError, match=r"expected train-\*\.tsv, packed in taskmaster3_part\.zip or unpacked"):
        list(taskmaster3_part.load(tmp_path, "train"))
    (tmp_path / "train-aa.tsv").write_bytes("<U>Caf\u00e9\t[A]Yes\td1\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"train-aa\.tsv:1: expected UTF-8, found the byte 0xe9"):
        list(taskmaster3_part.load(tmp_path, "train"))
    (tmp_path / "train-aa.tsv").write_text('"<U>Hi')
    with pytest.raises(UserError, match=r"train-aa\.tsv:1: expected tab-separated values, .* mark that opens"):
        list(taskmaster3_part.load(tmp_path, "train"))


def test_the_real_file_is_read_whole(shared_data):
    source = shared_data / "data" / "unlabelled"
    with zipfile.ZipFile(source / "taskmaster3_part.zip") as archive:
        text = archive.read("TM-3-2020/splits/train/train-bc.tsv").decode()
    assert len(list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))) == 1517
    read = list(taskmaster3_part.load(source, "train"))
    assert len({dialogue.id for dialogue in read}) == len(read) == 1462
    assert sum(len(dialogue.turns) for dialogue in read) == 15821
    assert sum(not turn.text for dialogue in read for turn in dialogue.turns) == 2
