"""`space-jax data download` and `space-jax data verify`: the files that a corpus is read from."""

import argparse
from pathlib import Path
from typing import Any

from space_jax.corpora.registry import CORPORA, corpus
from space_jax.corpora.source_files import SAME, check_files, require_files
from space_jax.errors import UserError


def add_actions(actions: Any) -> None:
    """Declares both actions."""
    get = actions.add_parser("download", help="fetch the files of a corpus that are public in this form")
    get.add_argument("--out", type=Path, required=True, metavar="DIR", help="the corpus's folder")
    check = actions.add_parser("verify", help="compare the files of a corpus with the registry's checksums")
    check.add_argument("--source", type=Path, required=True, metavar="DIR", help="the corpus's folder")
    for action, run in ((get, _download), (check, _verify)):
        action.add_argument("name", metavar="NAME", help=f"a corpus: {', '.join(CORPORA)}")
        action.set_defaults(run=run, takes_config=False)


def _download(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.corpora.download import download  # TensorFlow Datasets takes a moment that --help need not wait for

    known = corpus(given.name)
    print(f"{known.name}: licence {known.licence}")
    download(known.name, given.out, lambda file, what: print(f"  {file.path}: {what}"))


def _verify(given: argparse.Namespace, _: list[str]) -> None:
    name = corpus(given.name).name
    require_files(name)
    if not given.source.is_dir():
        raise UserError(f"--source {given.source}: no such folder")
    found = list(check_files(name, given.source))
    for file, state in found:
        print(f"  {file.path}: {state}")
    wrong = [file.path for file, state in found if state != SAME]
    if wrong:
        raise UserError(
            f"corpus {name}: {len(wrong)} of {len(found)} files in {given.source} are missing or have other bytes than "
            f"those behind the figures of docs/corpora.md: {', '.join(wrong)}"
        )
