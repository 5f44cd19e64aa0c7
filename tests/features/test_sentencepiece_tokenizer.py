"""SentencePiece: exact in both directions, unforgeable, and the same at every training."""

import io
import pickle
import re

import numpy as np
import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from space_jax.errors import UserError
from space_jax.features.sentencepiece_tokenizer import SentencePieceTokenizer, train_sentencepiece
from space_jax.features.sentencepiece_training import SYMBOLS, _trained, sample, sentences_of, train_model
from space_jax.features.special_tokens import CONTROL_TOKENS, SPECIAL_TOKENS

NAMES = (*CONTROL_TOKENS, *SPECIAL_TOKENS)
HARD = (
    *("", " ", "   ", "  two  blanks  ", "\n", "a\r\nb\tc\n", "\0", "a\0b", "\x01\x07\x1b\x1f\x7f\x85"),
    *("\u2581", "\u2581\u2581 \u2581", " \u2581a", "a\u2581", "\u2585 \u2047 \ufffd", "\u00a0\u3000\u200b\ufeff"),
    *("👩‍👩‍👧‍👦🏳️‍🌈", "e\u0301", "\u0301", "\u0378\U000e0fff\U0010ffff", "\ue000", "Å ﬁ ½ ²"),
    *("שלום עולם", "مرحبا بالعالم", "\u202eabc\u202c", "東京のホテル", "서울", "ภาษาไทย", "नमस्ते"),
    *("<0x41><0x00>", "<s></s><unk><pad>", " ⁇ "),
)
pieces = st.sampled_from((*HARD, *NAMES, "hotel", " ", "19:30", "é"))
texts = st.one_of(
    st.text(max_size=40),
    st.text(st.sampled_from(" ab\u2581\0é<0x41>[MASK]東👍\u0301"), max_size=30),
    st.lists(pieces, max_size=6).map("".join),
)


def tiles(text, offsets):
    """Whether the spans go through the text without gaps, several ids sharing a span only of one character."""
    end = 0
    for position, (start, stop) in enumerate(offsets):
        repeats = position > 0 and (start, stop) == offsets[position - 1] and stop - start == 1
        if not repeats and start != end:
            return False
        end = stop
    return end == len(text)


@pytest.mark.parametrize("text", [*HARD, *NAMES, " ".join(NAMES), "".join(NAMES)])
def test_hard_texts_come_back_exactly(tokenizer, text):
    ids, offsets = tokenizer.encode_with_offsets(text)
    assert tokenizer.decode(ids) == text
    assert tiles(text, offsets)


@settings(deadline=None, max_examples=400)
@given(text=texts)
def test_text_comes_back_exactly_and_spans_cover_it(tokenizer, text):
    ids, offsets = tokenizer.encode_with_offsets(text)
    assert ids == tokenizer.encode(text)
    assert len(ids) == len(offsets)
    assert tokenizer.decode(ids) == text
    assert tiles(text, offsets)
    assert not set(ids) & set(tokenizer.vocabulary().special)


@settings(deadline=None)
@given(text=texts.filter(bool))
def test_a_span_holds_the_text_of_its_token(tokenizer, text):
    for token_id, (start, end) in zip(*tokenizer.encode_with_offsets(text), strict=True):
        if tokenizer.token(token_id).startswith("<0x"):
            assert end - start == 1 or ord(text[start]) < 128
        else:
            assert text[start:end].lstrip(" ") == tokenizer.decode([token_id]).lstrip(" ")


def test_bytes_of_one_character_have_its_span(tokenizer):
    text = "see 東👍 now"
    ids, offsets = tokenizer.encode_with_offsets(text)
    assert [span for span in offsets if span == (4, 5)] == [(4, 5)] * 3
    assert [span for span in offsets if span == (5, 6)] == [(5, 6)] * 4
    assert tokenizer.decode([i for i, span in zip(ids, offsets, strict=True) if span == (5, 6)]) == "👍"


