"""Creates a recipe from its configuration."""

from space_jax.config import (
    ModelConfig,
    PalmConfig,
    RecipeConfig,
    Space1Config,
    Space2Config,
    StarConfig,
    StructBertConfig,
    VecoConfig,
    YuYanConfig,
)
from space_jax.models.palm_recipe import PalmRecipe
from space_jax.models.recipe import Recipe
from space_jax.models.space1_recipe import Space1Recipe
from space_jax.models.space2_recipe import Space2Recipe
from space_jax.models.space3_recipe import Space3Recipe
from space_jax.models.star_recipe import StarRecipe
from space_jax.models.structbert_recipe import StructBertRecipe
from space_jax.models.veco_recipe import VecoRecipe
from space_jax.models.yuyan_recipe import YuYanRecipe


def make_recipe(model: ModelConfig, recipe: RecipeConfig) -> Recipe:
    """Combines a model with its losses.

    Args:
      model: with the tokenizer's vocabulary filled in.
      recipe: its configuration, which decides which it is.
    """
    if isinstance(recipe, Space1Config):
        return Space1Recipe(model, recipe)
    if isinstance(recipe, Space2Config):
        return Space2Recipe(model, recipe)
    if isinstance(recipe, StructBertConfig):
        return StructBertRecipe(model, recipe)
    if isinstance(recipe, YuYanConfig):
        return YuYanRecipe(model, recipe)
    if isinstance(recipe, PalmConfig):
        return PalmRecipe(model, recipe)
    if isinstance(recipe, VecoConfig):
        return VecoRecipe(model, recipe)
    if isinstance(recipe, StarConfig):
        return StarRecipe(model, recipe)
    return Space3Recipe(model, recipe)
