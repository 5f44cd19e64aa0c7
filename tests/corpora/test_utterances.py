"""What corpora of single utterances share: labelled lines, encodings, choices."""

import pytest

from space_jax.corpora import utterances
from space_jax.errors import UserError


def write(folder, texts: bytes | None, labels: bytes | None):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("seq.in", texts), ("label", labels)):
        if content is not None:
            (folder / name).write_bytes(content)
    return folder


def test_lines_and_labels_go_together_and_blanks_are_collapsed(tmp_path):
    folder = write(tmp_path / "train", "good  morning \r\nça va\u2028bien\n\nlast".encode(), b"hi\nask\nnone\nend\n")
    where = [f"{folder / 'label'}:{line}" for line in (1, 2, 3, 4)]
    assert list(utterances.labelled_lines(folder)) == [
        (where[0], "good morning", "hi"),
        (where[1], "ça va bien", "ask"),  # a line separator within a line does not end it
        (where[2], "", "none"),  # an empty utterance is kept
        (where[3], "last", "end"),
    ]


def test_empty_files_hold_nothing(tmp_path):
    assert list(utterances.labelled_lines(write(tmp_path / "train", b"", b""))) == []


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (b"a\nb\n", b"x\n", r"label: expected a label for each of the 2 lines of seq\.in, found 1$"),
        (b"a\nb\n", b"x\n \n", r"label:2: expected a label, found an empty line$"),
        (b"a\nb\xff\n", b"x\ny\n", r"seq\.in:2: expected UTF-8, found the byte 0xff$"),
        (None, b"x\n", r"seq\.in: expected one line for each utterance, found no such file$"),
        (b"a\n", None, r"label: expected one line for each utterance, found no such file$"),
    ],
)
def test_damaged_files_are_named(tmp_path, texts, labels, message):
    with pytest.raises(UserError, match=message):
        list(utterances.labelled_lines(write(tmp_path / "train", texts, labels)))


def test_a_label_in_normal_form():
    assert utterances.normal(" Card  lost_At home?") == "card_lost_at_home?"


def test_a_choice_is_all_or_some_in_the_order_of_the_known():
    known = ("a", "b", "c")
    assert utterances.choice("all", known, "part") == known
    assert utterances.choice("c, a", known, "part") == ("a", "c")
    with pytest.raises(UserError, match=r"^option part: expected all or some of a, b, c, found 'd'$"):
        utterances.choice("a,d", known, "part")
