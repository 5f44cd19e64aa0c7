"""docs/extending.md is true: its files are there, its changes can be made, and what it adds works."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.docs.commands import ROOT
from tests.docs.extending import PAGE, sections

SECTIONS = sections()
PATH = re.compile(r"`((?:space_jax|tests|configs|benchmarks|docs)/[\w/.-]+)`")


def test_the_page_adds_what_it_promises():
    assert [section.title for section in SECTIONS] == ["A loss", "A corpus", "A task", "A recipe"]
    assert all(len(section.changes) > 5 and section.tests for section in SECTIONS)
    blocks = PAGE.read_text(encoding="utf-8").count("```") // 2
    assert sum(len(section.changes) for section in SECTIONS) == blocks


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_files_and_lines_are_there(section):
    new = {change.path for change in section.changes if not change.how}
    for change in section.changes:
        assert (ROOT / change.path).exists() == bool(change.how), change.path
        if change.how:
            lines = (ROOT / change.path).read_text(encoding="utf-8").splitlines()
            assert sum(change.text in line for line in lines) == 1, change
    for test in section.tests:
        assert test in new or (ROOT / test).exists() or any(path.startswith(f"{test}/") for path in new), test


def test_every_file_that_the_text_names_is_there_or_made():
    made = {change.path for section in SECTIONS for change in section.changes}
    for path in PATH.findall(PAGE.read_text(encoding="utf-8")):
        assert path in made or (ROOT / path).exists(), path


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_what_is_added_works(section, tmp_path):
    for folder in ("space_jax", "configs", "tests", "docs", "benchmarks", "tpu_scripts"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "results"))
    for file in ("pyproject.toml", "setup.py", "README.md", "CONTRIBUTING.md", "Makefile"):
        shutil.copy(ROOT / file, tmp_path)
    for change in section.changes:
        change.make(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    changed = sorted({change.path for change in section.changes if change.path.endswith(".py")})
    for command in (["ruff", "check"], ["ruff", "format", "--check"], ["pytest", "-q", "-x"]):
        targets = section.tests if command[0] == "pytest" else changed
        run = [sys.executable, "-m", *command, *targets]
        done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-2000:]}"
