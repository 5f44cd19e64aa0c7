"""The input layout of each recipe: an example's turns with wrapping tokens, positions, roles and turn ids.

Source: model_spec section 1. SPACE-2 and -3 wrap a user turn in `<sos_u> ... <eos_u>` and a system turn in
`<sos_r> ... <eos_r>`; SPACE-1 ends each turn with `[EOS]` and its response is `[BOS] ... [EOS]`. StructBERT ends every
turn, the response too, with `[EOS]`: nothing around a turn says who spoke it, which would give the order away. YuYan
wraps the turns of its text as SPACE-2 and -3 do, and what it writes is `[BOS] text [EOS]`.
"""

import dataclasses

import numpy as np

from space_jax.config import Vocabulary
from space_jax.errors import UserError
from space_jax.features.example import Example

RECIPES = ("space1", "space2", "space3", "structbert", "yuyan", "palm", "veco", "star")
WRAPPERS = 2  # at most this many tokens are added to a turn
NO_WORD = -1
USER_ROLE = 1


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Layout:
    """One example in a recipe's layout, before masking and packing. n context tokens, r response tokens.

    Attributes:
      ids, positions, roles, turns: `[n]` int32, the context.
      spans: `[n]` bool, tokens of annotated slot values.
      continues: `[n]` bool, tokens that continue the word of the one before.
      response: `[r]` int32, ids of the response; positions are 0, 1, ..., role 0, turn 0. Empty without a response;
        an empty response still has its wrappers. A truncated response has no closing token, so that models do not
        learn that it ends there.
      user_words: int32, the last context turn with its wrappers, at most `max_turn_tokens + 2`; empty unless the
        user spoke it.
      example: has the trees, acts, `known` and `dialogue`.
    """

    ids: np.ndarray
    positions: np.ndarray
    roles: np.ndarray
    turns: np.ndarray
    spans: np.ndarray
    continues: np.ndarray
    response: np.ndarray
    user_words: np.ndarray
    example: Example


def assemble(example: Example, vocabulary: Vocabulary, recipe_name: str, context_length: int) -> Layout:
    """Lays an example out for a recipe.

    The context is cut to its last `context_length` tokens; the remaining tokens keep their position within their turn,
    so that a turn cut at the front looks like the end of a turn and not like its beginning.

    Args:
      example: the example.
      vocabulary: ids of the wrapping tokens.
      recipe_name: one of `RECIPES`.
      context_length: the maximum length of a context.

    Returns:
      The layout.

    Raises:
      UserError: the recipe is unknown.
    """
    opening, closing, response_ends = wrappers(vocabulary, recipe_name)
    count = len(example.turn_lengths)
    bounds = np.concatenate([[0], np.cumsum(example.turn_lengths)]).tolist()
    recorded = example.continues if len(example.continues) else np.zeros_like(example.span_mask)
    ids: list[np.ndarray] = []
    spans: list[np.ndarray] = []
    continues: list[np.ndarray] = []
    for role, start, end in zip(example.turn_roles.tolist(), bounds, bounds[1:], strict=False):
        ids += [opening[role], example.turn_tokens[start:end], closing[role]]
        for flags, every in ((spans, example.span_mask), (continues, recorded)):
            flags += [np.zeros(len(opening[role]), bool), every[start:end], np.zeros(1, bool)]
    added = np.array([len(opening[role]) + 1 for role in example.turn_roles.tolist()], np.int32)
    lengths = example.turn_lengths + added
    flat = np.concatenate(ids)
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    keep = slice(max(0, len(flat) - context_length), None)
    return Layout(
        ids=flat[keep],
        positions=(np.arange(len(flat)) - starts).astype(np.int32)[keep],
        roles=np.repeat(example.turn_roles, lengths)[keep],
        turns=np.repeat(np.arange(count, 0, -1, dtype=np.int32), lengths)[keep],
        spans=np.concatenate(spans)[keep],
        continues=np.concatenate(continues)[keep],
        response=_response(example, *response_ends),
        user_words=flat[-lengths[-1] :] if example.turn_roles[-1] == USER_ROLE else flat[:0],
        example=example,
    )


def _response(example: Example, opening: np.ndarray, closing: np.ndarray) -> np.ndarray:
    if not example.responded:
        return example.response_tokens
    ending = [] if example.response_cut else [closing]
    return np.concatenate([opening, example.response_tokens, *ending])


def wrappers(
    vocabulary: Vocabulary, recipe_name: str
) -> tuple[list[np.ndarray], list[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The tokens that a recipe puts around the texts of a dialogue, as arrays of zero or one int32 id.

    Args:
      vocabulary: ids of the wrapping tokens.
      recipe_name: one of `RECIPES`.

    Returns:
      The opening of a context turn by role id, its closing by role id, and the opening and closing of the response.

    Raises:
      UserError: the recipe is unknown.
    """
    if recipe_name not in RECIPES:
        raise UserError(f"recipe {recipe_name!r} is not one of {', '.join(RECIPES)}")

    def token(*ids: int) -> np.ndarray:
        return np.array(ids, np.int32)

    if recipe_name in ("space1", "structbert"):
        eos = token(vocabulary.eos)
        return [token(), token()], [eos, eos], (token(vocabulary.bos) if recipe_name == "space1" else token(), eos)
    opening = [token(vocabulary.sos_r), token(vocabulary.sos_u)]
    closing = [token(vocabulary.eos_r), token(vocabulary.eos_u)]
    if recipe_name == "yuyan":
        return opening, closing, (token(vocabulary.bos), token(vocabulary.eos))
    return opening, closing, (opening[0], closing[0])
