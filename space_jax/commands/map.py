"""`space-jax map`: what is said in dialogues, and what follows what, as a page."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.table import Table

from space_jax.commands.outputs import require_writable
from space_jax.commands.sources import add_corpus_arguments, opened
from space_jax.corpora.splits import SPLITS
from space_jax.errors import UserError
from space_jax.terminal import Console, say

LIMIT = 1000


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "map",
        help="map dialogues: groups of turns that mean something similar, and what follows what",
        description="Puts the turns of dialogues, annotated or not, into groups that mean something similar, and "
        "writes a page: where conversations begin, what follows what, where they end, and the turns of each group.",
        epilog="Example: space-jax map --source my_dialogues --init minilm --out map.html",
    )
    add_corpus_arguments(parser, default="jsonl")
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--workdir", metavar="RUN", help="embed the turns by this pre-training run")
    model.add_argument(
        "--init", metavar="WEIGHTS", help="or as sentences by other weights: 'minilm', or a folder as pretrain takes it"
    )
    parser.add_argument("--step", default="best", help="of the run: a step, 'best' or 'latest' (%(default)s)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="write the page (HTML) here")
    parser.add_argument("--split", choices=SPLITS, help="map one split (all that are there)")
    parser.add_argument("--groups", type=int, metavar="N", help="groups of each side (chosen from the turns)")
    parser.add_argument(
        "--limit", type=int, default=LIMIT, metavar="N", help="the most dialogues, chosen by their ids (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the groups as JSON instead of a table")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    for flag, value in (("--groups", given.groups), ("--limit", given.limit)):
        if value is not None and value < 1:
            raise UserError(f"{flag}: {value} is not at least 1")
    require_writable(given.out, "--out")
    from space_jax.corpora.dialogue_map.grouping import require_scikit_learn
    from space_jax.corpora.dialogue_map.said import sample

    require_scikit_learn()
    source = opened(given)
    splits = (given.split,) if given.split else source.splits()
    dialogues, count = sample((dialogue for split in splits for dialogue in source.load(split)), given.limit)
    source.say_what_was_skipped()
    of_all = f" of {count:,}, chosen by their ids; --limit N takes more" if count > len(dialogues) else ""
    say(f"mapping {len(dialogues):,} dialogues{of_all}", sys.stderr, flush=True)
    from space_jax.api.maps import map_dialogues, turn_encoder  # JAX is imported by the verbs that compute

    model = given.workdir or given.init
    found = map_dialogues(turn_encoder(model, given.step), dialogues, given.groups, given.seed or 0)
    name = given.name if given.source is None or given.name != "jsonl" else given.source.name
    found.save(given.out, f"Map of {name}", model)
    if given.json:
        print(json.dumps(found.as_json(), indent=1))
        return
    table = Table("who", "turns", "begin", "end", "group", "mostly followed by", title=f"{name}: {given.out}")
    for g, group in enumerate(found.groups):
        after = next((found.groups[h].name for h in group.then if h != g), "")
        table.add_row(group.role, f"{group.turns:,}", f"{group.begins:.0%}", f"{group.ends:.0%}", group.name, after)
    Console().print(table)
