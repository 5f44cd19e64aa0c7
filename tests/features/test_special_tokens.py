"""The order of the special tokens is part of every saved model."""

import pytest

from space_jax.features.special_tokens import (
    CONTROL_TOKENS,
    POLICY_PROMPTS,
    SPECIAL_TOKENS,
    UNDERSTAND_PROMPTS,
    make_vocabulary,
)

PUBLISHED = (
    "[BOS] [EOS] <go_r> <go_b> <go_a> <go_d> <eos_u> <eos_r> <eos_b> <eos_a> <eos_d> <eos_q> <sos_u> <sos_r> <sos_b> "
    "<sos_a> <sos_d> <sos_q> <sos_db> <eos_db> [book_nores] [book_fail] [book_success] [db_nores] [db_0] [db_1] [db_2] "
    "[db_3] <understand_0> <understand_1> <understand_2> <understand_3> <understand_4> <policy_0> <policy_1> "
    "<policy_2> <policy_3> <policy_4>"
)


def test_order_is_the_published_one():
    assert " ".join(SPECIAL_TOKENS) == PUBLISHED
    assert len(set(SPECIAL_TOKENS + CONTROL_TOKENS)) == 38 + 5


def test_space1_and_space2_use_prefixes_of_the_list():
    assert SPECIAL_TOKENS[:2] == ("[BOS]", "[EOS]")
    assert SPECIAL_TOKENS[-10:] == UNDERSTAND_PROMPTS + POLICY_PROMPTS


def test_make_vocabulary_puts_every_id_in_its_field():
    ids = {name: 100 + index for index, name in enumerate((*CONTROL_TOKENS, *SPECIAL_TOKENS))}
    vocabulary = make_vocabulary(1000, ids.__getitem__, unused=(7, 3))
    assert vocabulary.size == 1000
    assert (vocabulary.pad, vocabulary.summary, vocabulary.mask) == (100, 102, 104)
    assert (vocabulary.bos, vocabulary.eos) == (ids["[BOS]"], ids["[EOS]"])
    assert (vocabulary.sos_u, vocabulary.eos_u) == (ids["<sos_u>"], ids["<eos_u>"])
    assert (vocabulary.sos_r, vocabulary.eos_r) == (ids["<sos_r>"], ids["<eos_r>"])
    assert vocabulary.understand == tuple(ids[f"<understand_{i}>"] for i in range(5))
    assert vocabulary.policy == tuple(ids[f"<policy_{i}>"] for i in range(5))
    assert vocabulary.special == (3, 7, 100, *range(102, 143))  # 101 is [UNK], which stands for text


def test_make_vocabulary_without_a_token_fails():
    with pytest.raises(KeyError):
        make_vocabulary(10, {"[PAD]": 0}.__getitem__)
