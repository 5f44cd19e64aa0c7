"""Packing: literal grids, and what comes out is what went in."""

import dataclasses

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.config import DataConfig, Space2Config
from space_jax.dialogue.labels import FACTS, Known
from space_jax.errors import UserError
from space_jax.features.batch import Batch, Tokens, count_tokens, padding_share
from space_jax.features.grid import Grid, GridShape, ladder, make_grid
from space_jax.features.layout import Layout, assemble
from space_jax.features.negatives import draw_negatives
from space_jax.features.packing import Item, holding, pack, pack_alike

GRID = Grid(
    examples=3,
    rungs=(GridShape(1, 8, 6), GridShape(2, 8, 6), GridShape(3, 8, 6)),
    slots=2,
    masked=2,
    words=6,
    tree_elements=4,
    negatives=False,
)


def make_item(example, vocabulary, masked=(), negative=()):
    layout = assemble(example, vocabulary, "space2", GRID.rungs[-1].context)
    ids = layout.ids.copy()
    ids[list(masked)] = vocabulary.mask
    return Item(layout, ids, np.array(masked, np.int32), np.array(negative, np.int32))


@pytest.fixture(scope="module")
def items(make_example, vocabulary):
    """Contexts of 3, 5 and 4 tokens, responses of 3, 2 and 4."""
    return [
        make_item(make_example([[30]], [40], dialogue=7), vocabulary, masked=[1]),
        make_item(make_example([[31, 32, 33]], [], known=Known(False, True, False)), vocabulary, masked=[1, 2]),
        make_item(make_example([[34, 35]], [41, 42]), vocabulary),
    ]


def unpack(batch: Batch, b: int, grid: str) -> dict[str, np.ndarray]:
    """The tokens of one example, found by its segment as the model finds them."""
    tokens: Tokens = getattr(batch, grid)
    row, slot = divmod(int(batch.slot[b]), batch.occupied.shape[1])
    place = tokens.segments[row] == slot + 1
    return {f.name: getattr(tokens, f.name)[row][place] for f in dataclasses.fields(tokens)}


def test_a_small_batch_as_a_literal_grid(items):
    batch = pack(items, GRID)
    # The largest (example 2, with its response) takes the first row; the others share the second, in batch order.
    assert batch.context.ids.tolist() == [[5, 34, 35, 6, 0, 0, 0, 0], [5, 30, 6, 5, 31, 32, 33, 6]]
    assert batch.context.positions.tolist() == [[0, 1, 2, 3, 0, 0, 0, 0], [0, 1, 2, 0, 1, 2, 3, 4]]
    assert batch.context.segments.tolist() == [[1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 2, 2, 2, 2, 2]]
    assert batch.context.turns.tolist() == [[1, 1, 1, 1, 0, 0, 0, 0], [1] * 8]
    assert batch.context.roles.tolist() == [[1, 1, 1, 1, 0, 0, 0, 0], [1] * 8]
    assert batch.response.ids.tolist() == [[7, 41, 42, 8, 0, 0], [7, 40, 8, 7, 8, 0]]
    assert batch.response.positions.tolist() == [[0, 1, 2, 3, 0, 0], [0, 1, 2, 0, 1, 0]]
    assert batch.response.segments.tolist() == [[1, 1, 1, 1, 0, 0], [1, 1, 1, 2, 2, 0]]
    assert batch.occupied.tolist() == [[True, False], [True, True]]
    assert batch.slot.tolist() == [2, 3, 0]
    assert batch.valid.tolist() == [True, True, True]
    assert batch.acts_known.tolist() == batch.system_tree_known.tolist() == [True, False, True]
    assert batch.user_tree_known.tolist() == [True, True, True]
    assert batch.dialogue.tolist() == [7, 1, 1]
    assert batch.user_words.tolist() == [[5, 30, 6, -1, -1, -1], [5, 31, 32, 33, 6, -1], [5, 34, 35, 6, -1, -1]]
    assert batch.response_words.tolist() == [[7, 40, 8, -1, -1, -1], [7, 8, -1, -1, -1, -1], [7, 41, 42, 8, -1, -1]]
    assert batch.negative.ids.shape == (2, 0)


