"""How well the groups of `space-jax map` agree with annotation that they do not see.

python benchmarks/map_purity.py --model minilm --model RUN --data-root DIR --out F.json

The turns are those of 500 dialogues, chosen by their ids, of the test splits of SGD and STAR; of STAR only the
system's are annotated. Grouped are the user's and the system's turns, each for themselves, into 8, 14 (the most that
the map chooses) and 32 groups, with seeds 0, 1 and 2. Purity is the share of turns that have the commonest label of
their group, NMI the mutual information of labels and groups over the mean of their entropies. A turn's label is the set
of its acts, intents, domains or slots, after the renaming that all corpora share. `one group` is the purity without any
grouping.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import normalized_mutual_info_score

from space_jax.api.maps import VIEWS, WHOLE, turn_encoder
from space_jax.api.pretrained import Pretrained
from space_jax.corpora.dialogue_map import names
from space_jax.corpora.dialogue_map.grouping import grouped
from space_jax.corpora.dialogue_map.said import in_order, said_in, sample
from space_jax.corpora.source import Source
from space_jax.corpora.source_files import folder_of
from space_jax.dialogue.record import ROLES, Dialogue, Turn

CORPORA, SPLIT = ("sgd", "star"), "test"
DIALOGUES = 500
COUNTS, SEEDS = [8, 14, 32], (0, 1, 2)
LABELS = {
    "acts": names.acts_of,
    "intents": names.intents_of,
    "domains": names.domains_of,
    "slots": names.slots_of,
}


def labels_of(turns: Sequence[Turn], kind: str) -> list[str | None]:
    """The label of each turn; None where it is not annotated."""
    named = [LABELS[kind](turn) for turn in turns]
    return [None if one is None else " + ".join(sorted(one)) for one in named]


def purity(labels: Sequence[str], groups: Sequence[int]) -> float:
    """The share of turns that have the commonest label of their group."""
    inside = Counter(zip(groups, labels, strict=True))
    best: dict[int, int] = {}
    for (group, _), count in inside.items():
        best[group] = max(best.get(group, 0), count)
    return sum(best.values()) / len(labels)


def encoded(model: str, dialogues: Sequence[Dialogue]) -> dict[str, np.ndarray]:
    """View -> vectors of all turns."""
    encoder = turn_encoder(model, "latest")
    vectors = {WHOLE: encoder.embed_turns(dialogues)}
    if isinstance(encoder, Pretrained) and encoder.views:
        vectors |= {name: encoder.in_view(vectors[WHOLE], view) for name, view in VIEWS.items()}
    return vectors


def measured(vectors: np.ndarray, truths: dict[str, list[str | None]], counts: Sequence[int]) -> dict[str, Any]:
    """Of each number of groups and each kind of label the mean purity and NMI over the seeds."""
    results: dict[str, Any] = {}
    for count in counts:
        scores: dict[str, list[tuple[float, float]]] = {kind: [] for kind in truths}
        for seed in SEEDS:
            groups = grouped(vectors, count, seed).labels.tolist()
            for kind, truth in truths.items():
                pairs = [(label, group) for label, group in zip(truth, groups, strict=True) if label is not None]
                known, of = zip(*pairs, strict=True)
                scores[kind].append((purity(known, of), float(normalized_mutual_info_score(known, of))))
        results[str(count)] = {kind: np.mean(both, axis=0).round(4).tolist() for kind, both in scores.items()}
    return results


def table(results: dict[str, Any], count: int) -> str:
    """Purity and NMI of one number of groups, a row a model and view."""
    lines = [f"| {count} groups, purity / NMI | {' | '.join(LABELS)} |", f"| --- |{' --- |' * len(LABELS)}"]
    for name, found in results.items():
        row = found.get(str(count), found)
        cells = [_cell(row.get(kind)) for kind in LABELS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(scores: Any) -> str:
    if scores is None:
        return "–"
    return " / ".join(f"{score:.2f}" for score in (scores if isinstance(scores, list) else [scores]))


def of_corpus(name: str, models: Sequence[str], root: Path, most: int, counts: Sequence[int]) -> dict[str, Any]:
    """Side -> the numbers of its turns and dialogues, and the measures of every model and view."""
    dialogues = in_order(sample(Source(name, root / folder_of(name)).load(SPLIT), most)[0])
    rows = said_in(dialogues)
    vectors = {
        f"{model}, {view}": found for model in models for view, found in encoded(model, dialogues).items() if rows
    }
    report: dict[str, Any] = {}
    for role in ROLES[::-1]:
        of_side = [index for index, row in enumerate(rows) if row.turn.role == role]
        truths = {kind: labels_of([rows[index].turn for index in of_side], kind) for kind in LABELS}
        truths = {kind: truth for kind, truth in truths.items() if any(label is not None for label in truth)}
        if truths:
            alone = {kind: Counter(label for label in truth if label is not None) for kind, truth in truths.items()}
            results: dict[str, Any] = {"one group": {k: max(c.values()) / c.total() for k, c in alone.items()}}
            results |= {which: measured(found[of_side], truths, counts) for which, found in vectors.items()}
            report[role] = {"dialogues": len(dialogues), "turns": len(of_side), "results": results}
    return report


def main() -> None:
    """Measures every model on both corpora."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", required=True, metavar="RUN|minilm", help="see `space-jax map`")
    parser.add_argument("--data-root", type=Path, required=True, help="holds a folder for each corpus")
    parser.add_argument("--dialogues", type=int, default=DIALOGUES, help="of each corpus (%(default)s)")
    parser.add_argument("--groups", type=int, nargs="+", default=COUNTS, help="numbers of groups (%(default)s)")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    report: dict[str, Any] = {}
    for name in CORPORA:
        report[name] = of_corpus(name, given.model, given.data_root, given.dialogues, given.groups)
        for role, found in report[name].items():
            print(f"\n{name}, {SPLIT}, {found['dialogues']} dialogues, {found['turns']:,} turns of the {role}")
            for count in given.groups:
                print(f"\n{table(found['results'], count)}", flush=True)
    if given.out is not None:
        given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
