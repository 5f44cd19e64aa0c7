"""The changes that docs/extending.md shows, and making them.

A change is a paragraph such as "A new file `PATH`:" or "In `PATH`, after `TEXT`:", with a code block beneath. TEXT is a
part of one line of the file; `before` and `instead of` say where else the block goes.
"""

import dataclasses
import re
from pathlib import Path

from tests.docs.commands import ROOT

PAGE = ROOT / "docs" / "extending.md"
_CHANGE = re.compile(
    r"^(?:A new file `(?P<new>[^`]+)`|In `(?P<old>[^`]+)`, (?P<how>after|before|instead of) `(?P<text>[^`]+)`):\n\n"
    r"```\w+\n(?P<block>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_TESTS = re.compile(r"^    pytest (.+)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Change:
    """A change of one file.

    Attributes:
      path: of the file, relative to the repository.
      block: the lines to put there.
      how: "after", "before" or "instead of" the line; "" for a new file.
      text: a part of that line and of no other.
    """

    path: str
    block: str
    how: str = ""
    text: str = ""

    def make(self, root: Path) -> None:
        """Makes it in a copy of the repository."""
        path = root / self.path
        if not self.how:
            assert not path.exists(), self.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.block, encoding="utf-8")
            return
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        (number,) = [n for n, line in enumerate(lines) if self.text in line]
        first, last = number + (self.how == "after"), number + (self.how != "before")
        lines[first:last] = [self.block]
        path.write_text("".join(lines), encoding="utf-8")


@dataclasses.dataclass(frozen=True)
class Section:
    """What the page says on one kind of extension: its changes in their order, and the tests to run then."""

    title: str
    changes: tuple[Change, ...]
    tests: tuple[str, ...]


def sections() -> list[Section]:
    """Those of the page that have changes."""
    found = []
    for part in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        changes = [
            Change(one["new"] or one["old"], one["block"], one["how"] or "", one["text"] or "")
            for one in _CHANGE.finditer(part)
        ]
        tests = [word for line in _TESTS.findall(part) for word in line.split()]
        found.append(Section(part.partition("\n")[0], tuple(changes), tuple(tests)))
    return found
