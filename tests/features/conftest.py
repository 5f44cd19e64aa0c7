"""What the tests of features share: a trained SentencePiece tokenizer, a word tokenizer, and hand-made examples."""

import hashlib
import re

import numpy as np
import pytest

from space_jax.config import Vocabulary
from space_jax.dialogue.labels import Known
from space_jax.features.example import Example
from space_jax.features.sentencepiece_tokenizer import train_sentencepiece

SENTENCES = (
    "i need a hotel in the east of cambridge for two nights",
    "the autumn house is a cheap guesthouse in the east, shall i book it?",
    "yes, book a room for three people from friday please",
    "your booking was successful, the reference number is 7GAWK763",
    "is there an italian restaurant in the centre that is not expensive?",
    "what time would you like to eat and how many people will there be?",
    "a table for four at 19:30 on saturday",
    "sorry, there is no table at that time, would 20:15 suit you?",
    "i am looking for a train to london kings cross that leaves after 09:45",
    "the train TR2835 leaves at 10:00 and arrives by 10:51, the price is 23.60 pounds",
    "can you find me a museum near the river with free entrance?",
    "thank you, that is all i need today, good bye",
    "you are welcome, have a nice day!",
    "play some jazz music by miles davis",
    "transfer 200 dollars from my checking account to the savings account",
    "what will the weather be like in san francisco tomorrow afternoon?",
)
FIRST_WORD = 20


class WordTokenizer:
    """One id a word; words get ids from a hash, so that two instances agree."""

    fingerprint = "00000000000w0rds"

    def vocabulary(self) -> Vocabulary:
        return Vocabulary(
            size=1000,
            pad=0,
            summary=1,
            mask=2,
            bos=3,
            eos=4,
            sos_u=5,
            eos_u=6,
            sos_r=7,
            eos_r=8,
            understand=(9, 10, 11, 12, 13),
            policy=(14, 15, 16, 17, 18),
            special=tuple(range(FIRST_WORD)),
        )

    def encode(self, text):
        return self.encode_with_offsets(text)[0]

    def encode_with_offsets(self, text):
        words = list(re.finditer(r"\S+", text))
        digests = [hashlib.sha256(word.group().encode()).digest() for word in words]
        ids = [FIRST_WORD + int.from_bytes(digest[:4], "big") % (1000 - FIRST_WORD) for digest in digests]
        return ids, [word.span() for word in words]

    def decode(self, ids):
        return " ".join(map(str, ids))

    def token(self, token_id):
        return f"w{token_id}"

    def id_of(self, special_name):
        return {"[MASK]": 2}[special_name]

    def save(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "words.json").write_text("{}")


@pytest.fixture(scope="session")
def sentences():
    """Texts to train a small SentencePiece tokenizer on."""
    return list(SENTENCES)


@pytest.fixture(scope="session")
def tokenizer(sentences, tmp_path_factory):
    """A SentencePiece tokenizer of 400 ids."""
    return train_sentencepiece(sentences * 5, 400, tmp_path_factory.mktemp("sentencepiece"))


@pytest.fixture(scope="session")
def word_tokenizer():
    return WordTokenizer()


@pytest.fixture(scope="session")
def vocabulary(word_tokenizer):
    return word_tokenizer.vocabulary()


ALL = Known(True, True, True)


def _make_example(turns, response, roles=None, spans=None, known=ALL, acts=(0,), tree=1, dialogue=1, elements=4):
    """An example from lists of ids; the roles alternate and end with the user's unless given."""
    roles = roles if roles is not None else [(len(turns) - index) % 2 for index in range(len(turns))]
    flat = [token for turn in turns for token in turn]
    sets = np.zeros((10, elements), np.int32)
    sets[:, 0] = tree
    vector = np.zeros(20, np.float32)
    vector[list(acts) if known.acts else []] = 1
    return Example(
        turn_tokens=np.array(flat, np.int32),
        turn_lengths=np.array([len(turn) for turn in turns], np.int32),
        turn_roles=np.array(roles, np.int32),
        span_mask=np.array(spans if spans is not None else [False] * len(flat), bool),
        response_tokens=np.array(response, np.int32),
        user_tree=sets * known.user_tree,
        system_tree=sets * known.system_tree,
        acts=vector,
        known=known,
        dialogue=dialogue,
    )


@pytest.fixture(scope="session")
def make_example():
    return _make_example
