"""SParC and CoSQL: uses of columns in parsed queries by hand, the loader on small made-up files."""

import json

import pytest

from space_jax.corpora import corpus
from space_jax.corpora.sql_conversations import conversations
from space_jax.corpora.sql_uses import Use, frames, roles, uses
from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.errors import UserError

EMPTY = {"groupBy": [], "having": [], "orderBy": [], "where": [], "limit": None} | dict.fromkeys(
    ("intersect", "union", "except")
)


def unit(column, aggregate=0, other=None):
    return [0, [aggregate, column, False], None if other is None else [0, other, False]]


def query(*selected, tables=(0,), conds=(), **clauses):
    """A parse: `selected` are columns, or (aggregate, column)."""
    pairs = [one if isinstance(one, tuple) else (0, one) for one in selected]
    made = {"select": [False, [[aggregate, unit(column)] for aggregate, column in pairs]]}
    made["from"] = {"table_units": [["table_unit", table] for table in tables], "conds": list(conds)}
    return EMPTY | made | clauses


def where(column, operator, value, negated=False, second=None):
    return [negated, operator, unit(column), value, second]


def roles_of(sql, columns=6):
    return roles(uses(sql, columns, "here"), columns)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (query(0), {0: "SELECT"}),
        (query(1, (3, 2)), {1: "SELECT", 2: "SELECT COUNT"}),
        (query(1, where=[where(2, 2, '"USA"'), "or", where(3, 3, 5.0)]), {1: "SELECT", 2: "WHERE =", 3: "WHERE >"}),
        (query(1, where=[where(1, 9, "'%a%'", negated=True)]), {1: "SELECT WHERE NOT LIKE"}),
        (query(1, where=[where(2, 1, 1, second=3)]), {1: "SELECT", 2: "WHERE BETWEEN"}),
        (
            query((3, 1), orderBy=["desc", [unit(1)]], limit=1),
            {1: "SELECT COUNT ORDER_BY DESC LIMIT"},
        ),
        (query(1, orderBy=["asc", [unit(2, 3)]]), {1: "SELECT", 2: "ORDER_BY COUNT ASC"}),
        (
            query(1, groupBy=[[0, 2, False]], having=[[False, 5, unit(0, 3), 3.0, None]]),
            {1: "SELECT", 2: "GROUP_BY", 0: "HAVING COUNT >="},
        ),
        (
            query(1, tables=(0, 1), conds=[[False, 2, unit(2), [0, 4, False], None]]),
            {1: "SELECT", 2: "FROM =", 4: "FROM ="},
        ),
        (
            query(1, where=[where(2, 8, query(3, where=[where(4, 2, "x")]))]),
            {1: "SELECT", 2: "WHERE IN", 3: "OP_SEL SELECT", 4: "OP_SEL WHERE ="},
        ),
        (query(1, intersect=query(1, where=[where(2, 2, 1)])), {1: "SELECT INTERSECT", 2: "INTERSECT WHERE ="}),
        (query(1, **{"except": query(3)}), {1: "SELECT", 3: "EXCEPT SELECT"}),
        ({**query((0, 1)), "select": [True, [[1, unit(1, 0, 2)]]]}, {1: "SELECT MAX", 2: "SELECT MAX"}),
    ],
)
def test_roles_by_hand(sql, expected):
    assert roles_of(sql) == tuple(expected.get(column, "") for column in range(6))


def test_a_table_can_be_a_query():
    sql = query(1)
    sql["from"]["table_units"] = [["sql", query((5, 2))]]
    assert roles_of(sql)[:3] == ("", "SELECT", "OP_SEL SELECT AVG")


