"""Records of dialogues: contexts, states as they are written, sequences token by token."""

import dataclasses

import pytest

from space_jax.corpora.simulated import BRISK, simulate
from space_jax.dialogue.jsonl import dialogue_to_json, write_jsonl
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError
from space_jax.features.wordpiece_tokenizer import WordPieceTokenizer
from space_jax.tasks.config import DataSource
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.dialogue.records import (
    ContextTurn,
    DialogueRecord,
    SystemTurn,
    in_order,
    offered_names,
    records_of,
    records_with,
    value_changes,
)
from space_jax.tasks.dialogue.sequence import Sequences
from space_jax.tasks.dialogue.splits import read_records
from space_jax.tasks.dialogue.task import DialogueTask
from space_jax.world.backend import Tables
from space_jax.world.corpus_worlds import SimulatedBackend
from space_jax.world.database import Database
from tests.agent.conftest import CONFIG, write_vocabulary

PROPOSE = (Frame("hotel", "propose", (Slot("name", (Value("Ivy"),)),)),)
DIALOGUE = Dialogue(
    "d",
    (
        Turn(
            USER,
            "a hotel in the north",
            state={"taxi": {}, "hotel": {"area": ("north",)}},
            frames=(Frame("hotel", "inform"),),
        ),
        Turn(SYSTEM, "Ivy ?", frames=PROPOSE, acts=("propose",), delexicalised="[hotel_name] ?"),
        Turn(USER, "yes", state={"hotel": {"area": ("north",), "name": ("Ivy",)}, "taxi": {}}, frames=()),
        Turn(SYSTEM, "good", frames=(), acts=()),
        Turn(SYSTEM, "bye"),
        Turn(USER, "a taxi to ivy", state={"hotel": {"area": ("north",), "name": ("Ivy",)}, "taxi": {"to": ("Ivy",)}}),
        Turn(SYSTEM, "where from"),
    ),
)


def test_a_record_for_each_answer():
    records = list(records_of(DIALOGUE))
    assert [record.id for record in records] == ["d-1", "d-3", "d-6"]
    assert [len(record.context) for record in records] == [1, 3, 6]
    assert records[1].context[1].text == "[hotel_name] ?"
    assert records[1].target.acts == ()
    assert (records[2].target.acts, records[2].act_names) == (None, None)


def test_a_name_that_only_the_system_said_stays_offered():
    states = [record.target.state for record in records_of(DIALOGUE)]
    assert [list(state) for state in states] == [["taxi", "hotel"], ["taxi", "hotel"], ["hotel", "taxi"]]
    assert states[1]["hotel"]["name"] == ("offered",)
    assert states[2]["hotel"]["name"] == ("offered",)  # though the user has said it since
    assert states[2]["taxi"]["to"] == ("Ivy",)
    plain = [record.target.state for record in records_of(DIALOGUE, offered=False)]
    assert plain[1]["hotel"]["name"] == ("Ivy",)


def test_a_value_changes_where_another_stood_before():
    area, name = ({"area": ("north",)}, {"area": ("north",), "name": ("Ivy",)})

    def record(before, after):
        said = () if before is None else (ContextTurn(SYSTEM, "?", before),)
        return DialogueRecord("r", (*said, ContextTurn(USER, "!")), SystemTurn(after, (), None, ""), None)

    assert value_changes(record({"hotel": area}, {"hotel": {"area": ("south",)}}))
    for before, after in (
        (None, {"hotel": area}),
        ({"hotel": area}, None),
        ({"hotel": area}, {"hotel": name}),
        ({"hotel": name}, {"hotel": name | {"name": ("Oak",)}}),
        ({"hotel": name}, {"hotel": area}),
        ({"hotel": area}, {"taxi": {"area": ("south",)}}),
    ):
        assert not value_changes(record(before, after))


