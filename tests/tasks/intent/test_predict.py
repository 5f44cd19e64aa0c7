"""Prediction and evaluation with a finished run, from the command line and from Python."""

import dataclasses
import io
import json
import re
import shutil

import numpy as np
import pytest

from space_jax.api.finetuned import Finetuned
from space_jax.api.runs import evaluate
from space_jax.cli import main
from space_jax.errors import UserError
from space_jax.tasks.predictor import Predictor
from space_jax.tasks.row_predictions import evaluate_file, predict_rows, rows_from, to_line
from tests.tasks.intent.conftest import rows, write_jsonl


@pytest.fixture(scope="module")
def trained(finished):
    return Predictor(finished[0], batch_size=8)


@pytest.fixture(scope="module")
def model(trained):
    return Finetuned(trained)


LINES = [
    b'{"id": "first", "text": "book a table", "label": "never seen"}',
    b'{"text": ""}',
    b'{"text": "   \\t "}',
    b"{not json",
    b'["a", "list"]',
    b'{"text": "caf\xe9"}',
    b'{"utterance": "book a table"}',
    b'{"text": 7}',
    '{"text": "😀 🚕 ?"}'.encode(),
    '{"text": "отмените столик"}'.encode(),
    json.dumps({"text": "cancel the room " * 625}).encode(),
    b'{"text": "\\ud800 cancel"}',
    b"",
    b'{"text": "hello the seat"}',
]


def test_a_bad_line_is_an_error_of_its_own_and_the_rest_goes_on(trained):
    said = list(predict_rows(trained, rows_from("-", io.BytesIO(b"\n".join(LINES))), 8))
    assert len(said) == len(LINES) - 1  # the blank one
    assert [one.get("line") for one in said] == [None, 2, 3, 4, 5, 6, 7, 8, None, None, None, 12, None]
    assert [one["id"] for one in said if "id" in one] == ["first", "9", "10", "11", "14"]
    assert said[0]["label"] == "book"
    assert said[-1]["label"] == "greet"
    assert said[10] == {**said[10], "label": "cancel", "cut_to_tokens": 6}
    assert "expected an utterance, found ''" in said[1]["error"]
    assert "expected JSON, found it damaged" in said[3]["error"]
    assert "standard input:6" in said[5]["error"]
    assert "half a surrogate pair" in said[11]["error"]
    for one in said:
        assert json.loads(to_line(one).encode()) == one
        if "error" not in one:
            assert 0 < one["score"] <= 1
            assert one["score"] >= one["next"][0]["score"] >= one["next"][1]["score"]


def damaged(finished, tmp_path, name, change):
    """A copy of the run, in which a JSON file says something else."""
    workdir = shutil.copytree(finished[0], tmp_path / "run")
    said = json.loads((workdir / name).read_text())
    (workdir / name).write_text(json.dumps(change(said)))
    return workdir


def in_another_order(said):
    return said | {"labels": said["labels"][::-1]}


def one_less(said):
    return {name: values[:-1] for name, values in said.items()}


@pytest.mark.parametrize("change", [in_another_order, one_less, lambda said: None, lambda said: [], lambda said: 5])
def test_labels_that_are_not_those_of_training_are_refused(finished, tmp_path, change):
    with pytest.raises(UserError, match=r"labels.json: holds other labels than the run was trained with; put back"):
        Predictor(damaged(finished, tmp_path, "labels.json", change))


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [("model", "layers", 7), ("task", "max_tokens", 7), ("data", "train", "other.jsonl"), ("model", "dropout", 0.3)],
)
def test_a_configuration_that_is_not_that_of_training_is_refused(finished, tmp_path, capsys, part, field, value):
    workdir = damaged(finished, tmp_path, "config.json", lambda said: said | {part: said[part] | {field: value}})
    expected = rf"config.json: field {part}.{field} is {value!r}, and the run was trained with .*; put back the file"
    with pytest.raises(UserError, match=expected):
        Predictor(workdir)
    if part == "model":
        assert main(["convert", "to-bert", str(workdir), "--out", str(tmp_path / "bert")]) == 2
        assert re.search(expected, capsys.readouterr().err)
        assert not (tmp_path / "bert").exists()


def test_a_field_that_is_missing_is_no_default(finished, tmp_path):
    def without(said):
        del said["task"]["max_tokens"]
        return said

    with pytest.raises(UserError, match=r"config.json: field task.max_tokens is \d+, and the run was trained with 6"):
        Predictor(damaged(finished, tmp_path, "config.json", without))


def test_what_may_change_in_a_run_that_goes_on_may_change_here(finished, tmp_path):
    free = damaged(finished, tmp_path, "config.json", lambda said: said | {"train": said["train"] | {"log_every": 7}})
    assert Predictor(free).config.train.log_every == 7


