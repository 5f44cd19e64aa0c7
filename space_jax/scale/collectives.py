"""The communication of a compiled program between chips, read from its HLO text."""

import collections
import math
import re
from typing import NamedTuple

KINDS = ("all-gather", "all-reduce", "reduce-scatter", "all-to-all", "collective-permute")

_HEAD = re.compile(r"^(ENTRY )?%?([\w.\-]+) \(.*\{\s*$")
_CALLED = re.compile(r"(?:calls|to_apply|body|condition|true_computation|false_computation)=%?([\w.\-]+)")
_BRANCHES = re.compile(r"branch_computations=\{([^}]*)\}")
_TRIPS = re.compile(r'known_trip_count"?:\s*\{"?n"?:\s*"?(\d+)')
_COLLECTIVE = re.compile(rf" = (.*?) ({'|'.join(KINDS)})(-start)?\(")
_SHAPE = re.compile(r"\b(pred|bf16|[suf]\d+|f8\w*|c64|c128)\[([\d,]*)\]")
_BITS = {"pred": 8, "bf16": 16, "c64": 64, "c128": 128}


class Traffic(NamedTuple):
    """Collectives of one kind in one step.

    Attributes:
      starts: how often one starts, counting every iteration of a loop.
      bytes: size of the whole arrays gathered, reduced or exchanged, on one chip. A ring moves up to that many bytes
        over a chip's links, an all-reduce twice as many.
    """

    starts: int
    bytes: int


def collectives(hlo: str) -> dict[str, Traffic]:
    """The collectives of a program.

    Args:
      hlo: text of an optimised module, from `jax.stages.Compiled.as_text`.

    Returns:
      kind -> traffic, for the kinds that occur. A loop with an unknown number of iterations counts once.
    """
    bodies, entry = _computations(hlo)
    times = _times_run(bodies, entry)
    found: dict[str, Traffic] = {}
    for name, lines in bodies.items():
        for line in lines:
            match = _COLLECTIVE.search(line)
            if match is None or not times[name]:
                continue
            kind, size = match[2], _bytes_of(match[1], match[2], match[3] is not None, line)
            before = found.get(kind, Traffic(0, 0))
            found[kind] = Traffic(before.starts + times[name], before.bytes + times[name] * size)
    return dict(sorted(found.items()))


def _computations(hlo: str) -> tuple[dict[str, list[str]], str]:
    bodies: dict[str, list[str]] = {}
    entry, current = "", None
    for line in hlo.splitlines():
        head = None if line.startswith(" ") else _HEAD.match(line)
        if head is not None:
            current = head[2]
            bodies[current] = []
            entry = current if head[1] else entry
        elif line.startswith("}"):
            current = None
        elif current is not None:
            bodies[current].append(line)
    return bodies, entry


def _times_run(bodies: dict[str, list[str]], entry: str) -> dict[str, int]:
    """How often each computation runs per run of the program."""
    callers: dict[str, list[tuple[str, int]]] = collections.defaultdict(list)
    for name, lines in bodies.items():
        for line in lines:
            trips = _TRIPS.search(line) if " while(" in line else None
            turns = int(trips[1]) if trips else 1
            called = _CALLED.findall(line)
            for branches in _BRANCHES.findall(line):
                called += [branch.strip().lstrip("%") for branch in branches.split(",")]
            for callee in called:
                callers[callee].append((name, turns))
    times: dict[str, int] = {}

    def count(name: str) -> int:
        if name not in times:
            times[name] = 1 if name == entry else sum(turns * count(caller) for caller, turns in callers[name])
        return times[name]

    for name in bodies:
        count(name)
    return times


def _bytes_of(result: str, kind: str, started: bool, line: str) -> int:
    sizes = [_size(dtype, dimensions) for dtype, dimensions in _SHAPE.findall(result)]
    if started and kind != "all-reduce":  # the result of such a start lists inputs first, then outputs
        sizes = [size for size in sizes if size > 4]
        sizes = sizes[len(sizes) // 2 :]
    return sum(sizes) * (_group(line) if kind == "reduce-scatter" else 1)


def _size(dtype: str, dimensions: str) -> int:
    bits = _BITS.get(dtype) or int(re.sub(r"^f8.*", "8", dtype).lstrip("suf"))
    return math.prod(int(n) for n in dimensions.split(",") if n) * bits // 8


def _group(line: str) -> int:
    """The number of chips in one collective, from any of HLO's three notations for groups."""
    if listed := re.search(r"replica_groups=\{\{([\d,]+)\}", line):
        return listed[1].count(",") + 1
    if iota := re.search(r"replica_groups=\[\d+,(\d+)\]", line):
        return int(iota[1])
    if mesh := re.search(r"replica_groups=mesh\[(.*?)\]\s*\{(.*?)\}", line):
        sizes = dict(re.findall(r"'(\w+)'=(\d+)", mesh[1]))
        return math.prod(int(sizes[axis]) for axis in re.findall(r"'(\w+)'", mesh[2]))
    return 1
