"""Exact and near duplicates across all sources, found from hashes alone.

Near duplicates are found with banded MinHash signatures (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets",
chapter 3): dialogues that agree in all values of a band are compared by their full signatures. Each dialogue takes
about 300 bytes, whatever its length; tables of a band are made one at a time.

Of duplicates the first is kept, by the order of the sources and then by the hashes of
the texts: so the result depends neither on the order of reading nor on the workers.
"""

import numpy as np

from space_jax.corpora.mixtures.wording import HASHES, agreement

BANDS = 16
"""Of `HASHES / BANDS` values each: two dialogues with an overlap of 0.8 share a band with a probability of 0.9998."""

ROUNDS = 32
"""How many dialogues of one band's group the others are compared with; the first of a group usually represents all."""

KEPT, EXACT, NEAR = 0, 1, 2


def duplicates(
    source: np.ndarray, text: np.ndarray, signature: np.ndarray, comparable: np.ndarray, near: float
) -> np.ndarray:
    """Finds the dialogues to leave out.

    A near duplicate of an earlier dialogue is dropped, whether the earlier one is kept or not.

    Args:
      source: `[N]` the place of the dialogue's source in the mixture; earlier sources are preferred.
      text: `[N]` uint64, hash of the dialogue's text.
      signature: `[N, HASHES]` uint32.
      comparable: `[N]` bool, whether the signature is meaningful (`wording.NEAR_WORDS`).
      near: overlap of shingles, 0 to 1, from which dialogues count as near duplicates; 0 keeps them all.

    Returns:
      `[N]` uint8: `KEPT`, `EXACT` or `NEAR`.
    """
    found = np.full(len(text), KEPT, np.uint8)
    order = np.lexsort((text, source))
    _, first = np.unique(text[order], return_index=True)
    found[:] = EXACT
    found[order[first]] = KEPT
    if near > 0:
        chosen = order[(found[order] == KEPT) & comparable[order]]
        found[chosen[_near(signature[chosen], near)]] = NEAR
    return found


def band_keys(signature: np.ndarray, band: int) -> np.ndarray:
    """The keys that dialogues must share to be compared: `[N]` uint64, of the `[N, HASHES]` signatures."""
    width = HASHES // BANDS
    values = signature[:, band * width : (band + 1) * width].astype(np.uint64)
    keys = np.zeros(len(signature), np.uint64)
    for column in values.T:
        keys = (keys ^ column) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    return keys


def _near(signature: np.ndarray, near: float) -> np.ndarray:
    """Which of the dialogues, given in their order, are near to one before them: `[N]` bool."""
    dropped = np.zeros(len(signature), bool)
    for band in range(BANDS):
        keys = band_keys(signature, band)
        by_key = np.argsort(keys, kind="stable")  # within a group in the order of the dialogues
        for _ in range(ROUNDS):
            leaders, followers = _led(keys[by_key], by_key)
            if not len(followers):
                break
            alike = np.concatenate(
                [
                    agreement(signature[a], signature[b]) >= near
                    for a, b in zip(_pieces(leaders), _pieces(followers), strict=True)
                ]
            )
            dropped[followers[alike]] = True
            by_key = followers[~alike]
    return dropped


def _led(keys: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first of each group of equal keys, once for each other member, and these others; `keys` are sorted."""
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, np.int64)
    sizes = np.diff(np.append(starts, len(keys)))
    leaders = np.repeat(members[starts], sizes)
    others = np.ones(len(keys), bool)
    others[starts] = False
    return leaders[others], members[others]


def _pieces(values: np.ndarray, size: int = 65_536) -> list[np.ndarray]:
    """Bounds the memory of a comparison."""
    return [values[start : start + size] for start in range(0, len(values), size)]
