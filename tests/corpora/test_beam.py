"""Under Apache Beam the same units come out as in one process; without it, a sentence says what to install."""

import importlib.util
import subprocess
import sys

import pytest

from space_jax.corpora.stream import stream
from space_jax.errors import UserError
from space_jax.features import build_units
from space_jax.features.corpus_builder import prepare
from space_jax.features.example import Limits
from space_jax.features.special_tokens import CONTROL_TOKENS, SPECIAL_TOKENS
from space_jax.features.wordpiece_tokenizer import WordPieceTokenizer

INSTALLED = importlib.util.find_spec("apache_beam") is not None
LIMITS = Limits(max_turns=4, max_turn_tokens=8, tree_elements=3)


@pytest.fixture(scope="module")
def wordpiece(tmp_path_factory):
    path = tmp_path_factory.mktemp("vocabulary") / "vocab.txt"
    unused = [f"[unused{n}]" for n in range(len(SPECIAL_TOKENS))]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    path.write_text("\n".join([*CONTROL_TOKENS, *unused, *letters, *(f"##{letter}" for letter in letters)]))
    return WordPieceTokenizer.from_vocabulary(path)


def content(folder):
    return {path.name: path.read_bytes() for path in (folder / "examples").iterdir()}


@pytest.mark.skipif(not INSTALLED, reason="Apache Beam, the extra `beam`, is not installed")
@pytest.mark.filterwarnings("default")  # Beam's own
def test_beam_writes_what_one_process_writes(wordpiece, tmp_path, monkeypatch):
    from space_jax.corpora.beam import BeamRunner

    monkeypatch.setattr(build_units, "DIALOGUES", 5)
    splits = {split: stream("simulated", None, split, {"dialogues": 23}) for split in ("train", "test")}
    plain = prepare(splits, wordpiece, tmp_path / "plain", LIMITS, name="simulated", inputs="a")
    beam = prepare(splits, wordpiece, tmp_path / "beam", LIMITS, name="simulated", inputs="a", runner=BeamRunner(3))
    assert content(beam.folder) == content(plain.folder)
    assert beam.metadata == plain.metadata
    assert len(content(plain.folder)) == 2 + 5 + 1  # two descriptions, shards of train and of test
    with pytest.raises(UserError, match="0 is not at least 1"):
        BeamRunner(0)
    with pytest.raises(UserError, match="--beam-option runner=NoSuch: Apache Beam refuses it"):
        BeamRunner(1, ("--runner=NoSuch",))(print)


def test_without_beam_a_sentence_says_what_to_install():
    hidden = "import sys; sys.modules['apache_beam'] = None\nfrom space_jax.errors import UserError\n"
    tried = "try:\n    import space_jax.corpora.beam\nexcept UserError as error:\n    print(error)"
    done = subprocess.run([sys.executable, "-c", hidden + tried], capture_output=True, text=True, check=True)
    assert "pip install 'space-jax[beam]'" in done.stdout
    assert done.stdout.count("\n") == 1
