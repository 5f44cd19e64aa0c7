"""A table goes to a person and back; every line finds its utterance, or is an error with its place."""

import pytest

from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn
from space_jax.errors import UserError
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.records import from_dialogue
from space_jax.tasks.labelling.accept import accept
from space_jax.tasks.labelling.pool import read_dialogues, utterances
from space_jax.tasks.labelling.sheet import Corrected, Suggestion, read_sheet, sheet

SLOTS = (Slot("part"),)
TALK = Dialogue(
    "a",
    (
        Turn(USER, "My tyre is flat", (Frame("repair", "fix", SLOTS),)),
        Turn(SYSTEM, "Which day?"),
        Turn(USER, "On Friday"),
        Turn(USER, "  "),
    ),
)
ALONE = Dialogue("b", (Turn(USER, "Bye!"),))


def line(name, label, text, where="label.csv:2"):
    return Corrected(where, name, label, text)


def test_the_pool_has_every_turn_with_words_under_the_name_of_its_record():
    pool = utterances([TALK, ALONE])
    assert [(one.id, one.text, one.before, one.label) for one in pool] == [
        ("a#0", "My tyre is flat", "", "fix"),
        ("a#2", "On Friday", "Which day?", ""),
        ("b", "Bye!", "", ""),
    ]
    assert [record.id for record in from_dialogue(TALK)] == ["a#0"]
    assert pool[1].dialogue.turns == TALK.turns[:3]


def test_frames_without_an_intent_are_no_label_and_several_are_none_to_show():
    turns = (Turn(USER, "x", (Frame("d", "DEFAULT_INTENT"),)), Turn(USER, "y", (Frame("d", "i"), Frame("d", "j"))))
    first, second = utterances([Dialogue("a", turns)])
    assert (first.intents, first.label) == ((), "")
    assert (second.intents, second.label) == ((("d", "i"), ("d", "j")), "")


def test_two_turns_of_one_name_are_an_error():
    with pytest.raises(UserError, match=r"dialogue a#0: turn 0: expected a unique id, found 'a#0' again"):
        utterances([TALK, Dialogue("a#0", (Turn(USER, "x"),))])


def test_rows_become_dialogues_labelled_or_not(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("words,label,domain\nfix it,fix,repair\nbye,,\n", encoding="utf-8")
    assert read_dialogues(path, IntentConfig(text_field="words")) == [
        Dialogue("1", (Turn(USER, "fix it", (Frame("repair", "fix"),)),)),
        Dialogue("2", (Turn(USER, "bye"),)),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,text\n1,a\n1,b\n", r"x\.csv:3: expected a unique id, found '1' of .*x\.csv:2 again"),
        ('text\n""\n', r"x\.csv:2: field text: expected an utterance"),
        ("words\na\n", r"x\.csv:2: field text: expected an utterance, found the fields words"),
    ],
)
def test_bad_rows(tmp_path, content, message):
    (tmp_path / "x.csv").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read_dialogues(tmp_path / "x.csv", IntentConfig())


def test_labels_enter_the_frames_and_are_counted():
    lines = [line("a#0", "mend", "my tyre is flat!"), line("a#2", "", "On Friday"), line("b", "fix", "Bye!")]
    result = accept([TALK, ALONE], lines)
    assert result.dialogues[0].turns[0].frames == (Frame("repair", "mend", SLOTS),)
    assert result.dialogues[0].turns[1:] == TALK.turns[1:]
    assert result.dialogues[1].turns[0].frames == (Frame("repair", "fix"),)  # the domain of that label
    assert (result.labelled, result.changed, result.same, result.empty) == (1, 1, 0, 1)
    assert (result.new, result.known) == ({"mend": 1}, ("fix",))
    assert [record.label for one in result.dialogues for record in from_dialogue(one)] == ["mend", "fix"]


def test_the_same_label_again_changes_nothing_and_none_is_not_taken_away():
    result = accept([TALK], [line("a#0", "fix", "My tyre is flat")])
    assert (result.dialogues, result.same, result.new) == ([TALK], 1, {})
    assert accept([TALK], [line("a#0", "", "My tyre is flat")]).dialogues == [TALK]