def test_frames_are_clauses_with_columns_and_values():
    found = uses(query(1, where=[where(2, 2, '"USA"'), "and", where(2, 1, 1, second=3)]), 6, "here")
    assert found[1] == Use(2, "WHERE", ("WHERE", "="), "USA")
    names = [f"t.c{number}" for number in range(6)]
    assert frames(found, names, "shop") == (
        Frame("shop", "select", (Slot("t.c1"),)),
        Frame("shop", "where", (Slot("t.c2", (Value("USA"), Value("1 3"))),)),
    )


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ({}, "expected a parsed query as in Spider, found another form"),
        ({**query(1), "select": 5}, "another form"),
        ({**query(1), "select": [False, [[9, unit(1)]]]}, "another form"),
        ({**query(1), "where": [[False, 2]]}, "another form"),
        ({**query(1), "where": "no"}, "another form"),
        (query(6), "expected columns from 0 to 5, found 6"),
        (query("a"), "expected columns from 0 to 5, found 'a'"),
        (query(True), "expected columns from 0 to 5, found True"),
        (query(-1), "found -1"),
    ],
)
def test_what_is_no_query_is_one_sentence(sql, problem):
    with pytest.raises(UserError, match=f"here: field sql: .*{problem}"):
        uses(sql, 6, "here")


TABLES = [
    {
        "db_id": "flights",
        "table_names": ["airlines", "airports"],
        "column_names": [[-1, "*"], [0, "Airline Name"], [0, "country"], [1, "city"]],
        "column_types": ["text", "text", "text", "text"],
    }
]
TALK = {
    "database_id": "flights",
    "final": {"utterance": "not read"},
    "interaction": [
        {"utterance": "What are  all airlines?", "sql": query(0)},
        {"utterance": "Of these, US ones?", "sql": query(1, where=[where(2, 2, '"USA"')])},
    ],
}


@pytest.fixture
def source(tmp_path):
    (tmp_path / "tables.json").write_text(json.dumps(TABLES))
    (tmp_path / "train.json").write_text(json.dumps([TALK, TALK]))
    return tmp_path


def test_a_conversation_by_value(source):
    first, second = corpus("sparc").load(source, "train")
    assert (first.id, second.id) == ("train-0", "train-1")
    assert [turn.text for turn in first.turns] == ["What are all airlines?", "Of these, US ones?"]
    assert {turn.role for turn in first.turns} == {"user"}
    assert first.turns[1].frames == (
        Frame("flights", "select", (Slot("airlines.airline name"),)),
        Frame("flights", "where", (Slot("airlines.country", (Value("USA"),)),)),
    )
    assert first.turns[0].frames == (Frame("flights", "select", (Slot("*"),)),)
    one = next(conversations(source, "train"))
    assert [one.roles(number) for number in (0, 1)] == [("SELECT", "", "", ""), ("", "SELECT", "WHERE =", "")]
    assert [column.full_name for column in one.columns] == [
        "*",
        "airlines.Airline Name",
        "airlines.country",
        "airports.city",
    ]


@pytest.mark.parametrize("name", ["dev.json", "cosql_dev.json", "sql_state_tracking/cosql_dev.json"])
def test_the_names_of_both_releases(source, name):
    (source / name).parent.mkdir(exist_ok=True)
    (source / name).write_text(json.dumps([TALK]))
    assert corpus("cosql").available_splits(source) == ("train", "validation")
    assert [one.id for one in corpus("cosql").load(source, "validation")] == ["validation-0"]


def test_what_is_missing_or_wrong_is_one_sentence(source):
    def refused(match, talk=TALK, tables=TABLES):
        (source / "train.json").write_text(json.dumps([talk]))
        (source / "tables.json").write_text(json.dumps(tables))
        with pytest.raises(UserError, match=match):
            list(corpus("sparc").load(source, "train"))

    refused(r"dialogue 0: field database_id: expected a database .*, found 'shop'", TALK | {"database_id": "shop"})
    refused("dialogue 0: field interaction: expected at least one turn", TALK | {"interaction": []})
    refused("dialogue 0, turn 0: field sql: expected dict", TALK | {"interaction": [{"utterance": "a", "sql": None}]})
    refused(
        "database 0: column 0: expected .table, name., found", tables=[TABLES[0] | {"column_names": [[2, "x"]] * 4}]
    )
    refused("expected a type for each of 4 columns, found 1", tables=[TABLES[0] | {"column_types": ["text"]}])
    (source / "tables.json").unlink()
    with pytest.raises(UserError, match=r"expected tables.json"):
        list(corpus("sparc").load(source, "train"))
    with pytest.raises(UserError, match=r"expected dev.json or cosql_dev.json"):
        list(corpus("sparc").load(source, "validation"))
