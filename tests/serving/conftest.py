"""The tiny model of `tests/agent`."""

from tests.agent.conftest import agent, params, task  # noqa: F401
