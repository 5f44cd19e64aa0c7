"""An example as a recipe trains on it: laid out, and its words hidden, moved or left as they are."""

import dataclasses

import grain
import numpy as np

from space_jax.config import (
    DataConfig,
    RecipeConfig,
    StarConfig,
    StructBertConfig,
    VecoConfig,
    Vocabulary,
    YuYanConfig,
)
from space_jax.features.denoise import clause_ends
from space_jax.features.example import NO_TOKENS, Example
from space_jax.features.layout import Layout, assemble
from space_jax.features.masking import mask_spans
from space_jax.features.packing import Item
from space_jax.features.prepared_corpus import Prepared
from space_jax.features.restoring import restoring_item
from space_jax.features.star_items import star_item
from space_jax.features.word_order import ORDERS, released_limit, released_words, shuffle_trigrams


@dataclasses.dataclass(frozen=True)
class MakeItem(grain.transforms.RandomMap):
    """Example -> item. Its randomness is tied to the example's index in its global stream."""

    vocabulary: Vocabulary
    recipe: RecipeConfig
    context_length: int
    response_length: int = 0
    clause_ends: np.ndarray | None = None  # of YuYan, which alone needs them and the length of a response

    @classmethod
    def of(cls, corpus: Prepared, recipe: RecipeConfig, data: DataConfig) -> "MakeItem":
        """The items of a recipe on prepared corpora of one tokenizer."""
        ends = clause_ends(corpus.tokenizer()) if isinstance(recipe, YuYanConfig) else None
        return cls(corpus.metadata.vocabulary, recipe, data.context_length, data.response_length, ends)

    def random_map(self, element: Example, rng: np.random.Generator) -> Item:
        """The item of an example."""
        layout = assemble(element, self.vocabulary, self.recipe.name, self.context_length)
        if self.recipe.name == "space1":  # has no masked language model
            return Item(layout, layout.ids, NO_TOKENS, NO_TOKENS)
        if isinstance(self.recipe, StructBertConfig):
            return _structured(layout, self.recipe, self.vocabulary, rng)
        if isinstance(self.recipe, YuYanConfig):
            assert self.clause_ends is not None
            return restoring_item(layout, self.recipe, self.vocabulary, self.clause_ends, self.response_length, rng)
        if isinstance(self.recipe, VecoConfig):
            return _masked_pair(layout, self.vocabulary, rng)
        if isinstance(self.recipe, StarConfig):
            return star_item(layout, self.recipe, self.vocabulary, self.context_length, rng)
        # Annotated spans are masked in the labelled stream of the recipe only; other examples get BERT's random tokens.
        labelled = any(getattr(element.known, fact) for fact in self.recipe.annotation)
        spans = layout.spans if labelled else np.zeros_like(layout.spans)
        masked_ids, columns = mask_spans(layout.ids, spans, layout.turns, self.vocabulary, rng)
        return Item(layout, masked_ids, columns, NO_TOKENS)


def _masked_pair(layout: Layout, vocabulary: Vocabulary, rng: np.random.Generator) -> Item:
    """Context and response, 15% of the words of each masked."""
    masked, columns = mask_spans(layout.ids, np.zeros_like(layout.spans), layout.turns, vocabulary, rng)
    one_turn, no_span = np.zeros_like(layout.response), np.zeros(len(layout.response), bool)
    response, chosen = mask_spans(layout.response, no_span, one_turn, vocabulary, rng)
    predicted = np.isin(np.arange(len(response)), chosen)
    return Item(layout, masked, columns, NO_TOKENS, masked_response=response, predicted_response=predicted)


def _structured(layout: Layout, recipe: StructBertConfig, vocabulary: Vocabulary, rng: np.random.Generator) -> Item:
    """Words masked and moved, and one of the three orders drawn for the last two turns."""
    order = int(rng.integers(len(ORDERS)))
    if recipe.as_released:
        limit = released_limit(len(layout.ids))
        words, columns, moved = released_words(layout.ids, limit, vocabulary, rng)
        return Item(layout, words, columns, NO_TOKENS, moved, order)
    masked, chosen = mask_spans(layout.ids, np.zeros_like(layout.spans), layout.turns, vocabulary, rng)
    kept = np.isin(np.arange(len(masked)), chosen)
    words, shuffled = shuffle_trigrams(masked, kept, recipe.shuffled_share, vocabulary, rng)
    columns = np.sort(np.concatenate([chosen, shuffled]))
    return Item(layout, words, columns, NO_TOKENS, np.isin(columns, shuffled), order)
