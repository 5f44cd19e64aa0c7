"""Saving and loading a tokenizer of either kind."""

import json
import shutil

import pytest

from space_jax.errors import UserError
from space_jax.features import tokenizer_folder
from space_jax.features.special_tokens import CONTROL_TOKENS, SPECIAL_TOKENS
from space_jax.features.tokenizer import Tokenizer, load_tokenizer
from space_jax.features.wordpiece_tokenizer import WordPieceTokenizer

DESCRIPTION = "tokenizer.space_jax.json"
PIECES = (*CONTROL_TOKENS, *(f"[unused{i}]" for i in range(38)), *"abcdefgh", "##a", "##b")


@pytest.fixture(scope="module")
def vocab_txt(tmp_path_factory):
    path = tmp_path_factory.mktemp("vocabulary") / "vocab.txt"
    path.write_text("\n".join(PIECES))
    return path


@pytest.fixture(params=["sentencepiece", "wordpiece"])
def either(request, vocab_txt) -> Tokenizer:
    if request.param == "wordpiece":
        return WordPieceTokenizer.from_vocabulary(vocab_txt)
    return request.getfixturevalue("tokenizer")


def test_loaded_equals_saved(either, tmp_path):
    either.save(tmp_path / "deep" / "folder")
    loaded = load_tokenizer(tmp_path / "deep" / "folder")
    assert type(loaded) is type(either)
    assert loaded.fingerprint == either.fingerprint
    assert loaded.vocabulary() == either.vocabulary()
    for text in ("a bad cab", "", "\u2581 <sos_u> é 東"):
        assert loaded.encode_with_offsets(text) == either.encode_with_offsets(text)


def test_saving_again_overwrites_and_leaves_nothing_behind(either, tmp_path):
    either.save(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    load_tokenizer(tmp_path).save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert len(before) == 2


def test_the_model_file_alone_can_be_loaded(either, tmp_path):
    either.save(tmp_path)
    file = next(path for path in tmp_path.iterdir() if path.name != DESCRIPTION)
    assert load_tokenizer(str(file)).fingerprint == either.fingerprint


def test_vocab_txt_is_loaded_cased_or_not(vocab_txt):
    lower, cased = load_tokenizer(vocab_txt), load_tokenizer(vocab_txt, lower_case=False)
    assert lower.fingerprint != cased.fingerprint
    assert lower.encode("A") == lower.encode("a")
    assert cased.encode("A") != cased.encode("a")


def test_fingerprint_is_stable_and_follows_the_special_tokens(monkeypatch):
    before = tokenizer_folder.fingerprint(b"model")
    assert before == "cb585c01440a74ac"  # written down: prepared data name their tokenizer by it
    assert tokenizer_folder.fingerprint(b"other") != before
    monkeypatch.setattr(tokenizer_folder, "SPECIAL_TOKENS", SPECIAL_TOKENS[::-1])
    assert tokenizer_folder.fingerprint(b"model") != before


def test_a_damaged_model_is_refused(either, tmp_path):
    either.save(tmp_path)
    file = next(path for path in tmp_path.iterdir() if path.name != DESCRIPTION)
    for content in (file.read_bytes()[:-1], b"", file.read_bytes() + b"\n"):
        file.write_bytes(content)
        with pytest.raises(UserError, match=f"{file.name}: does not fit the fingerprint"):
            load_tokenizer(tmp_path)
    file.unlink()
    with pytest.raises(UserError, match=f"{file.name}: cannot be read"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[1]", "3", '{"format": 1, "kind": "wordpiece"}', "\udcff"])
def test_a_damaged_description_is_refused(tokenizer, tmp_path, content):
    tokenizer.save(tmp_path)
    (tmp_path / DESCRIPTION).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(UserError, match="damaged; save the tokenizer again"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("kind", "letters", "'letters' is not one of"),
        ("format", 2, "format 2 is not 1"),
        ("file", "../tokenizer.model", "field 'file'"),
        ("file", 3, "field 'file'"),
    ],
)
def test_a_wrong_field_is_named(tokenizer, tmp_path, field, value, problem):
    tokenizer.save(tmp_path)
    description = json.loads((tmp_path / DESCRIPTION).read_text())
    (tmp_path / DESCRIPTION).write_text(json.dumps(description | {field: value}))
    with pytest.raises(UserError, match=problem):
        load_tokenizer(tmp_path)


def test_places_without_a_tokenizer(tokenizer, tmp_path):
    with pytest.raises(UserError, match=f"it has no {DESCRIPTION}"):
        load_tokenizer(tmp_path)
    with pytest.raises(UserError, match="no such tokenizer"):
        load_tokenizer(tmp_path / "missing")
    tokenizer.save(tmp_path)
    shutil.copy(tmp_path / "tokenizer.model", tmp_path / "model.bin")
    with pytest.raises(UserError, match=r"model\.bin: not a tokenizer file"):
        load_tokenizer(tmp_path / "model.bin")


def test_a_file_in_the_place_of_the_folder(either, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(UserError, match="cannot be saved here"):
        either.save(tmp_path / "taken")


def test_a_broken_save_leaves_no_temporary_file(tokenizer, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tokenizer_folder.os, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        tokenizer.save(tmp_path)
    assert list(tmp_path.iterdir()) == []