def test_the_batch_does_not_matter(model):
    texts = [row["text"] for row in rows(0, 20)]
    together = model.predict(texts)
    for text, one in zip(texts, together, strict=True):
        alone = model.predict([text])[0]
        assert alone["label"] == one["label"]
        assert alone["score"] == pytest.approx(one["score"], abs=1e-4)


def test_the_commands_read_csv(finished, tmp_path, capsysbinary, monkeypatch):
    path = tmp_path / "mine.csv"
    path.write_text(
        'text,label\n"hello, the\nseat",greet\nbook a room,book\nhi,unheard\n,book\nx,y,z\n', encoding="utf-8"
    )
    assert main(["predict", "--workdir", str(finished[0]), "--input", str(path), "--batch-size", "8"]) == 0
    said = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert [one.get("label") for one in said] == ["greet", "book", "greet", None, None]
    assert "expected 2 columns (text, label), found 3" in said[-1]["error"]
    page = tmp_path / "errors.html"
    given = ["evaluate", "--workdir", str(finished[0]), "--input", str(path), "--json", "--errors", str(page)]
    assert main(given) == 0
    out = capsysbinary.readouterr()
    measured = json.loads(out.out)
    assert measured["accuracy"] == pytest.approx(2 / 3)
    assert (measured["records"], measured["left_out"]) == (3, 2)
    assert out.err.count(b"left out: ") == 2
    shown = page.read_text().replace("<wbr>", "")
    assert "no prediction can be right: unheard." in shown
    assert f'hi <span class="note">{path}:5, score' in shown  # the line of the file
    assert "train.jsonl:" in shown  # that of the nearest training utterance
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"text": "hi"}\n')))
    assert main(["predict", "--workdir", str(finished[0]), "--input", "-"]) == 0
    assert json.loads(capsysbinary.readouterr().out)["label"] == "greet"


def test_the_model_in_python(model):
    assert [one["label"] for one in model.predict(["book a seat", {"text": "undo the taxi"}])] == ["book", "cancel"]
    assert model.predict([]) == []
    assert (model.task.name, model.task.labels["labels"]) == ("intent", ["book", "cancel", "greet"])
    vectors = model.embed(["book a seat", "hi"])
    assert (vectors.shape, vectors.dtype) == ((2, 8), np.float32)
    assert model.embed([]).shape == (0, 8)
    for method in (model.predict, model.embed):
        for one in ("hi", {"text": "hi"}):
            with pytest.raises(UserError, match=f"expected a list of inputs, found one {type(one).__name__}"):
                method(one)
        with pytest.raises(UserError, match="input 2: field text"):
            method(["hi", ""])


def test_evaluation_in_python(finished, world, tmp_path):
    workdir, results = finished
    measured = evaluate(str(workdir))
    assert (measured.step, measured.measured, measured.records) == (results["step"], "validation", 9)
    assert measured.scores["accuracy"] == results["accuracy"]
    with pytest.raises(UserError, match=r"config field data\.test: expected"):
        evaluate(workdir, "test")
    test = write_jsonl(tmp_path / "test.jsonl", [*rows(36, 6), {"text": ""}])
    moved = evaluate(workdir, "test", overrides={"data.test": str(write_jsonl(tmp_path / "t.jsonl", rows(36, 6)))})
    by_file = evaluate(workdir, input=test, errors=tmp_path / "errors.html")
    assert by_file == dataclasses.replace(moved, measured="test.jsonl", left_out=by_file.left_out)
    assert len(by_file.left_out) == 1
    assert "errors on test.jsonl" in (tmp_path / "errors.html").read_text()


def test_a_file_without_labels_cannot_be_scored(trained, tmp_path):
    path = tmp_path / "bare.jsonl"
    write_jsonl(path, [{"text": "hi"}])
    with pytest.raises(UserError, match=r"bare\.jsonl: expected labelled records, found none"):
        evaluate_file(trained, path)


def test_evaluation_says_which_labels_training_lacks(finished, tmp_path, capfd):
    lines = ["text,label", "book a table,book", "hello,Greet", "hi,Greet", "drop it,cancel"]
    (tmp_path / "capitals.csv").write_text("\n".join(lines) + "\n")
    assert main(["evaluate", "--workdir", str(finished[0]), "--input", str(tmp_path / "capitals.csv"), "--json"]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["records"] == 4
    assert err == (
        "capitals.csv has 1 label that training lacks and no prediction equals: 'Greet' (2, nearest 'greet')\n"
    )


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="not the workdir of a fine-tuning run"):
        Predictor(tmp_path)
