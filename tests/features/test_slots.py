"""Slots of examples: their words, roles and order, what is kept of them, and how they are stored."""

import dataclasses

import numpy as np
import pytest

from space_jax.config import DataConfig, StarConfig
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.dialogue.slot_roles import schema_of
from space_jax.errors import UserError
from space_jax.features.corpus_builder import prepare
from space_jax.features.example import Limits, dialogue_examples
from space_jax.features.layout import assemble
from space_jax.features.pipeline import eval_batches, train_batches
from space_jax.features.slots import NO_SLOTS, SlotMaker, Slots, flat, from_flat
from space_jax.features.star_items import star_item
from space_jax.features.storage import from_record, to_record

LIMITS = Limits(max_turns=4, max_turn_tokens=8, tree_elements=4)


def said(domain, **slots):
    return (Frame(domain, "inform", tuple(Slot(name, (Value(v),) if v else ()) for name, v in slots.items())),)


def dialogue(name="one", area="east"):
    turns = (
        Turn(USER, f"a hotel in the {area}", said("hotel", area=area)),
        Turn(SYSTEM, "the acorn", said("hotel", name="acorn")),
        Turn(USER, "its phone number and a train on friday", said("hotel", phone="") + said("train", day="friday")),
        Turn(SYSTEM, "123 and booked", said("hotel", phone="123")),
    )
    return Dialogue(name, turns)


SCHEMA = schema_of([dialogue()])


def words(tokenizer, *texts):
    return [token for text in texts for token in tokenizer.encode(text)]


def test_a_slot_is_its_name_and_the_role_it_had(word_tokenizer):
    made = SlotMaker(SCHEMA, word_tokenizer).of_turns(dialogue().turns)
    assert made[1] is made[3] is NO_SLOTS
    first, second = made[0], made[2]
    assert first.roles.tolist() == [1, 0, 0]
    np.testing.assert_array_equal(first.tokens, words(word_tokenizer, "hotel area", "hotel name", "hotel phone"))
    assert second.roles.tolist() == [0, 0, 2, 1]
    expected = words(word_tokenizer, "hotel area informed", "hotel name", "hotel phone", "train day")
    np.testing.assert_array_equal(second.tokens, expected)
    assert second.lengths.tolist() == [3, 2, 2, 2]


def test_names_are_split_into_words(word_tokenizer):
    schema = {"car_hire": ("pickUpDate", "no.of-days")}
    turn = Turn(USER, "", said("car_hire", pickUpDate="friday"))
    made = SlotMaker(schema, word_tokenizer).of_turns([turn])[0]
    expected = words(word_tokenizer, "car hire pick Up Date", "car hire no of days")
    np.testing.assert_array_equal(made.tokens, expected)


def test_storage_there_and_back(word_tokenizer):
    maker = SlotMaker(SCHEMA, word_tokenizer)
    for example in dialogue_examples(dialogue(), word_tokenizer, LIMITS, None, maker):
        back = from_record(to_record(example))
        for field in dataclasses.fields(Slots):
            np.testing.assert_array_equal(getattr(back.slots, field.name), getattr(example.slots, field.name))
        np.testing.assert_array_equal(back.span_mask, example.span_mask)
        plain = dataclasses.replace(example, slots=None)
        assert from_record(to_record(plain)).slots is None
        assert from_record(to_record(dataclasses.replace(example, slots=NO_SLOTS))).slots.roles.shape == (0,)


