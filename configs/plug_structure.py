"""PLUG, first of two stages: masked words and the order of turns, as StructBERT; `configs/plug.py` is the second.

  space-jax data build unidial --data-root DIR --tokenizer minilm --out runs/corpus
  space-jax pretrain --config configs/plug_structure.py --workdir runs/plug_structure

Published: 24 layers x 8192, Chinese, over a terabyte of text. The published code has the order of words turned off, so
no trigram is shuffled here; `--config.recipe.shuffled_share=0.05` is StructBERT's paper.
Hardware: meant for many accelerators. Not run by us at any such size; `configs/plug_structure.py:tiny` runs anywhere.
"""

from space_jax.config import DataConfig, OptimiserConfig, PretrainConfig, StructBertConfig, TrainConfig, model_config


def get_config(size: str = "base") -> PretrainConfig:
    return PretrainConfig(
        recipe=StructBertConfig(shuffled_share=0.0),
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
