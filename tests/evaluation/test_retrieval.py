import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.dialogue.trees import VIEWS, hashed_views
from space_jax.evaluation import nearest, retrieval_accuracy, take_trees, vote_acts
from space_jax.evaluation.retrieval import constant_levels

BANK = np.array([[1.0, 0.0], [10.0, 1.0], [0.0, 3.0], [-1.0, 0.0]])
BANK_DIALOGUES = np.array([1, 2, 3, 4])


def tree(intent, value):
    return hashed_views((Frame("hotel", intent, (Slot("area", (Value(value),)),)),), 4)


def test_nearest_by_hand():
    queries = np.array([[2.0, 0.0], [0.1, 1.0], [-1.0, 0.1]])
    np.testing.assert_array_equal(nearest(queries, BANK, np.array([9, 9, 9]), BANK_DIALOGUES), [[0], [2], [3]])
    np.testing.assert_array_equal(nearest(queries[:1], BANK, np.array([9]), BANK_DIALOGUES, count=4), [[0, 1, 2, 3]])


def test_the_own_dialogue_is_left_out():
    queries = np.array([[2.0, 0.0], [2.0, 0.0]])
    np.testing.assert_array_equal(nearest(queries, BANK, np.array([1, 2]), BANK_DIALOGUES), [[1], [0]])
    # Searched in itself, the whole bank is one dialogue: nobody is left.
    np.testing.assert_array_equal(nearest(queries, BANK, np.array([7, 7]), np.full(4, 7)), [[-1], [-1]])


def test_fewer_neighbours_than_wanted():
    found = nearest(BANK[:1], BANK, BANK_DIALOGUES[:1], BANK_DIALOGUES, count=6)
    np.testing.assert_array_equal(found, [[1, 2, 3, -1, -1, -1]])


def test_equally_near_turns_keep_the_order_of_the_bank():
    bank = np.tile([[1.0, 2.0]], (5, 1))
    np.testing.assert_array_equal(nearest(bank[:1], bank, np.array([9]), np.arange(5), count=3), [[0, 1, 2]])
    np.testing.assert_array_equal(nearest(np.zeros((1, 2)), bank, np.array([9]), np.arange(5)), [[0]])


@given(st.integers(0, 10_000))
def test_nearest_equals_the_loop(seed):
    rng = np.random.default_rng(seed)
    queries, bank = rng.normal(size=(4, 3)), rng.normal(size=(6, 3))
    query_dialogues, bank_dialogues = rng.integers(3, size=4), rng.integers(3, size=6)
    found = nearest(queries, bank, query_dialogues, bank_dialogues, count=2)
    for q, query in enumerate(queries):
        others = [n for n in range(6) if bank_dialogues[n] != query_dialogues[q]]
        others.sort(key=lambda n: -query @ bank[n] / np.linalg.norm(query) / np.linalg.norm(bank[n]))
        assert found[q].tolist() == [*others, -1, -1][:2]


def test_retrieval_accuracy_by_hand():
    empty = hashed_views((), 4)
    queries = np.stack([tree("inform", "east"), tree("inform", "east"), tree("inform", "east"), empty])
    neighbours = np.stack([tree("inform", "east"), tree("inform", "west"), tree("request", "east"), empty])
    scores = retrieval_accuracy(queries, neighbours)
    intents = pytest.approx(2 / 3)
    assert scores == {"domain": 1.0, "intent": intents, "domain_intent": intents, "tree": pytest.approx(1 / 3)}
    reordered = neighbours[:, :, ::-1]
    assert retrieval_accuracy(queries, reordered) == scores
    assert retrieval_accuracy(queries[3:], queries[:1]) == dict.fromkeys(scores, 0)


def test_a_query_without_a_neighbour_is_not_right():
    bank = np.stack([tree("inform", "east"), tree("inform", "west")])
    found = take_trees(bank, np.array([1, -1]))
    np.testing.assert_array_equal(found[0], bank[1])
    assert (found[1] == 0).all()
    assert set(retrieval_accuracy(bank[[1, 1]], found).values()) == {0.5}
    assert (take_trees(bank[:0], np.array([-1])) == 0).all()


def test_vote_by_hand():
    acts = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0]], np.float32)
    voted = vote_acts(acts, np.array([[0, 1, 2], [0, 1, -1], [2, -1, -1], [-1, -1, -1]]))
    np.testing.assert_array_equal(voted, [[1, 1, 0], [1, 1, 1], [0, 1, 0], [0, 0, 0]])
    assert voted.dtype == bool
    assert not vote_acts(acts[:0], np.full((2, 3), -1)).any()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="count is 0"):
        nearest(BANK, BANK, BANK_DIALOGUES, BANK_DIALOGUES, count=0)
    with pytest.raises(ValueError, match="dialogue ids have shapes"):
        nearest(BANK, BANK, BANK_DIALOGUES[:1], BANK_DIALOGUES)
    with pytest.raises(ValueError, match="query_trees has shape"):
        retrieval_accuracy(np.zeros((1, 10, 2)), np.zeros((2, 10, 2)))


def test_a_level_on_which_all_turns_agree_is_no_measure():
    """Its accuracy is 1 whatever the model: one domain, as in most people's own data."""
    alike = np.zeros((3, 10, 2), np.int32)
    alike[:, VIEWS.index("D"), 0] = 7
    alike[:, VIEWS.index("I"), :] = [[1, 2], [2, 1], [1, 2]]  # the same set
    alike[:, VIEWS.index("DI"), 0] = [3, 3, 4]
    assert constant_levels(alike) == ["domain", "intent"]
    assert constant_levels(alike[:1]) == ["domain", "intent", "domain_intent", "tree"]
