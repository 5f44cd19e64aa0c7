"""The layers drawn in the README and in docs/layout.md are those of the import contract in pyproject.toml."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def contract() -> list[set[str]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        (layers,) = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return [set(layer.split(" | ")) for layer in layers["layers"]]


def test_readme_names_the_layers_in_order():
    (drawing,) = re.findall(r"^ +__main__ >[^`]*", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [set(re.findall(r"\w+", layer)) for layer in drawing.split(">")] == contract()


def test_layout_page_draws_the_layers_in_order():
    text = (ROOT / "docs/layout.md").read_text(encoding="utf-8")
    layers: list[set[str]] = []
    for bracket, name in re.findall(r"^  ([ ╭│╰]) (\w+)(?:/|\.py) ", text, re.MULTILINE):
        if bracket in " ╭":
            layers.append(set())
        layers[-1].add(name)
    assert layers == contract()
