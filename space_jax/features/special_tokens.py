"""The special tokens of the SPACE models, in the order that fixes their ids.

In a BERT vocabulary, whose rows are already taken, the n-th of `SPECIAL_TOKENS` takes the n-th `[unusedN]` row in
order of N, so that `[BOS]` is `[unused0]` of BERT uncased and published SPACE weights match their rows. The published
models used prefixes of this list: SPACE-1 the first two (`[BOS]`, `[EOS]`), SPACE-2 all but the policy prompts, SPACE-3
the whole list. One tokenizer therefore serves all three recipes.
"""

from collections.abc import Callable, Iterable

from space_jax.config import Vocabulary

PAD, UNK, CLS, SEP, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
CONTROL_TOKENS: tuple[str, ...] = (PAD, UNK, CLS, SEP, MASK)
"""BERT's own tokens. `[UNK]` stands for text; the other four are never text."""

RESPONSE_TOKENS: tuple[str, ...] = ("[BOS]", "[EOS]")

DIALOGUE_TOKENS: tuple[str, ...] = (
    *("<go_r>", "<go_b>", "<go_a>", "<go_d>"),
    *("<eos_u>", "<eos_r>", "<eos_b>", "<eos_a>", "<eos_d>", "<eos_q>"),
    *("<sos_u>", "<sos_r>", "<sos_b>", "<sos_a>", "<sos_d>", "<sos_q>"),
    *("<sos_db>", "<eos_db>"),
    *("[book_nores]", "[book_fail]", "[book_success]"),
    *("[db_nores]", "[db_0]", "[db_1]", "[db_2]", "[db_3]"),
)
"""Delimiters of the parts of a dialogue: user, response, belief state, acts, delexicalised, query, database (db)."""

UNDERSTAND_PROMPTS: tuple[str, ...] = tuple(f"<understand_{i}>" for i in range(5))
POLICY_PROMPTS: tuple[str, ...] = tuple(f"<policy_{i}>" for i in range(5))

SPECIAL_TOKENS: tuple[str, ...] = RESPONSE_TOKENS + DIALOGUE_TOKENS + UNDERSTAND_PROMPTS + POLICY_PROMPTS
"""All tokens other than BERT's own. The order is part of every saved model: append to it, never reorder."""


def make_vocabulary(size: int, id_of: Callable[[str], int], unused: Iterable[int] = ()) -> Vocabulary:
    """Collects the ids that models and features need.

    Args:
      size: number of ids.
      id_of: id of a name in `CONTROL_TOKENS` or `SPECIAL_TOKENS`.
      unused: other ids that never stand for text.

    Returns:
      The vocabulary. Its `special` is sorted and holds every id that is not text; `[UNK]` is text.
    """
    names = [name for name in (*CONTROL_TOKENS, *SPECIAL_TOKENS) if name != UNK]
    return Vocabulary(
        size=size,
        pad=id_of(PAD),
        summary=id_of(CLS),
        mask=id_of(MASK),
        bos=id_of("[BOS]"),
        eos=id_of("[EOS]"),
        sos_u=id_of("<sos_u>"),
        eos_u=id_of("<eos_u>"),
        sos_r=id_of("<sos_r>"),
        eos_r=id_of("<eos_r>"),
        understand=tuple(map(id_of, UNDERSTAND_PROMPTS)),
        policy=tuple(map(id_of, POLICY_PROMPTS)),
        special=tuple(sorted({*map(id_of, names), *unused})),
    )