def test_the_domain_spoken_of_last_stands_last():
    state = {"a": {"x": ("1",)}, "b": {"y": ("2",)}}
    assert list(in_order(state, {}, None)) == ["a", "b"]
    assert list(in_order(state, {"b": {"y": ("2",)}}, None)) == ["b", "a"]
    assert list(in_order(state, {}, [Frame("b", "inform"), Frame("a", "inform"), Frame("general", "bye")])) == [
        "b",
        "a",
    ]
    assert list(in_order(state, {"b": state["b"], "a": state["a"]}, ())) == ["b", "a"]


def test_the_database_answers_the_true_states():
    records = list(records_with(next(simulate(1, 1, manner=BRISK)), SimulatedBackend()))
    assert all(record.target.database[0].startswith("[db_") for record in records)
    assert offered_names(DIALOGUE.turns[1]) == {"hotel": ("Ivy",)}
    assert {record.target.database for record in records_with(DIALOGUE, Tables(Database({})))} == {("[db_nores]",)}


@pytest.fixture(scope="module")
def sequences(tmp_path_factory):
    tokenizer = WordPieceTokenizer.from_vocabulary(write_vocabulary(tmp_path_factory.mktemp("v")))
    return Sequences(tokenizer, CONFIG, "space3")


def named(sequences, ids):
    return " ".join(map(sequences.tokenizer.token, ids.tolist()))


def test_a_target_token_by_token(sequences):
    record = next(iter(records_of(DIALOGUE, {1: ("[db_1]",)})))
    target = sequences.target(record.target)
    assert named(sequences, target.ids) == (
        "<sos_b> taxi ; hotel area : north <eos_b> <sos_db> [db_1] <eos_db> "
        "<sos_a> hotel propose name <eos_a> <sos_r> [ hotel _ name ] ? <eos_r>"
    )
    assert target.positions.tolist() == [*range(8), *range(3), *range(5), *range(8)]
    assert target.parts.tolist() == [0, *[1] * 7, 0, 0, 0, 0, *[2] * 4, 0, *[3] * 7]


def test_only_the_last_system_turn_keeps_its_state(sequences):
    context = sequences.context(list(records_of(DIALOGUE))[1].context)
    assert named(sequences, context.ids) == (
        "<sos_u> a hotel in the north <eos_u> <sos_b> taxi ; hotel area : north <eos_b> "
        "<sos_a> hotel propose name <eos_a> <sos_r> [ hotel _ name ] ? <eos_r> <sos_u> yes <eos_u>"
    )
    assert context.turns.tolist() == [*[3] * 7, *[2] * 21, *[1] * 3]
    assert context.roles.tolist() == [*[1] * 7, *[0] * 21, *[1] * 3]
    assert context.positions.tolist() == [*range(7), *range(8), *range(5), *range(8), *range(3)]


def test_sequences_for_weights_of_space1(sequences):
    """Turns and responses as its pre-training had them; the marks of what it never saw are those of the others."""
    ours = Sequences(sequences.tokenizer, CONFIG, "space1")
    first, second = list(records_of(DIALOGUE, {1: ("[db_1]",)}))[:2]
    assert named(ours, ours.target(first.target).ids) == (
        "<sos_b> taxi ; hotel area : north <eos_b> <sos_db> [db_1] <eos_db> "
        "<sos_a> hotel propose name <eos_a> [BOS] [ hotel _ name ] ? [EOS]"
    )
    context = ours.context(second.context)
    assert named(ours, context.ids) == (
        "a hotel in the north [EOS] <sos_b> taxi ; hotel area : north <eos_b> "
        "<sos_a> hotel propose name <eos_a> [ hotel _ name ] ? [EOS] yes [EOS]"
    )
    assert context.positions.tolist() == [*range(6), *range(8), *range(5), *range(7), *range(2)]
    assert context.turns.tolist() == [*[3] * 6, *[2] * 20, *[1] * 2]


