"""VECO on dialogues: masked words of context and response, each alone and each beside the other; no labels.

  space-jax data build unidial --data-root DIR --tokenizer minilm --out runs/corpus
  space-jax pretrain --config configs/veco.py --workdir runs/veco --init RUN

Published: XLM-R with cross-attention in each of 24 x 1024 layers, on sentences that follow one another and on
translations. Here the pair is a context and its response; turns in two languages, as dialogues of two turns, are a pair
as well. `--config.recipe.plug=out` leaves the cross-attention out; fine-tuning always does.
Hardware: meant for 8 accelerators. Not yet run by us at this size; `configs/veco.py:tiny` runs anywhere.
"""

from space_jax.config import DataConfig, OptimiserConfig, PretrainConfig, TrainConfig, VecoConfig, model_config


def get_config(size: str = "base") -> PretrainConfig:
    return PretrainConfig(
        recipe=VecoConfig(),
        model=model_config(size, dropout=0.1),
        data=DataConfig(
            prepared=("runs/corpus",),
            batch_size=32 if size == "tiny" else 256,
            labelled_share=0.0,
            row_ladder=(0.375, 0.5, 1.0),
        ),
        optimiser=OptimiserConfig(learning_rate=1e-3 if size == "tiny" else 1e-4, weight_decay=0.01, clip_norm=1.0),
        train=TrainConfig(steps=100_000, eval_every=1000, checkpoint_every=1000),
    )
