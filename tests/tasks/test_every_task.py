"""What holds for every task alike, each on a tiny model and one record."""

import dataclasses

import jax
import numpy as np
import pytest

from space_jax.corpora.sql_conversations import Column
from space_jax.dialogue import parse_tree
from space_jax.dialogue.record import USER
from space_jax.tasks.columns.config import ColumnsConfig
from space_jax.tasks.columns.records import ColumnsRecord
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.dialogue.records import ContextTurn, DialogueRecord, SystemTurn
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.records import IntentRecord
from space_jax.tasks.parse.config import ParseConfig
from space_jax.tasks.parse.records import of_tree
from space_jax.tasks.reading.config import ReadingConfig
from space_jax.tasks.reading.records import ReadingRecord
from space_jax.tasks.registry import task_class
from space_jax.tasks.slots.config import SlotsConfig
from space_jax.tasks.slots.records import SlotRecord
from space_jax.tasks.track.config import TrackConfig, TrackTextConfig
from space_jax.tasks.track.records import TrackRecord
from space_jax.training.random_keys import step_keys
from space_jax.training.sharding import unbox

TRACKED = TrackRecord("t", "t", ((1, "a hotel"), (0, "where ?"), (1, "north")), after={"hotel-area": ("north",)})
ACTS = (PlannedAct("hotel", "inform"),)
TABLE_COLUMNS = (Column("hotels", "area", "text"), Column("hotels", "stars", "number"))
TASKS = {
    "column_roles": (
        ColumnsConfig(max_tokens=24, dialogue_tokens=12, most_columns=3),
        ColumnsRecord("c", ("north",), TABLE_COLUMNS, ("", ""), ("SELECT", "")),
    ),
    "intent": (IntentConfig(max_tokens=10), IntentRecord("i", "a table for two", "book")),
    "slots": (SlotsConfig(max_tokens=10), SlotRecord("s", "table for two", (), (("people", 10, 13),), ("book",))),
    "parse": (
        ParseConfig(max_words=4, width=8),
        of_tree("p", "the hotel", parse_tree.parse("[IN:BOOK the [SL:PLACE hotel ] ]")),
    ),
    "reading": (
        ReadingConfig(max_tokens=10, window=10, overlap=2, max_question=6),
        ReadingRecord("r", "time", "table for two", ((10, 13),)),
    ),
    "track": (TrackConfig(max_tokens=10, context=24), TRACKED),
    "track_text": (TrackTextConfig(max_tokens=10, context=24, written=16), TRACKED),
    "dialogue": (
        DialogueConfig(
            context_length=24,
            target_length=60,
            max_turns=4,
            max_turn_tokens=10,
            max_state_tokens=16,
            max_act_tokens=10,
            max_response_tokens=12,
        ),
        DialogueRecord(
            "d", (ContextTurn(USER, "north"),), SystemTurn({"hotel": {}}, ("[db_1]",), ACTS, "two"), ("inform",)
        ),
    ),
}


def make_task(name, tokenizer, model, recipe):
    config, record = TASKS[name]
    kind = task_class(name)
    return kind(config, kind.make_labels(config, [record]), tokenizer, model, recipe), record


# A pass through the one layer has a mask where it embeds tokens, and four in the layer.
@pytest.mark.parametrize(
    ("name", "masks"),
    [
        ("intent", 2 * (5 + 5 + 1) + 5),  # two views of context, prompts and head; masked tokens
        ("column_roles", 5),
        ("slots", 5 + 1),
        ("reading", 5 + 1),
        ("parse", 5 + 4),  # both sides, before and behind their layer
        ("track", 5 + 3),
        ("track_text", 5 + 5),
        ("dialogue", 4 * 5),  # context, both prompts, target
    ],
)
def test_no_two_masks_of_a_step_share_a_key(drawn_keys, tokenizer, tiny_model, name, masks):
    task, record = make_task(name, tokenizer, dataclasses.replace(tiny_model, dropout=0.1), "space3")
    batch = task.collate([task.example(record)], 2, np.random.default_rng(0))
    params = unbox(jax.jit(task.init)(jax.random.key(0), batch))
    jax.block_until_ready(jax.jit(lambda *given: task.forward(*given, step_keys(0, 0, 0)).terms)(params, batch))
    jax.effects_barrier()
    assert len(drawn_keys) == masks
    assert len(set(drawn_keys)) == masks


@pytest.mark.parametrize(
    "name", ["reading", *(pytest.param(n, marks=pytest.mark.slow) for n in ("column_roles", "slots", "parse", "track"))]
)
def test_a_process_reads_its_own_rows(tokenizer, tiny_model, name):
    """Behind the rows of another process, whose places hold nothing, as `feed.to_mesh` puts them."""
    task, record = make_task(name, tokenizer, tiny_model, None)
    alone, nothing = (task.collate(examples, 1, None) for examples in ([task.example(record)], []))
    both = jax.tree.map(lambda *parts: np.concatenate(parts), nothing, alone.behind(nothing.shape.rows))
    params = unbox(jax.jit(task.init)(jax.random.key(0), alone))
    together, apart = (jax.jit(task.infer)(params, batch) for batch in (both, alone))
    for output, array in apart.items():
        np.testing.assert_allclose(together[output][1:], array, atol=1e-5)