def test_a_new_label_gets_the_domain_of_all_others_or_none():
    assert accept([TALK, ALONE], [line("b", "leave", "Bye!")]).dialogues[1].turns[0].frames == (
        Frame("repair", "leave"),
    )
    assert accept([ALONE], [line("b", "leave", "Bye!")]).dialogues[0].turns[0].frames == (
        Frame("default_domain", "leave"),
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("z", "Bye!", r"label\.csv:7: expected the id of an utterance in the source, found 'z'"),
        ("b", "Hello", r"label\.csv:7: expected the words of 'b' in the source, 'Bye!', found 'Hello'; is it"),
    ],
)
@pytest.mark.parametrize("label", ["fix", ""])
def test_a_line_that_fits_no_utterance_is_refused_with_its_place(name, text, message, label):
    with pytest.raises(UserError, match=message):
        accept([TALK, ALONE], [line(name, label, text, "label.csv:7")])


FORMULAS = ["=1+1", "+1", "-1", "@x", 'plain, with "marks"\nand lines', "'=quoted", "ärger 😀"]


def test_a_table_comes_back_as_it_went_and_no_cell_is_a_formula(tmp_path):
    rows = [Suggestion(f"id{n}", "fix", text, "-before", 0.5, "mend") for n, text in enumerate(FORMULAS)]
    content = sheet(rows)
    assert content.startswith(b"\xef\xbb\xbfid,label,text,before,score,second\r\nid0,fix,'=1+1,'-before,0.500,mend\r\n")
    (tmp_path / "x.csv").write_bytes(content)
    found = read_sheet(tmp_path / "x.csv")
    assert [one.text.replace("\r\n", "\n") for one in found[:5]] == FORMULAS[:5]
    assert [one.text for one in found[6:]] == FORMULAS[6:]
    assert {one.label for one in found} == {"fix"}


def test_every_cell_in_quotation_marks(tmp_path):
    (tmp_path / "x.csv").write_text('"id","label","text"\n"a","b; c","x, y"\n', encoding="utf-8")
    assert [(one.label, one.text) for one in read_sheet(tmp_path / "x.csv")] == [("b; c", "x, y")]


@pytest.mark.parametrize(("mark", "extra"), [(",", ""), (";", ";;"), ("\t", "\t")])
def test_what_spreadsheets_save(tmp_path, mark, extra):
    header = mark.join(["label", "id", "text"]) + "".join(f"{mark}x{n}" for n in range(len(extra)))
    lines = [header, mark.join([" two  words ", "a", '"x, y; z"']) + extra, mark.join(["", "b", "w"]) + extra, ""]
    (tmp_path / "x.csv").write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    assert [(one.id, one.label, one.text) for one in read_sheet(tmp_path / "x.csv")] == [
        ("a", "two words", "x, y; z"),
        ("b", "", "w"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "expected CSV with the names of the columns"),
        ("id,text\n", r"x\.csv:1: expected the column label, found \['id', 'text'\]"),
        ("id,label,text\n,fix,a\n", r"x\.csv:2: expected an id, found none"),
        (
            "id,label,text\na,fix,a\na,mend,a\n",
            r"x\.csv:3: expected one label of 'a', found 'mend' and 'fix' in .*x\.csv:2",
        ),
        ("id,label,text\na,fix\n", r"x\.csv:2: expected 3 columns"),
        ("id,label,text\na,\xff,a\n", r"x\.csv:2: expected UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read(tmp_path, content, message):
    (tmp_path / "x.csv").write_bytes(content.encode("latin-1"))
    with pytest.raises(UserError, match=message):
        read_sheet(tmp_path / "x.csv")


def test_a_line_twice_with_one_label_is_one(tmp_path):
    (tmp_path / "x.csv").write_text("id,label,text\na,fix,a\na,fix,a\n", encoding="utf-8")
    assert len(read_sheet(tmp_path / "x.csv")) == 1
