"""The exception for errors that the user can fix."""

from space_jax.printable import one_sentence


class UserError(Exception):
    """A mistake in a user's data, configuration or command line.

    The message is one sentence: what is wrong, where (file:line or configuration field), and the fix.
    The command line prints it alone and exits with status 2; any other exception is a bug.

    Messages quote what users and their files wrote, so control characters are spelled out, line breaks become blanks,
    and the middle of a very long message is left out.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_sentence(message))
