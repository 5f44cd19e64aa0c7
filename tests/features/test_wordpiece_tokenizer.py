"""WordPiece from a vocabulary: published rows, unforgeable, stable after one pass."""

import itertools
import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from space_jax.errors import UserError
from space_jax.features.special_tokens import CONTROL_TOKENS, SPECIAL_TOKENS, UNK
from space_jax.features.wordpiece_tokenizer import WordPieceTokenizer

NAMES = (*CONTROL_TOKENS, *SPECIAL_TOKENS)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
WORDS = ("hotel", "cheap", "book", "##ing", "the", "Hotel", "unused", "mask", "##ed")
VOCABULARY = (
    "[PAD]",
    *(f"[unused{i}]" for i in range(40)),
    *("[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *(".,!?'[]()<>/:;#-_%$&"),
    *LETTERS,
    *(f"##{letter}" for letter in LETTERS),
    *WORDS,
)


def write(path, pieces=VOCABULARY):
    path.write_text("\n".join(pieces) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def vocabulary_file(tmp_path_factory):
    return write(tmp_path_factory.mktemp("wordpiece") / "vocab.txt")


@pytest.fixture(scope="module")
def wordpiece(vocabulary_file):
    return WordPieceTokenizer.from_vocabulary(vocabulary_file)


def description(**model):
    """A tokenizer.json such as published BERTs have, with added tokens that match in text."""
    vocabulary = {piece: index for index, piece in enumerate(VOCABULARY)}
    added = [
        {"id": vocabulary[name], "content": name, "special": True, "single_word": False}
        | {"lstrip": False, "rstrip": False, "normalized": False}
        for name in CONTROL_TOKENS
    ]
    return {
        "version": "1.0",
        "truncation": {"max_length": 3, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True}
        | {"strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##"}
        | {"max_input_chars_per_word": 100, "vocab": vocabulary}
        | model,
    }


def test_special_tokens_take_the_unused_rows_in_order(wordpiece):
    assert [wordpiece.id_of(name) for name in SPECIAL_TOKENS] == list(range(1, 39))
    assert wordpiece.token(1) == "[BOS]"
    assert wordpiece.token(39) == "[unused38]"
    vocabulary = wordpiece.vocabulary()
    assert vocabulary.size == len(VOCABULARY)
    assert vocabulary.special == (*range(41), *range(42, 45))  # pad, 40 unused, then [CLS] [SEP] [MASK] after [UNK]
    assert (vocabulary.pad, vocabulary.summary, vocabulary.mask) == (0, 42, 44)


def test_unused_rows_are_ordered_by_number(tmp_path):
    rows = [f"[unused{i}]" for i in range(38, 0, -1)]
    wordpiece = WordPieceTokenizer.from_vocabulary(write(tmp_path / "vocab.txt", (*rows, *CONTROL_TOKENS, "a")))
    assert [wordpiece.id_of(name) for name in SPECIAL_TOKENS] == list(range(37, -1, -1))


def test_words_are_cut_and_joined(wordpiece):
    ids = wordpiece.encode("Booking cheap hotels")
    assert [wordpiece.token(i) for i in ids] == ["book", "##ing", "cheap", "hotel", "##s"]
    assert wordpiece.decode(ids) == "booking cheap hotels"


@settings(max_examples=50)
@given(words=st.lists(st.text(LETTERS, min_size=1, max_size=8), max_size=6))
def test_plain_lower_case_words_come_back_exactly(wordpiece, words):
    text = " ".join(words)
    assert wordpiece.decode(wordpiece.encode(text)) == text


@pytest.mark.parametrize(
    "text",
    ["don't, i'm at 19:30.", "the [hotel_name] costs $5 (cheap)!", "3.5% of 2 hotels? the guests ' room", "a - b / c"],
)
def test_punctuation_reads_naturally(wordpiece, text):
    assert wordpiece.decode(wordpiece.encode(text)) == text


@settings(max_examples=400)
@given(text=st.one_of(st.text(max_size=30), st.text("aZ .,'$5:_()[]#éßİ東\u0301\0", max_size=20)))
def test_one_pass_normalises_and_a_second_changes_nothing(wordpiece, text):
    ids, offsets = wordpiece.encode_with_offsets(text)
    once = wordpiece.decode(ids)
    assert wordpiece.encode(once) == ids
    assert wordpiece.decode(wordpiece.encode(once)) == once
    assert len(offsets) == len(ids)
    assert all(0 <= start < end <= len(text) for start, end in offsets)
    assert all(before[1] <= after[0] or before == after for before, after in itertools.pairwise(offsets))
    assert not set(ids) & set(wordpiece.vocabulary().special)


def test_spans_point_into_the_text_as_written(wordpiece):
    text = "  Hôtel,  BOOKING 👍 hotels"
    ids, offsets = wordpiece.encode_with_offsets(text)
    assert [text[start:end] for start, end in offsets] == ["Hôtel", ",", "BOOK", "ING", "👍", "hotel", "s"]
    assert wordpiece.token(ids[4]) == UNK


def test_lone_surrogates_are_dropped(wordpiece):
    ids, offsets = wordpiece.encode_with_offsets("a \ud83d book")
    assert wordpiece.decode(ids) == "a book"
    assert offsets == [(0, 1), (4, 8)]


@pytest.mark.parametrize("name", [*NAMES, "[unused0]", "[unused39]", "x[MASK]y", " ".join(NAMES)])
def test_names_in_text_stay_text(wordpiece, name):
    assert not set(wordpiece.encode(name)) & set(wordpiece.vocabulary().special)


def test_special_tokens_are_left_out_of_text(wordpiece):
    turn = [wordpiece.id_of("<sos_u>"), *wordpiece.encode("a hotel"), wordpiece.id_of("<eos_u>")]
    assert wordpiece.decode(turn) == "a hotel"
    with pytest.raises(KeyError):
        wordpiece.id_of("hotel")
    for wrong in (-1, len(VOCABULARY)):
        with pytest.raises(IndexError):
            wordpiece.decode([wrong])


def test_cased_vocabularies_keep_case_and_accents(vocabulary_file):
    cased = WordPieceTokenizer.from_vocabulary(vocabulary_file, lower_case=False)
    assert [cased.token(i) for i in cased.encode("Hotel hotel é")] == ["Hotel", "hotel", UNK]


def test_published_json_equals_its_vocab_txt(wordpiece):
    published = WordPieceTokenizer(description())
    assert published.fingerprint == wordpiece.fingerprint
    assert published.encode("[MASK] the cheap hotel") == wordpiece.encode("[MASK] the cheap hotel")
    assert len(published.encode("[MASK] the cheap hotel")) == 6  # its own truncation to 3 is not applied


def test_json_says_itself_whether_it_is_cased():
    cased = description()
    cased["normalizer"]["lowercase"] = False
    wordpiece = WordPieceTokenizer(cased)
    assert [wordpiece.token(i) for i in wordpiece.encode("Hotel")] == ["Hotel"]
    assert wordpiece.fingerprint != WordPieceTokenizer(description()).fingerprint


def test_too_few_unused_rows(tmp_path):
    pieces = [piece for piece in VOCABULARY if piece not in ("[unused7]", "[unused8]", "[unused9]")]
    with pytest.raises(UserError, match=r"has 37 \[unusedN\] pieces, but 38 are needed"):
        WordPieceTokenizer.from_vocabulary(write(tmp_path / "vocab.txt", pieces))


@pytest.mark.parametrize(
    ("pieces", "problem"),
    [
        ((*VOCABULARY, "hotel"), f"vocab.txt:{len(VOCABULARY) + 1}: repeats 'hotel'"),
        (("[PAD]", "", "a"), "vocab.txt:2: is empty"),
        ([piece for piece in VOCABULARY if piece != "[MASK]"], r"lacks \[MASK\]"),
        ((), "vocab.txt:1: is empty"),
    ],
)
def test_damaged_vocabularies(tmp_path, pieces, problem):
    with pytest.raises(UserError, match=problem):
        WordPieceTokenizer.from_vocabulary(write(tmp_path / "vocab.txt", pieces))


def test_a_vocabulary_with_a_byte_order_mark(tmp_path):
    plain = WordPieceTokenizer.from_vocabulary(write(tmp_path / "vocab.txt", VOCABULARY))
    (tmp_path / "vocab.txt").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "vocab.txt").read_bytes())
    assert WordPieceTokenizer.from_vocabulary(tmp_path / "vocab.txt").fingerprint == plain.fingerprint


