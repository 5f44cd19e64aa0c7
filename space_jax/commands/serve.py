"""`space-jax serve`."""

import argparse
import sys
from typing import Any

from space_jax.errors import UserError
from space_jax.remote import as_path
from space_jax.terminal import say

_HOST, _PORT = "127.0.0.1", 8000


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "serve",
        help="serve a run over HTTP: predictions, vectors, or an agent for OpenAI's clients",
        epilog="Needs pip install 'space-jax[serve]'. docs/serving.md has every path.",
    )
    parser.add_argument("--workdir", type=as_path, required=True, help="folder of a run")
    parser.add_argument("--step", default="best", help="a step, 'best' or 'latest' (%(default)s)")
    parser.add_argument("--host", default=_HOST, help="to listen on; 0.0.0.0 admits other machines (%(default)s)")
    parser.add_argument("--port", type=int, default=_PORT, help="to listen on (%(default)s)")
    parser.add_argument("--name", help="of the model, which clients give (default: the folder's)")
    parser.add_argument(
        "--queue", type=int, metavar="N", help="inputs that may wait (1024), of an agent answers in progress (64)"
    )
    parser.add_argument(
        "--database", default="", help="tables of an agent, a file or a folder (default: those of the run's corpus)"
    )
    parser.add_argument(
        "--together", type=int, default=4, metavar="N", help="conversations an agent answers side by side (%(default)s)"
    )
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    if not 0 < given.port < 65536:
        raise UserError(f"--port: expected 1 to 65535, found {given.port}")
    for name in ("queue", "together"):
        number = getattr(given, name)
        if number is not None and number < 1:
            raise UserError(f"--{name}: {number} is not positive")
    try:
        from space_jax.serving.engines import engine_of
        from space_jax.serving.listening import bound, serve
        from space_jax.serving.service import Service
    except ImportError as error:
        raise UserError(
            f"a part of the server is not installed ({error}); pip install 'space-jax[serve]' installs it"
        ) from None
    with bound(given.host, given.port) as place:  # before the model is read: the address may be taken
        say("reading the run", flush=True)
        engine = engine_of(given.workdir, given.step, given.database, given.together)
        for misfit in engine.misfits:
            say(misfit, sys.stderr)
        serve(Service(engine, given.name or given.workdir.resolve().name, given.queue or engine.queue), place)
