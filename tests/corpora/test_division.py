"""Parting into splits: shares of every label, groups that stay together, the same result in any order."""

from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from space_jax.corpora.division import Group, divide

SHARES = [Fraction(8, 10), Fraction(1, 10), Fraction(1, 10)]


def groups(*labels):
    return [Group(str(number), 1, Counter([label] if label else [])) for number, label in enumerate(labels)]


def counts(several, splits):
    """Label -> groups in each split."""
    found = {}
    for group, split in zip(several, splits, strict=True):
        for label in group.labels or [""]:
            found.setdefault(label, [0, 0, 0])[split] += 1
    return found


def test_every_label_has_its_shares():
    several = groups(*"aaaaaaaaaabbbbbbbbbbbbbbbbbbbb")
    assert counts(several, divide(several, SHARES, 0)) == {"a": [8, 1, 1], "b": [16, 2, 2]}


def test_few_examples_are_trained_on_first():
    several = groups(*"a" * 40, *"b" * 1, *"c" * 2, *"d" * 3, *"e" * 5)
    found = counts(several, divide(several, SHARES, 0))
    assert [found[label][0] for label in "abcde"] == [32, 1, 2, 3, 4]


def test_groups_without_labels_fill_what_is_left():
    several = groups(*"aaaaaaaaaa", *[""] * 10)
    assert counts(several, divide(several, SHARES, 0)) == {"a": [8, 1, 1], "": [8, 1, 1]}


def test_a_label_is_shared_although_groups_are_large():
    several = [Group(str(number), size, Counter(a=size)) for number, size in enumerate([10, 5, 3, 1, 1])]
    splits = divide(several, [Fraction(1, 2), Fraction(1, 2)], 0)
    sizes = [sum(group.size for group, split in zip(several, splits, strict=True) if split == one) for one in (0, 1)]
    assert sizes == [10, 10]


def test_another_seed_gives_another_division():
    several = groups(*"a" * 20)
    assert divide(several, SHARES, 0) == divide(several, SHARES, 0) != divide(several, SHARES, 1)


@given(st.lists(st.sets(st.sampled_from("abc")), max_size=25), st.integers(0, 3), st.randoms(use_true_random=False))
def test_order_makes_no_difference_and_train_has_every_label(labels, seed, random):
    several = [Group(str(number), 1, Counter(sorted(one))) for number, one in enumerate(labels)]
    splits = dict(zip((group.key for group in several), divide(several, SHARES, seed), strict=True))
    shuffled = random.sample(several, len(several))
    assert dict(zip((group.key for group in shuffled), divide(shuffled, SHARES, seed), strict=True)) == splits
    trained = {label for group in several if splits[group.key] == 0 for label in group.labels}
    assert trained == {label for group in several for label in group.labels}
