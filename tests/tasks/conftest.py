"""What the tests of tasks share: a tokenizer of letters and a few words, and a model too small to be slow."""

import string

import pytest

from space_jax.config import ModelConfig
from space_jax.features.special_tokens import CONTROL_TOKENS
from space_jax.features.wordpiece_tokenizer import WordPieceTokenizer

WORDS = ("at", "for", "the", "table", "time", "people", "north", "hotel", "area", "two", "seven", "none")


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory):
    letters = string.ascii_lowercase + string.digits
    pieces = [*CONTROL_TOKENS, *(f"[unused{i}]" for i in range(45)), *letters, *(f"##{one}" for one in letters)]
    path = tmp_path_factory.mktemp("tokenizer") / "vocab.txt"
    path.write_text("\n".join([*pieces, *WORDS, *string.punctuation]) + "\n", encoding="utf-8")
    return WordPieceTokenizer.from_vocabulary(path)


@pytest.fixture(scope="session")
def tiny_model(tokenizer):
    return ModelConfig(
        layers=1, hidden=16, heads=2, mlp=16, positions=160, turns=17, dropout=0.0, vocabulary=tokenizer.vocabulary()
    )
