"""`space-jax chat`: a conversation with an agent, in the terminal or on a web page."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from space_jax.commands.numbers import finite, seed
from space_jax.commands.outputs import require_writable
from space_jax.errors import UserError
from space_jax.remote import as_path
from space_jax.terminal import say

if TYPE_CHECKING:
    from space_jax.agent.agent import Agent
    from space_jax.chat.answer import Talk

_HOST = "127.0.0.1"


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "chat",
        help="talk to an agent in the terminal or on a web page",
        epilog="In the terminal, /new starts over; /quit or end of input leaves.",
    )
    parser.add_argument("--workdir", type=as_path, required=True, help="folder of a fine-tuning run for dialogue")
    parser.add_argument("--step", default="best", help="a step, 'best' or 'latest' (%(default)s)")
    parser.add_argument(
        "--database", default="", help="tables, a file or a folder (default: those of the run's corpus)"
    )
    parser.add_argument("--transcript", type=Path, metavar="FILE", help="save the conversation as JSON lines")
    parser.add_argument("--web", action="store_true", help="on a web page; needs pip install 'space-jax[web]'")
    parser.add_argument("--host", help=f"of the page; 0.0.0.0 admits other machines ({_HOST})")
    parser.add_argument("--port", type=int, help="of the page (default: the first free one from 7860)")
    parser.add_argument(
        "--temperature", type=finite("--temperature"), help="0 takes the likeliest words (0; 1 with --top-k or --top-p)"
    )
    parser.add_argument("--top-k", type=int, default=0, help="0: all (%(default)s)")
    parser.add_argument("--top-p", type=finite("--top-p"), default=1.0, help="1: all (%(default)s)")
    parser.add_argument("--seed", type=seed("--seed"), default=0, help="of the sampling (%(default)s)")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    _check(given)
    if given.web:
        _serve(given)
        return
    from space_jax.chat.terminal import talk_in_terminal

    agent, fresh = _opened(given)
    talk_in_terminal(agent, fresh, given.transcript)


def _serve(given: argparse.Namespace) -> None:
    from space_jax.chat.examples import examples_for
    from space_jax.chat.page import make_page  # before the model is read: the extra may be missing
    from space_jax.chat.readiness import Readiness
    from space_jax.chat.serving import serve

    agent, fresh = _opened(given)
    readiness, examples = Readiness(agent.warm_up()), examples_for(given.workdir, fresh.conversation.backend.database)
    page = make_page(agent, fresh, f"space_jax: {given.workdir.resolve().name}", examples, readiness)
    serve(page, given.host or _HOST, given.port, readiness)


def _check(given: argparse.Namespace) -> None:
    if given.transcript is not None:
        require_writable(given.transcript, "--transcript")
    if given.web and given.transcript is not None:
        raise UserError(
            "--transcript: expected a conversation in the terminal, found --web, where each visitor downloads it"
        )
    for name in ("host", "port"):
        if getattr(given, name) is not None and not given.web:
            raise UserError(f"--{name}: needs --web")
    if given.port is not None and not 0 < given.port < 65536:
        raise UserError(f"--port: expected 1 to 65535, found {given.port}")


def _opened(given: argparse.Namespace) -> "tuple[Agent, Talk]":
    """The agent of a run, and a conversation about the world of its corpus that has not begun."""
    from space_jax.agent.agent import Agent
    from space_jax.chat.answer import Talk
    from space_jax.decoding.sampling import Sampling

    drawn = 1.0 if given.top_k or given.top_p < 1 else 0.0
    sampling = Sampling(drawn if given.temperature is None else given.temperature, given.top_k, given.top_p)
    agent = Agent.load(given.workdir, given.step, sampling, given.seed, database=given.database)
    for misfit in agent.misfits:
        say(misfit, sys.stderr)
    return agent, Talk(agent.conversation())
