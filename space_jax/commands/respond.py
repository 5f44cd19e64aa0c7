"""`space-jax respond`: an agent's turns in the dialogues of a corpus, with the scores that the field knows for it."""

import argparse
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from space_jax.errors import UserError


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser("respond", help="end-to-end scores of an agent on CamRest676, KVRET or MultiWOZ")
    parser.add_argument("--workdir", type=Path, required=True, help="folder of a fine-tuning run for dialogue")
    parser.add_argument("--step", default="best", help="a step, 'best' or 'latest' (%(default)s)")
    parser.add_argument("--corpus", help="(default: the one of the run)")
    parser.add_argument("--source", help="folder that holds the corpus (default: that of the run)")
    parser.add_argument("--split", choices=("train", "validation", "test"), default="test", help="(%(default)s)")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N dialogues only")
    parser.add_argument("--together", type=int, default=64, help="dialogues side by side (%(default)s)")
    parser.add_argument(
        "--given",
        default="",
        metavar="NAME,...",
        help="what is true instead of the agent's own: states (policy optimisation), acts, responses (earlier ones)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the turns for `space-jax multiwoz-eval`")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.agent.agent import Agent
    from space_jax.agent.measured import SCORED, multiwoz_predictions, scores
    from space_jax.agent.rewrite import GIVEN, rewrite
    from space_jax.agent.worlds import Worlds
    from space_jax.config_files import read_config
    from space_jax.tasks.config import DataSource, FinetuneConfig
    from space_jax.tasks.dialogue.splits import dialogues

    true = tuple(name for name in given.given.split(",") if name)
    unknown = [name for name in true if name not in GIVEN]
    if unknown:
        raise UserError(f"--given: {unknown[0]!r} is not one of {', '.join(GIVEN)}")
    run: FinetuneConfig = read_config(given.workdir, FinetuneConfig)
    source = run.data
    if given.corpus and given.corpus != source.corpus:
        source = DataSource(corpus=given.corpus)
    source = dataclasses.replace(source, source=given.source or source.source)
    agent = Agent.load(given.workdir, given.step)
    found = list(dialogues(source, given.split, getattr(run.task, "train_split", "train")))[: given.limit]
    rewritten, speed = rewrite(
        agent, found, Worlds(source.corpus, source.source, getattr(run.task, "database", "")), true, given.together
    )
    result: dict[str, Any] = {
        "corpus": source.corpus,
        "split": given.split,
        "dialogues": len(found),
        "given": true,
    }
    if source.corpus in SCORED:
        result |= scores(source.corpus, Path(source.source), rewritten)
    rate = speed.words / max(speed.seconds, 1e-9)
    result |= {"seconds": speed.seconds, "turns": speed.turns, "words_per_second": rate}
    if given.out is not None:
        temporary = given.out.with_name(f".{given.out.name}.tmp")
        temporary.write_text(json.dumps(multiwoz_predictions(rewritten), indent=1), encoding="utf-8")
        os.replace(temporary, given.out)
    print(json.dumps(result, indent=1))