@pytest.mark.parametrize(
    ("numbers", "problem"),
    [
        ([], "-1, in 0"),
        ([2, 1, 1], "2, in 3"),
        ([1, 3, 0, 7], "have 3 tokens, and it holds 1"),
        ([1, 1, 9, 7], "role 9"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(numbers, problem):
    with pytest.raises(ValueError, match=problem):
        from_flat(np.array(numbers, np.int32))
    assert from_flat(flat(NO_SLOTS)).lengths.shape == (0,)


def an_item(tokenizer, recipe=None, length=64, seed=0):
    recipe, vocabulary = recipe or StarConfig(), tokenizer.vocabulary()
    example = list(dialogue_examples(dialogue(), tokenizer, LIMITS, None, SlotMaker(SCHEMA, tokenizer)))[-1]
    layout = assemble(example, vocabulary, "star", length)
    return layout, star_item(layout, recipe, vocabulary, length, np.random.default_rng(seed))


def test_an_item_is_the_dialogue_and_its_slots(word_tokenizer):
    layout, item = an_item(word_tokenizer)
    slots, own = layout.example.slots, item.slot_numbers == 0
    np.testing.assert_array_equal(item.layout.ids[own], layout.ids)
    np.testing.assert_array_equal(item.layout.ids[~own], slots.tokens)
    np.testing.assert_array_equal(np.bincount(item.slot_numbers)[1:], slots.lengths)
    np.testing.assert_array_equal(item.slot_roles, slots.roles)
    assert sorted(item.layout.positions[~own]) == list(range(len(slots.tokens)))
    assert (np.diff(item.layout.positions[item.slot_numbers == 1]) == 1).all()
    assert len(item.layout.response) == 0
    firsts = {tuple(an_item(word_tokenizer, seed=seed)[1].layout.positions[~own]) for seed in range(20)}
    assert len(firsts) > 10  # orders of four slots


def test_words_of_the_dialogue_alone_are_hidden_and_none_is_replaced(word_tokenizer):
    vocabulary, hidden, predicted, text = word_tokenizer.vocabulary(), 0, 0, 0
    for seed in range(400):
        layout, item = an_item(word_tokenizer, seed=seed)
        assert (item.slot_numbers[item.masked_columns] == 0).all()
        changed = item.masked_ids != item.layout.ids
        assert (item.masked_ids[changed] == vocabulary.mask).all()
        assert np.isin(np.flatnonzero(changed), item.masked_columns).all()
        assert not np.isin(item.layout.ids[item.masked_columns], vocabulary.special).any()
        hidden, predicted = hidden + changed.sum(), predicted + len(item.masked_columns)
        text += (~np.isin(layout.ids, vocabulary.special)).sum()
    assert abs(predicted / text - 0.15) < 4 * np.sqrt(0.15 * 0.85 / text)
    assert abs(hidden / predicted - 0.85) < 4 * np.sqrt(0.85 * 0.15 / predicted)


def test_slots_that_are_used_are_kept_first_and_the_last_words_of_the_dialogue(word_tokenizer):
    for seed in range(5):
        _, few = an_item(word_tokenizer, StarConfig(most_slots=2), seed=seed)
        assert few.slot_roles.tolist() == [2, 1]
    kept = {tuple(an_item(word_tokenizer, StarConfig(most_slots=3), seed=seed)[1].slot_roles) for seed in range(20)}
    assert kept == {(0, 2, 1)}
    drawn = {tuple(an_item(word_tokenizer, StarConfig(most_slots=3), seed=seed)[1].layout.ids) for seed in range(20)}
    assert len(drawn) == 2  # one or the other of those that are unused
    layout, short = an_item(word_tokenizer, length=12)
    assert len(short.layout.ids) <= 12
    own = short.slot_numbers == 0
    assert (~own).sum() <= 6
    np.testing.assert_array_equal(short.layout.ids[own], layout.ids[-own.sum() :])


@pytest.fixture(scope="module")
def corpus(word_tokenizer, tmp_path_factory):
    out = tmp_path_factory.mktemp("slots") / "corpus"
    dialogues = [dialogue(f"d{n}", area) for n, area in enumerate(("east", "west", "north", "south", "centre", "here"))]
    return prepare({"train": dialogues, "validation": dialogues[:3]}, word_tokenizer, out, LIMITS, name="x", slots=True)


def test_a_corpus_says_whether_it_has_slots(corpus, word_tokenizer, tmp_path):
    assert corpus.metadata.slots
    plain = prepare({"train": [dialogue()]}, word_tokenizer, tmp_path / "plain", LIMITS, name="x")
    assert not plain.metadata.slots
    assert '"slots"' not in plain.metadata.to_json()
    data = DataConfig(prepared=(str(plain.folder),), batch_size=2, labelled_share=1.0, tree_elements=4)
    with pytest.raises(UserError, match=r"was built without the slots .* build ... --slots"):
        train_batches(data, StarConfig(), 0)


def test_examples_of_a_dialogue_stay_together(corpus):
    data = DataConfig(
        prepared=(str(corpus.folder),), batch_size=4, labelled_share=1.0, tree_elements=4, context_length=64, workers=0
    )
    recipe = StarConfig(conversation=2, most_slots=3)
    batches, firsts = train_batches(data, recipe, 0), []
    for _, batch in zip(range(9), batches, strict=False):  # three passes of twelve examples
        assert batch.slots.roles.shape[-1] == 12
        dialogues = batch.dialogue[0].tolist()
        assert dialogues[0] == dialogues[1] != dialogues[2] == dialogues[3]
        firsts += dialogues[::2]
        numbers, roles = batch.slots.numbers[0], batch.slots.roles[0]
        assert numbers.max() <= 12
        assert (roles > 0).sum() == 6  # one in each first turn, two in each second one
    batches.close()
    passes = [firsts[start : start + 6] for start in (0, 6, 12)]
    assert all(len(set(one)) == 6 for one in passes)
    assert passes[0] != passes[1]
    held = list(eval_batches(data, recipe, ("validation",), 0, 100))
    assert sum(int(batch.valid.sum()) for batch in held) == 6
