"""How many attention heads a file of weights has, which none of its arrays shows."""

from pathlib import Path

from space_jax.errors import UserError

PUBLISHED = {768: 12, 1024: 16}
"""By hidden size: BERT base and large, and what was trained from them."""


def heads_of(given: int | None, hidden: int, path: Path) -> int:
    """The number that is given, else that of a published size.

    Args:
      given: by the user or by a configuration beside the file.
      hidden: the hidden size.
      path: the file, for the message.

    Raises:
      UserError: none is given and the size is none of the published.
    """
    if given is not None:
        if given < 1:
            raise UserError(f"--heads: {given} is not a positive number")
        return given
    if hidden not in PUBLISHED:
        known = ", ".join(map(str, PUBLISHED))
        raise UserError(f"{path}: hidden size {hidden} is none of {known}; say its attention heads with --heads N")
    return PUBLISHED[hidden]
