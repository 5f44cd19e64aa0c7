"""A tiny model of end-to-end dialogue with a vocabulary of its own."""

import functools

import jax
import pytest

from space_jax.agent.agent import Agent
from space_jax.agent.writer import Writer
from space_jax.config import model_config
from space_jax.features.wordpiece_tokenizer import WordPieceTokenizer
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.dialogue.task import DialogueTask
from space_jax.training.sharding import unbox

CONFIG = DialogueConfig(
    context_length=64,
    target_length=64,
    max_turns=4,
    max_turn_tokens=20,
    max_state_tokens=20,
    max_act_tokens=10,
    max_response_tokens=12,
)
WORDS = (
    *("a", "hotel", "taxi", "in", "the", "north", "south", "good", "bye", "yes", "area", "name", "offered", "propose"),
    *("inform", "request", "general", "to", "from", "where", "ivy", "stars", "price", "cheap", "phone", "is", "repeat"),
    *("direct", "restaurant", "food", "4", "[", "]", "_", ":", ";", ",", ".", "?", "!", "\\"),
)


def vocabulary():
    """The pieces of a BERT vocabulary: these words and all letters."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"[unused{n}]" for n in range(60)), *WORDS]
    return (*pieces, *(letter for letter in letters if letter not in WORDS), *(f"##{letter}" for letter in letters))


def write_vocabulary(folder):
    """The file of that vocabulary."""
    path = folder / "vocab.txt"
    path.write_text("\n".join(vocabulary()) + "\n")
    return path


@functools.cache
def make_task(path):
    """The task with the vocabulary at `path`."""
    tokenizer = WordPieceTokenizer.from_vocabulary(path)
    model = model_config(
        "tiny", layers=1, hidden=16, heads=2, mlp=32, positions=64, dropout=0.1, vocabulary=tokenizer.vocabulary()
    )
    return DialogueTask(CONFIG, {"state": True, "acts": True}, tokenizer, model, "space3")


@pytest.fixture(scope="session")
def task(tmp_path_factory):
    return make_task(write_vocabulary(tmp_path_factory.mktemp("vocabulary")))


@pytest.fixture(scope="session")
def params(task):
    return unbox(jax.jit(task.init)(jax.random.key(0), task.collate([], 4, None)))


@pytest.fixture(scope="session")
def agent(task, params):
    return Agent(Writer(task, params))