def test_the_examples_of_a_row_have_masked_positions_in_turn(items, vocabulary):
    batch = pack(items, GRID)
    # Columns 1 (example 0) and 4, 5 (example 1) are masked, two of them are kept: the last of each.
    assert batch.masked_ids.tolist() == [[5, 34, 35, 6, 0, 0, 0, 0], [5, 2, 6, 5, 2, 2, 33, 6]]
    assert batch.masked_positions.tolist() == [[0, 0], [1, 5]]
    assert batch.masked_targets.tolist() == [[0, 0], [30, 32]]
    assert batch.masked_weights.tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert batch.masked_and_lost()[1] == 1


def test_dtypes_are_exact(items):
    batch = pack(items, GRID)
    floats, bools = (
        {"masked_weights", "response_masked_weights", "acts"},
        {"occupied", "valid", "moved", *(f"{fact}_known" for fact in FACTS)},
    )
    for field in dataclasses.fields(batch):
        value = getattr(batch, field.name)
        wanted = np.float32 if field.name in floats else np.bool_ if field.name in bools else np.int32
        assert all(array.dtype == wanted for array in jax.tree.leaves(value)), field.name


def test_no_example_gives_an_empty_grid():
    batch = pack([], GRID)
    assert batch.context.ids.shape == (1, 8)
    for array in (batch.valid, batch.occupied, batch.context.segments):
        assert not array.any()
    assert (batch.user_words == -1).all()


def test_one_example_and_places_that_are_not_valid(items):
    batch = pack(items[:1], GRID)
    assert batch.context.ids.shape == (1, 8)
    assert batch.valid.tolist() == [True, False, False]
    assert batch.slot.tolist() == [0, 0, 0]


def test_an_over_long_example_is_our_defect(items):
    with pytest.raises(AssertionError, match="in a grid of"):
        pack(items, dataclasses.replace(GRID, rungs=(GridShape(3, 4, 6),)))


def test_micro_batches_go_on_the_smallest_shape_that_holds_each(items):
    grid = dataclasses.replace(
        GRID, rungs=(GridShape(1, 12, 12), GridShape(2, 9, 6), GridShape(2, 12, 12), GridShape(3, 12, 12)), slots=3
    )
    shapes = [batch.context.ids.shape + batch.response.ids.shape for batch in pack_alike([items, items[:1]], grid)]
    assert shapes == [(1, 12, 1, 12)] * 2
    assert [
        batch.context.ids.shape for batch in pack_alike([items[:2], items], dataclasses.replace(grid, slots=2))
    ] == [(2, 9)] * 2


def test_negatives_take_room_of_their_own(items):
    grid = dataclasses.replace(GRID, negatives=True)
    long = [dataclasses.replace(item, negative=np.array([3, 50, 51, 4], np.int32)) for item in items]
    batch = pack(long, grid)
    # Two negatives of 4 do not fit into 6 places, so nobody shares a row.
    assert batch.negative.ids.tolist() == [[3, 50, 51, 4, 0, 0]] * 3
    assert batch.negative.segments.tolist() == [[1, 1, 1, 1, 0, 0]] * 3
    assert batch.slot.tolist() == [4, 2, 0]


@st.composite
def batches(draw):
    """(turns, response, masked share seed) of up to 12 examples."""
    word = st.integers(20, 999)
    known = st.builds(Known, st.booleans(), st.booleans(), st.booleans())
    turns = st.lists(st.lists(word, max_size=4), min_size=1, max_size=3)
    return draw(st.lists(st.tuples(turns, st.lists(word, max_size=4), known), max_size=12))