def test_a_value_is_found_by_its_span(tokenizer):
    text = "book a table at 19:30 in the centre"
    start = text.index("19:30")
    ids, offsets = tokenizer.encode_with_offsets(text)
    inside = [i for i, (a, b) in zip(ids, offsets, strict=True) if a < start + 5 and b > start]
    assert tokenizer.decode(inside) == "19:30"


def test_a_word_has_one_piece_at_the_start_and_inside(tokenizer):
    assert tokenizer.encode("the the")[0] == tokenizer.encode("the the")[1]


def test_lone_surrogates_become_replacement_characters(tokenizer):
    ids, offsets = tokenizer.encode_with_offsets("a\ud83d b\udc4d")
    assert tokenizer.decode(ids) == "a\ufffd b\ufffd"
    assert tiles("a\ud83d b\udc4d", offsets)


def test_special_tokens_are_reached_by_id_and_left_out_of_text(tokenizer):
    vocabulary = tokenizer.vocabulary()
    assert [tokenizer.token(tokenizer.id_of(name)) for name in NAMES] == list(NAMES)
    assert [tokenizer.id_of(name) for name in NAMES] == list(range(len(NAMES)))
    turn = [vocabulary.sos_u, *tokenizer.encode("a hotel"), vocabulary.eos_u]
    assert tokenizer.decode(turn) == "a hotel"
    assert set(vocabulary.special) == set(range(43)) - {1}
    with pytest.raises(KeyError):
        tokenizer.id_of("hotel")


@pytest.fixture(scope="module")
def plain(tokenizer, tmp_path_factory):
    """The plain library, opened on the saved file."""
    folder = tmp_path_factory.mktemp("plain")
    tokenizer.save(folder)
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))


@pytest.mark.parametrize("name", SYMBOLS)
def test_special_tokens_are_user_defined_symbols_of_the_plain_library(tokenizer, plain, name):
    special = tokenizer.id_of(name)
    assert plain.encode(f"{name} hello") == [special, *tokenizer.encode("hello")]
    assert plain.encode(f" hotel{name}{name}") == [*tokenizer.encode("hotel"), special, special]
    assert not plain.is_control(special)


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
def test_symbols_stay_whole_when_the_corpus_is_full_of_their_parts(sentences, tmp_path, model_type):
    parts = "<x_1> <understand_9> <policy_7> <sos_z> <eos_z> [book_maybe] [db_9] <go_> [BOS EOS] [MASKED]"
    tokenizer = train_sentencepiece([*sentences, *([parts] * 50)], 400, tmp_path, model_type)
    plain = sentencepiece.SentencePieceProcessor(model_proto=tokenizer._content)
    for name in SYMBOLS:
        assert tokenizer.id_of(name) in plain.encode(f"a {name} b")
        assert tokenizer.decode(tokenizer.encode(f"a {name} b")) == f"a {name} b"
        assert tokenizer.id_of(name) not in tokenizer.encode(f"a {name} b")


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
def test_a_placeholder_is_one_piece(sentences, tmp_path, model_type):
    delexicalised = ["[hotel_name] is in the [hotel_area].", "[Trains_1_leave], then?", "what is [this]?"]
    tokenizer = train_sentencepiece([*sentences * 5, *delexicalised], 400, tmp_path, model_type)
    text = "is [hotel_name] or a[hotel_area] [Trains_1_leave]"
    ids, offsets = tokenizer.encode_with_offsets(text)
    pieces = [tokenizer.token(token_id) for token_id in ids]
    for name in ("[hotel_name]", "[hotel_area]", "[Trains_1_leave]"):
        assert pieces.count(name) == 1
    assert "[this]" not in [tokenizer.token(token_id) for token_id in tokenizer.encode("[this]")]
    assert tokenizer.decode(ids) == text
    assert tiles(text, offsets)


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
def test_no_piece_holds_hours_and_minutes(sentences, tmp_path, model_type):
    times = ["a table at 20:30", "is 20:30 free?", "the odds are 3:1 \x1f at 20:30"]
    tokenizer = train_sentencepiece([*sentences, *times * 30], 400, tmp_path, model_type)
    ids = range(tokenizer.vocabulary().size)
    assert not [piece for piece in map(tokenizer.token, ids) if re.search(r"\d:\d", piece)]
    text = "at 20:30\x1f, 3:1"
    assert tokenizer.decode(tokenizer.encode(text)) == text


