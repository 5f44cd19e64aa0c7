"""What `--init` can name, and weights whose ids mean other tokens."""

import pytest

from space_jax.cli import main
from space_jax.errors import UserError
from space_jax.features.tokenizer import load_tokenizer
from space_jax.training.initial_weights import read_weights, require_same_tokens
from tests.convert.bert_folder import PIECES, bert_state, write_bert_folder
from tests.convert.conftest import recorded_files


@pytest.fixture
def bert_folder(tmp_path):
    return write_bert_folder(tmp_path / "bert", bert_state())


def test_a_converted_folder_and_the_hugging_face_folder_are_the_same_weights(tmp_path, bert_folder):
    assert main(["convert", "from-bert", str(bert_folder), "--out", str(tmp_path / "ours")]) == 0
    direct, converted = read_weights(str(bert_folder)), read_weights(str(tmp_path / "ours"))
    assert direct.model == converted.model
    assert direct.recipe is None
    assert direct.arrays.keys() == converted.arrays.keys()
    assert all((direct.arrays[path] == converted.arrays[path]).all() for path in direct.arrays)
    require_same_tokens(direct, converted.tokenizer)


def test_a_folder_of_something_else(tmp_path):
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(UserError, match="not a folder of weights: expected the workdir of a run"):
            read_weights(str(folder))


def test_tokens_in_another_order_are_refused(tmp_path, bert_folder):
    weights = read_weights(str(bert_folder))
    swapped = [*PIECES[:-2], PIECES[-1], PIECES[-2]]
    (tmp_path / "vocab.txt").write_text("".join(f"{piece}\n" for piece in swapped))
    with pytest.raises(UserError, match=r"its token 67 is '##s', but for the corpora it is '\?'"):
        require_same_tokens(weights, load_tokenizer(tmp_path / "vocab.txt"))
    (tmp_path / "vocab.txt").write_text("".join(f"{piece}\n" for piece in PIECES[:-1]))
    with pytest.raises(UserError, match="its tokenizer has 69 tokens, but the corpora were prepared with one of 68"):
        require_same_tokens(weights, load_tokenizer(tmp_path / "vocab.txt"))


def test_weights_without_a_tokenizer_are_taken_at_their_word(tmp_path, bert_folder):
    arguments = ["convert", "from-space", str(recorded_files("space3")[0]), "--recipe", "space3", "--heads", "3"]
    assert main([*arguments, "--out", str(tmp_path / "ours")]) == 0
    require_same_tokens(read_weights(str(tmp_path / "ours")), load_tokenizer(bert_folder))
