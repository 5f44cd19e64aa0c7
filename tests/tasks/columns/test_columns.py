"""Roles of columns: records, what is read of them, scores by hand, and that they are learnt."""

import dataclasses
import json

import numpy as np
import pytest

from space_jax.cli import main
from space_jax.corpora.sql_conversations import Column
from space_jax.errors import UserError
from space_jax.tasks.columns.config import ColumnsConfig
from space_jax.tasks.columns.records import ColumnsRecord, of_row
from space_jax.tasks.columns.task import ColumnsTask
from space_jax.tasks.config import DataSource
from tests.convert.bert_folder import bert_state, write_bert_folder
from tests.corpora.test_sql_conversations import TABLES, TALK

COLUMNS = (Column("", "*", "text"), Column("hotels", "area", "text"), Column("hotels", "stars", "number"))
RECORD = ColumnsRecord("r", ("a hotel", "north"), COLUMNS, ("", "SELECT", ""), ("SELECT", "WHERE =", ""))


def a_task(tokenizer, model, **fields):
    config = ColumnsConfig(**{"max_tokens": 40, "dialogue_tokens": 16, "most_columns": 4, **fields})
    return ColumnsTask(config, ColumnsTask.make_labels(config, [RECORD]), tokenizer, model, "star")


@pytest.fixture
def source(tmp_path):
    (tmp_path / "tables.json").write_text(json.dumps(TABLES))
    (tmp_path / "train.json").write_text(json.dumps([TALK]))
    return tmp_path


def test_records_of_a_corpus_have_the_roles_of_the_turn_before(source):
    given = DataSource(corpus="sparc", source=str(source))
    first, second = ColumnsTask.read_split(ColumnsConfig(), given, "train")
    assert (first.id, second.id) == ("train-0-0", "train-0-1")
    assert second.utterances == ("What are all airlines?", "Of these, US ones?")
    assert first.before == ("", "", "", "")
    assert second.before == first.roles == ("SELECT", "", "", "")
    assert second.roles == ("", "SELECT", "WHERE =", "")
    with pytest.raises(UserError, match="'sgd' has no SQL; expected sparc or cosql"):
        ColumnsTask.read_split(ColumnsConfig(), DataSource(corpus="sgd", source="x"), "train")
    with pytest.raises(UserError, match="split 'test' is not one of train, validation"):
        ColumnsTask.read_split(ColumnsConfig(), given, "test")


def test_records_of_a_line():
    columns = [{"table": "hotels", "name": "area", "type": "text", "before": "SELECT"}, {"table": "", "name": "*"}]
    row = {"utterances": ["a", "b"], "columns": columns, "roles": ["", "SELECT"], "id": 7}
    read = of_row(row, "f:1", 1)
    assert read == ColumnsRecord("7", ("a", "b"), (COLUMNS[1], Column("", "*", "")), ("SELECT", ""), ("", "SELECT"))
    assert of_row({"utterances": ["a"], "columns": columns}, "f:1", 3).roles is None
    for changed, problem in (
        ({"utterances": []}, "field utterances: expected a list of texts"),
        ({"utterances": "a"}, "field utterances"),
        ({"columns": []}, "field columns: expected a list of columns"),
        ({"columns": [{"table": "a"}]}, "field columns: 0: expected an object with the texts table and name"),
        ({"columns": [{"table": "a", "name": "b", "before": 1}]}, "field columns: 0"),
        ({"roles": ["a"]}, "field roles: expected one for each of 2 columns, found 1"),
        ({"roles": [1, 2]}, "field roles: expected a list of texts"),
    ):
        with pytest.raises(UserError, match=f"f:1: {problem}"):
            of_row(row | changed, "f:1", 1)


def test_labels_are_the_most_frequent_roles_and_nothing_first():
    records = [RECORD, RECORD, dataclasses.replace(RECORD, roles=("", "SELECT COUNT", ""))]
    labels = ColumnsTask.make_labels(ColumnsConfig(most_roles=3), records)
    assert labels == {"": 4, "SELECT": 2, "WHERE =": 2}
    assert next(iter(labels)) == ""
    with pytest.raises(UserError, match="expected some whose columns have roles, found none"):
        ColumnsTask.make_labels(ColumnsConfig(), [dataclasses.replace(RECORD, roles=("", "", ""))])


