"""The one exception that means "the user can mend this"."""


class UserError(Exception):
    """A mistake in a user's data, configuration or command line.

    The message is one sentence: what is wrong, where (file:line or configuration field), and what would be right.
    The command line prints it alone and exits with status 2; anything else that is raised is a defect of ours.
    """