@settings(deadline=None)
@given(parts=st.lists(st.sampled_from((*NAMES, "<", "[", ">", "sos_u>", "\u2581", " ", "東", "\ud800", "a hotel"))))
def test_names_in_text_never_become_special_tokens(tokenizer, parts):
    text = "".join(parts)
    ids, offsets = tokenizer.encode_with_offsets(text)
    assert min(ids, default=43) >= 43
    assert tokenizer.decode(ids) == text.replace("\ud800", "\ufffd")
    assert tiles(text, offsets)


def test_a_name_in_text_changes_nothing_around_it(tokenizer):
    text = "a hotel <sos_u> in the <sos_u>[MASK] east"
    ids, offsets = tokenizer.encode_with_offsets(text)
    names = [range(7, 15), range(22, 30), range(30, 36)]  # with the blank before, which belongs to the next piece
    around = [i for i, (start, end) in zip(ids, offsets, strict=True) if not any(end - 1 in name for name in names)]
    assert around == tokenizer.encode("a hotel in the east")
    for name in names:
        inside = [i for i, (_, end) in zip(ids, offsets, strict=True) if end - 1 in name]
        assert tokenizer.decode(inside).lstrip(" ") == text[name.start : name.stop].lstrip(" ")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "[UNK]"])
def test_a_special_token_between_text_is_left_out_and_nothing_else(tokenizer, name):
    special = tokenizer.id_of(name)
    for text in ("a hotel <sos_u>", " two  blanks \u2581", "東京 👍"):
        ids = tokenizer.encode(text)
        for place in range(len(ids) + 1):  # also between the bytes of one character
            assert tokenizer.decode([*ids[:place], special, special, *ids[place:]]) == text
    assert tokenizer.decode([*tokenizer.encode("book it"), special, *tokenizer.encode("now")]) == "book it now"
    assert tokenizer.decode([special]) == ""


def test_decode_of_what_a_model_may_generate(tokenizer):
    euro = tokenizer.encode("€")
    assert tokenizer.decode(np.asarray(euro[:-1])) == "\ufffd"
    assert tokenizer.decode([1]) == "\u2047"
    for wrong in (-1, tokenizer.vocabulary().size):
        with pytest.raises(IndexError):
            tokenizer.decode([wrong])


def test_training_is_deterministic(tokenizer, sentences, tmp_path):
    again = train_sentencepiece(iter(sentences * 5), 400, tmp_path)
    assert again.fingerprint == tokenizer.fingerprint
    other = train_sentencepiece(sentences * 5, 401, tmp_path)
    assert other.fingerprint != tokenizer.fingerprint
    assert other.vocabulary().size == 401


def test_training_is_quiet(sentences, tmp_path, capfd):
    bpe = train_sentencepiece(sentences, 360, tmp_path, model_type="bpe")
    assert bpe.decode(bpe.encode("book \u2581 it")) == "book \u2581 it"
    assert capfd.readouterr() == ("", "")


def test_texts_full_of_special_names_train(sentences, tmp_path):
    forged = ["<sos_u> [MASK]<0x41> a\n\u2581hotel\0 \ud800 " + text + " <eos_u>" for text in sentences]
    tokenizer = train_sentencepiece(forged * 5, 360, tmp_path)
    assert not set(tokenizer.encode(forged[0])) & set(tokenizer.vocabulary().special)


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
def test_impossible_sizes_name_the_limit(sentences, model_type):
    with pytest.raises(UserError, match="size 1000000000000 is too large: 1000000 pieces are the most"):
        train_model(sentences, 10**12, model_type, 1000, 0)
    with pytest.raises(UserError, match=r"too small .* alone need \d+"):
        train_model(sentences, 300, model_type, 1000, 0)
    for size in (-1, 0, 1, 299):
        with pytest.raises(UserError, match=f"vocabulary size {size} is too small: .* need 299"):
            train_model(sentences, size, model_type, 1000, 0)


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
def test_a_short_text_gives_as_many_pieces_as_it_has(sentences, model_type):
    most = train_model(sentences, 100_000, model_type, 1000, 0)
    size = SentencePieceTokenizer(most).vocabulary().size
    assert 360 < size < 100_000
    assert train_model(sentences, size, model_type, 1000, 0) == most
    with pytest.raises(RuntimeError, match="too high"):
        _trained([part for text in sentences for part in sentences_of(text)], size + 1, model_type, [])


