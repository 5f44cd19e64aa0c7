"""Creates a recipe from its configuration."""

from space_jax.config import ModelConfig, RecipeConfig, Space1Config, Space2Config
from space_jax.models.recipe import Recipe
from space_jax.models.space1_recipe import Space1Recipe
from space_jax.models.space2_recipe import Space2Recipe
from space_jax.models.space3_recipe import Space3Recipe


def make_recipe(model: ModelConfig, recipe: RecipeConfig) -> Recipe:
    """Combines a model with its losses.

    Args:
      model: with the tokenizer's vocabulary filled in.
      recipe: configuration of SPACE-1, SPACE-2 or SPACE-3.
    """
    if isinstance(recipe, Space1Config):
        return Space1Recipe(model, recipe)
    if isinstance(recipe, Space2Config):
        return Space2Recipe(model, recipe)
    return Space3Recipe(model, recipe)
