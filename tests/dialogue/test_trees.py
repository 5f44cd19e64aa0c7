"""The ten views of a semantic tree, their similarities and their hashes."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.dialogue.trees import (
    HASH_LIMIT,
    VIEWS,
    combined_similarity,
    hash_element,
    hashed_views,
    similarity,
    tree_views,
)


def frame(domain: str, intent: str, **slots: list[str]) -> Frame:
    return Frame(
        domain, intent, tuple(Slot(name, tuple(Value(text) for text in values)) for name, values in slots.items())
    )


def views_of(*frames: Frame) -> dict[str, set[str]]:
    return {name: set(view) for name, view in zip(VIEWS, tree_views(frames), strict=True)}


def test_a_full_path_gives_one_element_a_view():
    assert views_of(frame(" Hotel", "Inform", Area=["EAST "])) == {
        "D": {"hotel"},
        "I": {"inform"},
        "S": {"area"},
        "V": {"east"},
        "DI": {"hotel-inform"},
        "IS": {"inform-area"},
        "SV": {"area-east"},
        "DIS": {"hotel-inform-area"},
        "ISV": {"inform-area-east"},
        "DISV": {"hotel-inform-area-east"},
    }


def test_a_slot_without_values_has_no_element_with_a_value():
    views = views_of(frame("hotel", "request", phone=[]))
    assert {name for name, view in views.items() if view} == {"D", "I", "S", "DI", "IS", "DIS"}


def test_an_intent_without_slots_keeps_domain_and_intent():
    views = views_of(frame("general", "bye"))
    assert {name: view for name, view in views.items() if view} == {
        "D": {"general"},
        "I": {"bye"},
        "DI": {"general-bye"},
    }


@pytest.mark.parametrize("nameless", ["DEFAULT_DOMAIN", "default_domain ", ""])
def test_a_missing_domain_drops_what_contains_it(nameless):
    views = views_of(frame(nameless, "refund", amount=["5"]))
    assert {name for name, view in views.items() if not view} == {"D", "DI", "DIS", "DISV"}


def test_a_missing_intent_drops_what_contains_it():
    views = views_of(frame("restaurant", "DEFAULT_INTENT", food=["thai"]))
    assert {name for name, view in views.items() if view} == {"D", "S", "V", "SV"}


def test_no_frames_and_no_annotation_have_empty_views():
    assert tree_views(()) == tree_views(None) == (frozenset(),) * 10


names = st.sampled_from(["Hotel", "taxi ", "inform", "area", "7", "DEFAULT_DOMAIN", "DEFAULT_INTENT"])
frames = st.lists(
    st.builds(
        Frame,
        names,
        names,
        st.lists(st.builds(Slot, names, st.lists(st.builds(Value, names), max_size=3).map(tuple)), max_size=3).map(
            tuple
        ),
    ),
    max_size=3,
)


def plain_views(tree: list[Frame]) -> list[set[str]]:
    """The definition level by level, without the notion of a path."""
    views: dict[str, set[str]] = {name: set() for name in VIEWS}
    for one in tree:
        d, i = one.domain.strip().lower(), one.intent.strip().lower()
        views["D"].add(d)
        views["I"].add(i)
        views["DI"].add(f"{d}-{i}")
        for slot in one.slots:
            s = slot.name.strip().lower()
            views["S"].add(s)
            views["IS"].add(f"{i}-{s}")
            views["DIS"].add(f"{d}-{i}-{s}")
            for value in slot.values:
                v = value.text.strip().lower()
                views["V"].add(v)
                views["SV"].add(f"{s}-{v}")
                views["ISV"].add(f"{i}-{s}-{v}")
                views["DISV"].add(f"{d}-{i}-{s}-{v}")
    return [{element for element in views[name] if "default_" not in element} for name in VIEWS]


@given(frames)
def test_views_are_the_plain_sets(tree):
    assert [set(view) for view in tree_views(tree)] == plain_views(tree)


@given(frames, frames)
def test_similarities_are_symmetric_and_bounded_and_one_only_for_equal_sets(tree_a, tree_b):
    a, b = tree_views(tree_a), tree_views(tree_b)
    for one, other in zip(a, b, strict=True):
        score = similarity(one, other)
        assert 0.0 <= score <= 1.0
        assert score == similarity(other, one)
        assert (score == 1.0) == (one == other != frozenset())
    combined = combined_similarity(a, b)
    assert combined == combined_similarity(b, a)
    assert (combined == 1.0) == (a == b and any(a))


def test_similarity_is_the_overlap():
    assert similarity(frozenset("abc"), frozenset("bcd")) == 2 / 4
    assert similarity(frozenset(), frozenset()) == 0.0
    assert similarity(frozenset(), frozenset("a")) == 0.0


def test_combined_similarity_leaves_out_views_that_are_empty_in_both():
    # D, I, DI are not empty: D equal, I and DI disjoint.
    assert combined_similarity(tree_views([frame("a", "x")]), tree_views([frame("a", "y")])) == pytest.approx(1 / 3)


def test_hashes_are_the_same_for_ever():
    # From `b2sum -l 64`. They must never move: prepared data and a running model would disagree.
    assert hash_element("hotel-inform-area-east") == 659625098
    assert hash_element("préférence") == 863885320


@given(st.text())
def test_hashes_fit_int32_and_are_never_the_padding(text):
    assert 1 <= hash_element(text.encode("utf-8", "ignore").decode()) <= HASH_LIMIT


def test_hashed_views_are_the_sorted_hashes_padded_with_zero():
    tree = [frame("hotel", "inform", area=["east"], stars=["4", "5"])]
    rows = hashed_views(tree, width=4)
    assert rows.shape == (10, 4)
    assert rows.dtype == np.int32
    for row, view in zip(rows, tree_views(tree), strict=True):
        assert list(row) == sorted(hash_element(element) for element in view) + [0] * (4 - len(view))


def test_too_many_elements_keep_the_smallest_hashes():
    values = [f"value {number}" for number in range(30)]
    row = hashed_views([frame("d", "i", s=values)], width=16)[VIEWS.index("V")]
    assert list(row) == sorted(hash_element(value) for value in values)[:16]


def test_cut_views_of_similar_turns_keep_common_elements():
    """The overlap within the kept elements estimates the overlap of the whole sets."""
    a = [f"value {number}" for number in range(0, 300)]
    b = [f"value {number}" for number in range(100, 400)]
    row_a, row_b = (set(hashed_views([frame("d", "i", s=v)], width=64)[VIEWS.index("V")]) for v in (a, b))
    smallest = set(sorted(row_a | row_b)[:64])
    assert len(smallest & row_a & row_b) / 64 == pytest.approx(200 / 400, abs=0.15)


def recorded(shared_data, name: str) -> tuple[dict, dict]:
    folder = shared_data / "parity"
    if not (folder / f"{name}.json").is_file():
        pytest.skip(f"no recorded numbers of {name}")
    with np.load(folder / f"{name}_outputs.npz") as arrays:
        scores = {key: arrays[key] for key in arrays.files if "scores" in key}
    return json.loads((folder / f"{name}.json").read_text()), scores


def recorded_views(trees: list[dict]) -> list[tuple[frozenset[str], ...]]:
    return [
        tree_views(
            [
                frame(domain, intent, **{slot: [value["value"] for value in values] for slot, values in slots.items()})
                for domain, intents in tree.items()
                for intent, slots in intents.items()
            ]
        )
        for tree in trees
    ]


def matrix(score, views: list) -> np.ndarray:
    scores = np.array([[score(a, b) for b in views] for a in views])
    np.fill_diagonal(scores, 1.0)  # a turn with itself, also without a tree
    return scores


@pytest.mark.parametrize("view", range(10))
def test_similarities_are_those_of_space_2(shared_data, view):
    inputs, scores = recorded(shared_data, "space2_tiny")
    views = recorded_views(inputs["frames"])
    ours = matrix(lambda a, b: similarity(a[view], b[view]), views)
    np.testing.assert_allclose(ours, scores[f"scores_{view}"], atol=1e-6)


@pytest.mark.parametrize(("trees", "key"), [("frames", "qscores"), ("resp_frames", "rscores")])
def test_combined_similarities_are_those_of_space_3(shared_data, trees, key):
    inputs, scores = recorded(shared_data, "space3_tiny")
    ours = matrix(combined_similarity, recorded_views(inputs[trees]))
    np.testing.assert_allclose(ours, scores[key], atol=1e-6)
