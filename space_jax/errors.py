"""The exception for errors that the user can fix."""


class UserError(Exception):
    """A mistake in a user's data, configuration or command line.

    The message is one sentence: what is wrong, where (file:line or configuration field), and the fix.
    The command line prints it alone and exits with status 2; any other exception is a bug.
    """
