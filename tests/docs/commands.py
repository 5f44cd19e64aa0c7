"""The shell commands that README, the pages of docs/ and the docstrings of configurations and benchmarks show.

A command is a line of a code block, or of a docstring, that begins with one of `PROGRAMS`, with the lines that a
backslash joins to it; or a code span in the text that does. A block of Python or JSON has none.
"""

import ast
import dataclasses
import itertools
import re
import shlex
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = (
    *("space-jax", "python", "make", "pip", "gcloud", "ssh", "cp", "cat", "git", "export", "jupyter", "."),
    *(f"tpu_scripts/{path.name}" for path in sorted((ROOT / "tpu_scripts").glob("*.sh"))),
)
DOCUMENTS = (
    *(ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))),
    *(ROOT / "tpu_scripts" / "README.md", *sorted((ROOT / "configs").rglob("*.py"))),
    *sorted([*(ROOT / "benchmarks").glob("*.py"), *(ROOT / "benchmarks").glob("*/__init__.py")]),
)
_VENV = ".venv/bin/"
_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?: {4}.*\n)(?:(?: {4}.*)?\n)*")
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_START = re.compile(rf"(?:{re.escape(_VENV)})?(?:{'|'.join(map(re.escape, PROGRAMS))})(?= |$)")


@dataclasses.dataclass(frozen=True)
class Command:
    """A command as the reader would type it.

    Attributes:
      document: where it stands, relative to the repository.
      line: the line on which it begins.
      text: in one line, without its comment.
      inline: whether it is a code span within a sentence.
    """

    document: str
    line: int
    text: str
    inline: bool

    @property
    def words(self) -> list[str]:
        """Program and arguments, without a redirection of the output."""
        return shlex.split(self.text.partition(" > ")[0].removeprefix(_VENV))

    @property
    def script(self) -> tuple[str, list[str]]:
        """Of `python X.py ...` and `python -m a.b ...`: the file, relative to the repository, and its arguments."""
        first, *rest = self.words[1:]
        if first != "-m":
            return first, rest
        path = rest[0].replace(".", "/")
        return f"{path}/__main__.py" if (ROOT / path).is_dir() else f"{path}.py", rest[1:]

    @property
    def output(self) -> str:
        """The file that standard output goes to, "" for none."""
        return self.text.partition(" > ")[2].strip()

    @property
    def program(self) -> str:
        """The first word, without the folder of the environment."""
        return self.words[0]

    def __str__(self) -> str:
        """For the names of tests."""
        return f"{self.document}:{self.line} {self.text}"


def _starts(text: str) -> bool:
    return _START.match(text) is not None


def _without_comment(text: str) -> str:
    return re.sub(r"(?:^|\s+)#.*", "", text)


def _of_lines(document: str, first: int, text: str) -> list[Command]:
    """The commands of lines of which the others are no commands."""
    commands: list[Command] = []
    lines = iter(enumerate(text.splitlines(), first))
    for number, line in lines:
        command = _without_comment(line.strip())
        if not _starts(command):
            continue
        while command.endswith("\\"):
            command = f"{command[:-1].rstrip()} {_without_comment(next(lines)[1].strip())}"
        commands.append(Command(document, number, command, inline=False))
    return commands


def _of_block(document: str, first: int, block: str) -> list[Command]:
    """The commands of a code block. Where a paragraph of it has a command, it has nothing else."""
    commands = []
    for paragraph in re.finditer(r"(?:.*\S.*(?:\n|\Z))+", block):
        line = first + block.count("\n", 0, paragraph.start())
        found = _of_lines(document, line, paragraph[0])
        starts = sum(not text.rstrip().endswith("\\") for text in paragraph[0].splitlines())
        assert len(found) in (0, starts), f"{document}:{line}: a line begins with no program that the tests know"
        commands += found
    return commands


def _spans(document: str, first: int, text: str) -> list[Command]:
    found = []
    for span in _SPAN.finditer(text):
        words = " ".join(span[1].split())
        if _starts(words) and words != ".":
            found.append(Command(document, first + text.count("\n", 0, span.start()), words, inline=True))
    return found


def _of_markdown(document: str, text: str) -> list[Command]:
    commands = []
    prose = text
    for pattern, body in ((_FENCED, 3), (_INDENTED, 0)):
        for block in pattern.finditer(prose):
            if pattern is _FENCED and block[2] in ("python", "json"):
                continue
            first = 1 + text.count("\n", 0, block.start(body))
            commands += _of_block(document, first, block[body])
        # Blank lines in their place, so that spans keep their line numbers.
        prose = pattern.sub(lambda block: "\n" * block[0].count("\n"), prose)
    return sorted([*commands, *_spans(document, 1, prose)], key=lambda command: command.line)


def _of_docstring(document: str, source: str) -> list[Command]:
    text = ast.get_docstring(ast.parse(source), clean=False) or ""
    return sorted([*_of_lines(document, 1, text), *_spans(document, 1, text)], key=lambda command: command.line)


def commands_of(path: Path) -> list[Command]:
    """The commands of a page or of a module's docstring, in their order."""
    document, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    return _of_docstring(document, text) if path.suffix == ".py" else _of_markdown(document, text)


def commands_of_target(target: str) -> list[Command]:
    """The commands of the package that `make TARGET` would run."""
    printed = subprocess.run(
        ["make", "--dry-run", "--always-make", target], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    run = re.findall(r"bin/(?:python -m space_jax|space-jax) (.+)", re.sub(r"\\\n\s*", "", printed))
    return [Command("Makefile", 0, f"space-jax {text}", inline=False) for text in run]


def every_command() -> list[Command]:
    """Those of all documents, then those of the Makefile."""
    return [*itertools.chain.from_iterable(map(commands_of, DOCUMENTS)), *commands_of_target("quickstart")]