@pytest.mark.parametrize("texts", [(), ("", " \n ", "<sos_u>")])
def test_no_text_is_an_error(texts):
    with pytest.raises(UserError, match="no text"):
        train_model(texts, 400, "unigram", 10, 0)


def test_other_arguments_are_checked(sentences):
    with pytest.raises(UserError, match="'word' is not one of"):
        train_model(sentences, 400, "word", 10, 0)
    with pytest.raises(UserError, match="not positive"):
        train_model(sentences, 400, "unigram", 0, 0)


def test_the_sample_is_uniform_and_seeded():
    drawn = np.zeros(20)
    for seed in range(2000):
        drawn[[int(text) for text in sample(map(str, range(20)), 5, seed)]] += 1
    assert np.all(np.abs(drawn / 2000 - 0.25) < 0.05)
    assert sample(map(str, range(100)), 5, 3) == sample(map(str, range(100)), 5, 3)
    assert sample(["a", "b"], 5, 0) == ["a", "b"]


def test_sentences_are_cut_to_what_the_trainer_reads():
    assert list(sentences_of("one\ntwo <sos_u> three ")) == [" one", " two", " three"]
    assert [len(part) for part in sentences_of("x" * 2500)] == [1001, 1001, 501]


def test_models_of_others_are_refused(tokenizer, tmp_path):
    content = tokenizer._content
    for wrong in (b"", b"junk", content[: len(content) // 2]):
        (tmp_path / "x.model").write_bytes(wrong)
        with pytest.raises(UserError, match=r"x\.model"):
            SentencePieceTokenizer.from_file(tmp_path / "x.model")
    with pytest.raises(UserError, match="<sos_u>"):
        SentencePieceTokenizer(content.replace(b"<sos_u>", b"<SOS_U>"))


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"byte_fallback": False}, "byte pieces"),
        ({"normalization_rule_name": "nmt_nfkc"}, "normalises"),
        ({"user_defined_symbols": [], "control_symbols": list(SYMBOLS)}, r"no user-defined symbol \[CLS\]"),
        ({"user_defined_symbols": [name for name in SYMBOLS if name != "<sos_u>"]}, "no user-defined symbol <sos_u>"),
        ({"unk_piece": "<unk>"}, r"no unknown piece \[UNK\]"),
        ({"pad_piece": "<pad>"}, r"no control symbol \[PAD\]"),
    ],
)
def test_models_made_otherwise_are_refused(sentences, settings, problem):
    model = io.BytesIO()
    arguments = {
        "byte_fallback": True,
        "normalization_rule_name": "identity",
        "add_dummy_prefix": False,
        "remove_extra_whitespaces": False,
        "user_defined_symbols": list(SYMBOLS),
        **{"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1, "pad_piece": "[PAD]", "unk_piece": "[UNK]"},
    }
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        vocab_size=360,
        hard_vocab_limit=False,
        **{**arguments, **settings},
        minloglevel=2,
    )
    with pytest.raises(UserError, match=problem):
        SentencePieceTokenizer(model.getvalue())


def test_copies_for_data_workers_are_equal(tokenizer):
    copy = pickle.loads(pickle.dumps(tokenizer))
    assert copy.fingerprint == tokenizer.fingerprint
    assert copy.encode("a hotel") == tokenizer.encode("a hotel")
