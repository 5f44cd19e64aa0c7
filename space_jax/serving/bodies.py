"""The bodies of requests: read up to a limit, as strict JSON, and checked field by field."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Request
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect

from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.json_text import parse_json
from space_jax.serving.refusal import RefusedError

LARGEST = 2**20
"""Bytes of a body."""
MOST_INPUTS = 256
"""Texts of a request."""
MOST_MESSAGES = 200
"""Turns of a conversation."""
LONGEST = 2**14
"""Characters of a text; models read a few hundred words at most."""
PATIENCE = 30.0
"""Seconds in which a body must arrive."""

B = TypeVar("B", bound=BaseModel)


def text(value: Any) -> str:
    """A text that is not too long."""
    if not isinstance(value, str):
        raise ValueError(f"expected a text, found {shown(value)}")
    if len(value) > LONGEST:
        raise ValueError(f"expected a text of at most {LONGEST} characters, found {len(value)}")
    return value


def _text_or_row(value: Any) -> Any:
    return value if isinstance(value, dict) else text(value)


def _words(value: Any) -> list[str]:
    """One text or several, each with words."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts:
        raise ValueError(f"expected a text or a list of texts, found {shown(value)}")
    if len(texts) > MOST_INPUTS:
        raise ValueError(f"expected at most {MOST_INPUTS} texts, found {len(texts)}")
    for number, one in enumerate(texts):
        if not isinstance(one, str):
            raise ValueError(f"expected texts, found {shown(one)} at place {number}; token ids are not taken")
        if not text(one).strip():
            raise ValueError(f"expected words, found none at place {number}")
    return texts


def _content(value: Any) -> str:
    """The words of a message, which may come in parts."""
    if value is None:
        return ""
    if isinstance(value, str):
        return text(value)
    if not isinstance(value, list):
        raise ValueError(f"expected a text, found {shown(value)}")
    for part in value:
        if not isinstance(part, dict) or part.get("type") != "text":
            raise ValueError(f'expected parts of the form {{"type": "text", "text": "..."}}, found {shown(part)}')
    return text(" ".join(text(part.get("text")) for part in value))


def _single(value: int | None) -> int | None:
    if value not in (None, 1):
        raise ValueError(f"expected 1, since an agent gives one answer, found {value}")
    return value


def _nothing(value: Any) -> None:
    if value:
        raise ValueError(f"expected none, since an agent writes words and nothing else, found {shown(value)}")


class _Form(BaseModel):
    """Nothing is converted, and fields that are not known change nothing, as clients send many."""

    model_config = ConfigDict(strict=True, extra="ignore", protected_namespaces=())


class Prediction(_Form):
    """The body of `/predict`: texts, or the objects that a line of a JSONL file for the task holds."""

    inputs: Annotated[list[Annotated[Any, BeforeValidator(_text_or_row)]], Field(min_length=1, max_length=MOST_INPUTS)]


class Embeddings(_Form):
    """The body of `/v1/embeddings`."""

    input: Annotated[Any, BeforeValidator(_words)]
    model: str
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None


class Message(_Form):
    """A turn of a conversation; what a system or a developer says is not for an agent, which knows its task."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, BeforeValidator(_content)] = ""


class StreamOptions(_Form):
    """What a stream has besides words."""

    include_usage: bool | None = False


class Completion(_Form):
    """The body of `/v1/chat/completions`.

    How words are chosen is the server's matter, so temperature and the like change nothing; what would change the form
    of the answer is refused.
    """

    model: str
    messages: Annotated[list[Message], Field(min_length=1, max_length=MOST_MESSAGES)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Annotated[int | None, AfterValidator(_single)] = None
    tools: Annotated[Any, AfterValidator(_nothing)] = None
    functions: Annotated[Any, AfterValidator(_nothing)] = None
    logprobs: Annotated[Any, AfterValidator(_nothing)] = None


def body_of(kind: type[B]) -> Callable[[Request], Awaitable[B]]:
    """A dependency of FastAPI that gives the body of a request in this form.

    Raises:
      RefusedError: 415 for another type than JSON, 413 for a body that is too large, 408 for one that does not arrive,
        400 for what is not JSON, 422 for fields that do not fit; with the place.
    """

    async def read(request: Request) -> B:
        found = request.headers.get("content-type", "")
        if found.partition(";")[0].strip().lower() != "application/json":  # also what keeps other sites' forms out
            raise RefusedError(415, f"expected the header Content-Type: application/json, found {shown(found)}")
        try:
            value = parse_json(await _bytes(request), "body")
        except UserError as error:
            raise RefusedError(400, str(error)) from None
        try:
            return kind.model_validate(value)
        except ValidationError as error:
            raise RefusedError(422, _sentence(error)) from None

    return read


async def _bytes(request: Request) -> bytes:
    content = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for piece in request.stream():
                content += piece
                if len(content) > LARGEST:
                    raise RefusedError(413, f"body: expected at most {LARGEST} bytes, found more")
    except TimeoutError:
        raise RefusedError(408, f"body: expected it within {PATIENCE:.0f} s, but its end has not come") from None
    except ClientDisconnect:  # nobody hears it
        raise RefusedError(400, "body: its end has not come") from None
    return bytes(content)


def _sentence(error: ValidationError) -> str:
    """The first of Pydantic's errors, with its place in the body."""
    first = error.errors(include_url=False)[0]
    ours = first.get("ctx", {}).get("error")
    problem = str(ours) if isinstance(ours, ValueError) else f"{first['msg']}, found {shown(first['input'])}"
    if first["type"] == "missing":
        problem = "this field is missing"
    return f"{_place(first['loc'])}: {problem[:1].lower()}{problem[1:]}"


def _place(loc: Sequence[int | str]) -> str:
    """For example `messages[0].content`."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return place.removeprefix(".") or "body"
