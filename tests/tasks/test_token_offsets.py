import numpy as np
import pytest

from space_jax.tasks.text_packing import Shape, first_fit, pack
from space_jax.tasks.token_offsets import locate, take_tokens, token_places

TEXT = "Table for two at 7pm"


@pytest.mark.parametrize("recipe", ["space3", "space1", None])
@pytest.mark.parametrize("earlier", [[], [(1, "the hotel")], [(1, "north"), (0, "the time")]])
def test_the_tokens_of_the_last_text_are_where_it_says(tokenizer, recipe, earlier):
    located = locate(tokenizer, [*earlier, (1, TEXT)], 30, 40, recipe)
    ids, offsets = tokenizer.encode_with_offsets(TEXT)
    columns = located.first + np.arange(len(ids))
    assert located.encoded.ids[columns].tolist() == ids
    assert list(zip(located.starts.tolist(), located.ends.tolist(), strict=True)) == offsets
    assert len(located.encoded) <= 40


def test_berts_layout_by_hand(tokenizer):
    words = tokenizer.vocabulary()
    located = locate(tokenizer, [(1, "north"), (0, "the time"), (1, "for")], 30, 40, None)
    separator = tokenizer.id_of("[SEP]")
    for_, the, time, north = (tokenizer.encode(word)[0] for word in ("for", "the", "time", "north"))
    assert located.encoded.ids.tolist() == [words.summary, for_, separator, the, time, separator, north, separator]
    assert located.encoded.roles.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert located.encoded.positions.tolist() == list(range(8))


@pytest.mark.parametrize("recipe", ["space3", "space1", None])
def test_long_texts_are_cut(tokenizer, recipe):
    located = locate(tokenizer, [(0, "time " * 200), (1, "north " * 2000)], 10, 16, recipe)
    assert len(located.starts) == 10
    assert located.ends[-1] == len("north " * 10) - 1
    assert len(located.encoded) == 16
    assert located.encoded.ids[located.first] == tokenizer.encode("north")[0]


@pytest.mark.parametrize("text", ["", "\u0007", "🚇", "в центр"])
@pytest.mark.parametrize("recipe", ["space3", "space1", None])
def test_odd_texts(tokenizer, recipe, text):
    located = locate(tokenizer, [(1, text)], 10, 16, recipe)
    assert len(located.encoded) == len(located.starts) + (1 if recipe == "space1" else 2)


def test_places_in_a_packed_grid(tokenizer):
    located = [locate(tokenizer, [(1, text)], 10, 12, None) for text in ("north hotel", "the", "table for two")]
    encoded = [one.encoded for one in located]
    placed = first_fit(np.array([[len(one)] for one in encoded]), [12], 3)
    batch = pack(encoded, 4, Shape(12, 3), placed)
    columns = [one.first + np.arange(len(one.starts)) for one in located]
    index, there = token_places(columns, encoded, placed, 12, 4, 5)
    taken = np.asarray(take_tokens(batch.context.ids[:, :, None], index))[:, :, 0]
    for text, row, mask in zip(("north hotel", "the", "table for two", ""), taken, there, strict=True):
        assert row[mask].tolist() == tokenizer.encode(text)