def test_a_vocabulary_that_is_not_utf8(tmp_path):
    (tmp_path / "vocab.txt").write_bytes(b"[PAD]\n\xff\n")
    with pytest.raises(UserError, match=r"vocab\.txt:2: expected UTF-8, found the byte 0xff"):
        WordPieceTokenizer.from_vocabulary(tmp_path / "vocab.txt")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"model": {"type": "BPE", "vocab": {}, "merges": []}}, "must be 'WordPiece'"),
        ({"model": []}, "must be 'WordPiece'"),
        ({"model": description()["model"] | {"unk_token": "<unk>"}}, "model.unk_token is '<unk>'"),
        ({"added_tokens": [], "model": description()["model"] | {"vocab": {"[UNK]": 0, "a": 2}}}, "are not 0 to 1"),
        ({"model": description()["model"] | {"vocab": ["a"]}}, "model.vocab"),
        ({"model": description()["model"] | {"vocab": {"a": "b"}}}, "model.vocab"),
        ({"added_tokens": [{"content": "<extra>"}]}, "'<extra>', which is not in model.vocab"),
        ({"added_tokens": [3]}, "added_tokens has 3"),
        ({"added_tokens": [{"content": ["a"]}]}, "added_tokens has"),
        ({"normalizer": {"type": "Nothing"}}, "not a tokenizer.json that can be read"),
        ({"pre_tokenizer": {"type": "WhitespaceSplit"}}, "become a special token"),
    ],
)
def test_json_of_other_kinds_is_refused(change, problem):
    with pytest.raises(UserError, match=problem):
        WordPieceTokenizer(description() | change)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", json.dumps({"model": None})])
def test_files_that_are_no_tokenizer(tmp_path, content):
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(UserError, match=r"tokenizer\.json: (not a WordPiece|expected JSON)"):
        WordPieceTokenizer.from_json(tmp_path / "tokenizer.json")


def test_copies_for_data_workers_are_equal(wordpiece):
    copy = pickle.loads(pickle.dumps(wordpiece))
    assert copy.fingerprint == wordpiece.fingerprint
    assert copy.encode("a hotel") == wordpiece.encode("a hotel")
