"""The loader of MultiDoGO, on small made-up files in its format and on the real files."""

import zipfile

import pytest

from space_jax.corpora import multidogo
from space_jax.dialogue import ACT_INDEX
from space_jax.dialogue.record import Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError

HEADER = "\t".join(multidogo.COLUMNS)


def row(conversation: str, number: int, utterance: str, labels: str, intent: str) -> str:
    name = f"<CONV>{conversation}<TURN>{number}"
    return "\t".join((conversation, str(number), name, utterance, labels, intent))


ROWS = [
    row("c1", 0, "hello there", "O O", "openinggreeting"),
    row("c1", 2, "fly me to new york from rome", "O O O arrival_city arrival_city O departure_city", "bookflight"),
    row("c1", 5, '"ann lee \n a9"', "name name O booking_confirmation_number", "confirmation<div>contentonly"),
    row("c2", 1, "", "O", "outofdomain"),
    row("c2", 3, "how much do i have", "O O O O O", "checkbalance<div>thankyou<div>thankyou"),
]


@pytest.fixture
def corpus(tmp_path):
    """Writes rows as the dev file of a domain and reads them back."""

    def load(*rows: str, header: str = HEADER) -> list[Dialogue]:
        with zipfile.ZipFile(tmp_path / "turn_level.zip", "w") as archive:
            archive.writestr("paper_splits/at_turn_level/airline/dev.tsv", "\n".join((header, *rows)) + "\n")
        return list(multidogo.load(tmp_path, "validation"))

    return load


def test_conversations_become_dialogues_with_frames_spans_and_acts(corpus):
    york = Slot("arrival_city", (Value("new york", 10, 18),))
    lee = Slot("name", (Value("ann lee", 0, 7),))
    code = Slot("booking_confirmation_number", (Value("a9", 8, 10),))
    assert corpus(*ROWS) == [
        Dialogue(
            "validation-airline-c1",
            (
                Turn("user", "hello there", (Frame("airline", "openinggreeting"),), ("hi",)),
                Turn(
                    "user",
                    "fly me to new york from rome",
                    (Frame("airline", "bookflight", (york, Slot("departure_city", (Value("rome", 24, 28),)))),),
                    ("inform",),
                ),
                Turn(
                    "user",
                    "ann lee a9",
                    (Frame("airline", "confirmation"), Frame("airline", "contentonly", (lee, code))),
                    ("affirm", "inform"),
                ),
            ),
        ),
        Dialogue(
            "validation-airline-c2",
            (
                Turn("user", "", (Frame("airline", "outofdomain"),), ()),
                Turn(
                    "user",
                    "how much do i have",
                    (Frame("airline", "checkbalance"), Frame("airline", "thankyou")),
                    ("request", "thank_you"),
                ),
            ),
        ),
    ]


def test_unpacked_files_are_read_domain_by_domain(tmp_path):
    for domain in ("media", "finance"):
        (tmp_path / "turn_level" / domain).mkdir(parents=True)
        (tmp_path / "turn_level" / domain / "train.tsv").write_text("\n".join((HEADER, *ROWS)))
    read = list(multidogo.load(tmp_path, "train"))
    assert [one.id for one in read] == ["train-finance-c1", "train-finance-c2", "train-media-c1", "train-media-c2"]
    assert multidogo.find_splits(tmp_path) == ("train",)
    with pytest.raises(UserError, match=r"expected <domain>/test\.tsv, packed in turn_level\.zip or unpacked"):
        list(multidogo.load(tmp_path, "test"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (row("c3", 0, "a b", "O O", "sing<div>dance<div>sing"), r":2: field intent: .*ACTS_OF, found sing, dance$"),
        (row("c3", 0, "a b", "O O name", "contentonly"), ":2: field slot-labels: expected 2 labels, .* found 3"),
        ("c3\t0\ta b", ":2: expected 6 columns, found 3"),
        (row("c3", 0, '"a b', "O O", "contentonly"), ":2: expected tab-separated values, .* mark that opens"),
    ],
)
def test_a_damaged_row_is_named(corpus, line, message):
    with pytest.raises(UserError, match=rf"airline/dev\.tsv{message}"):
        corpus(line)


def test_a_wrong_header_and_a_wrong_encoding_are_named(corpus, tmp_path):
    with pytest.raises(UserError, match=r"dev\.tsv:1: expected the columns conversationId, .*found text"):
        corpus(header="text")
    with zipfile.ZipFile(tmp_path / "turn_level.zip", "w") as archive:
        archive.writestr("x/media/test.tsv", f"{HEADER}\nc\u00e9".encode("latin-1"))
    with pytest.raises(UserError, match=r"test\.tsv:2: expected UTF-8, found the byte 0xe9"):
        list(multidogo.load(tmp_path, "test"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("split", "dialogues", "turns", "lines"),
    [("train", 9900, 81676, 82043), ("validation", 1413, 11585, 11632), ("test", 2834, 23336, 23454)],
)
def test_the_real_files_are_read_whole(shared_data, split, dialogues, turns, lines):
    source = shared_data / "data" / "multidogo"
    names, count = set(), 0
    for dialogue in multidogo.load(source, split):
        names.add(dialogue.id)
        count += len(dialogue.turns)
        for turn in dialogue.turns:
            assert set(turn.acts) <= set(ACT_INDEX)
            for value in (value for frame in turn.frames for slot in frame.slots for value in slot.values):
                assert turn.text[value.start : value.end] == value.text
    assert (len(names), count) == (dialogues, turns)
    # Counted by lines, as one might, rows with a quoted line break count more than once.
    with zipfile.ZipFile(source / "turn_level.zip") as archive:
        tables = [
            name for name in archive.namelist() if name.endswith({"validation": "dev"}.get(split, split) + ".tsv")
        ]
        assert sum(archive.read(name).count(b"\n") - 1 for name in tables) == lines
