"""How much a compiled program reads from and writes to the memory of a chip, read from its HLO text.

XLA's own count (`cost_analysis`) counts the body of a loop once, and the layers of a model are a loop. Here every turn
counts. Arrays that the compiler for TPUs keeps in a core's own memory (`S(1)` in their layout) count nothing.
"""

import re
from typing import NamedTuple

from space_jax.scale.collectives import CONTINUED, shape_bytes
from space_jax.scale.loops import Computations, computations, runs

_INSTRUCTION = re.compile(r"^\s*(ROOT )?%?([\w.\-]+) = (.*?) ([\w\-]+)\((.*)$")
_SHAPE = re.compile(r"\b((?:pred|bf16|[suf]\d+|f8\w*|c64|c128)\[[\d,]*\])(\{[^}]*\})?")
_OPERAND = re.compile(r"%([\w.\-]+)")
_CALLS = re.compile(r"calls=%?([\w.\-]+)")
_APPLIED = re.compile(r"to_apply=%?([\w.\-]+)")

# Names for what is there already, and instructions of which the computations that they run are counted.
_FREE = {
    *("parameter", "constant", "tuple", "get-tuple-element", "bitcast", "while", "conditional", "call", "after-all"),
    *("iota", "partition-id", "replica-id", "opt-barrier"),
}
_PARTS = {"dynamic-slice", "slice", "gather"}  # read no more of their first operand than they return
_UPDATES = {"dynamic-update-slice": 1, "scatter": 2}  # in place: the operand that they read and write as much as


class Instruction(NamedTuple):
    """One line: `size` is what its result takes of the chip's memory, in bytes."""

    name: str
    operation: str
    size: int
    operands: tuple[str, ...]
    line: str
    root: bool


def memory_traffic(hlo: str) -> int:
    """Bytes read and written in one run of a program, on one chip.

    An instruction reads its operands and writes its result, but only the parts that it slices or updates in place; a
    fusion, likewise, what goes into it and comes out.

    Args:
      hlo: text of an optimised module, from `jax.stages.Compiled.as_text`.
    """
    bodies, entry = computations(hlo)
    parsed = {name: _instructions(lines) for name, lines in bodies.items()}
    inner = _inner(bodies)
    times = {name: found.times for name, found in runs(bodies, entry).items()}
    return sum(
        times[name] * sum(_moved(instruction, parsed[name], parsed) for instruction in parsed[name].values())
        for name in parsed
        if name not in inner
    )


def _instructions(lines: list[str]) -> dict[str, Instruction]:
    found = {}
    for line in lines:
        match = _INSTRUCTION.match(line)
        if match is not None:
            root, name, result, operation, rest = match.groups()
            operands = tuple(_OPERAND.findall(rest.split("), ")[0]))
            found[name] = Instruction(name, operation, _size(result), operands, line, root is not None)
    return found


def _size(result: str) -> int:
    """Bytes of a result in the chip's memory: all but those in memory spaces of a core."""
    return sum(shape_bytes(shape) for shape, layout in _SHAPE.findall(result) if not re.search(r"S\([1-9]", layout))


def _inner(bodies: Computations) -> set[str]:
    """The computations that are parts of one instruction: fused, or applied to single elements."""
    found: set[str] = set()
    for lines in bodies.values():
        for line in lines:
            if " fusion(" in line or " async-start(" in line:
                found.update(_CALLS.findall(line))
            if " call(" not in line:
                found.update(_APPLIED.findall(line))
    return found


def _moved(instruction: Instruction, around: dict[str, Instruction], parsed: dict[str, dict[str, Instruction]]) -> int:
    operation = instruction.operation
    if operation in _FREE or operation.endswith("-done") or '"AllocateBuffer"' in instruction.line:
        return 0
    if operation == "fusion" and (called := _CALLS.search(instruction.line)):
        fused = parsed[called[1]]
        reads = sum(
            min(_read(fused, place, parsed), around[name].size)
            for place, name in enumerate(instruction.operands)
            if name in around
        )
        return reads + min(_written(fused), instruction.size)
    if operation in _UPDATES:
        update = around.get(instruction.operands[_UPDATES[operation]])
        return 2 * update.size if update else 0
    sizes = [around[name].size for name in instruction.operands if name in around]
    if operation in _PARTS:
        return min(instruction.size, *sizes[:1]) + instruction.size
    if operation.endswith("-start"):  # its result lists operands and results
        return sum(sizes) + max(0, instruction.size - sum(sizes))
    return sum(sizes) + instruction.size


def _read(fused: dict[str, Instruction], place: int, parsed: dict[str, dict[str, Instruction]]) -> int:
    """Bytes that a fused computation reads of its parameter."""
    parameter = next(one for one in fused.values() if f" parameter({place})" in one.line)
    return _read_of(fused, parameter.name, parsed)


def _read_of(fused: dict[str, Instruction], name: str, parsed: dict[str, dict[str, Instruction]]) -> int:
    whole = fused[name].size
    total = 0
    for user in fused.values():
        for place, operand in enumerate(user.operands):
            if operand != name or user.operation == "tuple" or CONTINUED.search(user.line):
                continue  # handed on, not read
            if user.operation == "bitcast":
                total += _read_of(fused, user.name, parsed)
            elif user.operation in _PARTS and place == 0:
                total += _unplaced(user)
            elif user.operation in _UPDATES and place == 0:
                continue
            elif user.operation == "fusion" and (called := _CALLS.search(user.line)):
                total += _read(parsed[called[1]], place, parsed)
            else:
                return whole
    return min(total, whole)


def _written(fused: dict[str, Instruction]) -> int:
    """Bytes that a fused computation writes at most: of a result that is updated in place, the update."""
    root = next(one for one in fused.values() if one.root)
    parts = [fused[name] for name in root.operands] if root.operation == "tuple" else [root]
    return sum(_written_by(one, fused) for one in parts)


def _written_by(one: Instruction, fused: dict[str, Instruction]) -> int:
    if one.operation == "parameter" or CONTINUED.search(one.line):
        return 0
    if one.operation in ("bitcast", "copy", "convert") and one.operands and one.operands[0] in fused:
        return min(one.size, _written_by(fused[one.operands[0]], fused))
    if one.operation in _UPDATES:
        update = fused.get(one.operands[_UPDATES[one.operation]])
        return _unplaced(update) if update else one.size
    return one.size


def _unplaced(instruction: Instruction) -> int:
    """Bytes of a result wherever it is."""
    result = _INSTRUCTION.match(instruction.line)
    return sum(shape_bytes(shape) for shape, _ in _SHAPE.findall(result[3])) if result else 0
