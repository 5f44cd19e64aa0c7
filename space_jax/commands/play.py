"""`space-jax play`: an agent against the simulated users."""

import argparse
import json
import sys
from typing import Any

from rich.table import Table

from space_jax.commands.numbers import seed
from space_jax.errors import UserError
from space_jax.remote import as_path
from space_jax.terminal import Console, say
from space_jax.terminal.progress import telling


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser("play", help="measure an agent's success with users simulated for what it learnt")
    parser.add_argument("--workdir", type=as_path, required=True, help="folder of a fine-tuning run for dialogue")
    parser.add_argument("--step", default="best", help="a step, 'best' or 'latest' (%(default)s)")
    parser.add_argument("--dialogues", type=int, default=200, help="(%(default)s)")
    parser.add_argument("--seed", type=seed("--seed"), default=1000, help="of the users' goals (%(default)s)")
    parser.add_argument("--together", type=int, default=64, help="dialogues side by side (%(default)s)")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print the first N dialogues")
    parser.add_argument("--json", action="store_true", help="as JSON instead of a table")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    for name in ("dialogues", "together"):
        if getattr(given, name) < 1:
            raise UserError(f"--{name}: expected at least 1, found {getattr(given, name)}")
    from space_jax.agent.agent import Agent
    from space_jax.agent.play import play, play_policy, summary
    from space_jax.config_files import read_config
    from space_jax.corpora.registry import SIMULATED
    from space_jax.tasks.config import FinetuneConfig
    from space_jax.tasks.dialogue.splits import simulated_domains
    from space_jax.world.corpus_worlds import SimulatedBackend
    from space_jax.world.misfits import misfits

    agent = Agent.load(given.workdir, given.step)  # reports what is wrong with a folder
    data = read_config(given.workdir, FinetuneConfig).data
    domains = simulated_domains(data)
    if data.corpus != SIMULATED:
        for misfit in misfits(agent.slots, SimulatedBackend()):
            say(misfit, sys.stderr)
    with telling("dialogues", "compiling") as told:
        outcomes = play(agent, given.seed, given.dialogues, given.together, domains, told)
    columns = {"agent": summary(outcomes), "policy": summary(play_policy(given.seed, given.dialogues, domains))}
    cut = sum(one.cut for one in outcomes)
    if given.json:
        figures = {**columns["agent"], "dialogues": given.dialogues, "cut_turns": cut, "policy": columns["policy"]}
        print(json.dumps(figures, indent=1))
        return
    console = Console()
    for number, one in enumerate(outcomes[: given.show]):
        verdict = "met" if one.success else "rightly refused" if one.refused else "missed"
        console.print(f"--- dialogue {number}: goal {verdict}", markup=False, highlight=False)
        for role, words in one.transcript:
            console.print(f"{role:>6}  {words}", markup=False, highlight=False)
    table = Table("measure", "agent", "hand-written policy", title=f"{given.dialogues} simulated users")
    for name in columns["agent"]:
        table.add_row(name, *(f"{column[name]:.3f}" for column in columns.values()))
    console.print(table)
    if cut:
        console.print(f"turns in which the agent reached a limit of tokens: {cut}")
