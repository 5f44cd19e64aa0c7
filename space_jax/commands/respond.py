"""`space-jax respond`: an agent answers the dialogues of a corpus, and is scored by the field's measures."""

import argparse
import dataclasses
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from space_jax.commands.outputs import print_result, require_writable
from space_jax.errors import UserError
from space_jax.remote import as_path
from space_jax.terminal import say
from space_jax.terminal.progress import telling
from space_jax.writing import LOCK, locked, writing

if TYPE_CHECKING:
    from space_jax.tasks.config import DataSource, FinetuneConfig
    from space_jax.tasks.dialogue.config import DialogueConfig

_MULTIWOZ = "multiwoz21"
_EPILOG = """
--given takes any of these, joined by commas; the agent writes the rest itself:
  states     the true belief state of each turn (policy optimisation, as the benchmark calls it)
  acts       the true dialog acts of each turn
  responses  the true responses of the turns before

Without --given the evaluation is end-to-end. CamRest676 and KVRET: prints Match, Success F1, BLEU and Combined.
Your own dialogues and tables: prints what they are annotated for of state accuracy, match, success and BLEU.
MultiWOZ: write the turns with --out and score them:
  space-jax respond --workdir RUN --source DIR/multiwoz21 --out predictions.json
  space-jax multiwoz-eval predictions.json --source DIR
With --given states the file holds no states, so the evaluation uses the annotated ones.

The same command continues a run with --out that was stopped; until it ends, its turns are in FILE.part.
"""


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "respond",
        help="score an agent end-to-end on a corpus or on your own dialogues",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--workdir", type=as_path, required=True, help="folder of a fine-tuning run for dialogue")
    parser.add_argument("--step", default="best", help="a step, 'best' or 'latest' (%(default)s)")
    parser.add_argument("--corpus", help="(default: the one of the run)")
    parser.add_argument("--source", help="folder that holds the corpus (default: that of the run)")
    parser.add_argument("--split", choices=("train", "validation", "test"), default="test", help="(%(default)s)")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N dialogues only")
    parser.add_argument("--together", type=int, default=64, metavar="N", help="dialogues side by side (%(default)s)")
    parser.add_argument("--beam", type=int, default=1, metavar="N", help="hypotheses of a beam search; 1: greedy")
    parser.add_argument(
        "--given", default="", metavar="NAME,...", help="annotations to use instead of the agent's own output"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the turns for `space-jax multiwoz-eval`")
    parser.add_argument("--json", action="store_true", help="as JSON, not a table, in a terminal too")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    true = _checked(given)
    if given.out is None:
        return _respond(given, true)
    what, then = f"--out {given.out}", "the answers so far are kept; make room, and the same command continues"
    with locked(given.out.with_name(f".{given.out.name}{LOCK}"), what), writing(what, then):
        _respond(given, true)


def _respond(given: argparse.Namespace, true: tuple[str, ...]) -> None:
    from space_jax.agent.agent import Agent
    from space_jax.agent.corpus_scores import SCORED, multiwoz_predictions, scores
    from space_jax.agent.own_scores import own_scores
    from space_jax.agent.respond import STATES, respond
    from space_jax.agent.response_log import ResponseLog
    from space_jax.config_files import read_config
    from space_jax.tasks.config import FinetuneConfig
    from space_jax.tasks.dialogue.splits import dialogues
    from space_jax.tasks.workdir import write_text
    from space_jax.world.corpus_worlds import Worlds

    agent = Agent.load(given.workdir, given.step, beam=given.beam)  # reports what is wrong with a folder
    for misfit in agent.misfits:
        say(misfit, sys.stderr)
    run: FinetuneConfig = read_config(given.workdir, FinetuneConfig)
    source, task = _source(run, given)
    found = list(dialogues(source, given.split, task.train_split))[: given.limit]
    worlds = Worlds(source.corpus, source.source, task.database)
    asked: dict[str, Any] = {"corpus": source.corpus, "split": given.split, "given": list(true), "beam": given.beam}
    log = None
    if given.out is not None:
        said = hashlib.sha256(repr(found).encode(errors="surrogatepass")).hexdigest()
        facts = asked | {"data": dataclasses.asdict(source), "said": said, "weights": agent.fingerprint()}
        log = ResponseLog(given.out.with_name(f"{given.out.name}.part"), facts)
        if log.answers:
            print(f"continuing after {len(log.answers)} dialogues", file=sys.stderr)
    with telling("turn", "compiling") as told:
        answered, speed = respond(agent, found, worlds, true, given.together, told, log)
    result: dict[str, Any] = asked | {"dialogues": len(found)}
    if source.corpus in SCORED:
        result |= scores(source.corpus, Path(source.source), answered)
    elif source.corpus != _MULTIWOZ:  # which `multiwoz-eval` scores
        result |= own_scores(answered, worlds)
    cut = Counter(part for one in answered for reply in one.replies for part in reply.cut)
    seconds = max(speed.seconds, 1e-9)
    result |= {"seconds": speed.seconds, "turns": speed.turns, "cut": dict(cut)}
    result |= {"words_per_second": speed.words / seconds, "tokens_per_second": speed.tokens / seconds}
    if log is not None:
        predictions = multiwoz_predictions(answered, given.split, states=STATES not in true)
        write_text(given.out, json.dumps(predictions, indent=1) + "\n")
        log.remove()
    print_result(result, given.json, f"{given.workdir} on {source.corpus or 'its files'}, {given.split}")


def _checked(given: argparse.Namespace) -> tuple[str, ...]:
    """The annotations to use instead of the agent's own output.

    Raises:
      UserError: an option that makes no sense; raised before anything is loaded.
    """
    from space_jax.agent.respond import GIVEN

    for name in ("limit", "together", "beam"):
        value = getattr(given, name)
        if value is not None and value < 1:
            raise UserError(f"--{name}: expected at least 1, found {value}")
    if given.out is not None:
        require_writable(given.out, "--out")
    true = tuple(name.strip() for name in given.given.split(",") if name.strip())
    unknown = [name for name in true if name not in GIVEN]
    if unknown:
        raise UserError(f"--given: {unknown[0]!r} is not one of {', '.join(GIVEN)}")
    return true


def _source(run: "FinetuneConfig", given: argparse.Namespace) -> tuple["DataSource", "DialogueConfig"]:
    """The source of the dialogues, and the task; its tables and training split apply to its own corpus only."""
    from space_jax.tasks.config import DataSource
    from space_jax.tasks.dialogue.config import DialogueConfig

    source, task = run.data, run.task
    assert isinstance(task, DialogueConfig), "an agent was loaded from it"
    if given.corpus and given.corpus != source.corpus:
        fresh = DialogueConfig()
        task = dataclasses.replace(task, database=fresh.database, train_split=fresh.train_split)
        source = DataSource(corpus=given.corpus)
    return dataclasses.replace(source, source=given.source or source.source), task
