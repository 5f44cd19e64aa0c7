"""The placeholders of `data delexicalise` beside those that come with a corpus.

python benchmarks/delexicalise.py --data-root data --out benchmarks/results/delexicalise.json

Each corpus once with its belief states and frames, once with texts alone. A placeholder counts as right as often as the
turn of the corpus has it. Names differ: MultiWOZ calls a train's price `ticket` and what is being booked `booking`.
"""

import argparse
import dataclasses
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path

from space_jax.agent.delexicalise import Delexicalised, delexicalise
from space_jax.dialogue.record import SYSTEM, Dialogue
from space_jax.tasks.config import DataSource
from space_jax.tasks.dialogue.splits import dialogues
from space_jax.world.corpus_worlds import Worlds

CORPORA = {"simulated": "train", "camrest676": "test", "multiwoz21": "test"}
PLACEHOLDER = re.compile(r"\[[a-z_0-9]+\]")


def bare(dialogue: Dialogue, texts: bool) -> Dialogue:
    """The dialogue without placeholders; with texts alone, also without states and frames."""
    removed = {"delexicalised": None, **({"frames": None, "state": None, "acts": None} if texts else {})}
    return dataclasses.replace(dialogue, turns=tuple(dataclasses.replace(turn, **removed) for turn in dialogue.turns))


def pairs(theirs: Iterable[Dialogue], ours: Iterable[Dialogue]) -> Iterator[tuple[Counter[str], Counter[str]]]:
    """The placeholders of each system turn, theirs and ours."""
    for one, other in zip(theirs, ours, strict=True):
        for turn, made in zip(one.turns, other.turns, strict=True):
            if turn.role == SYSTEM and turn.delexicalised is not None:
                yield (
                    Counter(PLACEHOLDER.findall(turn.delexicalised)),
                    Counter(PLACEHOLDER.findall(made.delexicalised or "")),
                )


def main() -> None:
    """Prints a line for each corpus and way, and writes all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, metavar="DIR", help="holds a folder for each corpus")
    parser.add_argument("--limit", type=int, default=200, help="dialogues of each corpus (%(default)s)")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    result: dict = {"date": date.today().isoformat(), "limit": given.limit}
    for name, split in CORPORA.items():
        folder = "" if name == "simulated" else str(given.data_root / name)
        theirs = list(islice(dialogues(DataSource(corpus=name, source=folder), split), given.limit))
        database = Worlds(name, folder).of("").database
        for texts in (False, True):
            counts = Delexicalised()
            ours = delexicalise((bare(one, texts) for one in theirs), database, counts)
            found = list(pairs(theirs, ours))
            right = sum((wanted & made).total() for wanted, made in found)
            measured = {
                "dialogues": len(theirs),
                "placeholders": sum(wanted.total() for wanted, _ in found),
                "precision": round(right / max(1, sum(made.total() for _, made in found)), 4),
                "recall": round(right / max(1, sum(wanted.total() for wanted, _ in found)), 4),
                "ambiguous": counts.ambiguous.total(),
            }
            result.setdefault(name, {})["texts alone" if texts else "annotated"] = measured
            print(name, "texts alone" if texts else "annotated", measured, flush=True)
    if given.out is not None:
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
