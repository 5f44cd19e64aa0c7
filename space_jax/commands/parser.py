"""The parser of the command line, which answers a mistyped verb or option with the nearest."""

import argparse
import difflib
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from space_jax.config_files import OVERRIDE

QUOTE = "'"


class Parser(argparse.ArgumentParser):
    """A parser whose errors name the nearest; those of its verbs are of this class, too."""

    _words: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """See `argparse`."""
        self._words = sys.argv[1:] if args is None else args
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """See `argparse`."""
        before, invalid, after = message.partition("invalid choice: ")
        if invalid:
            given, choose, listed = after.partition(" (choose from")
            choices = [str(one) for action in self._actions for one in action.choices or ()]
            message = f"{before}{invalid}{given}{nearest(given.strip(QUOTE), choices)}{choose}{listed}"
        elif message.startswith("the following arguments are required"):
            unknown = [word.partition("=")[0] for word in self._words if word.startswith("--")]
            known = options(self)
            hints = [f"{word} is not known{nearest(word, known)}" for word in unknown if nearest(word, known)]
            message = "; ".join([message, *(hint for hint in hints if hint.split()[0] not in known)])
        super().error(message)


def options(parser: argparse.ArgumentParser) -> list[str]:
    """The options that a parser itself takes."""
    return [option for action in parser._actions for option in action.option_strings]


def nearest(word: str, known: Iterable[str]) -> str:
    """`; nearest: finetune`, or ""."""
    near = difflib.get_close_matches(word, list(known), n=2)
    return f"; nearest: {', '.join(near)}" if near else ""


def refuse_unknown(parser: argparse.ArgumentParser, given: argparse.Namespace, unknown: Sequence[str]) -> NoReturn:
    """Ends the program because of arguments that no option of the verb takes.

    Args:
      parser: of all verbs.
      given: what it understood.
      unknown: the others.
    """
    name, _, value = unknown[0].partition("=")
    hint = nearest(name, options(_verb(parser, given)))
    if given.takes_config and not hint and name.startswith("--"):
        first, _, rest = name.lstrip("-").partition(".")
        field = rest if nearest(first, ["config"]) else name.lstrip("-")
        hint = f"; a field of the configuration is set by {OVERRIDE}{field}={value or '...'}"
    parser.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")


def _verb(parser: argparse.ArgumentParser, given: argparse.Namespace) -> argparse.ArgumentParser:
    """The parser of the verb that was given, or of its action."""
    for name in (given.verb, getattr(given, "action", None)):
        choices = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        if choices and name in choices[0]:
            parser = choices[0][name]
    return parser