def test_columns_stand_behind_the_words_with_positions_of_their_own(tokenizer, tiny_model):
    task = a_task(tokenizer, tiny_model)
    example = task.example(RECORD)
    words = [tokenizer.encode(text) for text in ("text *", "text hotels area", "number hotels stars")]
    assert example.lengths.tolist() == [len(part) for part in words]
    count = int(example.lengths.sum())
    np.testing.assert_array_equal(example.encoded.ids[-count:], np.concatenate(words))
    assert example.encoded.positions[-count:].tolist() == list(range(count))
    assert set(example.encoded.turns[-count:].tolist()) == {0}
    assert example.roles.tolist() == [1, 2, 0]
    before = a_task(tokenizer, tiny_model, previous=True).example(RECORD)
    assert before.lengths[1] == len(tokenizer.encode("text hotels area SELECT"))
    batch = task.collate([example], 2, None)
    there = batch.rows["columns"][0]
    np.testing.assert_array_equal(np.bincount(there)[1:], example.lengths)
    assert batch.rows["known"][0].tolist() == [True, True, True, False]
    shuffled = {
        tuple(task.collate([example], 1, np.random.default_rng(seed)).context.positions[0][there > 0])
        for seed in range(20)
    }
    assert 3 < len(shuffled) <= 6
    assert {tuple(sorted(one)) for one in shuffled} == {tuple(range(count))}


def test_columns_that_do_not_fit_are_not_read_and_count_as_unused(tokenizer, tiny_model):
    task = a_task(tokenizer, tiny_model, most_columns=2)
    example = task.example(RECORD)
    assert len(example.lengths) == 2
    outputs = {"role": np.array([[1, 2]]), "score": np.array([[0.9, 0.8]])}
    (said,) = task.predictions(outputs, [example], {})
    assert said["unread"] == 1
    assert said["columns"][1] == {"column": 1, "name": "hotels.area", "role": "WHERE =", "score": 0.8}
    short = a_task(tokenizer, tiny_model, max_tokens=18, dialogue_tokens=16).example(RECORD)
    assert len(short.encoded) <= 18
    unseen = dataclasses.replace(RECORD, roles=("GROUP_BY", "", ""))
    assert task.collate([task.example(unseen)], 1, None).rows["known"][0].tolist() == [False, True]


def test_more_columns_than_positions_are_refused(tokenizer, tiny_model):
    with pytest.raises(UserError, match=r"task.max_tokens: columns may take .* positions, but the model has"):
        a_task(tokenizer, tiny_model, max_tokens=tiny_model.positions + 20)


def test_scores_by_hand(tokenizer, tiny_model):
    task = a_task(tokenizer, tiny_model)

    def said(*pairs):
        return {"columns": [{"column": number, "role": role} for number, role in pairs]}

    unknown = dataclasses.replace(RECORD, roles=None)
    records = [RECORD, RECORD, RECORD, unknown]
    predictions = [
        said((0, "SELECT"), (1, "WHERE =")),
        said((0, "SELECT"), (1, "SELECT"), (2, "SELECT")),
        said(),
        said((0, "SELECT")),
    ]
    scores = task.score(records, predictions)
    assert scores["used_f1"] == pytest.approx(2 * 3 / (5 + 6))
    assert scores["column_accuracy"] == pytest.approx((3 + 1 + 1) / 9)
    assert scores["columns_exact"] == pytest.approx(1 / 3)
    assert task.score([unknown], [said()]) == {"used_f1": 0.0, "column_accuracy": 0.0, "columns_exact": 0.0}
    assert task.side_by_side(RECORD, {"columns": []}) == ("north", "*: SELECT; hotels.area: WHERE =", "no column")


PIECES = (
    "[PAD]",
    *(f"[unused{n}]" for n in range(60)),
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "now",
    "later",
    "time",
    "day",
)


def test_roles_are_learnt_and_predicted(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    write_bert_folder(tmp_path / "bert", bert_state(pieces=PIECES, positions=32), pieces=PIECES)
    columns = [{"table": "", "name": "time"}, {"table": "", "name": "day"}]
    rows = [
        {"utterances": ["now"], "columns": columns, "roles": ["SELECT", ""]},
        {"utterances": ["later"], "columns": columns, "roles": ["WHERE =", "SELECT"]},
    ]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in 4 * rows))
    fields = {"data.corpus": "", "data.source": "", "data.train": "all.jsonl", "data.validation": "all.jsonl"}
    fields |= {"task.max_tokens": 16, "task.dialogue_tokens": 8, "task.most_columns": 2, "train.batch_size": 8}
    fields |= {"optimiser.learning_rate": 0.01, "optimiser.head_rate": 1.0, "task.unused_weight": 1.0, "dropout": 0.0}
    fields |= {"train.epochs": 150, "train.eval_every": 150}
    given = [f"--config.{name}={value}" for name, value in fields.items()]
    assert main(["finetune", "--config", "finetune/column_roles", "--workdir", "run", "--init", "bert", *given]) == 0
    assert json.loads(capfd.readouterr().out)["columns_exact"] == 1.0
    assert main(["predict", "--workdir", "run", "--input", "all.jsonl"]) == 0
    second = json.loads(capfd.readouterr().out.splitlines()[1])
    assert [column["role"] for column in second["columns"]] == ["WHERE =", "SELECT"]
