"""How much of the batches is padding: labelled and unlabelled examples mixed by the real pipeline, on a config's grids.

  python benchmarks/padding.py --config configs/space3.py --labelled SGD_CORPUS --unlabelled DAILYDIALOG_CORPUS

Counts the token grids that the model computes, context and response; prompt slots, masked positions and the rows of
responses are listed separately. With `--processes N` a batch is divided among N processes, which agree on one shape, as
in training: `moved` is the share of their batches that were packed again for it. `--out FILE --name NAME` adds the
result to a file of several.
"""

import argparse
import collections
import dataclasses
import json
import statistics
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from space_jax.config_files import load_config
from space_jax.features.batch import Batch, micro_batches, padding_share
from space_jax.features.pipeline import Part, TrainBatches, train_batches


def of_batch(batch: Batch) -> dict[str, float]:
    """The shares of one micro-batch."""
    masked, lost = batch.masked_and_lost()
    return {
        "padding": padding_share(batch),
        "padding_of_context": 1 - float(np.mean(batch.context.segments > 0)),
        "padding_of_response": 1 - float(np.mean(batch.response.segments > 0)),
        "empty_prompt_slots": 1 - float(np.mean(batch.occupied)),
        "unused_masked_positions": 1 - (masked - lost) / batch.masked_weights.size,
        "masked_tokens_lost": lost / max(1, masked),
    }


def agreed(streams: list[TrainBatches]) -> tuple[list[Batch], int]:
    """The next batch of every process on their common shape, and how many of them were packed again."""
    batches = [next(stream) for stream in streams]
    offers = np.array([stream.offers(batch) for stream, batch in zip(streams, batches, strict=True)])
    common = [stream.agreed(batch, offers) for stream, batch in zip(streams, batches, strict=True)]
    moved = sum(not new.shape.covers(old.shape) for new, old in zip(common, batches, strict=True))
    return [micro_batches(batch)[0] for batch in common], moved


def measure(config: Any, seeds: int, batches: int, processes: int) -> dict[str, Any]:
    """Means over the batches of all seeds, and how often each shape occurs."""
    measured, shapes, moved = [], collections.Counter(), 0
    began = time.process_time()
    for seed in range(seeds):
        streams = [
            train_batches(config.data, config.recipe, seed, part=Part(process, processes))
            for process in range(processes)
        ]
        for _ in range(batches):
            common, again = agreed(streams)
            measured.extend(map(of_batch, common))
            shapes[common[0].shape] += 1
            moved += again
        for stream in streams:
            stream.close()
    means = {name: round(statistics.fmean(one[name] for one in measured), 4) for name in measured[0]}
    seconds = time.process_time() - began
    return {
        **means,
        "padding_worst_batch": round(max(one["padding"] for one in measured), 4),
        "moved": round(moved / len(measured), 4),
        "programs": len(shapes),
        "shapes": [{**shape._asdict(), "batches": count} for shape, count in sorted(shapes.items())],
        "examples_per_second": round(seeds * batches * config.data.batch_size / seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--labelled", required=True, help="a prepared corpus with labels")
    parser.add_argument("--unlabelled", required=True, help="one without")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--batches", type=int, default=100, help="of each seed")
    parser.add_argument("--processes", type=int, default=1, help="that share a batch (%(default)s)")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--name", help="of the result in --out")
    given = parser.parse_args()
    config = load_config(given.config, {})
    data = dataclasses.replace(config.data, prepared=(given.labelled, given.unlabelled))
    result = {
        "command": f"python benchmarks/padding.py --config {given.config} --seeds {given.seeds} "
        f"--batches {given.batches}" + (f" --processes {given.processes}" if given.processes > 1 else ""),
        "date": date.today().isoformat(),
        "batch_size": data.batch_size,
        "grids": data.grids,
        "row_ladder": data.row_ladder,
        **measure(dataclasses.replace(config, data=data), given.seeds, given.batches, given.processes),
    }
    print(json.dumps(result, indent=1))
    if given.out is not None:
        whole = json.loads(given.out.read_text(encoding="utf-8")) if given.out.exists() else {}
        text = json.dumps({**whole, given.name or given.config: result}, indent=1) + "\n"
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
