r"""Compares the counts of our loaders for every corpus with counts made from the same files without them.

python benchmarks/corpus_counts.py --data-root DIR --out benchmarks/results/corpora.json

Prints the tables of `docs/corpora.md`: counts and licences, levels and views, and annotation without a span or an act.
`--only NAME` takes some corpora only. Speed is that of loading alone, in turns a second of CPU time of one
core: reading, unpacking, parsing, finding spans. Renaming and counting are not in it.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from space_jax.corpora.audit import Audit, audited
from space_jax.corpora.registry import CORPORA
from space_jax.corpora.source_files import folder_of
from space_jax.corpora.statistics import LAYERS, Statistics, collect
from space_jax.dialogue.labels import FACTS
from space_jax.dialogue.record import SYSTEM, USER, Dialogue
from space_jax.dialogue.trees import VIEWS
from space_jax.errors import UserError

SPLITS = ("train", "validation", "test")

# Dialogues and turns of train, validation and test as the README of the data counts them; None where it gives no count.
# Of corpora of single utterances, an utterance is a dialogue.
KNOWN: dict[str, tuple[tuple[int | None, ...], tuple[int | None, ...]]] = {
    "sgd": ((12_174, 2_098, 2_921), (223_756, 38_768, 49_726)),
    "multiwoz21": ((None, 999, 1_000), (None, 14_730, 14_744)),
    "multiwoz20_single": ((2_494, 204, 226), (24_458, None, None)),
    "camrest676": ((406, 135, 135), (3_342, 1_076, 1_070)),
    "kvret": ((2_425, 302, 304), (12_732, 1_567, 1_629)),
    "woz2": ((600, 200, 400), (4_472, 1_460, 2_892)),
    "sim_m": ((384, 120, 264), (None, None, None)),
    "sim_r": ((None, 349, None), (None, None, None)),
    "star": ((None, None, None), (None, None, None)),
    "multidogo": ((None, None, None), (82_043, 11_632, 23_454)),
    "babi5": ((1_000, 1_000, 1_000), (None, None, None)),
    "babi6": ((1_618, 500, 1_117), (None, None, None)),
    "banking77": ((8_622, 1_540, None), (8_622, 1_540, None)),
    "clinc150": ((15_100, 3_100, None), (15_100, 3_100, None)),
    "hwu64": ((8_954, 1_076, None), (8_954, 1_076, None)),
    "restaurant8k": ((8_198, None, 3_731), (None, None, None)),
    "dstc8_span": ((5_569, None, 1_813), (None, None, None)),
    "nlupp": ((3_080, None, None), (3_080, None, None)),
    "topv2": ((124_597, 17_160, 38_785), (124_597, 17_160, 38_785)),
    "dailydialog": ((11_118, 1_000, 1_000), (87_170, 8_069, 7_740)),
    "taskmaster4": ((3_710, None, None), (13_915, None, None)),
    "taskmaster3_part": ((1_517, None, None), (None, None, None)),
}

WHY = {
    "multiwoz21": "the train split is in no public snapshot within reach",
    "multiwoz20_single": "with the made-up opening line of each dialogue, as the source has them: 28,912 turns in all",
    "kvret": "one train dialogue has no turns and is left out",
    "sim_m": "the README counts pairs of turns, 1,973 / 627 / 1,364: as many as our user turns",
    "sim_r": "the README counts 1,489 pairs of turns: as many as our user turns",
    "star": "6,652 dialogues, of which 447 say nothing and are left out; 54,214 user and 53,923 wizard turns in all, "
    "as the README counts them; the split is ours",
    "multidogo": "the README counts lines; a quoted utterance with line breaks spans several, 532 too many",
    "restaurant8k": "the README counts utterances; system turns are ours, empty, for the requested slots",
    "dstc8_span": "the README counts utterances; system turns are ours, empty, for the requested slots",
    "taskmaster3_part": "the README counts rows; each is a dialogue up to some turn, and the longest represents it",
    "clinc150": "100 utterances out of scope in either split are counted in",
}

WITHOUT_ACTS = {
    "restaurant8k": "no acts in the source on the user's side",
    "dstc8_span": "no acts in the source on the user's side",
    "banking77": "intents only",
    "clinc150": "intents only",
    "hwu64": "intents only",
    "nlupp": "intents and slots only",
    "topv2": "parses only",
    "sim_m": "OTHER has no unified act",
    "sim_r": "OTHER has no unified act",
    "multidogo": "`outofdomain` has no unified act",
}


class Timed:
    """Dialogues, and the CPU time that making them took."""

    def __init__(self, dialogues: Iterator[Dialogue]) -> None:
        self.seconds = 0.0
        self._dialogues = dialogues

    def __iter__(self) -> Iterator[Dialogue]:
        while True:
            start = time.process_time()
            dialogue = next(self._dialogues, None)
            self.seconds += time.process_time() - start
            if dialogue is None:
                return
            yield dialogue


def measured(name: str, source: Path) -> dict[str, Any]:
    """The counts of a corpus, split by split, and of all splits together."""
    splits: dict[str, Any] = {}
    whole, audit, seconds = Statistics(), Audit(), 0.0
    for split in CORPORA[name].available_splits(source):
        dialogues = Timed(CORPORA[name].load(source, split))
        found = collect(audited(dialogues, name, audit))
        seconds += dialogues.seconds
        splits[split] = {"dialogues": found.dialogues, **{role: found.turns[role] for role in (USER, SYSTEM)}}
        whole.turns.update(found.turns)
        whole.annotated.update(found.annotated)
        whole.views.update(found.views)
        whole.known.update(found.known)
        whole.examples += found.examples
    return {
        "splits": splits,
        "licence": CORPORA[name].licence,
        "turns_per_cpu_second": round(whole.all_turns / seconds),
        "annotated": {layer: round(whole.share(whole.annotated[layer]), 4) for layer in LAYERS},
        "views": {view: round(whole.share(whole.views[view]), 4) for view in VIEWS},
        "examples": whole.examples,
        "known": {fact: whole.known[fact] for fact in FACTS},
        "unmapped": audit.as_json(),
    }


def counts_table(corpora: dict[str, Any]) -> str:
    """Counts against counts."""
    lines = [
        "| corpus | dialogues | README | turns | README | labelled | licence | turns/s | where they differ |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, found in corpora.items():
        ours = [found["splits"].get(split) for split in SPLITS]
        dialogues = [None if one is None else one["dialogues"] for one in ours]
        turns = [None if one is None else one[USER] + one[SYSTEM] for one in ours]
        layers = ", ".join(layer for layer in LAYERS if found["annotated"][layer]) or "no"
        speed = f"{found['turns_per_cpu_second']:,}"
        row = [f"`{name}`", _three(dialogues), _three(KNOWN[name][0]), _three(turns), _three(KNOWN[name][1]), layers]
        lines.append(f"| {' | '.join([*row, found['licence'], speed, WHY.get(name, '')])} |")
    return "\n".join(lines)


def views_table(corpora: dict[str, Any]) -> str:
    """The share of turns with an element of each view."""
    lines = [f"| corpus | {' | '.join(VIEWS)} |", f"| --- {'| --- ' * len(VIEWS)}|"]
    for name, found in corpora.items():
        if found["annotated"]["frames"]:
            lines.append(f"| `{name}` | {' | '.join(_percent(found['views'][view]) for view in VIEWS)} |")
    return "\n".join(lines)


def audit_table(corpora: dict[str, Any]) -> str:
    """Annotation without a span or an act, with the reasons."""
    lines = [
        "| corpus | unmapped frames | values without a span | why | turns with frames, without acts | why |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, found in corpora.items():
        if not found["annotated"]["frames"]:
            continue
        audit = found["unmapped"]
        without = audit["turns_without_acts_share"]
        acts = ", ".join(f"{role} {_percent(share)}" for role, share in without.items() if share) or "0"
        values = audit["values_without_a_place_share"]
        why = ", ".join(f"{reason} {count:,}" for reason, count in audit["why_without_a_place"].items())
        row = [f"`{name}`", _percent(audit["frames_share"]), _percent(values), why, acts]
        lines.append(f"| {' | '.join([*row, WITHOUT_ACTS.get(name, '') if acts != '0' else ''])} |")
    return "\n".join(lines)


def _three(counts: Any) -> str:
    return " / ".join("–" if count is None else f"{count:,}" for count in counts)


def _percent(share: float) -> str:
    return "0" if not share else f"{share:.1%}" if share >= 0.001 else "<0.1%"


def device() -> str:
    """The processor, and how many of its cores this machine has."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model n")]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main() -> None:
    """Counts, prints the tables and writes the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, help="holds a folder for each corpus")
    parser.add_argument("--only", action="append", metavar="NAME", help="some corpora only")
    parser.add_argument("--out", type=Path, help="JSON to write")
    given = parser.parse_args()
    unknown = set(given.only or ()) - set(KNOWN)
    if unknown:
        raise SystemExit(f"--only {', '.join(sorted(unknown))}: expected some of {', '.join(KNOWN)}")
    corpora: dict[str, Any] = {}
    for name in given.only or KNOWN:
        try:
            corpora[name] = measured(name, given.data_root / folder_of(name))
        except UserError as error:
            raise SystemExit(str(error)) from None
        print(f"{name}: {corpora[name]['turns_per_cpu_second']:,} turns/s", flush=True)
        if given.out:  # counts are kept if a later corpus fails
            _write(corpora, given.out)
    for table in (counts_table(corpora), views_table(corpora), audit_table(corpora)):
        print(f"\n{table}")


def _write(corpora: dict[str, Any], out: Path) -> None:
    report = {"date": date.today().isoformat(), "device": device(), "corpora": corpora}
    out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
