"""Options of a corpus, as text from a command line or a configuration."""

from typing import Any

from space_jax.corpora.corpus import Corpus
from space_jax.errors import UserError


def parse_option(text: str, corpus: Corpus) -> tuple[str, Any]:
    """One `NAME=VALUE`, the value of the type of the option's default.

    Raises:
      UserError: no such option of the corpus, or a value of another kind.
    """
    name, equals, value = text.partition("=")
    if not equals or name not in corpus.options or name == "report":
        known = ", ".join(option for option in corpus.options if option != "report") or "none"
        raise UserError(f"--option {text}: must be NAME=VALUE with an option of the corpus {corpus.name}: {known}")
    default = corpus.options[name]
    if isinstance(default, bool):
        if value not in ("true", "false"):
            raise UserError(f"--option {text}: must be true or false")
        return name, value == "true"
    if not isinstance(default, int):
        return name, value
    if not value.isdecimal():
        raise UserError(f"--option {text}: must be a whole number")
    return name, int(value)
