"""A dialogue agent on a test set: wall time and tokens a second, many dialogues side by side and one at a time.

python benchmarks/respond_speed.py --workdir runs/agent/run --dialogues 1000 --out benchmarks/results/respond_speed.json

The simulated world has any number of test dialogues; another corpus has those of its test split. Compiling is
not counted: all are answered once before they are timed, with each number of dialogues side by side.
"""

import argparse
import dataclasses
import json
import os
from itertools import islice
from pathlib import Path

from space_jax.agent.agent import Agent
from space_jax.agent.respond import respond
from space_jax.config_files import read_config
from space_jax.tasks.config import FinetuneConfig
from space_jax.tasks.dialogue.splits import SIMULATED, dialogues
from space_jax.world.corpus_worlds import Worlds


def main() -> None:
    """Prints one line for each number of dialogues side by side, and writes them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workdir", type=Path, required=True, help="folder of a fine-tuning run for dialogue")
    parser.add_argument("--dialogues", type=int, default=1000, help="of the test split (%(default)s)")
    parser.add_argument("--together", default="64,1", help="numbers of dialogues side by side (%(default)s)")
    parser.add_argument("--out", type=Path, help="file to write")
    given = parser.parse_args()
    config = read_config(given.workdir, FinetuneConfig)
    source = config.data
    if source.corpus == SIMULATED:  # a fiftieth is for testing
        source = dataclasses.replace(source, options=(f"dialogues={50 * given.dialogues}",))
    found = list(islice(dialogues(source, "test"), given.dialogues))
    agent = Agent.load(given.workdir, "best")
    worlds = Worlds(source.corpus, source.source, config.task.database)
    result = {"corpus": source.corpus, "dialogues": len(found), "cores": len(os.sched_getaffinity(0))}
    for together in map(int, given.together.split(",")):
        respond(agent, found, worlds, (), together)
        _, speed = respond(agent, found, worlds, (), together)
        one = {
            "seconds": round(speed.seconds, 1),
            "turns": speed.turns,
            "tokens_per_second": round(speed.tokens / speed.seconds, 1),
        }
        print(f"{together} together: {one}", flush=True)
        result[f"together_{together}"] = one
    if given.out:
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
