"""The tiny model of the agent's tests."""

from tests.agent.conftest import params, task

__all__ = ["params", "task"]
