"""Tree similarities of a batch: all pairs on the device against pairwise Python sets.

python benchmarks/tree_similarity.py --out benchmarks/results/tree_similarity.json

Trees of real size, drawn at random: two domains at most, up to four slots. Both sides alternate, the device with twenty
calls a turn, since in a step it is warm; the ratio is the median over the rounds. The sets are made beforehand, so the
loop only computes intersections and unions, for all ordered pairs (`sets`) or for each pair once (`halved`).
"""

import argparse
import json
import random
import statistics
import time
from datetime import date
from pathlib import Path

import jax
import numpy as np

from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.dialogue.trees import combined_similarity as of_pair
from space_jax.dialogue.trees import hashed_views, tree_views
from space_jax.losses import combined_similarity

ELEMENTS = 16


def random_frames(draw: random.Random) -> list[Frame]:
    def slots() -> tuple[Slot, ...]:
        names = draw.sample(["area", "food", "name", "price", "time", "day", "people", "stars"], draw.randint(0, 4))
        return tuple(Slot(name, (Value(f"value {draw.randrange(20)}"),)) for name in names)

    domains = draw.sample(["hotel", "restaurant", "train", "taxi", "flight", "bank"], draw.choice([1, 1, 1, 2]))
    return [Frame(domain, draw.choice(["inform", "request", "offer", "confirm"]), slots()) for domain in domains]


def pairwise(trees: list) -> np.ndarray:
    """The similarities of all pairs over Python sets."""
    return np.array([[of_pair(first, second) for second in trees] for first in trees], np.float32)


def halved(trees: list) -> np.ndarray:
    """`pairwise`, each pair once."""
    similarity = np.eye(len(trees), dtype=np.float32)
    for i, first in enumerate(trees):
        for j in range(i):
            similarity[i, j] = similarity[j, i] = of_pair(first, trees[j])
    return similarity


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    draw = random.Random(0)
    frames = [random_frames(draw) for _ in range(given.batch)]
    trees, hashed = [tree_views(f) for f in frames], np.stack([hashed_views(f, ELEMENTS) for f in frames])
    on_device = jax.block_until_ready(jax.device_put(hashed))
    difference = float(np.abs(np.asarray(combined_similarity(on_device)) - pairwise(trees)).max())
    seconds: dict[str, list[float]] = {"sets": [], "halved": [], "ours": []}
    for _ in range(given.rounds):
        for name, run, calls in (
            ("sets", lambda: pairwise(trees), 1),
            ("halved", lambda: halved(trees), 1),
            ("ours", lambda: jax.block_until_ready(combined_similarity(on_device)), 20),
        ):
            began = time.perf_counter()
            for _ in range(calls):
                run()
            seconds[name].append((time.perf_counter() - began) / calls)
    result = {
        "command": f"python benchmarks/tree_similarity.py --batch {given.batch} --rounds {given.rounds}",
        "date": date.today().isoformat(),
        "device": f"{jax.devices()[0].device_kind} x {jax.device_count()}",
        "batch": given.batch,
        "largest_difference": difference,
        **{
            f"speedup_over_{name}": statistics.median(
                a / b for a, b in zip(seconds[name], seconds["ours"], strict=True)
            )
            for name in ("sets", "halved")
        },
        **{f"{name}_seconds": statistics.median(times) for name, times in seconds.items()},
    }
    text = json.dumps(result, indent=1) + "\n"
    print(text, end="")
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
