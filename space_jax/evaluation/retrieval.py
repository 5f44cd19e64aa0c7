"""Retrieval: does the nearest neighbour by the representation mean the same?

Held-out turns look for their nearest neighbour among other dialogues; the semantic trees of the two are compared. The
same neighbours can vote for dialog acts, in recipes without a head for them.
"""

import numpy as np

from space_jax.dialogue.trees import VIEWS

_COMPARED = {"domain": "D", "intent": "I", "domain_intent": "DI"}
NOBODY = -1  # the index of a neighbour that does not exist


def nearest(
    queries: np.ndarray,
    bank: np.ndarray,
    query_dialogues: np.ndarray,
    bank_dialogues: np.ndarray,
    count: int = 1,
) -> np.ndarray:
    """The nearest turns by cosine, leaving out those of the query's own dialogue.

    A dialogue's turns share most of their context, so a neighbour from the same dialogue would be uninformative. Among
    equally near turns the one that comes first in the bank wins. A zero vector has cosine 0 to everything.

    Args:
      queries: `[Q, H]` float.
      bank: `[N, H]` float.
      query_dialogues: `[Q]` int, a dialogue's id or its hash.
      bank_dialogues: `[N]` int, the same of the bank.
      count: neighbours of each query.

    Returns:
      `[Q, count]` int rows of the bank, nearest first, -1 where other dialogues have no more turns.

    Raises:
      ValueError: `count` is not positive or the shapes do not fit.
    """
    queries, bank = _directions(queries), _directions(bank)
    query_dialogues, bank_dialogues = np.asarray(query_dialogues), np.asarray(bank_dialogues)
    if count < 1:
        raise ValueError(f"count is {count}; at least 1 is expected")
    if query_dialogues.shape != queries.shape[:1] or bank_dialogues.shape != bank.shape[:1]:
        raise ValueError(
            f"dialogue ids have shapes {query_dialogues.shape} and {bank_dialogues.shape}; "
            f"{queries.shape[:1]} and {bank.shape[:1]} are expected"
        )
    cosine = np.where(query_dialogues[:, None] == bank_dialogues[None, :], -np.inf, queries @ bank.T)
    order = np.argsort(-cosine, axis=1, kind="stable")[:, :count]
    found = np.where(np.take_along_axis(cosine, order, axis=1) > -np.inf, order, NOBODY)
    return np.pad(found, ((0, 0), (0, count - found.shape[1])), constant_values=NOBODY)


def take_trees(bank_trees: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """The trees of the bank's rows `neighbours`; the empty tree for -1.

    Args:
      bank_trees: `[N, 10, K]` int, hashed elements, 0 pads.
      neighbours: `[Q]` int.

    Returns:
      `[Q, 10, K]` int.
    """
    bank_trees, neighbours = np.asarray(bank_trees), np.asarray(neighbours)
    if len(bank_trees) == 0:
        return np.zeros((len(neighbours), *bank_trees.shape[1:]), bank_trees.dtype)
    return np.where((neighbours == NOBODY)[:, None, None], 0, bank_trees[neighbours])


def retrieval_accuracy(query_trees: np.ndarray, neighbour_trees: np.ndarray) -> dict[str, float]:
    """The share of queries with a tree whose nearest neighbour means the same.

    Args:
      query_trees: `[Q, 10, K]` int, hashed elements, 0 pads.
      neighbour_trees: `[Q, 10, K]` int, the tree of each query's neighbour.

    Returns:
      The share of queries whose set of a view is their neighbour's: `domain` (view D), `intent` (view I),
      `domain_intent` (their pairs, view DI), and `tree`, where all ten views are. 0 if no query has a tree.

    Raises:
      ValueError: the shapes differ.
    """
    # Sorted rows are equal exactly if the sets are, wherever the padding stands.
    queries, neighbours = np.sort(query_trees, axis=-1), np.sort(neighbour_trees, axis=-1)
    if queries.shape != neighbours.shape:
        raise ValueError(f"query_trees has shape {queries.shape} and neighbour_trees {neighbours.shape}")
    has_tree = (queries != 0).any(axis=(1, 2))
    if not has_tree.any():
        return dict.fromkeys((*_COMPARED, "tree"), 0.0)
    equal_views = (queries == neighbours).all(axis=-1)[has_tree]  # [Q', 10]
    shares = {name: float(equal_views[:, VIEWS.index(view)].mean()) for name, view in _COMPARED.items()}
    return {**shares, "tree": float(equal_views.all(axis=1).mean())}


def constant_levels(trees: np.ndarray) -> list[str]:
    """The levels of `retrieval_accuracy` on which all trees are equal, so that every neighbour is a right one.

    Args:
      trees: `[N, 10, K]` int, hashed elements, 0 pads; of queries and bank together.
    """
    trees = np.sort(np.asarray(trees), axis=-1)
    equal = (trees == trees[:1]).all(axis=(0, 2))  # [10]
    levels = [name for name, view in _COMPARED.items() if equal[VIEWS.index(view)]]
    return [*levels, *(["tree"] if equal.all() else [])]


def vote_acts(bank_acts: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Dialog acts that at least half of a query's neighbours have.

    Args:
      bank_acts: `[N, A]` 0 or 1.
      neighbours: `[Q, k]` int rows of the bank, -1 for none.

    Returns:
      `[Q, A]` bool; no act for a query without neighbours.
    """
    bank_acts, neighbours = np.asarray(bank_acts), np.asarray(neighbours)
    exists = neighbours != NOBODY
    if not exists.any():
        return np.zeros((len(neighbours), bank_acts.shape[1]), bool)
    votes = np.sum((bank_acts[neighbours] > 0) & exists[:, :, None], axis=1)  # [Q, A]
    voters = exists.sum(axis=1)[:, None]
    return (votes > 0) & (2 * votes >= voters)


def _directions(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, np.float32)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)
