"""Parting records into splits so that each has its share of every label (Sechidis et al., ECML PKDD 2011).

The rarest label comes first: its groups go, one by one, to the split that lacks most of it. Groups are never parted.
The first group of a label goes to the first split, so that nothing is only held out. The result depends on the groups
and the seed, not on their order.
"""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Records that belong on one side.

    Attributes:
      key: tells it from others, whatever their order.
      size: how many records.
      labels: label -> records that have it.
    """

    key: str
    size: int
    labels: Counter[str]


def divide(groups: Sequence[Group], shares: Sequence[Fraction], seed: int) -> list[int]:
    """The number of the split of each group.

    Args:
      groups: with different keys.
      shares: of the splits; their sum is 1.
      seed: other seeds give other divisions.

    >>> groups = [Group(str(n), 1, Counter({"ab"[n % 2]: 1})) for n in range(20)]
    >>> splits = divide(groups, [Fraction(1, 2), Fraction(1, 2)], 0)
    >>> [Counter(splits[label::2])[0] for label in range(2)]
    [5, 5]
    """
    order = sorted(range(len(groups)), key=lambda index: (-groups[index].size, _hash(groups[index].key, seed)))
    totals: Counter[str] = Counter()
    for group in groups:
        totals.update(group.labels)
    lacking = [{label: share * count for label, count in totals.items()} for share in shares]
    rooms = [share * sum(group.size for group in groups) for share in shares]
    splits = [-1] * len(groups)

    def put(index: int, split: int) -> None:
        splits[index] = split
        rooms[split] -= groups[index].size
        for label, count in groups[index].labels.items():
            lacking[split][label] -= count

    left = {label: [index for index in order if groups[index].labels[label]] for label in totals}
    while left:
        label = min(left, key=lambda name: (sum(groups[index].labels[name] for index in left[name]), name))
        for index in left.pop(label):
            wanted = [(lacking[split][label], rooms[split], -split) for split in range(len(shares))]
            untouched = lacking[0][label] == shares[0] * totals[label]
            put(index, 0 if untouched else -max(wanted)[2])
        left = {name: [index for index in several if splits[index] < 0] for name, several in left.items()}
        left = {name: several for name, several in left.items() if several}
    for index in order:
        if splits[index] < 0:
            put(index, max(range(len(shares)), key=lambda split: (rooms[split], -split)))
    return splits


def _hash(key: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}\0{key}".encode(), digest_size=16).digest()
