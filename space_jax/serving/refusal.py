"""What a client is told where the answer is no: a status, and one sentence in the form of OpenAI's errors."""

from typing import Any

from space_jax.printable import one_sentence

_TYPES = {404: "not_found_error", 429: "rate_limit_error", 503: "service_unavailable_error"}


class RefusedError(Exception):
    """A request that is not answered as it was meant.

    Args:
      status: of HTTP.
      message: one sentence: what, where in the request, and what would be right.
      retry_after: seconds after which it may go better; None where it will not.
    """

    def __init__(self, status: int, message: str, retry_after: int | None = None) -> None:
        super().__init__(one_sentence(message))
        self.status = status
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}

    def as_json(self) -> dict[str, Any]:
        """The body of the response, which OpenAI's clients understand."""
        kind = _TYPES.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        return {"error": {"message": str(self), "type": kind, "param": None, "code": self.status}}


BROKEN = "something went wrong in the server, which has written down what; the request may be sent again"
"""What a client hears of a bug."""
