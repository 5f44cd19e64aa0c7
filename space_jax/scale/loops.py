"""How often each computation of a compiled program runs, read from its HLO text.

The compiler for CPUs writes the number of turns beside a loop; the one for TPUs does not, but there, too, a loop of a
fixed number of turns counts from a constant to a constant.
"""

import collections
import re
from typing import NamedTuple

Computations = dict[str, list[str]]
"""Name -> lines of its instructions."""

_HEAD = re.compile(r"^(ENTRY )?%?([\w.\-]+) \(.*\{\s*$")
_CALLED = re.compile(r"(?:calls|to_apply|body|condition|true_computation|false_computation)=%?([\w.\-]+)")
_BRANCHES = re.compile(r"branch_computations=\{([^}]*)\}")
_WRITTEN = re.compile(r'known_trip_count"?:\s*\{"?n"?:\s*"?(\d+)')
_WHILE = re.compile(r" while\(%?([\w.\-]+)\).*?condition=%?([\w.\-]+), body=%?([\w.\-]+)")
_RESULT = re.compile(r"^\s*(?:ROOT )?%?([\w.\-]+) = ")
_OPERATION = re.compile(r"[\]})] ([\w\-]+)\(([^)]*)\)")
_INDEX = re.compile(r"index=(\d+)")


class Runs(NamedTuple):
    """How often a computation runs in one run of the program.

    Attributes:
      times: the number of runs; a loop of unknown length counts once.
      certain: False inside a loop whose length depends on data.
    """

    times: int
    certain: bool


def computations(hlo: str) -> tuple[Computations, str]:
    """The computations of an optimised module, and the name of the one where it begins."""
    bodies: Computations = {}
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


def runs(bodies: Computations, entry: str) -> dict[str, Runs]:
    """How often each computation runs in one run of the program; of a condition's branches each counts."""
    callers: dict[str, list[tuple[str, int | None]]] = collections.defaultdict(list)
    for name, lines in bodies.items():
        for line in lines:
            turns = _turns(bodies, name, line) if " while(" in line else 1
            called = _CALLED.findall(line)
            for branches in _BRANCHES.findall(line):
                called += [branch.strip().lstrip("%") for branch in branches.split(",")]
            for callee in called:
                callers[callee].append((name, turns))
    found: dict[str, Runs] = {entry: Runs(1, True)}

    def count(name: str) -> Runs:
        if name not in found:
            parts = [(count(caller), turns) for caller, turns in callers[name]]
            found[name] = Runs(
                sum(caller.times * (turns or 1) for caller, turns in parts),
                all(caller.certain and turns is not None for caller, turns in parts),
            )
        return found[name]

    return {name: count(name) for name in bodies}


def _turns(bodies: Computations, name: str, line: str) -> int | None:
    """The turns of a loop in computation `name`; None where they depend on data."""
    if written := _WRITTEN.search(line):
        return int(written[1])
    loop = _WHILE.search(line)
    if loop is None:
        return None
    caller, condition, body = (_Instructions(bodies[one]) for one in (name, loop[2], loop[3]))
    carry = caller.operands(loop[1], "tuple")
    sides = condition.operands(condition.root, "compare")
    if len(sides) != 2 or "direction=LT" not in condition.lines[condition.root]:
        return None

    def value(side: str) -> int | None:
        """A constant of the condition, or of the state with which the loop begins."""
        place = condition.place(side)
        return condition.constant(side) if place is None else caller.constant(carry[place]) if carry else None

    counter = condition.place(sides[0])
    if counter is None:
        return None
    first, end = value(sides[0]), value(sides[1])
    after = body.operands(body.root, "tuple")
    steps = body.operands(after[counter], "add") if after else []
    step = [body.constant(one) for one in steps if body.place(one) != counter]
    bound_stays = (place := condition.place(sides[1])) is None or body.place(after[place]) == place
    if first is None or end is None or len(step) != 1 or not step[0] or not bound_stays:
        return None
    return max(0, -(-(end - first) // step[0]))


class _Instructions:
    """The instructions of one computation by name."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = {match[1]: line for line in lines if (match := _RESULT.match(line))}
        self.root = next((name for name, line in self.lines.items() if line.lstrip().startswith("ROOT ")), "")

    def operands(self, name: str, operation: str) -> list[str]:
        """The operands of the instruction `name`, copies removed, if it is this operation."""
        found = _OPERATION.search(self.lines.get(self._original(name), ""))
        if found is None or found[1] != operation:
            return []
        return [self._original(part.split()[-1].lstrip("%")) for part in found[2].split(", ") if part]

    def place(self, name: str) -> int | None:
        """Which part of the computation's parameter an instruction is, if it is one."""
        line = self.lines.get(self._original(name), "")
        index = _INDEX.search(line) if " get-tuple-element(" in line else None
        return int(index[1]) if index else None

    def constant(self, name: str) -> int | None:
        """The value of a constant integer."""
        found = re.search(r" constant\((-?\d+)\)", self.lines.get(self._original(name), ""))
        return int(found[1]) if found else None

    def _original(self, name: str) -> str:
        copied = re.search(r" copy\(%?([\w.\-]+)\)", self.lines.get(name, ""))
        return self._original(copied[1]) if copied else name
