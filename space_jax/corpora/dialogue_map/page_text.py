"""Texts and numbers on the page; what others wrote is shown and not obeyed."""

from html import escape

from space_jax.printable import printable

LONGEST = 280
"""Characters of a turn that are shown."""


def text(said: str) -> str:
    """A text of others for HTML: no mark-up, no control characters, its own direction of writing, not too long."""
    cut = said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
    return f"<bdi>{escape(printable(cut))}</bdi>"


def percent(share: float) -> str:
    """`54%`; `<1%` for what is more than nothing."""
    return "&lt;1%" if 0 < share < 0.01 else f"{share:.0%}"
