"""From Python, a tokenizer and a corpus are the same as on the command line."""

import pytest

import space_jax
from space_jax.cli import main
from space_jax.features.prepared_corpus import open_prepared
from space_jax.features.tokenizer import load_tokenizer

WORLD = {"dialogues": 20}


def test_both_are_the_same_as_on_the_command_line(tmp_path):
    assert space_jax.train_tokenizer("simulated", tmp_path / "t", 500, "bpe", options=WORLD, names="source") == 500
    arguments = {"labelled_share": 0.5, "max_turns": 2, "max_turn_tokens": 20, "seed": 3}
    built = space_jax.build_corpus("simulated", tmp_path / "c", tmp_path / "t", options=WORLD, **arguments)

    words = ["simulated", "--dialogues", "20"]
    train = [*words, "--vocab-size", "500", "--kind", "bpe", "--names", "source", "--out", str(tmp_path / "t2")]
    assert main(["tokenizer", "train", *train]) == 0
    assert load_tokenizer(tmp_path / "t").fingerprint == load_tokenizer(tmp_path / "t2").fingerprint
    limits = ["--labelled-share", "0.5", "--max-turns", "2", "--max-turn-tokens", "20", "--seed", "3"]
    build = [*words, "--tokenizer", str(tmp_path / "t2"), "--out", str(tmp_path / "c2"), *limits]
    assert main(["data", "build", *build]) == 0
    assert open_prepared(tmp_path / "c").metadata.fingerprint == open_prepared(tmp_path / "c2").metadata.fingerprint
    assert built == open_prepared(tmp_path / "c2").metadata.splits


def test_mistakes(tmp_path):
    for arguments, said in (
        ({"corpus": "simulatd"}, "simulatd"),
        ({"corpus": "simulated", "options": {"dialogs": 3}}, "option 'dialogs' is not one of those it has"),
        ({"corpus": "jsonl"}, "expected a source"),
        ({"corpus": "jsonl", "source": tmp_path / "nowhere"}, "does not exist"),
        ({"corpus": "simulated", "names": "theirs"}, "names: expected 'unified' or 'source', found 'theirs'"),
    ):
        with pytest.raises(space_jax.UserError, match=said):
            space_jax.train_tokenizer(out=tmp_path / "t", **arguments)
    assert not (tmp_path / "t").exists()
