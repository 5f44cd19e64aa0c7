"""An agent without a model, and the tiny model of `tests/agent`."""

import pytest

from space_jax.agent.conversation import Conversation
from space_jax.chat.answer import Talk
from space_jax.world.backend import Tables
from space_jax.world.database import Database
from tests.agent.conftest import agent, params, task  # noqa: F401
from tests.chat.scripted import Scripted

HOTELS = [{"name": "Ivy", "area": "north"}, {"name": "Oak", "area": "south"}]


@pytest.fixture
def scripted():
    return Scripted()


@pytest.fixture
def fresh():
    return Talk(Conversation(Tables(Database({"hotel": HOTELS}))))
