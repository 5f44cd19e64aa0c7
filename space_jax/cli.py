"""The command line. Each verb is a module of `space_jax.commands`; a user's mistake gives one sentence and status 2."""

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence

import space_jax
from space_jax.commands import (
    bench,
    chat,
    compare,
    configs,
    convert,
    data,
    embed,
    evaluate,
    export,
    finetune,
    info,
    multiwoz_eval,
    play,
    predict,
    pretrain,
    respond,
    serve,
    show,
    tokenizer,
)
from space_jax.commands import compile as compile_command
from space_jax.commands import map as map_command
from space_jax.commands.parser import Parser, refuse_unknown
from space_jax.compilation_cache import keep_programs, leave_out_banners
from space_jax.config_files import OVERRIDE
from space_jax.errors import UserError
from space_jax.terminal import say, spell_out_missing_letters
from space_jax.writing import refusal


def make_parser() -> argparse.ArgumentParser:
    """The parser of all verbs."""
    parser = Parser(prog="space-jax", description=(space_jax.__doc__ or "").partition("\n")[0])
    parser.add_argument("--version", action="version", version=space_jax.__version__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for command in (
        data,
        tokenizer,
        configs,
        pretrain,
        finetune,
        evaluate,
        predict,
        embed,
        respond,
        multiwoz_eval,
        play,
        chat,
        serve,
        show,
        compare,
        map_command,
        convert,
        export,
        info,
        compile_command,
        bench,
    ):
        command.add_parser(verbs)
    return parser


def _drop_output() -> None:
    """Leaves what standard output did not take, of which Python would report another error at exit."""
    with contextlib.suppress(OSError):  # a stand-in for it has no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _from_outside(error: Exception) -> str | None:
    """A sentence about a file, a disk or a memory that did not do what was asked of it; None for a bug."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    reason = refusal(error)
    if reason is not None:
        _drop_output()
        return f"the output cannot be written ({reason}); make room, then give the same command again"
    from space_jax.training.memory_use import out_of_memory  # with JAX, which has been imported if this is one of its

    return out_of_memory(error)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
      arguments: command-line arguments without the program's name; those of this process if None.

    Returns:
      0 if all went well, 2 for a user's mistake, 130 when interrupted.
    """
    try:
        _run(make_parser(), arguments)
    except UserError as error:
        say(f"space-jax: {error}", sys.stderr)
        return 2
    except BrokenPipeError:  # as in `space-jax data show ... | head`
        _drop_output()
        return 0
    except Exception as error:
        said = _from_outside(error)
        if said is None:
            raise
        say(f"space-jax: {said}", sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("space-jax: interrupted", file=sys.stderr)
        return 130
    return 0


def _run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> None:
    given, rest = parser.parse_known_args(arguments)
    unknown = [argument for argument in rest if not (given.takes_config and argument.startswith(OVERRIDE))]
    if unknown:
        refuse_unknown(parser, given, unknown)
    keep_programs()
    leave_out_banners()
    spell_out_missing_letters()
    given.run(given, rest)
    sys.stdout.flush()  # at exit it would be too late for a sentence
