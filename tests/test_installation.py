"""What pyproject.toml declares: all that is imported and nothing else, within which every tested set lies."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
SETS = {path.stem: path for path in [ROOT / "requirements.txt", *(ROOT / "requirements").glob("*.txt")]}
# Of packages that are not named like their module.
PACKAGES = {
    "PIL": "pillow",
    "absl": "absl-py",
    "array_record": "array-record",
    "apache_beam": "apache-beam",
    "orbax": "orbax-checkpoint",
    "yaml": "pyyaml",
    "prometheus_client": "prometheus-client",
    "sklearn": "scikit-learn",
    "tensorflow_datasets": "tensorflow-datasets",
}

with (ROOT / "pyproject.toml").open("rb") as _file:
    PROJECT = tomllib.load(_file)["project"]
DEVELOPMENT = {"dev", "docs", "test"}  # extras for who works on the project


def requirements(lines):
    """By package."""
    parsed = map(Requirement, lines)
    return {canonicalize_name(requirement.name): requirement for requirement in parsed}


DEPENDENCIES = requirements(PROJECT["dependencies"])
EXTRAS = {
    extra: requirements(lines) for extra, lines in PROJECT["optional-dependencies"].items() if extra not in DEVELOPMENT
}


def pins(path):
    """The version of each package in a file of constraints."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines if line and line[0] != "-"}


def imported_packages(*folders):
    """Distributions whose modules any file under the folders imports, wherever in the file."""
    modules = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add((node.module or "").partition(".")[0])
    return {PACKAGES.get(module, module.lower()) for module in modules - {"space_jax"} - sys.stdlib_module_names}


def test_what_is_imported_is_declared_and_the_other_way_round():
    imported = imported_packages("space_jax", "configs")
    optional = {package for extra in EXTRAS.values() for package in extra if package not in DEPENDENCIES}
    assert imported - optional == set(DEPENDENCIES)


def test_messages_and_docs_name_the_extras_that_there_are():
    files = [*(ROOT / "space_jax").rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    named = {extra for several in re.findall(r"'(?:space-jax|\.)\[([\w,-]+)\]'", text) for extra in several.split(",")}
    assert named - DEVELOPMENT == set(EXTRAS)


@pytest.mark.parametrize("name", sorted(SETS))
def test_every_tested_set_lies_within_the_ranges(name):
    ranges = DEPENDENCIES | {package: one for extra in EXTRAS.values() for package, one in extra.items()}
    for package, version in pins(SETS[name]).items():
        if package in ranges:
            assert ranges[package].specifier.contains(version), f"{package} {version} of {name}"


def test_the_sets_name_every_dependency():
    for name in ("requirements", "newest"):
        assert set(DEPENDENCIES) <= set(pins(SETS[name])), name
    assert set(DEPENDENCIES) - set(pins(SETS["colab"])) == {"tensorboardx"}  # Colab lacks it


def test_lower_bounds_are_the_oldest_set():
    oldest = pins(SETS["colab"])
    for package, requirement in DEPENDENCIES.items():
        (bound,) = requirement.specifier
        assert bound.operator == ">="
        assert bound.version == oldest.get(package, pins(SETS["requirements"])[package])


def test_the_page_tells_the_versions_of_the_sets():
    page = (ROOT / "docs/installation.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[([\w./]+)\].*? \| 3\.\d+ \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|", page, re.MULTILINE)
    assert len(rows) == 3
    for file, *versions in rows:
        pinned = pins(ROOT / file)
        assert versions == [pinned[package] for package in ("jax", "flax", "orbax-checkpoint", "numpy")], file
