"""One process of a distributed pre-training run; started by `test_two_processes.py`.

Arguments: the name of the recipe, the prepared corpus, the workdir.
"""

import sys

from space_jax.config import (
    DataConfig,
    MeshConfig,
    ModelConfig,
    OptimiserConfig,
    PretrainConfig,
    Space2Config,
    Space3Config,
    TrainConfig,
)
from space_jax.features.example import Limits
from space_jax.training.pretrain import pretrain

LIMITS = Limits(max_turns=4, max_turn_tokens=20, tree_elements=8)
STEPS = 3
RECIPES = {"space2": Space2Config(subspace=8), "space3": Space3Config()}


def real_config(recipe, prepared):
    """A tiny model; without dropout, whose bits would follow the rows that each process packs for itself."""
    return PretrainConfig(
        recipe=RECIPES[recipe],
        model=ModelConfig(layers=2, hidden=16, heads=4, mlp=32, positions=64, turns=6, dropout=0.0),
        data=DataConfig(
            prepared=(str(prepared),),
            batch_size=16,
            context_length=64,
            response_length=32,
            examples_per_row=2,
            masked_per_row=64,
            tree_elements=8,
            row_ladder=(1.0,),
            eval_examples=24,
        ),
        optimiser=OptimiserConfig(learning_rate=1e-3, warmup_share=0.0),
        mesh=MeshConfig(fsdp=2, tensor=2),
        train=TrainConfig(steps=STEPS, log_every=1, eval_every=STEPS, checkpoint_every=STEPS),
    )


if __name__ == "__main__":
    recipe, prepared, workdir = sys.argv[1:]
    result = pretrain(real_config(recipe, prepared), workdir)
    print(f"step {result.step} stopped {result.stopped}")