@given(raw=batches(), seed=st.integers(0, 9))
def test_what_comes_out_is_what_went_in(make_example, vocabulary, raw, seed):
    rng = np.random.default_rng(seed)
    layouts = [
        assemble(make_example(turns, response, known=known), vocabulary, "space3", 16) for turns, response, known in raw
    ]
    negatives = draw_negatives([layout.response for layout in layouts], rng)
    items = []
    for layout, negative in zip(layouts, negatives, strict=True):
        columns = np.flatnonzero(rng.random(len(layout.ids)) < 0.3).astype(np.int32)
        masked = layout.ids.copy()
        masked[columns] = 2
        items.append(Item(layout, masked, columns, negative))
    data = DataConfig(
        context_length=16, response_length=8, row_ladder=(0.25, 0.5, 1.0), grids=((0.25, 24, 12), (0.5, 12, 8))
    )
    grid = Grid(12, ladder(data, 12), 3, 72, 6, 4, negatives=True)
    batch = pack(items, grid)

    assert batch.valid.sum() == batch.occupied.sum() == len(items)
    assert len(set(batch.slot[batch.valid].tolist())) == len(items)
    for b, item in enumerate(items):
        layout: Layout = item.layout
        context = unpack(batch, b, "context")
        for name in ("ids", "positions", "roles", "turns"):
            np.testing.assert_array_equal(context[name], getattr(layout, name))
        np.testing.assert_array_equal(unpack(batch, b, "response")["ids"], layout.response)
        np.testing.assert_array_equal(unpack(batch, b, "negative")["ids"], item.negative)
        row, slot = divmod(int(batch.slot[b]), 3)
        inside = batch.context.segments[row] == slot + 1
        assert (np.diff(np.flatnonzero(inside)) == 1).all()  # contiguous
        np.testing.assert_array_equal(batch.masked_ids[row][inside], item.masked_ids)
        used = batch.masked_weights[row] == 1
        columns = batch.masked_positions[row][used]
        np.testing.assert_array_equal(columns[inside[columns]] - np.flatnonzero(inside)[0], item.masked_columns)
        np.testing.assert_array_equal(batch.masked_targets[row][used], batch.context.ids[row][columns])
    shape = batch.shape
    wanted = sum(len(i.layout.ids) + len(i.layout.response) + len(i.negative) for i in items)
    assert count_tokens(batch) == wanted
    assert batch.masked_and_lost()[1] == 0
    assert padding_share(batch) == pytest.approx(1 - wanted / (shape.rows * (shape.context + 2 * shape.response)))


def rows_of(shares, examples, multiple=1):
    return [rung.rows for rung in ladder(DataConfig(row_ladder=shares), examples, multiple)]


def test_ladder_rises_and_its_last_rung_always_fits():
    assert rows_of((0.25, 0.375, 0.5, 0.75, 1.0), 32) == [8, 12, 16, 24, 32]
    assert rows_of((0.25, 0.375, 0.5, 0.75, 1.0), 32, 8) == [8, 16, 24, 32]
    assert rows_of((0.25, 0.5, 1.0), 3, 2) == [2, 4]
    assert rows_of((0.3, 1.0), 10) == [3, 10]


def test_grids_stand_in_the_ladder_by_their_size():
    data = DataConfig(
        context_length=100,
        response_length=20,
        row_ladder=(0.5, 1.0),
        grids=((0.25, 200, 41), (0.5, 80, 20), (1.0, 200, 20), (0.5, 100, 20)),
    )
    assert ladder(data, 8) == ((4, 80, 20), (4, 100, 20), (2, 200, 41), (8, 100, 20))


@given(
    examples=st.integers(1, 200),
    multiple=st.integers(1, 16),
    grids=st.lists(st.tuples(st.floats(0.01, 1.0), st.integers(1, 600), st.integers(1, 99)), max_size=4),
)
def test_ladder_properties(examples, multiple, grids):
    rungs = ladder(DataConfig(grids=tuple(grids)), examples, multiple)
    assert list(rungs) == sorted(set(rungs), key=lambda rung: (rung.cells, rung))
    assert rungs[-1].rows >= examples
    assert rungs[-1][1:] == (256, 64)
    assert all(rung.rows % multiple == 0 for rung in rungs)


@given(grids=st.lists(st.tuples(st.floats(0.01, 1.0), st.integers(1, 600), st.integers(1, 99)), max_size=6))
def test_every_shape_lies_within_one_that_none_covers(grids):
    rungs = ladder(DataConfig(grids=tuple(grids)), 32)
    largest = Grid(32, rungs, 4, 8, 8, 4, negatives=False).uncovered
    assert rungs[-1] in largest
    assert all(any(one.covers(rung) for one in largest) for rung in rungs)
    assert not any(a.covers(b) for a in largest for b in largest if a != b)


LADDER = (GridShape(1, 8, 6), GridShape(1, 16, 12), GridShape(2, 8, 6), GridShape(3, 12, 12))