def test_long_turns_and_contexts_are_cut_in_front(sequences):
    records = list(records_of(Dialogue("d", (Turn(USER, "north " * 5000), Turn(SYSTEM, "good " * 500)))))
    context, target = sequences.context(records[0].context), sequences.target(records[0].target)
    assert len(context) == CONFIG.max_turn_tokens + 2
    assert len(target.ids) == CONFIG.max_response_tokens + 1
    assert named(sequences, target.ids).endswith("good <eos_r>")
    # The closing mark behind the cut is there, but nobody is to learn it.
    assert target.parts.tolist() == [0, *[3] * (CONFIG.max_response_tokens - 1), 0]


def test_a_text_that_just_fits_ends_with_its_closing_mark(sequences):
    for extra, last in ((-1, 3), (0, 0)):
        turn = SystemTurn(None, (), None, "good " * (CONFIG.max_response_tokens + extra))
        assert sequences.target(turn).parts.tolist()[-2:] == [3, last]


def test_cut_states_and_acts_end_without_a_target(sequences):
    state = {"hotel": {"name": ("good " * CONFIG.max_state_tokens,)}}
    acts = tuple(PlannedAct("hotel", "inform", ("area",)) for _ in range(CONFIG.max_act_tokens))
    target = sequences.target(SystemTurn(state, ("[db_1]",), acts, "good"))
    assert target.parts.tolist() == [
        *[0, *[1] * (CONFIG.max_state_tokens - 1), 0],
        *[0, 0, 0],
        *[0, *[2] * (CONFIG.max_act_tokens - 1), 0],
        *[0, 3, 3],
    ]


def test_of_a_long_state_the_last_domains_are_kept(sequences):
    state = {"hotel": {"area": ("north " * 9,), "name": ("good " * 9,)}, "taxi": {"area": ("south",)}}
    ids = sequences.state(state)
    assert " ".join(map(sequences.tokenizer.token, ids)) == "<sos_b> taxi area : south <eos_b>"
    alone = sequences.state({"hotel": state["hotel"]})
    assert (len(alone), alone[-1]) == (CONFIG.max_state_tokens + 1, ids[-1])


def test_what_is_not_annotated_is_left_out(sequences):
    dialogue = Dialogue("d", (Turn(USER, "a hotel"), Turn(SYSTEM, "good"), Turn(USER, "yes"), Turn(SYSTEM, "bye")))
    records = list(records_of(dialogue))
    assert named(sequences, sequences.target(records[0].target).ids) == "<sos_r> good <eos_r>"
    assert named(sequences, sequences.context(records[1].context).ids).split()[4:7] == ["<sos_r>", "good", "<eos_r>"]


@pytest.mark.parametrize(("database", "token"), [("", "[db_nores]"), ("taxi.csv", "[db_1]")])
def test_a_row_is_about_the_tables_of_the_configuration(tmp_path, database, token):
    """Without tables the model is told what the agent will tell it, not nothing."""
    (tmp_path / "taxi.csv").write_text("name\nA1\n")
    config = DialogueConfig(database=database and str(tmp_path / database))
    record = DialogueTask.read_row(config, dialogue_to_json(DIALOGUE), "a.jsonl:1", 1)
    assert record.target.database == (token,)


def test_splits():
    source = DataSource(corpus="simulated", options=("dialogues=3",))
    train, held_out = (read_records(DialogueConfig(), source, split) for split in ("train", "validation"))
    assert not {record.id for record in train} & {record.id for record in held_out}
    assert all(record.target.acts for record in train)


def test_a_jsonl_file_with_a_database(tmp_path):
    write_jsonl(tmp_path / "train.jsonl", [DIALOGUE])
    (tmp_path / "hotel.csv").write_text("name,area\nIvy,north\nOak,south\n")
    config = DialogueConfig(database=str(tmp_path / "hotel.csv"))
    records = read_records(config, DataSource(train=str(tmp_path / "train.jsonl")), "train")
    assert [record.target.database for record in records] == [("[db_1]",), ("[db_1]",), ("[db_nores]",)]
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(UserError, match="no system turn"):
        read_records(config, DataSource(train=str(tmp_path / "empty.jsonl")), "train")


def test_limits_that_do_not_fit():
    with pytest.raises(UserError, match="target_length"):
        dataclasses.replace(CONFIG, target_length=20)
