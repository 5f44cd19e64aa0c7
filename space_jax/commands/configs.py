"""`space-jax configs`: the configurations that come with the package."""

import argparse
import sys
from typing import Any

from space_jax.reading.text import read_text
from space_jax.shipped_configs import shipped_config, shipped_configs, summary


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "configs",
        help="list the configurations that come with the package, or print one to copy",
        epilog="A name can be used wherever its file can: --config space3:base. To start from one: "
        "space-jax configs show space3 > mine.py",
    )
    parser.set_defaults(run=_list, takes_config=False)
    show = parser.add_subparsers(metavar="ACTION").add_parser("show", help="print a configuration to copy")
    show.add_argument("name", metavar="NAME", help="as 'space-jax configs' lists it")
    show.set_defaults(run=_show, takes_config=False)


def add_config_argument(parser: argparse.ArgumentParser, example: str) -> None:
    """Declares `--config` for a verb that runs a configuration."""
    what = f"a file, or the name of one that 'space-jax configs' lists, for example {example}"
    parser.add_argument("--config", required=True, metavar="FILE|NAME[:ARGUMENT]", help=what)


def _list(_: argparse.Namespace, __: list[str]) -> None:
    files = shipped_configs()
    width = max(map(len, files))
    for name, path in files.items():
        print(f"{name:<{width}}  {summary(path)}")


def _show(given: argparse.Namespace, _: list[str]) -> None:
    name = given.name.partition(":")[0]  # as given to --config, perhaps with a variant
    sys.stdout.write(read_text(shipped_config(name)))