@pytest.mark.parametrize(("accumulate", "count"), [(1, 1), (1, 2), (1, 3), (2, 2)])
def test_a_packed_batch_knows_the_shapes_that_hold_it(items, accumulate, count):
    """As told by packing its examples on each shape alone."""
    grid = dataclasses.replace(GRID, rungs=LADDER, slots=2)
    parts = [items[:count]] * accumulate
    batch = jax.tree.map(lambda *arrays: np.stack(arrays), *pack_alike(parts, grid))

    def fits(rung):
        try:
            pack_alike(parts, dataclasses.replace(grid, rungs=(rung,)))
        except AssertionError:
            return False
        return True

    assert holding(batch, grid) == [fits(rung) for rung in LADDER]
    assert holding(batch, grid)[-1]


@pytest.mark.parametrize("field", ["response_length", "context_length"])
def test_a_grid_too_small_for_one_turn_names_the_field(field):
    with pytest.raises(UserError, match=rf"data\.{field}: 51 is too small"):
        make_grid(DataConfig(**{field: 51}), Space2Config(), examples=4, max_turn_tokens=50)


def test_growing_appends_empty_rows_and_columns_with_and_without_a_leading_axis(items):
    batch = pack(items, GRID)
    grown = batch.grown(GridShape(5, 9, 8))
    assert [a.shape for a in (grown.context.ids, grown.masked_weights, grown.negative.ids)] == [(5, 9), (5, 2), (5, 0)]
    assert grown.response.ids.shape == (5, 8)
    assert grown.masked_ids.shape == (5, 9)
    assert not grown.context.segments[2:].any()
    assert not grown.occupied[2:].any()
    for b in range(3):
        np.testing.assert_array_equal(unpack(grown, b, "context")["ids"], items[b].layout.ids)
    stacked = jax.tree.map(lambda array: array[None], batch)
    again = stacked.grown(GridShape(5, 9, 8))
    np.testing.assert_array_equal(again.context.ids[0], grown.context.ids)
    np.testing.assert_array_equal(again.slot[0], grown.slot)
    assert count_tokens(again) == count_tokens(batch)
    assert again.masked_and_lost()[1] == batch.masked_and_lost()[1] == 1


def test_slots_are_numbered_through_a_row_and_grow_with_it(items):
    """Two slots in the first item, none in the second, one in the third."""
    numbers = [np.array(one, np.int32) for one in ([0, 1, 2], [], [0, 0, 1, 1])]
    roles = [np.array(one, np.int32) for one in ([3, 0], [], [5])]
    with_slots = [
        dataclasses.replace(item, slot_numbers=n, slot_roles=r)
        for item, n, r in zip(items, numbers, roles, strict=True)
    ]
    grid = dataclasses.replace(GRID, rungs=(GridShape(1, 14, 9),), slots=3, schema=4)
    batch = pack(with_slots, grid)
    assert batch.slots.numbers.tolist() == [[0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0]]
    assert batch.slots.roles.tolist() == [[3, 0, 5, 0]]
    assert batch.slots.there.tolist() == [[True, True, True, False]]
    assert (batch.slots.numbers.dtype, batch.slots.there.dtype) == (np.int32, np.bool_)
    grown = batch.grown(GridShape(2, 16, 9)).slots
    assert (grown.numbers.shape, grown.roles.shape, grown.there.shape) == ((2, 16), (2, 4), (2, 4))
    assert grown.numbers[0, :14].tolist() == batch.slots.numbers[0].tolist()
    assert not grown.there[1].any()
    assert pack(items, GRID).slots is None


def test_negatives_are_other_responses_of_the_batch():
    responses = [np.array(ids, np.int32) for ids in ([1, 2], [1, 2], [3], [4, 5], [1])]
    seen = set()
    for seed in range(200):
        for own, negative in enumerate(draw_negatives(responses, np.random.default_rng(seed))):
            assert negative.tolist() != responses[own].tolist()
            seen.add((own, tuple(negative.tolist())))
    assert len(seen) == 3 + 3 + 3 + 3 + 3  # every other text is drawn at some time


def test_without_any_other_response_the_negative_is_empty():
    same = [np.array([1, 2], np.int32)] * 3
    assert [negative.tolist() for negative in draw_negatives(same, np.random.default_rng(0))] == [[]] * 3
    assert draw_negatives([], np.random.default_rng(0)) == []


def test_an_example_without_a_response_has_no_negative_and_is_nobodys():
    responses = [np.array(ids, np.int32) for ids in ([7, 1], [], [7, 2], [])]
    for seed in range(5):
        negatives = [negative.tolist() for negative in draw_negatives(responses, np.random.default_rng(seed))]
        assert negatives == [[7, 2], [], [7, 1], []]
