"""PALM on dialogues: the context masked, the response on what is left of it, with copying; no labels.

  space-jax data build unidial --data-root DIR --tokenizer minilm --out runs/corpus
  space-jax pretrain --config configs/palm.py --workdir runs/palm --init RUN

Published: encoder and decoder of 12 + 12 x 768, the text that follows a text, 80% and 20% of 500 tokens; a first stage
with masked words alone. Here encoder and decoder are one backbone, and what follows is the response. Copying is the
paper's mixture; `--config.recipe.as_released=True` is that of the published code, `--config.recipe.copying=False` none.
Hardware: meant for 8 accelerators. Not yet run by us at this size; `configs/palm.py:tiny` runs anywhere.
"""

from space_jax.config import DataConfig, OptimiserConfig, PalmConfig, PretrainConfig, TrainConfig, model_config


def get_config(size: str = "base") -> PretrainConfig:
    return PretrainConfig(
        recipe=PalmConfig(),
        model=model_config(size, dropout=0.1),
        data=DataConfig(
            prepared=("runs/corpus",),
            batch_size=32 if size == "tiny" else 256,
            labelled_share=0.0,
            row_ladder=(0.375, 0.5, 1.0),
        ),
        optimiser=OptimiserConfig(learning_rate=1e-3 if size == "tiny" else 1e-4, weight_decay=0.01, clip_norm=1.0),
        train=TrainConfig(steps=100_000, eval_every=1000, checkpoint_every=1000, best_by="perplexity"),
    )
