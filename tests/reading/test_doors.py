"""Each format is read in one room of the package: `space_jax.reading`, and what `ROOMS` names with its reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "space_jax"

MODULES = ("csv", "yaml", "gzip", "zipfile", "tarfile", "bz2", "lzma", "tomllib", "array_record", "tensorflow_datasets")
"""Modules that read a format; who imports one reads by itself."""

CALLS = {
    "json": ("load", "loads", "JSONDecoder"),
    "np": ("load", "loadtxt", "genfromtxt", "fromfile", "memmap"),
    "numpy": ("load", "loadtxt", "genfromtxt", "fromfile", "memmap"),
    "zlib": ("decompress", "decompressobj"),
    "pickle": ("load", "loads", "Unpickler"),
}
METHODS = ("read_text", "read_bytes")
CONSOLES = ("rich.console", "rich")

ROOMS = {
    "features/storage.py": ("array_record", "tensorflow_datasets"),  # the shards of prepared corpora
    "corpora/download.py": ("tensorflow_datasets",),  # its download manager
    "remote.py": ("read_text", "open"),  # of buckets, whose clients have errors of their own
    "terminal/__init__.py": ("Console",),
}
"""The rooms outside of `reading/`, and what each may do."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith("reading/"):
            yield name, ast.parse(path.read_bytes(), name)


def bare(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The line and the name of everything that reads a format by itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, one.name.split(".")[0]) for one in node.names if _reads(one.name))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [one.name for one in node.names]
            if _reads(node.module):
                yield node.lineno, node.module.split(".")[0]
            yield from ((node.lineno, f"{node.module}.{n}") for n in names if n in CALLS.get(node.module, ()))
        elif isinstance(node, ast.Attribute) and node.attr in CALLS.get(ast.unparse(node.value), ()):
            yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Call):
            yield from ((node.lineno, name) for name in _called(node))


def _reads(module: str) -> bool:
    return module.split(".")[0] in MODULES


def _called(node: ast.Call) -> Iterator[str]:
    """A method that reads a whole file, `open` for reading, and Rich's own console."""
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if isinstance(function, ast.Attribute) and name in METHODS:
        yield name
    if name in ("open", "fdopen") and ast.unparse(function) != "os.open":
        place = 0 if isinstance(function, ast.Attribute) and name == "open" else 1
        given = [*node.args[place : place + 1], *(one.value for one in node.keywords if one.arg == "mode")]
        mode = given[0].value if given and isinstance(given[0], ast.Constant) else "r"
        if isinstance(mode, str) and not set(mode) & set("wax"):
            yield "open"


def own_consoles(tree: ast.Module) -> Iterator[int]:
    """Where Rich's console is made, which prints what others wrote as it is."""
    rich = {
        one.asname or one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in CONSOLES
        for one in node.names
        if one.name == "Console"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            made = ast.unparse(node.func)
            if made in rich or made in ("rich.console.Console", "rich.print"):
                yield node.lineno


def test_formats_are_read_in_their_rooms_only():
    found = [
        f"space_jax/{name}:{line}: {what}"
        for name, tree in sources()
        for line, what in bare(tree)
        if what not in ROOMS.get(name, ())
    ]
    assert not found, "these read a format by themselves; take the door in space_jax.reading:\n" + "\n".join(found)


def test_what_others_wrote_is_printed_by_our_console():
    found = [f"space_jax/{name}:{line}" for name, tree in sources() for line in own_consoles(tree)]
    assert not found, f"take space_jax.terminal.Console: {found}"


def test_rooms_are_used():
    trees = dict(sources())
    for name, allowed in ROOMS.items():
        used = {what for _, what in bare(trees[name])} | {"Console"}
        assert set(allowed) <= used, name


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import csv", "csv"),
        ("import zipfile as z", "zipfile"),
        ("from gzip import open as o", "gzip"),
        ("from array_record.python import array_record_module", "array_record"),
        ("import json\njson.loads('1')", "json.loads"),
        ("from json import load", "json.load"),
        ("import json\nread = json.load", "json.load"),
        ("import numpy as np\nnp.load('x')", "np.load"),
        ("path.read_text('utf-8')", "read_text"),
        ("path.parent.read_bytes()", "read_bytes"),
        ("open('x')", "open"),
        ("open('x', 'rb')", "open"),
        ("path.open()", "open"),
        ("path.open(mode='rb')", "open"),
        ("path.open(encoding='utf-8')", "open"),
    ],
)
def test_every_way_in_is_seen(code, what):
    assert what in [name for _, name in bare(ast.parse(code))]


@pytest.mark.parametrize(
    "code", ["json.dumps(1)", "path.open('w')", "open('x', 'ab')", "read_bytes(path)", "np.save(f, x)"]
)
def test_writing_is_no_reading(code):
    assert not list(bare(ast.parse(code)))
