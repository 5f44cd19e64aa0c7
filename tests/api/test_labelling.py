"""`suggest` and `accept_labels` with the vectors of a model that is made up, and the command around them."""

import numpy as np
import pytest

from space_jax.api import labelling
from space_jax.api.labelling import accept_labels, suggest
from space_jax.cli import main
from space_jax.dialogue.jsonl import read_jsonl, write_jsonl
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.errors import UserError
from space_jax.tasks.labelling.sheet import read_sheet

WORDS = ("tyre", "brake", "bye")


class Vectors:
    """One axis for each of `WORDS`; of the dialogue's last turn."""

    def embed(self, inputs):
        return np.array([[float(word in one.turns[-1].text) for word in WORDS] for one in inputs]) + 5.0


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(labelling.Pretrained, "load", lambda *_: Vectors())
    texts = [f"my tyre {n}" for n in range(6)] + [f"a brake {n}" for n in range(4)] + ["Bye", "bye!", "bye now"]
    lines = [f"{n},{text}," for n, text in enumerate(texts)]
    (tmp_path / "x.csv").write_text("\n".join(["id,text,label", *lines]), encoding="utf-8")
    return tmp_path


def test_without_labels_each_group_is_asked_and_nothing_is_guessed(here):
    found = suggest("run", "x.csv", 3)
    assert [one.text.split()[0].lower() for one in found] == ["my", "a", "bye"]
    assert {(one.label, one.score, one.second) for one in found} == {("", None, "")}


def test_utterances_of_the_same_words_are_asked_once(here):
    found = suggest("run", "x.csv", 50)
    assert len(found) == 12
    assert [one.text for one in found if one.text.lower().startswith("bye")] in (["Bye", "bye now"], ["bye now", "Bye"])


def test_the_label_of_the_nearest_is_the_guess(here):
    text = (here / "x.csv").read_text(encoding="utf-8")
    text = text.replace("0,my tyre 0,", "0,my tyre 0,fix").replace("6,a brake 0,", "6,a brake 0,mend")
    (here / "x.csv").write_text(text, encoding="utf-8")
    found = suggest("run", "x.csv", 12)
    assert found[0].text.lower().startswith("bye")  # no group is without a label but this
    assert {one.label for one in found if "tyre" in one.text} == {"fix"}
    assert {(one.label, one.second, round(one.score, 3)) for one in found if "brake" in one.text} == {
        ("mend", "fix", 1.0)
    }
    assert "0" not in {one.id for one in found}


def test_a_round_from_the_command_line(here, capsys):
    turns = (Turn(USER, "my tyre"), Turn(SYSTEM, "Which day?"), Turn(USER, "bye"))
    write_jsonl("logs.jsonl", [Dialogue("a", turns)])
    assert main(["data", "suggest", "--workdir", "run", "--source", "logs.jsonl", "--out", "label.csv"]) == 0
    said = capsys.readouterr().out
    assert "label.csv: 2 utterances (there are no more than 2 without a label), 0 of them with a guess" in said
    assert {(one.id, one.text) for one in read_sheet(here / "label.csv")} == {("a#0", "my tyre"), ("a#2", "bye")}
    table = (here / "label.csv").read_text(encoding="utf-8-sig").replace("a#0,,", "a#0,fix,")
    (here / "label.csv").write_text(table, encoding="utf-8")
    back = ["data", "suggest", "--source", "logs.jsonl", "--accept", "label.csv", "--out", "labelled.jsonl"]
    assert main(back) == 0
    out, err = capsys.readouterr()
    assert "1 utterances newly labelled, 0 with another label than before, 0 as they were, 1 left without one" in out
    assert err == "new labels: fix (1)\n"
    (made,) = read_jsonl("labelled.jsonl")
    assert [frame.intent for frame in made.turns[0].frames] == ["fix"]
    assert made.turns[2].frames is None
    assert main(back) == 2  # it would lose what is in it
    assert "exists; to add to its labels, name it as --source as well" in capsys.readouterr().err
    again = ["data", "suggest", "--source", "labelled.jsonl", "--accept", "label.csv", "--out", "labelled.jsonl"]
    assert main(again) == 0
    assert "0 utterances newly labelled, 0 with another label than before, 1 as they were" in capsys.readouterr().out
    assert len(suggest("run", "labelled.jsonl")) == 1


def test_a_new_label_that_may_be_a_slip_is_named_with_the_one_it_is_like(here, capsys):
    (here / "y.csv").write_text("text,label\nmy tyre,card_arrival\nbye,\n", encoding="utf-8")
    (here / "label.csv").write_text("id,label,text\n2,card_arival,bye\n", encoding="utf-8")
    assert main(["data", "suggest", "--source", "y.csv", "--accept", "label.csv", "--out", "z.jsonl"]) == 0
    assert capsys.readouterr().err == "new labels: card_arival (1, like card_arrival)\n"
    assert len(accept_labels("y.csv", "label.csv").dialogues) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--source", "x.csv", "--out", "o"], "expected --workdir, to suggest, or --accept"),
        (["--source", "x.csv", "--workdir", "r", "--accept", "l", "--out", "o"], "expected --workdir, to suggest, or"),
        (["--source", "x.csv", "--workdir", "r", "--out", "x.csv"], "--out x.csv: exists, perhaps with labels"),
        (["--source", "x.csv", "--workdir", "r", "--out", "none/o"], "--out: expected an existing folder"),
        (["--source", "x.csv", "--workdir", "r", "--out", "o", "--n", "0"], "n: expected at least 1, found 0"),
        (["--source", "none.csv", "--workdir", "r", "--out", "o"], "none.csv: expected dialogues or rows"),
        (["--source", "x.csv", "--accept", "none.csv", "--out", "o"], "none.csv: cannot be read"),
        (["--source", "x.csv", "--workdir", "r", "--out", "o", "--text-field", "words"], "field words: expected an"),
    ],
)
def test_mistakes_write_nothing(here, capsys, arguments, message):
    before = sorted(here.iterdir())
    assert main(["data", "suggest", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "message"), [("text,label\na,b\n", "utterances without a label"), ("text\n", "words")]
)
def test_a_source_with_nothing_to_label(here, text, message):
    (here / "full.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=f"full.csv: expected {message}"):
        suggest("run", "full.csv")
