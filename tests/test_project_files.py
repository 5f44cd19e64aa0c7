"""What stands beside the code says the same as the code: licences, versions."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import space_jax
from space_jax.corpora.mixtures.files import mixture_names
from space_jax.corpora.registry import CORPORA

ROOT = Path(__file__).parents[1]
NAMED_OR_PASSED_ON = ("CC BY 4.0", "CC BY 3.0", "Apache-2.0", "MIT", "CDLA-Permissive 1.0")
OURS = {"simulated", "jsonl"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def corpora_of(kind: str) -> set[str]:
    """The corpora that NOTICE names under a sentence."""
    (listed,) = re.findall(rf"^- {kind}[^:]*: ([\w, ]+)\.$", read("NOTICE"), re.MULTILINE)
    return set(listed.split(", "))


def with_licence(words: str) -> set[str]:
    return {name for name, entry in CORPORA.items() if re.search(words, entry.licence)}


def test_the_notice_names_the_corpora_that_ask_for_more_than_a_name():
    assert corpora_of("No commercial use") == with_licence("BY-NC")
    assert corpora_of("What you adapt") == with_licence("-SA ")
    assert corpora_of("No licence is stated") == with_licence("stated by its authors|^none stated")
    asking = corpora_of("No commercial use") | corpora_of("What you adapt") | corpora_of("No licence is stated")
    for name in set(CORPORA) - asking - OURS:
        assert CORPORA[name].licence.startswith(NAMED_OR_PASSED_ON), name


def test_the_page_of_corpora_states_the_licences_of_the_registry():
    table = read("docs/corpora.md").partition("\n## ")[0]
    stated = {
        name: cells[3]
        for cells in (line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `"))
        for name in re.findall(r"`(\w+)`", cells[0])
    }
    assert set(stated) == set(CORPORA)
    for name in set(CORPORA) - OURS:
        assert stated[name].split(";")[0] in CORPORA[name].licence, name


def test_every_mixture_is_on_its_page():
    assert [name for name in mixture_names() if f"| `{name}` |" not in read("docs/mixtures.md")] == []


def test_the_versions_agree():
    assert f"\nversion: {space_jax.__version__}\n" in read("CITATION.cff")

    assert f"{space_jax.__version__}" in read("CHANGELOG.md").partition("\n### ")[0]


def test_the_distribution_has_the_licence():
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert project["license"] == "Apache-2.0"
    assert project["license-files"] == ["LICENSE", "NOTICE"]
    assert re.match(r"\s+Apache License\s+Version 2\.0, January 2004", read("LICENSE"))


@pytest.fixture
def make(tmp_path):
    """Runs a target of the Makefile with a folder of its own, and with `echo` in place of Python."""
    for name in ("requirements.txt", "pyproject.toml", "setup.py"):
        (tmp_path / name).touch()

    def run(target):
        (tmp_path / "venv").mkdir(exist_ok=True)
        (tmp_path / "venv" / ".package").touch()  # newer than what it depends on
        where = [f"QUICK={tmp_path / 'quick'}", f"VENV={tmp_path / 'venv'}", "RUN=@echo"]
        command = ["make", "--no-print-directory", "--file", str(ROOT / "Makefile"), *where, target]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def test_quickstart_deletes_nothing_that_it_did_not_make(make, tmp_path):
    quick = tmp_path / "quick"
    (quick / "run").mkdir(parents=True)
    (quick / "run" / "mine").touch()
    refused = make("quickstart")
    assert refused.returncode == 2
    assert f"{quick}: holds what this make quickstart has not made; move it away, then try again" in refused.stderr
    assert "space_jax" not in refused.stdout
    assert (quick / "run" / "mine").exists()

    (quick / "run" / "mine").unlink()
    (quick / "run").rmdir()  # an empty folder is nobody's
    begun = make("quickstart")
    assert begun.returncode == 0, begun.stderr
    assert "space_jax play" in begun.stdout
    (quick / "run").mkdir()
    (quick / "run" / "old").touch()
    (quick / "notes.txt").touch()
    assert make("quickstart").returncode == 0
    assert not (quick / "run").exists()  # its own, from the last time
    assert (quick / "notes.txt").exists()
    assert make("clean").returncode == 0
    assert [path.name for path in quick.iterdir()] == ["notes.txt"]
    assert make("clean").returncode == 0
    assert [path.name for path in quick.iterdir()] == ["notes.txt"]
