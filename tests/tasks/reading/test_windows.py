import numpy as np
import pytest

from space_jax.tasks.reading.windows import WindowSizes, in_windows, most_context, window_bounds

PASSAGE = "the table for two at 7 at the north hotel"
QUESTION = "time for two"


def windows(tokenizer, recipe, passage=PASSAGE, window=4, overlap=2, most=100, before=""):
    earlier = [(0, tokenizer.encode(before))] if before else []
    earlier.append((1, tokenizer.encode(QUESTION)))
    return in_windows(tokenizer, earlier, (0, passage), WindowSizes(most, window, overlap, 40), recipe)


@pytest.mark.parametrize(
    ("count", "window", "overlap"), [(0, 4, 2), (1, 4, 2), (4, 4, 3), (5, 4, 3), (9, 4, 0), (100, 7, 3)]
)
def test_windows_cover_and_overlap(count, window, overlap):
    bounds = window_bounds(count, window, overlap)
    assert bounds[0, 0] == 0
    assert bounds[-1, 1] == count
    assert (bounds[:, 1] - bounds[:, 0] == min(window, count)).all()
    assert (bounds[:-1, 1] - bounds[1:, 0] >= overlap).all()
    assert (np.diff(bounds[:, 0]) > 0).all()


@pytest.mark.parametrize("count", [0, 1, 9, 30])
def test_a_token_is_where_it_has_most_context(count):
    bounds = window_bounds(count, 6, 4)
    for token, chosen in enumerate(most_context(count, bounds)):
        nearer = [min(token - a, b - 1 - token) if a <= token < b else -1 for a, b in bounds]
        assert nearer[chosen] == max(nearer) >= 0
        assert chosen == nearer.index(max(nearer))


@pytest.mark.parametrize("recipe", [None, "space1", "space3", "structbert"])
@pytest.mark.parametrize("before", ["", "the area"])
def test_every_token_is_where_it_says(tokenizer, recipe, before):
    found = windows(tokenizer, recipe, before=before)
    ids, offsets = tokenizer.encode_with_offsets(PASSAGE)
    assert len(found.encoded) == 4
    assert [found.encoded[w].ids[c] for w, c in zip(found.window, found.column, strict=True)] == ids
    assert list(zip(found.starts.tolist(), found.ends.tolist(), strict=True)) == offsets
    question = tokenizer.encode(QUESTION)
    for number, one in enumerate(found.encoded):
        assert one.ids[found.nowhere[number]] not in ids  # what opens the passage, or closes what is before it
        assert any(one.ids[at : at + len(question)].tolist() == question for at in range(len(one)))


def test_berts_layout_by_hand(tokenizer):
    found = windows(tokenizer, None, "two at 7", before="the area")
    (one,) = found.encoded
    separator = tokenizer.id_of("[SEP]")
    words = [*tokenizer.encode("two at 7"), separator, *tokenizer.encode(QUESTION), separator]
    assert one.ids.tolist() == [tokenizer.vocabulary().summary, *words, *tokenizer.encode("the area"), separator]
    assert found.nowhere.tolist() == [0]
    assert found.column.tolist() == [1, 2, 3]


def test_a_long_passage_is_cut_and_an_empty_one_has_a_window(tokenizer):
    cut = windows(tokenizer, None, "north " * 50, most=9)
    assert cut.cut
    assert len(cut.column) == 9
    empty = windows(tokenizer, None, "\u0007")
    assert (len(empty.encoded), len(empty.column), empty.cut) == (1, 0, False)
