"""Parting records into splits so that each has its share of every label (Sechidis et al., ECML PKDD 2011).

The rarest label comes first: its groups go, one by one, to the split that lacks most of it. Groups are never parted.
The first group of a label goes to the first split, so that nothing is only held out. The result depends on the groups
and the seed, not on their order.
"""

import dataclasses
import hashlib
import math
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
    having: dict[str, list[int]] = {}
    for index in order:
        totals.update(groups[index].labels)
        for label in groups[index].labels:
            having.setdefault(label, []).append(index)
    whole = math.lcm(*(share.denominator for share in shares))  # whole numbers are exact, and fast
    parts = [int(share * whole) for share in shares]
    lacking = [{label: part * count for label, count in totals.items()} for part in parts]
    rooms = [part * sum(group.size for group in groups) for part in parts]
    splits = [-1] * len(groups)
    left = Counter(totals)

    def put(index: int, split: int) -> None:
        splits[index] = split
        rooms[split] -= whole * groups[index].size
        for label, count in groups[index].labels.items():
            lacking[split][label] -= whole * count
            left[label] -= count

    while having:
        label = min(having, key=lambda name: (left[name], name))
        for index in having.pop(label):
            if splits[index] < 0:
                untouched = lacking[0][label] == parts[0] * totals[label]
                wanted = max(range(len(parts)), key=lambda split: (lacking[split][label], rooms[split], -split))
                put(index, 0 if untouched else wanted)
    for index in order:
        if splits[index] < 0:
            put(index, max(range(len(parts)), key=lambda split: (rooms[split], -split)))
    return splits


def _hash(key: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}\0{key}".encode(), digest_size=16).digest()
