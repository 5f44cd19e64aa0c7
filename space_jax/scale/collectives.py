"""The communication of a compiled program between chips, read from its HLO text."""

import math
import re
from typing import NamedTuple

from space_jax.scale.loops import computations, runs

KINDS = ("all-gather", "all-reduce", "reduce-scatter", "all-to-all", "collective-permute")

_COLLECTIVE = re.compile(rf" = (.*?) ({'|'.join(KINDS)})(-start)?\(")
_SHAPE = re.compile(r"\b(pred|bf16|[suf]\d+|f8\w*|c64|c128)\[([\d,]*)\]")
CONTINUED = re.compile(r'"async_collective_fusion_config":\{"flag_start":"\d')
"""In a later part of a collective that the compiler for TPUs runs beside other operations: every part repeats it."""
_BITS = {"pred": 8, "bf16": 16, "c64": 64, "c128": 128}


class Traffic(NamedTuple):
    """Collectives of one kind in one step.

    Attributes:
      starts: how often one starts, counting every iteration of a loop.
      bytes: size of the whole arrays gathered, reduced or exchanged, on one chip. A ring moves up to that many bytes
        over a chip's links, an all-reduce twice as many.
      counted_once: those of the starts that are in loops whose length depends on data; each counts once.
    """

    starts: int
    bytes: int
    counted_once: int = 0


def collectives(hlo: str) -> dict[str, Traffic]:
    """The collectives of a program.

    Args:
      hlo: text of an optimised module, from `jax.stages.Compiled.as_text`.

    Returns:
      kind -> traffic, for the kinds that occur.
    """
    bodies, entry = computations(hlo)
    of_computation = runs(bodies, entry)
    found: dict[str, Traffic] = {}
    for name, lines in bodies.items():
        times, certain = of_computation[name]
        for line in lines:
            match = _COLLECTIVE.search(line)
            if match is None or not times or CONTINUED.search(line):
                continue
            kind, size = match[2], _bytes_of(match[1], match[2], match[3] is not None, line)
            before = found.get(kind, Traffic(0, 0))
            found[kind] = Traffic(
                before.starts + times, before.bytes + times * size, before.counted_once + (0 if certain else times)
            )
    return dict(sorted(found.items()))


def _bytes_of(result: str, kind: str, started: bool, line: str) -> int:
    sizes = [_size(dtype, dimensions) for dtype, dimensions in _SHAPE.findall(result)]
    if started and kind != "all-reduce":  # the result of such a start lists inputs first, then outputs
        sizes = [size for size in sizes if size > 4]
        sizes = sizes[len(sizes) // 2 :]
    return sum(sizes) * (_group(line) if kind == "reduce-scatter" else 1)


def shape_bytes(shape: str) -> int:
    """Bytes of an array, from its shape as HLO writes it: `f32[8,16]`."""
    found = _SHAPE.match(shape)
    return _size(found[1], found[2]) if found else 0


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
